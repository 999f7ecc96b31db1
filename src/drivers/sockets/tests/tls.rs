//! TLS over loopback: who is received, who is believed, and how long an unfinished handshake may take.

use super::*;
use crate::drivers::sockets::connection::Origin;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::sync::Mutex;
use std::thread::{self, JoinHandle};

pub(super) const NAME: &str = "sip.example";
pub(super) const ANSWER: &[u8] = b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Who signs the certificates of a test.
pub(super) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut asked = CertificateParams::default();
        asked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = asked.self_signed(&key).expect("signed").der().clone();
        Self { certificate, issuer: Issuer::new(asked, key) }
    }

    fn certify(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().expect("a key");
        let asked = CertificateParams::new(vec![name.into()]).expect("a name");
        let certificate = asked.signed_by(&key, &self.issuer).expect("signed");
        (vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("an authority");
        roots
    }

    pub(super) fn server(&self, name: &str) -> Arc<ServerConfig> {
        let (chain, key) = self.certify(name);
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).expect("sound"))
    }

    /// One that asks for a certificate of this authority.
    fn asking_server(&self) -> Arc<ServerConfig> {
        let (chain, key) = self.certify(NAME);
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots()), Arc::clone(&provider));
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let builder = builder.with_client_cert_verifier(verifier.build().expect("roots"));
        Arc::new(builder.with_single_cert(chain, key).expect("sound"))
    }

    /// A client that believes it, and shows a certificate of its own or none.
    pub(super) fn client(&self, shows: bool) -> Arc<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let builder = builder.with_root_certificates(self.roots());
        Arc::new(if shows {
            let (chain, key) = self.certify("phone.example");
            builder.with_client_auth_cert(chain, key).expect("sound")
        } else {
            builder.with_no_client_auth()
        })
    }
}

pub(super) fn name() -> ServerName<'static> {
    ServerName::try_from(NAME).expect("a name")
}

pub(super) type Server = Arc<Mutex<Arc<ServerConfig>>>;

/// A service that listens over TLS, and what it shows.
fn secured(config: Arc<ServerConfig>) -> (Doorstep, Server) {
    secured_over(Transport::Tls, config)
}

pub(super) fn secured_over(transport: Transport, config: Arc<ServerConfig>) -> (Doorstep, Server) {
    listening(Doorstep::listening(transport, 3), config)
}

fn secured_with_room_for(most: usize, config: Arc<ServerConfig>) -> (Doorstep, Server) {
    listening(Doorstep::listening(Transport::Tls, most), config)
}

fn listening(mut doorstep: Doorstep, config: Arc<ServerConfig>) -> (Doorstep, Server) {
    let server = Arc::new(Mutex::new(config));
    let shown = Arc::clone(&server);
    doorstep.streams.tls.server = Box::new(move || Some(Arc::clone(&shown.lock().expect("sound"))));
    (doorstep, server)
}

pub(super) type Client = StreamOwned<ClientConnection, TcpStream>;

/// Connects, sends a request, and waits for an answer or an end.
fn call(address: SocketAddr, config: Arc<ClientConfig>) -> JoinHandle<io::Result<Client>> {
    thread::spawn(move || {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let tls = ClientConnection::new(config, name()).expect("a client");
        ask(StreamOwned::new(tls, stream))
    })
}

fn ask(mut client: Client) -> io::Result<Client> {
    client.write_all(OPTIONS)?;
    let mut answer = vec![0; ANSWER.len()];
    client.read_exact(&mut answer)?;
    assert_eq!(answer, ANSWER);
    Ok(client)
}

impl Doorstep {
    /// Takes the next request, answers it on its flow, and gives what became of who asked.
    pub(super) fn serve<T>(&mut self, client: JoinHandle<T>) -> T {
        let before = self.messages.len();
        self.until(self.start, |doorstep| client.is_finished() || doorstep.messages.len() > before);
        if let Some(flow) = self.messages.get(before).copied() {
            let start = self.start;
            self.streams.send(flow, ANSWER, self.poll.registry(), start, &mut self.lost);
            self.until(start, |_| client.is_finished());
        }
        client.join().expect("no panic")
    }
}

#[test]
fn a_request_over_tls_is_answered_on_its_connection_and_kept_alive() {
    let authority = Authority::new();
    let (mut doorstep, _) = secured(authority.server(NAME));
    let mut client = doorstep.serve(call(doorstep.address, authority.client(false))).expect("answered");
    assert_eq!(doorstep.messages[0].transport, Transport::Tls);
    assert_eq!(doorstep.closed_by(doorstep.at(3_600)), 0);
    let alive = thread::spawn(move || {
        client.write_all(b"\r\n\r\n")?;
        let mut pong = [0; 2];
        client.read_exact(&mut pong).map(|()| pong)
    });
    doorstep.until(doorstep.start, |_| alive.is_finished());
    assert_eq!(&alive.join().expect("no panic").expect("kept alive"), b"\r\n");
    assert_eq!(doorstep.streams.handshakes, FailedHandshakes::default());
}

