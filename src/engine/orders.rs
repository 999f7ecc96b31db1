//! What the core orders, done with signaling and media.

use super::core::{Command, Dial, Diverted, Output};
use super::legs::{Heard, Inbound, Leg, Stage};
use super::{Engine, EngineTrunk, Observation};
use crate::base::{Cause, Codec, Flow, LegId, Now, Transport, TrunkId, limits};
use crate::call::{Event as CallEvent, VisitEnd};
use crate::media::{self, PortId, Tone};
use crate::signaling::{
    Caller, Codecs, Direction, Diversion, DiversionReason, Invite, LocalMedia, MediaOffer, Rejection,
    passport,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What an INVITE says of us before its path is known.
const UNTOLD: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const NOWHERE: Flow =
    Flow { transport: Transport::Udp, local: SocketAddr::new(UNTOLD, 0), remote: SocketAddr::new(UNTOLD, 0) };

impl Engine {
    pub(super) fn order(&mut self, now: Now, output: Output) {
        match output {
            Output::Leg { leg, command: Command::Dial(dial) } => self.dial_with_port(now, leg, dial),
            Output::Leg { leg, command } => self.carry_out(now, leg, command),
            Output::Observe(observation) => self.observe(observation),
            Output::Moved { from, to } => self.moved(from, to),
            Output::Forgotten(_) => {}
        }
    }

    pub(super) fn carry_out(&mut self, now: Now, id: LegId, command: Command) {
        match command {
            Command::Ring => {
                if let Some(key) = self.calling(id) {
                    self.stack.ring(now.moment, key);
                }
            }
            Command::PassProgress { from } => self.pass_progress(now, id, from),
            Command::Answer => self.answer(now, id),
            Command::Dial(dial) => self.dial(now, id, dial),
            Command::Deflect(deflection) => self.deflect(now, id, &deflection),
            Command::HangUp(cause) => self.hang_up(now, id, cause),
            Command::Play { prompt, token } => self.hear(id, Heard::Prompt { prompt, token }),
            Command::Music(music) => self.hear(id, Heard::Music { music, played: 0 }),
            Command::Ringback => self.hear(id, Heard::Ringback),
            Command::Silence => self.hear(id, Heard::Silence),
            Command::Whisper(whisper) => self.hear(id, Heard::Whisper(whisper)),
            Command::ReportTransfer(code) => {
                if let Some(key) = self.legs.get(id).map(|leg| leg.key) {
                    self.stack.report_refer(now.moment, key, code);
                }
            }
            Command::Connect { with } => {
                self.share_board(now, id, with);
                self.connect(id, with);
            }
            Command::Held(by, music) => self.held(id, by, music),
            Command::Resumed(by) => self.resumed(id, by),
        }
    }

    /// The SIP leg of a caller not yet answered.
    fn calling(&self, id: LegId) -> Option<crate::signaling::LegKey> {
        self.legs.get(id).filter(|leg| leg.stage == Stage::Calling).map(|leg| leg.key)
    }

    fn pass_progress(&mut self, now: Now, id: LegId, from: LegId) {
        let Some(key) = self.calling(id) else { return };
        if self.legs.get(id).is_some_and(|leg| leg.offered || leg.heard == Heard::Peer(from)) {
            // Without their offer there is nothing to answer early; and once is enough.
            return self.stack.ring(now.moment, key);
        }
        if let Some(local) = self.local_media(id) {
            self.stack.progress(now.moment, key, local);
            self.attach(id);
            self.connect(id, from);
        }
    }

    fn answer(&mut self, now: Now, id: LegId) {
        let Some(key) = self.calling(id) else { return };
        match self.local_media(id) {
            Some(local) => {
                self.set_stage(id, Stage::Up);
                self.stack.accept(now.moment, key, local);
                self.attach(id);
            }
            None => {
                self.hang_up(now, id, Cause::Overload);
                self.core.happened(now, id.call, CallEvent::HungUp(0, Cause::Overload));
            }
        }
    }

    fn dial(&mut self, now: Now, id: LegId, dial: Dial) {
        let ways = self.stack.ways(dial.trunk, dial.is_emergency);
        let is_trunk = self.config.trunks.get(dial.trunk.index()).is_some();
        if is_trunk && ways.is_empty() {
            self.core.happened(now, id.call, CallEvent::LegRefused(id.number, Cause::Unreachable));
            return self.core.leg_gone(now, id);
        }
        let first = ways.first().copied().unwrap_or(NOWHERE);
        let caller_leg = LegId::caller(id.call);
        // The caller's port first: both must lie on one board.
        let board = self.port(caller_leg).map(|port| port.board);
        let Some(port) = board.and_then(|board| self.ports.take(Some(board))) else {
            return self.no_port(now, id);
        };
        let caller = self.legs.get(caller_leg);
        let codecs = self.codecs(dial.trunk);
        let trunk = self.config.trunks.get(dial.trunk.index());
        let inbound = caller.and_then(|leg| leg.inbound.as_deref());
        let offer = LocalMedia {
            rtp: SocketAddr::new(trunk.map_or(UNTOLD, |trunk| trunk.media.told), port.number),
            // The caller's own codec first: then nothing has to be transcoded.
            codecs: caller
                .and_then(|leg| leg.remote.as_ref())
                .map_or_else(|| codecs.iter().copied().collect(), |remote| preferring(remote.codec, codecs)),
            direction: Direction::SendRecv,
        };
        let from = match &dial.caller {
            // Whoever calls for help is to be found.
            Some(number) => Caller {
                number: number.to_string(),
                display: None,
                anonymous: !dial.is_emergency && inbound.is_some_and(|inbound| inbound.caller.anonymous),
            },
            None => inbound.map_or_else(Caller::default, |inbound| inbound.caller.clone()),
        };
        let mut invite = Invite::new(first, &dial.user, from, offer.clone());
        invite.offer = MediaOffer::Early(offer);
        // RFC 3261 section 16.6: a back-to-back agent that hands on a call hands on its hops.
        invite.max_forwards = inbound.map_or(70, |inbound| inbound.max_forwards.saturating_sub(1));
        if let Some(Diverted { from, after }) = &dial.diverted {
            invite.diversions = diversions(from, *after, inbound);
        }
        invite.referred_by.clone_from(&dial.referred_by);
        invite.user_to_user = inbound.and_then(|inbound| inbound.user_to_user.clone());
        let Some(trunk) = trunk else {
            return self.dial_phone(now, id, &dial, port, &invite);
        };
        if let Some(written) = self.core.written_caller(id.call, dial.trunk, &invite.caller.number) {
            invite.caller.number = written;
        }
        invite.target_host = trunk.peer.host_of(first);
        as_trunk_wants(&mut invite, now, &dial, trunk, inbound);
        let media = trunk.media;
        let key = self.attempt(now, id, dial.trunk, invite, ways);
        let mut leg = Leg::new(key, dial.trunk, media, Stage::Called);
        leg.party = dial.is_agent.then(|| dial.user.as_str().into());
        leg.port = Some(port);
        leg.offered = true;
        leg.moved = dial.moved;
        self.legs.insert(id, leg);
    }

    /// There is no port for a leg to be dialled.
    pub(super) fn no_port(&mut self, now: Now, id: LegId) {
        self.observe(Observation::LimitReached { limit: "ports", cause: Cause::Overload });
        self.core.happened(now, id.call, CallEvent::LegRefused(id.number, Cause::Overload));
        self.core.leg_gone(now, id);
    }

    /// What may be spoken on a line.
    fn codecs(&self, trunk: TrunkId) -> &[Codec] {
        self.config.trunks.get(trunk.index()).map_or(&Codec::ALL, |trunk| &trunk.peer.codecs)
    }

    /// Ends a leg as its stage asks. Its audio stops at once.
    pub(super) fn hang_up(&mut self, now: Now, id: LegId, cause: Cause) {
        if self.port_wait.forget(id) {
            return self.core.leg_gone(now, id);
        }
        let Some(leg) = self.legs.get(id) else { return };
        let (key, stage, others) = (leg.key, leg.stage, leg.others.clone());
        self.attempts.forget(id);
        self.end_stage(now, id);
        for other in others {
            self.stack.cancel(now.moment, other, cause);
        }
        match stage {
            Stage::Calling => self.stack.reject(now.moment, key, Rejection::from(cause)),
            Stage::Called => self.stack.cancel(now.moment, key, cause),
            Stage::Up => self.stack.bye(now.moment, key, cause),
            Stage::Over => {}
        }
    }

    /// The leg's port, lent now if it has none.
    fn port(&mut self, id: LegId) -> Option<PortId> {
        let beside = self.board_beside(id);
        let leg = self.legs.get_mut(id)?;
        if leg.port.is_none() && leg.stage != Stage::Over {
            leg.port =
                beside.and_then(|board| self.ports.take(Some(board))).or_else(|| self.ports.take(None));
        }
        leg.port
    }

    pub(super) fn local_media(&mut self, id: LegId) -> Option<LocalMedia> {
        let port = self.port(id)?;
        let leg = self.legs.get(id)?;
        Some(LocalMedia {
            rtp: SocketAddr::new(leg.media.told, port.number),
            codecs: self.codecs(leg.trunk).iter().copied().collect(),
            direction: Direction::SendRecv,
        })
    }

    fn connect(&mut self, a: LegId, b: LegId) {
        if let Some(leg) = self.legs.get_mut(b) {
            leg.heard = Heard::Peer(a);
        }
        self.hear(a, Heard::Peer(b));
    }

    fn hear(&mut self, id: LegId, heard: Heard) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        leg.heard = heard;
        if leg.attached {
            self.sound(id);
        }
    }

    /// Tells the media plane what an attached leg hears now.
    pub(super) fn sound(&mut self, id: LegId) {
        let Some(leg) = self.legs.get(id).filter(|leg| leg.attached) else { return };
        let Some(port) = leg.port else { return };
        let command = match leg.heard {
            Heard::Nothing => media::Command::Quiet { port },
            Heard::Ringback => media::Command::Tone { port, tone: Tone::Ringback },
            Heard::Silence => media::Command::Tone { port, tone: Tone::Silence },
            Heard::Prompt { prompt, token } => match self.config.sounds.prompt(prompt) {
                Some(sound) => media::Command::Play { port, token, sound: sound.clone(), repeat: false },
                None => media::Command::Tone { port, tone: Tone::Silence },
            },
            Heard::Whisper(whisper) => match whisper.and_then(|prompt| self.config.sounds.prompt(prompt)) {
                Some(sound) => media::Command::Play { port, token: 0, sound: sound.clone(), repeat: true },
                None => media::Command::Tone { port, tone: Tone::PressKey },
            },
            Heard::Music { music, played } => match self.config.sounds.piece(music, played) {
                Some((sound, only)) => {
                    media::Command::Play { port, token: 0, sound: sound.clone(), repeat: only }
                }
                None => media::Command::Tone { port, tone: Tone::Silence },
            },
            Heard::Held { by, music, played } => return self.sound_of_hold(port, by, music, played),
            Heard::Peer(peer) => {
                match self.legs.get(peer).filter(|peer| peer.attached).and_then(|peer| peer.port) {
                    Some(other) => media::Command::Connect { a: port, b: other },
                    // The other side attaches later, and connects then.
                    None => return,
                }
            }
        };
        self.command(command);
    }
}

