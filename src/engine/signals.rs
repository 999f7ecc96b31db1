//! What signaling and media report, told to the core in its own words.

use super::attempts::{self, Why};
use super::core::Arrival;
use super::keys::Way;
use super::legs::{Heard, Inbound, Leg, Stage, tag, untag};
use super::{Engine, MediaAddress, Observation, PhoneObservation};
use crate::base::{Cause, Flow, LegId, Name, Now, TrunkId, codec};
use crate::call::Event as CallEvent;
use crate::media::{self, SourceLocking, StreamSetup};
use crate::signaling::{self, Invitation, LegEvent, LegKey, Output, RemoteMedia};

impl Engine {
    pub(super) fn signal(&mut self, now: Now, output: Output) {
        match output {
            Output::Send { flow, bytes } => self.effects.push_back(super::Effect::Send { flow, bytes }),
            Output::Invited { leg, invitation } => self.invited(now, leg, *invitation),
            Output::Leg { leg, event } => match self.legs.id(leg) {
                Some(id) => {
                    if let Some(event) = self.of_contacts(now, id, leg, event) {
                        self.leg_event(now, id, leg, event);
                    }
                }
                // A leg of ours that the call has forgotten already: let its far end go.
                None => self.orphan(now, leg, &event),
            },
            Output::Resolve(question) => self.effects.push_back(super::Effect::Resolve(question)),
            Output::Observed(observed) => self.signaling_observed(now, observed),
        }
    }

    fn invited(&mut self, now: Now, key: LegKey, invitation: Invitation) {
        let Some(trunk) = invitation.trunk else {
            return self.stack.reject(now.moment, key, Cause::Forbidden.into());
        };
        let comes_back = self.comes_back(&invitation);
        let place = self.place_asked_for(key, &invitation);
        if let Some((_, cause @ Cause::Overload)) = invitation.refusal {
            self.observe(Observation::LimitReached { limit: "legs", cause });
        }
        let caller = &invitation.caller;
        let call = self.core.arrived(
            now,
            Arrival {
                trunk,
                caller: if caller.anonymous { String::new() } else { caller.number.clone() },
                display: caller.display.clone(),
                dialled: invitation.dialled,
                sip_call_id: invitation.call_id,
                refused: invitation.refusal.map(|(_, cause)| cause).or(comes_back).or(place.err()),
                in_place_of: place.ok().flatten(),
            },
        );
        let trunk_media = self.config.trunks.get(trunk.index()).map(|trunk| trunk.media);
        let of_path = self.config.media(invitation.flow);
        // Who calls by the other kind of address than the trunk's hears nothing at that one.
        let same_kind = |media: &MediaAddress| media.told.is_ipv4() == of_path.told.is_ipv4();
        let media = trunk_media.filter(same_kind).unwrap_or(of_path);
        let mut leg = Leg::new(key, trunk, media, Stage::Calling);
        leg.port = self.port_for_place(place.ok().flatten());
        leg.party = invitation.phone;
        leg.offered = invitation.offer.is_none();
        leg.remote = invitation.offer;
        leg.inbound = Some(Box::new(Inbound {
            caller: invitation.caller,
            max_forwards: invitation.max_forwards,
            diversions: invitation.diversions,
            identities: invitation.identities,
            user_to_user: invitation.user_to_user,
        }));
        self.legs.insert(LegId::caller(call), leg);
        self.admit(now, call);
    }

    /// Whether we sent this call on from the very number it is for: then whoever it was sent to sent it back.
    fn comes_back(&self, invitation: &Invitation) -> Option<Cause> {
        let mut ours = invitation.diversions.iter().filter(|diversion| diversion.is_ours);
        let back = ours.any(|diversion| self.core.is_same_number(&diversion.user, &invitation.dialled));
        back.then_some(Cause::Loop)
    }

