//! Requests too large for a datagram: over TCP where their trunk says so, back over UDP where nobody listens there, and
//! not at all when they are longer than any peer takes. Must never know what is in one beyond its top Via.

use super::layer::Layer;
use crate::base::{Flow, Transport, limits};
use crate::signaling::own_address;
use bytes::Bytes;

/// What goes out instead of a request.
#[derive(Debug)]
pub(super) struct Detour {
    /// The way it takes.
    pub way: Flow,
    /// It, naming the transport it takes.
    pub request: Bytes,
}

/// Whether no peer is asked to take this.
pub(super) const fn is_too_long(request: &Bytes) -> bool {
    request.len() > limits::SIP_REQUEST_BYTES
}

impl Layer {
    /// How a request gets there that is not to go over UDP for its size (RFC 3261 section 18.1.1). The section has it so
    /// always; only where the trunk says so, since many a carrier takes UDP alone. An ACK to a 2xx never
    /// goes this way: nobody would hear that it was refused there.
    pub(super) fn detour(&self, flow: Flow, request: &Bytes) -> Option<Detour> {
        let is_large = flow.transport == Transport::Udp && request.len() > limits::UDP_REQUEST_BYTES;
        if !is_large || !self.faces.takes_large_over_tcp(&flow) {
            return None;
        }
        let leaving = |preferred| {
            own_address::leaving(&self.config.listens, Transport::Tcp, flow.remote.ip(), preferred)
        };
        let local = leaving(Some(flow.local.ip())).or_else(|| leaving(None))?;
        let request = over_tcp(request, local.port())?;
        Some(Detour { way: Flow { transport: Transport::Tcp, local, ..flow }, request })
    }
}

/// The same request with TCP in its top Via, and the port we listen on for it.
fn over_tcp(request: &[u8], port: u16) -> Option<Bytes> {
    const WRITTEN: &[u8] = b"\r\nVia: SIP/2.0/UDP ";
    let start = request.windows(WRITTEN.len()).position(|window| window == WRITTEN)? + WRITTEN.len();
    let end = start + request[start..].iter().position(|byte| *byte == b';')?;
    let sent_by = &request[start..end];
    let host = &sent_by[..sent_by.iter().rposition(|byte| *byte == b':')?];
    let mut changed = Vec::with_capacity(request.len() + 2);
    changed.extend_from_slice(&request[..start - WRITTEN.len()]);
    changed.extend_from_slice(b"\r\nVia: SIP/2.0/TCP ");
    changed.extend_from_slice(host);
    changed.extend_from_slice(format!(":{port}").as_bytes());
    changed.extend_from_slice(&request[end..]);
    Some(changed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_via_alone_names_tcp_and_its_port() {
        let said = |via: &str| {
            format!("INVITE sip:a@b SIP/2.0\r\nVia: {via};branch=z9hG4bKa;rport\r\nVia: x\r\n\r\n")
        };
        let changed = |via: &str| over_tcp(said(via).as_bytes(), 5_070).map(|changed| changed.to_vec());
        let expected = said("SIP/2.0/TCP 192.0.2.1:5070").into_bytes();
        assert_eq!(changed("SIP/2.0/UDP 192.0.2.1:5060"), Some(expected));
        let expected = said("SIP/2.0/TCP [2001:db8::1]:5070").into_bytes();
        assert_eq!(changed("SIP/2.0/UDP [2001:db8::1]:5060"), Some(expected));
        assert_eq!(changed("SIP/2.0/TCP 192.0.2.1:5060"), None);
    }
}
