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
    Key::later("phones", "agents' phones that register here, instead of behind the IPBX"),
]);

static SIP: Table = listed(&[
    Key::required("listen", Kind::Texts, "transport and address of each socket, \"udp:192.0.2.1:5060\""),
    Key::optional("drain", Kind::Duration, "how long running calls may go on when the service stops"),
]);

static MEDIA: Table =
    listed(&[Key::required("ports", Kind::Text, "the range of RTP and RTCP ports, \"20000-29999\"")]);

static HTTP: Table = listed(&[Key::required("listen", Kind::Text, "address and port, \"127.0.0.1:8080\"")]);

static CONTROL: Table = listed(&[Key::optional("socket", Kind::Text, "its path; in `data` when absent")]);

static TRUNK: Table = listed(&[
    Key::required("peer", Kind::Text, "where its requests go, \"udp:192.0.2.7:5060\""),
    Key::optional("accept", Kind::Texts, "who else may call in on it: addresses and prefixes"),
    Key::optional("caller", Kind::Choice(&CALLER), "the called party sees the caller's number"),
    Key::optional("caller_in", Kind::Choice(&CALLER_IN), "the header that carries the caller's number"),
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
    Key::later("address", "the address to listen on and the one to show, where networks differ"),
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
    Key::optional("register", Kind::Flag, "whether to register with the peer"),
    Key::optional("expires", Kind::Duration, "for how long to register; ten minutes when absent"),
]);

static PASSWORD: Table = listed(&[
    Key::optional("env", Kind::Text, "the environment variable it is in"),
    Key::optional("file", Kind::Text, "the file it is in, alone"),
]);

static CHANNELS: Table = listed(&[
    Key::required("total", Kind::Whole(1, 20_000), "calls at once"),
    Key::optional("keep_out", Kind::Whole(0, 20_000), "of these, how many stay free for overflow"),
]);

static CALLER: [Choice; 1] = [Choice::now("keep")];
static CALLER_IN: [Choice; 2] = [Choice::now("from"), Choice::now("p-asserted-identity")];
static IDENTITY: [Choice; 2] = [Choice::now("off"), Choice::later("relay")];
static NUMBERS: [Choice; 2] = [Choice::now("e164"), Choice::now("national")];
