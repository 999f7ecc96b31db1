//! The key table of a dialplan: what may be written, since when, and what each key is for.

use super::holidays::Holidays;
use crate::base::written::{Choice, Key, Kind, Open, Table};

/// A whole site.
pub(super) static ROOT: Table = Table::closed(&[
    Key::required("version", Kind::Whole(1, 1), "the version of this language"),
    Key::required("site", Kind::Table(&SITE), "whose calls these are"),
    Key::optional("hours", Kind::Named(&HOURS), "when a service is open"),
    Key::optional("number", Kind::Named(&NUMBER), "the numbers people dial"),
    Key::optional("flow", Kind::Named(&FLOW), "steps read from top to bottom"),
    Key::optional("menu", Kind::Named(&MENU), "a question answered with one key"),
    Key::optional("queue", Kind::Named(&QUEUE), "a waiting line and who serves it"),
    Key::optional("target", Kind::Named(&TARGET), "a number rung over a trunk"),
    Key::optional("message", Kind::Named(&MESSAGE), "an ending: said, then hung up"),
    Key::optional("defaults", Kind::Table(&DEFAULTS), "what queues and targets have in common"),
    Key::optional("prompts", Kind::Table(&PROMPTS), "what is said"),
    Key::optional("music", Kind::Table(&MUSIC), "what is played to those who wait"),
    Key::optional("sla", Kind::Named(&SLA), "how quickly calls must be answered"),
    Key::later("include", "other files read as part of this one"),
    Key::later("callers", "lists of callers who are treated apart"),
    Key::later("rota", "people tried one after the other, by a schedule"),
    Key::later("lookup", "where a caller belongs, from a file"),
    Key::later("recording", "which calls are recorded, why and how long they are kept"),
    Key::later("test", "calls that must end as written, tried before every reload"),
]);

static SITE: Table = Table::closed(&[
    Key::required("name", Kind::Text, "what people call it"),
    Key::required("timezone", Kind::Text, "where its clock hangs, \"Europe/Paris\""),
    Key::required("country", Kind::Text, "how its numbers are written, \"FR\""),
    Key::optional("language", Kind::Choice(&[Choice::now("fr"), Choice::now("en")]), "what it speaks"),
]);

/// Days as hours write them, Monday first.
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

static HOURS: Table = Table {
    keys: &[
        Key::optional("holidays", Kind::Text, "public holidays that close it, \"FR\" or \"FR-57\""),
        Key::optional("closed", Kind::Tables(&CLOSURE), "planned closures"),
    ],
    open: Some(Open {
        accepts: |key| days(key).is_some(),
        kind: Kind::Texts,
        known: &DAYS,
        what: "days, `mon` or `mon-thu`",
    }),
};

/// Reads `mon` or `mon-thu`: the first and last day, Monday being 0.
pub(super) fn days(key: &str) -> Option<(usize, usize)> {
    let day = |name: &str| DAYS.iter().position(|known| *known == name);
    let (from, to) = key.split_once('-').unwrap_or((key, key));
    let (from, to) = (day(from)?, day(to)?);
    (from <= to).then_some((from, to))
}

static CLOSURE: Table = Table::closed(&[
    Key::optional("on", Kind::Text, "a day, or part of it: \"2026-06-19\", \"2026-11-25 13:30-17:30\""),
    Key::optional("every", Kind::Text, "a rhythm: \"first tue of month 09:00-12:00\", \"fri 16:00-17:00\""),
    Key::optional("except", Kind::Texts, "months a rhythm leaves out: [\"jul\", \"aug\"]"),
    Key::optional("from", Kind::Text, "the first day of a period"),
    Key::optional("until", Kind::Text, "the last day of a period"),
    Key::optional("why", Kind::Text, "what people are told"),
]);

/// What `holidays` may be.
pub(super) const HOLIDAYS: [&str; 4] = Holidays::NAMES;

