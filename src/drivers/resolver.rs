//! Asks the DNS what the engine wants to know, from a thread of its own: a lookup takes as long as it takes.
//! Must never choose among answers: that is signaling's.

use crate::base::dns::{Answer, Naptr, Question, Records, Silent, Srv};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// Questions that wait: each trunk has one at a time, and more are answered with silence.
const WAITING: usize = 256;
/// One try at a server.
const TRY: Duration = Duration::from_secs(2);
/// How long an answer without any record holds where the zone does not say.
const NOTHING: Duration = Duration::from_secs(60);

/// A question and what became of it.
pub type Resolved = (Question, Result<Answer, Silent>);

/// The resolver. Dropping it ends its thread.
#[derive(Debug)]
pub struct Resolver {
    questions: Option<mpsc::Sender<Question>>,
    answers: crossbeam_channel::Receiver<Resolved>,
    unasked: crossbeam_channel::Sender<Resolved>,
    thread: Option<JoinHandle<()>>,
}

impl Resolver {
    /// Starts one that asks the servers of the machine; `wake` is called after each answer.
    ///
    /// # Errors
    /// When the thread or its runtime can't be had.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        Self::asking(None, wake)
    }

    /// Starts one that asks these servers.
    ///
    /// # Errors
    /// When the thread or its runtime can't be had.
    pub fn asking(
        servers: Option<ResolverConfig>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (questions, mut asked) = mpsc::channel(WAITING);
        let (answered, answers) = crossbeam_channel::unbounded();
        let unasked = answered.clone();
        let wake = Arc::new(wake);
        let thread = std::thread::Builder::new().name("dns".into()).spawn(move || {
            runtime.block_on(async {
                let resolver = match resolver(servers) {
                    Ok(resolver) => Some(Arc::new(resolver)),
                    Err(error) => {
                        tracing::error!(%error, "no name can be looked up");
                        None
                    }
                };
                while let Some(question) = asked.recv().await {
                    let (resolver, answered, wake) = (resolver.clone(), answered.clone(), Arc::clone(&wake));
                    // Each by itself: a name nobody answers for holds up no other.
                    tokio::spawn(async move {
                        let answer = match &resolver {
                            Some(resolver) => answer(resolver, &question).await,
                            None => Err(Silent),
                        };
                        // Nobody wants it any more when the service has stopped.
                        drop(answered.send((question, answer)));
                        wake();
                    });
                }
            });
        })?;
        Ok(Self { questions: Some(questions), answers, unasked, thread: Some(thread) })
    }

    /// Asks.
    pub fn ask(&self, question: Question) {
        let Some(questions) = &self.questions else { return };
        if let Err(refused) = questions.try_send(question) {
            let question = match refused {
                mpsc::error::TrySendError::Full(question) | mpsc::error::TrySendError::Closed(question) => {
                    question
                }
            };
            // The other end is ours too.
            drop(self.unasked.send((question, Err(Silent))));
        }
    }

    /// The next answer, if one is there.
    #[must_use]
    pub fn next_answer(&self) -> Option<Resolved> {
        self.answers.try_recv().ok()
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        drop(self.questions.take());
        // Not joined: it may be waiting for a server, and holds nothing that must be closed.
        drop(self.thread.take());
    }
}

fn resolver(servers: Option<ResolverConfig>) -> Result<TokioResolver, NetError> {
    let mut builder = match servers {
        Some(servers) => TokioResolver::builder_with_config(servers, TokioRuntimeProvider::default()),
        None => TokioResolver::builder_tokio()?,
    };
    let options: &mut ResolverOpts = builder.options_mut();
    options.timeout = TRY;
    options.attempts = 2;
    // Refreshed when the records run out: a cache of its own would only say the old again.
    options.cache_size = 0;
    // A name in spillway.toml is whole.
    options.ndots = 1;
    builder.build()
}

async fn answer(resolver: &TokioResolver, question: &Question) -> Result<Answer, Silent> {
    Ok(match question {
        Question::Naptr(name) => {
            lookup(resolver, name, RecordType::NAPTR).await?.answer(naptr, Records::Naptr)
        }
        Question::Srv(name) => lookup(resolver, name, RecordType::SRV).await?.answer(srv, Records::Srv),
        Question::Addresses(name) => {
            let four = lookup(resolver, name, RecordType::A).await?.answer(address, Records::Addresses);
            let six = lookup(resolver, name, RecordType::AAAA).await?.answer(address, Records::Addresses);
            both(four, six)
        }
    })
}

fn naptr(data: &RData) -> Option<Naptr> {
    let RData::NAPTR(naptr) = data else { return None };
    Some(Naptr {
        order: naptr.order,
        preference: naptr.preference,
        flags: String::from_utf8_lossy(&naptr.flags).into(),
        service: String::from_utf8_lossy(&naptr.services).into(),
        replacement: naptr.replacement.to_utf8().into(),
    })
}

fn srv(data: &RData) -> Option<Srv> {
    let RData::SRV(srv) = data else { return None };
    let (priority, weight, port) = (srv.priority, srv.weight, srv.port);
    Some(Srv { priority, weight, port, target: srv.target.to_utf8().into() })
}

fn address(data: &RData) -> Option<IpAddr> {
    if let RData::A(four) = data {
        Some(four.0.into())
    } else if let RData::AAAA(six) = data {
        Some(six.0.into())
    } else {
        None
    }
}

/// The addresses of both families. What a family without any says of its time counts for nothing.
fn both(four: Answer, six: Answer) -> Answer {
    match (four.records, six.records) {
        (Records::Addresses(four_addresses), Records::Addresses(mut addresses)) => {
            let ttl = match (four_addresses.is_empty(), addresses.is_empty()) {
                (false, true) => four.ttl,
                (true, false) => six.ttl,
                (false, false) | (true, true) => four.ttl.min(six.ttl),
            };
            let mut all = four_addresses;
            all.append(&mut addresses);
            Answer { records: Records::Addresses(all), ttl }
        }
        (records, _) => Answer { records, ttl: four.ttl },
    }
}

/// What was found: nothing, when the zone says that there is nothing.
struct Found(Option<Lookup>);

impl Found {
    fn answer<T>(self, read: impl Fn(&RData) -> Option<T>, records: impl Fn(Vec<T>) -> Records) -> Answer {
        let Some(lookup) = self.0 else { return Answer { records: records(Vec::new()), ttl: NOTHING } };
        let ttl = lookup.answers().iter().map(|record| record.ttl).min();
        let ttl = ttl.map_or(NOTHING, |seconds| Duration::from_secs(u64::from(seconds)));
        let found = lookup.answers().iter().filter_map(|record| read(&record.data)).collect();
        Answer { records: records(found), ttl }
    }
}

async fn lookup(resolver: &TokioResolver, name: &str, kind: RecordType) -> Result<Found, Silent> {
    let whole = format!("{}.", name.trim_end_matches('.'));
    match resolver.lookup(whole, kind).await {
        Ok(lookup) => Ok(Found(Some(lookup))),
        Err(error) if error.is_no_records_found() => Ok(Found(None)),
        Err(error) => {
            tracing::debug!(%error, name, "no answer from the DNS");
            Err(Silent)
        }
    }
}

#[cfg(test)]
mod tests;
