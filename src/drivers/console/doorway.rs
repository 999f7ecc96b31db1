//! Who may come in: so many connections at once, each closed when nothing is received on it for a while. Without it one
//! careless poller could hold every descriptor of the process.

use crate::base::limits::{HTTP_CONNECTIONS, HTTP_IDLE};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// A listener with a limit.
#[derive(Debug)]
pub(super) struct Doorway {
    listener: TcpListener,
    places: Arc<Semaphore>,
    idle: Duration,
}

/// A connection with a place and a clock.
#[derive(Debug)]
pub(super) struct Visitor {
    stream: TcpStream,
    idle: Duration,
    until: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Doorway {
    /// With the limits of `base::limits`.
    pub fn new(listener: TcpListener) -> Self {
        Self::with_limits(listener, HTTP_CONNECTIONS, HTTP_IDLE)
    }

    /// With limits of one's own.
    pub fn with_limits(listener: TcpListener, connections: usize, idle: Duration) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(connections)), idle }
    }
}

impl axum::serve::Listener for Doorway {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        loop {
            let place =
                Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed");
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    let until = Box::pin(sleep(self.idle));
                    return (Visitor { stream, idle: self.idle, until, _place: place }, peer);
                }
                // Out of descriptors, or a peer gone before it was greeted: both pass.
                Err(error) => {
                    tracing::warn!(%error, "HTTP connection not accepted");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl AsyncRead for Visitor {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, into) {
            let idle = self.idle;
            self.until.as_mut().reset(Instant::now() + idle);
            return Poll::Ready(read);
        }
        ready!(self.until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
