//! The bytes of one stream, in the clear or within TLS, read and written as readiness allows. Must never know what they say,
//! nor which certificates there are.

use crate::base::{Flow, Transport};
use mio::net::TcpStream;
use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use socket2::{Protocol, Type};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

/// Reads of TLS records that together make no byte of a message: whoever sends more of them keeps others waiting.
const EMPTY_READS: usize = 32;

/// Whom to believe, and the name a certificate must be for.
pub type Believed = (Arc<ClientConfig>, ServerName<'static>);

/// What TLS is spoken with; each connection is told once, when it begins.
pub struct Tls {
    /// As whom others are received; `None`: they are not.
    pub server: Box<dyn Fn() -> Option<Arc<ServerConfig>> + Send>,
    /// Who is believed at an address; `None`: nobody is expected there.
    pub client: Box<dyn Fn(SocketAddr) -> Option<Believed> + Send>,
}

impl Tls {
    /// Spoken with nobody.
    #[must_use]
    pub fn none() -> Self {
        Self { server: Box::new(|| None), client: Box::new(|_| None) }
    }
}

/// One stream.
pub(super) enum Link {
    /// In the clear.
    Plain(TcpStream),
    /// Within TLS.
    Secured(Box<Secured>),
}

pub(super) struct Secured {
    stream: TcpStream,
    tls: rustls::Connection,
}

impl Link {
    /// A connection somebody opened to us; nothing when it can't be received.
    pub fn accepted(stream: TcpStream, transport: Transport, tls: &Tls) -> Option<Self> {
        match transport {
            Transport::Udp => None,
            Transport::Tcp | Transport::Ws => Some(Self::Plain(stream)),
            Transport::Tls | Transport::Wss => {
                let tls = ServerConnection::new((tls.server)()?).ok()?.into();
                Some(Self::Secured(Box::new(Secured { stream, tls })))
            }
        }
    }

    /// One of ours, which may still be on its way; nothing when it can't be opened.
    pub fn opened(flow: Flow, tls: &Tls) -> Option<Self> {
        let connect = || connect(flow).ok();
        match flow.transport {
            Transport::Udp | Transport::Ws | Transport::Wss => None,
            Transport::Tcp => Some(Self::Plain(connect()?)),
            Transport::Tls => {
                let (config, name) = (tls.client)(flow.remote)?;
                let tls = ClientConnection::new(config, name).ok()?.into();
                Some(Self::Secured(Box::new(Secured { stream: connect()?, tls })))
            }
        }
    }

    /// What the kernel is asked about.
    pub fn stream(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Secured(secured) => &mut secured.stream,
        }
    }

    /// Whether its peer has shown a certificate we believe, for this name.
    pub fn is_certified_for(&self, name: &ServerName<'_>) -> bool {
        let Self::Secured(secured) = self else { return false };
        let shown = secured.tls.peer_certificates().and_then(|chain| chain.first());
        let parsed = shown.and_then(|shown| ParsedCertificate::try_from(shown).ok());
        parsed.is_some_and(|parsed| verify_server_name(&parsed, name).is_ok())
    }

    /// Whether TLS is still being agreed on.
    pub fn is_shaking_hands(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Secured(secured) => secured.tls.is_handshaking(),
        }
    }
}

/// A connection on its way from our address to theirs: peers know us by the one we listen on. Where that is every address,
/// the kernel chooses.
fn connect(flow: Flow) -> io::Result<TcpStream> {
    let socket = super::unbound(flow.remote, Type::STREAM, Protocol::TCP)?;
    let own = flow.local.ip();
    if !own.is_unspecified() && own.is_ipv4() == flow.remote.is_ipv4() {
        socket.bind(&SocketAddr::new(own, 0).into())?;
    }
    match socket.connect(&flow.remote.into()) {
        // It goes on without us.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        connected => connected?,
    }
    Ok(TcpStream::from_std(socket.into()))
}

impl Secured {
    /// Sends the records that wait. No error when the kernel takes no more.
    fn push(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.stream) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) =>
                {
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        for _ in 0..EMPTY_READS {
            match self.tls.reader().read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            if self.tls.read_tls(&mut self.stream)? == 0 {
                return Ok(0);
            }
            if let Err(error) = self.tls.process_new_packets() {
                // The alert that says why; whether it arrives changes nothing.
                let _ = self.push();
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
            self.push()?;
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What is given before the handshake is over would count as taken.
        if !self.tls.is_handshaking() {
            let taken = self.tls.writer().write(bytes)?;
            self.push()?;
            if taken > 0 {
                return Ok(taken);
            }
        }
        self.push()?;
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Read for Link {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(into),
            Self::Secured(secured) => secured.read(into),
        }
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Secured(secured) => secured.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Secured(secured) => secured.push(),
        }
    }
}
