//! What is said of spillway.toml beyond its form. Every sentence of it is here.

use crate::base::Codec;
use crate::base::finding::Words;
use crate::base::written::nearest;
use std::net::IpAddr;

pub(super) fn bad_listen(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no place to listen"), "unreadable")
        .hint("write transport, address and port: \"udp:192.0.2.1:5060\" or \"tcp:[2001:db8::1]:5060\"")
}

pub(super) fn no_listen() -> Words {
    Words::new("no place to listen", "empty").hint("write at least one, \"udp:192.0.2.1:5060\"")
}

pub(super) fn listen_twice(text: &str) -> Words {
    Words::new(format!("{text} is listened to twice"), "again here")
}

pub(super) fn bad_address(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no address and port"), "unreadable").hint("write \"127.0.0.1:8080\"")
}

pub(super) fn bad_hep(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no capture server"), "unreadable")
        .hint("write transport, which is udp, address and port: \"udp:192.0.2.9:9060\"")
}

pub(super) fn own_hep(text: &str) -> Words {
    Words::new(format!("{text} is where SIP is taken, not a capture server"), "would be sent to itself")
}

pub(super) fn bad_ports(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no range of ports"), "unreadable")
        .hint("write \"20000-29999\": from, to, both within 1024 and 65535, at least four ports")
}

pub(super) fn bad_peer(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no peer"), "unreadable")
        .hint("write transport, address and port, \"udp:192.0.2.7:5060\", or in `peer` a name, \"udp:sip.operateur.fr\"")
}

pub(super) fn no_peer(name: &str) -> Words {
    Words::new(format!("trunk `{name}` has no peer"), "needs one")
        .hint("write `peer = \"udp:192.0.2.7:5060\"`, or `peers = [{ to = \"…\" }, { to = \"…\" }]`")
}

pub(super) fn peer_and_peers(name: &str) -> Words {
    Words::new(format!("trunk `{name}` has `peer` and `peers`"), "one or the other")
        .hint("`peers = [{ to = \"…\", priority = 1 }, …]` names them all")
}

pub(super) fn peer_again(text: &str) -> Words {
    Words::new(format!("peer \"{text}\" is written twice"), "again here")
}

pub(super) fn too_many_peers(name: &str, most: usize) -> Words {
    Words::new(format!("trunk `{name}` has more than {most} peers"), "too many")
}

pub(super) fn invite_timeout() -> Words {
    Words::new("an `invite_timeout` lasts from 1 to 32 seconds", "out of bounds")
}

pub(super) fn bad_caller(text: &str) -> Words {
    Words::new(format!("`caller` can't be \"{text}\""), "unknown")
        .hint("write \"keep\", or `caller = { number = \"+33384961370\" }`")
}

pub(super) fn bad_caller_number(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no number to show"), "unreadable")
        .hint("write it whole, with the country: \"+33384961370\"")
}

pub(super) fn bad_domain(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no domain"), "unreadable")
        .hint("write a host name alone: \"sip.operateur.fr\"")
}

pub(super) fn no_certificate() -> Words {
    Words::new("TLS is listened for without a certificate", "needs one")
        .hint("write `[sip.tls]` with `certificate = \"fullchain.pem\"` and `key = \"key.pem\"`")
}

pub(super) fn unheard_tls() -> Words {
    Words::new("`[sip.tls]` is of no use where nothing listens over TLS", "for whom?")
        .hint("add an address to `listen`: \"tls:192.0.2.1:5061\", \"wss:192.0.2.1:8443\" for browser phones")
}

pub(super) fn unspoken_tls(name: &str) -> Words {
    Words::new(format!("trunk `{name}` is not reached over TLS"), "of no use")
        .hint("write its peer so: \"tls:192.0.2.7:5061\"")
}

pub(super) fn unheard_websocket() -> Words {
    Words::new("`[sip.websocket]` is of no use where nothing listens over WebSocket", "for whom?")
        .hint("add an address to `listen`: \"wss:192.0.2.1:8443\"")
}

pub(super) fn no_origin() -> Words {
    Words::new("`origins` names no page: no browser phone could connect", "empty")
        .hint("leave `origins` out for every page")
}

pub(super) fn bad_origin(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no origin"), "no browser writes it so").hint(
        "write scheme and host in small letters, and the port unless it is the usual one: \"https://phones.example.com\"",
    )
}

pub(super) fn origin_twice(text: &str) -> Words {
    Words::new(format!("origin \"{text}\" is written twice"), "again here")
}

