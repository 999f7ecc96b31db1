//! Client transactions in the layer: starting them, matching responses, doing what their machines ask.

use super::action::{Action, Actions, Class, TransactionTimer as Timer};
use super::client::Client;
use super::client_invite::ClientInvite;
use super::large::{self, Detour};
use super::layer::{Layer, method_label};
use crate::base::{Flow, Moment, TrunkId, give_back};
use crate::signaling::compose;
use crate::signaling::config::TimerSettings;
use crate::signaling::event::{LegKey, Observation};
use crate::signaling::lamps::LampKey;
use crate::signaling::mark::NameKind;
use crate::signaling::peers::PeerKey;
use crate::signaling::registrar::BindingKey;
use crate::signaling::timer::TimerName;
use crate::wire::sip::{Message, Method};
use bytes::Bytes;
use smallvec::{SmallVec, smallvec};

/// A client transaction: the number in its branch. A CANCEL shares its INVITE's (RFC 3261 section 9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey {
    /// The number in the branch.
    pub(in crate::signaling) number: u64,
    /// Whether this is the CANCEL of the INVITE with that branch.
    pub(in crate::signaling) cancel: bool,
}

/// Who is told what became of a client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::signaling) enum Owner {
    /// A leg.
    Leg(LegKey),
    /// The ping of a trunk's peer.
    Ping(PeerKey),
    /// A trunk's registration.
    Registration(TrunkId),
    /// A phone's keep-alive.
    Phone(BindingKey),
    /// A NOTIFY to whoever watches somebody.
    Lamp(LampKey),
    /// Nobody: the BYE to an answer nobody wanted.
    Nobody,
}

/// What became of a client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::signaling) enum Reply {
    /// The response at hand is for its owner.
    Response,
    /// No answer came in time.
    TimedOut,
    /// It was not sent: no peer takes a request so long.
    TooLong,
    /// Its path is lost.
    PathLost,
}

/// What became of a client transaction, for its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::signaling) struct Report {
    pub(in crate::signaling) owner: Owner,
    pub(in crate::signaling) key: ClientKey,
    pub(in crate::signaling) method: Method<'static>,
    pub(in crate::signaling) reply: Reply,
}

/// One try at a request.
#[derive(Clone, Debug)]
pub(in crate::signaling) struct Attempt {
    pub(in crate::signaling) flow: Flow,
    /// What it went along, where that is not `flow`.
    pub(in crate::signaling) way: Flow,
    pub(in crate::signaling) request: Bytes,
    /// How often the request was sent, under different branches.
    pub(in crate::signaling) tries: u8,
}

#[derive(Debug)]
enum Machine {
    Invite(ClientInvite),
    Other(Client),
}

impl Machine {
    fn start(method: Method<'_>, way: Flow, settings: &TimerSettings) -> (Self, Actions) {
        let reliable = way.transport.is_reliable();
        if method == Method::Invite {
            let (machine, actions) = ClientInvite::start(reliable, settings);
            (Self::Invite(machine), actions)
        } else {
            let (machine, actions) = Client::start(reliable, settings);
            (Self::Other(machine), actions)
        }
    }
}

/// An ACK that went out.
#[derive(Clone, Debug)]
struct Ack {
    /// The To tag of what it acknowledges.
    tag: Box<[u8]>,
    flow: Flow,
    bytes: Bytes,
}

#[derive(Debug)]
pub(super) struct ClientTransaction {
    machine: Machine,
    method: Method<'static>,
    owner: Owner,
    flow: Flow,
    request: Bytes,
    /// What goes out instead, and along which way.
    detour: Option<Detour>,
    /// Which try at the request this is; a challenged one is tried again in a transaction of its own.
    tries: u8,
    /// A copy of a final response gets a copy of its ACK.
    acks: SmallVec<[Ack; 1]>,
    /// Since when nothing came, where it matters how long that takes.
    unanswered: Option<Moment>,
}

impl ClientTransaction {
    pub(super) fn on_timer(&mut self, timer: Timer, settings: &TimerSettings) -> Actions {
        match &mut self.machine {
            Machine::Invite(machine) => machine.on_timer(timer),
            Machine::Other(machine) => machine.on_timer(timer, settings),
        }
    }

    pub(super) fn on_path_lost(&mut self) -> Actions {
        match &mut self.machine {
            Machine::Invite(machine) => machine.on_path_lost(),
            Machine::Other(machine) => machine.on_path_lost(),
        }
    }

