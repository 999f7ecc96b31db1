//! What trunks are told where SIP is received on every address, and where audio is received.

use super::*;
use crate::base::finding::{Located, Source, Style, render};

/// The shipped settings, received on every address, with two trunks at these.
fn settings(peers: [&str; 2]) -> Settings {
    let text = include_str!("../../../config/spillway.toml")
        .replace("\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\"", "\"udp:0.0.0.0:5060\"")
        .replace("udp:127.0.0.1:5070", peers[0])
        .replace("udp:127.0.0.1:5080", peers[1]);
    match settings::load(&Source::new("spillway.toml", &text)) {
        Ok((settings, _)) => settings,
        Err(findings) => panic!("{}", render(&findings, Style::Plain)),
    }
}

/// Two networks, each with an address of ours.
fn towards(peer: SocketAddr) -> io::Result<IpAddr> {
    match peer.ip().to_string().as_str() {
        "192.0.2.7" | "192.0.2.8" | "192.0.2.1" => Ok([192, 0, 2, 1].into()),
        "198.51.100.7" => Ok([198, 51, 100, 1].into()),
        _ => Err(io::ErrorKind::NetworkUnreachable.into()),
    }
}

fn told(peers: [&str; 2]) -> Result<Option<SocketAddr>, String> {
    let settings = settings(peers);
    let listen = settings.sip.listen[0].value;
    advertised(listen, listen.address, &settings.trunks, towards).map_err(|error| error.to_string())
}

#[test]
fn received_on_every_address_sip_names_the_one_that_all_trunks_see() {
    let told = |first, second| told([first, second]);
    assert_eq!(
        told("udp:192.0.2.7:5060", "udp:192.0.2.8:5060"),
        Ok(Some("192.0.2.1:5060".parse().expect("an address")))
    );
    assert_eq!(
        told("udp:192.0.2.7:5060", "udp:198.51.100.7:5060"),
        Err(
            "udp:0.0.0.0:5060 stands for several addresses: trunk `operateur` sees 192.0.2.1 and `ipoffice` \
             198.51.100.1; listen on each of them instead"
                .into()
        )
    );
    assert_eq!(
        told("udp:192.0.2.7:5060", "udp:203.0.113.7:5060"),
        Err("there is no way from here to trunk `ipoffice` at 203.0.113.7:5060: network unreachable".into())
    );
    assert_eq!(
        told("udp:192.0.2.7:5060", "udp:192.0.2.1:5060"),
        Err("the peer of trunk `ipoffice` is Spillway itself".into())
    );
}

#[test]
fn audio_is_received_at_the_address_trunks_are_told_unless_they_are_told_several() {
    let shipped = include_str!("../../../config/spillway.toml");
    let bound = |from: &str, to: &str| {
        let text = shipped.replace(from, to);
        let (settings, _) = settings::load(&Source::new("spillway.toml", &text)).expect("loads");
        let listens: Vec<Listen> = settings
            .sip
            .listen
            .iter()
            .map(|Located { value: settings::Listen { transport, address }, .. }| Listen {
                transport: *transport,
                address: *address,
                advertised: None,
            })
            .collect();
        let trunks = settings.trunks.iter().map(|trunk| engine_trunk(trunk, None, &listens));
        let trunks: Vec<EngineTrunk> = trunks.collect::<Result<_, _>>().expect("loopback is up");
        media_address(&listens, &trunks, false).to_string()
    };
    assert_eq!(bound("", ""), "127.0.0.1");
    assert_eq!(bound("udp:127.0.0.1:5060", "udp:0.0.0.0:5060"), "0.0.0.0");
    // The IPBX is reached over TCP, from another address than the operator over UDP.
    let apart = shipped
        .replace("tcp:127.0.0.1:5060", "tcp:127.0.0.2:5060")
        .replace("udp:127.0.0.1:5080", "tcp:127.0.0.1:5080");
    assert_eq!(bound(shipped, &apart), "0.0.0.0");
}

#[test]
fn a_trunk_answers_challenges_once_its_password_was_read() {
    let text = include_str!("../../../config/spillway.toml");
    let keys = "user = \"habitat70\"\npassword = { env = \"IPBX\" }\nrealm = \"pbx\"\nregister = true\n";
    let (settings, _) =
        settings::load(&Source::new("spillway.toml", &format!("{text}{keys}"))).expect("sound settings");
    let trunk = settings.trunk("ipoffice").expect("written");
    let account = |password: Option<&Secret>| {
        engine_trunk(trunk, password, &[]).map(|trunk| trunk.peer.account).expect("a way to loopback")
    };
    let secret = Secret::new(b"s3cret");
    let known = account(Some(&secret)).expect("an account");
    assert_eq!((&*known.user, known.realm.as_deref()), ("habitat70", Some("pbx")));
    assert_eq!((known.password.expose(), known.register), (&b"s3cret"[..], Some(Duration::from_secs(600))));
    assert!(account(None).is_none());
    assert!(!format!("{known:?}").contains("s3cret"));
}

#[test]
fn over_tls_a_trunk_is_expected_at_its_peers_where_its_name_leads_and_where_it_accepts() {
    use crate::base::dns::Srv;
    use std::time::Duration;
    let text = include_str!("../../../config/spillway.toml")
        .replace("\"tcp:127.0.0.1:5060\"", "\"tls:127.0.0.1:5061\"")
        .replace("[media]", "[sip.tls]\ncertificate = \"full.pem\"\nkey = \"key.pem\"\n\n[media]")
        .replace("udp:127.0.0.1:5070", "tls:sip.operateur.fr")
        .replace("[\"127.0.0.1/32\"]", "[\"198.51.100.0/24\"]")
        .replace("udp:127.0.0.1:5080", "tls:192.0.2.8:5081");
    let (settings, _) = settings::load(&Source::new("spillway.toml", &text)).expect("sound");
    let found = FoundAddresses::default();
    let at = |address: &str| expected(&settings.trunks, &found, address.parse().expect("an address"));
    assert_eq!(at("192.0.2.8:5081"), Some(TrunkId(1)));
    assert_eq!(at("192.0.2.8:40000"), Some(TrunkId(1)));
    assert_eq!(at("198.51.100.9:5061"), Some(TrunkId(0)));
    assert_eq!(at("192.0.2.7:5061"), None, "nothing was said of it");
    let learn = |question, records| {
        found.learn(&question, &Ok(Answer { records, ttl: Duration::from_secs(60) }));
    };
    let target: Box<str> = "sbc1.operateur.fr".into();
    let srv = Srv { priority: 1, weight: 1, port: 5_061, target: target.clone() };
    let ip: IpAddr = [192, 0, 2, 7].into();
    learn(Question::Addresses(target), Records::Addresses(vec![ip]));
    assert_eq!(at("192.0.2.7:5061"), None, "of nobody's name");
    learn(Question::Srv("_sips._tcp.sip.operateur.fr".into()), Records::Srv(vec![srv]));
    assert_eq!(at("192.0.2.7:5061"), Some(TrunkId(0)));
}
