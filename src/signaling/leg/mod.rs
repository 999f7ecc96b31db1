//! A leg: one dialog from its first INVITE to its last BYE. One file per verb of the protocol.
//! Must never know of other legs, calls or trunks' states.

mod accept;
mod again;
mod bye;
mod call;
mod change;
mod info;
mod prack;
mod probe;
mod refer;
mod refresh;
mod reliable;
mod send_on;
mod session;

use super::compose;
use super::crossing::Carried;
use super::dialog::Dialog;
use super::event::{LegEvent, LegKey};
use super::media::{Codecs, LocalMedia, RemoteMedia};
use super::offer_answer::Negotiation;
use super::replaces::{Replaces, Standing};
use super::timer::{LegTimer, TimerName};
use super::transaction::{ClientKey, Layer, ServerKey};
use super::verbs::Rejection;
use crate::base::{Cause, Flow, Moment};
use crate::wire::sip::{HeaderName, Message, Scheme, Writer};
use bytes::Bytes;
use prack::Pracks;
use probe::Probe;
use refer::Referring;
use reliable::Reliable;
use send_on::SendingOn;
use session::{Proposal, SessionTimer};
use std::net::SocketAddr;
use std::time::Duration;

pub(super) use accept::Refusal;
pub(super) use call::decline;
pub(super) use session::fault as session_fault;

/// One leg.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) key: LegKey,
    /// The number in our tag.
    pub(super) tag: u64,
    /// We called: the Call-ID is ours.
    is_ours: bool,
    dialog: Dialog,
    media: Negotiation,
    /// Codecs allowed with this peer.
    codecs: Codecs,
    state: State,
    /// Our 2xx to an INVITE, until its ACK.
    unacked: Option<Unacked>,
    /// Our reliable provisional responses to their INVITE.
    reliable: Reliable,
    /// What our answer or farewell passes on of another leg.
    passes: Carried,
    /// Their REFER.
    referring: Referring,
    /// Ours.
    sending_on: SendingOn,
}

/// Where a leg stands.
#[derive(Debug)]
enum State {
    /// Their INVITE waits for our answer.
    Invited {
        invite: ServerKey,
        /// Set when it can only be refused.
        refusal: Option<Refusal>,
    },
    /// Our INVITE waits for theirs.
    Calling(Calling),
    /// Answered.
    Established(Established),
    /// Our BYE waits for its answer.
    HangingUp,
    /// Their BYE waits for `release_bye`.
    HungUp { bye: ServerKey },
    /// Nothing is left.
    Over,
}

/// An INVITE of ours under way.
#[derive(Debug)]
struct Calling {
    /// The far end said that somebody else is rung, and that is told.
    forwarded: bool,
    invite: ClientKey,
    /// What it proposes for the session's timer.
    proposal: Proposal,
    /// The media that answers a late offer.
    late: Option<LocalMedia>,
    /// A provisional response came: CANCEL may go out (RFC 3261 section 9.1).
    provisional: bool,
    /// We gave up.
    cancelled: bool,
    /// Why, for the CANCEL that still has to go out.
    cancel_cause: Option<Cause>,
    /// Their answer as a provisional response gave it, and the tag of the phone that did.
    early: Option<(Box<[u8]>, RemoteMedia)>,
    /// Their reliable provisional responses.
    pracks: Pracks,
}

/// An answered leg.
#[derive(Debug, Default)]
struct Established {
    /// Our re-INVITE under way, and what it offers; nothing new when it only refreshes the session.
    change: Option<(ClientKey, Option<LocalMedia>)>,
    /// What to offer once nothing else is under way.
    wanted: Option<LocalMedia>,
    /// We hung up before the ACK came; the BYE follows it (RFC 3261 section 15).
    hang_up: Option<Cause>,
    /// Our question whether the far end still knows the leg.
    probe: Probe,
    /// How long the session lasts without a refresh.
    session: SessionTimer,
}

/// A 2xx of ours that no ACK came for yet.
#[derive(Debug)]
struct Unacked {
    flow: Flow,
    answer: Bytes,
    /// The CSeq number its ACK carries.
    number: u32,
    interval: Duration,
    /// It answers the INVITE that opened the leg.
    initial: bool,
}

impl Leg {
    /// Whether nothing is left of the leg.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether our INVITE got no response at all yet.
    pub(super) const fn is_silent(&self) -> bool {
        matches!(&self.state, State::Calling(calling) if !calling.provisional)
    }

