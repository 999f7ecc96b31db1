//! Reads spillway.toml: form by the key table, then meaning. Opens nothing.

use super::{Ban, Hep, Listen, Located, Media, Settings, Sip, keys, phones, tls, trunk, websocket, wording};
use crate::base::finding::{Finding, Findings, Source};
use crate::base::written::{self, Section};
use crate::base::{Name, Transport};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

const DRAIN: Duration = Duration::from_secs(60);
const BAN: Ban = Ban { after: 20, within: Duration::from_secs(60), lasts: Duration::from_secs(600) };
/// The control socket's name within `data`.
const SOCKET: &str = "control.sock";

/// Reads a settings file; relative paths are read from its own folder.
///
/// # Errors
/// Everything wrong with it at once, when anything is; warnings come beside the settings.
pub fn load(source: &Source) -> Result<(Settings, Vec<Finding>), Vec<Finding>> {
    let mut findings = Findings::default();
    let document = written::read(source, &keys::ROOT, &mut findings);
    let settings = read(&document.root(), Path::new(source.folder()), &mut findings);
    match settings {
        Some(settings) if !findings.any_error() => Ok((settings, findings.into_sorted())),
        Some(_) | None => Err(findings.into_sorted()),
    }
}

/// What little of a settings file a check of the dialplans needs, read also when the rest is wrong: their folder and
/// the names of the trunks, the phones' line last.
#[must_use]
pub fn outline(source: &Source) -> (Option<Located<PathBuf>>, Vec<Name>) {
    let document = written::read(source, &keys::ROOT, &mut Findings::default());
    let root = document.root();
    let folder = root.text("dialplans").map(|text| path_in(Path::new(source.folder()), text));
    let trunks = root.named("trunk").into_iter().map(|(name, _)| name.value.into());
    // The phones' line comes after the last trunk's.
    let phones = root.entry(phones::PHONES).map(|_| phones::PHONES.into());
    (folder, trunks.chain(phones).collect())
}

/// What is absent or malformed was reported with the document's form: reading goes on to find what else is wrong.
fn read(root: &Section<'_>, folder: &Path, findings: &mut Findings) -> Option<Settings> {
    let sip = root.section("sip").map(|section| sip(&section, folder, findings));
    let media = root.section("media").and_then(|section| media(&section, findings));
    let listen = sip.as_ref().map(|sip| sip.listen.as_slice()).unwrap_or_default();
    let http = root.section("http").and_then(|section| http(&section, listen, findings));
    let trunks = trunk::read(root, listen, folder, findings);
    let phones = phones::read(root, &trunks, folder, findings);
    let path = |text: Located<&str>| path_in(folder, text);
    let data = root.text("data").map(path)?;
    let socket = root.section("control").and_then(|control| control.text("socket")).map(path);
    Some(Settings {
        dialplans: root.text("dialplans").map(path)?,
        control: socket
            .unwrap_or_else(|| Located { value: data.value.join(SOCKET), place: data.place.clone() }),
        data,
        sip: sip?,
        media: media?,
        http,
        trunks,
        phones,
    })
}

fn path_in(folder: &Path, text: Located<&str>) -> Located<PathBuf> {
    Located { value: folder.join(text.value), place: text.place }
}

fn sip(section: &Section<'_>, folder: &Path, findings: &mut Findings) -> Sip {
    let mut listen: Vec<Located<Listen>> = Vec::new();
    for text in section.texts("listen") {
        let Some((transport, address)) = transport_address(text.value) else {
            findings.error(&text.place, wording::bad_listen(text.value));
            continue;
        };
        let value = Listen { transport, address };
        if let Some(first) =
            listen.iter().find(|other| other.value.covers(value) || value.covers(other.value))
        {
            findings.error_with(&text.place, wording::listen_twice(text.value), &first.place, "first here");
        }
        listen.push(Located { value, place: text.place });
    }
    if let Some(entry) = section.entry("listen").filter(|entry| entry.is_empty_list()) {
        findings.error(&entry.place(), wording::no_listen());
    }
    let hep = section.section("hep").and_then(|section| hep(&section, &listen, findings));
    let ban = section.section("ban").map_or(BAN, |section| ban(&section, findings));
    let trace = section.flag("trace").is_none_or(|trace| trace.value);
    let tls = tls::server(section, &listen, folder, findings);
    let origins = websocket::origins(section, &listen, findings);
    Sip {
        listen,
        tls,
        origins,
        drain: section.duration("drain").map_or(DRAIN, |drain| drain.value),
        hep,
        trace,
        ban,
    }
}

/// Copies sent to where we listen would be copied again, without end.
fn hep(section: &Section<'_>, listen: &[Located<Listen>], findings: &mut Findings) -> Option<Located<Hep>> {
    let text = section.text("to")?;
    let Some((Transport::Udp, to)) = transport_address(text.value).filter(|(_, to)| to.port() != 0) else {
        findings.error(&text.place, wording::bad_hep(text.value));
        return None;
    };
    let server = Listen { transport: Transport::Udp, address: to };
    if let Some(own) = listen.iter().find(|own| own.value.covers(server)) {
        findings.error_with(&text.place, wording::own_hep(text.value), &own.place, "SIP here");
    }
    let id = section.whole("id").and_then(|id| u32::try_from(id.value).ok()).unwrap_or(1);
    Some(Located { value: Hep { to, id }, place: text.place })
}

fn ban(section: &Section<'_>, findings: &mut Findings) -> Ban {
    let mut span = |key: &str, usual: Duration| match section.duration(key) {
        Some(written) if written.value.is_zero() => {
            findings.error(&written.place, wording::no_time(key));
            usual
        }
        Some(written) => written.value,
        None => usual,
    };
    let (within, lasts) = (span("within", BAN.within), span("for", BAN.lasts));
    let after = section.whole("after").and_then(|after| u32::try_from(after.value).ok());
    Ban { after: after.unwrap_or(BAN.after), within, lasts }
}

fn media(section: &Section<'_>, findings: &mut Findings) -> Option<Media> {
    let text = section.text("ports")?;
    match port_range(text.value) {
        Some(value) => Some(Media { ports: Located { value, place: text.place } }),
        None => {
            findings.error(&text.place, wording::bad_ports(text.value));
            None
        }
    }
}

fn http(
    section: &Section<'_>,
    sip: &[Located<Listen>],
    findings: &mut Findings,
) -> Option<Located<SocketAddr>> {
    let text = section.text("listen")?;
    let Ok(address) = text.value.parse() else {
        findings.error(&text.place, wording::bad_address(text.value));
        return None;
    };
    let own = Listen { transport: Transport::Tcp, address };
    if let Some(taken) = sip.iter().find(|other| other.value.covers(own) || own.covers(other.value)) {
        findings.error_with(&text.place, wording::listen_twice(text.value), &taken.place, "SIP here");
    }
    Some(Located { value: address, place: text.place })
}

/// Reads `udp:127.0.0.1:5060`.
pub(super) fn transport_address(text: &str) -> Option<(Transport, SocketAddr)> {
    let (transport, address) = text.split_once(':')?;
    let transport = Transport::ALL.into_iter().find(|known| known.name() == transport)?;
    Some((transport, address.parse().ok()?))
}

/// Reads `20000-29999`: room for two legs at least, above the ports only root may open.
fn port_range(text: &str) -> Option<RangeInclusive<u16>> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (from.trim().parse::<u16>().ok()?, to.trim().parse::<u16>().ok()?);
    (from >= 1_024 && to >= from.saturating_add(3)).then_some(from..=to)
}
