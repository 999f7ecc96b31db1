//! Contacts that name us: whoever rings such a phone would have our own call come back to us. Must never look a name up: what
//! is not an address is reached over the path its REGISTER came on alone.

use super::bindings::Contact;
use crate::base::Transport;
use crate::signaling::config::Listen;
use crate::wire::sip::{Scheme, Uri};
use std::net::{IpAddr, SocketAddr};

/// Whether a contact is one of the addresses we listen on or are known by, some to one trunk alone (`shown`), whatever its
/// transport.
pub(super) fn is_ours(listens: &[Listen], shown: &[IpAddr], contact: &Contact) -> bool {
    let Ok(uri) = Uri::parse(&contact.uri) else { return false };
    let Some(host) = uri.host.ip() else { return false };
    let usual = match uri.scheme {
        Scheme::Sips => Transport::Tls,
        Scheme::Sip | Scheme::Tel | Scheme::Other => Transport::Udp,
    };
    let address = SocketAddr::new(host.to_canonical(), uri.port.unwrap_or_else(|| usual.default_port()));
    listens.iter().any(|listen| is_of(listen, shown, address))
}

/// Whether an address is where we listen: as it was written, or as everybody or one trunk knows it. Loopback and unspecified
/// ones are what a phone takes for its own address when it knows no better; its calls go back the way its REGISTER came.
fn is_of(listen: &Listen, shown: &[IpAddr], address: SocketAddr) -> bool {
    let (ip, port) = (address.ip(), address.port());
    let public = listen.public();
    let is_here = address == listen.address || address == public;
    !ip.is_unspecified() && (is_here || port == public.port() && shown.contains(&ip))
}
