//! The settings shipped load, and each way to get them wrong is told with its line.

use super::*;
use crate::base::finding::{Source, Style, render};

const SHIPPED: &str = include_str!("../../config/spillway.toml");

fn loaded(text: &str) -> Settings {
    match load(&Source::new("config/spillway.toml", text)) {
        Ok((settings, warnings)) => {
            assert_eq!(warnings, []);
            settings
        }
        Err(findings) => panic!("{}", render(&findings, Style::Plain)),
    }
}

/// Line and message of everything wrong.
fn refused(text: &str) -> Vec<(u32, String)> {
    let findings = load(&Source::new("spillway.toml", text)).expect_err("refused");
    findings.into_iter().map(|finding| (finding.position().0, finding.words.message)).collect()
}

#[test]
fn the_shipped_settings_load() {
    let settings = loaded(SHIPPED);
    assert_eq!(settings.dialplans.value, PathBuf::from("config/../dialplans"));
    assert_eq!(settings.control.value, PathBuf::from("config/../data/control.sock"));
    assert_eq!(settings.sip.listen[1].value.to_string(), "tcp:127.0.0.1:5060");
    assert_eq!(settings.sip.listen[1].at(), "config/spillway.toml:7:33");
    assert_eq!(settings.media.ports.value, 20_000..=29_999);
    let operateur = settings.trunk("operateur").expect("written");
    assert_eq!(operateur.channels, Some(Channels { total: 30, keep_out: 8 }));
    assert_eq!(operateur.ping, Some(Duration::from_secs(30)));
    assert!(settings.trunk("ipoffice").expect("written").agents);
}

#[test]
fn reliable_provisional_responses_are_allowed_unless_a_trunk_says_no() {
    let without = loaded(&SHIPPED.replace("agents = true", "prack = false\nagents = true"));
    let prack = |name: &str| without.trunk(name).expect("written").prack;
    assert_eq!((prack("operateur"), prack("ipoffice")), (true, false));
}

