//! The settings shipped load, and each way to get them wrong is told with its line.

use super::*;
use crate::base::finding::{Source, Style, render};

const SHIPPED: &str = include_str!("../../config/spillway.toml");

fn loaded(text: &str) -> Settings {
    match load(&Source::new("config/spillway.toml", text)) {
        Ok((settings, warnings)) => {
            assert_eq!(warnings, []);
            settings
        }
        Err(findings) => panic!("{}", render(&findings, Style::Plain)),
    }
}

/// Line and message of everything wrong.
fn refused(text: &str) -> Vec<(u32, String)> {
    let findings = load(&Source::new("spillway.toml", text)).expect_err("refused");
    findings.into_iter().map(|finding| (finding.position().0, finding.words.message)).collect()
}

#[test]
fn the_shipped_settings_load() {
    let settings = loaded(SHIPPED);
    assert_eq!(settings.dialplans.value, PathBuf::from("config/../dialplans"));
    assert_eq!(settings.control.value, PathBuf::from("config/../data/control.sock"));
    assert_eq!(settings.sip.listen[1].value.to_string(), "tcp:127.0.0.1:5060");
    assert_eq!(settings.sip.listen[1].at(), "config/spillway.toml:7:33");
    assert_eq!(settings.media.ports.value, 20_000..=29_999);
    let operateur = settings.trunk("operateur").expect("written");
    assert_eq!(operateur.channels, Some(Channels { total: 30, keep_out: 8 }));
    assert_eq!(operateur.ping, Some(Duration::from_secs(30)));
    assert!(settings.trunk("ipoffice").expect("written").agents);
}

#[test]
fn reliable_provisional_responses_are_allowed_unless_a_trunk_says_no() {
    let without = loaded(&SHIPPED.replace("agents = true", "prack = false\nagents = true"));
    let prack = |name: &str| without.trunk(name).expect("written").prack;
    assert_eq!((prack("operateur"), prack("ipoffice")), (true, false));
}

#[test]
fn what_agents_may_transfer_to_and_how_their_phones_ring_is_read_and_checked() {
    let written = |keys: &str| SHIPPED.replace("agents = true", &format!("{keys}\nagents = true"));
    let settings =
        loaded(&written("transfer_to = [\"0384961371\", \"+3306*\"]\nalert = \"<http://a>;info=x\""));
    let trunk = settings.trunk("ipoffice").expect("written");
    assert_eq!(trunk.transfer_to, ["0384961371".into(), "+3306*".into()]);
    assert_eq!((trunk.alert.as_deref(), trunk.auto_answer), (Some("<http://a>;info=x"), false));
    for bad in ["*", "", "03*4", "sip:201@x", "+"] {
        let found = refused(&written(&format!("transfer_to = [\"{bad}\"]")));
        assert_eq!(found[0].1, format!("\"{bad}\" is no number or prefix"));
    }
    for bad in ["ring2", "<>", "<a>", "<http://a> x", "<http://a b>", "<http://a>;é"] {
        let found = refused(&written(&format!("alert = \"{bad}\"")));
        assert_eq!(found[0].1, format!("\"{bad}\" is no Alert-Info"));
    }
}

