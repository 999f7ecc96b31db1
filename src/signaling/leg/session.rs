//! Session timers (RFC 4028), both roles: what the two sides agree on, and when it asks for a refresh or an end.
//! Must never send anything.

use super::Refusal;
use crate::base::Flow;
use crate::signaling::config::SessionSettings;
use crate::signaling::transaction::ClientKey;
use crate::wire::sip::{HeaderName, Message, Method, Refresher, SessionExpires, Writer};
use bytes::Bytes;
use std::time::Duration;

/// Who waits for a refresh hangs up this long before the session expires, or a third of its interval when that is shorter
/// (RFC 4028 section 10).
const BEFORE_EXPIRY: Duration = Duration::from_secs(32);
/// How often one request is sent again with a longer interval: each hop may have a minimum of its own.
const RAISES: u8 = 2;
/// Refreshes tried within one interval although they fail: section 10 forbids going on for ever.
const TRIES: u8 = 3;

/// Who refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Ours,
    Theirs,
}

impl Side {
    /// The part this side plays in a request of ours, or else of theirs.
    const fn part(self, request_is_ours: bool) -> Refresher {
        match (self, request_is_ours) {
            (Self::Ours, true) | (Self::Theirs, false) => Refresher::Uac,
            (Self::Ours, false) | (Self::Theirs, true) => Refresher::Uas,
        }
    }
}

/// What the two sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Agreed {
    interval_s: u32,
    refresher: Side,
}

/// The largest Min-SE heard (section 7.4), and how often one request was sent again for it.
#[derive(Clone, Copy, Debug, Default)]
struct Floor {
    seconds: u32,
    raises: u8,
}

impl Floor {
    /// Takes the Min-SE of a 422 to a request that proposed `asked_s`; says whether sending it again can help.
    fn raise(&mut self, refusal: &Message<'_>, asked_s: u32) -> bool {
        let least = only(refusal, HeaderName::MinSe).ok().flatten().map(|least| least.seconds);
        let Some(least) = least.filter(|least| *least > asked_s && self.raises < RAISES) else {
            return false;
        };
        self.seconds = least;
        self.raises += 1;
        true
    }

    /// What we propose.
    fn proposed_s(self, settings: SessionSettings) -> u32 {
        settings.interval_s.max(self.min_s(settings))
    }

    fn min_s(self, settings: SessionSettings) -> u32 {
        settings.min_interval_s.max(self.seconds)
    }

    /// Writes it.
    fn put(self, settings: SessionSettings, writer: &mut Writer) {
        writer.header_fmt(HeaderName::SessionExpires, format_args!("{}", self.proposed_s(settings)));
        writer.header_fmt(HeaderName::MinSe, format_args!("{}", self.min_s(settings)));
    }
}

/// What an INVITE of ours under way proposes.
#[derive(Debug)]
pub(super) struct Proposal {
    /// The first such INVITE.
    pub(super) request: Bytes,
    floor: Floor,
}

impl Proposal {
    /// The first one, as it went out.
    pub(super) fn first(sent: Option<(Flow, Bytes)>) -> Self {
        Self { request: sent.map(|(_, request)| request).unwrap_or_default(), floor: Floor::default() }
    }

    /// Writes the first one. Who refreshes is for the far end to say (section 7.1).
    pub(super) fn put_first(settings: SessionSettings, writer: &mut Writer) {
        Floor::default().put(settings, writer);
    }

    /// Writes the next one.
    pub(super) fn put(&self, settings: SessionSettings, writer: &mut Writer) {
        self.floor.put(settings, writer);
    }

    /// Takes what a 422 demands; says whether proposing again can help.
    pub(super) fn raise(&mut self, settings: SessionSettings, refusal: &Message<'_>) -> bool {
        self.floor.raise(refusal, self.floor.proposed_s(settings))
    }
}

/// How long the session has from a 2xx on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans {
    /// Until we refresh it, if we do.
    pub(super) refresh: Option<Duration>,
    /// Until it ends.
    pub(super) end: Duration,
}

/// Where a refresh of ours stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Refresh {
    /// None is due.
    #[default]
    Idle,
    /// It goes out as soon as no change is in its way.
    Due,
    /// Our UPDATE waits for its answer. A re-INVITE is the leg's change.
    Asked(ClientKey),
}