#[test]
fn who_must_show_a_certificate_and_has_none_is_refused_and_counted() {
    let authority = Authority::new();
    let (mut doorstep, _) = secured(authority.asking_server());
    doorstep.serve(call(doorstep.address, authority.client(true))).expect("known");
    doorstep.serve(call(doorstep.address, authority.client(false))).expect_err("unknown");
    doorstep.serve(call(doorstep.address, Authority::new().client(true))).expect_err("believes nobody here");
    doorstep.until(doorstep.start, |doorstep| doorstep.streams.handshakes.received == 2);
    assert_eq!(doorstep.messages.len(), 1);
}

#[test]
fn a_new_certificate_is_shown_to_the_next_and_leaves_the_others_alone() {
    let (before, after) = (Authority::new(), Authority::new());
    let (mut doorstep, server) = secured(before.server(NAME));
    let client = doorstep.serve(call(doorstep.address, before.client(false))).expect("answered");
    *server.lock().expect("sound") = after.server(NAME);
    doorstep.serve(call(doorstep.address, before.client(false))).expect_err("another authority");
    doorstep.serve(call(doorstep.address, after.client(false))).expect("answered");
    doorstep.serve(thread::spawn(move || ask(client))).expect("still there");
}

#[test]
fn a_handshake_that_does_not_end_and_one_nothing_follows_end_in_time() {
    let authority = Authority::new();
    let (mut doorstep, _) = secured(authority.server(NAME));
    let mut slow = doorstep.connect();
    // The beginning of a record of a handshake.
    slow.write_all(&[0x16, 3, 1, 0, 200, 1]).expect("taken");
    let mut silent = doorstep.connect();
    let mut tls = ClientConnection::new(authority.client(false), name()).expect("a client");
    doorstep.until(doorstep.start, |_| {
        let _ = tls.complete_io(&mut silent);
        !tls.is_handshaking()
    });
    // What is not TLS at all is closed at once.
    let mut plain = doorstep.connect();
    plain.write_all(OPTIONS).expect("taken");
    doorstep.until(doorstep.start, |doorstep| doorstep.streams.handshakes.received == 1);
    doorstep.lost.clear();
    assert_eq!(doorstep.closed_by(doorstep.at(29)), 0);
    assert_eq!(doorstep.closed_by(doorstep.at(30)), 2);
    assert_eq!(doorstep.streams.handshakes.received, 2, "the silent one had agreed");
    assert_eq!(doorstep.messages, []);
}

/// Receives one connection, and gives what came over it.
fn peer(config: Arc<ServerConfig>) -> (SocketAddr, JoinHandle<io::Result<Vec<u8>>>) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    let received = thread::spawn(move || {
        let (stream, _) = listener.accept()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut tls = StreamOwned::new(ServerConnection::new(config).expect("a server"), stream);
        let mut heard = vec![0; OPTIONS.len()];
        tls.read_exact(&mut heard)?;
        Ok(heard)
    });
    (address, received)
}

/// Sends a request to a peer that shows a certificate of `authority` for `certified`, where `believed` is believed.
fn send(certified: &str, authority: &Authority, believed: &Authority) -> (Doorstep, io::Result<Vec<u8>>) {
    let mut doorstep = Doorstep::new();
    let (remote, received) = peer(authority.server(certified));
    let config = believed.client(false);
    doorstep.streams.tls.client =
        Box::new(move |address| (address == remote).then(|| (Arc::clone(&config), name())));
    let flow = Flow { transport: Transport::Tls, local: doorstep.address, remote };
    let start = doorstep.start;
    doorstep.streams.send(flow, OPTIONS, doorstep.poll.registry(), start, &mut doorstep.lost);
    doorstep.until(start, |_| received.is_finished());
    doorstep.until(start, |doorstep| !doorstep.lost.is_empty() || doorstep.streams.handshakes.opened == 0);
    let heard = received.join().expect("no panic");
    (doorstep, heard)
}

#[test]
fn a_peer_is_spoken_to_only_when_its_certificate_is_for_its_name_and_of_a_believed_authority() {
    let authority = Authority::new();
    let (_, heard) = send(NAME, &authority, &authority);
    assert_eq!(heard.expect("heard"), OPTIONS);
    for (certified, believed) in [("other.example", &authority), (NAME, &Authority::new())] {
        let (mut doorstep, heard) = send(certified, &authority, believed);
        heard.expect_err("nothing is told to it");
        doorstep.until(doorstep.start, |doorstep| !doorstep.lost.is_empty());
        assert_eq!(doorstep.streams.handshakes, FailedHandshakes { received: 0, opened: 1 });
    }
}

#[test]
fn nobody_is_spoken_to_where_nobody_is_expected() {
    let mut doorstep = Doorstep::new();
    let flow = Flow { transport: Transport::Tls, local: doorstep.address, remote: doorstep.address };
    let start = doorstep.start;
    doorstep.streams.send(flow, OPTIONS, doorstep.poll.registry(), start, &mut doorstep.lost);
    assert_eq!(doorstep.lost, [flow]);
}

