//! Floor 4: Core (acd + call + timers) wrapped by SIP and media. What goes in is an [`Event`], what comes out an
//! [`Effect`]; between the two nothing waits, sleeps or looks at a clock.
#![forbid(unsafe_code)]

mod attempts;
mod config;
pub mod core;
mod crossing;
mod deflect;
mod hold;
mod keys;
mod lamps;
mod legs;
mod lobby;
pub mod observation;
mod orders;
mod overload;
mod phones;
mod port_wait;
mod signals;
mod sounds;
pub mod status;
mod takeover;
pub mod traces;
mod transfer;
pub mod wanted;
mod withheld;

pub use self::core::Core;
pub use config::{EngineConfig, EnginePhones, EngineTrunk, MediaAddress};
pub use lobby::{Lobby, Turn, Welcome};
pub use observation::{Observation, PhoneObservation};
pub use sounds::Sounds;

use crate::base::dns::{Answer, Question, Silent};
use crate::base::{Flow, JournalSeq, Map, Moment, Now, Random, TrunkId, limits};
use crate::media::{self, PortId, PortPool};
use crate::signaling::Stack;
use attempts::Attempts;
use bytes::Bytes;
use legs::Legs;
use port_wait::PortWait;
use std::collections::VecDeque;
use std::net::SocketAddr;
use withheld::Withheld;

/// What the world tells the engine.
#[derive(Debug)]
pub enum Event<'a> {
    /// One SIP message: a datagram, or one framed message of a stream.
    Sip {
        /// The path it came on.
        flow: Flow,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// A stream brought what can't be cut into messages, and is about to be closed.
    Unframed {
        /// The stream.
        flow: Flow,
        /// Its bytes, from the start of the message whose end nobody can tell.
        bytes: &'a [u8],
    },
    /// An initial INVITE that can't be served in time.
    TurnedAway {
        /// The path it came on.
        flow: Flow,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// A path is gone: a stream closed or never opened, or no socket here could reach its peer.
    FlowLost(Flow),
    /// The DNS answered a question of [`Effect::Resolve`], or did not.
    Resolved {
        /// What was asked.
        question: Question,
        /// What it said.
        answer: Result<Answer, Silent>,
    },
    /// Something happened to a port or a sound.
    Media(media::Event),
    /// The journal is on disk up to here.
    Stored(JournalSeq),
    /// So much waits for the disk that a new call might leave no record; or, with `false`, no longer.
    StoreStrained(bool),
    /// No new calls from here on.
    StopAccepting,
    /// End the calls that are left.
    EndAll,
    /// The service stops: nothing follows.
    Stop,
}

/// What the engine asks of the world, in order.
#[derive(Debug)]
pub enum Effect {
    /// Send one SIP message.
    Send {
        /// The path to take.
        flow: Flow,
        /// Its bytes.
        bytes: Bytes,
    },
    /// Ask the DNS.
    Resolve(Question),
    /// Whoever is at the other end of this stream has proved who it is: it may keep silent.
    Prove {
        /// The stream.
        flow: Flow,
    },
    /// Whoever is at the other end of this stream is a stranger again: it may not.
    Distrust {
        /// The stream.
        flow: Flow,
    },
    /// Whoever is at the other end of this stream is not listened to: it is closed.
    Close {
        /// The stream.
        flow: Flow,
    },
    /// What goes to `address` is to go over this stream, if whoever opened it has shown a certificate for it.
    Reuse {
        /// The stream.
        flow: Flow,
        /// A peer of a trunk.
        address: SocketAddr,
    },
    /// A command for the media plane.
    Media(media::Command),
    /// A fact for the journal, or something worth counting, logging or showing.
    Observe(Observation),
}

/// What the next deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerName {
    /// A transaction, a dialog or a ping.
    Signaling,
    /// A call, an agent or a queue.
    Core,
    /// An RTP port, or a call that waits for one.
    Ports,
    /// A 200 to a BYE that waits for the journal.
    Withheld,
    /// A peer that says nothing to an INVITE.
    Attempts,
    /// The end of overload.
    Calm,
}

/// The engine.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    stack: Stack,
    core: Core,
    ports: PortPool,
    port_wait: PortWait,
    legs: Legs,
    withheld: Withheld,
    attempts: Attempts,
    /// Ports released whose figures are still to come, and the trunk these belong to.
    draining: Map<PortId, TrunkId>,
    /// When a call was last turned away, until that is long ago.
    turned_away: Option<Moment>,
    effects: VecDeque<Effect>,
}

