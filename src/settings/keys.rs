//! The key table of spillway.toml: what may be written, since when, and what each key is for.

use crate::base::written::{Choice, Key, Kind, Table};

const fn listed(keys: &'static [Key]) -> Table {
    Table::closed(keys)
}

/// The whole file.
pub static ROOT: Table = listed(&[
    Key::required("version", Kind::Whole(1, 1), "the version of this language"),
    Key::required("dialplans", Kind::Text, "the folder of sites: every *.toml in it is one"),
    Key::required("data", Kind::Text, "the folder of records and journal"),
    Key::required("sip", Kind::Table(&SIP), "where SIP is taken"),
    Key::required("media", Kind::Table(&MEDIA), "where audio goes"),
    Key::optional("http", Kind::Table(&HTTP), "metrics and health"),
    Key::optional("control", Kind::Table(&CONTROL), "the socket of `spillway status`"),
    Key::optional("trunk", Kind::Named(&TRUNK), "the networks calls come from and go to"),
    Key::optional(
        "phones",
        Kind::Table(&PHONES),
        "agents' phones that register here, instead of behind the IPBX",
    ),
]);

static SIP: Table = listed(&[
    Key::required("listen", Kind::Texts, "transport and address of each socket, \"udp:192.0.2.1:5060\""),
    Key::optional("tls", Kind::Table(&SERVER_TLS), "what TLS is spoken with"),
    Key::optional("websocket", Kind::Table(&WEBSOCKET), "which browser phones may connect"),
    Key::optional("drain", Kind::Duration, "how long running calls may go on when the service stops"),
    Key::optional("hep", Kind::Table(&HEP), "where copies of SIP messages go (HEPv3: Homer, sngrep)"),
    Key::optional(
        "trace",
        Kind::Flag,
        "whether the last calls' SIP messages stay in memory for `spillway trace`; true when absent",
    ),
    Key::optional("ban", Kind::Table(&BAN), "when a stranger who is refused is not listened to any more"),
]);

static WEBSOCKET: Table = listed(&[Key::optional(
    "origins",
    Kind::Texts,
    "the web pages whose phones may connect, \"https://phones.example.com\"; every page when absent",
)]);

static HEP: Table = listed(&[
    Key::required("to", Kind::Text, "the capture server, \"udp:192.0.2.9:9060\""),
    Key::optional("id", Kind::Whole(0, 4_294_967_295), "the capture agent's number; 1 when absent"),
]);

static BAN: Table = listed(&[
    Key::optional("after", Kind::Whole(1, 1_000_000), "refusals still forgiven; 20 when absent"),
    Key::optional("within", Kind::Duration, "the time in which they are counted; a minute when absent"),
    Key::optional("for", Kind::Duration, "how long a ban lasts; ten minutes when absent"),
]);

static SERVER_TLS: Table = listed(&[
    Key::required("certificate", Kind::Text, "the file of our certificate, then those that sign it"),
    Key::required("key", Kind::Text, "the file of its private key"),
    Key::optional(
        "client_ca",
        Kind::Text,
        "the file of who signs the certificates that whoever connects must show; nobody must when absent",
    ),
]);

static MEDIA: Table =
    listed(&[Key::required("ports", Kind::Text, "the range of RTP and RTCP ports, \"20000-29999\"")]);

static HTTP: Table = listed(&[Key::required("listen", Kind::Text, "address and port, \"127.0.0.1:8080\"")]);

static CONTROL: Table = listed(&[Key::optional("socket", Kind::Text, "its path; in `data` when absent")]);

static TRUNK: Table = listed(&[
    Key::optional(
        "peer",
        Kind::Text,
        "where its requests go, \"udp:192.0.2.7:5060\"; or the name to find that by",
    ),
    Key::optional(
        "peers",
        Kind::Tables(&PEERS),
        "the same where it has several: each with its priority and weight",
    ),
    Key::optional(
        "invite_timeout",
        Kind::Duration,
        "how long a peer may say nothing at all to a call out; 32 s when absent",
    ),
    Key::optional("cps", Kind::Whole(1, 10_000), "calls a second, in each direction"),
    Key::optional("accept", Kind::Texts, "who else may call in on it: addresses and prefixes"),
    Key::optional(
        "caller",
        Kind::TextOr(&CALLER),
        "\"keep\": the called party sees the caller's number; { number = \"+33…\" }: this one instead",
    ),
    Key::optional("caller_in", Kind::Choice(&CALLER_HEADER), "the header that carries the caller's number"),
    Key::optional(
        "caller_out",
        Kind::Choice(&CALLER_HEADER),
        "the header that carries it on calls out; as `caller_in` when absent",
    ),
    Key::optional("trusted", Kind::Flag, "whether it is told the numbers of callers who withhold theirs"),
    Key::optional("diversion", Kind::Choice(&DIVERSION), "how it is told who sent a call on"),
    Key::optional("identity", Kind::Choice(&IDENTITY), "whether signed identities (MAN) are passed on"),
    Key::optional("channels", Kind::Table(&CHANNELS), "how many calls it carries at once"),
    Key::optional("numbers", Kind::Choice(&NUMBERS), "how numbers are written towards it"),
    Key::optional("ping", Kind::Duration, "how often it is asked whether it lives"),
    Key::optional("codecs", Kind::Texts, "what it speaks, in order of preference"),
    Key::optional(
        "prack",
        Kind::Flag,
        "whether provisional responses may be reliable on it (100rel); true when absent",
    ),
    Key::optional("agents", Kind::Flag, "whether agents' phones are behind it"),
    Key::optional("alert", Kind::Text, "the Alert-Info its agents' phones ring by, as their maker writes it"),
    Key::optional("auto_answer", Kind::Flag, "whether its agents' phones are asked to answer by themselves"),
    Key::optional(
        "transfer_to",
        Kind::Texts,
        "what its agents may send callers to besides the plan's own: numbers, and prefixes as \"03*\"",
    ),
    Key::optional(
        "address",
        Kind::Table(&OWN_ADDRESS),
        "our own address where this trunk is concerned, where networks differ",
    ),
    Key::optional(
        "large_over_tcp",
        Kind::Flag,
        "whether requests above 1,300 bytes go over TCP instead of UDP, and over UDP where TCP is refused; \
         false when absent",
    ),
    Key::optional(
        "deflect",
        Kind::Choice(&DEFLECT),
        "which of its callers it is asked to call the targets on it for itself: unanswered ones by 302, \
         answered ones by REFER; none when absent",
    ),
    Key::optional("user", Kind::Text, "the name its peer knows us by, when it asks for one"),
    Key::optional(
        "password",
        Kind::TextOr(&PASSWORD),
        "where the password is kept: { env = \"NAME\" } or { file = \"path\" }, never the password itself",
    ),
    Key::optional(
        "realm",
        Kind::Text,
        "the one realm the password is for; the first one asked for when absent",
    ),
    Key::optional(
        "domain",
        Kind::Text,
        "the domain its peer serves, where that is not its address: \"sip.operateur.fr\"",
    ),
    Key::optional("tls", Kind::Table(&TRUNK_TLS), "whose certificates it shows, and which it is shown"),
    Key::optional("register", Kind::Flag, "whether to register with the peer"),
    Key::optional("expires", Kind::Duration, "for how long to register; ten minutes when absent"),
]);

