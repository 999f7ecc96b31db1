//! What is said of a dialplan beyond its form. Every sentence of it is here.

use crate::base::finding::Words;
use crate::base::written::{nearest, say_duration};
use std::time::Duration;

/// Names told in one hint.
const MANY: usize = 5;

fn near<'a>(words: Words, written: &str, known: impl IntoIterator<Item = &'a str>, what: &str) -> Words {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(written, known.iter().copied()) {
        Some(near) => words.hint(format!("did you mean `{near}`?")),
        None if known.is_empty() => words,
        None if known.len() <= 12 => words.hint(format!("{what}: {}", known.join(", "))),
        None => words,
    }
}

// Names.

pub(super) fn duplicate_site(id: &str) -> Words {
    Words::new(format!("two sites are called `{id}`"), "").hint("rename one of the two files")
}

pub(super) fn duplicate_name(name: &str, first: &str, second: &str) -> Words {
    Words::new(format!("`{name}` is {second} and {first}: a name is one destination"), "a second time here")
        .hint("rename one of the two")
}

pub(super) fn no_destination<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Words {
    near(Words::new(format!("no destination `{name}`"), "leads nowhere"), name, known, "there are")
}

pub(super) fn no_hours<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Words {
    near(Words::new(format!("no hours `{name}`"), "not in [hours]"), name, known, "there are")
}

pub(super) fn no_sla<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Words {
    near(Words::new(format!("no SLA `{name}`"), "not in [sla]"), name, known, "there are")
}

pub(super) fn no_trunk<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Words {
    near(Words::new(format!("no trunk `{name}`"), "not in spillway.toml"), name, known, "the trunks are")
}

pub(super) fn no_music<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Words {
    near(Words::new(format!("no music `{name}`"), "not in [music]"), name, known, "there is")
}

pub(super) fn no_timezone<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Words {
    near(Words::new(format!("no time zone \"{name}\""), "unknown"), name, known, "there are")
}

pub(super) fn no_country(name: &str) -> Words {
    Words::new(format!("no country \"{name}\""), "unknown").hint("write its ISO 3166 code, \"FR\"")
}

pub(super) fn no_via(what: &str) -> Words {
    Words::new(format!("{what} is behind no trunk"), "needs `via`")
        .hint("write `via = \"…\"` here, or once under [defaults]")
}

// Sounds.

pub(super) fn bad_sound_name(name: &str) -> Words {
    Words::new(format!("`{name}` can't name a file"), "has a slash, or begins with a dot")
}

pub(super) fn no_prompt<'a>(name: &str, path: &str, known: impl IntoIterator<Item = &'a str>) -> Words {
    let words = Words::new(format!("no recording for prompt `{name}`"), format!("{path} is absent"));
    match nearest(name, known) {
        Some(near) => words.hint(format!("did you mean `{near}`?")),
        None => words.hint(format!("record {path}")),
    }
}

pub(super) fn no_voice(name: &str, path: &str) -> Words {
    let message = format!("speaking a prompt from its text is not in this version: `{name}`");
    Words::new(message, format!("{path} is absent")).hint(format!("record {path}"))
}

pub(super) fn no_file(path: &str) -> Words {
    Words::new(format!("{path} is absent"), "no such file")
}

pub(super) fn unreadable(path: &str, why: &str) -> Words {
    Words::new(format!("{path} can't be played: {why}"), "")
}

/// `there` are the files of the folder looked in.
pub(super) fn no_music_file(pattern: &str, folder: &str, there: &[&str]) -> Words {
    let folder = if folder.is_empty() { "the site's folder" } else { folder };
    let holds = match there {
        [] => "which holds no file".into(),
        few if few.len() <= MANY => format!("which holds {}", few.join(", ")),
        many => format!("which holds {} and {} more", many[..MANY].join(", "), many.len() - MANY),
    };
    Words::new(format!("no file matches \"{pattern}\""), "nothing to play").hint(format!(
        "looked in {folder}, {holds}; music is WAV files (PCM, A-law or µ-law, mono or stereo, 8 to 192 kHz)"
    ))
}

