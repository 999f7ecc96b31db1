//! Who a caller claims to be, and addresses a caller would like us to fetch.

use super::{QUEUE, Request, hang_up, our_tag, say, world};
use crate::support::sim::wired::{GATEWAY, Wired};
use std::time::Duration;

/// A call with these headers, until the agent answers; gives all that is needed to hang it up.
fn rings_the_agent(world: &mut Wired, invite: &Request) -> String {
    let mut heard = say(world, invite);
    world.advance(Duration::from_secs(2));
    heard.extend(world.letters(GATEWAY));
    let tag = our_tag(&heard);
    say(world, &invite.then("ACK", 1, &tag));
    tag
}

#[test]
fn an_identity_asserted_on_a_trunk_that_is_not_trusted_to_is_ignored() {
    let mut world = world();
    let claims = "P-Asserted-Identity: <sip:+33140000000@elysee.example>\r\nRemote-Party-ID: <sip:17@x>;screen=yes\r\n\
        P-Preferred-Identity: <sip:17@x>";
    let invite = Request::new("INVITE", QUEUE, "pai").with(claims);
    let tag = rings_the_agent(&mut world, &invite);
    let rung = world.watch().invites().last().expect("the agent is rung").clone();
    assert!(rung.header("From").is_some_and(|from| from.contains("0601020304")), "{rung:?}");
    for name in ["P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity"] {
        assert_eq!(rung.header(name), None);
    }
    hang_up(&mut world, &invite, &tag, 2);
}

#[test]
fn no_address_a_caller_names_is_ever_asked() {
    let headers = [
        "Alert-Info: <http://169.254.169.254/latest/meta-data/>",
        "Call-Info: <http://127.0.0.1:8080/metrics>;purpose=icon",
        "Error-Info: <sip:203.0.113.99>",
        "Identity: eyJhbGciOiJFUzI1NiJ9.e30.c2ln;info=<https://203.0.113.99/cert.cer>;alg=ES256",
        "Geolocation: <http://203.0.113.99/location>",
        "Content-Disposition: session;handling=required;url=\"ftp://203.0.113.99/\"",
        "Contact: <sip:203.0.113.99>",
        "Reply-To: <sip:203.0.113.99>",
    ];
    for (n, header) in headers.into_iter().enumerate() {
        let mut world = world();
        let invite = Request::new("INVITE", QUEUE, &format!("fetch{n}")).with(header);
        // The network panics when anything goes to an address where nobody lives.
        let tag = rings_the_agent(&mut world, &invite);
        let rung = world.watch().invites().last().expect("the agent is rung").clone();
        let crossed =
            rung.header_names().filter(|name| header.to_lowercase().starts_with(&format!("{name}:")));
        let crossed: Vec<_> = crossed.filter(|name| *name != "contact").collect();
        assert!(crossed.is_empty(), "{header} crosses to the agent: {rung:?}");
        assert!(!format!("{rung:?}").contains("203.0.113.99"));
        hang_up(&mut world, &invite, &tag, 2);
    }
}
