//! Where a story takes place: a folder that goes away with it, loopback addresses nobody else has, RTP ports.
//! Must never know what is played there.

use crate::machine::{alone, aside};
use crate::tone::sine;
use std::cell::Cell;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicU8, Ordering};
use tempfile::TempDir;

/// RTP ports of one service. Players may bind theirs on every address, so those of one machine share the numbers.
const RTP_PORTS: u16 = 800;
/// Below the kernel's ephemeral ports (32768 on Linux), so that no connection takes one.
const RTP_FIRST: u16 = 10_000;
const RTP_RANGES: u16 = 28;

/// The service.
pub const SPILLWAY: u8 = 1;
/// The public network, as called parties.
pub const OPERATOR: u8 = 2;
/// The public network, as callers.
pub const CALLERS: u8 = 3;
/// Whoever watches.
pub const WATCHER: u8 = 4;
/// The first PBX; others follow.
pub const PBX: u8 = 11;

/// Names the first three bytes of the addresses to play on, instead of loopback ones: see `tests/bad_line`.
pub const NET: &str = "SPILLWAY_NET";

/// A place.
pub struct Place {
    folder: TempDir,
    net: [u8; 3],
    rtp_first: u16,
    callers: Cell<u16>,
    _turn: MutexGuard<'static, ()>,
}

impl Place {
    /// A fresh one, for a story that has the machine to itself.
    pub fn new() -> Self {
        Self::fresh(alone())
    }

    /// A fresh one, for a story that lasts and does little meanwhile.
    pub fn aside() -> Self {
        Self::fresh(aside())
    }

    fn fresh(turn: MutexGuard<'static, ()>) -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        // 127.0.x.y is everybody's; other test processes have another second byte.
        let second = u8::try_from(pid % 254).expect("a remainder of 254") + 1;
        let wanted =
            u16::try_from((pid + u32::from(number)) % u32::from(RTP_RANGES)).expect("a small remainder");
        let ranges = (wanted..RTP_RANGES).chain(0..wanted).map(|range| RTP_FIRST + range * RTP_PORTS);
        let rtp_first = ranges.into_iter().find(|first| is_free(*first)).expect("a free range of ports");
        let folder = TempDir::with_prefix("spillway-interop-").expect("a temporary folder");
        fs::create_dir_all(folder.path().join("dialplans/site/messages")).expect("a folder");
        fs::create_dir_all(folder.path().join("dialplans/site/musique")).expect("a folder");
        let net = std::env::var(NET).map_or([127, second, number], |net| three_bytes(&net));
        Self { folder, net, rtp_first, callers: Cell::new(0), _turn: turn }
    }

    /// The address of someone here.
    pub fn ip(&self, host: u8) -> Ipv4Addr {
        let [first, second, third] = self.net;
        Ipv4Addr::new(first, second, third, host)
    }

    /// Counts those who share the callers' address.
    pub fn another(&self) -> u16 {
        self.callers.replace(self.callers.get() + 1)
    }

    /// RTP ports, as spillway.toml writes them.
    pub fn rtp_ports(&self) -> String {
        format!("{}-{}", self.rtp_first, self.rtp_first + RTP_PORTS - 1)
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in the folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("the folder is writable");
        path
    }

    /// Says which tone a prompt is, and how long.
    pub fn prompt(&self, name: &str, hz: f64, seconds: f64) {
        write_tone(&self.path(&format!("dialplans/site/messages/{name}.wav")), hz, seconds);
    }

    /// Says which tone the music is.
    pub fn music(&self, hz: f64) {
        write_tone(&self.path("dialplans/site/musique/attente.wav"), hz, 8.0);
    }
}

fn three_bytes(net: &str) -> [u8; 3] {
    let bytes: Vec<u8> = net.split('.').filter_map(|byte| byte.parse().ok()).collect();
    bytes.try_into().unwrap_or_else(|_| panic!("{NET} says three bytes, as 10.78.0; not {net}"))
}

/// Whether nobody else on this machine has any of a range's ports.
fn is_free(first: u16) -> bool {
    (first..first + RTP_PORTS).all(|port| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok())
}

/// Writes a WAV file of one tone, telephone format.
pub fn write_tone(path: &Path, hz: f64, seconds: f64) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("the folder is writable");
    for sample in sine(hz, 8_000.0, 8_000, (seconds * 8_000.0) as u32) {
        writer.write_sample(sample).expect("the folder is writable");
    }
    writer.finalize().expect("the folder is writable");
}