// Hours.

pub(super) fn bad_span(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no span of a day"), "unreadable")
        .hint("write \"08:30-12:00\": from, to, both within a day, \"24:00\" being its end")
}

pub(super) fn overlap(text: &str, other: &str) -> Words {
    Words::new(format!("{text} overlaps {other}"), "open twice at once").hint("join the two, or mend one")
}

pub(super) fn never_open(name: &str) -> Words {
    Words::new(format!("hours `{name}` never open"), "no day has a span")
}

pub(super) fn bad_holidays(text: &str, known: &[&str]) -> Words {
    near(
        Words::new(format!("no public holidays \"{text}\""), "unknown"),
        text,
        known.iter().copied(),
        "there are",
    )
}

pub(super) fn bad_closure() -> Words {
    Words::new(
        "a closure is `on` a day, `every` so often, or `from` a day `until` another",
        "none, or several",
    )
}

pub(super) fn bad_day(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no day"), "unreadable")
        .hint("write \"2026-06-19\", or part of it: \"2026-06-19 13:30-17:30\"")
}

pub(super) fn bad_period() -> Words {
    Words::new("a closure ends before it begins", "earlier than `from`")
}

pub(super) fn bad_rhythm(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no rhythm"), "unreadable").hint(
        "write \"first tue of month 09:00-12:00\" or \"fri 16:00-17:00\"; or second, third, fourth, last",
    )
}

pub(super) fn bad_month(text: &str, known: &[&str]) -> Words {
    near(Words::new(format!("\"{text}\" is no month"), "unknown"), text, known.iter().copied(), "there are")
}

pub(super) fn except_what() -> Words {
    Words::new("`except` goes with `every`", "nothing repeats here")
}

// Numbers.

pub(super) fn bad_number(text: &str, country: &str) -> Words {
    Words::new(format!("\"{text}\" is no phone number ({country})"), "not in any numbering plan")
        .hint("check its digits; one of another country begins with +")
}

pub(super) fn number_twice(text: &str) -> Words {
    Words::new(format!("{text} is written twice: a number starts one flow"), "a second time here")
}

pub(super) fn not_a_flow(name: &str, what: &str) -> Words {
    Words::new(format!("`{name}` is {what}: a number starts a flow"), "not a flow")
        .hint(format!("write a flow whose step is {{ go = \"{name}\" }}"))
}

pub(super) fn emergency(text: &str) -> Words {
    Words::new(format!("{text} is an emergency number"), "never here")
        .hint("emergency calls are never taken, queued or sent by a dialplan")
}

pub(super) fn own_number(target: &str, number: &str) -> Words {
    Words::new(
        format!("target `{target}` rings {number}, a number of ours: calls would loop"),
        "comes back to us",
    )
}

// Flows and menus.

pub(super) fn empty_flow(name: &str) -> Words {
    Words::new(format!("flow `{name}` has no step"), "empty").hint("its last step is { go = \"…\" }")
}

pub(super) fn one_action() -> Words {
    Words::new("a step does one thing: `play` or `go`", "neither, or both").hint("write two steps")
}

pub(super) fn no_last_go(name: &str) -> Words {
    Words::new(format!("flow `{name}` does not end"), "a call could fall off here")
        .hint("its last step is a `go` without condition")
}

pub(super) fn never_read() -> Words {
    Words::new("this step is never reached", "nothing comes after a `go` without condition")
}

pub(super) fn no_keys(name: &str) -> Words {
    Words::new(format!("menu `{name}` offers no key"), "nothing to choose").hint("write `1 = \"…\"`")
}

pub(super) fn no_time(key: &str) -> Words {
    Words::new(format!("`{key}` can't be 0s"), "no time at all")
}

// Queues and targets.

pub(super) fn no_agents(name: &str) -> Words {
    Words::new(format!("queue `{name}` has no agent"), "empty").hint("write agents = { Nadia = 201 }")
}

