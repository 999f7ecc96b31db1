//! What is counted of SIP messages. Handles are made once for each trunk; counting is finding one in short tables.

use super::names as n;
use super::registry::{Registry, Table};
use crate::engine::Observation;
use metrics::{Counter, Histogram};

/// What is counted of the SIP messages of one trunk, or of no trunk.
#[derive(Debug)]
pub(super) struct SipSeries {
    requests: Table<Table<Counter>>,
    responses: Table<Table<Table<Counter>>>,
    retransmissions: Table<Counter>,
    first_responses: Table<Histogram>,
}

impl SipSeries {
    pub fn new(registry: &Registry, trunk: &str) -> Self {
        let response = |direction, method| {
            Table::new(&n::CODES, |code| {
                registry.counter(
                    n::SIP_RESPONSES,
                    &[("trunk", trunk), ("direction", direction), ("method", method), ("code", code)],
                )
            })
        };
        Self {
            requests: Table::new(&n::DIRECTIONS, |direction| {
                Table::new(&n::METHODS, |method| {
                    let labels = [("trunk", trunk), ("direction", direction), ("method", method)];
                    registry.counter(n::SIP_REQUESTS, &labels)
                })
            }),
            responses: Table::new(&n::DIRECTIONS, |direction| {
                Table::new(&n::ANSWERED_METHODS, |method| response(direction, method))
            }),
            retransmissions: Table::new(&n::DIRECTIONS, |direction| {
                registry.counter(n::SIP_RETRANSMISSIONS, &[("trunk", trunk), ("direction", direction)])
            }),
            first_responses: Table::new(&n::TIMED_METHODS, |method| {
                registry.histogram(n::SIP_FIRST_RESPONSE, &[("trunk", trunk), ("method", method)])
            }),
        }
    }

    /// Counts what was seen of a message.
    pub fn observe(&self, observation: &Observation) {
        if let Observation::SipRequest { direction, method, .. } = observation {
            self.request(direction, method);
        } else if let Observation::SipResponse { direction, method, code, .. } = observation {
            self.response(direction, method, *code);
        } else if let Observation::SipRetransmission { direction, .. } = observation {
            self.retransmissions.get(direction).inspect(|counter| counter.increment(1));
        } else if let Observation::SipFirstResponse { method, after, .. } = observation {
            self.first_responses.get(method).inspect(|times| times.record(after.as_secs_f64()));
        }
    }

    fn request(&self, direction: &str, method: &str) {
        let counter = self.requests.get(direction).and_then(|methods| methods.get_or_rest(method));
        counter.inspect(|counter| counter.increment(1));
    }

    fn response(&self, direction: &str, method: &str, code: u16) {
        let digits =
            [b'0' + (code / 100 % 10) as u8, b'0' + (code / 10 % 10) as u8, b'0' + (code % 10) as u8];
        let code = std::str::from_utf8(&digits).unwrap_or_default();
        let methods = self.responses.get(direction);
        let counter = methods.and_then(|methods| methods.get_or_rest(method)?.get_or_rest(code));
        counter.inspect(|counter| counter.increment(1));
    }
}
