//! On hold: whoever is held goes on receiving RTP, music where the queue has some and silence else, and the holding phone's
//! own first; after the hold both hear each other as before. By ear, packet by packet.

use super::by_hand::{self, Request};
use crate::support::plan::plan;
use crate::support::sim::wired::{AGENT, CALLER, GATEWAY, IPOFFICE, Spoken, TARGET, Weather, Wired};
use crate::support::tone::{power_at, sine};
use spillway::base::{CallId, Codec, LegId};
use spillway::endpoint::{Answering, Between, Pickup, Voice};
use spillway::media::g711;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const SITE: &str = r#"
[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "rappelez" }]
hold     = { music = "attente" }

[queue.facturation]
agents   = { karim = 202 }
overflow = [{ after = "90s", to = "rappelez" }]

[queue.muette]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "rappelez" }]

[flow.accueil]
steps = [{ go = "technique" }]
[flow.factures]
steps = [{ go = "facturation" }]
[flow.sans]
steps = [{ go = "muette" }]

[number."03 84 96 13 70"]
flow = "accueil"
[number."03 84 96 13 71"]
flow = "sans"
[number."03 84 96 13 72"]
flow = "factures"

[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "Merci de rappeler."
[music]
attente = "musique/*.wav"
"#;

/// Hz of the music in this world.
const MUSIC: u16 = 500;
/// A packet of 20 ms.
const FRAME: Duration = Duration::from_millis(20);
/// Bytes of an RTP header without extras (RFC 3550 section 5.1).
const HEADER: usize = 12;
const CALLERS_PORT: u16 = 30_000;
const NADIAS_PORT: u16 = 31_000;

fn at(port: u16) -> SocketAddr {
    SocketAddr::new(GATEWAY.ip(), port)
}

/// A description: the address RTP goes to, and the direction.
fn sdp(port: u16, version: u32, (ip, direction): (&str, &str)) -> String {
    format!(
        "v=0\r\no=- 1 {version} IN IP4 {}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n\
         a={direction}\r\n",
        GATEWAY.ip()
    )
}

const HERE: &str = "198.51.100.66";
const TALKS: (&str, &str) = (HERE, "sendrecv");
const SENDONLY: (&str, &str) = (HERE, "sendonly");
const INACTIVE: (&str, &str) = (HERE, "inactive");
const OLD: (&str, &str) = ("0.0.0.0", "sendrecv");

/// Our port in a message with a description.
fn port_of(message: &str) -> u16 {
    let line = message.lines().find_map(|line| line.strip_prefix("m=audio ")).expect("a voice line");
    line.split(' ').next().and_then(|port| port.parse().ok()).expect("a port")
}

/// What a second sounded like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// No packet came.
    Nothing,
    /// Packets came, without a tone.
    Silence,
    /// This tone, nearly all the time.
    Tone(u16),
    /// Several of these.
    Mixed,
}

/// A caller and Nadia in conversation, both told by hand.
struct Talk {
    world: Wired,
    dialled: &'static str,
    cseq: u32,
    tag: String,
    nadia: Spoken,
    nadias_cseq: u32,
    /// Our ports towards the caller and towards Nadia.
    ours: [u16; 2],
    sent: [u16; 2],
    /// All that came to the caller.
    stream: Vec<Vec<u8>>,
}

impl Talk {
    fn begin(dialled: &'static str) -> Self {
        let mut world = Wired::new(&Arc::new(plan(SITE)), Weather::CLEAR, true, 1);
        world.phone(IPOFFICE, "201", Pickup::RingForever);
        world.listen_in();
        says(&mut world, dialled, ("INVITE", 1, ""), &sdp(CALLERS_PORT, 1, TALKS));
        world.advance(Duration::from_secs(1));
        let letters = world.letters(GATEWAY);
        let answer = letters.iter().find(|letter| letter.starts_with("SIP/2.0 200")).expect("an answer");
        let to = answer.lines().find_map(|line| line.strip_prefix("To: ")).expect("To");
        let tag = format!(";tag={}", to.split_once(";tag=").expect("a tag").1);
        says(&mut world, dialled, ("ACK", 1, &tag), "");
        let nadia = world.watch().invites()[0].clone();
        let sdp = sdp(NADIAS_PORT, 1, TALKS);
        by_hand::answer(&mut world, IPOFFICE, &nadia, "200 OK", "n", "", &sdp);
        world.advance(Duration::from_millis(100));
        let to_nadia = world.port_of(LegId { call: CallId(1), number: 1 }).expect("a port");
        let ours = [port_of(answer), to_nadia];
        let mut talk = Self {
            world,
            dialled,
            cseq: 1,
            tag,
            nadia,
            nadias_cseq: 1,
            ours,
            sent: [0; 2],
            stream: Vec::new(),
        };
        talk.talks();
        talk
    }

