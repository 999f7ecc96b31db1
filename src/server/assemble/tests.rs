//! What trunks are told where SIP is received on every address, and where audio is received.

use super::addresses::{advertised, are_here, media_addresses};
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
fn a_trunk_that_is_shown_an_address_of_its_own_need_not_agree_with_the_others() {
    let told = |hidden: &[usize]| {
        let mut settings = settings(["udp:192.0.2.7:5060", "udp:198.51.100.7:5060"]);
        for trunk in hidden {
            let trunk = &mut settings.trunks[*trunk];
            let place = trunk.peer.place.clone();
            trunk.own.advertised = Some(Located { value: [203, 0, 113, 1].into(), place });
        }
        let listen = settings.sip.listen[0].value;
        let told = advertised(listen, listen.address, &settings.trunks, towards);
        told.map(|told| told.map(|told| told.ip().to_string())).map_err(|error| error.to_string())
    };
    assert_eq!(told(&[1]), Ok(Some("192.0.2.1".to_owned())));
    assert_eq!(told(&[0]), Ok(Some("198.51.100.1".to_owned())));
    // Phones are told something that is ours.
    assert_eq!(told(&[0, 1]), Ok(Some("192.0.2.1".to_owned())));
}

/// Where audio is received with these changes to the shipped settings.
fn audio(changes: &[(&str, &str)], has_phones: bool) -> Result<Vec<String>, String> {
    let shipped = include_str!("../../../config/spillway.toml").to_owned();
    let text = changes.iter().fold(shipped, |text, (from, to)| text.replace(from, to));
    let settings = match settings::load(&Source::new("spillway.toml", &text)) {
        Ok((settings, _)) => settings,
        Err(findings) => panic!("{}", render(&findings, Style::Plain)),
    };
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
    let addresses = media_addresses(&listens, &trunks, has_phones, &settings.trunks);
    let addresses = addresses.map_err(|error| error.to_string())?;
    Ok(addresses.iter().map(ToString::to_string).collect())
}

const EVERYWHERE: (&str, &str) = ("udp:127.0.0.1:5060", "udp:0.0.0.0:5060");
const OWN_MEDIA: (&str, &str) = ("agents = true ", "address = { media = \"127.0.0.9\" }\nagents = true ");

#[test]
fn audio_is_received_at_the_addresses_trunks_are_told() {
    let received = |changes: &[(&str, &str)]| audio(changes, false).expect("few").join(" ");
    assert_eq!(received(&[]), "127.0.0.1");
    assert_eq!(received(&[EVERYWHERE]), "0.0.0.0");
    // The IPBX is reached over TCP, from another address than the operator over UDP.
    let apart = [("tcp:127.0.0.1:5060", "tcp:127.0.0.2:5060"), ("udp:127.0.0.1:5080", "tcp:127.0.0.1:5080")];
    assert_eq!(received(&apart), "127.0.0.1 127.0.0.2");
    assert_eq!(received(&[OWN_MEDIA]), "127.0.0.1 127.0.0.9");
    assert_eq!(
        received(&[EVERYWHERE, OWN_MEDIA]),
        "127.0.0.1 127.0.0.9",
        "sockets of all leave no port to one"
    );
}

#[test]
fn audio_of_both_families_is_received_where_somebody_of_both_may_call() {
    let both = ("\"tcp:127.0.0.1:5060\"]", "\"udp:[::1]:5060\"]");
    let every = ("\"tcp:127.0.0.1:5060\"]", "\"udp:[::]:5060\"]");
    let accepts = ("[\"127.0.0.1/32\"]", "[\"127.0.0.1/32\", \"::1/128\"]");
    let sixth = ("udp:127.0.0.1:5080", "udp:[::1]:5080");
    let received = |changes: &[(&str, &str)], phones| audio(changes, phones).expect("few").join(" ");
    assert_eq!(received(&[both], false), "127.0.0.1", "no trunk is there");
    assert_eq!(received(&[both], true), "127.0.0.1 ::1", "phones are");
    assert_eq!(received(&[both, accepts], false), "127.0.0.1 ::1");
    assert_eq!(received(&[both, sixth], false), "127.0.0.1 ::1");
    assert_eq!(received(&[every, sixth, EVERYWHERE], false), "0.0.0.0 ::");
}

#[test]
fn audio_that_can_be_received_nowhere_is_refused_at_the_start() {
    let here = |address: &str| {
        let mut settings = settings(["udp:127.0.0.1:5070", "udp:127.0.0.1:5080"]);
        let place = settings.trunks[1].peer.place.clone();
        settings.trunks[1].own.media = Some(Located { value: address.parse().expect("an address"), place });
        are_here(&settings.trunks).map_err(|error| error.to_string())
    };
    assert_eq!(here("127.0.0.9"), Ok(()));
    let refused = here("192.0.2.1").expect_err("for documents only");
    assert!(refused.starts_with("audio of trunk `ipoffice` can't be received at 192.0.2.1: "), "{refused}");

    // Nothing says which address phones see.
    let named = ("udp:127.0.0.1:5070", "udp:127.0.0.1:5071");
    let refused = audio(&[named, EVERYWHERE, OWN_MEDIA], true).expect_err("of all, and of one");
    assert!(refused.contains("listen on each address instead"), "{refused}");
    let many: String = (10..18).map(|last| format!(", \"udp:127.0.0.{last}:5060\"")).collect();
    let many = ("\"tcp:127.0.0.1:5060\"]", format!("\"tcp:127.0.0.1:5060\"{many}]"));
    let refused = audio(&[(many.0, &many.1)], true).expect_err("nine");
    assert_eq!(refused, "audio would be received at 9 addresses; 8 at the most");
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
