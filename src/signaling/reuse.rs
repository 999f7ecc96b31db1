//! Connections a trunk's peer opened and wants our requests on (RFC 5923): `;alias` in its Via, over TLS alone, for
//! whoever takes a connection over takes its peer's calls. Must never know who has shown which certificate.

use super::event::Observation;
use super::stack::Stack;
use super::trunk::Source;
use crate::base::{Flow, Transport};
use crate::wire::sip::Message;
use std::net::SocketAddr;

impl Stack {
    /// A request came in; where it asks for its connection to be used again, and the address it stands for is one of its
    /// own trunk's peers, says so.
    pub(super) fn hear_alias(&mut self, flow: Flow, source: Source, request: &Message<'_>) {
        let (Transport::Tls, Source::Trunk(trunk)) = (flow.transport, source) else { return };
        let Some(via) = request.top_via().ok().filter(|via| via.alias) else { return };
        // Section 5: the address it came from, at the port it says it listens on.
        let port = via.port.unwrap_or(Transport::Tls.default_port());
        let address = SocketAddr::new(flow.remote.ip(), port);
        let is_peer = self.trunks.peer_at(trunk, &Flow { remote: address, ..flow }).is_some();
        if is_peer && address != flow.remote {
            self.layer.observe(Observation::ReuseAsked { flow, address });
        }
    }
}