static PEERS: Table = listed(&[
    Key::required("to", Kind::Text, "where requests go, \"udp:192.0.2.7:5060\""),
    Key::optional("priority", Kind::Whole(0, 65_535), "the lowest that lives is tried first; 1 when absent"),
    Key::optional(
        "weight",
        Kind::Whole(0, 65_535),
        "its share of the calls among peers of one priority; 1 when absent",
    ),
]);

static OWN_ADDRESS: Table = listed(&[
    Key::optional(
        "listen",
        Kind::Text,
        "of the addresses we listen on, the one its requests leave from: \"192.0.2.1\"; the first that fits when absent",
    ),
    Key::optional("advertised", Kind::Text, "what Via, Contact and SDP say to it; our own when absent"),
    Key::optional(
        "media",
        Kind::Text,
        "the local address its audio is sent from and received at; as `listen` when absent",
    ),
]);

static PASSWORD: Table = listed(&[
    Key::optional("env", Kind::Text, "the environment variable it is in"),
    Key::optional("file", Kind::Text, "the file it is in, alone"),
]);

static TRUNK_TLS: Table = listed(&[
    Key::optional(
        "ca",
        Kind::Text,
        "the file of who signs its certificate; the public authorities when absent",
    ),
    Key::optional(
        "name",
        Kind::Text,
        "what its certificate must be for, \"sip.operateur.fr\"; its domain, name or address when absent",
    ),
    Key::optional("certificate", Kind::Text, "the file of our certificate, where it asks for one"),
    Key::optional("key", Kind::Text, "the file of its private key"),
]);

static CHANNELS: Table = listed(&[
    Key::required("total", Kind::Whole(1, 20_000), "calls at once"),
    Key::optional("keep_out", Kind::Whole(0, 20_000), "of these, how many stay free for overflow"),
]);

static PHONES: Table = listed(&[
    Key::required("realm", Kind::Text, "the realm of their passwords, part of every digest in `users`"),
    Key::required("users", Kind::Table(&USERS), "who may register: { file = \"phones.csv\" }"),
    Key::optional(
        "expires",
        Kind::Table(&EXPIRES),
        "how long a registration lasts; a minute to an hour when absent",
    ),
    Key::optional(
        "emergency",
        Kind::Text,
        "the trunk emergency numbers dialled on them go to, ahead of every limit",
    ),
    Key::optional(
        "outside",
        Kind::Text,
        "the trunk other outside numbers dialled on them go to; none when absent",
    ),
    Key::optional("caller", Kind::Text, "the number a trunk sees of them; the extension when absent"),
]);

static USERS: Table = listed(&[Key::required(
    "file",
    Kind::Text,
    "a file of lines extension;name;ha1_md5;ha1_sha256, the first one naming them",
)]);

static EXPIRES: Table = listed(&[
    Key::optional("min", Kind::Duration, "the shortest that is taken; a minute when absent"),
    Key::optional("max", Kind::Duration, "the longest that is granted; an hour when absent"),
]);

static CALLER: Table =
    listed(&[Key::required("number", Kind::Text, "the number the called party sees, \"+33384961370\"")]);

static CALLER_HEADER: [Choice; 4] = [
    Choice::now("from"),
    Choice::now("p-asserted-identity"),
    Choice::now("p-preferred-identity"),
    Choice::now("remote-party-id"),
];
static DIVERSION: [Choice; 4] =
    [Choice::now("diversion"), Choice::now("history-info"), Choice::now("both"), Choice::now("off")];
static DEFLECT: [Choice; 4] =
    [Choice::now("off"), Choice::now("302"), Choice::now("refer"), Choice::now("both")];
static IDENTITY: [Choice; 2] = [Choice::now("off"), Choice::now("relay")];
static NUMBERS: [Choice; 2] = [Choice::now("e164"), Choice::now("national")];
