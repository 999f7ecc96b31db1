//! Copies of SIP messages before a capture tool: sngrep takes HEPv3 as Homer does, and writes what it read of it as a pcap
//! file, which is read here.

use spillway::base::{Flow, Transport, Utc};
use spillway::drivers::hep::Hep;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);
/// A packet's file header, record header and Ethernet header (libpcap; IEEE 802.3).
const FILE_HEAD: usize = 24;
/// See [`FILE_HEAD`].
const RECORD_HEAD: usize = 16;
/// See [`FILE_HEAD`].
const ETHERNET_HEAD: usize = 14;

/// One message as the tool has it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    at_us: i64,
    from: SocketAddr,
    to: SocketAddr,
    text: String,
}

/// sngrep, listening; it ends with the story.
struct Sngrep {
    child: Child,
    file: PathBuf,
}

impl Sngrep {
    fn listen(server: SocketAddr, folder: &Path) -> Self {
        let file = folder.join("seen.pcap");
        let address = format!("udp:{}:{}", server.ip(), server.port());
        let mut command = Command::new("sngrep");
        command.args(["--no-interface", "--quiet", "--eep-listen", &address, "--output"]).arg(&file);
        command.env("TERM", "dumb").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let sngrep = Self { child: command.spawn().expect("sngrep is installed"), file };
        let listens = format!(" 0100007F:{:04X} ", server.port());
        let is_up =
            || std::fs::read_to_string("/proc/net/udp").is_ok_and(|sockets| sockets.contains(&listens));
        assert!(until(is_up), "sngrep does not listen");
        sngrep
    }

    /// The messages it has read, once there are so many.
    fn seen(&self, count: usize) -> Vec<Seen> {
        let read = || messages(&std::fs::read(&self.file).unwrap_or_default());
        assert!(until(|| read().len() >= count), "{:?}", read());
        read()
    }
}

impl Drop for Sngrep {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn until(mut holds: impl FnMut() -> bool) -> bool {
    let limit = Instant::now() + SOON;
    while Instant::now() < limit {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn messages(file: &[u8]) -> Vec<Seen> {
    let word =
        |at: usize| file.get(at..at + 4).map(|four| u32::from_le_bytes(four.try_into().expect("four")));
    let (mut at, mut seen) = (FILE_HEAD, Vec::new());
    while let (Some(seconds), Some(micros), Some(length)) = (word(at), word(at + 4), word(at + 8)) {
        let frame = at + RECORD_HEAD;
        at = frame + length as usize;
        let Some(packet) = file.get(frame + ETHERNET_HEAD..at) else { break };
        seen.push(message(i64::from(seconds) * 1_000_000 + i64::from(micros), packet));
    }
    seen
}

/// An IPv4 packet taken apart (RFC 791; sngrep writes no others) and the datagram or segment in it (RFC 768, RFC 9293).
fn message(at_us: i64, packet: &[u8]) -> Seen {
    assert_eq!(packet[0] >> 4, 4, "IPv4");
    let rest = &packet[usize::from(packet[0] & 15) * 4..];
    let ip = |at: usize| Ipv4Addr::from(<[u8; 4]>::try_from(&packet[at..at + 4]).expect("four octets"));
    let port = |at: usize| u16::from_be_bytes([rest[at], rest[at + 1]]);
    let from = SocketAddr::from((ip(12), port(0)));
    let to = SocketAddr::from((ip(16), port(2)));
    let head = if packet[9] == 6 { usize::from(rest[12] >> 4) * 4 } else { 8 };
    Seen { at_us, from, to, text: String::from_utf8_lossy(&rest[head..]).into_owned() }
}

#[test]
fn a_capture_tool_reads_copies_as_the_messages_passed_with_their_digests_blanked() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = UdpSocket::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    let sngrep = Sngrep::listen(server, folder.path());
    let hep = Hep::start(server, 2_001).expect("starts");
    let flow = |transport, local: &str, remote: &str| Flow {
        transport,
        local: local.parse().expect("an address"),
        remote: remote.parse().expect("an address"),
    };
    let flows = [
        flow(Transport::Udp, "192.0.2.7:5080", "192.0.2.1:5060"),
        flow(Transport::Tcp, "192.0.2.7:5080", "192.0.2.1:40000"),
    ];
    let text = |n: usize, digest: &str| {
        format!(
            "INVITE sip:0384961370@192.0.2.7 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{n}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:201@192.0.2.1>;tag=a{n}\r\nTo: <sip:0384961370@192.0.2.7>\r\n\
             Call-ID: call-{n}\r\nCSeq: {n} INVITE\r\nContact: <sip:201@192.0.2.1>\r\n\
             Proxy-Authorization: {digest}\r\nAuthorization: {digest}\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let mut expected = Vec::new();
    for (n, flow) in flows.into_iter().enumerate() {
        let at_us = 1_800_000_000_000_042 + i64::try_from(n).expect("few");
        hep.received(
            Utc::from_micros(at_us),
            flow,
            text(n, "Digest response=\"6629fae4\"").as_bytes(),
            b"call-0",
        );
        expected.push(Seen { at_us, from: flow.remote, to: flow.local, text: text(n, "***") });
        assert_eq!(sngrep.seen(n + 1), expected);
    }
    assert_eq!(hep.dropped(), 0);
}
