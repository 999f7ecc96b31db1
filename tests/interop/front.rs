//! Phones that reach the service through a proxy of somebody else's, over every transport: they register with a Path
//! (RFC 3327), are called along it, and what they do in a call follows the proxy's Record-Route.

use crate::kamailio::Kamailio;
use crate::place::{Place, SPILLWAY};
use crate::softphones::{Make, a_phone_does_what_phones_do};
use std::net::Ipv4Addr;

/// Starts the proxy.
pub fn kamailio(place: &Place) -> (Option<Ipv4Addr>, Kamailio) {
    let service = ("SERVICE", place.ip(SPILLWAY).to_string());
    let kamailio = Kamailio::start(place, "front.cfg", "full", &[service]);
    (Some(Kamailio::ip(place)), kamailio)
}

/// Every kind of message the story has went through the proxy, both ways.
pub fn everything_passed(kamailio: &Kamailio) {
    for said in [
        "REGISTER from",
        "INVITE from",
        "INVITE to sip:201",
        "INVITE along its route",
        "REFER along its route",
        "NOTIFY along its route",
        "ACK along its route",
        "BYE along its route",
    ] {
        assert!(kamailio.lines(said, "") > 0, "{said}: {}", kamailio.said());
    }
}

#[test]
fn linphone_over_udp_through_kamailio_does_what_phones_do() {
    a_phone_does_what_phones_do(Make::Linphone, "udp", kamailio, everything_passed);
}

#[test]
fn baresip_over_tcp_through_kamailio_does_what_phones_do() {
    a_phone_does_what_phones_do(Make::Baresip, "tcp", kamailio, everything_passed);
}

#[test]
fn linphone_over_tls_through_kamailio_does_what_phones_do() {
    a_phone_does_what_phones_do(Make::Linphone, "tls", kamailio, everything_passed);
}
