//! Server transactions in the layer: matching requests, answering them, doing what their machines ask.

use super::action::{Action, Actions, Class, TransactionTimer as Timer};
use super::identity;
use super::layer::{Layer, method_label};
use super::server::Server;
use super::server_invite::ServerInvite;
use crate::base::{Flow, Moment, give_back};
use crate::signaling::compose;
use crate::signaling::event::{LegKey, Observation};
use crate::signaling::mark::Marked;
use crate::signaling::timer::TimerName;
use crate::wire::sip::{HeaderName, Message, Method, Writer};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// A server transaction, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey(pub(super) u64);

/// What a request is to the transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::signaling) enum Arrival {
    /// A copy, dealt with.
    Repeated,
    /// Nothing any transaction knows.
    Fresh,
}

/// What an ACK is to the transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::signaling) enum Acked {
    /// It acknowledged a refusal.
    Refusal,
    /// It is a dialog's, or nobody's.
    Fresh,
}

#[derive(Debug)]
enum Machine {
    Invite(ServerInvite),
    Other(Server),
}

#[derive(Debug)]
pub(super) struct ServerTransaction {
    machine: Machine,
    /// The method's metric label.
    method: &'static str,
    /// Where it came from.
    source: SocketAddr,
    /// Where its responses go.
    flow: Flow,
    leg: Option<LegKey>,
    /// Our tag in To, where the request had none.
    tag: Option<Marked>,
    /// Its CSeq number.
    number: u32,
    /// The request until its final response is out.
    request: Bytes,
    response: Bytes,
    identity: Arc<[u8]>,
    merge: Option<Arc<[u8]>>,
}

impl Layer {
    /// Matches a request other than ACK.
    pub(in crate::signaling) fn match_request(
        &mut self,
        now: Moment,
        request: &Message<'_>,
        method: Method<'_>,
    ) -> Arrival {
        let Some(key) = self.server_named(request, method) else { return Arrival::Fresh };
        let Some(server) = self.servers.get_mut(&key) else { return Arrival::Fresh };
        let actions = match &mut server.machine {
            Machine::Invite(machine) => machine.on_repeat(),
            Machine::Other(machine) => machine.on_repeat(),
        };
        let flow = server.flow;
        self.observe(Observation::RetransmissionReceived { flow, method: method_label(method) });
        self.run_server(now, key, &actions);
        Arrival::Repeated
    }

    /// Matches an ACK.
    pub(in crate::signaling) fn match_ack(&mut self, now: Moment, ack: &Message<'_>) -> Acked {
        let Some(key) = self.server_named(ack, Method::Invite) else { return Acked::Fresh };
        let settings = self.settings();
        let Some(ServerTransaction { machine: Machine::Invite(machine), .. }) = self.servers.get_mut(&key)
        else {
            return Acked::Fresh;
        };
        let actions = machine.on_ack(&settings);
        if actions.contains(&Action::Deliver) {
            return Acked::Fresh;
        }
        self.run_server(now, key, &actions);
        Acked::Refusal
    }

    /// The leg and the To tag of the live INVITE a CANCEL is for.
    pub(in crate::signaling) fn cancelled_invite(
        &mut self,
        cancel: &Message<'_>,
    ) -> Option<(Option<LegKey>, Option<Marked>)> {
        let key = self.server_named(cancel, Method::Invite)?;
        self.servers.get(&key).map(|server| (server.leg, server.tag))
    }

    /// The path the responses to a live request take, and its CSeq number.
    pub(in crate::signaling) fn server_request(&self, key: ServerKey) -> Option<(Flow, u32)> {
        self.servers.get(&key).map(|server| (server.flow, server.number))
    }

    /// Whether the same request is being served already, having come another way (RFC 3261 section 8.2.2.2).
    pub(in crate::signaling) fn is_merged(&mut self, request: &Message<'_>) -> bool {
        let mut scratch = std::mem::take(&mut self.scratch);
        let merged = identity::write_merge(&mut scratch, request).is_some()
            && self.identities.contains_key(&scratch[..]);
        self.scratch = scratch;
        merged
    }

