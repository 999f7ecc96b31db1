//! From PEM files to what TLS is spoken with. What is wrong is told where spillway.toml names the file.

use super::words;
use crate::base::finding::{Findings, Located, Place};
use crate::base::limits;
use crate::settings::{CertificateFiles, ServerTls, Trunk, TrunkTls};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What RFC 3261 section 26.3.1 asks for is long broken: 1.2 is the oldest that isn't.
const VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

type Chain = Vec<CertificateDer<'static>>;

pub(super) fn server(tls: &ServerTls, findings: &mut Findings) -> Option<(Arc<ServerConfig>, Chain)> {
    let own = own(&tls.own, findings);
    let authorities = tls.client_ca.as_ref().map(|ca| authorities(ca, findings));
    let (chain, key) = own?;
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&VERSIONS).ok()?;
    let builder = match (authorities, &tls.client_ca) {
        (Some(authorities), Some(ca)) => {
            let asking = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities?), provider());
            match asking.build() {
                Ok(verifier) => builder.with_client_cert_verifier(verifier),
                Err(error) => {
                    findings.error(&ca.place, words::no_authority(&ca.value, &error));
                    return None;
                }
            }
        }
        (Some(_), None) | (None, _) => builder.with_no_client_auth(),
    };
    match builder.with_single_cert(chain.clone(), key) {
        Ok(config) => Some((Arc::new(config), chain)),
        Err(error) => refused(&tls.own, &error, findings),
    }
}

/// The trunk's, and the chain of ours that it is shown.
pub(super) fn client(
    trunk: &Trunk,
    tls: &TrunkTls,
    public: &mut Option<RootCertStore>,
    findings: &mut Findings,
) -> Option<(Arc<ClientConfig>, Chain)> {
    let roots = match &tls.ca {
        Some(ca) => authorities(ca, findings),
        None => public_authorities(public, &trunk.name, &trunk.peer.place, findings),
    };
    let own = tls.own.as_ref().map(|files| (files, own(files, findings)));
    let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&VERSIONS).ok()?;
    let builder = builder.with_root_certificates(roots?);
    match own {
        Some((files, pair)) => {
            let (chain, key) = pair?;
            match builder.with_client_auth_cert(chain.clone(), key) {
                Ok(config) => Some((Arc::new(config), chain)),
                Err(error) => refused(files, &error, findings),
            }
        }
        None => Some((Arc::new(builder.with_no_client_auth()), Chain::new())),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn refused<T>(files: &CertificateFiles, error: &rustls::Error, findings: &mut Findings) -> Option<T> {
    findings.error(&files.certificate.place, words::unusable(&files.certificate.value, error));
    None
}

fn own(files: &CertificateFiles, findings: &mut Findings) -> Option<(Chain, PrivateKeyDer<'static>)> {
    let chain = chain(&files.certificate, findings);
    let key = read(&files.key, findings).and_then(|bytes| {
        let key = PrivateKeyDer::from_pem_slice(&bytes).ok();
        if key.is_none() {
            findings.error(&files.key.place, words::no_key(&files.key.value));
        }
        key
    });
    Some((chain?, key?))
}

fn authorities(file: &Located<PathBuf>, findings: &mut Findings) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(file, findings)? {
        if let Err(error) = roots.add(certificate) {
            findings.error(&file.place, words::no_authority(&file.value, &error));
            return None;
        }
    }
    Some(roots)
}

/// Those this machine believes. A few it can't use are no reason to believe none.
fn public_authorities(
    known: &mut Option<RootCertStore>,
    trunk: &str,
    place: &Place,
    findings: &mut Findings,
) -> Option<RootCertStore> {
    let roots = known.get_or_insert_with(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots
    });
    if roots.is_empty() {
        findings.error(place, words::no_public_authorities(trunk));
        return None;
    }
    Some(roots.clone())
}

fn chain(file: &Located<PathBuf>, findings: &mut Findings) -> Option<Chain> {
    let bytes = read(file, findings)?;
    match CertificateDer::pem_slice_iter(&bytes).collect::<Result<Chain, _>>() {
        Ok(chain) if !chain.is_empty() => Some(chain),
        Ok(_) | Err(_) => {
            findings.error(&file.place, words::no_certificate(&file.value));
            None
        }
    }
}

fn read(file: &Located<PathBuf>, findings: &mut Findings) -> Option<Vec<u8>> {
    match read_bounded(&file.value) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            findings.error(&file.place, words::unreadable(&file.value, &error));
            None
        }
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limits::CERTIFICATE_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limits::CERTIFICATE_FILE_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}
