//! The stack: bytes and time in, bytes and events out; the verbs a call is made of.
//! Must never know why a verb is called.

use super::config::{Admission, StackConfig};
use super::credentials::Credentials;
use super::crossing::Carried;
use super::event::{LegEvent, LegKey, Observation, Output};
use super::guard::Guard;
use super::lamps::Lamps;
use super::leg::Leg;
use super::mark::NameKind;
use super::media::{Codecs, LocalMedia};
use super::own_address::Faces;
use super::peers;
use super::ping;
use super::refusal::Refusals;
use super::registrar::Registrar;
use super::registration::{self, Registration};
use super::resolve;
use super::timer::{LegTimer, TimerName};
use super::transaction::{Layer, Owner, Reply, Report};
use super::trunk::{Source, Trunks};
use super::verbs::{Invite, Rejection, SendOn};
use crate::base::dns::{Answer, Question, Silent};
use crate::base::{Cause, Flow, Map, Moment, Random, TrunkId, give_back, seeded_map};
use crate::wire::sip::{Message, Method, validate};

/// SIP without sockets. After each call to it, drain [`Stack::poll`].
#[derive(Debug)]
pub struct Stack {
    pub(super) layer: Layer,
    pub(super) legs: Map<LegKey, Leg>,
    /// Legs by the number in our tag.
    pub(super) tags: Map<u64, LegKey>,
    pub(super) trunks: Trunks,
    pub(super) refusals: Refusals,
    pub(super) guard: Guard,
    /// Where phones register.
    pub(super) registrar: Option<Registrar>,
    /// Who watches whom.
    pub(super) lamps: Lamps,
    pub(super) stopping: bool,
    next_leg: u64,
}

impl Stack {
    /// A stack; trunks with a ping or a registration get their first one at the first `handle_timeout`, due at once.
    #[must_use]
    pub fn new(mut config: StackConfig, mut random: Random) -> Self {
        let faces = Faces::of(&config.admission);
        let mut trunks = Trunks::new(std::mem::replace(&mut config.admission, Admission::Anyone));
        let (legs, tags) = (seeded_map(random.number()), seeded_map(random.number()));
        let registrar = config.phones.take().map(Registrar::new);
        let mut layer = Layer::new(config, random);
        layer.credentials = Credentials::of(&trunks);
        layer.faces = faces;
        ping::start(&mut layer, &trunks);
        resolve::start(&mut layer, &trunks);
        registration::start(&mut layer, &mut trunks);
        let guard = Guard::new(layer.config.ban, layer.random.number());
        Self {
            layer,
            legs,
            tags,
            trunks,
            refusals: Refusals::default(),
            guard,
            registrar,
            lamps: Lamps::default(),
            stopping: false,
            next_leg: 0,
        }
    }

    /// What the stack wants done or known next.
    pub fn poll(&mut self) -> Option<Output> {
        self.layer.out.pop_front()
    }

