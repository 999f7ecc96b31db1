//! From a peer's name to its addresses (RFC 3263 section 4): which questions follow from which answers.
//! Must never ask anything itself, nor know what time it is.

use super::config::{Peer, PeerName};
use crate::base::dns::{Answer, Naptr, Question, Records, Silent, Srv};
use crate::base::{Transport, limits};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// Questions one name may lead to: more is nobody's service.
const QUESTIONS: usize = 4 * limits::PEERS;

/// A name that is being looked up.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    place: PeerName,
    left: VecDeque<Step>,
    found: Vec<Found>,
    /// The shortest of what was said.
    ttl: Duration,
    asked: usize,
    /// Something was not said: what was found may be a part of it.
    silent: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Naptr,
    Srv {
        name: Box<str>,
        transport: Transport,
        rank: (u16, u16),
    },
    Addresses {
        host: Box<str>,
        port: u16,
        transport: Transport,
        rank: (u16, u16),
        priority: u16,
        weight: u16,
    },
}

#[derive(Clone, Debug)]
struct Found {
    /// Of its service, then of its host.
    place: ((u16, u16), u16),
    transport: Transport,
    address: SocketAddr,
    weight: u16,
}

impl Lookup {
    pub(super) fn new(place: &PeerName) -> Self {
        let mut lookup = Self {
            place: place.clone(),
            left: VecDeque::new(),
            found: Vec::new(),
            ttl: Duration::MAX,
            asked: 0,
            silent: false,
        };
        match (place.transport, place.port) {
            // A port that is written down settles it (RFC 3263 section 4.2).
            (transport, Some(port)) => lookup.host(transport.unwrap_or(Transport::Udp), port),
            (Some(transport), None) => lookup.service(transport),
            (None, None) => lookup.left.push_back(Step::Naptr),
        }
        lookup
    }

    /// What is to be asked now; nothing once everything was said.
    pub(super) fn question(&self) -> Option<Question> {
        Some(match self.left.front()? {
            Step::Naptr => Question::Naptr((*self.place.host).into()),
            Step::Srv { name, .. } => Question::Srv(name.clone()),
            Step::Addresses { host, .. } => Question::Addresses(host.clone()),
        })
    }

    /// Takes the answer to [`Self::question`].
    pub(super) fn take(&mut self, answer: Result<Answer, Silent>) {
        let Some(step) = self.left.pop_front() else { return };
        self.asked += 1;
        if self.asked >= QUESTIONS {
            self.left.clear();
        }
        let records = match answer {
            Ok(answer) => {
                self.ttl = self.ttl.min(answer.ttl);
                answer.records
            }
            Err(Silent) => {
                self.silent = true;
                return;
            }
        };
        match (step, records) {
            (Step::Naptr, Records::Naptr(records)) => self.services(records),
            (Step::Srv { transport, rank, .. }, Records::Srv(records)) => {
                self.hosts(transport, rank, records)
            }
            (
                Step::Addresses { port, transport, rank, priority, weight, .. },
                Records::Addresses(addresses),
            ) => {
                let found = addresses.into_iter().map(|ip| Found {
                    place: (rank, priority),
                    transport,
                    address: SocketAddr::new(ip, port),
                    weight,
                });
                self.found.extend(found);
            }
            // An answer to something else is none.
            (Step::Naptr | Step::Srv { .. } | Step::Addresses { .. }, _) => self.silent = true,
        }
    }

    /// The peers found and how long that holds; nothing when the DNS did not say all of it, or there are none.
    pub(super) fn finish(mut self) -> Option<(Vec<Peer>, Duration)> {
        if self.silent || self.found.is_empty() {
            return None;
        }
        self.found.sort_by_key(|found| found.place);
        let mut places: Vec<_> = self.found.iter().map(|found| found.place).collect();
        places.dedup();
        let mut peers: Vec<Peer> = Vec::new();
        for found in self.found {
            let priority = places.iter().position(|place| *place == found.place).unwrap_or(0);
            let Found { transport, address, weight, .. } = found;
            let again = |peer: &Peer| (peer.transport, peer.address) == (transport, address);
            if !peers.iter().any(again) && peers.len() < limits::PEERS {
                let priority = u16::try_from(priority).unwrap_or(u16::MAX);
                peers.push(Peer { transport, address, priority, weight });
            }
        }
        Some((peers, self.ttl))
    }