    /// The caller's re-INVITE and its ACK.
    fn caller_says(&mut self, media: (&str, &str)) {
        self.cseq += 1;
        let body = sdp(CALLERS_PORT, self.cseq, media);
        says(&mut self.world, self.dialled, ("INVITE", self.cseq, &self.tag), &body);
        says(&mut self.world, self.dialled, ("ACK", self.cseq, &self.tag), "");
    }

    /// Nadia's.
    fn nadia_says(&mut self, media: (&str, &str)) {
        self.nadia_repeats(media, self.nadias_cseq + 1);
    }

    /// Nadia's, with a description of this version.
    fn nadia_repeats(&mut self, media: (&str, &str), version: u32) {
        self.nadias_cseq += 1;
        let body = sdp(NADIAS_PORT, version, media);
        for (method, body) in [("INVITE", &*body), ("ACK", "")] {
            self.nadia_requests(method, body);
        }
    }

    fn nadia_requests(&mut self, method: &str, body: &str) {
        let request = Request { method, cseq: self.nadias_cseq, tag: "n", headers: "", body };
        by_hand::request(&mut self.world, IPOFFICE, &self.nadia, &request);
        self.world.advance(FRAME);
    }

    /// Nadia sends the caller on to Karim.
    fn refers(&mut self) {
        self.nadias_cseq += 1;
        let headers = "Refer-To: <sip:202@192.0.2.1>\r\n";
        let request = Request { method: "REFER", cseq: self.nadias_cseq, tag: "n", headers, body: "" };
        by_hand::request(&mut self.world, IPOFFICE, &self.nadia, &request);
        self.world.advance(Duration::from_millis(500));
    }

    /// Who sends what for a second, and what the caller and Nadia hear of it.
    fn second(&mut self, voices: [Option<u16>; 2]) -> [Heard; 2] {
        self.packets();
        for _ in 0..50 {
            for (side, port) in [CALLERS_PORT, NADIAS_PORT].into_iter().enumerate() {
                if let Some(hz) = voices[side] {
                    self.sent[side] += 1;
                    let n = self.sent[side];
                    let mut packet = vec![0x80, 8];
                    packet.extend(n.to_be_bytes());
                    packet.extend((u32::from(n) * 160).to_be_bytes());
                    packet.extend(u32::from(port).to_be_bytes());
                    let voice = sine(f64::from(hz), 8_000.0, 8_000, 160);
                    packet.extend(voice.iter().map(|&level| g711::encode(Codec::Pcma, level)));
                    self.world.sends_audio(at(port), self.ours[side], &packet);
                }
            }
            self.world.advance(FRAME);
        }
        self.packets().map(|packets| heard(&packets))
    }

    fn packets(&mut self) -> [Vec<Vec<u8>>; 2] {
        let both = [CALLERS_PORT, NADIAS_PORT].map(|port| self.world.packets(at(port)));
        self.stream.extend_from_slice(&both[0]);
        both
    }

    /// Both speak, and each hears the other alone, from the first packet.
    fn talks(&mut self) {
        let both = self.second([Some(CALLER), Some(AGENT)]);
        assert_eq!(both, [Heard::Tone(AGENT), Heard::Tone(CALLER)]);
    }