    fn leg_event(&mut self, now: Now, id: LegId, key: LegKey, event: LegEvent) {
        let number = id.number;
        match event {
            LegEvent::Cancelled => {
                self.end_stage(now, id);
                self.tell(now, id, CallEvent::HungUp(number, Cause::Cancelled));
            }
            LegEvent::Confirmed { media } => {
                if let Some(media) = media {
                    self.first_remote(now, id, media);
                }
                // One that came over from a call of its own is no caller here.
                if id.is_caller() {
                    self.tell(now, id, CallEvent::CallerConfirmed);
                }
            }
            LegEvent::Ringing => {
                self.attempts.forget(id);
                self.set_ringing(id);
                self.tell(now, id, CallEvent::LegRinging(number));
            }
            LegEvent::Progressed { media: None, .. } => {
                self.set_ringing(id);
                self.tell(now, id, CallEvent::LegRinging(number));
            }
            LegEvent::Progressed { media: Some(media), .. } => {
                self.set_ringing(id);
                self.remote(id, media);
                self.tell(now, id, CallEvent::LegProgressed(number));
            }
            LegEvent::Answered { media } => {
                self.attempts.forget(id);
                self.set_stage(id, Stage::Up);
                self.first_remote(now, id, media);
                self.tell(now, id, CallEvent::LegAnswered(number));
            }
            LegEvent::Forwarded => self.tell(now, id, CallEvent::LegForwarded(number)),
            LegEvent::Redirected { code, user } => self.redirected(now, id, code, &user),
            LegEvent::Refused { code, cause } => self.leg_refused(now, id, code, cause),
            LegEvent::Brought { carried } => self.pass_on(id, carried),
            LegEvent::Referred { referral } => self.referred(now, id, key, &referral),
            LegEvent::SendingOn => self.is_sending_on(id),
            LegEvent::SentOn => self.sent_on(now, id),
            LegEvent::NotSentOn => self.not_sent_on(now, id),
            LegEvent::HungUp { cause, .. } => {
                self.end_stage(now, id);
                if !self.hung_up_sent_on(now, id) {
                    self.tell(now, id, CallEvent::HungUp(number, cause));
                }
                self.withhold(now, key);
            }
            LegEvent::Remote { media } => self.remote_changed(now, id, media),
            LegEvent::KeyPressed { key } => self.key(now, id, key, Way::Info),
            LegEvent::Failed { cause } => self.leg_failed(now, id, cause),
            LegEvent::Ended => {
                self.attempts.forget(id);
                self.end_stage(now, id);
                self.legs.remove(id);
                self.core.leg_gone(now, id);
            }
        }
    }

    fn leg_refused(&mut self, now: Now, id: LegId, code: u16, cause: Cause) {
        if attempts::speaks_of_peer(code) && self.try_next(now, id, Why::Refused) {
            return;
        }
        self.attempts.forget(id);
        self.end_stage(now, id);
        self.tell(now, id, CallEvent::LegRefused(id.number, cause));
    }

    fn leg_failed(&mut self, now: Now, id: LegId, cause: Cause) {
        if cause == Cause::Unreachable && self.try_next(now, id, Why::Unreachable) {
            return;
        }
        self.attempts.forget(id);
        let unanswered = self.legs.get(id).is_some_and(|leg| leg.stage == Stage::Called);
        self.end_stage(now, id);
        let event = if unanswered {
            CallEvent::LegRefused(id.number, cause)
        } else {
            CallEvent::HungUp(id.number, cause)
        };
        self.tell(now, id, event);
    }

    /// Nobody waits any longer for a peer that says nothing; its INVITE is watched until it is over.
    pub(super) fn unreachable(&mut self, now: Now, id: LegId, key: LegKey) {
        self.leg_failed(now, id, Cause::Unreachable);
        self.stack.cancel(now.moment, key, Cause::Unreachable);
    }

    fn tell(&mut self, now: Now, leg: LegId, event: CallEvent) {
        self.core.happened(now, leg.call, event);
    }

    fn orphan(&mut self, now: Now, key: LegKey, event: &LegEvent) {
        match event {
            LegEvent::HungUp { .. } => self.stack.release_bye(now.moment, key),
            LegEvent::Answered { .. } => self.stack.bye(now.moment, key, Cause::Normal),
            LegEvent::Cancelled
            | LegEvent::Confirmed { .. }
            | LegEvent::Ringing
            | LegEvent::Progressed { .. }
            | LegEvent::Forwarded
            | LegEvent::Refused { .. }
            | LegEvent::Remote { .. }
            | LegEvent::KeyPressed { .. }
            | LegEvent::Brought { .. }
            | LegEvent::Referred { .. }
            | LegEvent::Redirected { .. }
            | LegEvent::SendingOn
            | LegEvent::SentOn
            | LegEvent::NotSentOn
            | LegEvent::Failed { .. }
            | LegEvent::Ended => {}
        }
    }

    pub(super) fn set_stage(&mut self, id: LegId, stage: Stage) {
        if let Some(leg) = self.legs.get_mut(id) {
            leg.stage = stage;
        }
        self.legs.touch(id);
    }

    fn set_ringing(&mut self, id: LegId) {
        if let Some(leg) = self.legs.get_mut(id) {
            leg.rings = true;
        }
        self.legs.touch(id);
    }

