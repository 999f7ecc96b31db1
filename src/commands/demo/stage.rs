//! The service the demo plays against: the embedded site on free loopback ports, in a thread of this process.

use crate::base::finding::Source;
use crate::commands::demo_site;
use crate::dialplan::{Ids, Known};
use crate::drivers::stations::free_port;
use crate::engine::Observation;
use crate::server::{self, Handle, Request, ServeError, Server, Service};
use crate::settings::{self, Settings};
use crossbeam_channel::{Receiver, unbounded};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Why the demo can't be played.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The service.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The system gives no port, thread or folder.
    #[error("the operating system refuses: {0}")]
    System(#[from] io::Error),
    /// The embedded site or the generated settings are refused: a fault of this build.
    #[error("the demo's own files are refused:\n{0}")]
    Site(String),
    /// The service's thread panicked.
    #[error("the service stopped without saying why")]
    Vanished,
}

/// The running service.
pub struct Stage {
    /// Where it takes SIP.
    pub sip: SocketAddr,
    /// Where it serves metrics.
    pub http: SocketAddr,
    /// Its control socket.
    pub control: PathBuf,
    /// Its records.
    pub records: PathBuf,
    /// What it shows.
    pub shown: Receiver<Observation>,
    /// How to reach it.
    pub handle: Handle,
    thread: JoinHandle<Result<(), ServeError>>,
    page: crate::drivers::metrics::Page,
}

impl Stage {
    /// Opens the service in `folder`, wired to the trunk and the IPBX.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn open(
        folder: &Path,
        peers: (SocketAddr, SocketAddr),
        http: Option<SocketAddr>,
    ) -> Result<Self, StageError> {
        let sip = SocketAddr::new(LOOPBACK, free_port(LOOPBACK)?);
        let http = match http {
            Some(address) => address,
            None => TcpListener::bind((LOOPBACK, 0))?.local_addr()?,
        };
        let settings = settings(folder, sip, http, peers)?;
        let known =
            Known { trunks: settings.trunks.iter().map(|trunk| (trunk.name.clone(), trunk.id)).collect() };
        let (plan, _) =
            demo_site::load(&known, &mut Ids::default()).map_err(|findings| refused(&findings))?;
        let sounds = server::load(&plan, |path| {
            demo_site::sound(path).map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::NotFound.into())
        })?;
        let (watcher, shown) = unbounded();
        let service = Service { watcher: Some(watcher), ..Service::new(&settings, Arc::new(plan), sounds) };
        let records = service.store.clone();
        let server = Server::open(service)?;
        let (handle, page) = (server.handle(), server.page());
        let thread = std::thread::Builder::new().name("engine".into()).spawn(|| server.run())?;
        Ok(Self { sip, http, control: settings.control.value, records, shown, handle, thread, page })
    }

    /// Whether the service stopped by itself.
    pub fn has_stopped(&self) -> bool {
        self.thread.is_finished()
    }

    /// Stops the service, calls that are not over too, and gives its last metrics.
    ///
    /// # Errors
    /// What the service ended with.
    pub fn close(self) -> Result<String, StageError> {
        self.handle.ask(Request::End);
        self.thread.join().map_err(|_| StageError::Vanished)??;
        // The moment matters to callers still waiting, and nobody is.
        Ok(self.page.render(crate::base::Moment::ZERO))
    }
}

fn settings(
    folder: &Path,
    sip: SocketAddr,
    http: SocketAddr,
    (trunk, ipbx): (SocketAddr, SocketAddr),
) -> Result<Settings, StageError> {
    let text = format!(
        r#"version   = 1
dialplans = "dialplans"
data      = "data"

[sip]
listen = ["udp:{sip}"]

[media]
ports = "10000-29999"

[http]
listen = "{http}"

[trunk.operateur]
peer   = "udp:{trunk}"
codecs = ["pcma"]
ping   = "5s"

[trunk.ipoffice]
peer   = "udp:{ipbx}"
codecs = ["pcma"]
ping   = "5s"
agents = true
"#
    );
    let path = folder.join("spillway.toml");
    std::fs::write(&path, &text)?;
    let (settings, _) = settings::load(&Source::new(&path.display().to_string(), &text))
        .map_err(|findings| refused(&findings))?;
    Ok(settings)
}

fn refused(findings: &[crate::base::finding::Finding]) -> StageError {
    use crate::base::finding::{Style, render};
    StageError::Site(render(findings, Style::Plain))
}
