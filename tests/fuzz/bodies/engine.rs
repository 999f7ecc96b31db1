//! The whole engine with a site, between trunks that say anything, in virtual time (`peer` says how an input is
//! read). Further steps: `K`, a key on the port lent last; `F`, a fault of the disk from here on. Media threads are
//! stood in for: ports open, prompts last 3 s. It never panics, nothing is caught as a fault, and once all calls are
//! ended nothing is left.

use super::peer::{OURS, Peer, STEPS, Step, THEIRS, address, due};
use spillway::base::finding::Source;
use spillway::base::{CallId, Codec, JournalSeq, Moment, Now, Random, Transport, TrunkId, Utc};
use spillway::dialplan::{Files, Ids, Known, Plan, SoundFile, load};
use spillway::engine::core::{Channels, TrunkLine};
use spillway::engine::{Effect, Engine, EngineConfig, EngineTrunk, Event, MediaAddress, Observation, Sounds};
use spillway::media::{Command, Event as MediaEvent, PortId, Sound, StreamStats};
use spillway::settings::NumberFormat;
use spillway::signaling::{BanPolicy, CallerHeader, IdentityPolicy, Listen, OwnAddress, TrunkPeer};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

const PROMPT: Duration = Duration::from_secs(3);

/// Monday 8 June 2026, 10:00 in Paris.
const MORNING: Utc = Utc::from_micros(1_780_905_600_000_000);

struct Folder;

impl Files for Folder {
    fn sound(&self, _: &Path) -> SoundFile {
        SoundFile::Lasts(PROMPT)
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        vec![folder.join("piano.wav")]
    }
}

struct World {
    engine: Engine,
    peer: Peer,
    now: Now,
    /// The lease of each port.
    tags: BTreeMap<PortId, u64>,
    last: Option<PortId>,
    heard: VecDeque<MediaEvent>,
    /// Prompts under way, by port.
    playing: BTreeMap<PortId, (Moment, u64)>,
    disk: bool,
}

pub fn run(bytes: &[u8]) {
    let mut world = World::new();
    for chunk in bytes.split(|byte| *byte == 0xff).take(STEPS) {
        match world.peer.step(chunk) {
            Some(Step::Say(flow, bytes)) => world.tell(Event::Sip { flow, bytes: &bytes }),
            Some(Step::Unframed(flow, bytes)) => world.tell(Event::Unframed { flow, bytes: &bytes }),
            Some(Step::Lose(flow)) => world.tell(Event::FlowLost(flow)),
            Some(Step::Wait(time)) => world.wait(time),
            Some(Step::Other([b'F', ..])) => world.disk = false,
            Some(Step::Other([b'K', key, ..])) => world.press(*key),
            Some(Step::Other(_)) | None => {}
        }
    }
    world.end();
}

