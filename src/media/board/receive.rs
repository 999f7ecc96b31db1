//! A datagram's way across a board: judged, counted, told, relayed. No allocation on this path. Must never know of time
//! other than the packet's own.

use super::source::Verdict;
use super::stream::{Incoming, Payload, Sends};
use super::{Board, Port};
use crate::base::Moment;
use crate::media::{Event, Kind, PortId, Sink};
use crate::wire::rtp::{self, RtpPacket};
use std::net::SocketAddr;

impl Board {
    /// Takes one datagram that arrived on `port`; it is rewritten in place when relayed.
    pub fn packet(
        &mut self,
        now: Moment,
        port: PortId,
        kind: Kind,
        from: SocketAddr,
        datagram: &mut [u8],
        sink: &mut impl Sink,
    ) {
        match kind {
            Kind::Rtp => self.audio(now, port, from, datagram, sink),
            Kind::Rtcp => {
                if let Some(Port::Lent(stream)) = self.ports.get_mut(&port.number) {
                    stream.report_arrived(now, from, datagram);
                }
            }
        }
    }

    fn audio(
        &mut self,
        now: Moment,
        port: PortId,
        from: SocketAddr,
        datagram: &mut [u8],
        sink: &mut impl Sink,
    ) {
        let Some(Port::Lent(stream)) = self.ports.get_mut(&port.number) else { return };
        // RTCP that strayed here could be mistaken for audio (RFC 5761 section 4).
        let read = RtpPacket::read(datagram).filter(|_| !rtp::is_rtcp(datagram));
        let Some(RtpPacket { header, payload: body }) = read else {
            stream.counts.malformed += 1;
            return;
        };
        let (locking, signalled) = (stream.setup.locking, stream.setup.remote);
        match stream.lock.admit(locking, signalled, from, header.ssrc, header.sequence) {
            Verdict::Heard => {}
            Verdict::Locked => sink.event(Event::FirstPacket { port, tag: stream.tag }),
            Verdict::Refused => {
                stream.counts.refused_source += 1;
                return;
            }
        }
        if !stream.arrived(now, &header) {
            return;
        }
        let carries = stream.payload(header.payload_type);
        match carries {
            Payload::Audio(_) => stream.reception.timed(now, header.timestamp),
            Payload::Digits => {
                let event = &datagram[body.clone()];
                if let Some(digit) = stream.digits.heard(now, header.ssrc, header.timestamp, event) {
                    stream.counts.digits += 1;
                    sink.event(Event::Digit { port, tag: stream.tag, digit });
                }
            }
            Payload::Foreign => {}
        }
        if let Sends::Relayed { peer, .. } = stream.sends
            && stream.setup.receive
        {
            let mut incoming = Incoming { header, carries, body, run: stream.run, datagram };
            if let Some(Port::Lent(other)) = self.ports.get_mut(&peer) {
                other.relay(PortId { board: port.board, number: peer }, now, &mut incoming, sink);
            }
        }
    }
}