#[test]
fn prefixes_count_bits() {
    let inside = |prefix: &str, address: &str| {
        Prefix::parse(prefix).expect("a prefix").contains(address.parse().expect("an address"))
    };
    assert!(inside("192.0.2.0/24", "192.0.2.255") && !inside("192.0.2.0/24", "192.0.3.0"));
    assert!(inside("0.0.0.0/0", "203.0.113.9") && !inside("0.0.0.0/0", "2001:db8::1"));
    assert!(inside("2001:db8::/32", "2001:db8:ffff::1") && !inside("2001:db8::/32", "2001:db9::"));
    assert!(inside("::/0", "2001:db9::") && inside("::1", "::1"));
    for bad in ["192.0.2.7/24", "192.0.2.0/33", "2001:db8::1/32", "host", "1.2.3.4/", ""] {
        assert_eq!(Prefix::parse(bad), None, "{bad}");
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let text = SHIPPED
        .replace("tcp:127.0.0.1:5060", "tls:127.0.0.1:5061")
        .replace("20000-29999", "29999-20000")
        .replace("127.0.0.1:8080", "localhost")
        .replace("keep_out = 8", "keep_out = 30")
        .replace("[\"pcma\"]", "[\"pmca\", \"g729\"]")
        .replace("identity  = \"off\"", "identity  = \"relay\"")
        .replace("udp:127.0.0.1:5080", "udp:127.0.0.1:5070");
    let expected = [
        (7, "\"tls:127.0.0.1:5061\" is no place to listen"),
        (11, "\"29999-20000\" is no range of ports"),
        (14, "\"localhost\" is no address and port"),
        (21, "`identity = \"relay\"` is not in this version"),
        (22, "30 of 30 channels kept free leave none for callers"),
        (31, "trunks `operateur` and `ipoffice` have the same peer"),
        (32, "unknown codec \"pmca\""),
        (32, "unknown codec \"g729\""),
    ];
    let expected: Vec<(u32, String)> = expected.map(|(line, message)| (line, message.to_owned())).into();
    assert_eq!(refused(&text), expected);
}

#[test]
fn what_comes_later_is_refused_by_name() {
    let text = format!("{SHIPPED}\n[phones]\nrealm = \"spillway\"\n");
    let messages: Vec<String> = refused(&text).into_iter().map(|(_, message)| message).collect();
    assert_eq!(messages, ["`phones` is not in this version"]);
}

#[test]
fn a_trunk_has_an_account_whose_password_is_kept_elsewhere() {
    let account = |text: &str| {
        let settings = loaded(&format!("{SHIPPED}user = \"habitat70\"\n{text}\n"));
        settings.trunk("ipoffice").expect("written").account.clone().expect("an account")
    };
    let plain = account("password = { env = \"IPBX\" }");
    assert_eq!((&*plain.user, plain.realm, plain.register), ("habitat70", None, None));
    assert_eq!(plain.password.value, PasswordSource::Env("IPBX".into()));
    let full = account("password = { file = \"secret\" }\nrealm = \"example.com\"\nregister = true");
    assert_eq!(full.password.value, PasswordSource::File("config/secret".into()));
    assert_eq!((full.realm.as_deref(), full.register), (Some("example.com"), Some(Duration::from_secs(600))));
    let hour = account("password = { env = \"IPBX\" }\nregister = true\nexpires = \"1h\"");
    assert_eq!(hour.register, Some(Duration::from_secs(3_600)));
}

#[test]
fn an_account_that_can_not_be_used_is_refused_and_a_written_password_is_not_shown() {
    let said = |text: &str| -> Vec<String> {
        refused(&format!("{SHIPPED}{text}\n")).into_iter().map(|(_, message)| message).collect()
    };
    assert_eq!(said("password = { env = \"A\" }"), ["`password` is of no use without `user`"]);
    assert_eq!(said("register = true"), ["`register` is of no use without `user`"]);
    assert_eq!(said("user = \"u\""), ["trunk `ipoffice` has a `user` and no `password`"]);
    let one = ["the password of trunk `ipoffice` is kept in one place"];
    assert_eq!(said("user = \"u\"\npassword = {}"), one);
    assert_eq!(said("user = \"u\"\npassword = { env = \"A\", file = \"b\" }"), one);
    let short = "user = \"u\"\npassword = { env = \"A\" }\nexpires = \"5s\"";
    assert_eq!(
        said(short),
        ["a registration lasts a minute or more", "`expires` is of no use without `register = true`"]
    );
    let written = format!("{SHIPPED}user = \"u\"\npassword = \"s3cret\"\n");
    let findings = load(&Source::new("spillway.toml", &written)).expect_err("refused");
    let shown = render(&findings, Style::Plain);
    assert!(shown.contains("the password of trunk `ipoffice` is written in this file"), "{shown}");
    assert!(shown.contains("password = { env = \"NAME\" }") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn trunks_nobody_could_tell_apart_are_refused() {
    let text = SHIPPED.replace("agents = true", "accept = [\"127.0.0.1\"]\nagents = true");
    assert_eq!(refused(&text)[0].1, "trunks `operateur` and `ipoffice` both accept 127.0.0.1/32");
    let streams = SHIPPED
        .replace("\"udp:127.0.0.1:507", "\"tcp:127.0.0.1:507")
        .replace("udp:127.0.0.1:508", "tcp:127.0.0.1:508");
    loaded(&streams);
    let tied = streams.replace("[\"127.0.0.1/32\"]", "[]");
    assert_eq!(
        refused(&tied)[0].1,
        "calls over TCP from trunks `operateur` and `ipoffice` can't be told apart"
    );
}

#[test]
fn a_file_of_nothing_says_what_is_missing() {
    let messages: Vec<String> = refused("").into_iter().map(|(_, message)| message).collect();
    let missing = ["version", "dialplans", "data", "sip", "media"].map(|key| format!("`{key}` is missing"));
    assert_eq!(messages, missing);
}

#[test]
fn every_address_may_be_listened_on_once() {
    let every = |listen: &str| SHIPPED.replace("\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\"", listen);
    let settings = loaded(&every("\"udp:0.0.0.0:5060\", \"tcp:0.0.0.0:5060\", \"udp:[::]:5060\""));
    assert_eq!(settings.sip.listen[0].value.to_string(), "udp:0.0.0.0:5060");
    let twice = |text: &str| vec![(7, format!("{text} is listened to twice"))];
    assert_eq!(refused(&every("\"udp:0.0.0.0:5060\", \"udp:127.0.0.1:5060\"")), twice("udp:127.0.0.1:5060"));
    assert_eq!(refused(&every("\"udp:127.0.0.1:5060\", \"udp:0.0.0.0:5060\"")), twice("udp:0.0.0.0:5060"));
}

#[test]
fn metrics_and_sip_streams_are_not_listened_for_at_one_place() {
    let taken = |http: &str| refused(&SHIPPED.replace("127.0.0.1:8080", http));
    let said = |http: &str| vec![(14, format!("{http} is listened to twice"))];
    assert_eq!(taken("127.0.0.1:5060"), said("127.0.0.1:5060"));
    assert_eq!(taken("0.0.0.0:5060"), said("0.0.0.0:5060"));
    loaded(&SHIPPED.replace("127.0.0.1:8080", "127.0.0.2:5060"));
    let datagrams_alone = SHIPPED.replace(", \"tcp:127.0.0.1:5060\"", "");
    loaded(&datagrams_alone.replace("127.0.0.1:8080", "127.0.0.1:5060"));
}

#[test]
fn a_trunk_that_could_not_answer_is_refused() {
    let over_tcp = SHIPPED.replace("udp:127.0.0.1:5080", "tcp:127.0.0.1:5080");
    loaded(&over_tcp);
    let messages = |text: &str| refused(text).into_iter().map(|(_, message)| message).collect::<Vec<_>>();
    assert_eq!(
        messages(&over_tcp.replace(", \"tcp:127.0.0.1:5060\"", "")),
        ["trunk `ipoffice` is reached over tcp and IPv4, where nothing listens"]
    );
    let both = SHIPPED
        .replace("tcp:127.0.0.1:5060", "udp:[::1]:5060")
        .replace("udp:127.0.0.1:5080", "udp:[::1]:5080");
    assert_eq!(
        messages(&both),
        ["trunks `operateur` and `ipoffice` speak IPv4 and IPv6: not in this version"]
    );
}
