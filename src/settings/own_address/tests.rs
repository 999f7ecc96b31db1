//! `address` of a trunk, held against where we listen and how the trunk is reached.

use crate::base::finding::Source;
use crate::settings::{Settings, load};
use std::net::IpAddr;

const SHIPPED: &str = include_str!("../../../config/spillway.toml");

/// The shipped settings, with two more places to listen at and `keys` in the IPBX's trunk.
fn text(keys: &str) -> String {
    SHIPPED
        .replace("\"tcp:127.0.0.1:5060\"]", "\"udp:192.0.2.1:5060\", \"udp:[2001:db8::1]:5060\"]")
        .replace("agents = true ", &format!("{keys}\nagents = true "))
}

fn read(keys: &str) -> Result<Settings, Vec<String>> {
    load(&Source::new("spillway.toml", &text(keys)))
        .map(|(settings, _)| settings)
        .map_err(|findings| findings.into_iter().map(|finding| finding.words.message).collect())
}

#[test]
fn a_trunk_has_an_address_of_ours_to_leave_from_to_be_shown_and_for_audio() {
    let written =
        "address = { listen = \"192.0.2.1\", advertised = \"198.51.100.1\", media = \"192.0.2.2\" }";
    let settings = read(written).expect("sound");
    let own = |name: &str| {
        let own = settings.trunk(name).expect("written").own.clone();
        [own.listen, own.advertised, own.media].map(|address| address.map(|address| address.value))
    };
    let address = |text: &str| Some(text.parse::<IpAddr>().expect("an address"));
    assert_eq!(own("ipoffice"), [address("192.0.2.1"), address("198.51.100.1"), address("192.0.2.2")]);
    assert_eq!(own("operateur"), [None; 3]);
    let sixth = read("address = { listen = \"2001:db8::1\" }").map(drop);
    assert_eq!(
        sixth,
        Err(vec!["trunk `ipoffice` is reached over IPv4, and `listen` is no IPv4 address".to_owned()])
    );
}

#[test]
fn addresses_nobody_could_be_reached_from_are_refused() {
    let said = |keys: &str| read(keys).map(drop).expect_err("refused");
    assert_eq!(said("address = {}"), ["`address` of trunk `ipoffice` says nothing"]);
    assert_eq!(said("address = { listen = \"203.0.113.1\" }"), ["nothing listens on 203.0.113.1"]);
    for none in ["0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1:5060", "sip.example.com", "::"] {
        assert_eq!(
            said(&format!("address = {{ media = \"{none}\" }}")),
            [format!("\"{none}\" is no address of one machine")]
        );
    }
    for key in ["advertised", "media"] {
        assert_eq!(
            said(&format!("address = {{ {key} = \"2001:db8::2\" }}")),
            [format!("trunk `ipoffice` is reached over IPv4, and `{key}` is no IPv4 address")]
        );
    }
    // It is written as a table, with these keys.
    assert_eq!(said("address = \"192.0.2.1\"").len(), 1);
    assert_eq!(said("address = { listens = \"192.0.2.1\" }").len(), 2);
}

#[test]
fn a_trunk_over_another_transport_leaves_from_where_that_is_listened_on() {
    let tcp = |keys: &str| {
        let text = text(keys)
            .replace("udp:127.0.0.1:5080", "tcp:127.0.0.1:5080")
            .replace("\"udp:127.0.0.1:5060\"", "\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\"");
        load(&Source::new("spillway.toml", &text))
            .map(drop)
            .map_err(|findings| findings.into_iter().map(|finding| finding.words.message).collect::<Vec<_>>())
    };
    assert_eq!(tcp("address = { listen = \"127.0.0.1\" }"), Ok(()));
    assert_eq!(
        tcp("address = { listen = \"192.0.2.1\" }"),
        Err(vec!["trunk `ipoffice` is reached over tcp, which 192.0.2.1 is not listened on for".to_owned()])
    );
}
