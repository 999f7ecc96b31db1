//! A DNS server of a page, on loopback, asked by the resolver as it asks real ones.

use super::*;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig};
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

const A: u16 = 1;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const NAPTR: u16 = 35;

/// A name on the wire.
fn wire(name: &str) -> Vec<u8> {
    let labels = name.trim_end_matches('.').split('.');
    let labels = labels.flat_map(|label| {
        std::iter::once(u8::try_from(label.len()).expect("short")).chain(label.bytes()).collect::<Vec<_>>()
    });
    labels.chain([0]).collect()
}

fn text(text: &str) -> Vec<u8> {
    std::iter::once(u8::try_from(text.len()).expect("short")).chain(text.bytes()).collect()
}

/// The zone: name, type, seconds, data.
fn zone() -> Vec<(&'static str, u16, u32, Vec<u8>)> {
    let srv = |priority: u16, weight: u16, target: &str| {
        [&priority.to_be_bytes()[..], &weight.to_be_bytes(), &5_062_u16.to_be_bytes(), &wire(target)].concat()
    };
    let naptr =
        [&[0, 10, 0, 20][..], &text("s"), &text("SIP+D2U"), &text(""), &wire("_sip._udp.sip.example")]
            .concat();
    vec![
        ("sip.example", NAPTR, 600, naptr),
        ("_sip._udp.sip.example", SRV, 300, srv(1, 60, "a.example")),
        ("_sip._udp.sip.example", SRV, 200, srv(2, 0, "b.example")),
        ("a.example", A, 90, vec![192, 0, 2, 1]),
        ("a.example", AAAA, 80, "2001:db8::1".parse::<std::net::Ipv6Addr>().expect("one").octets().to_vec()),
        ("b.example", A, 70, vec![192, 0, 2, 2]),
    ]
}

/// Answers from the zone; a name outside it does not exist, and `silent.example` is not answered at all.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let end = 12 + query[12..].iter().position(|byte| *byte == 0)? + 5;
    let question = &query[12..end];
    let kind = u16::from_be_bytes([question[question.len() - 4], question[question.len() - 3]]);
    let name = &question[..question.len() - 4];
    if name == wire("silent.example") {
        return None;
    }
    let zone = zone();
    let exists = zone.iter().any(|(known, ..)| wire(known) == name);
    let records: Vec<_> = zone.iter().filter(|(known, of, ..)| wire(known) == name && *of == kind).collect();
    let count = u16::try_from(records.len()).expect("few").to_be_bytes();
    let mut reply = vec![query[0], query[1], 0x85, if exists { 0x80 } else { 0x83 }, 0, 1];
    reply.extend([count[0], count[1], 0, 0, 0, 0]);
    reply.extend_from_slice(question);
    for (_, kind, ttl, data) in records {
        reply.extend_from_slice(name);
        reply.extend(kind.to_be_bytes().into_iter().chain([0, 1]).chain(ttl.to_be_bytes()));
        reply.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        reply.extend_from_slice(data);
    }
    Some(reply)
}

/// A resolver that asks such a server, and how often it woke us.
fn resolver() -> (Resolver, Arc<AtomicU32>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback");
    let port = socket.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        let mut buffer = [0; 1_500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            if let Some(reply) = answer(&buffer[..length]) {
                socket.send_to(&reply, from).expect("loopback");
            }
        }
    });
    let mut connection = ConnectionConfig::udp();
    connection.port = port;
    let server = NameServerConfig::new(Ipv4Addr::LOCALHOST.into(), true, vec![connection]);
    let servers = ResolverConfig::from_name_servers(vec![server]);
    let woken = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&woken);
    let wake = move || {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    (Resolver::asking(Some(servers), wake).expect("a thread"), woken)
}

fn ask(resolver: &Resolver, question: Question) -> Result<Answer, Silent> {
    resolver.ask(question.clone());
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if let Some((asked, answer)) = resolver.next_answer() {
            assert_eq!(asked, question);
            return answer;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no answer to {question:?}");
}

#[test]
fn every_kind_of_record_is_read_with_its_time() {
    let (resolver, woken) = resolver();
    let naptr = ask(&resolver, Question::Naptr("sip.example".into())).expect("said");
    let expected = Naptr {
        order: 10,
        preference: 20,
        flags: "s".into(),
        service: "SIP+D2U".into(),
        replacement: "_sip._udp.sip.example.".into(),
    };
    assert_eq!((naptr.records, naptr.ttl), (Records::Naptr(vec![expected]), Duration::from_secs(600)));
    let srv = ask(&resolver, Question::Srv("_sip._udp.sip.example.".into())).expect("said");
    let Records::Srv(mut hosts) = srv.records else { panic!("{:?}", srv.records) };
    hosts.sort_by_key(|srv| srv.priority);
    let hosts: Vec<_> = hosts.iter().map(|srv| (srv.priority, srv.weight, srv.port, &*srv.target)).collect();
    assert_eq!(hosts, [(1, 60, 5_062, "a.example."), (2, 0, 5_062, "b.example.")]);
    assert_eq!(srv.ttl, Duration::from_secs(200), "the shortest");
    let addresses = ask(&resolver, Question::Addresses("a.example".into())).expect("said");
    let both = ["192.0.2.1", "2001:db8::1"].map(|ip| ip.parse().expect("an address"));
    assert_eq!(addresses.records, Records::Addresses(both.to_vec()));
    assert_eq!(addresses.ttl, Duration::from_secs(80));
    assert_eq!(woken.load(Ordering::Relaxed), 3);
}

#[test]
fn no_record_is_an_answer_and_no_word_is_none() {
    let (resolver, _) = resolver();
    let nothing = ask(&resolver, Question::Srv("_sip._tcp.sip.example".into())).expect("said");
    assert_eq!((nothing.records, nothing.ttl), (Records::Srv(vec![]), NOTHING));
    let unknown = ask(&resolver, Question::Naptr("nowhere.example".into())).expect("said");
    assert_eq!(unknown.records, Records::Naptr(vec![]));
    let one = ask(&resolver, Question::Addresses("b.example".into())).expect("said");
    let only = vec!["192.0.2.2".parse().expect("an address")];
    assert_eq!((one.records, one.ttl), (Records::Addresses(only), Duration::from_secs(70)));
    assert_eq!(ask(&resolver, Question::Naptr("silent.example".into())), Err(Silent));
}