#[test]
fn strangers_are_banned_as_written_or_as_usual() {
    let usual = Ban { after: 20, within: Duration::from_secs(60), lasts: Duration::from_secs(600) };
    assert_eq!(loaded(SHIPPED).sip.ban, usual);
    let with = |ban: &str| SHIPPED.replace("[media]", &format!("ban = {ban}\n\n[media]"));
    let strict = Ban { after: 3, within: Duration::from_secs(10), lasts: Duration::from_secs(3_600) };
    assert_eq!(loaded(&with(r#"{ after = 3, within = "10s", for = "1h" }"#)).sip.ban, strict);
    assert_eq!(loaded(&with("{ after = 3 }")).sip.ban, Ban { after: 3, ..usual });
    let said = |ban: &str| refused(&with(ban)).into_iter().map(|(_, message)| message).collect::<Vec<_>>();
    assert_eq!(
        said(r#"{ within = "0s", for = "0s" }"#),
        ["`within` is no time at all", "`for` is no time at all"]
    );
    assert_eq!(said("{ after = 0 }").len(), 1);
    assert_eq!(said("{ aftr = 1 }").len(), 1);
}

#[test]
fn which_callers_are_given_back_to_a_trunk_is_read_and_checked() {
    let of = |text: &str| {
        let written = SHIPPED.replace("[trunk.ipoffice]", &format!("[trunk.ipoffice]\n{text}"));
        loaded(&written).trunk("ipoffice").expect("written").deflect
    };
    assert_eq!(of(""), Deflect::Off);
    for (text, deflect) in [
        ("off", Deflect::Off),
        ("302", Deflect::Redirect),
        ("refer", Deflect::Refer),
        ("both", Deflect::Both),
    ] {
        assert_eq!(of(&format!("deflect = \"{text}\"")), deflect);
    }
    for (bad, words) in [
        ("deflect = \"REFER\"", "`deflect` can't be \"REFER\""),
        ("deflect = \"301\"", "`deflect` can't be \"301\""),
        ("deflect = true", "`deflect` is \"off\" or \"302\" or \"refer\" or \"both\""),
        ("deflect = 302", "`deflect` is \"off\" or \"302\" or \"refer\" or \"both\""),
    ] {
        let found = refused(&SHIPPED.replace("[trunk.ipoffice]", &format!("[trunk.ipoffice]\n{bad}")));
        assert_eq!(found[0].1, words, "{bad}");
    }
}

#[test]
fn what_agents_may_transfer_to_and_how_their_phones_ring_is_read_and_checked() {
    let written = |keys: &str| SHIPPED.replace("agents = true", &format!("{keys}\nagents = true"));
    let settings =
        loaded(&written("transfer_to = [\"0384961371\", \"+3306*\"]\nalert = \"<http://a>;info=x\""));
    let trunk = settings.trunk("ipoffice").expect("written");
    assert_eq!(trunk.transfer_to, ["0384961371".into(), "+3306*".into()]);
    assert_eq!((trunk.alert.as_deref(), trunk.auto_answer), (Some("<http://a>;info=x"), false));
    for bad in ["*", "", "03*4", "sip:201@x", "+"] {
        let found = refused(&written(&format!("transfer_to = [\"{bad}\"]")));
        assert_eq!(found[0].1, format!("\"{bad}\" is no number or prefix"));
    }
    for bad in ["ring2", "<>", "<a>", "<http://a> x", "<http://a b>", "<http://a>;é"] {
        let found = refused(&written(&format!("alert = \"{bad}\"")));
        assert_eq!(found[0].1, format!("\"{bad}\" is no Alert-Info"));
    }
}

#[test]
fn prefixes_count_bits() {
    let inside = |prefix: &str, address: &str| {
        Prefix::parse(prefix).expect("a prefix").contains(address.parse().expect("an address"))
    };
    assert!(inside("192.0.2.0/24", "192.0.2.255") && !inside("192.0.2.0/24", "192.0.3.0"));
    assert!(inside("0.0.0.0/0", "203.0.113.9") && !inside("0.0.0.0/0", "2001:db8::1"));
    assert!(inside("2001:db8::/32", "2001:db8:ffff::1") && !inside("2001:db8::/32", "2001:db9::"));
    assert!(inside("::/0", "2001:db9::") && inside("::1", "::1"));
    for bad in ["192.0.2.7/24", "192.0.2.0/33", "2001:db8::1/32", "host", "1.2.3.4/", ""] {
        assert_eq!(Prefix::parse(bad), None, "{bad}");
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let text = SHIPPED
        .replace("tcp:127.0.0.1:5060", "sctp:127.0.0.1:5060")
        .replace("20000-29999", "29999-20000")
        .replace("127.0.0.1:8080", "localhost")
        .replace("keep_out = 8", "keep_out = 30")
        .replace("[\"pcma\"]", "[\"pmca\", \"g729\"]")
        .replace("identity  = \"off\"", "identity  = \"sign\"")
        .replace("udp:127.0.0.1:5080", "udp:127.0.0.1:5070");
    let expected = [
        (7, "\"sctp:127.0.0.1:5060\" is no place to listen"),
        (11, "\"29999-20000\" is no range of ports"),
        (14, "\"localhost\" is no address and port"),
        (21, "`identity` can't be \"sign\""),
        (22, "30 of 30 channels kept free leave none for callers"),
        (31, "trunks `operateur` and `ipoffice` have the same peer"),
        (32, "unknown codec \"pmca\""),
        (32, "unknown codec \"g729\""),
    ];
    let expected: Vec<(u32, String)> = expected.map(|(line, message)| (line, message.to_owned())).into();
    assert_eq!(refused(&text), expected);
}

#[test]
fn a_trunk_has_an_account_whose_password_is_kept_elsewhere() {
    let account = |text: &str| {
        let settings = loaded(&format!("{SHIPPED}user = \"habitat70\"\n{text}\n"));
        settings.trunk("ipoffice").expect("written").account.clone().expect("an account")
    };
    let plain = account("password = { env = \"IPBX\" }");
    assert_eq!((&*plain.user, plain.realm, plain.register), ("habitat70", None, None));
    assert_eq!(plain.password.value, PasswordSource::Env("IPBX".into()));
    let full = account("password = { file = \"secret\" }\nrealm = \"example.com\"\nregister = true");
    assert_eq!(full.password.value, PasswordSource::File("config/secret".into()));
    assert_eq!((full.realm.as_deref(), full.register), (Some("example.com"), Some(Duration::from_secs(600))));
    let hour = account("password = { env = \"IPBX\" }\nregister = true\nexpires = \"1h\"");
    assert_eq!(hour.register, Some(Duration::from_secs(3_600)));
}

#[test]
fn an_account_that_can_not_be_used_is_refused_and_a_written_password_is_not_shown() {
    let said = |text: &str| -> Vec<String> {
        refused(&format!("{SHIPPED}{text}\n")).into_iter().map(|(_, message)| message).collect()
    };
    assert_eq!(said("password = { env = \"A\" }"), ["`password` is of no use without `user`"]);
    assert_eq!(said("register = true"), ["`register` is of no use without `user`"]);
    assert_eq!(said("user = \"u\""), ["trunk `ipoffice` has a `user` and no `password`"]);
    let one = ["the password of trunk `ipoffice` is kept in one place"];
    assert_eq!(said("user = \"u\"\npassword = {}"), one);
    assert_eq!(said("user = \"u\"\npassword = { env = \"A\", file = \"b\" }"), one);
    let short = "user = \"u\"\npassword = { env = \"A\" }\nexpires = \"5s\"";
    assert_eq!(
        said(short),
        ["a registration lasts a minute or more", "`expires` is of no use without `register = true`"]
    );
    let written = format!("{SHIPPED}user = \"u\"\npassword = \"s3cret\"\n");
    let findings = load(&Source::new("spillway.toml", &written)).expect_err("refused");
    let shown = render(&findings, Style::Plain);
    assert!(shown.contains("the password of trunk `ipoffice` is written in this file"), "{shown}");
    assert!(shown.contains("password = { env = \"NAME\" }") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn trunks_nobody_could_tell_apart_are_refused() {
    let text = SHIPPED.replace("agents = true", "accept = [\"127.0.0.1\"]\nagents = true");
    assert_eq!(refused(&text)[0].1, "trunks `operateur` and `ipoffice` both accept 127.0.0.1/32");
    let streams = SHIPPED
        .replace("\"udp:127.0.0.1:507", "\"tcp:127.0.0.1:507")
        .replace("udp:127.0.0.1:508", "tcp:127.0.0.1:508");
    loaded(&streams);
    let tied = streams.replace("[\"127.0.0.1/32\"]", "[]");
    assert_eq!(
        refused(&tied)[0].1,
        "calls over TCP from trunks `operateur` and `ipoffice` can't be told apart"
    );
}

#[test]
fn a_file_of_nothing_says_what_is_missing() {
    let messages: Vec<String> = refused("").into_iter().map(|(_, message)| message).collect();
    let missing = ["version", "dialplans", "data", "sip", "media"].map(|key| format!("`{key}` is missing"));
    assert_eq!(messages, missing);
}

#[test]
fn every_address_may_be_listened_on_once() {
    let every = |listen: &str| SHIPPED.replace("\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\"", listen);
    let settings = loaded(&every("\"udp:0.0.0.0:5060\", \"tcp:0.0.0.0:5060\", \"udp:[::]:5060\""));
    assert_eq!(settings.sip.listen[0].value.to_string(), "udp:0.0.0.0:5060");
    let twice = |text: &str| vec![(7, format!("{text} is listened to twice"))];
    assert_eq!(refused(&every("\"udp:0.0.0.0:5060\", \"udp:127.0.0.1:5060\"")), twice("udp:127.0.0.1:5060"));
    assert_eq!(refused(&every("\"udp:127.0.0.1:5060\", \"udp:0.0.0.0:5060\"")), twice("udp:0.0.0.0:5060"));
}

#[test]
fn metrics_and_sip_streams_are_not_listened_for_at_one_place() {
    let taken = |http: &str| refused(&SHIPPED.replace("127.0.0.1:8080", http));
    let said = |http: &str| vec![(14, format!("{http} is listened to twice"))];
    assert_eq!(taken("127.0.0.1:5060"), said("127.0.0.1:5060"));
    assert_eq!(taken("0.0.0.0:5060"), said("0.0.0.0:5060"));
    loaded(&SHIPPED.replace("127.0.0.1:8080", "127.0.0.2:5060"));
    let datagrams_alone = SHIPPED.replace(", \"tcp:127.0.0.1:5060\"", "");
    loaded(&datagrams_alone.replace("127.0.0.1:8080", "127.0.0.1:5060"));
}

#[test]
fn a_trunk_that_could_not_answer_is_refused() {
    let over_tcp = SHIPPED.replace("udp:127.0.0.1:5080", "tcp:127.0.0.1:5080");
    loaded(&over_tcp);
    let messages = |text: &str| refused(text).into_iter().map(|(_, message)| message).collect::<Vec<_>>();
    assert_eq!(
        messages(&over_tcp.replace(", \"tcp:127.0.0.1:5060\"", "")),
        ["trunk `ipoffice` is reached over tcp and IPv4, where nothing listens"]
    );
    let both = SHIPPED
        .replace("tcp:127.0.0.1:5060", "udp:[::1]:5060")
        .replace("udp:127.0.0.1:5080", "udp:[::1]:5080");
    loaded(&both);
}

#[test]
fn a_trunk_has_one_peer_or_several() {
    let several =
        |list: &str| SHIPPED.replace("peer   = \"udp:127.0.0.1:5080\"", &format!("peers = [{list}]"));
    let settings = loaded(&several(
        "{ to = \"udp:127.0.0.2:5080\", priority = 2 }, { to = \"udp:127.0.0.3:5080\", weight = 10 }",
    ));
    let trunk = settings.trunk("ipoffice").expect("written");
    let peers: Vec<_> = trunk
        .peers
        .iter()
        .map(|peer| (peer.value.address.to_string(), peer.value.priority, peer.value.weight))
        .collect();
    assert_eq!(peers, [("127.0.0.3:5080".to_owned(), 1, 10), ("127.0.0.2:5080".to_owned(), 2, 1)]);
    assert_eq!(trunk.peer.value.1.to_string(), "127.0.0.3:5080", "the preferred one");
    assert_eq!(settings.trunk("operateur").expect("written").peers.len(), 1);
    let said =
        |text: &str| -> Vec<String> { refused(text).into_iter().map(|(_, message)| message).collect() };
    let both = SHIPPED.replace("agents = true", "peers = [{ to = \"udp:127.0.0.3:5080\" }]\nagents = true");
    assert_eq!(said(&both), ["trunk `ipoffice` has `peer` and `peers`"]);
    assert_eq!(said(&several("")), ["trunk `ipoffice` has no peer"]);
    assert_eq!(said(&several("{ to = \"sip.example\" }")), ["\"sip.example\" is no peer"]);
    let twice = "{ to = \"udp:127.0.0.3:5080\" }, { to = \"udp:127.0.0.3:5080\" }";
    assert_eq!(said(&several(twice)), ["peer \"udp:127.0.0.3:5080\" is written twice"]);
    let taken = "{ to = \"udp:127.0.0.3:5080\" }, { to = \"udp:127.0.0.1:5070\" }";
    assert_eq!(said(&several(taken)), ["trunks `operateur` and `ipoffice` have the same peer"]);
    assert_eq!(said(&several("{ to = \"udp:127.0.0.3:5080\", weight = 70000 }")).len(), 1);
    let none = SHIPPED.replace("peer   = \"udp:127.0.0.1:5080\"", "");
    assert_eq!(said(&none), ["trunk `ipoffice` has no peer"]);
}

#[test]
fn a_trunk_says_how_long_a_peer_may_be_silent_and_how_many_calls_a_second_it_carries() {
    let with = |text: &str| SHIPPED.replace("agents = true", &format!("{text}\nagents = true"));
    let settings = loaded(&with("invite_timeout = \"4s\"\ncps = 10"));
    let trunk = settings.trunk("ipoffice").expect("written");
    assert_eq!((trunk.invite_timeout, trunk.calls_per_second), (Some(Duration::from_secs(4)), Some(10)));
    for wrong in ["invite_timeout = \"500ms\"", "invite_timeout = \"33s\"", "cps = 0"] {
        assert_eq!(refused(&with(wrong)).len(), 1, "{wrong}");
    }
    assert_eq!(
        refused(&with("invite_timeout = \"33s\""))[0].1,
        "an `invite_timeout` lasts from 1 to 32 seconds"
    );
}

#[test]
fn a_trunk_says_who_calls_as_its_owner_wants() {
    let with = |text: &str| SHIPPED.replace("agents = true", &format!("{text}\nagents = true"));
    let identity = |text: &str| loaded(&with(text)).trunk("ipoffice").expect("written").identity.clone();
    let plain = identity("");
    assert_eq!((plain.caller_in, plain.caller_out), (CallerHeader::From, CallerHeader::From));
    assert_eq!((plain.number, plain.trusted, plain.relay), (None, false, false));
    let both = identity("caller_in = \"p-asserted-identity\"");
    assert_eq!(both.caller_out, CallerHeader::PAssertedIdentity, "the same both ways");
    let full = identity(
        "caller = { number = \"+33 3 84 96 13 70\" }\ncaller_in = \"from\"\ncaller_out = \"remote-party-id\"\n\
         trusted = true\ndiversion = \"both\"\nidentity = \"relay\"",
    );
    assert_eq!(
        (full.caller_out, full.number.as_deref()),
        (CallerHeader::RemotePartyId, Some("+33384961370"))
    );
    assert_eq!((full.trusted, full.diversion, full.relay), (true, DiversionHeader::Both, true));
    let said = |text: &str| refused(&with(text))[0].1.clone();
    assert_eq!(said("caller = \"hide\""), "`caller` can't be \"hide\"");
    assert_eq!(said("caller = { number = \"0384961370\" }"), "\"0384961370\" is no number to show");
    assert_eq!(said("caller_out = \"pai\""), "`caller_out` can't be \"pai\"");
    assert_eq!(said("domain = \"sip.op érateur\""), "\"sip.op érateur\" is no domain");
    let named = loaded(&with("domain = \"sip.operateur.fr\""));
    assert_eq!(named.trunk("ipoffice").expect("written").domain.as_deref(), Some("sip.operateur.fr"));
    assert_eq!(loaded(SHIPPED).trunk("ipoffice").expect("written").callers, None, "as they came");
    let national = loaded(&with("numbers = \"national\""));
    assert_eq!(national.trunk("ipoffice").expect("written").callers, Some(NumberFormat::National));
}

#[test]
fn peers_may_be_found_by_name() {
    let named = |name: &str| SHIPPED.replace("udp:127.0.0.1:5080", name);
    let found =
        |name: &str| loaded(&with_tls(&named(name))).trunk("ipoffice").expect("written").found_by.clone();
    let of = |transport, port| PeerName { transport, host: "sip.operateur.fr".into(), port };
    for (name, expected) in [
        ("udp:sip.operateur.fr", of(Some(Transport::Udp), None)),
        ("tcp:sip.operateur.fr:5070", of(Some(Transport::Tcp), Some(5_070))),
        ("sip:sip.operateur.fr.", of(None, None)),
        ("tls:sip.operateur.fr", of(Some(Transport::Tls), None)),
    ] {
        assert_eq!(found(name).expect("a name").value, expected, "{name}");
    }
    assert!(found("udp:127.0.0.1:5080").is_none());
    let said =
        |text: &str| -> Vec<String> { refused(text).into_iter().map(|(_, message)| message).collect() };
    for wrong in
        ["udp:sip_x.fr", "udp:1.2.3", "udp:sip.fr:0", "udp:sip.fr:x", "icmp:sip.fr", "udp:", "sip.fr"]
    {
        assert_eq!(said(&named(wrong)), [format!("\"{wrong}\" is no peer")]);
    }
    let every = named("udp:sip.operateur.fr").replace("udp:127.0.0.1:5060", "udp:0.0.0.0:5060");
    assert_eq!(
        said(&every),
        ["trunk `ipoffice` is found by its name, and Spillway listens on every address"]
    );
    let twice = named("udp:sip.operateur.fr").replace("udp:127.0.0.1:5070", "udp:sip.operateur.fr");
    assert_eq!(said(&twice), ["trunks `operateur` and `ipoffice` have the same peer"]);
    let unheard = named("tcp:sip.operateur.fr").replace(", \"tcp:127.0.0.1:5060\"", "");
    assert_eq!(said(&unheard), ["trunk `ipoffice` is reached over tcp, where nothing listens"]);
}

#[test]
fn copies_go_to_a_capture_server_over_udp_and_never_back_to_us() {
    assert!(loaded(SHIPPED).sip.hep.is_none());
    let with = |hep: &str| SHIPPED.replace("[media]", &format!("[sip.hep]\n{hep}\n[media]"));
    let hep = loaded(&with("to = \"udp:127.0.0.1:9060\"")).sip.hep.expect("written").value;
    assert_eq!(hep, Hep { to: ([127, 0, 0, 1], 9_060).into(), id: 1 });
    let named = loaded(&with("to = \"udp:127.0.0.1:9060\"\nid = 2001")).sip.hep.expect("written").value;
    assert_eq!(named.id, 2_001);
    for to in ["tcp:127.0.0.1:9060", "udp:homer:9060", "udp:127.0.0.1:0"] {
        let told: Vec<String> =
            refused(&with(&format!("to = \"{to}\""))).into_iter().map(|(_, told)| told).collect();
        assert_eq!(told, [format!("\"{to}\" is no capture server")]);
    }
    let own: Vec<String> =
        refused(&with("to = \"udp:127.0.0.1:5060\"")).into_iter().map(|(_, told)| told).collect();
    assert_eq!(own, ["udp:127.0.0.1:5060 is where SIP is taken, not a capture server"]);
}

#[test]
fn messages_are_kept_for_trace_unless_the_settings_say_no() {
    assert!(loaded(SHIPPED).sip.trace);
    let with = |trace: &str| SHIPPED.replace("drain ", &format!("trace = {trace}\ndrain "));
    assert!(!loaded(&with("false")).sip.trace && loaded(&with("true")).sip.trace);
    assert_eq!(refused(&with("\"no\"")).len(), 1);
}

/// The settings with TLS listened for.
fn with_tls(text: &str) -> String {
    let listened = text.replace("\"tcp:127.0.0.1:5060\"", "\"tcp:127.0.0.1:5060\", \"tls:127.0.0.1:5061\"");
    listened.replace("[media]", "[sip.tls]\ncertificate = \"full.pem\"\nkey = \"/etc/key.pem\"\n\n[media]")
}

#[test]
fn tls_is_spoken_with_a_certificate_and_trunks_are_believed_by_theirs() {
    let settings = loaded(&with_tls(SHIPPED));
    let own = settings.sip.tls.expect("written").own;
    assert_eq!((own.certificate.value, own.key.value), ("config/full.pem".into(), "/etc/key.pem".into()));
    let trunk = |more: &str| {
        let text = with_tls(&SHIPPED.replace("udp:127.0.0.1:5080", "tls:127.0.0.1:5081"));
        loaded(&format!("{text}{more}\n")).trunk("ipoffice").expect("written").tls.clone().expect("spoken")
    };
    assert_eq!(trunk(""), TrunkTls::default());
    assert_eq!(trunk("domain = \"sip.example\"").name.as_deref(), Some("sip.example"));
    let whole = "[trunk.ipoffice.tls]\nca = \"ca.pem\"\nname = \"pbx.example\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"";
    let TrunkTls { ca, name, own } = trunk(whole);
    assert_eq!(ca.map(|ca| ca.value), Some("config/ca.pem".into()));
    assert_eq!(name.as_deref(), Some("pbx.example"));
    assert_eq!(own.map(|own| own.key.value), Some("config/k.pem".into()));
    assert_eq!(loaded(SHIPPED).trunk("ipoffice").expect("written").tls, None);
}

#[test]
fn tls_that_can_not_be_spoken_is_refused() {
    let said =
        |text: &str| -> Vec<String> { refused(text).into_iter().map(|(_, message)| message).collect() };
    let bare = SHIPPED.replace("tcp:127.0.0.1:5060", "tls:127.0.0.1:5061");
    assert_eq!(refused(&bare), [(7, "TLS is listened for without a certificate".to_owned())]);
    let unheard = SHIPPED.replace("[media]", "[sip.tls]\ncertificate = \"a\"\nkey = \"b\"\n\n[media]");
    assert_eq!(said(&unheard), ["`[sip.tls]` is of no use where nothing listens over TLS"]);
    let same = with_tls(SHIPPED).replace("tls:127.0.0.1:5061", "tls:127.0.0.1:5060");
    assert_eq!(said(&same), ["tls:127.0.0.1:5060 is listened to twice"]);
    let trunk = |peer: &str, more: &str| {
        let text = with_tls(&SHIPPED.replace("udp:127.0.0.1:5080", peer));
        said(&format!("{text}[trunk.ipoffice.tls]\n{more}\n"))
    };
    assert_eq!(trunk("udp:127.0.0.1:5080", "ca = \"ca.pem\""), ["trunk `ipoffice` is not reached over TLS"]);
    let half = |key: &str| [format!("a certificate comes with its key: `{key}` is missing")];
    assert_eq!(trunk("tls:127.0.0.1:5081", "certificate = \"c.pem\""), half("key"));
    assert_eq!(trunk("tls:127.0.0.1:5081", "key = \"k.pem\""), half("certificate"));
    assert_eq!(trunk("tls:127.0.0.1:5081", "name = \"a b\""), ["\"a b\" is no domain"]);
}

#[test]
fn browser_phones_connect_over_websocket_from_the_pages_written_or_from_all() {
    let with = |listen: &str, more: &str| {
        let listened =
            SHIPPED.replace("\"tcp:127.0.0.1:5060\"", &format!("\"tcp:127.0.0.1:5060\", {listen}"));
        listened.replace("[media]", &format!("{more}\n[media]"))
    };
    let said = |text: &str| refused(text).into_iter().map(|(_, message)| message).collect::<Vec<_>>();
    let plain = "\"ws:127.0.0.1:8088\"";
    let sip = loaded(&with(plain, "")).sip;
    assert_eq!((sip.listen[2].value.to_string(), sip.origins), ("ws:127.0.0.1:8088".into(), vec![]));
    let own = ["https://phones.example.com", "http://[::1]:8443", "http://localhost:443"];
    let written = |origins: &[&str]| with(plain, &format!("[sip.websocket]\norigins = {origins:?}\n"));
    assert_eq!(loaded(&written(&own)).sip.origins, own.map(Name::from));
    for wrong in [
        "phones.example.com",
        "https://phones.example.com/",
        "https://Phones.example.com",
        "https://phones.example.com:443",
        "http://phones.example.com:80",
        "https://phones.example.com:0443",
        "https://phones.example.com:",
        "https://[phones]",
        "https://",
        "://phones.example.com",
        "null",
        "*",
    ] {
        assert_eq!(said(&written(&[wrong])), [format!("\"{wrong}\" is no origin")]);
    }
    assert_eq!(said(&written(&[own[0], own[0]])), [format!("origin \"{}\" is written twice", own[0])]);
    assert_eq!(said(&written(&[])), ["`origins` names no page: no browser phone could connect"]);
    let unheard = SHIPPED.replace("[media]", "[sip.websocket]\norigins = [\"https://a\"]\n\n[media]");
    let message = "`[sip.websocket]` is of no use where nothing listens over WebSocket";
    assert_eq!(said(&unheard), [message]);
    let bare = with("\"wss:127.0.0.1:8443\"", "");
    assert_eq!(said(&bare), ["TLS is listened for without a certificate"]);
    let tls = "[sip.tls]\ncertificate = \"full.pem\"\nkey = \"key.pem\"\n";
    assert!(loaded(&with("\"wss:127.0.0.1:8443\"", tls)).sip.tls.is_some());
    assert_eq!(said(&with(plain, tls)), ["`[sip.tls]` is of no use where nothing listens over TLS"]);
    assert_eq!(said(&with("\"ws:127.0.0.1:5060\"", "")), ["ws:127.0.0.1:5060 is listened to twice"]);
    for peer in ["ws:127.0.0.1:8088", "wss:pbx.example.com", "ws:"] {
        let text = with(plain, "").replace("udp:127.0.0.1:5080", peer);
        assert_eq!(said(&text), [format!("no trunk is reached over WebSocket: \"{peer}\"")]);
    }
}
