//! A far end changes its codec or its address in the middle of a conversation, by re-INVITE: both go on hearing each other,
//! and nothing goes to where it was or is taken from there. By ear, packet by packet.

use crate::support::plan::plan;
use crate::support::sim::wired::{AGENT, CALLER, GATEWAY, IPOFFICE, TARGET, Tone, Weather, Wired};
use crate::support::tone::{power_at, sine};
use spillway::base::{CallId, Codec, LegId};
use spillway::endpoint::{Answering, Between, Pickup, Voice};
use spillway::media::g711;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const SITE: &str = r#"
[flow.accueil]
steps = [{ go = "technique" }]

[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "rappelez" }]

[message.rappelez]
play = "rappelez"

[number."03 84 96 13 70"]
flow = "accueil"

[prompts]
rappelez = "Merci de rappeler."
"#;

/// Heard from nobody but a caller's former address.
const FORMER: u16 = 500;
/// A packet of 20 ms.
const FRAME: Duration = Duration::from_millis(20);
/// Bytes of an RTP header without extras (RFC 3550 section 5.1).
const HEADER: usize = 12;
const NADIA: LegId = LegId { call: CallId(1), number: 1 };

/// A gateway of another make, in conversation with Nadia.
struct Talk {
    world: Wired,
    cseq: u32,
    to_tag: String,
    /// Our port.
    ours: u16,
    sent: u16,
}

const fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
    }
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::new(GATEWAY.ip(), port)
}

impl Talk {
    fn begin() -> Self {
        let mut world = Wired::new(&Arc::new(plan(SITE)), Weather::CLEAR, true, 1);
        let ring = Between::exactly(Duration::from_secs(1));
        world.phone(
            IPOFFICE,
            "201",
            Pickup::Answer(Answering { ring, talk: None, voice: Voice::Tone(AGENT) }),
        );
        world.listen_in();
        let mut talk = Self { world, cseq: 0, to_tag: String::new(), ours: 0, sent: 0 };
        talk.invites(Codec::Pcma, 30_000);
        talk.world.advance(Duration::from_secs(2));
        talk
    }

