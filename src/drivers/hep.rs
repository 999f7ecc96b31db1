//! Copies of SIP messages on their way to a capture server: handed over without waiting, sent by a thread of their own. What
//! the thread is behind with is dropped and counted. Must never hold up the engine.

use crate::base::limits::HEP_MESSAGES;
use crate::base::{Flow, Transport, Utc};
use crate::wire::hep::{self, Captured};
use crate::wire::sip::blank_secrets;
use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A message to be sent.
struct Copied {
    at: Utc,
    transport: Transport,
    from: SocketAddr,
    to: SocketAddr,
    correlation: Box<[u8]>,
    bytes: Bytes,
}

/// The way to a capture server. Its thread ends with it.
#[derive(Debug)]
pub struct Hep {
    copies: Sender<Copied>,
    dropped: Arc<AtomicU64>,
}

impl Hep {
    /// Starts sending to `server`, as the capture agent `id`.
    ///
    /// # Errors
    /// When the system gives no socket or no thread.
    pub fn start(server: SocketAddr, id: u32) -> io::Result<Self> {
        let any = match server {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let socket = UdpSocket::bind((any, 0))?;
        let (copies, waiting) = crossbeam_channel::bounded(HEP_MESSAGES);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        std::thread::Builder::new()
            .name("hep".into())
            .spawn(move || send_all(&socket, server, id, &waiting, &counted))?;
        Ok(Self { copies, dropped })
    }

    /// A message came; `correlation` is what those of its call have in common.
    pub fn received(&self, at: Utc, flow: Flow, bytes: &[u8], correlation: &[u8]) {
        let Flow { transport, local, remote } = flow;
        let (bytes, correlation) = (Bytes::copy_from_slice(bytes), correlation.into());
        self.put(Copied { at, transport, from: remote, to: local, correlation, bytes });
    }

    /// A message went out. Its bytes are shared, not copied.
    pub fn sent(&self, at: Utc, flow: Flow, bytes: &Bytes, correlation: &[u8]) {
        let Flow { transport, local, remote } = flow;
        let (bytes, correlation) = (bytes.clone(), correlation.into());
        self.put(Copied { at, transport, from: local, to: remote, correlation, bytes });
    }

    /// Messages that were not sent on: too many at once, one too long, or the system refused.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn put(&self, copied: Copied) {
        if self.copies.try_send(copied).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn send_all(socket: &UdpSocket, server: SocketAddr, id: u32, copies: &Receiver<Copied>, dropped: &AtomicU64) {
    let mut packet = Vec::new();
    for Copied { at, transport, from, to, correlation, bytes } in copies {
        // Whoever looks at captures is not whom passwords are proven to.
        let message = &*blank_secrets(&bytes);
        let captured = Captured { transport, from, to, at, correlation: &correlation, message };
        if !hep::write(&captured, id, &mut packet) || socket.send_to(&packet, server).is_err() {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_came_and_what_went_reach_the_server_and_what_is_too_long_is_counted() {
        let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
        server.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket");
        let hep = Hep::start(server.local_addr().expect("bound"), 7).expect("starts");
        let flow = Flow {
            transport: Transport::Udp,
            local: "127.0.0.1:5070".parse().expect("an address"),
            remote: "127.0.0.9:5080".parse().expect("an address"),
        };
        let at = Utc::from_micros(1_800_000_000_000_042);
        hep.received(at, flow, &[b'x'; 65_535], b"");
        hep.received(at, flow, b"INVITE sip:a SIP/2.0\r\nAuthorization: Digest x\r\n\r\n", b"call");
        hep.sent(at, flow, &Bytes::from_static(b"SIP/2.0 200 OK"), b"");

        let mut buffer = [0; 2_048];
        let mut heard = || {
            let (length, _) = server.recv_from(&mut buffer).expect("a packet");
            buffer[..length].to_vec()
        };
        let (came, went) = (heard(), heard());
        let mut expected = Vec::new();
        let blanked = b"INVITE sip:a SIP/2.0\r\nAuthorization: ***\r\n\r\n";
        for (packet, from, to, correlation, message) in [
            (came, flow.remote, flow.local, &b"call"[..], &blanked[..]),
            (went, flow.local, flow.remote, b"", b"SIP/2.0 200 OK"),
        ] {
            let captured = Captured { transport: Transport::Udp, from, to, at, correlation, message };
            assert!(hep::write(&captured, 7, &mut expected));
            assert_eq!(packet, expected);
        }
        assert_eq!(hep.dropped(), 1);
    }

    #[test]
    fn what_the_thread_is_behind_with_is_dropped_and_counted_and_nobody_waits() {
        let (copies, waiting) = crossbeam_channel::bounded(1);
        let hep = Hep { copies, dropped: Arc::default() };
        let address = "127.0.0.1:5070".parse().expect("an address");
        let flow = Flow { transport: Transport::Udp, local: address, remote: address };
        for _ in 0..3 {
            hep.received(Utc::from_micros(0), flow, b"INVITE", b"");
        }
        assert_eq!((waiting.len(), hep.dropped()), (1, 2));
    }
}