    /// NAPTR (RFC 3263 section 4.1): the services we have, the preferred first; without any, the usual names.
    fn services(&mut self, mut records: Vec<Naptr>) {
        records.sort_by_key(|record| (record.order, record.preference));
        for record in records {
            let transport = match record.service.to_ascii_uppercase().as_str() {
                "SIP+D2U" => Transport::Udp,
                "SIP+D2T" => Transport::Tcp,
                "SIPS+D2T" => Transport::Tls,
                _ => continue,
            };
            if record.flags.eq_ignore_ascii_case("s") {
                let rank = (record.order, record.preference);
                self.left.push_back(Step::Srv { name: record.replacement, transport, rank });
            }
        }
        if self.left.is_empty() {
            self.service(Transport::Udp);
            self.service(Transport::Tcp);
        }
    }

    /// The usual name of a service. UDP first, as everywhere without NAPTR.
    fn service(&mut self, transport: Transport) {
        let service = match transport {
            Transport::Udp => "_sip._udp",
            Transport::Tcp => "_sip._tcp",
            Transport::Tls => "_sips._tcp",
            // RFC 7118 section 5.3.
            Transport::Ws => "_sip._ws",
            Transport::Wss => "_sips._ws",
        };
        let name = format!("{service}.{}", self.place.host).into();
        let rank = (u16::MAX, u16::from(transport.is_reliable()));
        self.left.push_back(Step::Srv { name, transport, rank });
    }

    /// SRV: its hosts; without any, and without another service to ask, the name itself is a host.
    fn hosts(&mut self, transport: Transport, rank: (u16, u16), records: Vec<Srv>) {
        let is_offered = !records.is_empty();
        // A target of « . » says that there is no such service (RFC 2782).
        for Srv { priority, weight, port, target } in records.into_iter().filter(|srv| &*srv.target != ".") {
            self.left.push_back(Step::Addresses { host: target, port, transport, rank, priority, weight });
        }
        let is_last = self.left.is_empty() && self.found.is_empty();
        if !is_offered && is_last && rank.0 == u16::MAX {
            let transport = self.place.transport.unwrap_or(Transport::Udp);
            self.host(transport, transport.default_port());
        }
    }

