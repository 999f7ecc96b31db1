//! What the stack says and what falls due, turned into the next step of each call's script.

use super::call::{Call, Stage};
use super::{Due, Station};
use crate::base::{Cause, Moment};
use crate::endpoint::Sink;
use crate::endpoint::event::{Ending, Event, Happened};
use crate::endpoint::script::{Answering, Pickup};
use crate::signaling::{Invitation, LegEvent, LegKey, Output, Rejection, RemoteMedia};
use std::time::Duration;

impl Station {
    /// Hands over everything the stack wants sent, and steps every call it speaks of.
    pub(super) fn drain(&mut self, now: Moment, sink: &mut impl Sink) {
        while let Some(output) = self.stack.poll() {
            match output {
                Output::Send { flow, bytes } => sink.sip(flow, &bytes),
                Output::Invited { leg, invitation } => self.invited(now, leg, *invitation, sink),
                Output::Leg { leg, event } => self.leg(now, leg, event, sink),
                // Its peers are given by address.
                Output::Resolve(_) => {}
                Output::Observed(observation) => self.traffic.count(&observation),
            }
        }
    }

    fn invited(&mut self, now: Moment, leg: LegKey, invitation: Invitation, sink: &mut impl Sink) {
        let refusal = invitation.refusal;
        let pickup = self.pickup_of(&invitation.dialled);
        let happened =
            Happened::Invited { user: invitation.dialled.clone(), caller: invitation.caller.number.clone() };
        let socket = self.take_socket();
        self.calls.insert(leg, Call::taken(now, invitation, socket));
        sink.event(Event { at: now, call: leg, happened });
        match (refusal, pickup) {
            (Some((code, _)), _) | (None, Pickup::Refuse(code)) => {
                self.stack.reject(now, leg, Rejection::code(code));
                self.end(now, leg, Ending::Refused(code), sink);
            }
            (None, Pickup::RingForever) => self.alert(now, leg, sink),
            (None, Pickup::Answer(answering)) => self.take(now, leg, answering, sink),
        }
    }

    fn take(&mut self, now: Moment, leg: LegKey, answering: Answering, sink: &mut impl Sink) {
        let ring = answering.ring.draw(&mut self.random);
        let talk = answering.talk.map(|talk| talk.draw(&mut self.random));
        if let Some(call) = self.calls.get_mut(&leg) {
            call.follow(answering, talk);
        }
        if ring == Duration::ZERO {
            self.accept(now, leg, sink);
        } else {
            self.alert(now, leg, sink);
            self.timers.set((leg, Due::Answer), now + ring);
        }
    }

    fn alert(&mut self, now: Moment, leg: LegKey, sink: &mut impl Sink) {
        self.stack.ring(now, leg);
        self.rung(now, leg, sink);
    }

    fn accept(&mut self, now: Moment, leg: LegKey, sink: &mut impl Sink) {
        let Some(call) = self.calls.get_mut(&leg) else { return };
        let Stage::Alerting { offer } = &mut call.stage else { return };
        let offer = offer.take();
        let local = self.local_media(self.calls[&leg].socket);
        self.stack.accept(now, leg, local);
        self.answered(now, leg, offer.as_ref(), sink);
    }

