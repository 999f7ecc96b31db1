//! Structured logs on standard error: what the core shows, as lines with fields. Calls end at info with their outcome;
//! single facts are debug. Must never write a caller's number above debug, nor decide what a call does.

use crate::call::Subject;
use crate::engine::Observation;
use std::io::IsTerminal;
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

/// Sets up logs for the whole process. `filter` is a level, or targets with levels: `info,spillway::drivers=debug`.
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

/// Logs one observation.
pub fn observe(observation: &Observation) {
    match observation {
        Observation::Fact(entry) => match &entry.subject {
            Subject::Call(call) => debug!(%call, fact = ?entry.fact, "call"),
            Subject::Agent(agent) => debug!(%agent, fact = ?entry.fact, "agent"),
            Subject::Service => info!(fact = ?entry.fact, "service"),
        },
        Observation::Recorded(record) => info!(
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
        Observation::QueueLine { site, queue, waiting, .. } => {
            trace!(%site, %queue, waiting, "queue line")
        }
        Observation::Judged { site, sla, on, indicator, verdict } => {
            debug!(%site, %sla, %on, indicator, verdict, "judged")
        }
        Observation::Trunk { trunk, up: true } => info!(%trunk, "trunk answers"),
        Observation::Trunk { trunk, up: false } => warn!(%trunk, "trunk does not answer"),
        Observation::SipRequest { direction, method } => trace!(direction, method, "SIP request"),
        Observation::SipResponse { direction, method, code } => {
            trace!(direction, method, code, "SIP response")
        }
        Observation::SipRetransmission { direction } => trace!(direction, "SIP retransmission"),
        Observation::SourceRefused => debug!("request from a source no trunk accepts"),
        Observation::NotSip => debug!("bytes that are no SIP message"),
        Observation::SipStray => debug!("SIP response or ACK that belongs to nothing"),
        Observation::Audio { trunk, received, sent, lost, transcoded, refused } => {
            debug!(%trunk, received, sent, lost, transcoded, refused, "audio over");
        }
        Observation::StoreLate { backlog } => {
            warn!(backlog, "hang-up answered before its facts were on disk")
        }
        Observation::LimitReached { limit, cause } => warn!(limit, cause = cause.label(), "limit reached"),
        Observation::Fault { what } => error!(what, "fault: one call lost; please report it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{CallId, Cause, JournalSeq, Now};
    use crate::call::{Entry, Fact};
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

    #[test]
    fn at_info_there_is_a_line_per_limit_and_fault_but_none_per_fact_and_no_callers_number() {
        let lines = Lines::default();
        let written = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter("info")
            .json()
            .with_writer(move || lines.clone())
            .finish();
        let arrived = Fact::Arrived {
            trunk: "operateur".into(),
            caller: "+33612345678".into(),
            dialled: "0384961370".into(),
            number: None,
            site: None,
            plan: "d1gest".into(),
            sip_call_id: "x@y".into(),
        };
        let (seq, now) = (JournalSeq(1), Now::default());
        let entry = Entry { seq, now, subject: Subject::Call(CallId(1)), fact: arrived };
        tracing::subscriber::with_default(subscriber, || {
            observe(&Observation::Fact(Arc::new(entry)));
            observe(&Observation::LimitReached { limit: "calls", cause: Cause::Overload });
            observe(&Observation::Fault { what: "a broken invariant".into() });
        });
        let text =
            String::from_utf8(written.0.lock().expect("nobody panicked").clone()).expect("JSON is UTF-8");
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains("33612345678") && text.contains("a broken invariant"), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_said() {
        let refused = start(LogFormat::Text, "spillway=loud").expect_err("no such level");
        assert!(refused.to_string().contains("spillway=loud"), "{refused}");
    }
}