    /// The name is a host's.
    fn host(&mut self, transport: Transport, port: u16) {
        let host = (*self.place.host).into();
        let rank = (u16::MAX, u16::MAX);
        self.left.push_back(Step::Addresses { host, port, transport, rank, priority: 0, weight: 1 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    /// A tiny DNS: each question with its answer, no record where it is not listed.
    fn look_up(
        place: &PeerName,
        zone: &[(Question, Records)],
    ) -> (Vec<Question>, Option<(Vec<String>, Duration)>) {
        let mut lookup = Lookup::new(place);
        let mut asked = Vec::new();
        while let Some(question) = lookup.question() {
            let records =
                zone.iter().find(|(known, _)| *known == question).map(|(_, records)| records.clone());
            let none = match &question {
                Question::Naptr(_) => Records::Naptr(vec![]),
                Question::Srv(_) => Records::Srv(vec![]),
                Question::Addresses(_) => Records::Addresses(vec![]),
            };
            let ttl = Duration::from_secs(300 - asked.len() as u64);
            asked.push(question);
            lookup.take(Ok(Answer { records: records.unwrap_or(none), ttl }));
        }
        let found = lookup.finish().map(|(peers, ttl)| {
            let written = |peer: &Peer| {
                format!("{} {}:{} {}", peer.priority, peer.transport.name(), peer.address, peer.weight)
            };
            (peers.iter().map(written).collect(), ttl)
        });
        (asked, found)
    }

    fn place(transport: Option<Transport>, port: Option<u16>) -> PeerName {
        PeerName { transport, host: "sip.example".into(), port }
    }

    fn host(name: &str, addresses: &[&str]) -> (Question, Records) {
        let addresses = addresses.iter().map(|ip| ip.parse::<IpAddr>().expect("an address")).collect();
        (Question::Addresses(name.into()), Records::Addresses(addresses))
    }

    fn srv(name: &str, hosts: &[(u16, u16, &str)]) -> (Question, Records) {
        let srv = |(priority, weight, target): &(u16, u16, &str)| Srv {
            priority: *priority,
            weight: *weight,
            port: 5_062,
            target: (*target).into(),
        };
        (Question::Srv(name.into()), Records::Srv(hosts.iter().map(srv).collect()))
    }

    fn naptr(order: u16, service: &str, replacement: &str) -> Naptr {
        let (flags, service, replacement) = ("S".into(), service.into(), replacement.into());
        Naptr { order, preference: 0, flags, service, replacement }
    }

    #[test]
    fn a_written_port_asks_for_addresses_alone() {
        let zone = [host("sip.example", &["192.0.2.1", "2001:db8::1"])];
        let (asked, found) = look_up(&place(Some(Transport::Tcp), Some(5_070)), &zone);
        assert_eq!(asked, [Question::Addresses("sip.example".into())]);
        let (peers, ttl) = found.expect("found");
        assert_eq!(peers, ["0 tcp:192.0.2.1:5070 1", "0 tcp:[2001:db8::1]:5070 1"]);
        assert_eq!(ttl, Duration::from_secs(300));
    }

    #[test]
    fn a_written_transport_asks_for_its_service_and_else_for_the_host() {
        let zone = [
            srv(
                "_sip._udp.sip.example",
                &[(20, 5, "b.example"), (10, 60, "a.example"), (10, 0, "c.example")],
            ),
            host("a.example", &["192.0.2.1"]),
            host("b.example", &["192.0.2.2"]),
            host("c.example", &["192.0.2.3"]),
        ];
        let (_, found) = look_up(&place(Some(Transport::Udp), None), &zone);
        let (peers, ttl) = found.expect("found");
        assert_eq!(peers, ["0 udp:192.0.2.1:5062 60", "0 udp:192.0.2.3:5062 0", "1 udp:192.0.2.2:5062 5"]);
        assert_eq!(ttl, Duration::from_secs(297), "the shortest of all");
        let (asked, found) =
            look_up(&place(Some(Transport::Udp), None), &[host("sip.example", &["192.0.2.9"])]);
        assert_eq!(asked.len(), 2);
        assert_eq!(found.expect("found").0, ["0 udp:192.0.2.9:5060 1"]);
        let (asked, found) =
            look_up(&place(Some(Transport::Tls), None), &[host("sip.example", &["192.0.2.9"])]);
        assert_eq!(asked[0], Question::Srv("_sips._tcp.sip.example".into()));
        assert_eq!(found.expect("found").0, ["0 tls:192.0.2.9:5061 1"]);
    }

    #[test]
    fn naptr_says_which_service_comes_first() {
        let zone = [
            (
                Question::Naptr("sip.example".into()),
                Records::Naptr(vec![
                    naptr(90, "SIP+D2U", "_sip._udp.a.example"),
                    naptr(50, "SIP+D2T", "_sip._tcp.a.example"),
                    naptr(10, "SIPS+D2T", "_sips._tcp.a.example"),
                ]),
            ),
            srv("_sip._udp.a.example", &[(0, 1, "a.example")]),
            srv("_sip._tcp.a.example", &[(9, 1, "a.example")]),
            srv("_sips._tcp.a.example", &[(9, 1, "a.example")]),
            host("a.example", &["192.0.2.1"]),
        ];
        let (_, found) = look_up(&place(None, None), &zone);
        let expected = ["0 tls:192.0.2.1:5062 1", "1 tcp:192.0.2.1:5062 1", "2 udp:192.0.2.1:5062 1"];
        assert_eq!(found.expect("found").0, expected);
    }

    #[test]
    fn without_naptr_both_services_are_asked_for_then_the_host() {
        let zone = [srv("_sip._tcp.sip.example", &[(0, 1, "a.example")]), host("a.example", &["192.0.2.1"])];
        let (_, found) = look_up(&place(None, None), &zone);
        assert_eq!(found.expect("found").0, ["0 tcp:192.0.2.1:5062 1"]);
        let (asked, found) = look_up(&place(None, None), &[host("sip.example", &["192.0.2.9"])]);
        assert_eq!((asked.len(), found.expect("found").0), (4, vec!["0 udp:192.0.2.9:5060 1".to_owned()]));
    }

    #[test]
    fn what_is_not_there_or_was_not_said_is_not_found() {
        let (_, found) = look_up(&place(None, None), &[]);
        assert_eq!(found, None);
        let (asked, found) =
            look_up(&place(Some(Transport::Udp), None), &[srv("_sip._udp.sip.example", &[(0, 0, ".")])]);
        assert_eq!((asked.len(), found), (1, None), "the service is not given: the host is not asked");
        let mut lookup = Lookup::new(&place(None, Some(5_060)));
        lookup.take(Err(Silent));
        assert!(lookup.question().is_none() && lookup.finish().is_none());
    }

    #[test]
    fn a_zone_without_end_is_left() {
        let hosts: Vec<(u16, u16, &str)> = (0..500).map(|priority| (priority, 1, "a.example")).collect();
        let zone = [srv("_sip._udp.sip.example", &hosts), host("a.example", &["192.0.2.1"])];
        let (asked, found) = look_up(&place(Some(Transport::Udp), None), &zone);
        assert_eq!((asked.len(), found.expect("found").0.len()), (QUESTIONS, 1));
    }
}