    /// Hangs up, and looks at the record and at the caller's stream.
    fn ends(mut self, hold_ms: std::ops::Range<u64>) {
        self.cseq += 1;
        says(&mut self.world, self.dialled, ("BYE", self.cseq, &self.tag), "");
        self.world.advance(Duration::from_secs(40));
        let record = &self.world.outcomes().records[0];
        assert!(hold_ms.contains(&record.hold_ms), "{record:?}");
        // The station under Nadia's hand-told phone knows of no answer, and rings on.
        let left = self.world.left();
        assert_eq!((left.calls, left.timers, left.legs, left.transactions, left.ports), (0, 0, 0, 0, 0));
        for pair in self.stream.windows(2) {
            let sequence = |packet: &[u8]| u16::from_be_bytes([packet[2], packet[3]]);
            assert_eq!(pair[0][8..12], pair[1][8..12], "one source");
            assert_eq!(sequence(&pair[1]), sequence(&pair[0]).wrapping_add(1), "without a gap");
        }
    }
}

fn says(world: &mut Wired, dialled: &str, (method, cseq, tag): (&str, u32, &str), body: &str) {
    let message = format!(
        "{method} sip:{dialled}@192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP {GATEWAY};branch=z9hG4bK{method}{cseq};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:0601020304@{GATEWAY}>;tag=theirs\r\nTo: <sip:{dialled}@192.0.2.1>{tag}\r\n\
         Call-ID: holds\r\nCSeq: {cseq} {method}\r\nContact: <sip:0601020304@{GATEWAY}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    world.says_from(GATEWAY, message.as_bytes());
    world.advance(Duration::from_millis(50));
}

fn heard(packets: &[Vec<u8>]) -> Heard {
    let sounds = packets.iter().map(|packet| {
        let level = |byte: &u8| g711::decode(Codec::Pcma, *byte);
        let samples: Vec<i16> = packet[HEADER..].iter().map(level).collect();
        let tones = [CALLER, AGENT, TARGET, MUSIC];
        tones.into_iter().find(|hz| power_at(&samples, f64::from(*hz)) > 1e5)
    });
    let mut sounds: Vec<Option<u16>> = sounds.collect();
    if sounds.is_empty() {
        return Heard::Nothing;
    }
    assert!((44..=56).contains(&sounds.len()), "RTP at the codec's pace: {}", sounds.len());
    sounds.dedup();
    match sounds[..] {
        [None] => Heard::Silence,
        [Some(hz)] => Heard::Tone(hz),
        _ => Heard::Mixed,
    }
}

#[test]
fn a_caller_on_hold_hears_the_queues_music_whatever_the_style() {
    let mut talk = Talk::begin("0384961370");
    for style in [SENDONLY, INACTIVE, OLD] {
        talk.nadia_says(style);
        for _ in 0..2 {
            let [caller, nadia] = talk.second([Some(CALLER), None]);
            assert_eq!((caller, nadia), (Heard::Tone(MUSIC), Heard::Nothing), "{style:?}");
        }
        talk.nadia_says(TALKS);
        talk.talks();
    }
    assert!(
        talk.world.letters(GATEWAY).iter().all(|letter| !letter.starts_with("INVITE")),
        "her leg is as it was"
    );
    talk.ends(6_000..6_500);
}

#[test]
fn without_music_and_where_the_caller_holds_silence_goes_on() {
    let mut talk = Talk::begin("0384961371");
    talk.nadia_says(INACTIVE);
    assert_eq!(talk.second([Some(CALLER), None]), [Heard::Silence, Heard::Nothing]);
    talk.nadia_says(TALKS);
    talk.talks();
    for style in [SENDONLY, INACTIVE, OLD] {
        talk.caller_says(style);
        assert_eq!(talk.second([None, Some(AGENT)]), [Heard::Nothing, Heard::Silence], "{style:?}");
        talk.caller_says(TALKS);
        talk.talks();
    }
    talk.ends(4_000..5_000);
}

#[test]
fn a_caller_who_holds_hears_no_music_and_lets_nobody_hear_any() {
    let mut talk = Talk::begin("0384961370");
    talk.caller_says(INACTIVE);
    assert_eq!(talk.second([None, Some(AGENT)]), [Heard::Nothing, Heard::Silence]);
    talk.caller_says(TALKS);
    talk.talks();
    talk.ends(1_000..1_500);
}

#[test]
fn a_phones_own_music_comes_first_and_ours_when_it_ends() {
    let mut talk = Talk::begin("0384961370");
    talk.nadia_says(SENDONLY);
    for _ in 0..2 {
        let heard = talk.second([Some(CALLER), Some(TARGET)]);
        assert_eq!(heard, [Heard::Tone(TARGET), Heard::Nothing]);
    }
    talk.world.advance(Duration::from_secs(1));
    assert_eq!(talk.second([Some(CALLER), None])[0], Heard::Tone(MUSIC), "a second after it ended");
    talk.second([Some(CALLER), Some(TARGET)]);
    assert_eq!(talk.second([Some(CALLER), Some(TARGET)])[0], Heard::Tone(TARGET), "and again");
    talk.nadia_says(TALKS);
    talk.talks();
    talk.ends(6_000..6_500);
}

#[test]
fn who_says_inactive_and_goes_on_sending_is_not_heard() {
    let mut talk = Talk::begin("0384961370");
    talk.nadia_says(INACTIVE);
    assert_eq!(talk.second([Some(CALLER), Some(AGENT)]), [Heard::Tone(MUSIC), Heard::Nothing]);
    talk.nadia_says(TALKS);
    talk.talks();
    talk.ends(1_000..1_500);
}

#[test]
fn both_may_hold_and_each_takes_back_alone() {
    let mut talk = Talk::begin("0384961370");
    talk.nadia_says(SENDONLY);
    talk.caller_says(SENDONLY);
    assert_eq!(talk.second([None, None]), [Heard::Nothing, Heard::Nothing], "nobody wants to hear anything");
    talk.caller_says(TALKS);
    assert_eq!(talk.second([Some(CALLER), None]), [Heard::Tone(MUSIC), Heard::Nothing], "Nadia holds still");
    talk.caller_says(INACTIVE);
    talk.nadia_says(TALKS);
    assert_eq!(talk.second([None, Some(AGENT)]), [Heard::Nothing, Heard::Silence], "the caller holds still");
    talk.caller_says(TALKS);
    talk.talks();
    talk.ends(3_000..4_000);
}

#[test]
fn a_refresh_on_hold_changes_nothing() {
    let mut talk = Talk::begin("0384961370");
    talk.nadia_says(INACTIVE);
    talk.second([Some(CALLER), None]);
    for _ in 0..3 {
        talk.nadia_repeats(INACTIVE, 2);
        assert_eq!(talk.second([Some(CALLER), None]), [Heard::Tone(MUSIC), Heard::Nothing]);
    }
    talk.nadia_says(TALKS);
    talk.talks();
    talk.ends(4_000..4_500);
}

#[test]
fn a_transfer_that_fails_leaves_the_caller_on_hold_and_one_that_succeeds_does_not() {
    let mut talk = Talk::begin("0384961370");
    talk.nadia_says(SENDONLY);
    talk.second([Some(CALLER), None]);
    talk.world.phone(IPOFFICE, "202", Pickup::Refuse(486));
    talk.refers();
    assert_eq!(talk.second([Some(CALLER), None]), [Heard::Tone(MUSIC), Heard::Nothing], "Karim is busy");
    let ring = Between::exactly(Duration::from_secs(2));
    let voice = Voice::Tone(TARGET);
    talk.world.phone(IPOFFICE, "202", Pickup::Answer(Answering { ring, talk: None, voice }));
    talk.refers();
    talk.second([Some(CALLER), None]);
    talk.second([Some(CALLER), None]);
    assert_eq!(talk.second([Some(CALLER), None])[0], Heard::Tone(TARGET), "Karim, and no music");
    talk.ends(4_000..7_000);
}

#[test]
fn a_hang_up_on_hold_leaves_nothing_behind() {
    for nadia_hangs_up in [true, false] {
        let mut talk = Talk::begin("0384961370");
        talk.nadia_says(SENDONLY);
        talk.second([Some(CALLER), None]);
        if nadia_hangs_up {
            talk.nadias_cseq += 1;
            talk.nadia_requests("BYE", "");
            talk.world.advance(FRAME);
            assert_eq!(talk.second([None, None]), [Heard::Nothing; 2]);
        }
        talk.ends(1_000..1_500);
    }
}