/// Who sent a call on, and why (RFC 5806 section 4): the newest first, we, and what came with the call below it.
pub(super) fn diversions(from: &str, after: Option<VisitEnd>, inbound: Option<&Inbound>) -> Vec<Diversion> {
    let ours = Diversion { user: from.into(), reason: reason(after), is_ours: true };
    let before = inbound.into_iter().flat_map(|inbound| &inbound.diversions).cloned();
    std::iter::once(ours).chain(before).take(limits::DIVERSIONS).collect()
}

/// Why a call is sent on, in the words of RFC 5806.
const fn reason(after: Option<VisitEnd>) -> DiversionReason {
    match after {
        None => DiversionReason::Unconditional,
        Some(VisitEnd::Overflowed) => DiversionReason::NoAnswer,
        Some(VisitEnd::Full) => DiversionReason::UserBusy,
        Some(VisitEnd::Nobody) => DiversionReason::Unavailable,
        Some(VisitEnd::Closed) => DiversionReason::TimeOfDay,
        Some(VisitEnd::Answered | VisitEnd::Abandoned | VisitEnd::AbandonedShort | VisitEnd::Failed) => {
            DiversionReason::Unknown
        }
    }
}

/// What one trunk's peers are told of a call, and another's are not.
fn as_trunk_wants(
    invite: &mut Invite,
    now: Now,
    dial: &Dial,
    trunk: &EngineTrunk,
    inbound: Option<&Inbound>,
) {
    invite.trunk = Some(dial.trunk);
    if dial.is_agent {
        invite.extra_headers.clone_from(&trunk.alerting);
    }
    invite.domain.clone_from(&trunk.peer.domain);
    invite.policy = trunk.identity.clone();
    let signed = dial.signed.as_ref().filter(|_| trunk.identity.relays && trunk.identity.number.is_none());
    if let Some((inbound, (caller, called))) = inbound.zip(signed) {
        let passes = |value: &[u8]| passport::may_pass(value, now.utc, caller, called);
        invite.identities = inbound.identities.iter().filter(|value| passes(value)).cloned().collect();
    }
}

/// A trunk's codecs with `first` in front, if the trunk knows it.
fn preferring(first: crate::base::Codec, codecs: &[crate::base::Codec]) -> Codecs {
    let mut ordered: Codecs = codecs.iter().copied().collect();
    ordered.sort_by_key(|codec| *codec != first);
    ordered
}