/// A peer that connected and sent a request, from where it listens by its own word; who is expected there.
fn offering(
    config: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    expected: &str,
) -> (Doorstep, Client, Flow) {
    let (mut doorstep, _) = secured(config);
    let client = doorstep.serve(call(doorstep.address, client)).expect("answered");
    let flow = doorstep.messages[0];
    let (believed, expected) = (Authority::new().client(false), expected.to_owned());
    doorstep.streams.tls.client = Box::new(move |_| {
        Some((Arc::clone(&believed), ServerName::try_from(expected.clone()).expect("a name")))
    });
    (doorstep, client, flow)
}

#[test]
fn a_connection_whose_peer_has_shown_who_it_is_is_used_for_what_goes_there() {
    let authority = Authority::new();
    let (mut doorstep, mut client, flow) =
        offering(authority.asking_server(), authority.client(true), "phone.example");
    let there = Flow { remote: (Ipv4Addr::LOCALHOST, 1).into(), ..flow };
    doorstep.streams.reuse(flow, there.remote);
    let start = doorstep.start;
    doorstep.streams.send(there, ANSWER, doorstep.poll.registry(), start, &mut doorstep.lost);
    // What belongs to the path it came by goes along it still.
    doorstep.streams.send(flow, ANSWER, doorstep.poll.registry(), start, &mut doorstep.lost);
    let said = thread::spawn(move || {
        let mut heard = vec![0; 2 * ANSWER.len()];
        client.read_exact(&mut heard).expect("both");
        client.write_all(OPTIONS).expect("taken");
        (client, heard)
    });
    doorstep.until(start, |_| said.is_finished());
    let (client, heard) = said.join().expect("no panic");
    assert_eq!(heard, [ANSWER, ANSWER].concat());
    assert_eq!(doorstep.streams.count(Transport::Tls), Connections { now: 1, accepted: 1 });
    doorstep.until(start, |doorstep| doorstep.messages.len() == 2);
    assert_eq!(doorstep.messages[1], there, "what comes on it comes from there");
    drop(client);
    doorstep.until(start, |doorstep| !doorstep.lost.is_empty());
    assert_eq!(doorstep.lost, [there, flow], "both paths are gone");
}

#[test]
fn a_connection_is_not_taken_over_by_who_shows_no_certificate_or_another_s_or_comes_from_elsewhere() {
    let authority = Authority::new();
    let asking = || authority.asking_server();
    let (shows, hides) = (authority.client(true), authority.client(false));
    let there: SocketAddr = (Ipv4Addr::LOCALHOST, 1).into();
    let elsewhere: SocketAddr = (STRANGER, 1).into();
    for (config, client, expected, address) in [
        (authority.server(NAME), hides, "phone.example", there),
        (asking(), Arc::clone(&shows), "other.example", there),
        (asking(), shows, "phone.example", elsewhere),
    ] {
        let (mut doorstep, _client, flow) = offering(config, client, expected);
        doorstep.streams.reuse(flow, address);
        let (start, path) = (doorstep.start, Flow { remote: address, ..flow });
        doorstep.streams.send(path, ANSWER, doorstep.poll.registry(), start, &mut doorstep.lost);
        assert!(doorstep.streams.of(path).is_none_or(|connection| connection.origin == Origin::Ours));
        assert!(doorstep.streams.of(flow).is_some_and(|connection| connection.flow == flow));
    }
}

#[test]
fn one_source_opens_a_hundred_connections_over_tls_and_no_more_and_begins_no_more_handshakes_than_that() {
    let authority = Authority::new();
    let (mut doorstep, _) = secured_with_room_for(2 * limits::STREAMS_PER_SOURCE, authority.server(NAME));
    let mut taken: Vec<_> = (0..limits::STREAMS_PER_SOURCE)
        .map(|_| doorstep.serve(call(doorstep.address, authority.client(false))).expect("answered"))
        .collect();
    let mut refused = doorstep.connect();
    doorstep.until(doorstep.start, |_| is_closed(&mut refused));
    assert_eq!(doorstep.streams.limited, Limited { crowded_out: 1, ..Limited::default() });

    // There is room again, and its handshakes are used up: whoever it is goes on where it is.
    drop(taken.pop());
    doorstep.until(doorstep.start, |doorstep| !doorstep.lost.is_empty());
    let mut refused = doorstep.connect();
    doorstep.until(doorstep.start, |_| is_closed(&mut refused));
    assert_eq!(doorstep.streams.limited, Limited { crowded_out: 1, handshakes: 1, ..Limited::default() });
    let mut other = doorstep.connect_from(STRANGER);
    let mut tls = ClientConnection::new(authority.client(false), name()).expect("a client");
    doorstep.until(doorstep.start, |_| {
        let _ = tls.complete_io(&mut other);
        !tls.is_handshaking()
    });
    // A second later it may begin some again.
    doorstep.start += Duration::from_secs(1);
    doorstep.serve(call(doorstep.address, authority.client(false))).expect("answered");
    assert_eq!(doorstep.streams.count(Transport::Tls), Connections { now: 101, accepted: 102 });
    assert_eq!(doorstep.streams.handshakes, FailedHandshakes::default(), "none of those began");
}