static NUMBER: Table = Table::closed(&[
    Key::required("flow", Kind::Text, "where its calls begin"),
    Key::optional("also", Kind::Texts, "its other faces: what it arrives as"),
]);

static FLOW: Table = Table::closed(&[Key::required(
    "steps",
    Kind::Tables(&STEP),
    "read from top to bottom; the last is a `go`",
)]);

static STEP: Table = Table::closed(&[
    Key::optional("open", Kind::Text, "only within these hours"),
    Key::optional("closed", Kind::Text, "only outside these hours"),
    Key::optional("play", Kind::Text, "the prompt to play"),
    Key::optional("go", Kind::Text, "where to go; the flow is over"),
    Key::later("caller", "only for these callers"),
    Key::later("lookup", "where the caller belongs, from a file"),
]);

/// The keys of a phone.
pub(super) const PHONE_KEYS: [&str; 12] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"];

static MENU: Table = Table {
    keys: &[
        Key::required("say", Kind::Text, "the prompt that asks"),
        Key::optional("wait", Kind::Duration, "how long to wait for a key after it"),
        Key::optional("tries", Kind::Whole(1, 10), "how often to ask"),
        Key::required("else", Kind::Text, "where no key, or the wrong ones, lead"),
    ],
    open: Some(Open {
        accepts: |key| PHONE_KEYS.contains(&key),
        kind: Kind::Text,
        known: &[],
        what: "keys of the phone, 0 to 9, \"*\" and \"#\"",
    }),
};

const VIA: Key = Key::optional("via", Kind::Text, "the trunk of spillway.toml");
const RING: Key = Key::optional("ring", Kind::Duration, "how long to let it ring");
const JUDGED: Key = Key::optional("sla", Kind::Text, "how it is judged");
const RECORD: Key = Key::later("record", "how its calls are recorded");
const STRATEGY: Key = Key::optional("strategy", Kind::Choice(&STRATEGIES), "who is rung next");
const WRAP_UP: Key = Key::optional("wrap_up", Kind::Duration, "how long agents are left alone after a call");
const HOLD: Key = Key::optional("hold", Kind::Table(&HOLDING), "what those who wait hear");
const FULL: Key = Key::optional("full", Kind::Table(&FULLNESS), "how many may wait, and where one more goes");
const NOBODY: Key = Key::optional("nobody", Kind::Text, "where callers go when no agent is logged in");
const AT_CLOSE: Key = Key::optional("at_close", Kind::Text, "\"serve\", or where callers go at closing time");
const CLOSES: Key = Key::optional("hours", Kind::Text, "the hours outside which nobody new enters");
const WHILE_RINGING: Key = Key::optional(
    "while_ringing",
    Kind::Choice(&RINGING),
    "what the caller's deadline does to a ringing phone",
);
const ACCEPT: Key = Key::optional("accept", Kind::Text, "the key an agent accepts a call with");
const WHISPER: Key = Key::optional("whisper", Kind::Text, "the prompt that asks whoever answers for the key");

static QUEUE: Table = Table::closed(&[
    Key::required("agents", Kind::Table(&AGENTS), "who serves it: { Nadia = 201 }"),
    Key::required(
        "overflow",
        Kind::Tables(&OVERFLOW),
        "when callers leave: [{ after = \"90s\", to = \"…\" }]",
    ),
    VIA,
    STRATEGY,
    RING,
    WRAP_UP,
    HOLD,
    FULL,
    NOBODY,
    AT_CLOSE,
    CLOSES,
    WHILE_RINGING,
    JUDGED,
    RECORD,
    ACCEPT,
    WHISPER,
]);

static TARGET: Table = Table::closed(&[
    Key::required("number", Kind::Extension, "whom to ring"),
    VIA,
    RING,
    Key::required("else", Kind::Text, "where the call goes when nobody answers"),
    JUDGED,
    RECORD,
    ANSWER,
    WHISPER,
]);

