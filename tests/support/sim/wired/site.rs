//! Where everybody lives: addresses, stations, trunks and sounds.

use crate::support::plan::TRUNKS;
use spillway::base::{CallId, Codec, JournalSeq, Random, Transport, TrunkId};
use spillway::dialplan::Plan;
use spillway::endpoint::{Station, StationConfig};
use spillway::engine::core::{Channels, TrunkLine};
use spillway::engine::{EngineConfig, EngineTrunk, MediaAddress, Sounds};
use spillway::media::Sound;
use spillway::settings::NumberFormat;
use spillway::signaling::{
    BanPolicy, CallerHeader, IdentityPolicy, Listen, OwnAddress, SessionSettings, TrunkPeer,
};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, LazyLock};

/// Spillway's address.
pub const SPILLWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// Where it takes SIP.
pub const SIP: SocketAddr = SocketAddr::V4(SocketAddrV4::new(SPILLWAY, 5_060));
/// Somebody of another make whom the public network's trunk accepts.
pub const GATEWAY: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 66), 5_060));
/// Somebody no trunk accepts.
pub const STRANGER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(203, 0, 113, 200), 5_060));
/// The IPBX's port.
pub const IPBX_PORT: u16 = 5_080;
/// The peers' addresses, by trunk.
const PEERS: [SocketAddr; 2] = [
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 1), 5_070)),
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(203, 0, 113, 1), IPBX_PORT)),
];

/// Hz of the first prompt; each next one is [`STEP`] higher.
pub const FIRST_PROMPT: u16 = 600;
/// Hz of music.
pub const MUSIC: u16 = 500;
/// Hz between two prompts.
pub const STEP: u16 = 100;

/// The public network's station: callers and targets.
pub fn operateur(session: SessionSettings, chance: Random) -> Station {
    station(0, session, chance)
}

/// The IPBX: agents' phones.
pub fn ipoffice(session: SessionSettings, chance: Random) -> Station {
    station(1, session, chance)
}

fn station(trunk: usize, session: SessionSettings, chance: Random) -> Station {
    let rtp = (0..40).map(|n| SocketAddr::new(PEERS[trunk].ip(), 30_000 + 2 * n)).collect();
    let config = StationConfig { session, ..StationConfig::new(TRUNKS[trunk], PEERS[trunk], rtp) };
    Station::new(config, chance)
}

/// What the engine is told.
pub fn engine(plan: &Arc<Plan>, voices: bool) -> EngineConfig {
    EngineConfig {
        plan: Arc::clone(plan),
        sounds: if voices { tones(plan) } else { silences(plan) },
        trunks: [0, 1].map(trunk).to_vec(),
        phones: None,
        listens: vec![Listen { transport: Transport::Udp, address: SIP, advertised: None }],
        ports: 20_000..=20_999,
        boards: 1,
        ban: BanPolicy::default(),
        next_call: CallId(1),
        next_seq: JournalSeq(1),
    }
}

fn trunk(index: usize) -> EngineTrunk {
    let peer = PEERS[index];
    EngineTrunk {
        peer: TrunkPeer {
            id: TrunkId(u16::try_from(index).expect("two trunks")),
            name: TRUNKS[index].into(),
            transport: Transport::Udp,
            peer,
            peers: Vec::new(),
            found_by: None,
            own: OwnAddress::default(),
            large_over_tcp: false,
            accept: if index == 0 { vec![(GATEWAY.ip(), 32)] } else { Vec::new() },
            ping: None,
            caller_from: CallerHeader::From,
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            prack: true,
            domain: None,
            account: None,
        },
        line: TrunkLine {
            name: TRUNKS[index].into(),
            channels: Channels::Unlimited,
            numbers: NumberFormat::National,
            callers: None,
            calls_per_second: None,
            transfer_to: Vec::new(),
            deflect: spillway::settings::Deflect::Off,
        },
        invite_timeout: None,
        identity: IdentityPolicy::default(),
        alerting: Vec::new(),
        media: MediaAddress::plain(SPILLWAY.into()),
    }
}

/// Each prompt is a tone of its own, so that what is heard says which one it is.
fn tones(plan: &Plan) -> Sounds {
    let prompts = (0..).zip(&plan.prompts).map(|(n, _)| tone(FIRST_PROMPT + STEP * n)).collect();
    Sounds { prompts, music: plan.music.iter().map(|_| vec![tone(MUSIC)]).collect() }
}

fn silences(plan: &Plan) -> Sounds {
    static SILENCE: LazyLock<Arc<Sound>> = LazyLock::new(|| Arc::new(Sound::from_samples(&[0; 24_000])));
    let silence = || Arc::clone(&SILENCE);
    Sounds {
        prompts: plan.prompts.iter().map(|_| silence()).collect(),
        music: plan.music.iter().map(|_| vec![silence()]).collect(),
    }
}

/// Three seconds of a tone.
fn tone(hz: u16) -> Arc<Sound> {
    Arc::new(Sound::from_samples(&crate::support::tone::sine(f64::from(hz), 8_000.0, 8_000, 24_000)))
}