    /// When the next timer falls due, and its name.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Moment, TimerName)> {
        self.layer.timers.next()
    }

    /// Lets every timer due at `now` fall.
    pub fn handle_timeout(&mut self, now: Moment) {
        while let Some((_, name)) = self.layer.timers.pop_due(now) {
            match name {
                TimerName::Client(key, timer) => {
                    if let Some(report) = self.layer.on_client_timer(now, key, timer) {
                        self.deliver(now, &report, None);
                    }
                }
                TimerName::Server(key, timer) => self.layer.on_server_timer(now, key, timer),
                TimerName::Leg(key, timer) => {
                    self.with_leg(key, |leg, layer| leg.on_timer(now, layer, timer))
                }
                TimerName::Ping(peer) => ping::send(&mut self.layer, &mut self.trunks, now, peer),
                TimerName::FirstSign(peer) => {
                    ping::verdict(&mut self.layer, &mut self.trunks, peer, false);
                }
                TimerName::Lookup(trunk) => resolve::due(&mut self.layer, &mut self.trunks, now, trunk),
                TimerName::Rest(peer) => ping::rested(&mut self.layer, &mut self.trunks, peer),
                TimerName::Register(trunk) => {
                    registration::send(&mut self.layer, &mut self.trunks, now, trunk);
                }
                TimerName::RegistrationLapse(trunk) => {
                    registration::lapsed(&mut self.layer, &mut self.trunks, trunk);
                }
                TimerName::BindingLapse(binding) => self.forget_binding(binding),
                TimerName::LampLapse(lamp) => self.lamp_lapsed(now, lamp),
                TimerName::KeepAlive(binding) => self.ask_phone(now, binding),
            }
        }
    }

    /// What a stream brought can't be cut into messages. A request that is one but for its length is refused (RFC 3261
    /// section 18.3); the rest says nothing that could be answered.
    pub fn unframed(&mut self, now: Moment, flow: Flow, bytes: &[u8]) {
        if self.is_shut_out(now, flow) {
            return;
        }
        self.blame_stream(now, flow);
        self.layer.observe(Observation::ParseFailed);
        let Ok(message) = Message::parse(bytes) else { return };
        let is_request = message.method().is_some_and(|method| method != Method::Ack);
        if !is_request || self.trunks.identify(&flow) == Source::Unknown {
            return;
        }
        let code = match validate(&message) {
            Ok(()) => 400,
            Err(refusal) if refusal.answerable => refusal.code,
            Err(_) => return,
        };
        self.refuse(flow, &message, code, |_| {});
    }

    /// A path is lost: its stream closed, or sending failed. What waits for an answer on it fails at once.
    pub fn flow_lost(&mut self, now: Moment, flow: Flow) {
        for report in self.layer.on_path_lost(now, flow) {
            self.deliver(now, &report, None);
        }
        if flow.transport.is_reliable() {
            for leg in self.legs.values_mut() {
                leg.on_flow_lost(flow);
            }
            self.forget_flow(flow);
            self.forget_lamps(flow);
        }
    }

    /// The answer to a question of [`Output::Resolve`].
    pub fn resolved(&mut self, now: Moment, question: &Question, answer: &Result<Answer, Silent>) {
        resolve::answered(&mut self.layer, &mut self.trunks, now, question, answer);
    }

    /// Passes on what became of a client transaction.
    pub(super) fn deliver(&mut self, now: Moment, report: &Report, response: Option<&Message<'_>>) {
        match report.owner {
            Owner::Leg(key) => self.with_leg(key, |leg, layer| leg.on_report(now, layer, report, response)),
            Owner::Ping(peer) => {
                let final_response = response.and_then(Message::code).is_some_and(|code| code >= 200);
                if report.reply != Reply::Response || final_response {
                    ping::ended(&mut self.layer, &mut self.trunks, now, peer, final_response);
                }
            }
            Owner::Registration(_) => {
                registration::ended(&mut self.layer, &mut self.trunks, now, report, response);
            }
            Owner::Phone(binding) => {
                let answered = response.and_then(Message::code).is_some_and(|code| code >= 200);
                if report.reply != Reply::Response || answered {
                    self.phone_asked(now, binding, answered);
                }
            }
            Owner::Lamp(lamp) => self.lamp_told(now, lamp, report, response),
            Owner::Nobody => {}
        }
    }

    /// Sends an INVITE.
    pub fn invite(&mut self, now: Moment, invite: Invite) -> LegKey {
        let (key, tag) = (self.next_key(), self.layer.fresh(NameKind::Tag));
        let codecs = self.codecs(invite.trunk);
        let prack = self.prack(invite.trunk);
        let leg = Leg::call(now, &mut self.layer, key, tag, &invite, codecs, prack);
        self.tags.insert(tag.number, key);
        self.legs.insert(key, leg);
        key
    }

    /// Says 180.
    pub fn ring(&mut self, now: Moment, leg: LegKey) {
        self.with_leg(leg, |leg, layer| leg.progress(now, layer, None));
    }

    /// Says 183 with our answer to the offer, so that audio flows before the call is answered; reliably where the far
    /// end supports it (RFC 3262).
    pub fn progress(&mut self, now: Moment, leg: LegKey, local: LocalMedia) {
        self.with_leg(leg, |leg, layer| leg.progress(now, layer, Some(&local)));
    }

    /// Says 200, with our answer to the offer, or with an offer when the INVITE had none. The codec is the first of
    /// theirs that `local` takes; none in common refuses with 488.
    pub fn accept(&mut self, now: Moment, leg: LegKey, local: LocalMedia) {
        self.with_leg(leg, |leg, layer| leg.accept(now, layer, &local));
    }

    /// Refuses an INVITE. One that came with a refusal of its own gets that code.
    pub fn reject(&mut self, now: Moment, leg: LegKey, rejection: Rejection) {
        self.with_leg(leg, |leg, layer| leg.reject(now, layer, &rejection));
    }

    /// Refuses an INVITE with 302, which names who is to be called instead.
    pub fn redirect(&mut self, now: Moment, leg: LegKey, to: &SendOn) {
        self.with_leg(leg, |leg, layer| leg.redirect(now, layer, to));
    }

    /// Asks an answered leg's far end to call somebody else for itself (REFER).
    pub fn send_on(&mut self, now: Moment, leg: LegKey, to: SendOn) {
        self.with_leg(leg, |leg, layer| leg.send_on(now, layer, to));
    }

    /// The dialog an INVITE asks for is not to be had: its refusal, still to be given, says so with this code.
    pub fn deny_place(&mut self, leg: LegKey, code: u16) {
        self.with_leg(leg, |leg, _| leg.deny_place(code));
    }

    /// Gives an INVITE of ours up: CANCEL waits for the first provisional response, a late 2xx gets ACK and BYE, and
    /// once they answered it is a BYE. [`Cause::AnsweredElsewhere`] keeps phones from showing a missed call.
    pub fn cancel(&mut self, now: Moment, leg: LegKey, cause: Cause) {
        self.with_leg(leg, |leg, layer| leg.cancel(now, layer, cause));
    }

    /// Hangs up; before the ACK to our 200 came, the BYE waits for it (RFC 3261 section 15).
    pub fn bye(&mut self, now: Moment, leg: LegKey, cause: Cause) {
        self.with_leg(leg, |leg, layer| leg.bye(now, layer, cause));
    }

    /// The leg's next answer, CANCEL or BYE passes this on; to be said before the verb that sends it.
    pub fn pass_on(&mut self, leg: LegKey, carried: Carried) {
        self.with_leg(leg, |leg, _| leg.pass_on(carried));
    }

    /// Accepts the REFER that was told of: 202, and a first NOTIFY unless its sender wants none.
    pub fn accept_refer(&mut self, now: Moment, leg: LegKey) {
        self.with_leg(leg, |leg, layer| leg.accept_refer(now, layer));
    }

    /// Refuses the REFER that was told of.
    pub fn refuse_refer(&mut self, now: Moment, leg: LegKey, code: u16) {
        self.with_leg(leg, |leg, layer| leg.refuse_refer(now, layer, code));
    }

    /// Tells the sender of an accepted REFER what has become of it; a code from 200 on is the last.
    pub fn report_refer(&mut self, now: Moment, leg: LegKey, code: u16) {
        self.with_leg(leg, |leg, layer| leg.report_refer(now, layer, code));
    }

    /// Sends the 200 a received BYE waits for.
    pub fn release_bye(&mut self, now: Moment, leg: LegKey) {
        self.with_leg(leg, |leg, layer| leg.release_bye(now, layer));
    }

    /// Offers other media of ours; waits while another change is under way, and tries again after glare.
    pub fn reinvite(&mut self, now: Moment, leg: LegKey, local: LocalMedia) {
        self.with_leg(leg, |leg, layer| leg.reinvite(now, layer, local));
    }

    /// Asks an answered leg's far end whether it still knows the leg; one that does not, or says nothing, breaks it
    /// off.
    pub fn probe(&mut self, now: Moment, leg: LegKey) {
        self.with_leg(leg, |leg, layer| leg.probe(now, layer));
    }

    /// Whoever asks by OPTIONS whether calls are taken hears no from here on, and registrars are asked to forget us.
    pub fn stop_accepting(&mut self, now: Moment) {
        self.stopping = true;
        registration::withdraw(&mut self.layer, &mut self.trunks, now);
    }

    /// Whether a trunk's registrar knows us; nothing where it is not to.
    #[must_use]
    pub fn registered(&self, trunk: TrunkId) -> Option<bool> {
        self.trunks.get(trunk)?.registration.as_ref().map(Registration::registered)
    }

    /// Whether a registrar has yet to answer that it forgot us.
    #[must_use]
    pub fn is_unregistering(&self) -> bool {
        self.trunks.iter().filter_map(|trunk| trunk.registration.as_ref()).any(Registration::is_leaving)
    }

    /// The trunk whose peer, or whose accepted source, is at the end of `flow`.
    #[must_use]
    pub fn trunk_at(&self, flow: &Flow) -> Option<TrunkId> {
        if let Source::Trunk(trunk) = self.trunks.identify(flow) { Some(trunk) } else { None }
    }

    /// Whether a trunk gave a sign of life when last asked; before the first answer it counts as up.
    #[must_use]
    pub fn trunk_up(&self, trunk: TrunkId) -> bool {
        self.trunks.get(trunk).is_some_and(|trunk| trunk.up != Some(false))
    }

    /// The paths to a trunk's peers that may be tried, in the order a call should; none when every peer is down, unless
    /// somebody calls for help: then all of them.
    pub fn ways(&mut self, trunk: TrunkId, is_emergency: bool) -> Vec<Flow> {
        let Some(trunk) = self.trunks.get(trunk) else { return Vec::new() };
        let is_left = trunk.peers.iter().any(peers::Known::is_usable);
        let may_be_tried = |known: &peers::Known| known.is_usable() || is_emergency && !is_left;
        let from = (self.layer.config.listens.as_slice(), trunk.peer.own);
        peers::ways(&trunk.peers, may_be_tried, from, &mut self.layer.random)
    }

    /// The Call-ID of a leg's messages.
    #[must_use]
    pub fn call_id(&self, leg: LegKey) -> Option<&[u8]> {
        self.legs.get(&leg).map(Leg::call_id)
    }

    /// Whether nothing at all came back yet to our INVITE.
    #[must_use]
    pub fn is_silent(&self, leg: LegKey) -> bool {
        self.legs.get(&leg).is_some_and(Leg::is_silent)
    }

    /// The path a leg began on.
    #[must_use]
    pub fn path_of(&self, leg: LegKey) -> Option<Flow> {
        self.legs.get(&leg).map(Leg::flow)
    }

    /// Asks the peer at the end of `flow` for a sign of life now; says whether it is one that is ever asked.
    pub fn ask_peer(&mut self, now: Moment, trunk: TrunkId, flow: Flow) -> bool {
        let asked = self.trunks.get(trunk).is_some_and(|trunk| trunk.peer.ping.is_some());
        match self.trunks.peer_at(trunk, &flow).map(|known| known.key).filter(|_| asked) {
            Some(peer) => ping::send(&mut self.layer, &mut self.trunks, now, peer),
            None => return false,
        }
        true
    }

    /// Whether the peer at the end of `flow` gave a sign of life since then; one that did not counts as down.
    pub fn judge_peer(&mut self, trunk: TrunkId, flow: Flow, since: Moment) -> bool {
        let Some(known) = self.trunks.peer_at(trunk, &flow) else { return true };
        let (peer, alive) = (known.key, known.heard.is_some_and(|heard| heard > since));
        if !alive {
            ping::verdict(&mut self.layer, &mut self.trunks, peer, false);
        }
        alive
    }

    /// Transactions alive, client and server.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.layer.transactions()
    }

    /// Legs alive.
    #[must_use]
    pub fn legs(&self) -> usize {
        self.legs.len()
    }

    /// Timers set.
    #[must_use]
    pub fn timers(&self) -> usize {
        self.layer.timers.len()
    }

    pub(super) fn next_key(&mut self) -> LegKey {
        let key = LegKey(self.next_leg);
        self.next_leg += 1;
        key
    }

    /// Codecs allowed on a trunk, or with anyone.
    pub(super) fn codecs(&self, trunk: Option<TrunkId>) -> Codecs {
        let of_trunk = trunk.and_then(|trunk| self.trunks.get(trunk)).map(|trunk| &trunk.peer.codecs);
        of_trunk.unwrap_or(&self.layer.config.codecs).iter().copied().collect()
    }

    /// Whether provisional responses may be reliable on a trunk, or with anyone.
    pub(super) fn prack(&self, trunk: Option<TrunkId>) -> bool {
        let of_trunk = trunk.and_then(|trunk| self.trunks.get(trunk)).is_none_or(|trunk| trunk.peer.prack);
        of_trunk && self.layer.config.prack
    }

    /// Does something with a leg that may still be there, and clears up when it was the last thing.
    pub(super) fn with_leg(&mut self, key: LegKey, act: impl FnOnce(&mut Leg, &mut Layer)) {
        let Some(leg) = self.legs.get_mut(&key) else { return };
        act(leg, &mut self.layer);
        if !leg.is_over() {
            return;
        }
        self.tags.remove(&leg.tag);
        self.legs.remove(&key);
        give_back(&mut self.tags);
        give_back(&mut self.legs);
        for timer in LegTimer::ALL {
            self.layer.timers.cancel(TimerName::Leg(key, timer));
        }
        self.layer.tell(key, LegEvent::Ended);
    }
}
