//! The words spoken between whoever owns the calls and whoever owns the audio. Data only: nothing here does anything.

use super::{Sound, StreamStats};
use crate::base::{Codec, Moment, PayloadTypes};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A pair of UDP ports: RTP on the even `number`, RTCP on `number + 1` (RFC 3550 section 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId {
    /// The media thread that owns it.
    pub board: u8,
    /// The even RTP port.
    pub number: u16,
}

impl fmt::Display for PortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "port-{}/{}", self.board, self.number)
    }
}

/// Which of a pair's two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Audio and digits, on the even port.
    Rtp,
    /// Reports, on the odd port.
    Rtcp,
}

/// Whom a port listens to (strict RTP).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SourceLocking {
    /// The signalled address wins at its first packet, whatever was learned before. Another source (a peer behind
    /// NAT) is learned when it sends three packets with consecutive sequence numbers while the signalled one is
    /// silent. Once locked, every other source is counted and dropped.
    #[default]
    Strict,
    /// The signalled address and port only.
    Exact,
}

/// What one side sends and expects, as offer and answer settled it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSetup {
    /// The signalled RTP address and port of the peer.
    pub remote: SocketAddr,
    /// The signalled RTCP address (RFC 3605); without it, `remote`'s port + 1.
    pub remote_rtcp: Option<SocketAddr>,
    /// The codec we send.
    pub codec: Codec,
    /// What each codec goes under, both ways; its static payload type is understood all the same.
    pub payload_types: PayloadTypes,
    /// The telephone-event payload type we receive (RFC 4733).
    pub dtmf: Option<u8>,
    /// The telephone-event payload type the peer asked for. Events that come under it are understood too.
    pub dtmf_send: Option<u8>,
    /// Whether the peer wants to hear us.
    pub send: bool,
    /// Whether we take what the peer sends.
    pub receive: bool,
    /// Whom to listen to.
    pub locking: SourceLocking,
    /// The local address it is sent from and received at; any of the pair's when `None`.
    pub local: Option<IpAddr>,
}

impl StreamSetup {
    /// The payload type audio is sent with.
    #[must_use]
    pub const fn payload_type(&self) -> u8 {
        self.payload_types.of(self.codec)
    }

    /// Audio both ways, without telephone-events, under strict source locking.
    #[must_use]
    pub const fn both_ways(remote: SocketAddr, codec: Codec) -> Self {
        Self {
            remote,
            remote_rtcp: None,
            codec,
            payload_types: PayloadTypes::STATIC,
            dtmf: None,
            dtmf_send: None,
            send: true,
            receive: true,
            locking: SourceLocking::Strict,
            local: None,
        }
    }
}

/// What a port makes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// The French ringback: 440 Hz, 1.5 s on, 3.5 s off.
    Ringback,
    /// Two short beeps every two seconds, 440 Hz: somebody is to press a key.
    PressKey,
    /// Packets without sound: keeps NAT bindings and the far end's patience alive.
    Silence,
}

/// What the owner of the calls asks for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open the pair's sockets, ahead of need. Answered by [`Event::Opened`] or [`Event::OpenFailed`].
    Open {
        /// Which pair.
        port: PortId,
    },
    /// Close a pair that is not lent. Answered by [`Event::Closed`].
    Close {
        /// Which pair.
        port: PortId,
    },
    /// Lend the pair to a leg, or replace a lent pair's setup (re-INVITE): counters, SSRC and sequence go on. A
    /// changed remote unlocks the source.
    Attach {
        /// Which pair.
        port: PortId,
        /// Chosen by the caller; comes back in every event of the lease.
        tag: u64,
        /// What offer and answer settled.
        setup: StreamSetup,
    },
    /// Play a sound, in place of whatever the port sends now. After it, silence.
    Play {
        /// Which pair.
        port: PortId,
        /// Comes back in [`Event::PlayEnded`].
        token: u64,
        /// What to play.
        sound: Arc<Sound>,
        /// Over and over, until something else is asked for.
        repeat: bool,
    },
    /// Send a tone, in place of whatever the port sends now.
    Tone {
        /// Which pair.
        port: PortId,
        /// Which tone.
        tone: Tone,
    },
    /// Send nothing.
    Quiet {
        /// Which pair.
        port: PortId,
    },
    /// Relay both ways, in place of whatever either port sends now. Both must be on one board.
    Connect {
        /// One side.
        a: PortId,
        /// The other.
        b: PortId,
    },
    /// Beside what is relayed to a port: whenever nothing comes to relay, play a sound. Asked for again, it changes the
    /// sound; the end of the relay ends it too.
    Fill {
        /// Which pair: whose peer is on hold with whoever is relayed to it.
        port: PortId,
        /// Comes back in [`Event::PlayEnded`].
        token: u64,
        /// What to play; silence when `None`.
        sound: Option<Arc<Sound>>,
        /// Over and over, until something else is asked for.
        repeat: bool,
    },
    /// Relay alone again.
    Unfill {
        /// Which pair.
        port: PortId,
    },
    /// The leg is over: nothing is forwarded any more. [`Event::Stats`] at once, [`Event::Closed`] after the drain.
    Release {
        /// Which pair.
        port: PortId,
    },
}

