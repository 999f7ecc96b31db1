//! `spillway trace`: shows one call step by step, as a ladder drawn from the facts in the store and the SIP messages a running
//! service keeps; or, live, from what it tells as the call goes.

mod ladder;
mod live;
#[cfg(test)]
mod tests;
mod words;

use super::language::Language;
use super::status;
use crate::base::CallId;
use crate::call::{Entry, Fact};
use crate::drivers::store::find::{self, Wanted};
use crate::drivers::store::{StoreError, read};
use crate::engine::traces::Passed;
use std::path::{Path, PathBuf};

/// What `trace` is asked.
#[derive(Debug)]
pub struct TraceArgs {
    /// Which call.
    pub wanted: Wanted,
    /// The settings file, which names the folder of the store.
    pub config: PathBuf,
    /// The store, when it is known without a settings file.
    pub store: Option<PathBuf>,
    /// As JSON.
    pub json: bool,
    /// As it goes, or the next one.
    pub live: bool,
    /// Each SIP message whole.
    pub messages: bool,
}

/// Reads which call is meant: `call-17`, `last`, or a number. A bare `17` is a number, as an extension may be.
///
/// # Errors
/// When it is empty, or a call's id without its digits.
pub fn wanted(text: &str) -> Result<Wanted, String> {
    match (text, text.strip_prefix("call-")) {
        ("", _) => Err("a call (call-17), a number, or `last`".into()),
        ("last", _) => Ok(Wanted::Last),
        (_, Some(id)) => id
            .parse()
            .map(|id| Wanted::Call(CallId(id)))
            .map_err(|_| "a call's id has digits only: call-17".into()),
        (number, None) => Ok(Wanted::Number(number.to_owned())),
    }
}

/// Finds, shows, and returns the exit code: 0 when the call is shown, 1 when there is none, the store can't be read, nobody
/// answers who should, or the settings are refused, 2 when the settings file can't be read.
#[must_use]
pub fn run(args: &TraceArgs) -> u8 {
    if args.live {
        return match status::socket_of(&args.config) {
            Ok(socket) => live::run(&socket, args.wanted.clone(), args.messages, args.json),
            Err(code) => code,
        };
    }
    let (store, socket) = match (&args.store, places(args)) {
        (Some(store), _) => (store.clone(), None),
        (None, Ok((store, socket))) => (store, Some(socket)),
        (None, Err(code)) => return code,
    };
    let language = Language::of_environment();
    let shown = answer(args, &store, socket.as_deref(), language);
    match shown {
        Ok(text) => {
            println!("{text}");
            0
        }
        Err(why) => {
            eprintln!("error: {why}");
            1
        }
    }
}

/// The page that is shown, or why there is none.
fn answer(
    args: &TraceArgs,
    store: &Path,
    socket: Option<&Path>,
    language: Language,
) -> Result<String, String> {
    let place = store.display();
    if !store.exists() {
        return Err(match language {
            Language::French => {
                format!("aucun appel : {place} n'existe pas, le service le crée en démarrant")
            }
            Language::English => {
                format!("no call: {place} does not exist, the service creates it at its start")
            }
        });
    }
    match found(store, &args.wanted).map_err(|error| error.to_string())? {
        Some((call, facts)) => shown(call, &facts, socket, args, language),
        None if args.wanted == Wanted::Last => {
            Err(format!("{} {place}", language.say("encore aucun appel dans", "no call yet in")))
        }
        None => Err(format!("{} {place}", language.say("pas un tel appel dans", "no such call in"))),
    }
}

/// The store and the control socket.
fn places(args: &TraceArgs) -> Result<(PathBuf, PathBuf), u8> {
    if args.store.is_some() {
        return Ok(Default::default());
    }
    let settings = status::settings_of(&args.config)?;
    Ok((settings.data.value.join("spillway.db"), settings.control.value))
}

/// A call of the store, with what a running service still has of its messages; whoever asks for them is told when it has none.
fn shown(
    call: CallId,
    facts: &[Entry],
    socket: Option<&Path>,
    args: &TraceArgs,
    language: Language,
) -> Result<String, String> {
    let (messages, left_out) = match socket.map(|socket| live::messages(socket, call)) {
        Some(Ok(kept)) => kept,
        Some(Err(why)) if args.messages => return Err(format!("no SIP messages of {call}: {why}")),
        Some(Err(_)) => Default::default(),
        None if args.messages => {
            return Err("messages are kept by the running service, not in the store".into());
        }
        None => Default::default(),
    };
    if args.json {
        return json(call, facts, &messages);
    }
    let mut lines = page(call, facts, &messages, args.messages, language);
    if left_out > 0 {
        lines.push(live::omitted(left_out, language));
    }
    Ok(lines.join("\n"))
}

fn found(store: &Path, wanted: &Wanted) -> Result<Option<(CallId, Vec<Entry>)>, StoreError> {
    let Some(call) = find::call(store, wanted)? else { return Ok(None) };
    Ok(Some((call, read::timeline(store, call)?)))
}

fn json(call: CallId, facts: &[Entry], messages: &[Passed]) -> Result<String, String> {
    serde_json::to_string(&serde_json::json!({ "call": call, "facts": facts, "messages": messages }))
        .map_err(|error| error.to_string())
}

/// The heading, the ladder, and whether the call still runs.
fn page(call: CallId, facts: &[Entry], messages: &[Passed], whole: bool, language: Language) -> Vec<String> {
    let mut lines = vec![heading(call, facts), String::new()];
    lines.extend(ladder::lines(facts, messages, whole, language));
    if !facts.iter().any(|entry| matches!(entry.fact, Fact::Ended { .. })) {
        lines.push(String::new());
        lines.push(language.say("toujours en cours", "still running").into());
    }
    lines
}

/// The call, when it came, for which site, and the Call-ID to look for in a capture.
fn heading(call: CallId, facts: &[Entry]) -> String {
    let Some((entry, Fact::Arrived { site, sip_call_id, .. })) =
        facts.first().map(|entry| (entry, &entry.fact))
    else {
        return call.to_string();
    };
    let when = jiff::Timestamp::from_microsecond(entry.now.utc.as_micros())
        .map_or_else(|_| String::new(), |when| format!("{when:.3}"));
    let site = site.as_deref().unwrap_or("-");
    format!("{call}  {when}  {site}  Call-ID {sip_call_id}")
}
