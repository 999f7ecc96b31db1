//! HTTP: `/metrics` for Prometheus, `/livez` and `/readyz` for whatever watches the process; 404 for the rest. One thread
//! with a runtime of its own. Must never know of calls: the page is a closure, readiness a word.

mod doorway;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::http::{StatusCode, header::CONTENT_TYPE};
use axum::routing::get;
use doorway::Doorway;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// The text format Prometheus reads.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Why HTTP can't be served.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The address is taken or not ours.
    #[error("HTTP can't listen on {address}: {source}")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The thread or its runtime could not be had.
    #[error("HTTP can't start: {source}")]
    Start {
        /// What the system said.
        #[from]
        source: io::Error,
    },
}

/// Whether calls are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet.
    Starting,
    /// Yes.
    Ready,
    /// No more: running calls end, new ones are refused.
    Draining,
}

/// The word `/readyz` says; the engine's side changes it.
#[derive(Clone, Debug)]
pub struct ReadinessSign(Arc<AtomicU8>);

impl Default for ReadinessSign {
    fn default() -> Self {
        Self(Arc::new(AtomicU8::new(Readiness::Starting as u8)))
    }
}

impl ReadinessSign {
    /// Changes it.
    pub fn set(&self, readiness: Readiness) {
        self.0.store(readiness as u8, Ordering::Relaxed);
    }

    fn answer(&self) -> (StatusCode, &'static str) {
        match self.0.load(Ordering::Relaxed) {
            ready if ready == Readiness::Ready as u8 => (StatusCode::OK, "ready\n"),
            draining if draining == Readiness::Draining as u8 => {
                (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
            }
            _ => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        }
    }
}

/// A bound address nobody is served on yet: `serve` binds everything before it starts anything.
#[derive(Debug)]
pub struct Console {
    listener: TcpListener,
    address: SocketAddr,
}

/// A running console. Dropping it stops it.
#[derive(Debug)]
pub struct ConsoleHandle {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Console {
    /// Takes `address`; port 0 takes any.
    ///
    /// # Errors
    /// When it is taken or not ours.
    pub fn bind(address: SocketAddr) -> Result<Self, ConsoleError> {
        let listen = |source| ConsoleError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves from a thread of its own. `page` renders `/metrics`.
    ///
    /// # Errors
    /// When the thread or its runtime can't be had.
    pub fn start(
        self,
        sign: ReadinessSign,
        page: impl Fn() -> String + Clone + Send + Sync + 'static,
    ) -> Result<ConsoleHandle, ConsoleError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let Self { listener, address } = self;
        let thread = std::thread::Builder::new().name("http".into()).spawn(move || {
            if let Err(error) = serve(&runtime, listener, routes(sign, page), stopped) {
                tracing::error!(%error, %address, "HTTP stopped");
            }
        })?;
        Ok(ConsoleHandle { address, stop: Some(stop), thread: Some(thread) })
    }
}

impl ConsoleHandle {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ConsoleHandle {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; there is nothing to clean up.
            drop(thread.join());
        }
    }
}

fn routes(sign: ReadinessSign, page: impl Fn() -> String + Clone + Send + Sync + 'static) -> Router {
    Router::new()
        .route("/metrics", get(move || async move { ([(CONTENT_TYPE, EXPOSITION)], page()) }))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(move || async move { sign.answer() }))
}

/// Until told to stop; connections still open then are dropped with the runtime.
fn serve(
    runtime: &Runtime,
    listener: TcpListener,
    routes: Router,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    runtime.block_on(async {
        let doorway = Doorway::new(tokio::net::TcpListener::from_std(listener)?);
        tokio::select! {
            served = async { axum::serve(doorway, routes).await } => served,
            _ = stop => Ok(()),
        }
    })
}