impl Command {
    /// The pair it is for; its board is the one that must carry it out.
    #[must_use]
    pub const fn port(&self) -> PortId {
        match self {
            Self::Open { port }
            | Self::Close { port }
            | Self::Attach { port, .. }
            | Self::Play { port, .. }
            | Self::Tone { port, .. }
            | Self::Quiet { port }
            | Self::Connect { a: port, .. }
            | Self::Fill { port, .. }
            | Self::Unfill { port }
            | Self::Release { port } => *port,
        }
    }
}

/// Why a command could not be carried out: the sender's fault, never the network's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The pair is not open on this board.
    NotOpen,
    /// The pair is open but lent to no leg.
    NotLent,
    /// The pair is lent, so it can be neither opened nor closed.
    Lent,
    /// Nothing is relayed to the pair, so there is nothing to play beside.
    NotConnected,
    /// The two sides of a connection must be two pairs of the same board.
    NotConnectable,
}

/// What happened on a port.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The pair's sockets are open; it may be lent.
    Opened {
        /// Which pair.
        port: PortId,
    },
    /// The pair's sockets could not be opened: somebody else's port, or no descriptors left.
    OpenFailed {
        /// Which pair.
        port: PortId,
        /// What the operating system said.
        reason: String,
    },
    /// A key, once per press, at its first packet (RFC 4733).
    Digit {
        /// Which pair.
        port: PortId,
        /// The lease's tag.
        tag: u64,
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
    },
    /// A sound that was not to be repeated has been sent to its end.
    PlayEnded {
        /// Which pair.
        port: PortId,
        /// The lease's tag.
        tag: u64,
        /// The [`Command::Play`]'s.
        token: u64,
    },
    /// The source is locked: audio arrives. Again after a change of remote.
    FirstPacket {
        /// Which pair.
        port: PortId,
        /// The lease's tag.
        tag: u64,
    },
    /// Nothing has come for [`crate::base::limits::MEDIA_SILENCE`], be the stream held or not; again each time as much
    /// more has passed.
    Silent {
        /// Which pair.
        port: PortId,
        /// The lease's tag.
        tag: u64,
        /// When the last packet came, or the lease began.
        since: Moment,
    },
    /// The lease's figures, at its release.
    Stats {
        /// Which pair.
        port: PortId,
        /// The lease's tag.
        tag: u64,
        /// Both directions.
        stats: StreamStats,
    },
    /// The pair's sockets are closed; it may be opened again once cooled.
    Closed {
        /// Which pair.
        port: PortId,
    },
    /// A command made no sense for the pair's state and was left undone.
    CommandRefused {
        /// Which pair.
        port: PortId,
        /// Why.
        refusal: Refusal,
    },
}

impl Event {
    /// The pair it happened on.
    #[must_use]
    pub const fn port(&self) -> PortId {
        match self {
            Self::Opened { port }
            | Self::OpenFailed { port, .. }
            | Self::Digit { port, .. }
            | Self::PlayEnded { port, .. }
            | Self::FirstPacket { port, .. }
            | Self::Silent { port, .. }
            | Self::Stats { port, .. }
            | Self::Closed { port }
            | Self::CommandRefused { port, .. } => *port,
        }
    }
}

/// Where a board's packets and events go: sockets in a media thread, the virtual network in the simulator.
pub trait Sink {
    /// Sends one packet from `port` to `to`. Never waits; a full socket drops.
    fn send(&mut self, port: PortId, kind: Kind, to: SocketAddr, packet: &[u8]);
    /// Reports one event. At [`Event::Closed`] the pair's sockets are to be closed.
    fn event(&mut self, event: Event);
}

/// Whoever runs the boards: media threads, or the simulator standing in for them.
pub trait MediaPlane {
    /// Hands over one command. It may wait until [`MediaPlane::flush`].
    fn send(&mut self, command: Command);
    /// Everything sent so far is carried out now.
    fn flush(&mut self);
}