impl Engine {
    /// An engine that serves `config`. Its first effects open ports and ping trunks.
    #[must_use]
    pub fn new(now: Now, config: EngineConfig, mut random: Random) -> Self {
        let stack = Stack::new(config.stack(), random.fork());
        let core = Core::new(
            now,
            config.plan.clone(),
            config.trunks.iter().map(|trunk| trunk.line.clone()).collect(),
            config.next_call,
            config.next_seq,
            random.fork(),
        );
        let core = match &config.phones {
            Some(phones) => core.with_phones(now, phones.line()),
            None => core,
        };
        let ports = PortPool::new(config.ports.clone(), config.boards);
        let mut engine = Self {
            config,
            stack,
            core,
            ports,
            port_wait: PortWait::default(),
            legs: Legs::default(),
            withheld: Withheld::default(),
            attempts: Attempts::default(),
            draining: Map::default(),
            turned_away: None,
            effects: VecDeque::new(),
        };
        engine.stack.handle_timeout(now.moment);
        engine.settle(now);
        engine
    }

    /// Takes one event to its end.
    pub fn handle(&mut self, now: Now, event: Event) {
        match event {
            Event::Sip { flow, bytes } => self.stack.receive(now.moment, flow, bytes),
            Event::Unframed { flow, bytes } => self.stack.unframed(now.moment, flow, bytes),
            Event::TurnedAway { flow, bytes } => self.refuse_unserved(now, flow, bytes),
            Event::FlowLost(flow) => self.stack.flow_lost(now.moment, flow),
            Event::Resolved { question, answer } => self.stack.resolved(now.moment, &question, &answer),
            Event::Media(event) => self.media(now, event),
            Event::Stored(seq) => self.stored(now, seq),
            Event::StoreStrained(strained) => self.core.store_strained(strained),
            Event::StopAccepting => {
                self.core.stop_accepting();
                self.stack.stop_accepting(now.moment);
            }
            Event::EndAll => self.core.end_all(now),
            Event::Stop => self.core.stopped(now),
        }
        self.settle(now);
    }

    /// When something falls due next, and what.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Moment, TimerName)> {
        let due = |at: Option<Moment>, name| at.map(|at| (at, name));
        [
            due(self.stack.poll_timeout().map(|(at, _)| at), TimerName::Signaling),
            due(self.core.poll_timeout(), TimerName::Core),
            due(self.ports.poll_timeout(), TimerName::Ports),
            due(self.port_wait.poll_timeout(), TimerName::Ports),
            due(self.withheld.poll_timeout(), TimerName::Withheld),
            due(self.attempts.poll_timeout(), TimerName::Attempts),
            due(self.turned_away.map(|at| at + limits::OVERLOAD_CALM), TimerName::Calm),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Handles everything that is due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.stack.handle_timeout(now.moment);
        self.settle(now);
        self.core.handle_timeout(now);
        self.ports.tick(now.moment);
        self.calm_down(now);
        self.release_late(now);
        self.check_attempts(now);
        self.settle(now);
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The core, to look at.
    #[must_use]
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// The SIP stack, to look at.
    #[must_use]
    pub const fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The ports, to look at.
    #[must_use]
    pub const fn ports(&self) -> &PortPool {
        &self.ports
    }

    /// Legs of calls that are not over, or not taken down yet.
    #[must_use]
    pub fn leg_count(&self) -> usize {
        self.legs.len()
    }

    /// Lets signaling, core and ports speak to each other until none has anything left to say.
    fn settle(&mut self, now: Now) {
        loop {
            if let Some(output) = self.core.poll() {
                self.order(now, output);
            } else if let Some(output) = self.stack.poll() {
                self.signal(now, output);
            } else if let Some(extension) = self.legs.take_touched() {
                self.show_lamp(now, &extension);
            } else if !self.serve_port_wait(now) {
                break;
            }
        }
        let wanted = self.ports.refill().map(|port| Effect::Media(media::Command::Open { port }));
        self.effects.extend(wanted);
    }

    fn observe(&mut self, observation: Observation) {
        self.effects.push_back(Effect::Observe(observation));
    }

    fn command(&mut self, command: media::Command) {
        self.effects.push_back(Effect::Media(command));
    }
}
