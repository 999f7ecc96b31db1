//! Structured logs on standard error: what the core shows, as lines with fields. Calls end at info with their outcome;
//! single facts are debug. Must never write a caller's number above debug, nor decide what a call does.

use crate::call::{Entry, Fact, Subject};
use crate::engine::{Observation, PhoneObservation};
use std::io::IsTerminal;
use std::net::IpAddr;
use std::time::Duration;
use tracing::{debug, error, info, trace, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Why logs can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The filter can't be read.
    #[error("log filter {filter:?}: {source}")]
    Filter {
        /// As given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Somebody set them up before.
    #[error(transparent)]
    Twice(#[from] TryInitError),
}

/// Sets up logs for the whole process. `filter` is a level, or parts with levels: `info,spillway::call=debug`.
///
/// # Errors
/// When the filter can't be read or logs are set up already.
pub fn start(format: LogFormat, filter: &str) -> Result<(), LogsError> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|source| LogsError::Filter { filter: filter.to_owned(), source })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).finish().try_init()?,
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).finish().try_init()?,
    }
    Ok(())
}

/// Parts of the house by the target of their lines: what a filter names, whichever file writes the line.
mod part {
    pub const CALL: &str = "spillway::call";
    pub const AGENT: &str = "spillway::agent";
    pub const QUEUE: &str = "spillway::queue";
    pub const SLA: &str = "spillway::sla";
    pub const PHONE: &str = "spillway::phone";
    pub const TRUNK: &str = "spillway::trunk";
    pub const SIP: &str = "spillway::sip";
    pub const MEDIA: &str = "spillway::media";
    pub const STORE: &str = "spillway::store";
    pub const SERVICE: &str = "spillway::service";
}

/// Logs one observation.
pub fn observe(observation: &Observation) {
    match observation {
        Observation::Fact(entry) => fact(entry),
        Observation::Recorded(record) => info!(
            target: part::CALL,
            call = %record.call,
            outcome = record.outcome.label(),
            cause = record.cause.label(),
            site = record.site.as_deref(),
            trunk = %record.trunk,
            number = record.number.as_deref(),
            queue = record.queue.as_deref(),
            agent = record.agent.as_deref(),
            target = record.target.as_deref(),
            wait_ms = record.wait_ms,
            talk_ms = record.talk_ms,
            duration_ms = record.duration_ms,
            "call ended"
        ),
        Observation::LegCalled { leg, sip_call_id } => {
            let (call, leg, sip_call_id) = (leg.call, leg.number, sip_call_id.escape_ascii());
            debug!(target: part::SIP, %call, leg, %sip_call_id, "leg called");
        }
        Observation::QueueLine { site, queue, waiting, .. } => {
            trace!(target: part::QUEUE, %site, %queue, waiting, "queue line");
        }
        Observation::Judged { site, sla, on, indicator, verdict } => {
            debug!(target: part::SLA, %site, %sla, %on, indicator, verdict, "judged")
        }
        Observation::Trunk { .. }
        | Observation::Peer { .. }
        | Observation::LookupFailed { .. }
        | Observation::Failover { .. }
        | Observation::TrunkLimit { .. }
        | Observation::Deflection { .. }
        | Observation::Registration { .. }
        | Observation::CredentialsRefused { .. } => trunk(observation),
        Observation::Phone(seen) => phone(seen),
        Observation::SipRequest { direction, method, .. } => {
            trace!(target: part::SIP, direction, method, "SIP request");
        }
        Observation::SipResponse { direction, method, code, .. } => {
            trace!(target: part::SIP, direction, method, code, "SIP response")
        }
        Observation::SipRetransmission { direction, .. } => {
            trace!(target: part::SIP, direction, "SIP retransmission");
        }
        Observation::SipFirstResponse { .. } => {}
        Observation::SourceRefused => debug!(target: part::SIP, "request from a source no trunk accepts"),
        Observation::NotSip => debug!(target: part::SIP, "bytes that are no SIP message"),
        Observation::SipStray => debug!(target: part::SIP, "SIP response or ACK that belongs to nothing"),
        Observation::Audio { trunk, received, sent, lost, transcoded, refused } => {
            debug!(target: part::MEDIA, %trunk, received, sent, lost, transcoded, refused, "audio over");
        }
        Observation::StoreLate { backlog } => {
            warn!(target: part::STORE, backlog, "hang-up answered before its facts were on disk")
        }
        Observation::Banned { source, lasts } => banned(*source, *lasts),
        Observation::SipLimited { limit } => trace!(target: part::SIP, limit, "request limited"),
        Observation::Overload { overloaded } => overload(*overloaded),
        Observation::LimitReached { limit, cause } => {
            warn!(target: part::SERVICE, limit, cause = cause.label(), "limit reached");
        }
        Observation::Fault { what } => {
            error!(target: part::SERVICE, what, "fault: one call lost; please report it");
        }
    }
}

