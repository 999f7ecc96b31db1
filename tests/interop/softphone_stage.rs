//! The stage of the stories with phones that register: a site of two agents on such phones, callers behind a carrier, a
//! service that speaks UDP, TCP and TLS. Must never know which phones come.

use crate::place::{CALLERS, OPERATOR, Place, SPILLWAY};
use crate::service::{Service, Setting};
use rcgen::{CertificateParams, KeyPair, SanType};
use spillway::base::Secret;
use spillway::signaling::password_digests;
use std::path::PathBuf;

/// Everybody's.
pub const PASSWORD: &str = "cheval.pile.agrafe";
/// What a caller hears while nobody speaks to them.
pub const MUSIC_HZ: f64 = 520.0;

/// 03 84 96 13 70 is Nadia's (201), 71 is Karim's (203); 202 and 204 are nobody's queue.
const SITE: &str = r#"
version = 1
[site]
name     = "Postes"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[number."03 84 96 13 71"]
flow = "secours"
[flow.accueil]
steps = [{ go = "technique" }]
[flow.secours]
steps = [{ go = "expert" }]
[queue.technique]
via      = "phones"
agents   = { Nadia = 201 }
ring     = "20s"
hold     = { music = "attente" }
overflow = [{ after = "60s", to = "rappelez" }]
[queue.expert]
via      = "phones"
agents   = { Karim = 203 }
ring     = "20s"
hold     = { music = "attente" }
overflow = [{ after = "60s", to = "rappelez" }]
[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "200 Hz"
[music]
attente = "musique/*.wav"
"#;

/// A certificate for some of those who are here; its file and its key's.
pub fn certificate(place: &Place, name: &str, hosts: &[u8]) -> (PathBuf, PathBuf) {
    let mut params = CertificateParams::default();
    for host in hosts {
        let ip = place.ip(*host);
        params.subject_alt_names.push(SanType::IpAddress(ip.into()));
        // linphone compares what it dialled with names alone, even when it dialled an address.
        params.subject_alt_names.push(SanType::DnsName(ip.to_string().try_into().expect("ASCII")));
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let file = place.write(&format!("{name}.pem"), &certificate.pem());
    (file, place.write(&format!("{name}.key"), &key.serialize_pem()))
}

/// The service, and the file of the one authority its phones believe; `md5` where a phone knows nothing better.
pub fn serve(place: &Place, md5: bool) -> (Service<'_>, PathBuf) {
    serve_also(place, md5, "", "")
}

/// The same with more settings and more of a site.
pub fn serve_also<'a>(
    place: &'a Place,
    md5: bool,
    more_settings: &str,
    more_site: &str,
) -> (Service<'a>, PathBuf) {
    place.prompt("rappelez", 200.0, 1.0);
    place.music(MUSIC_HZ);
    let line = |extension: &str| {
        let [md5_digest, sha256] = password_digests(extension, "spillway", &Secret::new(PASSWORD.as_bytes()));
        let sha256 = if md5 { String::new() } else { format!(";{sha256}") };
        format!("{extension};;{md5_digest}{sha256}\n")
    };
    let columns = if md5 { "extension;name;ha1_md5" } else { "extension;name;ha1_md5;ha1_sha256" };
    let lines = ["201", "202", "203", "204"].map(line).concat();
    place.write("phones.csv", &format!("{columns}\n{lines}"));
    let (believes, _) = certificate(place, "full", &[SPILLWAY, OPERATOR]);
    let ip = place.ip(SPILLWAY);
    let settings = format!(
        "version = 1\ndialplans = \"dialplans\"\ndata = \"data\"\n\n\
         [sip]\nlisten = [\"udp:{ip}:5060\", \"tcp:{ip}:5060\", \"tls:{ip}:5061\"]\ndrain = \"1s\"\n\n\
         [sip.tls]\ncertificate = \"full.pem\"\nkey = \"full.key\"\n\n\
         [media]\nports = \"{}\"\n\n[http]\nlisten = \"{ip}:8080\"\n\n\
         [trunk.operateur]\npeer = \"udp:{}:5060\"\n\n\
         [phones]\nrealm = \"spillway\"\nusers = {{ file = \"phones.csv\" }}\nemergency = \"operateur\"\n{more_settings}",
        place.rtp_ports(),
        place.ip(CALLERS),
    );
    (Setting::new(place).serve_as(&settings, &format!("{SITE}{more_site}")), believes)
}