    fn leg(&mut self, now: Moment, leg: LegKey, event: LegEvent, sink: &mut impl Sink) {
        match event {
            LegEvent::Ringing => self.rung(now, leg, sink),
            LegEvent::Answered { media } => self.answered(now, leg, Some(&media), sink),
            LegEvent::Confirmed { media: Some(media) } | LegEvent::Remote { media } => {
                self.hear(now, leg, &media);
            }
            LegEvent::Cancelled => self.end(now, leg, Ending::FarGaveUp, sink),
            LegEvent::Refused { code, .. } | LegEvent::Redirected { code, .. } => {
                self.end(now, leg, Ending::FarRefused(code), sink)
            }
            LegEvent::HungUp { cause, .. } => {
                self.stack.release_bye(now, leg);
                self.end(now, leg, Ending::FarHungUp(cause), sink);
            }
            LegEvent::Failed { cause } => self.end(now, leg, Ending::Failed(cause), sink),
            LegEvent::Ended => self.end(now, leg, Ending::Failed(Cause::Lost), sink),
            LegEvent::Referred { .. } => self.stack.refuse_refer(now, leg, 403),
            LegEvent::Confirmed { media: None }
            | LegEvent::Progressed { .. }
            | LegEvent::Forwarded
            | LegEvent::KeyPressed { .. }
            | LegEvent::SendingOn
            | LegEvent::SentOn
            | LegEvent::NotSentOn
            | LegEvent::Brought { .. } => {}
        }
    }

    pub(super) fn fall_due(&mut self, now: Moment, leg: LegKey, due: Due, sink: &mut impl Sink) {
        match due {
            Due::Answer => self.accept(now, leg, sink),
            Due::Press(place) => {
                let key = self.calls.get(&leg).and_then(|call| call.keys.get(usize::from(place)));
                if let Some(digit) = key.map(|key| key.digit) {
                    self.streams.press(now, leg, digit);
                }
            }
            Due::TalkEnd | Due::Patience => self.leave(now, leg, sink),
        }
    }

    /// Hangs up, gives up or refuses.
    pub(super) fn leave(&mut self, now: Moment, leg: LegKey, sink: &mut impl Sink) {
        let Some(call) = self.calls.get(&leg) else { return };
        let ending = match call.stage {
            Stage::Calling => {
                self.stack.cancel(now, leg, Cause::Cancelled);
                Ending::GaveUp
            }
            Stage::Alerting { .. } => {
                self.stack.reject(now, leg, Rejection::from(Cause::Declined));
                Ending::Refused(Cause::Declined.row().sip_code)
            }
            Stage::Talking => {
                self.stack.bye(now, leg, Cause::Normal);
                Ending::HungUp
            }
        };
        self.end(now, leg, ending, sink);
    }

    fn rung(&mut self, now: Moment, leg: LegKey, sink: &mut impl Sink) {
        let Some(call) = self.calls.get_mut(&leg) else { return };
        if call.story.ringing.is_none() {
            call.story.ringing = Some(now);
            sink.event(Event { at: now, call: leg, happened: Happened::Ringing });
        }
    }

    fn answered(&mut self, now: Moment, leg: LegKey, media: Option<&RemoteMedia>, sink: &mut impl Sink) {
        let Some(call) = self.calls.get_mut(&leg) else { return };
        call.stage = Stage::Talking;
        call.story.answered = Some(now);
        if let Some(talk) = call.talk {
            self.timers.set((leg, Due::TalkEnd), now + talk);
        }
        for (place, key) in (0..).zip(&call.keys) {
            self.timers.set((leg, Due::Press(place)), now + key.after);
        }
        if let Some(media) = media {
            self.hear(now, leg, media);
        }
        sink.event(Event { at: now, call: leg, happened: Happened::Answered });
    }

    fn hear(&mut self, now: Moment, leg: LegKey, media: &RemoteMedia) {
        if let Some(call) = self.calls.get(&leg).filter(|call| call.has_audio()) {
            self.streams.open(now, leg, call.socket, call.voice, media);
        }
    }

    fn end(&mut self, now: Moment, leg: LegKey, ending: Ending, sink: &mut impl Sink) {
        let Some(call) = self.calls.remove(&leg) else { return };
        self.streams.close(leg);
        for due in [Due::Answer, Due::TalkEnd, Due::Patience] {
            self.timers.cancel((leg, due));
        }
        for (place, _) in (0..).zip(&call.keys) {
            self.timers.cancel((leg, Due::Press(place)));
        }
        let happened = Happened::Ended(call.ended(now, ending));
        sink.event(Event { at: now, call: leg, happened });
    }
}
