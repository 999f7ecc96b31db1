//! Files of certificates: read, refused with their line, and read again when they change.

use super::*;
use crate::base::finding::Source;
use rcgen::{CertificateParams, KeyPair};
use std::net::Ipv4Addr;

/// A folder with the certificate of one name and its key.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    certify(folder.path(), 2_090);
    folder
}

fn certify(folder: &Path, until: i32) {
    let key = KeyPair::generate().expect("a key");
    let mut asked = CertificateParams::new(vec!["sip.example".into()]).expect("a name");
    asked.not_after = rcgen::date_time_ymd(until, 1, 1);
    let certificate = asked.self_signed(&key).expect("signed");
    fs::write(folder.join("full.pem"), certificate.pem()).expect("written");
    fs::write(folder.join("key.pem"), key.serialize_pem()).expect("written");
}

/// The shipped settings with TLS, kept in a folder; the trunk `ipoffice` is reached over it.
fn settings(folder: &Path, server: &str, trunk: &str) -> Settings {
    let text = include_str!("../../../config/spillway.toml")
        .replace("\"tcp:127.0.0.1:5060\"", "\"tls:127.0.0.1:5061\"")
        .replace("udp:127.0.0.1:5080", "tls:127.0.0.1:5081")
        .replace(
            "[media]",
            &format!("[sip.tls]\ncertificate = \"full.pem\"\nkey = \"key.pem\"\n{server}\n\n[media]"),
        );
    let path = folder.join("spillway.toml").display().to_string();
    let text = format!("{text}[trunk.ipoffice.tls]\n{trunk}\n");
    crate::settings::load(&Source::new(&path, &text)).expect("sound").0
}

fn said(folder: &Path, server: &str, trunk: &str) -> Vec<String> {
    let findings = Certificates::read(&settings(folder, server, trunk)).expect_err("refused");
    findings
        .into_iter()
        .map(|finding| finding.words.message.replace(&*folder.display().to_string(), ""))
        .collect()
}

#[test]
fn what_the_settings_name_is_read_and_says_who_peers_must_be() {
    let folder = folder();
    let ipoffice = TrunkId(1);
    let of = |trunk: &str| Certificates::read(&settings(folder.path(), "", trunk)).expect("sound");
    let named =
        of("ca = \"full.pem\"\nname = \"sip.example\"\ncertificate = \"full.pem\"\nkey = \"key.pem\"");
    assert!(named.server().is_some());
    assert_eq!(named.expires(), Some(3_786_912_000));
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let (_, name) = named.client(ipoffice, address).expect("spoken");
    assert_eq!(name, ServerName::try_from("sip.example").expect("a name"));
    assert!(named.client(TrunkId(0), address).is_none(), "it speaks no TLS");
    let (_, name) = of("ca = \"full.pem\"").client(ipoffice, address).expect("spoken");
    assert_eq!(name, ServerName::IpAddress(address.into()));
    assert!(Certificates::none().server().is_none());
}

#[test]
fn files_that_can_not_be_used_are_told_where_they_are_named() {
    let folder = folder();
    let path = folder.path();
    let ca = "ca = \"full.pem\"";
    let settings = settings(path, "client_ca = \"absent.pem\"", ca);
    let findings = Certificates::read(&settings).expect_err("refused");
    let line = settings.sip.tls.as_ref().and_then(|tls| Some(tls.client_ca.as_ref()?.place.line()));
    assert_eq!(Some(findings[0].position().0), line);
    assert!(findings[0].words.message.contains("absent.pem can't be read: "));
    fs::write(path.join("empty.pem"), "").expect("written");
    assert_eq!(said(path, "client_ca = \"key.pem\"", ca), ["/key.pem holds no certificate"]);
    assert_eq!(said(path, "", "ca = \"empty.pem\""), ["/empty.pem holds no certificate"]);
    let swapped = format!("{ca}\ncertificate = \"full.pem\"\nkey = \"full.pem\"");
    assert_eq!(said(path, "", &swapped), ["/full.pem holds no private key"]);
    fs::write(path.join("other.pem"), KeyPair::generate().expect("a key").serialize_pem()).expect("written");
    let other = said(path, "", &format!("{ca}\ncertificate = \"full.pem\"\nkey = \"other.pem\""));
    assert!(other[0].starts_with("the certificate in /full.pem can't be used with its key: "), "{other:?}");
    fs::write(path.join("long.pem"), vec![b'x'; 1024 * 1024 + 1]).expect("written");
    let long = said(path, "", "ca = \"long.pem\"");
    assert!(long[0].starts_with("/long.pem can't be read: "), "{long:?}");
}

#[test]
fn changed_files_are_read_again_and_broken_ones_leave_the_old() {
    let folder = folder();
    let certificates = Certificates::read(&settings(folder.path(), "", "ca = \"full.pem\"")).expect("sound");
    let first = certificates.server().expect("spoken");
    let same = |other: &Arc<ServerConfig>| Arc::ptr_eq(other, &certificates.server().expect("spoken"));
    certificates.0.look();
    assert!(same(&first), "nothing changed");
    fs::write(folder.path().join("key.pem"), "half a").expect("written");
    certificates.0.look();
    assert!(same(&first) && certificates.is_unusable());
    fs::remove_file(folder.path().join("key.pem")).expect("removed");
    certificates.0.look();
    assert!(same(&first) && certificates.is_unusable());
    certify(folder.path(), 2_091);
    certificates.0.look();
    assert!(!same(&first) && !certificates.is_unusable());
    assert_eq!(certificates.expires(), Some(3_818_448_000));
}