pub(super) fn websocket_peer(text: &str) -> Words {
    Words::new(format!("no trunk is reached over WebSocket: \"{text}\""), "never called")
        .hint("browser phones connect by themselves; write a peer over udp, tcp or tls")
}

pub(super) fn half_certificate(absent: &str) -> Words {
    Words::new(format!("a certificate comes with its key: `{absent}` is missing"), "alone")
}

pub(super) fn unheard_name(name: &str, transport: &str) -> Words {
    Words::new(
        format!("trunk `{name}` is reached over {transport}, where nothing listens"),
        "could not answer",
    )
    .hint(format!("add an address to `listen`: \"{transport}:…\""))
}

pub(super) fn name_everywhere(name: &str) -> Words {
    let message = format!("trunk `{name}` is found by its name, and Spillway listens on every address");
    Words::new(message, "which one does it see?")
        .hint("write the address to listen on: \"udp:192.0.2.1:5060\"")
}

pub(super) fn own_peer(name: &str) -> Words {
    Words::new(format!("the peer of trunk `{name}` is Spillway itself"), "our own address")
}

pub(super) fn unheard_peer(name: &str, transport: &str, family: &str) -> Words {
    let message = format!("trunk `{name}` is reached over {transport} and {family}, where nothing listens");
    Words::new(message, "could not answer")
        .hint(format!("add an {family} address to `listen`: \"{transport}:…\""))
}

pub(super) fn never_over_udp(name: &str) -> Words {
    Words::new(format!("trunk `{name}` is not reached over UDP: `large_over_tcp` is of no use"), "for what?")
        .hint("leave it out")
}

pub(super) fn unheard_large(name: &str, family: &str) -> Words {
    let message =
        format!("trunk `{name}` is reached over tcp and {family} for large requests, where nothing listens");
    Words::new(message, "could not answer").hint(format!("add an {family} address to `listen`: \"tcp:…\""))
}

pub(super) fn families(name: &str) -> Words {
    Words::new(format!("trunk `{name}` has peers over IPv4 and over IPv6"), "the other kind")
        .hint("its audio is received over one of them: write two trunks")
}

pub(super) fn empty_address(name: &str) -> Words {
    Words::new(format!("`address` of trunk `{name}` says nothing"), "empty")
        .hint("write `address = { listen = \"192.0.2.1\", advertised = \"198.51.100.1\" }`")
}

pub(super) fn bad_own_address(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no address of one machine"), "unreadable")
        .hint("write it alone, without a port: \"192.0.2.1\" or \"2001:db8::1\"")
}

pub(super) fn unheard_address(address: IpAddr) -> Words {
    Words::new(format!("nothing listens on {address}"), "could not answer")
        .hint("add it to `listen` of [sip], by itself: an address that stands for all of them is not enough")
}

pub(super) fn unheard_there(name: &str, transport: &str, address: IpAddr) -> Words {
    let message =
        format!("trunk `{name}` is reached over {transport}, which {address} is not listened on for");
    Words::new(message, "could not answer").hint(format!("add it to `listen`: \"{transport}:{address}:…\""))
}

pub(super) fn other_family(name: &str, key: &str, family: &str) -> Words {
    Words::new(
        format!("trunk `{name}` is reached over {family}, and `{key}` is no {family} address"),
        "the other kind",
    )
}

pub(super) fn peer_twice(name: &str, other: &str) -> Words {
    Words::new(
        format!("trunks `{other}` and `{name}` have the same peer"),
        "nobody could tell who is calling",
    )
}

pub(super) fn streams_tie(transport: &str, name: &str, other: &str) -> Words {
    let message = format!("calls over {transport} from trunks `{other}` and `{name}` can't be told apart");
    Words::new(message, "the same address")
        .hint("a connection hides the source port: give one of them an `accept`")
}

pub(super) fn bad_prefix(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no address or prefix"), "unreadable")
        .hint("write \"192.0.2.7\" or \"192.0.2.0/24\", with no bit set after the prefix")
}

pub(super) fn bad_alert(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no Alert-Info"), "unreadable").hint(
        "write \"<http://127.0.0.1>;info=ring2\": a URI in angle brackets, then what the phone's maker says",
    )
}

pub(super) fn bad_transfer(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no number or prefix"), "unreadable")
        .hint("write \"0384961371\", or \"03*\" for every number that begins so")
}

pub(super) fn prefix_tie(text: &str, name: &str, other: &str) -> Words {
    let message = format!("trunks `{other}` and `{name}` both accept {text}");
    Words::new(message, "nobody could tell who is calling")
}

