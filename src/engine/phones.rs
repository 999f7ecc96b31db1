//! Phones that register here: who can be rung, and ringing all the contacts of one at once. The first to answer has the
//! call; one that refuses leaves it to the others (RFC 3261 section 16.7, as a forking proxy would).

use super::core::Dial;
use super::legs::{Leg, Stage};
use super::{Engine, Observation, PhoneObservation};
use crate::base::{Cause, LegId, Now, PhoneId};
use crate::call::Event as CallEvent;
use crate::media::{self, PortId};
use crate::signaling::{ContactPath, Invite, LegEvent, LegKey};

impl Engine {
    /// A phone's contacts were registered, lapsed, or are gone.
    pub(super) fn phone_contacts(&mut self, now: Now, phone: PhoneId, contacts: usize) {
        let Some(extension) = self.core.phone(now, phone, contacts > 0) else { return };
        self.observe(Observation::Phone(PhoneObservation::Contacts { extension, contacts }));
    }

    /// Rings every contact of a phone. `invite` says all but where.
    pub(super) fn dial_phone(&mut self, now: Now, id: LegId, dial: &Dial, port: PortId, invite: &Invite) {
        let phone = self.core.phone_of(&dial.user);
        let contacts = phone.map(|phone| self.stack.contacts(phone)).unwrap_or_default();
        let mut keys: Vec<LegKey> = Vec::with_capacity(contacts.len());
        let mut media = None;
        for contact in contacts {
            let own = self.config.media(contact.flow);
            media.get_or_insert(own);
            keys.push(self.invite(now, id, to_contact(invite, contact, own.told, port.number)));
        }
        let (Some(media), Some(first)) = (media, keys.first().copied()) else {
            // Its last contact lapsed between the choice of the phone and this.
            self.ports.release(port, now.moment);
            self.command(media::Command::Close { port });
            self.core.happened(now, id.call, CallEvent::LegRefused(id.number, Cause::Unreachable));
            return self.core.leg_gone(now, id);
        };
        let mut leg = Leg::new(first, dial.trunk, media, Stage::Called);
        leg.party = Some(dial.user.as_str().into());
        leg.others = keys[1..].iter().copied().collect();
        leg.port = Some(port);
        leg.offered = true;
        leg.moved = dial.moved;
        self.legs.insert(id, leg);
    }

    /// What one of several contacts says, in the words of the one leg they are; nothing while another may yet answer.
    pub(super) fn of_contacts(
        &mut self,
        now: Now,
        id: LegId,
        key: LegKey,
        event: LegEvent,
    ) -> Option<LegEvent> {
        let Some(leg) = self.legs.get_mut(id) else { return Some(event) };
        if leg.others.is_empty() {
            let before = leg.refused.filter(|_| leg.stage == Stage::Called);
            return Some(match (before, event) {
                (Some(before), LegEvent::Refused { code, cause }) => {
                    LegEvent::Refused { code, cause: more_telling(before, cause) }
                }
                (Some(before), LegEvent::Failed { cause }) => {
                    LegEvent::Failed { cause: more_telling(before, cause) }
                }
                (_, event) => event,
            });
        }
        match event {
            // Each may send audio of its own, and nobody could hear them all.
            LegEvent::Ringing | LegEvent::Progressed { .. } => Some(LegEvent::Ringing),
            LegEvent::Answered { .. } => {
                // Each contact was told where audio comes on its own path.
                if let Some(flow) = self.stack.path_of(key) {
                    leg.media = self.config.media(flow);
                }
                for loser in self.legs.keep_only(id, key) {
                    self.stack.cancel(now.moment, loser, Cause::AnsweredElsewhere);
                }
                Some(event)
            }
            LegEvent::Refused { cause, .. } | LegEvent::Failed { cause } => {
                self.contact_refused(id, key, cause);
                None
            }
            // While the others ring, nobody is sent elsewhere.
            LegEvent::Redirected { code, .. } => {
                self.contact_refused(id, key, Cause::from_sip_code(code));
                None
            }
            LegEvent::Brought { .. } | LegEvent::Forwarded => Some(event),
            LegEvent::Ended => {
                self.legs.drop_contact(id, key);
                None
            }
            LegEvent::Cancelled
            | LegEvent::Confirmed { .. }
            | LegEvent::HungUp { .. }
            | LegEvent::Referred { .. }
            | LegEvent::SendingOn
            | LegEvent::SentOn
            | LegEvent::NotSentOn
            | LegEvent::Remote { .. }
            | LegEvent::KeyPressed { .. } => None,
        }
    }

    fn contact_refused(&mut self, id: LegId, key: LegKey, cause: Cause) {
        let Some(leg) = self.legs.get_mut(id).filter(|leg| leg.stage == Stage::Called) else { return };
        leg.refused = Some(leg.refused.map_or(cause, |before| more_telling(before, cause)));
        self.legs.drop_contact(id, key);
    }
}

/// Of two contacts' refusals the one that says more of the person than of the network.
fn more_telling(one: Cause, other: Cause) -> Cause {
    if one == Cause::Unreachable { other } else { one }
}

fn to_contact(invite: &Invite, contact: ContactPath, shown: std::net::IpAddr, port: u16) -> Invite {
    use crate::signaling::MediaOffer;
    let mut invite = invite.clone();
    invite.target_host = shown.to_string();
    invite.flow = contact.flow;
    invite.contact = Some(contact);
    invite.offer = match invite.offer {
        MediaOffer::Early(mut local) => {
            local.rtp = std::net::SocketAddr::new(shown, port);
            MediaOffer::Early(local)
        }
        MediaOffer::Late(local) => MediaOffer::Late(local),
    };
    invite
}