static DEFAULTS: Table = Table::closed(&[
    Key::optional("queue", Kind::Table(&QUEUE_DEFAULTS), "for every queue"),
    Key::optional("target", Kind::Table(&TARGET_DEFAULTS), "for every target"),
    Key::later("rota", "for every rota"),
]);

static QUEUE_DEFAULTS: Table = Table::closed(&[
    VIA,
    STRATEGY,
    RING,
    WRAP_UP,
    HOLD,
    FULL,
    NOBODY,
    AT_CLOSE,
    CLOSES,
    WHILE_RINGING,
    JUDGED,
    RECORD,
    ACCEPT,
    WHISPER,
]);

static TARGET_DEFAULTS: Table = Table::closed(&[VIA, RING, JUDGED, RECORD, ANSWER, WHISPER]);

const ANSWER: Key =
    Key::optional("answer", Kind::Choice(&ANSWERS), "whether the one who answers must press 1");
static ANSWERS: [Choice; 2] = [Choice::now("connect"), Choice::now("key")];

static STRATEGIES: [Choice; 2] = [Choice::now("longest-idle"), Choice::now("ring-all")];
static RINGING: [Choice; 2] = [Choice::now("cancel"), Choice::now("finish")];

static AGENTS: Table = Table {
    keys: &[],
    open: Some(Open {
        accepts: |_| true,
        kind: Kind::Extension,
        known: &[],
        what: "agents, each with an extension",
    }),
};

static OVERFLOW: Table = Table::closed(&[
    Key::required("after", Kind::Duration, "since the caller first entered a queue"),
    Key::required("to", Kind::Text, "a queue widens; anything else leaves for good"),
]);

static FULLNESS: Table = Table::closed(&[
    Key::required("length", Kind::Whole(0, 10_000), "callers who may wait at once"),
    Key::required("to", Kind::Text, "where one more goes"),
]);

static HOLDING: Table = Table::closed(&[
    Key::optional("music", Kind::Text, "the music played"),
    Key::later("say", "what is announced: place in line, expected wait"),
    Key::later("every", "how often it is announced"),
]);

static MESSAGE: Table = Table::closed(&[Key::required("play", Kind::Text, "the prompt that is said")]);

static PROMPTS: Table = Table {
    keys: &[],
    open: Some(Open {
        accepts: |_| true,
        kind: Kind::TextOr(&PROMPT),
        known: &[],
        what: "prompts, each with its text or its file",
    }),
};

static PROMPT: Table = Table::closed(&[
    Key::later("say", "the text, spoken by a synthetic voice"),
    Key::later("opt_out", "the key that refuses a recording"),
]);

static MUSIC: Table = Table {
    keys: &[],
    open: Some(Open {
        accepts: |_| true,
        kind: Kind::Text,
        known: &[],
        what: "music, each with its files, \"musique/*.wav\"",
    }),
};

static SLA: Table = Table::closed(&[
    Key::optional("clock", Kind::Choice(&CLOCKS), "from when the wait is counted"),
    Key::optional("qs1", Kind::Table(&QS1), "the share answered in time"),
    Key::optional("qs2", Kind::Table(&QS2), "the share answered at all"),
    Key::optional("ignore", Kind::Table(&IGNORE), "calls that count nowhere"),
    Key::later("penalty", "what missing it costs"),
]);

static CLOCKS: [Choice; 4] =
    [Choice::now("arrival"), Choice::now("answer"), Choice::now("queue"), Choice::now("handover")];

static QS1: Table = Table::closed(&[
    Key::required("answered_under", Kind::Duration, "answered strictly sooner than this"),
    Key::required("above", Kind::Percent, "strictly more than this percentage"),
]);

static QS2: Table =
    Table::closed(&[Key::required("above", Kind::Percent, "strictly more than this percentage")]);

static IGNORE: Table =
    Table::closed(&[Key::optional("hangup_under", Kind::Duration, "hang-ups sooner than this")]);