pub(super) fn agent_twice(extension: &str, name: &str) -> Words {
    Words::new(format!("extension {extension} is twice in queue `{name}`"), "the same agent again")
}

pub(super) fn agent_renamed(extension: &str, first: &str, second: &str) -> Words {
    Words::new(format!("extension {extension} is `{first}` elsewhere and `{second}` here"), "the same agent")
        .hint(format!("figures will say `{first}`"))
}

pub(super) fn bad_extension(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no extension"), "can't be dialled")
        .hint("digits, letters and . - _ + * #")
}

pub(super) fn no_phone_key(text: &str) -> Words {
    Words::new(format!("\"{text}\" is no key of a phone"), "can't be pressed")
        .hint("one of 0 to 9, \"*\" and \"#\": accept = \"1\"")
}

pub(super) fn whispers_for_nothing() -> Words {
    Words::new("nobody is asked for a key: `whisper` is never heard", "asks for nothing")
        .hint("in a queue write accept = \"1\" beside it, in a target answer = \"key\"")
}

pub(super) fn no_overflow(name: &str) -> Words {
    Words::new(format!("queue `{name}` never lets its callers go"), "empty")
        .hint("write overflow = [{ after = \"90s\", to = \"…\" }]")
}

pub(super) fn not_rising(after: Duration, before: Duration) -> Words {
    let (after, before) = (say_duration(after), say_duration(before));
    Words::new(format!("{after} does not come after {before}: overflow rises"), "too early")
}

pub(super) fn widens_itself(name: &str) -> Words {
    Words::new(format!("queue `{name}` overflows to itself"), "already there")
}

pub(super) fn never_leaves(name: &str, last: &str) -> Words {
    Words::new(format!("queue `{name}` never lets its callers go"), format!("`{last}` only widens it"))
        .hint("the last entry leads to a target, a message, a menu or a flow")
}

pub(super) fn after_leaving(to: &str) -> Words {
    Words::new("this overflow never happens", format!("callers have left for `{to}`"))
}

pub(super) fn always_full(name: &str, to: &str) -> Words {
    Words::new(
        format!("queue `{name}` takes nobody: with `length = 0` it is always full"),
        format!("every caller goes to `{to}`"),
    )
    .hint("write how many may wait, or lead the calls there without this queue")
}

pub(super) fn which_hours(name: &str) -> Words {
    Words::new(format!("queue `{name}` does not say when it closes"), "closing time of what?")
        .hint("write hours = \"…\" beside it")
}

pub(super) fn clock_on_queue(sla: &str) -> Words {
    Words::new(format!("SLA `{sla}` counts from the handover, and a queue hands nothing over"), "on a queue")
        .hint("write clock = \"queue\", or attach it to a target")
}

pub(super) fn clock_on_target(sla: &str) -> Words {
    Words::new(
        format!("SLA `{sla}` counts from the queue: calls reach a target late by its measure"),
        "on a target",
    )
    .hint("write clock = \"handover\" to judge the target's own wait")
}

// The whole.

pub(super) fn endless(path: &str) -> Words {
    Words::new("a call could go round for ever", path)
}

pub(super) fn too_long(longest: Duration, limit: Duration) -> Words {
    let (longest, limit) = (say_duration(longest), say_duration(limit));
    Words::new(
        format!("a caller could wait {longest} for an ending: the limit is {limit}"),
        "from this number",
    )
}

pub(super) fn longest_way(path: &str) -> String {
    format!("the longest way is {path}; shorten a prompt, an overflow or a ring on it")
}

pub(super) fn tangled() -> Words {
    Words::new("too tangled to prove that every call ends within 3 minutes", "from this number")
}

pub(super) fn unreachable(name: &str, what: &str) -> Words {
    Words::new(format!("no call ever reaches `{name}`, {what}"), "nothing leads here")
}

pub(super) fn too_large(limit: usize) -> Words {
    Words::new(format!("a dialplan of more than {limit} bytes is not read"), "")
}
