//! Certificates and keys, ours and of those we believe, read again when their files change. Opens no socket.
//! Must never show what a key file holds.

mod expiry;
mod files;
#[cfg(test)]
mod tests;
mod words;

use crate::base::TrunkId;
use crate::base::finding::{Finding, Findings};
use crate::settings::{ServerTls, Settings, Trunk};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(5);

/// What TLS is spoken with, as the files said it when they were last sound.
#[derive(Clone, Debug)]
pub struct Certificates(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    server: Option<ServerTls>,
    /// Those that may be reached over TLS.
    trunks: Vec<Trunk>,
    current: Mutex<Current>,
    unusable: AtomicBool,
}

#[derive(Debug)]
struct Current {
    sound: Sound,
    /// The files as they were when they were last read, sound or not.
    seen: Vec<Seen>,
}

/// What tells a file from the one that took its place: when it was changed, and its length; nothing when it is gone.
type Seen = Option<(SystemTime, u64)>;

#[derive(Debug, Default)]
struct Sound {
    server: Option<Arc<ServerConfig>>,
    trunks: Vec<(TrunkId, Arc<ClientConfig>)>,
    expires: Option<i64>,
}

impl Certificates {
    /// Reads everything the settings name.
    ///
    /// # Errors
    /// What is missing or can't be used, each where spillway.toml names it.
    pub fn read(settings: &Settings) -> Result<Self, Vec<Finding>> {
        let server = settings.sip.tls.clone();
        let trunks: Vec<Trunk> =
            settings.trunks.iter().filter(|trunk| trunk.tls.is_some()).cloned().collect();
        let seen = paths(server.as_ref(), &trunks).map(see).collect();
        let sound = read(server.as_ref(), &trunks)?;
        let current = Mutex::new(Current { sound, seen });
        Ok(Self(Arc::new(Shared { server, trunks, current, unusable: AtomicBool::new(false) })))
    }

    /// None at all, for a service that speaks no TLS.
    #[must_use]
    pub fn none() -> Self {
        let current = Mutex::new(Current { sound: Sound::default(), seen: Vec::new() });
        Self(Arc::new(Shared { server: None, trunks: Vec::new(), current, unusable: AtomicBool::new(false) }))
    }

    /// As whom others are received now.
    #[must_use]
    pub fn server(&self) -> Option<Arc<ServerConfig>> {
        self.0.current().sound.server.clone()
    }

    /// Whom to believe on a trunk now, and what the certificate of its peer at `address` must be for.
    #[must_use]
    pub fn client(
        &self,
        trunk: TrunkId,
        address: IpAddr,
    ) -> Option<(Arc<ClientConfig>, ServerName<'static>)> {
        let tls = self.0.trunks.iter().find(|known| known.id == trunk)?.tls.as_ref()?;
        let name = match &tls.name {
            Some(name) => ServerName::try_from(name.trim_end_matches('.').to_owned()).ok()?,
            None => ServerName::IpAddress(address.to_canonical().into()),
        };
        let current = self.0.current();
        let (_, config) = current.sound.trunks.iter().find(|(id, _)| *id == trunk)?;
        Some((Arc::clone(config), name))
    }

    /// When the first certificate of ours runs out, Unix time, s; nothing without any.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        self.0.current().sound.expires
    }

    /// Whether the files changed into something that can't be used: what they said before stands.
    #[must_use]
    pub fn is_unusable(&self) -> bool {
        self.0.unusable.load(Ordering::Relaxed)
    }

    /// Looks at the files every few seconds, on a thread of its own that ends soon after the last use of these.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn watch(&self) -> io::Result<()> {
        if self.0.current().seen.is_empty() {
            return Ok(());
        }
        let watched = Arc::downgrade(&self.0);
        thread::Builder::new().name("certificates".into()).spawn(move || watch(&watched)).map(drop)
    }
}

fn watch(watched: &Weak<Shared>) {
    loop {
        thread::sleep(EVERY);
        let Some(shared) = watched.upgrade() else { return };
        shared.look();
    }
}

impl Shared {
    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the files again when one has changed. Connections go on as they began.
    fn look(&self) {
        let seen: Vec<Seen> = paths(self.server.as_ref(), &self.trunks).map(see).collect();
        if seen == self.current().seen {
            return;
        }
        let sound = read(self.server.as_ref(), &self.trunks);
        self.unusable.store(sound.is_err(), Ordering::Relaxed);
        match &sound {
            Ok(_) => tracing::info!("certificates read again"),
            Err(findings) => {
                for finding in findings {
                    let why = &finding.words.message;
                    tracing::error!(%why, "certificates changed and can't be used: those from before stand");
                }
            }
        }
        let mut current = self.current();
        current.seen = seen;
        if let Ok(sound) = sound {
            current.sound = sound;
        }
    }
}

fn read(server: Option<&ServerTls>, trunks: &[Trunk]) -> Result<Sound, Vec<Finding>> {
    let mut findings = Findings::default();
    let mut sound = Sound::default();
    let mut chains = Vec::new();
    if let Some((config, chain)) = server.and_then(|tls| files::server(tls, &mut findings)) {
        sound.server = Some(config);
        chains.push(chain);
    }
    let mut public = None;
    for trunk in trunks {
        let Some(tls) = &trunk.tls else { continue };
        if let Some((config, chain)) = files::client(trunk, tls, &mut public, &mut findings) {
            sound.trunks.push((trunk.id, config));
            chains.push(chain);
        }
    }
    sound.expires = chains.iter().flatten().filter_map(|certificate| expiry::of(certificate)).min();
    if findings.any_error() { Err(findings.into_sorted()) } else { Ok(sound) }
}

/// Every file that is named.
fn paths<'a>(server: Option<&'a ServerTls>, trunks: &'a [Trunk]) -> impl Iterator<Item = &'a PathBuf> {
    let ours = server.map(|tls| &tls.own).into_iter();
    let shown = trunks.iter().filter_map(|trunk| trunk.tls.as_ref()?.own.as_ref());
    let pairs = ours.chain(shown).flat_map(|own| [&own.certificate, &own.key]);
    let believed = server.and_then(|tls| tls.client_ca.as_ref()).into_iter();
    let believed = believed.chain(trunks.iter().filter_map(|trunk| trunk.tls.as_ref()?.ca.as_ref()));
    pairs.chain(believed).map(|file| &file.value)
}

fn see(path: impl AsRef<Path>) -> Seen {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}