    fn says(&mut self, method: &str, body: &str) {
        let (cseq, tag, ip) = (self.cseq, &self.to_tag, GATEWAY);
        let message = format!(
            "{method} sip:0384961370@192.0.2.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP {ip};branch=z9hG4bK{method}{cseq};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:0601020304@{ip}>;tag=theirs\r\nTo: <sip:0384961370@192.0.2.1>{tag}\r\n\
             Call-ID: moves\r\nCSeq: {cseq} {method}\r\nContact: <sip:0601020304@{ip}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.world.says_from(GATEWAY, message.as_bytes());
        self.world.advance(Duration::from_millis(50));
    }

    /// An INVITE or re-INVITE, its answer and the ACK.
    fn invites(&mut self, codec: Codec, port: u16) {
        self.cseq += 1;
        let (ip, kind) = (GATEWAY.ip(), payload_type(codec));
        let sdp = format!(
            "v=0\r\no=- 1 {} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP {kind}\r\n",
            self.cseq
        );
        self.says("INVITE", &sdp);
        let letters = self.world.letters(GATEWAY);
        let answer = letters.iter().find(|letter| letter.starts_with("SIP/2.0 200")).expect("an answer");
        let line = |start: &str| answer.lines().find_map(|line| line.strip_prefix(start)).expect("a line");
        let tag = line("To: ").split_once(";tag=").expect("a tag").1;
        self.to_tag = format!(";tag={tag}");
        let ours: Vec<&str> = line("m=audio ").split(' ').collect();
        assert_eq!(ours[2], kind.to_string(), "answered in the codec asked for");
        self.ours = ours[0].parse().expect("a port");
        self.says("ACK", "");
    }

    /// The gateway speaks from a port for a second, while its former port, if it had one, has not fallen silent yet.
    fn speaks(&mut self, (codec, hz, port): (Codec, u16, u16), former: Option<u16>) {
        for _ in 0..50 {
            self.frame(codec, hz, port);
            if let Some(former) = former {
                self.frame(Codec::Pcma, FORMER, former);
            }
            self.world.advance(FRAME);
        }
    }

    fn frame(&mut self, codec: Codec, hz: u16, port: u16) {
        self.sent += 1;
        let mut packet = vec![0x80, payload_type(codec)];
        packet.extend(self.sent.to_be_bytes());
        packet.extend((u32::from(self.sent) * 160).to_be_bytes());
        packet.extend(u32::from(port).to_be_bytes());
        packet
            .extend(sine(f64::from(hz), 8_000.0, 8_000, 160).iter().map(|&level| g711::encode(codec, level)));
        self.world.sends_audio(at(port), self.ours, &packet);
    }

    /// Whether Nadia is heard at a port, in this codec and no other; nothing when nothing comes there.
    fn hears_nadia(&mut self, codec: Codec, port: u16) -> Option<bool> {
        let packets = self.world.packets(at(port));
        let all = |packet: &Vec<u8>| {
            let samples: Vec<i16> = packet[HEADER..].iter().map(|byte| g711::decode(codec, *byte)).collect();
            packet[1] & 0x7f == payload_type(codec) && power_at(&samples, f64::from(AGENT)) > 1e5
        };
        (!packets.is_empty()).then(|| packets.len() >= 45 && packets.iter().all(all))
    }

    /// Forgets what came to a port.
    fn forget(&mut self, ports: &[u16]) {
        for port in ports {
            self.world.packets(at(*port));
        }
    }
}

#[test]
fn who_changes_codec_and_address_goes_on_hearing_and_being_heard() {
    let mut talk = Talk::begin();
    talk.forget(&[30_000]);
    talk.speaks((Codec::Pcma, CALLER, 30_000), None);
    assert_eq!(talk.hears_nadia(Codec::Pcma, 30_000), Some(true));
    assert!(talk.world.heard(NADIA).contains(&Tone::Caller));

    talk.invites(Codec::Pcmu, 30_002);
    talk.forget(&[30_000, 30_002]);
    talk.speaks((Codec::Pcmu, TARGET, 30_002), Some(30_000));
    assert_eq!(talk.hears_nadia(Codec::Pcmu, 30_002), Some(true));
    assert_eq!(talk.hears_nadia(Codec::Pcma, 30_000), None, "nothing goes to where the caller was");
    let heard = talk.world.heard(NADIA);
    assert!(
        heard.contains(&Tone::Target),
        "Nadia, who stays with A-law, hears what is said in µ-law: {heard:?}"
    );
    assert!(!heard.contains(&Tone::Music), "and nothing from where the caller was: {heard:?}");
    hang_up(talk);
}

#[test]
fn who_moves_and_keeps_the_codec_is_followed_back_and_forth() {
    let mut talk = Talk::begin();
    for (port, former) in [(30_002, 30_000), (30_000, 30_002)] {
        talk.invites(Codec::Pcma, port);
        talk.forget(&[30_000, 30_002]);
        talk.speaks((Codec::Pcma, CALLER, port), Some(former));
        assert_eq!(talk.hears_nadia(Codec::Pcma, port), Some(true));
        assert_eq!(talk.hears_nadia(Codec::Pcma, former), None);
    }
    let heard = talk.world.heard(NADIA);
    assert!(heard.contains(&Tone::Caller) && !heard.contains(&Tone::Music), "{heard:?}");
    hang_up(talk);
}

fn hang_up(mut talk: Talk) {
    talk.cseq += 1;
    talk.says("BYE", "");
    talk.world.advance(Duration::from_secs(40));
    assert_eq!(talk.world.outcomes().records.len(), 1);
    assert!(talk.world.is_at_rest(), "{:?}", talk.world.left());
}