fn trunk(observation: &Observation) {
    if let Observation::Trunk { trunk, up } = observation {
        if *up {
            info!(target: part::TRUNK, %trunk, "trunk answers");
        } else {
            warn!(target: part::TRUNK, %trunk, "trunk does not answer");
        }
    } else if let Observation::Peer { trunk, peer, up } = observation {
        if *up {
            info!(target: part::TRUNK, %trunk, %peer, "peer answers");
        } else {
            warn!(target: part::TRUNK, %trunk, %peer, "peer does not answer");
        }
    } else if let Observation::LookupFailed { trunk } = observation {
        warn!(target: part::TRUNK, %trunk, "the trunk's name is not found; what was found before stays");
    } else if let Observation::Failover { trunk, why } = observation {
        warn!(target: part::TRUNK, %trunk, why, "call goes to the trunk's next peer");
    } else if let Observation::TrunkLimit { trunk, limit } = observation {
        debug!(target: part::TRUNK, %trunk, limit, "limit of the trunk reached");
    } else if let Observation::Deflection { trunk, result } = observation {
        debug!(target: part::TRUNK, %trunk, result, "caller given back to their own side");
    } else if let Observation::Registration { trunk, registered } = observation {
        if *registered {
            info!(target: part::TRUNK, %trunk, "registered with trunk");
        } else {
            warn!(target: part::TRUNK, %trunk, "no longer registered with trunk");
        }
    } else if let Observation::CredentialsRefused { trunk, why } = observation {
        error!(target: part::TRUNK, %trunk, why, "trunk refuses our credentials");
    }
}

fn banned(source: IpAddr, lasts: Duration) {
    info!(target: part::SIP, %source, ?lasts, "banned: refused too often");
}

fn overload(overloaded: bool) {
    if overloaded {
        warn!(target: part::SERVICE, "overloaded: calls that can't be begun in time are refused with 503");
    } else {
        info!(target: part::SERVICE, "no longer overloaded");
    }
}

fn fact(entry: &Entry) {
    match &entry.subject {
        Subject::Call(call) => debug!(target: part::CALL, %call, fact = ?entry.fact, "call"),
        Subject::Agent(agent) => debug!(target: part::AGENT, %agent, fact = ?entry.fact, "agent"),
        Subject::Service => service(&entry.fact),
    }
}

fn service(fact: &Fact) {
    if let Fact::Started { version, plan } = fact {
        info!(target: part::SERVICE, %version, %plan, "service started");
    } else if let Fact::Stopped = fact {
        info!(target: part::SERVICE, "service stopped");
    } else {
        info!(target: part::SERVICE, ?fact, "service");
    }
}

/// What strangers do at will is debug: they could fill a disk.
fn phone(seen: &PhoneObservation) {
    match seen {
        PhoneObservation::Challenged => debug!(target: part::PHONE, "request challenged"),
        PhoneObservation::Withheld => debug!(target: part::PHONE, "request dropped: challenged too often"),
        PhoneObservation::Refused { why } => debug!(target: part::PHONE, why, "phone not let in"),
        PhoneObservation::Answered { result } => debug!(target: part::PHONE, result, "REGISTER answered"),
        PhoneObservation::Contacts { extension, contacts } => {
            info!(target: part::PHONE, %extension, contacts, "phone's contacts");
        }
        PhoneObservation::LampRefused => {
            warn!(target: part::PHONE, "a phone watches as many others as it may");
        }
        PhoneObservation::Replaced => {
            warn!(target: part::PHONE, "a phone has more contacts than it may: the oldest is gone");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{CallId, Cause, JournalSeq, Now};
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of `observations` through a filter.
    fn written(filter: &str, is_json: bool, observations: &[Observation]) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(move || writer.clone());
        let observe_all = || observations.iter().for_each(observe);
        if is_json {
            tracing::subscriber::with_default(subscriber.json().finish(), observe_all);
        } else {
            tracing::subscriber::with_default(subscriber.finish(), observe_all);
        }
        let bytes = lines.0.lock().expect("nobody panicked").clone();
        String::from_utf8(bytes).expect("lines are UTF-8")
    }

    fn entry(subject: Subject, fact: Fact) -> Observation {
        Observation::Fact(Arc::new(Entry { seq: JournalSeq(1), now: Now::default(), subject, fact }))
    }

    fn arrived() -> Observation {
        let fact = Fact::Arrived {
            trunk: "operateur".into(),
            caller: "+33612345678".into(),
            dialled: "0384961370".into(),
            number: None,
            site: None,
            plan: "d1gest".into(),
            sip_call_id: "x@y".into(),
        };
        entry(Subject::Call(CallId(1)), fact)
    }

    #[test]
    fn at_info_there_is_a_line_per_limit_and_fault_but_none_per_fact_and_no_callers_number() {
        let limit = Observation::LimitReached { limit: "calls", cause: Cause::Overload };
        let fault = Observation::Fault { what: "a broken invariant".into() };
        let text = written("info", true, &[arrived(), limit, fault]);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains("33612345678") && text.contains("a broken invariant"), "{text}");
    }

    #[test]
    fn a_filter_may_ask_for_one_part_of_the_house() {
        let trunk = Observation::Trunk { trunk: "operateur".into(), up: false };
        let text = written("off,spillway::trunk=info", false, &[arrived(), trunk, Observation::NotSip]);
        assert!(
            text.lines().count() == 1 && text.contains("spillway::trunk: trunk does not answer"),
            "{text}"
        );
        let text = written("off,spillway::call=debug", false, &[arrived(), Observation::NotSip]);
        assert!(text.lines().count() == 1 && text.contains("spillway::call: call"), "{text}");
    }

    #[test]
    fn the_start_of_the_service_is_a_line_a_person_reads() {
        let started = Fact::Started { version: "1.2.3".into(), plan: "d1gest".into() };
        let text = written("info", false, &[entry(Subject::Service, started)]);
        assert!(text.contains("spillway::service: service started version=1.2.3 plan=d1gest"), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_said() {
        let refused = start(LogFormat::Text, "spillway=loud").expect_err("no such level");
        assert!(refused.to_string().contains("spillway=loud"), "{refused}");
    }
}
