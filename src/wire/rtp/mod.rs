//! RTP packets (RFC 3550): the header, RFC 4733 events, RTCP reports. Nothing here allocates per packet.
//! Must never know of codecs, streams or loss: those are media's.

mod event;
mod header;
mod rtcp;

pub use event::TelephoneEvent;
pub use header::{RtpHeader, RtpPacket, is_rtcp};
pub use rtcp::{Reception, RtcpItem, SenderInfo, read_rtcp, write_rtcp};
