//! How a call ended, worked out from the wire alone (invariant 3): who sent what when. Knows the numbers people dial, how
//! long targets are rung and which network is whose; nothing of what Spillway made of it.

use super::watch::Said;
use spillway::base::{Moment, Outcome};
use std::time::Duration;

/// The number that leads straight to a target.
const STRAIGHT_TO_A_TARGET: &str = "0384961374";
/// How late letting go may be.
const SOON: Duration = Duration::from_millis(100);
/// How long each target is rung.
const RINGS_S: [(&str, u64); 2] = [("0384000001", 20), ("0384000009", 15)];

/// A dialog of ours with someone rung for the caller.
struct Rung<'a> {
    call_id: &'a str,
    dialled: &'a str,
    is_agent: bool,
    begun: Moment,
    answered: Option<Moment>,
    refused: Option<(Moment, u16)>,
    given_up: bool,
}

/// How a target that did not answer ended.
enum Fate {
    Abandoned,
    Unanswered,
    Failed,
}

/// Whether the wire bears out a record's outcome.
pub fn bears_out(said: &[Said], call_id: &str, told: Outcome) -> bool {
    match outcome(said, call_id) {
        // What a caller heard before leaving does not show.
        Outcome::AbandonedWaiting => [
            Outcome::AbandonedShort,
            Outcome::AbandonedWaiting,
            Outcome::AbandonedMenu,
            Outcome::AbandonedGreeting,
            Outcome::Message,
        ]
        .contains(&told),
        seen => seen == told,
    }
}

/// Whether everyone rung for a caller was let go soon after the call's end (invariants 6 and 7): whoever answered got or
/// sent a BYE, whoever rang on got a CANCEL as soon as a provisional answer allowed one (RFC 3261 section 9.1).
pub fn all_let_go(said: &[Said], caller: &str, ended: Moment) -> bool {
    rung(said, caller).iter().all(|rung| {
        let dialog = || said.iter().filter(|line| line.call_id == rung.call_id);
        let by = |since: Moment| ended.max(since) + SOON;
        let first = |code: u16| {
            dialog().find(|line| !line.ours && line.method == "INVITE" && line.code >= Some(code))
        };
        let said_in_time = |method: &str, since: Moment| {
            dialog().any(|line| line.is_request(method) && line.at <= by(since))
        };
        match (first(200), first(100)) {
            (Some(last), _) if last.code < Some(300) => said_in_time("BYE", last.at),
            (Some(last), Some(rings)) => last.at <= by(rings.at) || said_in_time("CANCEL", rings.at),
            (None, Some(rings)) => said_in_time("CANCEL", rings.at),
            (_, None) => true,
        }
    })
}

/// The dialogs of ours with everyone rung for a caller.
#[derive(Debug)]
pub struct Rungs(Vec<Dialog>);

/// What was said in one of them, by when it came or went.
#[derive(Debug, Default)]
struct Dialog {
    answered: Option<Moment>,
    cancelled: bool,
    our_bye: Option<Moment>,
}

/// Everyone rung for a caller.
pub fn rungs(said: &[Said], caller: &str) -> Rungs {
    let dialog = |rung: &Rung<'_>| {
        let mut dialog = Dialog::default();
        for line in said.iter().filter(|line| line.call_id == rung.call_id) {
            match (line.ours, line.method.as_str(), line.code) {
                (false, "INVITE", Some(200..=299)) => {
                    dialog.answered.get_or_insert(line.at);
                }
                (true, "CANCEL", None) => dialog.cancelled = true,
                (true, "BYE", None) => {
                    dialog.our_bye.get_or_insert(line.at);
                }
                _ => {}
            }
        }
        dialog
    };
    Rungs(rung(said, caller).iter().map(dialog).collect())
}

impl Rungs {
    /// Those who answered.
    pub fn answers(&self) -> usize {
        self.0.iter().filter(|dialog| dialog.answered.is_some()).count()
    }

    /// Whether somebody answered whom we had cancelled.
    pub fn cancelled_and_answered(&self) -> bool {
        self.0.iter().any(|dialog| dialog.cancelled && dialog.answered.is_some())
    }

