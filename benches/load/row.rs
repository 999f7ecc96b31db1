//! One line of figures. Must never know how they were measured.

use serde_json::{Value, json};
use spillway::endpoint::{Measured, Spread, Story};
use std::collections::BTreeMap;
use std::time::Duration;

/// The harness may use this share of its core; above, it measured itself.
const OWN_SHARE_LIMIT: f64 = 0.9;

/// The figures of one run. What a scenario does not measure stays `None`.
#[derive(Debug, Default)]
pub struct Row {
    pub scenario: String,
    pub calls: u64,
    pub ok: u64,
    /// Server processor time of the whole run.
    pub cpu: Duration,
    /// Server share of a core per standing call.
    pub core_share_per_call: Option<f64>,
    pub setup: Spread,
    pub dispatch: Spread,
    pub rss_before_kib: u64,
    pub rss_standing_kib: u64,
    pub rss_after_kib: u64,
    pub rss_peak_kib: u64,
    /// Calls that stood at once when `rss_standing_kib` was read.
    pub standing: u64,
    pub rtp_sent: u64,
    pub rtp_received: u64,
    pub rtp_lost: i64,
    pub gaps: Spread,
    pub latency: Spread,
    /// SIP messages that had to be sent again, as a share of all.
    pub retransmitted: f64,
    pub left_calls: f64,
    pub left_ports: f64,
    /// The harness's own share of a core.
    pub own_share: f64,
    /// Calls a second the server could serve, where that was sought or told.
    pub capacity: Option<f64>,
    /// Calls that completed while more were offered than could be served, as a share of what could be.
    pub goodput: Option<f64>,
    /// Calls that did not go as they should, by how they ended.
    pub wrongs: BTreeMap<String, u64>,
}

impl Row {
    /// Takes the audio figures of both stations; `relayed`: what one sent, the other should have received.
    pub fn hear(&mut self, stations: [&Measured; 2], relayed: bool) {
        for measured in stations {
            self.gaps.absorb(&measured.gaps);
            self.latency.absorb(&measured.latency);
            self.rtp_sent += measured.sent;
            self.rtp_received += measured.received;
            self.rtp_lost += if relayed {
                measured.stamped_sent.cast_signed() - measured.stamped_received.cast_signed()
            } else {
                measured.lost
            };
        }
    }

    /// Counts one call of the carrier's that is over.
    pub fn count(&mut self, story: &Story, went_well: bool) {
        story.setup().into_iter().for_each(|setup| self.setup.record(setup));
        if went_well {
            self.ok += 1;
        } else {
            let stage = if story.answered.is_some() { "answered" } else { "unanswered" };
            *self.wrongs.entry(format!("{stage}, {:?}", story.ending)).or_default() += 1;
        }
    }

    /// Whether the harness itself was the limit.
    pub fn is_void(&self) -> bool {
        self.own_share > OWN_SHARE_LIMIT
    }

    /// As JSON; what was not measured is null.
    pub fn json(&self) -> String {
        json!({
            "scenario": self.scenario,
            "calls": self.calls,
            "ok": self.ok,
            "cpu_ms_per_call": self.cpu_ms_per_call(),
            "core_share_per_call": self.core_share_per_call,
            "setup_p50_ms": ms(&self.setup, 50),
            "setup_p99_ms": ms(&self.setup, 99),
            "dispatch_p50_ms": ms(&self.dispatch, 50),
            "dispatch_p99_ms": ms(&self.dispatch, 99),
            "dispatch_samples": self.dispatch.len(),
            "rss_kib_per_call": self.rss_kib_per_call(),
            "rss_before_kib": self.rss_before_kib,
            "rss_after_kib": self.rss_after_kib,
            "rss_peak_kib": self.rss_peak_kib,
            "rtp_sent": self.rtp_sent,
            "rtp_received": self.rtp_received,
            "rtp_lost": self.rtp_lost,
            "gap_p99_ms": ms(&self.gaps, 99),
            "latency_p50_ms": ms(&self.latency, 50),
            "latency_p99_ms": ms(&self.latency, 99),
            "retransmitted_share": self.retransmitted,
            "left_calls": self.left_calls,
            "left_ports": self.left_ports,
            "harness_core_share": self.own_share,
            "capacity_per_s": self.capacity,
            "goodput": self.goodput,
            "wrongs": self.wrongs,
            "void": self.is_void(),
        })
        .to_string()
    }

    /// As a line for people.
    pub fn line(&self) -> String {
        let mut parts = vec![
            format!("{}: {} of {} calls ok", self.scenario, self.ok, self.calls),
            format!("{:.3} CPU ms/call", self.cpu_ms_per_call()),
        ];
        if let Some(share) = self.core_share_per_call {
            parts.push(format!("{:.4} % of a core/call", share * 100.0));
        }
        if let (Some(capacity), Some(goodput)) = (self.capacity, self.goodput) {
            parts.push(format!("goodput {:.1} % of {capacity:.0} calls/s", goodput * 100.0));
        }
        let spread = |name: &str, spread: &Spread| {
            let (p50, p99) = (ms(spread, 50).as_f64()?, ms(spread, 99).as_f64()?);
            Some(format!("{name} {p50:.3}/{p99:.3} ms"))
        };
        parts.extend(spread("setup", &self.setup));
        parts.extend(spread("dispatch", &self.dispatch));
        if self.rtp_received > 0 {
            let (sent, received, lost) = (self.rtp_sent, self.rtp_received, self.rtp_lost);
            parts.push(format!("RTP {sent} sent {received} received {lost} lost"));
            parts.extend(spread("gap", &self.gaps));
            parts.extend(spread("latency", &self.latency));
        }
        let Self { rss_before_kib, rss_after_kib, rss_peak_kib, .. } = self;
        parts.push(format!("RSS {rss_before_kib} → {rss_after_kib} (peak {rss_peak_kib}) KiB"));
        if let Some(kib) = self.rss_kib_per_call() {
            parts.push(format!("{kib:.1} KiB/call"));
        }
        parts.push(format!("retransmitted {:.3} %", self.retransmitted * 100.0));
        parts.push(format!("left: {} calls, {} ports", self.left_calls, self.left_ports));
        parts.push(format!("harness {:.0} % of a core", self.own_share * 100.0));
        parts.extend(self.wrongs.iter().map(|(ending, count)| format!("{count} × {ending}")));
        if self.is_void() {
            parts.push("VOID: the harness's own core was full".into());
        }
        parts.join(" · ")
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 calls")]
    fn cpu_ms_per_call(&self) -> f64 {
        self.cpu.as_secs_f64() * 1_000.0 / self.calls.max(1) as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "far less than 2^52 KiB")]
    fn rss_kib_per_call(&self) -> Option<f64> {
        let grown = self.rss_standing_kib.saturating_sub(self.rss_before_kib);
        (self.standing > 0).then(|| grown as f64 / self.standing as f64)
    }
}

/// A percentile in ms, null when nothing was measured.
fn ms(spread: &Spread, percent: u8) -> Value {
    spread.percentile(percent).map_or(Value::Null, |duration| json!(duration.as_secs_f64() * 1_000.0))
}
