//! The transaction layer: every transaction, every timer, and what waits to be sent or said.
//! Must never know what a leg is doing.

use super::action::TransactionTimer;
use super::clients::{ClientKey, ClientTransaction, Report};
use super::servers::{ServerKey, ServerTransaction};
use crate::base::{Flow, Map, Moment, Random, Timers, seeded_map};
use crate::signaling::config::{Admission, StackConfig, TimerSettings};
use crate::signaling::credentials::Credentials;
use crate::signaling::event::{LegEvent, LegKey, Observation, Output};
use crate::signaling::mark::{MarkKey, Marked, NameKind};
use crate::signaling::own_address::Faces;
use crate::signaling::timer::TimerName;
use crate::wire::sip::{Method, Writer};
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// What every part of a stack works with.
#[derive(Debug)]
pub(in crate::signaling) struct Layer {
    pub(in crate::signaling) config: StackConfig,
    pub(in crate::signaling) random: Random,
    pub(in crate::signaling) marks: MarkKey,
    pub(in crate::signaling) timers: Timers<TimerName>,
    pub(in crate::signaling) out: VecDeque<Output>,
    pub(in crate::signaling) writer: Writer,
    pub(in crate::signaling) credentials: Credentials,
    pub(in crate::signaling) faces: Faces,
    pub(super) clients: Map<ClientKey, ClientTransaction>,
    pub(super) servers: Map<ServerKey, ServerTransaction>,
    /// Server transactions by what identifies them to the far end (RFC 3261 section 17.2.3).
    pub(super) identities: Map<Arc<[u8]>, ServerKey>,
    pub(super) next_server: u64,
    pub(super) scratch: Vec<u8>,
}

impl Layer {
    pub(in crate::signaling) fn new(config: StackConfig, mut random: Random) -> Self {
        let mut key = [0; 32];
        for part in key.chunks_exact_mut(8) {
            part.copy_from_slice(&random.number().to_be_bytes());
        }
        Self {
            marks: MarkKey::new(config.mark_key.unwrap_or(key)),
            timers: Timers::default(),
            out: VecDeque::new(),
            writer: Writer::default(),
            credentials: Credentials::default(),
            faces: Faces::of(&Admission::Anyone),
            clients: seeded_map(random.number()),
            servers: seeded_map(random.number()),
            identities: seeded_map(random.number()),
            next_server: 0,
            scratch: Vec::new(),
            config,
            random,
        }
    }

    pub(in crate::signaling) const fn settings(&self) -> TimerSettings {
        self.config.timers
    }

    /// A name of ours that no other carries.
    pub(in crate::signaling) fn fresh(&mut self, kind: NameKind) -> Marked {
        let number = self.random.number();
        self.marks.name(kind, number)
    }

    /// The address the far end of `flow` is told for the listening address it leaves from.
    pub(in crate::signaling) fn public(&self, flow: Flow) -> SocketAddr {
        self.public_to(flow, &flow)
    }

    /// The same in a dialog that began with who is at the far end of `began`: its next hop may be anywhere.
    pub(in crate::signaling) fn public_to(&self, flow: Flow, began: &Flow) -> SocketAddr {
        let listen = self
            .config
            .listens
            .iter()
            .find(|listen| listen.transport == flow.transport && listen.address == flow.local);
        let public = listen.map_or(flow.local, crate::signaling::config::Listen::public);
        match self.faces.shown(began) {
            Some(shown) if shown.is_ipv4() == public.is_ipv4() => SocketAddr::new(shown, public.port()),
            Some(_) | None => public,
        }
    }

    /// Adds to the request being written what its trunk's peer was last seen to ask for, if anything.
    pub(in crate::signaling) fn put_credentials(&mut self, flow: Flow, method: Method<'_>, uri: &[u8]) {
        if !self.credentials.is_live(flow) {
            return;
        }
        let cnonce = format!("{:016x}", self.random.number());
        for (name, value) in self.credentials.answers(flow, method, uri, cnonce.as_bytes()) {
            self.writer.header(name, value);
        }
    }

    pub(in crate::signaling) fn send(&mut self, flow: Flow, bytes: Bytes) {
        self.out.push_back(Output::Send { flow, bytes });
    }

    pub(in crate::signaling) fn tell(&mut self, leg: LegKey, event: LegEvent) {
        self.out.push_back(Output::Leg { leg, event });
    }

    pub(in crate::signaling) fn observe(&mut self, observation: Observation) {
        self.out.push_back(Output::Observed(observation));
    }

    pub(in crate::signaling) fn transactions(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    /// A transaction's timer fell due.
    pub(in crate::signaling) fn on_client_timer(
        &mut self,
        now: Moment,
        key: ClientKey,
        timer: TransactionTimer,
    ) -> Option<Report> {
        let settings = self.settings();
        let actions = self.clients.get_mut(&key)?.on_timer(timer, &settings);
        self.run_client(now, key, &actions, None)
    }

    /// A path is lost: what waits for an answer on it fails now (RFC 3261 section 17.1.4).
    pub(in crate::signaling) fn on_path_lost(&mut self, now: Moment, flow: Flow) -> Vec<Report> {
        let mut lost: Vec<_> =
            self.clients.iter().filter(|(_, client)| client.sent().0 == flow).map(|(key, _)| *key).collect();
        lost.sort_unstable();
        let mut reports = Vec::new();
        for key in lost {
            if self.back_over_udp(now, key) {
                continue;
            }
            let Some(client) = self.clients.get_mut(&key) else { continue };
            let actions = client.on_path_lost();
            reports.extend(self.run_client(now, key, &actions, None));
        }
        reports
    }
}

/// The metric label of a method: its name, or `OTHER`.
pub(in crate::signaling) fn method_label(method: Method<'_>) -> &'static str {
    method.known().map_or("OTHER", Method::as_str)
}
