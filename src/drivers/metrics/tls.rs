//! The series of TLS: handshakes and certificates. Must never hold a label but the direction.

use super::names as n;
use super::registry::Registry;
use metrics::{Counter, Gauge};

/// What nobody announces of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsLevels {
    /// Handshakes that came to nothing on connections others opened, since the start.
    pub failed_in: u64,
    /// The same on ours.
    pub failed_out: u64,
    /// When the first certificate of ours runs out, Unix time, s.
    pub expires: Option<i64>,
    /// Whether certificates changed into something that can't be used.
    pub unusable: bool,
}

#[derive(Debug)]
pub(super) struct TlsSeries {
    failed: [Counter; 2],
    expires: Gauge,
    unusable: Gauge,
}

impl TlsSeries {
    pub fn new(registry: &Registry) -> Self {
        Self {
            failed: n::DIRECTIONS.map(|way| registry.counter(n::TLS_FAILED, &[("direction", way)])),
            expires: registry.gauge(n::TLS_EXPIRES, &[]),
            unusable: registry.gauge(n::TLS_UNUSABLE, &[]),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds of this millennium are far below 2⁵³")]
    pub fn set(&self, levels: &TlsLevels) {
        let [failed_in, failed_out] = &self.failed;
        failed_in.absolute(levels.failed_in);
        failed_out.absolute(levels.failed_out);
        self.expires.set(levels.expires.map_or(f64::INFINITY, |at| at as f64));
        self.unusable.set(f64::from(u8::from(levels.unusable)));
    }
}