    /// Whether everyone cancelled who answered all the same was hung up on so soon (invariant 6).
    pub fn losers_let_go_within(&self, soon: Duration) -> bool {
        let late = self.0.iter().filter(|dialog| dialog.cancelled);
        late.filter_map(|dialog| Some((dialog.answered?, dialog.our_bye)))
            .all(|(answered, bye)| bye.is_some_and(|bye| bye.since(answered) <= soon))
    }
}

/// The outcome of the call whose INVITE had this Call-ID.
fn outcome(said: &[Said], call_id: &str) -> Outcome {
    let own: Vec<&Said> = said.iter().filter(|line| line.call_id == call_id).collect();
    let invite = own.iter().find(|line| line.is_request("INVITE")).expect("a caller's INVITE");
    let is_refusal =
        |line: &&Said| line.method == "INVITE" && line.code >= Some(300) && line.code != Some(487);
    if own.iter().copied().any(|line| is_refusal(&line)) {
        return Outcome::Rejected;
    }
    let left = own.iter().find(|line| !line.ours && (line.is_request("CANCEL") || line.is_request("BYE")));
    let left = left.map(|line| line.at);
    let rung = rung(said, &invite.caller);
    let straight = invite.dialled == STRAIGHT_TO_A_TARGET;
    if let Some(winner) = rung.iter().find(|rung| rung.answered.is_some()) {
        return match (winner.is_agent, straight) {
            (true, _) => Outcome::Answered,
            (false, true) => Outcome::RoutedAnswered,
            (false, false) => Outcome::OverflowedAnswered,
        };
    }
    match rung.iter().rfind(|rung| !rung.is_agent).map(|target| (target.fate(left), straight)) {
        Some((Fate::Abandoned, true)) => Outcome::RoutedAbandoned,
        Some((Fate::Abandoned, false)) => Outcome::OverflowedAbandoned,
        Some((Fate::Unanswered, true)) => Outcome::RoutedNoAnswer,
        Some((Fate::Unanswered, false)) => Outcome::OverflowedNoAnswer,
        Some((Fate::Failed, true)) => Outcome::RoutedFailed,
        Some((Fate::Failed, false)) => Outcome::OverflowedFailed,
        None if left.is_some() => Outcome::AbandonedWaiting,
        None => Outcome::Message,
    }
}

impl Rung<'_> {
    /// Rung until refused, or as long as the plan says, unless the caller left first.
    fn fate(&self, caller_left: Option<Moment>) -> Fate {
        let (_, seconds) = RINGS_S.iter().find(|(number, _)| *number == self.dialled).expect("a target");
        let rung_out = self.begun + Duration::from_secs(*seconds);
        let refused = self.refused.filter(|(at, _)| *at < rung_out);
        let ended = refused.map_or(rung_out, |(at, _)| at);
        match refused {
            _ if caller_left.is_some_and(|left| left <= ended) => Fate::Abandoned,
            // 408 and 480 say that nobody answered.
            Some((_, 408 | 480)) | None => Fate::Unanswered,
            Some(_) => Fate::Failed,
        }
    }
}

/// Everyone rung for this caller, in order.
fn rung<'a>(said: &'a [Said], caller: &str) -> Vec<Rung<'a>> {
    let mut rung: Vec<Rung> = Vec::new();
    for line in said {
        if let Some(rung) = rung.iter_mut().find(|rung| rung.call_id == line.call_id) {
            rung.hears(line);
        } else if line.ours && line.is_request("INVITE") && line.caller == caller {
            rung.push(Rung {
                call_id: &line.call_id,
                dialled: &line.dialled,
                is_agent: line.peer.port() == super::site::IPBX_PORT,
                begun: line.at,
                answered: None,
                refused: None,
                given_up: false,
            });
        }
    }
    rung
}

impl Rung<'_> {
    fn hears(&mut self, line: &Said) {
        let open = self.answered.is_none() && self.refused.is_none() && !self.given_up;
        match (line.ours, line.method.as_str(), line.code) {
            (false, "INVITE", Some(200..=299)) if open => self.answered = Some(line.at),
            (false, "INVITE", Some(code @ 300..)) if open => self.refused = Some((line.at, code)),
            (true, "CANCEL", None) => self.given_up = true,
            // An answer that came too late: acknowledged, and hung up at once.
            (true, "BYE", None) if self.answered == Some(line.at) => {
                self.answered = None;
                self.given_up = true;
            }
            _ => {}
        }
    }
}