/// What went wrong since the last refresh.
#[derive(Clone, Copy, Debug, Default)]
struct Setbacks {
    failed: u8,
    path_lost: bool,
}

/// The session timer of an answered leg.
#[derive(Debug, Default)]
pub(super) struct SessionTimer {
    /// Nothing: the session lasts until somebody hangs up.
    agreed: Option<Agreed>,
    floor: Floor,
    /// Their Allow names UPDATE (RFC 4028 section 7.4).
    pub(super) updates: bool,
    pub(super) refresh: Refresh,
    setbacks: Setbacks,
}

impl SessionTimer {
    /// Of a leg we called, by its 2xx.
    pub(super) fn of_call(proposal: &Proposal, settings: SessionSettings, answer: &Message<'_>) -> Self {
        let mut timer = Self { floor: proposal.floor, ..Self::default() };
        timer.answered(settings, answer);
        timer
    }

    /// Reads the 2xx to an INVITE or UPDATE of ours (section 7.2). Without Session-Expires there is no timer, although we
    /// asked for one: whoever knows none is not troubled with refreshes, and found out by OPTIONS once it falls silent.
    pub(super) fn answered(&mut self, settings: SessionSettings, answer: &Message<'_>) {
        self.hear_allow(answer);
        let expires =
            answer.header(HeaderName::SessionExpires).and_then(|value| SessionExpires::parse(value).ok());
        self.agreed = expires.map(|expires| Agreed {
            // Below our Min-SE, which no answer may be, refreshes would have no end.
            interval_s: expires.seconds.max(settings.min_interval_s),
            refresher: match expires.refresher {
                Some(Refresher::Uas) => Side::Theirs,
                Some(Refresher::Uac) | None => Side::Ours,
            },
        });
    }

    /// Writes into our 2xx what we make of the request it answers (section 9).
    pub(super) fn answer(&mut self, settings: SessionSettings, request: &Message<'_>, writer: &mut Writer) {
        self.hear_allow(request);
        let asked = Asked::read(request);
        self.floor.seconds = self.floor.seconds.max(asked.min_s);
        self.agreed = self.agree(settings, asked);
        let Some(Agreed { interval_s, refresher }) = self.agreed else { return };
        if asked.knows {
            // A MUST when they refresh, a SHOULD when they have to notice that we don't.
            writer.header(HeaderName::Require, TIMER);
        }
        put_expires(writer, interval_s, refresher.part(false));
    }

    /// Table 2 of section 9. We may lower what they ask for, though not below their Min-SE, and never raise it.
    fn agree(&self, settings: SessionSettings, asked: Asked) -> Option<Agreed> {
        let ours_s = self.floor.proposed_s(settings);
        match (asked.expires, asked.knows) {
            (Some(expires), true) => Some(Agreed {
                interval_s: expires.seconds.min(ours_s),
                refresher: match expires.refresher {
                    Some(Refresher::Uas) => Side::Ours,
                    Some(Refresher::Uac) | None => Side::Theirs,
                },
            }),
            // A proxy between us asks. What is too short can neither be raised nor, to who knows no 422, be refused.
            (Some(expires), false) if expires.seconds >= settings.min_interval_s => {
                Some(Agreed { interval_s: expires.seconds.min(ours_s), refresher: Side::Ours })
            }
            (Some(_), false) => None,
            (None, true) => {
                let agreed = self.agreed.unwrap_or(Agreed { interval_s: ours_s, refresher: Side::Theirs });
                Some(Agreed { interval_s: agreed.interval_s.max(self.floor.min_s(settings)), ..agreed })
            }
            (None, false) => self.agreed.filter(|agreed| agreed.refresher == Side::Ours),
        }
    }

    /// Writes what a re-INVITE or UPDATE of ours says of the session: as agreed, the parts unchanged (section 7.4).
    pub(super) fn put(&self, settings: SessionSettings, writer: &mut Writer) {
        if let Some(Agreed { refresher, .. }) = self.agreed {
            put_expires(writer, self.asked_s(settings), refresher.part(true));
            writer.header_fmt(HeaderName::MinSe, format_args!("{}", self.floor.min_s(settings)));
        }
    }

    /// What [`Self::put`] asks for.
    fn asked_s(&self, settings: SessionSettings) -> u32 {
        let agreed_s = self.agreed.map_or(settings.interval_s, |agreed| agreed.interval_s);
        agreed_s.max(self.floor.min_s(settings))
    }