pub(super) fn unknown_codec(text: &str) -> Words {
    let words = Words::new(format!("unknown codec \"{text}\""), "not spoken here");
    match nearest(text, Codec::ALL.map(Codec::name)) {
        Some(near) => words.hint(format!("did you mean `{near}`?")),
        None => words.hint(format!("the codecs are {}", Codec::ALL.map(Codec::name).join(", "))),
    }
}

pub(super) fn codec_twice(text: &str) -> Words {
    Words::new(format!("codec \"{text}\" is written twice"), "again here")
}

pub(super) fn no_codec() -> Words {
    Words::new("a trunk needs a codec", "empty")
}

pub(super) fn nothing_left(total: u64, keep_out: u64) -> Words {
    Words::new(format!("{keep_out} of {total} channels kept free leave none for callers"), "too many")
}

pub(super) fn ping_too_often() -> Words {
    Words::new("a ping is sent at most once a second", "too often").hint("leave `ping` out for none")
}

pub(super) fn no_time(key: &str) -> Words {
    Words::new(format!("`{key}` is no time at all"), "nothing").hint("to ban nobody, write a large `after`")
}

pub(super) fn no_user(key: &str) -> Words {
    Words::new(format!("`{key}` is of no use without `user`"), "whose?")
}

pub(super) fn empty(key: &str) -> Words {
    Words::new(format!("`{key}` can't be empty"), "empty")
}

pub(super) fn no_password(name: &str) -> Words {
    Words::new(format!("trunk `{name}` has a `user` and no `password`"), "needs it").hint(WHERE)
}

pub(super) fn written_password(name: &str) -> Words {
    Words::new(format!("the password of trunk `{name}` is written in this file"), "here")
        .hint(format!("files are copied, kept and shown: choose another password, and {WHERE}"))
}

pub(super) fn one_password(name: &str) -> Words {
    Words::new(format!("the password of trunk `{name}` is kept in one place"), "env or file").hint(WHERE)
}

pub(super) fn bad_variable(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no environment variable"), "unreadable").hint(WHERE)
}

pub(super) fn expires_too_soon() -> Words {
    Words::new("a registration lasts a minute or more", "too short")
}

pub(super) fn expires_of_nothing() -> Words {
    Words::new("`expires` is of no use without `register = true`", "of what?")
}

pub(super) fn trunk_named_phones() -> Words {
    Words::new("no trunk can be called `phones`", "the name of the phones that register here")
}

pub(super) fn no_such_trunk<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Words {
    let words = Words::new(format!("there is no trunk `{name}`"), "unknown");
    match nearest(name, known) {
        Some(near) => words.hint(format!("did you mean `{near}`?")),
        None => words,
    }
}

pub(super) fn no_emergency() -> Words {
    Words::new("phones register here and `emergency` names no trunk", "who dials 112 reaches nobody")
        .hint("name the trunk that leads to the emergency services: `emergency = \"NAME\"`")
}

pub(super) fn expires_min_too_long() -> Words {
    Words::new("the shortest registration is an hour or less", "too long")
}

pub(super) fn expires_max_out_of_bounds() -> Words {
    Words::new("the longest registration lies between the shortest and a day", "does not")
}

pub(super) fn bad_phones_caller(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no number to call from"), "unreadable")
        .hint("write digits as the carrier expects them: \"+33384961370\"")
}

pub(super) fn bad_realm(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no realm"), "unreadable")
        .hint("write a word or a host name, without quotes and colons")
}

pub(super) fn no_users_header() -> Words {
    Words::new("a users' file begins with a line of column names", "")
        .hint("write extension;name;ha1_md5;ha1_sha256, then one phone a line")
}

pub(super) fn no_phone() -> Words {
    Words::new("there is no phone in this file", "")
}

pub(super) fn bad_phone_extension(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no extension"), "unreadable")
        .hint("write what is dialled: up to 32 digits, letters and . - _ + *")
}

pub(super) fn phone_twice(text: &str) -> Words {
    Words::new(format!("extension {text} stands in the file twice"), "again here")
}

pub(super) fn bad_digest(digits: usize) -> Words {
    Words::new(format!("a password digest has {digits} hexadecimal digits here"), "on this line").hint(HASH)
}

pub(super) fn no_digest(text: &str) -> Words {
    Words::new(format!("phone {text} has no password digest"), "could never register").hint(HASH)
}

const HASH: &str = "`spillway phones hash EXTENSION --realm REALM` prints the line";

const WHERE: &str = "write `password = { env = \"NAME\" }` or `password = { file = \"path\" }`";
