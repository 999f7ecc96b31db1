//! A call as it goes: the steps a running service tells over its control socket, drawn as they come. Must never wait for what
//! can be shown already.

use super::ladder::Ladder;
use crate::base::CallId;
use crate::call::{Entry, Fact};
use crate::commands::language::Language;
use crate::drivers::control::{self, Answer, Command, ControlError};
use crate::engine::traces::{Passed, Step};
use crate::engine::wanted::Wanted;
use std::path::Path;

/// How steps become lines.
pub(super) struct Live {
    language: Language,
    /// Each message whole.
    whole: bool,
    ladder: Option<Ladder>,
    /// What passed before the call was known.
    before: Vec<Passed>,
    is_over: bool,
}

impl Live {
    pub(super) const fn new(whole: bool, language: Language) -> Self {
        Self { language, whole, ladder: None, before: Vec::new(), is_over: false }
    }

    /// The lines a step adds.
    pub(super) fn lines(&mut self, step: Step) -> Vec<String> {
        match step {
            Step::Call(_) => Vec::new(),
            Step::Fact(entry) => self.fact(&entry),
            Step::Message(passed) => match &mut self.ladder {
                Some(ladder) => ladder.message_lines(&passed, self.whole),
                None => {
                    self.before.push(passed);
                    Vec::new()
                }
            },
            Step::Omitted(count) => vec![omitted(count, self.language)],
        }
    }

    fn fact(&mut self, entry: &Entry) -> Vec<String> {
        self.is_over |= matches!(entry.fact, Fact::Ended { .. });
        if let Some(ladder) = &mut self.ladder {
            return ladder.fact(entry);
        }
        let facts = std::slice::from_ref(entry);
        let Some(mut ladder) = Ladder::of(facts, self.language) else { return Vec::new() };
        let call = if let crate::call::Subject::Call(call) = entry.subject { call } else { CallId(0) };
        let mut lines = vec![super::heading(call, facts), String::new(), ladder.heading()];
        for passed in self.before.drain(..) {
            lines.extend(ladder.message_lines(&passed, self.whole));
        }
        lines.extend(ladder.fact(entry));
        self.ladder = Some(ladder);
        lines
    }
}

/// What is shown where not all was kept.
pub(super) fn omitted(count: u64, language: Language) -> String {
    match language {
        Language::French => format!("{count} étapes de trop pour être gardées"),
        Language::English => format!("{count} steps too many to be kept"),
    }
}

/// Shows a call until it is over, and returns the exit code: 0 then, 1 when nobody answers, there is no such call, or the
/// service stopped before.
pub(super) fn run(socket: &Path, wanted: Wanted, whole: bool, json: bool) -> u8 {
    let language = Language::of_environment();
    let mut live = Live::new(whole, language);
    let mut refused = None;
    if !json {
        eprintln!("{}", language.say("Ctrl-C pour arrêter", "Ctrl-C to stop"));
    }
    let followed = control::follow(socket, &Command::Trace { wanted, live: true }, |answer| match answer {
        Answer::Step(step) if json => {
            live.is_over |= matches!(&*step, Step::Fact(entry) if matches!(entry.fact, Fact::Ended { .. }));
            match serde_json::to_string(&step) {
                Ok(line) => println!("{line}"),
                Err(error) => refused = Some(error.to_string()),
            }
        }
        Answer::Step(step) => live.lines(*step).iter().for_each(|line| println!("{line}")),
        Answer::Error(why) => refused = Some(why),
        Answer::Status(_) => refused = Some("an answer to another question".into()),
    });
    let why = match (followed, refused) {
        (Err(error), _) => error.to_string(),
        (Ok(()), Some(why)) => why,
        (Ok(()), None) if live.is_over => return 0,
        (Ok(()), None) => {
            language.say("le service s'est arrêté avant la fin", "the service stopped before the end").into()
        }
    };
    eprintln!("error: {why}");
    1
}

/// The messages a running service keeps of a call, and how much it left out.
pub(super) fn messages(socket: &Path, call: CallId) -> Result<(Vec<Passed>, u64), Messageless> {
    let (mut messages, mut left_out, mut refused) = (Vec::new(), 0, None);
    control::follow(
        socket,
        &Command::Trace { wanted: Wanted::Call(call), live: false },
        |answer| match answer {
            Answer::Step(step) => match *step {
                Step::Message(passed) => messages.push(passed),
                Step::Omitted(count) => left_out = count,
                Step::Call(_) | Step::Fact(_) => {}
            },
            Answer::Error(why) => refused = Some(why),
            Answer::Status(_) => {}
        },
    )?;
    refused.map_or(Ok((messages, left_out)), |why| Err(Messageless::Refused(why)))
}

/// Why a call has no messages to show.
#[derive(Debug, thiserror::Error)]
pub(super) enum Messageless {
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("{0}")]
    Refused(String),
}