    /// What went out, and along which way.
    pub(super) fn sent(&self) -> (Flow, &Bytes) {
        match &self.detour {
            Some(detour) => (detour.way, &detour.request),
            None => (self.flow, &self.request),
        }
    }

    /// Gives up its detour, when nothing came back along it.
    pub(super) fn gives_up_detour(&mut self) -> bool {
        let is_unanswered = match &self.machine {
            Machine::Invite(machine) => machine.is_unanswered(),
            Machine::Other(machine) => machine.is_unanswered(),
        };
        is_unanswered && self.detour.take().is_some()
    }

    fn ack_for(&self, tag: &[u8]) -> Option<(Flow, Bytes)> {
        self.acks.iter().find(|ack| *ack.tag == *tag).map(|ack| (ack.flow, ack.bytes.clone()))
    }
}

impl Layer {
    /// Sends `request`, whose branch carries `key`, and waits for its answer.
    pub(in crate::signaling) fn start_client(
        &mut self,
        now: Moment,
        key: ClientKey,
        method: Method<'static>,
        owner: Owner,
        flow: Flow,
        request: Bytes,
    ) {
        let detour = self.detour(flow, &request);
        let way = detour.as_ref().map_or(flow, |detour| detour.way);
        let (machine, actions) = Machine::start(method, way, &self.settings());
        let is_too_long = large::is_too_long(&request);
        let unanswered = matches!(method, Method::Invite | Method::Options).then_some(now);
        let acks = smallvec![];
        let client =
            ClientTransaction { machine, method, owner, flow, request, detour, tries: 1, acks, unanswered };
        self.clients.insert(key, client);
        if is_too_long {
            self.observe(Observation::Limited { limit: "length" });
            // Its owner hears of it when it has gone on.
            let given_up = if method == Method::Invite { Timer::B } else { Timer::F };
            return self.timers.set(TimerName::Client(key, given_up), now);
        }
        self.observe(Observation::RequestSent { flow, method: method_label(method) });
        self.run_client(now, key, &actions, None);
    }

    /// What a live client transaction sent, along which way: where its CANCEL goes.
    pub(in crate::signaling) fn client_sent(&self, key: ClientKey) -> Option<(Flow, Bytes)> {
        self.clients.get(&key).map(|client| {
            let (way, request) = client.sent();
            (way, request.clone())
        })
    }

    /// Along a way that is lost nobody answered a request that was to go over UDP but for its size: over UDP, then (RFC 3261
    /// section 18.1.1).
    pub(super) fn back_over_udp(&mut self, now: Moment, key: ClientKey) -> bool {
        let settings = self.settings();
        let Some(client) = self.clients.get_mut(&key) else { return false };
        if !client.gives_up_detour() {
            return false;
        }
        let (machine, actions) = Machine::start(client.method, client.flow, &settings);
        client.machine = machine;
        self.run_client(now, key, &actions, None);
        true
    }

    /// The request of a live client transaction, and its path.
    pub(in crate::signaling) fn client_request(&self, key: ClientKey) -> Option<(Flow, Bytes)> {
        self.clients.get(&key).map(|client| (client.flow, client.request.clone()))
    }

    /// The same, and how often it was tried.
    pub(in crate::signaling) fn client_attempt(&self, key: ClientKey) -> Option<Attempt> {
        let client = self.clients.get(&key)?;
        let ClientTransaction { flow, request, tries, .. } = client;
        Some(Attempt { flow: *flow, way: client.sent().0, request: request.clone(), tries: *tries })
    }

    /// Says which try at its request a client transaction is.
    pub(in crate::signaling) fn count_tries(&mut self, key: ClientKey, tries: u8) {
        if let Some(client) = self.clients.get_mut(&key) {
            client.tries = tries;
        }
    }

    /// The owner of an INVITE leaves: its final response has 64 × T1 left to come, whatever provisional ones did.
    pub(in crate::signaling) fn hurry_client(&mut self, now: Moment, key: ClientKey) {
        let name = TimerName::Client(key, Timer::B);
        if self.has_client(key) && self.timers.deadline(name).is_none() {
            self.timers.set(name, now + self.settings().patience());
        }
    }

    /// Forgets a client transaction at once: a cancelled INVITE nobody answers (RFC 3261 section 9.1).
    pub(in crate::signaling) fn drop_client(&mut self, key: ClientKey) {
        self.clients.remove(&key);
        give_back(&mut self.clients);
        for timer in [Timer::A, Timer::B, Timer::D, Timer::E, Timer::F, Timer::K, Timer::M] {
            self.timers.cancel(TimerName::Client(key, timer));
        }
    }

