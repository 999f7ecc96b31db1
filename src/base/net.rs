//! Where bytes come from and go to. Addresses only: nothing here opens anything.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;

/// A SIP transport (RFC 3261 section 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream within TLS.
    Tls,
    /// WebSocket, from browser phones (RFC 7118).
    Ws,
    /// WebSocket within TLS.
    Wss,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Udp, Self::Tcp, Self::Tls, Self::Ws, Self::Wss];

    /// Whether the transport itself retransmits (RFC 3261 section 17: reliable).
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp | Self::Tls | Self::Ws | Self::Wss => true,
        }
    }

    /// Whether it leads to addresses. A browser phone has none that is of use: it opens its WebSocket itself, and is
    /// reached over that alone (RFC 7118 section 5).
    #[must_use]
    pub const fn leads_anywhere(self) -> bool {
        match self {
            Self::Udp | Self::Tcp | Self::Tls => true,
            Self::Ws | Self::Wss => false,
        }
    }

    /// Whether it is within TLS, as `sips:` promises (RFC 3261 section 26.2.2).
    #[must_use]
    pub const fn is_secured(self) -> bool {
        match self {
            Self::Udp | Self::Tcp | Self::Ws => false,
            Self::Tls | Self::Wss => true,
        }
    }

    /// The name in configuration and URI parameters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// The name in a Via header.
    #[must_use]
    pub const fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// The port where none is written (RFC 3261 section 19.1.2; of WebSocket those of HTTP, RFC 6455 section 3).
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5_060,
            Self::Tls => 5_061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }

    /// What a URI of ours says of it (RFC 3261 section 19.1.1); UDP goes without saying. WebSocket within TLS has no word
    /// of its own (RFC 7118 section 5.2.2).
    #[must_use]
    pub const fn uri_parameter(self) -> &'static str {
        match self {
            Self::Udp => "",
            Self::Tcp => ";transport=tcp",
            Self::Tls => ";transport=tls",
            Self::Ws | Self::Wss => ";transport=ws",
        }
    }
}

/// One path between us and a peer. For a stream it names the connection: a driver that holds none opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// How.
    pub transport: Transport,
    /// Our listening address, as configured (`listen`), also when a stream's own local port differs.
    pub local: SocketAddr,
    /// The peer's address and port as seen by the socket.
    pub remote: SocketAddr,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport.name(), self.remote)
    }
}
