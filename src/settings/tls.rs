//! TLS as spillway.toml says it: where certificates and keys are kept, and whose are believed. Reads none of them.

use super::peers::{Peer, PeerName};
use super::trunk::is_host;
use super::{Listen, Located, wording};
use crate::base::finding::Findings;
use crate::base::written::Section;
use crate::base::{Name, Transport};
use std::path::{Path, PathBuf};

/// A certificate of ours with its chain, and the key it is of, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, then those that sign it.
    pub certificate: Located<PathBuf>,
    /// Its private key.
    pub key: Located<PathBuf>,
}

/// `[sip.tls]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// What is shown to whoever connects.
    pub own: CertificateFiles,
    /// Who signs the certificates that whoever connects must show; nobody must when `None`.
    pub client_ca: Option<Located<PathBuf>>,
}

/// `[trunk.NAME.tls]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrunkTls {
    /// Who signs its peers' certificates; the public authorities when `None`.
    pub ca: Option<Located<PathBuf>>,
    /// What they must be for: as written, else the trunk's domain, else the name its peers are found by (RFC 5922 section
    /// 4); each peer's own address when `None`.
    pub name: Option<Name>,
    /// What it is shown when it asks.
    pub own: Option<CertificateFiles>,
}

/// Reads `[sip.tls]`, which TLS can't do without.
pub(super) fn server(
    sip: &Section<'_>,
    listen: &[Located<Listen>],
    folder: &Path,
    findings: &mut Findings,
) -> Option<ServerTls> {
    let heard = listen.iter().find(|own| own.value.transport.is_secured());
    let Some(section) = sip.section("tls") else {
        if let Some(heard) = heard.filter(|_| sip.entry("tls").is_none()) {
            findings.error(&heard.place, wording::no_certificate());
        }
        return None;
    };
    if heard.is_none() && !listen.is_empty() {
        findings.error(&section.place(), wording::unheard_tls());
    }
    let own = CertificateFiles {
        certificate: path(&section, "certificate", folder)?,
        key: path(&section, "key", folder)?,
    };
    Some(ServerTls { own, client_ca: path(&section, "client_ca", folder) })
}

/// Reads `[trunk.NAME.tls]` of the trunk `name`; nothing where it never speaks TLS.
pub(super) fn trunk(
    name: &str,
    section: &Section<'_>,
    (peers, found_by): (&[Located<Peer>], Option<&PeerName>),
    domain: Option<&Name>,
    folder: &Path,
    findings: &mut Findings,
) -> Option<TrunkTls> {
    let by_name = found_by.is_some_and(|name| matches!(name.transport, Some(Transport::Tls) | None));
    let speaks = by_name || peers.iter().any(|peer| peer.value.transport == Transport::Tls);
    let otherwise = || domain.cloned().or_else(|| Some(found_by?.host.clone()));
    let Some(tls) = section.section("tls") else {
        return speaks.then(|| TrunkTls { name: otherwise(), ..TrunkTls::default() });
    };
    if !speaks {
        findings.error(&tls.place(), wording::unspoken_tls(name));
    }
    let written = tls.text("name");
    if let Some(text) = written.as_ref().filter(|text| !is_host(text.value)) {
        findings.error(&text.place, wording::bad_domain(text.value));
    }
    let own = match (path(&tls, "certificate", folder), path(&tls, "key", folder)) {
        (Some(certificate), Some(key)) => Some(CertificateFiles { certificate, key }),
        (Some(alone), None) => {
            findings.error(&alone.place, wording::half_certificate("key"));
            None
        }
        (None, Some(alone)) => {
            findings.error(&alone.place, wording::half_certificate("certificate"));
            None
        }
        (None, None) => None,
    };
    let name = written.map(|text| text.value.into()).or_else(otherwise);
    speaks.then(|| TrunkTls { ca: path(&tls, "ca", folder), name, own })
}

fn path(section: &Section<'_>, key: &str, folder: &Path) -> Option<Located<PathBuf>> {
    section.text(key).map(|text| Located { value: folder.join(text.value), place: text.place })
}