    /// The path it began on.
    pub(super) const fn flow(&self) -> Flow {
        self.dialog.flow
    }

    /// What all its messages carry.
    pub(super) fn call_id(&self) -> &[u8] {
        &self.dialog.call_id
    }

    /// The far end is a phone that registers here: see [`Dialog::keep`].
    pub(super) fn keep_path(&mut self) {
        self.dialog.keep();
    }

    /// Whether a request of theirs belongs to this leg; its To tag is known to be ours.
    pub(super) fn owns(&self, request: &Message<'_>) -> bool {
        self.dialog.owns(request)
    }

    /// How far the leg is, if this names its dialog; our tag is known to match.
    pub(super) fn standing(&self, replaces: &Replaces) -> Option<Standing> {
        let standing = match self.state {
            State::Invited { .. } => Standing::Theirs,
            State::Calling(_) => Standing::Ours,
            State::Established(_) => Standing::Confirmed,
            State::HangingUp | State::HungUp { .. } | State::Over => Standing::Over,
        };
        // What rings has told us no tag yet, or several.
        let is_theirs = standing == Standing::Ours || replaces.is_from(self.dialog.remote_tag());
        (replaces.is_call(&self.dialog.call_id) && is_theirs).then_some(standing)
    }

    /// What our next answer or farewell passes on of another leg.
    pub(super) fn pass_on(&mut self, carried: Carried) {
        self.passes = carried;
    }

    /// Tells what a message of theirs says to the other side.
    fn bring(&self, layer: &mut Layer, message: &Message<'_>) {
        if let Some(carried) = Carried::read(message) {
            layer.tell(self.key, LegEvent::Brought { carried });
        }
    }

    /// Whether the leg's dialog began over this path.
    pub(super) fn is_on(&self, flow: Flow) -> bool {
        self.dialog.flow == flow
    }

    /// A stream is lost; requests take another path from now on.
    pub(super) fn on_flow_lost(&mut self, flow: Flow) {
        if self.dialog.flow == flow {
            self.dialog.leave_flow();
        }
    }

    /// One of the leg's timers fell due.
    pub(super) fn on_timer(&mut self, now: Moment, layer: &mut Layer, timer: LegTimer) {
        match timer {
            LegTimer::AnswerAgain => self.answer_again(now, layer),
            LegTimer::AckMissing => self.ack_missing(now, layer),
            LegTimer::CancelMissing => self.cancel_missing(layer),
            LegTimer::Glare => self.offer_wanted(now, layer),
            LegTimer::ProvisionalAgain => self.provisional_again(now, layer),
            LegTimer::PrackMissing => self.prack_missing(now, layer),
            LegTimer::Refresh => self.refresh_due(now, layer),
            LegTimer::SessionEnd => self.session_ends(now, layer),
            LegTimer::ReleaseMissing => self.release_bye(now, layer),
            LegTimer::ReferMissing => self.refer_missing(layer),
        }
    }

    /// Breaks an answered leg off: BYE, and the reason why.
    fn break_off(&mut self, now: Moment, layer: &mut Layer, cause: Cause) {
        layer.tell(self.key, LegEvent::Failed { cause });
        self.send_bye(now, layer, cause);
    }

    fn set_timer(&self, layer: &mut Layer, timer: LegTimer, at: Moment) {
        layer.timers.set(TimerName::Leg(self.key, timer), at);
    }

    fn stop_timer(&self, layer: &mut Layer, timer: LegTimer) {
        layer.timers.cancel(TimerName::Leg(self.key, timer));
    }
}

/// What makes a response part of a dialog (RFC 3261 section 12.1.1).
fn put_dialog(writer: &mut Writer, request: &Message<'_>, (flow, public): (Flow, SocketAddr)) {
    writer.copy_headers(request, HeaderName::RecordRoute);
    let scheme = request.request_uri().map_or(Scheme::Sip, |uri| uri.scheme);
    super::dialog::put_contact(writer, flow, public, scheme);
    writer.header(HeaderName::Allow, compose::ALLOW).header(HeaderName::Supported, compose::SUPPORTED);
}

/// Fills a refusal.
fn put_rejection(writer: &mut Writer, rejection: &Rejection) {
    compose::put_reason(writer, rejection.reason.as_ref());
    if let Some(seconds) = rejection.retry_after_s {
        writer.header_fmt(HeaderName::RetryAfter, format_args!("{seconds}"));
    }
}