    /// A 2xx came or went: from now on the session lasts as agreed, if it is to end at all.
    pub(super) fn begin(&mut self) -> Option<Spans> {
        self.setbacks = Setbacks::default();
        self.floor.raises = 0;
        if self.refresh == Refresh::Due {
            self.refresh = Refresh::Idle;
        }
        let Agreed { interval_s, refresher } = self.agreed?;
        let interval = Duration::from_secs(interval_s.into());
        Some(match refresher {
            // Section 7.2 recommends half the interval.
            Side::Ours => Spans { refresh: Some(interval / 2), end: interval },
            Side::Theirs => Spans { refresh: None, end: interval - BEFORE_EXPIRY.min(interval / 3) },
        })
    }

    /// Takes what a 422 to a re-INVITE or UPDATE demands; says whether asking again can help.
    pub(super) fn raise(&mut self, settings: SessionSettings, refusal: &Message<'_>) -> bool {
        let asked_s = self.asked_s(settings);
        self.floor.raise(refusal, asked_s)
    }

    /// A refresh was refused or lost; says whether to try once more.
    pub(super) fn may_try_again(&mut self) -> bool {
        self.setbacks.failed += 1;
        let ours = self.agreed.is_some_and(|agreed| agreed.refresher == Side::Ours);
        ours && self.setbacks.failed < TRIES
    }

    /// The path of a refresh was lost; says whether that of the one before was too.
    pub(super) const fn is_lost_again(&mut self) -> bool {
        std::mem::replace(&mut self.setbacks.path_lost, true)
    }

    fn hear_allow(&mut self, message: &Message<'_>) {
        let mut methods = message.values(HeaderName::Allow).peekable();
        if methods.peek().is_some() {
            self.updates = methods.any(|method| method == Method::Update.as_bytes());
        }
    }
}

/// The option tag (section 12.1).
const TIMER: &str = "timer";

fn put_expires(writer: &mut Writer, interval_s: u32, refresher: Refresher) {
    writer.header_fmt(
        HeaderName::SessionExpires,
        format_args!("{interval_s};refresher={}", refresher.as_str()),
    );
}

/// What a request of theirs asks of the session.
#[derive(Clone, Copy, Debug)]
struct Asked {
    expires: Option<SessionExpires>,
    /// Its Min-SE; 0 without one.
    min_s: u32,
    /// Whoever sent it knows session timers.
    knows: bool,
}

impl Asked {
    /// What can't be read is passed over (RFC 3261 section 8.2.2).
    fn read(request: &Message<'_>) -> Self {
        Self {
            expires: only(request, HeaderName::SessionExpires).ok().flatten(),
            min_s: only(request, HeaderName::MinSe).ok().flatten().map_or(0, |least| least.seconds),
            knows: names_timer(request, HeaderName::Supported) || names_timer(request, HeaderName::Require),
        }
    }
}

fn names_timer(request: &Message<'_>, name: HeaderName) -> bool {
    request.values(name).any(|tag| tag.eq_ignore_ascii_case(TIMER.as_bytes()))
}

/// The one value of Session-Expires or Min-SE; an error when it is none or there are two that differ.
fn only(message: &Message<'_>, name: HeaderName) -> Result<Option<SessionExpires>, ()> {
    let mut values = message.headers(name);
    let Some(first) = values.next() else { return Ok(None) };
    if values.any(|other| other != first) {
        return Err(());
    }
    SessionExpires::parse(first).map(Some).map_err(|_| ())
}

/// What is wrong with what an INVITE or UPDATE asks of the session.
pub(in crate::signaling) fn fault(request: &Message<'_>, settings: SessionSettings) -> Option<Refusal> {
    let readable = [HeaderName::SessionExpires, HeaderName::MinSe].map(|name| only(request, name).is_ok());
    if readable != [true, true] && names_timer(request, HeaderName::Require) {
        return Some(Refusal::BadTimer);
    }
    let asked = Asked::read(request);
    let short = asked.expires.is_some_and(|expires| expires.seconds < settings.min_interval_s);
    // Only to who knows what it says (RFC 4028 section 9).
    (short && asked.knows).then_some(Refusal::TooShort(settings.min_interval_s))
}