    /// The leg is over for the call: its audio stops at once, whatever signaling still has to do.
    pub(super) fn end_stage(&mut self, now: Now, id: LegId) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        leg.stage = Stage::Over;
        leg.heard = Heard::Nothing;
        let (trunk, attached) = (leg.trunk, std::mem::take(&mut leg.attached));
        let port = leg.port.take();
        self.legs.touch(id);
        let Some(port) = port else { return };
        self.ports.release(port, now.moment);
        if attached {
            self.draining.insert(port, trunk);
            self.command(media::Command::Release { port });
        } else {
            // Never lent to a stream: there is nothing to drain and nothing to count.
            self.command(media::Command::Close { port });
        }
    }

    /// The far end's audio is known, or known anew: lend it the port.
    pub(super) fn remote(&mut self, id: LegId, remote: RemoteMedia) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        leg.remote = Some(remote);
        self.attach(id);
    }

    /// What a leg is answered with may be a hold already.
    fn first_remote(&mut self, now: Now, id: LegId, remote: RemoteMedia) {
        let is_up = hears(&remote);
        self.remote(id, remote);
        if !is_up {
            self.tell(now, id, CallEvent::Held(id.number));
        }
    }

    pub(super) fn attach(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        let (Some(port), Some(remote)) = (leg.port, &leg.remote) else { return };
        let first = !leg.attached;
        leg.attached = true;
        // Events come with the payload type of whoever takes them: ours when we offered (RFC 3264 section 5.1).
        let dtmf = if leg.offered { remote.dtmf.map(|_| codec::TELEPHONE_EVENT) } else { remote.dtmf };
        let setup = StreamSetup {
            remote: remote.rtp,
            remote_rtcp: Some(remote.rtcp),
            codec: remote.codec,
            payload_types: remote.payload_types,
            dtmf,
            dtmf_send: remote.dtmf,
            send: remote.direction.receives() && !remote.rtp.ip().is_unspecified(),
            receive: remote.direction.sends(),
            locking: SourceLocking::Strict,
            local: Some(leg.media.bound),
        };
        self.command(media::Command::Attach { port, tag: tag(id), setup });
        if first {
            self.sound(id);
        }
    }

    /// A re-INVITE changed the stream. Who no longer wants to hear the other holds the other.
    fn remote_changed(&mut self, now: Now, id: LegId, remote: RemoteMedia) {
        let was_up = self.legs.get(id).and_then(|leg| leg.remote.as_ref()).is_none_or(hears);
        let is_up = hears(&remote);
        self.remote(id, remote);
        // Before there is anybody to hear, the call remembers it for the bridge.
        if was_up && !is_up {
            self.tell(now, id, CallEvent::Held(id.number));
        } else if !was_up && is_up {
            self.tell(now, id, CallEvent::Resumed(id.number));
        }
    }

    pub(super) fn media(&mut self, now: Now, event: media::Event) {
        match event {
            media::Event::Opened { port } => self.ports.opened(port),
            media::Event::OpenFailed { port, .. } => self.ports.failed(port, now.moment),
            media::Event::Closed { port } => self.ports.closed(port, now.moment),
            media::Event::Digit { tag, digit, .. } => self.key(now, untag(tag), digit, Way::Audio),
            media::Event::PlayEnded { tag, token, .. } => self.play_ended(now, untag(tag), token),
            media::Event::Stats { port, stats, .. } => {
                let Some(trunk) = self.draining.remove(&port) else { return };
                let trunk = self.trunk_name(trunk);
                self.observe(Observation::Audio {
                    trunk,
                    received: stats.received,
                    sent: stats.sent,
                    lost: u64::try_from(stats.lost).unwrap_or(0),
                    transcoded: stats.transcoded,
                    refused: stats.refused_source,
                });
            }
            media::Event::FirstPacket { .. } => {}
            media::Event::Silent { tag, .. } => self.ask_whether_there(now, untag(tag)),
            media::Event::CommandRefused { port, refusal } => {
                self.observe(Observation::Fault {
                    what: format!("media refused a command for {port}: {refusal:?}"),
                });
            }
        }
    }

    /// The caller's keys choose, and those of a phone that is asked for one accept; nobody else's mean anything.
    fn key(&mut self, now: Now, id: LegId, key: char, way: Way) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        let is_asked = matches!(leg.heard, Heard::Whisper(_));
        if (id.is_caller() || is_asked) && leg.keys.is_press(now.moment, key, way) {
            let event = match id.number {
                0 => CallEvent::KeyPressed(key),
                number => CallEvent::LegKeyPressed(number, key),
            };
            self.tell(now, id, event);
        }
    }

    /// A far end that says nothing may be on hold, muted, or gone without a BYE: signaling asks it.
    fn ask_whether_there(&mut self, now: Now, id: LegId) {
        if let Some(leg) = self.legs.get(id).filter(|leg| leg.stage == Stage::Up) {
            self.stack.probe(now.moment, leg.key);
        }
    }

    fn play_ended(&mut self, now: Now, id: LegId, token: u64) {
        match self.legs.get_mut(id).map(|leg| &mut leg.heard) {
            Some(Heard::Prompt { token: playing, .. }) if *playing == token => {
                self.tell(now, id, CallEvent::PromptEnded(token));
            }
            Some(Heard::Music { played, .. } | Heard::Held { played, .. }) => {
                *played = played.wrapping_add(1);
                self.sound(id);
            }
            Some(
                Heard::Prompt { .. }
                | Heard::Nothing
                | Heard::Ringback
                | Heard::Silence
                | Heard::Whisper(_)
                | Heard::Peer(_),
            )
            | None => {}
        }
    }

    fn signaling_observed(&mut self, now: Now, observed: signaling::Observation) {
        use signaling::Observation as Seen;
        let observation = match observed {
            Seen::RequestReceived { flow, method } => {
                Observation::SipRequest { direction: "in", trunk: self.trunk_at(&flow), method }
            }
            Seen::RequestSent { flow, method } => {
                Observation::SipRequest { direction: "out", trunk: self.trunk_at(&flow), method }
            }
            Seen::ResponseReceived { flow, method, code } => {
                Observation::SipResponse { direction: "in", trunk: self.trunk_at(&flow), method, code }
            }
            Seen::ResponseSent { flow, method, code } => {
                Observation::SipResponse { direction: "out", trunk: self.trunk_at(&flow), method, code }
            }
            Seen::Retransmitted { flow, .. } => {
                Observation::SipRetransmission { direction: "out", trunk: self.trunk_at(&flow) }
            }
            Seen::RetransmissionReceived { flow, .. } => {
                Observation::SipRetransmission { direction: "in", trunk: self.trunk_at(&flow) }
            }
            Seen::FirstResponse { flow, method, after } => {
                Observation::SipFirstResponse { trunk: self.trunk_at(&flow), method, after }
            }
            Seen::SourceRefused => Observation::SourceRefused,
            Seen::Banned { source, lasts } => Observation::Banned { source, lasts },
            Seen::Limited { limit } => Observation::SipLimited { limit },
            Seen::ParseFailed => Observation::NotSip,
            Seen::Strayed => Observation::SipStray,
            Seen::Peer { trunk, peer, up } => Observation::Peer { trunk: self.trunk_name(trunk), peer, up },
            Seen::LookupFailed { trunk } => Observation::LookupFailed { trunk: self.trunk_name(trunk) },
            Seen::TrunkRegistered { trunk } => {
                Observation::Registration { trunk: self.trunk_name(trunk), registered: true }
            }
            Seen::TrunkUnregistered { trunk } => {
                Observation::Registration { trunk: self.trunk_name(trunk), registered: false }
            }
            Seen::CredentialsRefused { trunk } => {
                Observation::CredentialsRefused { trunk: self.trunk_name(trunk), why: "credentials" }
            }
            Seen::RealmRefused { trunk } => {
                Observation::CredentialsRefused { trunk: self.trunk_name(trunk), why: "realm" }
            }
            Seen::PhoneChallenged => Observation::Phone(PhoneObservation::Challenged),
            Seen::ChallengeWithheld => Observation::Phone(PhoneObservation::Withheld),
            Seen::PhoneRefused { why } => Observation::Phone(PhoneObservation::Refused { why }),
            Seen::FlowProved { flow } => return self.effects.push_back(super::Effect::Prove { flow }),
            Seen::ReuseAsked { flow, address } => {
                return self.effects.push_back(super::Effect::Reuse { flow, address });
            }
            Seen::FlowShut { flow } => return self.effects.push_back(super::Effect::Close { flow }),
            Seen::FlowLapsed { flow } => return self.effects.push_back(super::Effect::Distrust { flow }),
            Seen::RegistrarAnswered { result } => Observation::Phone(PhoneObservation::Answered { result }),
            Seen::LampRefused => Observation::Phone(PhoneObservation::LampRefused),
            Seen::ContactReplaced => Observation::Phone(PhoneObservation::Replaced),
            Seen::PhoneContacts { phone, contacts } => return self.phone_contacts(now, phone, contacts),
            Seen::TrunkUp { trunk } => return self.core.trunk(now, trunk, true),
            Seen::TrunkDown { trunk } => return self.core.trunk(now, trunk, false),
        };
        self.observe(observation);
    }

    fn trunk_at(&self, flow: &Flow) -> Option<Name> {
        self.stack.trunk_at(flow).map(|trunk| self.trunk_name(trunk))
    }

    pub(super) fn trunk_name(&self, trunk: TrunkId) -> Name {
        self.core.trunk_name(trunk).clone()
    }
}

/// Whether the far end wants to hear us: not on hold, in either style (RFC 3264 section 8.4, RFC 2543).
fn hears(remote: &RemoteMedia) -> bool {
    remote.direction.receives() && !remote.rtp.ip().is_unspecified()
}