    /// Remembers the ACK to the 2xx with this To tag, for its copies.
    pub(in crate::signaling) fn keep_ack(&mut self, key: ClientKey, tag: &[u8], flow: Flow, bytes: Bytes) {
        if let Some(client) = self.clients.get_mut(&key) {
            client.acks.push(Ack { tag: tag.into(), flow, bytes });
        }
    }

    /// The client transaction a response's top Via names (RFC 3261 section 17.1.3), alive or not; nothing when the
    /// branch is not ours.
    pub(in crate::signaling) fn client_named(&self, response: &Message<'_>) -> Option<ClientKey> {
        let branch = response.top_via().ok()?.branch?;
        let number = self.marks.known(NameKind::Branch, branch)?;
        let cancel = response.cseq().ok()?.method == Method::Cancel;
        Some(ClientKey { number, cancel })
    }

    /// Whether a client transaction lives.
    pub(in crate::signaling) fn has_client(&self, key: ClientKey) -> bool {
        self.clients.contains_key(&key)
    }

    /// A response for the live transaction `key`.
    pub(in crate::signaling) fn on_response(
        &mut self,
        now: Moment,
        key: ClientKey,
        response: &Message<'_>,
    ) -> Option<Report> {
        let (settings, code) = (self.settings(), response.code()?);
        let client = self.clients.get_mut(&key)?;
        if response.cseq().ok()?.method != client.method {
            return None;
        }
        let (flow, method) = (client.flow, method_label(client.method));
        let unanswered = client.unanswered.take();
        let class = Class::of(code);
        if let (Class::Success, Some(tag)) = (class, response.to().ok()?.tag)
            && let Some((way, ack)) = client.ack_for(tag)
        {
            self.observe(Observation::RetransmissionReceived { flow, method });
            self.send(way, ack);
            return None;
        }
        let actions = match &mut client.machine {
            Machine::Invite(machine) => machine.on_response(class, &settings),
            Machine::Other(machine) => machine.on_response(class, &settings),
        };
        if let Some(since) = unanswered {
            self.observe(Observation::FirstResponse { flow, method, after: now.since(since) });
        }
        let delivered = actions.contains(&Action::Deliver);
        self.observe(if delivered {
            Observation::ResponseReceived { flow, method, code }
        } else {
            Observation::RetransmissionReceived { flow, method }
        });
        self.run_client(now, key, &actions, Some(response))
    }

    /// Does what a client machine asks; at most one of its wishes is a report.
    pub(super) fn run_client(
        &mut self,
        now: Moment,
        key: ClientKey,
        actions: &[Action],
        response: Option<&Message<'_>>,
    ) -> Option<Report> {
        let client = self.clients.get(&key)?;
        let (owner, method, flow) = (client.owner, client.method, client.flow);
        let is_too_long = large::is_too_long(&client.request);
        let report = |reply| Some(Report { owner, key, method, reply });
        let mut said = None;
        for action in actions {
            match *action {
                Action::Send | Action::SendAgain => {
                    if *action == Action::SendAgain {
                        self.observe(Observation::Retransmitted { flow, method: method_label(method) });
                    }
                    if let Some((way, request)) = self.client_sent(key) {
                        self.send(way, request);
                    }
                }
                Action::SendAck => self.acknowledge_refusal(key, response),
                Action::Set(timer, after) => self.timers.set(TimerName::Client(key, timer), now + after),
                Action::Stop(timer) => {
                    self.timers.cancel(TimerName::Client(key, timer));
                }
                Action::Deliver => said = report(Reply::Response),
                Action::TimeOut if is_too_long => said = report(Reply::TooLong),
                Action::TimeOut => said = report(Reply::TimedOut),
                Action::Fail => said = report(Reply::PathLost),
                Action::End => self.drop_client(key),
            }
        }
        said
    }

    /// The ACK of the transaction itself (RFC 3261 section 17.1.1.3): same branch, To as answered.
    fn acknowledge_refusal(&mut self, key: ClientKey, response: Option<&Message<'_>>) {
        let (Some(client), Some(response)) = (self.clients.get_mut(&key), response) else { return };
        let tag = response.to().ok().and_then(|to| to.tag).unwrap_or_default();
        let (flow, sent) = client.sent();
        if let Some((flow, ack)) = client.ack_for(tag) {
            self.send(flow, ack);
        } else if let Some(ack) = compose::ack_of_refusal(&mut self.writer, sent, response) {
            self.keep_ack(key, tag, flow, ack.clone());
            self.send(flow, ack);
        }
    }
}