impl World {
    fn new() -> Self {
        static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
            let source = Source::new("site.toml", include_str!("../../dialplan/good.toml"));
            let trunks = vec![("operateur".into(), TrunkId(0)), ("ipoffice".into(), TrunkId(1))];
            Arc::new(load(&[source], &Folder, &Known { trunks }, &mut Ids::default()).expect("a good site").0)
        });
        static SILENCE: LazyLock<Arc<Sound>> = LazyLock::new(|| Arc::new(Sound::from_samples(&[0; 160])));
        let silence = || Arc::clone(&SILENCE);
        let config = EngineConfig {
            plan: Arc::clone(&PLAN),
            sounds: Sounds {
                prompts: PLAN.prompts.iter().map(|_| silence()).collect(),
                music: PLAN.music.iter().map(|_| vec![silence()]).collect(),
            },
            trunks: [0, 1].map(trunk).to_vec(),
            phones: None,
            listens: vec![Listen { transport: Transport::Udp, address: address(OURS), advertised: None }],
            ports: 20_000..=20_039,
            boards: 1,
            ban: BanPolicy::default(),
            next_call: CallId(1),
            next_seq: JournalSeq(1),
        };
        let now = Now { moment: Moment::from_millis(1_000), utc: MORNING };
        let mut world = Self {
            engine: Engine::new(now, config, Random::from_number(7)),
            peer: Peer::default(),
            now,
            tags: BTreeMap::new(),
            last: None,
            heard: VecDeque::new(),
            playing: BTreeMap::new(),
            disk: true,
        };
        world.settle();
        world
    }

    fn tell(&mut self, event: Event) {
        self.engine.handle(self.now, event);
        self.settle();
    }

    fn press(&mut self, key: u8) {
        let Some((port, tag)) = self.last.and_then(|port| Some((port, *self.tags.get(&port)?))) else {
            return;
        };
        let digit = char::from(b"0123456789*#ABCD"[usize::from(key % 16)]);
        self.tell(Event::Media(MediaEvent::Digit { port, tag, digit }));
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now.moment + time;
        for _ in 0..50_000 {
            let ends = self.playing.values().map(|(at, _)| *at);
            let next = self.engine.poll_timeout().map(|(at, _)| at).into_iter().chain(ends).min();
            let Some(next) = due(next, self.now.moment, until) else {
                return self.now = self.now.later(until.since(self.now.moment));
            };
            self.now = self.now.later(next.since(self.now.moment));
            let over = self.playing.extract_if(.., |_, (at, _)| *at <= next);
            for (port, (_, token)) in over.collect::<Vec<_>>() {
                self.heard.push_back(MediaEvent::PlayEnded { port, tag: self.tags[&port], token });
            }
            self.engine.handle_timeout(self.now);
            self.settle();
        }
        panic!("timers without end");
    }

    fn settle(&mut self) {
        loop {
            if let Some(effect) = self.engine.poll() {
                self.effect(effect);
            } else if let Some(event) = self.heard.pop_front() {
                self.engine.handle(self.now, Event::Media(event));
            } else {
                return;
            }
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Send { flow, bytes } => self.peer.hears(flow, &bytes),
            Effect::Resolve(question) => panic!("every peer here has an address: {question:?}"),
            Effect::Prove { .. } | Effect::Distrust { .. } | Effect::Close { .. } | Effect::Reuse { .. } => {}
            Effect::Media(command) => self.carry_out(command),
            Effect::Observe(Observation::Fact(entry)) if self.disk => {
                self.engine.handle(self.now, Event::Stored(entry.seq));
            }
            Effect::Observe(Observation::Fault { what }) => panic!("{what}"),
            Effect::Observe(_) => {}
        }
    }

    fn carry_out(&mut self, command: Command) {
        let port = command.port();
        self.playing.remove(&port);
        match command {
            Command::Open { port } => self.heard.push_back(MediaEvent::Opened { port }),
            Command::Close { port } => self.heard.push_back(MediaEvent::Closed { port }),
            Command::Attach { port, tag, .. } => {
                self.tags.insert(port, tag);
                self.last = Some(port);
            }
            Command::Play { port, token, repeat: false, .. } => {
                assert!(self.tags.contains_key(&port), "a prompt for nobody");
                self.playing.insert(port, (self.now.moment + PROMPT, token));
            }
            Command::Release { port } => {
                let tag = self.tags.remove(&port).expect("only lent ports are released");
                self.heard.push_back(MediaEvent::Stats { port, tag, stats: StreamStats::default() });
                self.heard.push_back(MediaEvent::Closed { port });
            }
            Command::Connect { a, b } => {
                self.playing.remove(&b);
                assert!(self.tags.contains_key(&a) && self.tags.contains_key(&b), "nobody to connect");
            }
            Command::Play { .. }
            | Command::Tone { .. }
            | Command::Quiet { .. }
            | Command::Fill { .. }
            | Command::Unfill { .. } => {}
        }
    }

    fn end(mut self) {
        self.tell(Event::EndAll);
        self.wait(Duration::from_secs(300));
        let engine = &self.engine;
        assert_eq!((engine.leg_count(), engine.stack().legs(), engine.stack().transactions()), (0, 0, 0));
        assert_eq!(
            (engine.core().in_progress(), engine.core().call_count(), engine.core().channels_taken()),
            (0, 0, 0)
        );
        assert_eq!((engine.ports().lent(), self.tags.len()), (0, 0), "a port is still lent");
    }
}

fn trunk(index: u16) -> EngineTrunk {
    let (name, peer) = (["operateur", "ipoffice"][usize::from(index)], address(THEIRS[usize::from(index)]));
    EngineTrunk {
        peer: TrunkPeer {
            id: TrunkId(index),
            name: name.into(),
            transport: Transport::Udp,
            peer,
            peers: Vec::new(),
            found_by: None,
            own: OwnAddress::default(),
            large_over_tcp: false,
            accept: Vec::new(),
            ping: None,
            caller_from: CallerHeader::From,
            codecs: Codec::ALL.to_vec(),
            prack: true,
            domain: None,
            account: None,
        },
        line: TrunkLine {
            name: name.into(),
            channels: Channels::Unlimited,
            numbers: NumberFormat::National,
            callers: None,
            calls_per_second: None,
            transfer_to: Vec::new(),
            deflect: spillway::settings::Deflect::Both,
        },
        invite_timeout: None,
        identity: IdentityPolicy::default(),
        alerting: Vec::new(),
        media: MediaAddress::plain(address(OURS).ip()),
    }
}