    fn server_named(&mut self, request: &Message<'_>, method: Method<'_>) -> Option<ServerKey> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let written = identity::write(&mut scratch, request, method);
        let key = written.and_then(|()| self.identities.get(&scratch[..]).copied());
        self.scratch = scratch;
        key
    }

    /// Opens a transaction for a request no other knows. `tag` goes into To where the request has none.
    pub(in crate::signaling) fn open_server(
        &mut self,
        flow: Flow,
        request: &Message<'_>,
        bytes: &[u8],
        leg: Option<LegKey>,
        tag: Option<Marked>,
    ) -> ServerKey {
        let method = request.method().expect("only requests open server transactions");
        let settings = self.settings();
        let reliable = flow.transport.is_reliable();
        let machine = if method == Method::Invite {
            Machine::Invite(ServerInvite::start(reliable, &settings))
        } else {
            Machine::Other(Server::start(reliable))
        };
        let key = ServerKey(self.next_server);
        self.next_server += 1;
        let mut scratch = std::mem::take(&mut self.scratch);
        let written = identity::write(&mut scratch, request, method);
        written.expect("only requests that were validated open transactions");
        let identity: Arc<[u8]> = scratch[..].into();
        self.identities.insert(identity.clone(), key);
        let initial = method == Method::Invite && request.to().is_ok_and(|to| to.tag.is_none());
        let merge: Option<Arc<[u8]>> = initial.then(|| {
            let written = identity::write_merge(&mut scratch, request);
            written.expect("only requests that were validated open transactions");
            scratch[..].into()
        });
        if let Some(merge) = &merge {
            self.identities.insert(merge.clone(), key);
        }
        self.scratch = scratch;
        let server = ServerTransaction {
            machine,
            method: method_label(method),
            source: flow.remote,
            flow: compose::reply_path(flow, request),
            leg,
            tag,
            number: request.cseq().map_or(0, |cseq| cseq.number),
            request: Bytes::copy_from_slice(bytes),
            response: Bytes::new(),
            identity,
            merge,
        };
        self.servers.insert(key, server);
        key
    }

    /// Answers a request; what came before a final response is forgotten with it. Returns what was sent.
    pub(in crate::signaling) fn answer(
        &mut self,
        now: Moment,
        key: ServerKey,
        code: u16,
        phrase: &str,
        fill: impl FnOnce(&mut Writer, &Message<'_>),
    ) -> Option<Bytes> {
        let settings = self.settings();
        let server = self.servers.get_mut(&key)?;
        let class = Class::of(code);
        let actions = match &mut server.machine {
            Machine::Invite(machine) => machine.on_answer(class, &settings),
            Machine::Other(machine) => machine.on_answer(class, &settings),
        };
        if !actions.contains(&Action::Send) {
            return None;
        }
        let request = Message::parse(&server.request).expect("it was parsed when it came");
        // A 100 makes no dialog, so it names none (RFC 3261 section 8.2.6.2).
        let tag = server.tag.filter(|_| code > 100);
        compose::start_response(&mut self.writer, &request, server.source, code, phrase, tag);
        if code > 100 {
            self.writer.header(HeaderName::Server, self.config.user_agent.as_str());
        }
        fill(&mut self.writer, &request);
        let response = self.writer.finish();
        server.response = response.clone();
        if class != Class::Provisional {
            server.request = Bytes::new();
        }
        let (flow, method) = (server.flow, server.method);
        self.observe(Observation::ResponseSent { flow, method, code });
        self.run_server(now, key, &actions);
        Some(response)
    }

    /// A transaction's timer fell due.
    pub(in crate::signaling) fn on_server_timer(&mut self, now: Moment, key: ServerKey, timer: Timer) {
        let settings = self.settings();
        let Some(server) = self.servers.get_mut(&key) else { return };
        let actions: Actions = match &mut server.machine {
            Machine::Invite(machine) => machine.on_timer(timer, &settings),
            Machine::Other(machine) => machine.on_timer(timer),
        };
        self.run_server(now, key, &actions);
    }

    /// Does what a server machine asks.
    fn run_server(&mut self, now: Moment, key: ServerKey, actions: &[Action]) {
        for action in actions {
            match *action {
                Action::Send | Action::SendAgain => {
                    let Some(server) = self.servers.get(&key) else { continue };
                    let (flow, response, method) = (server.flow, server.response.clone(), server.method);
                    if *action == Action::SendAgain {
                        self.observe(Observation::Retransmitted { flow, method });
                    }
                    self.send(flow, response);
                }
                Action::Set(timer, after) => self.timers.set(TimerName::Server(key, timer), now + after),
                Action::Stop(timer) => {
                    self.timers.cancel(TimerName::Server(key, timer));
                }
                Action::End => self.drop_server(key),
                // A refusal nobody acknowledges is over all the same; its leg ended with it.
                Action::TimeOut | Action::SendAck | Action::Deliver | Action::Fail => {}
            }
        }
    }

    fn drop_server(&mut self, key: ServerKey) {
        let Some(server) = self.servers.remove(&key) else { return };
        self.identities.remove(&server.identity);
        if let Some(merge) = server.merge {
            self.identities.remove(&merge);
        }
        give_back(&mut self.servers);
        give_back(&mut self.identities);
        for timer in [Timer::G, Timer::H, Timer::I, Timer::J, Timer::L] {
            self.timers.cancel(TimerName::Server(key, timer));
        }
    }
}
