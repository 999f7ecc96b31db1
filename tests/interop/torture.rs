//! The torture messages of RFC 4475 and RFC 5118 played to the running service: each earns the answer its manifest asks
//! for, none leaves anything behind, and the service lives on.

use crate::cases::{Case, Worth, cases};
use crate::machine::in_real_time;
use crate::place::{PBX, Place, SPILLWAY};
use crate::player::{FAREWELL, Heard, Player, Stream, code};
use crate::process::until;
use crate::service::{Service, Setting};
use spillway::wire::sip::{HeaderName, Message, Method};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What earns an answer gets it within: a phone is rung for 1.2 s before the menu answers.
const PATIENCE: Duration = Duration::from_secs(3);
/// What earns none got none within.
const SILENCE: Duration = Duration::from_millis(300);
/// Of RFC 4475's messages, how many must earn the answer their manifest prefers.
const PREFERRED: usize = 45;

/// Dialled where our menu answers, which the manifest takes as well.
const ANSWERED: [&str; 2] = ["longreq", "mult-ip-in-sdp"];

/// Where this is.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture")
}

/// The service of tests/torture/spillway.toml, its addresses and folders those of a place; its site changed by `change`.
fn serve(place: &Place, change: impl Fn(&str) -> String) -> Service<'_> {
    let site = folder().join("dialplans/torture");
    for name in ["choix", "merci"] {
        let (from, to) = (format!("messages/{name}.wav"), format!("dialplans/site/messages/{name}.wav"));
        fs::copy(site.join(from), place.path(&to)).expect("the folder is writable");
    }
    fs::copy(folder().join("phones.csv"), place.path("phones.csv")).expect("the folder is writable");
    let site = fs::read_to_string(site.join("torture.toml")).expect("a site");
    let mut text = fs::read_to_string(folder().join("spillway.toml")).expect("a settings file");
    let ip = place.ip(SPILLWAY);
    for (from, to) in [
        ("udp:0.0.0.0:5060", format!("udp:{ip}:5060")),
        ("tcp:0.0.0.0:5060", format!("tcp:{ip}:5060")),
        ("../../target/torture", "data".to_owned()),
        ("20000-20999", place.rtp_ports()),
        ("127.0.0.1:8080", format!("{ip}:8080")),
        ("127.0.0.1:5062", format!("{}:5062", place.ip(PBX))),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, &to);
    }
    Setting::new(place).serve_as(&text, &change(&site))
}

#[test]
fn each_torture_message_earns_its_answer_and_the_service_lives_on() {
    let place = Place::new();
    let service = serve(&place, str::to_owned);
    let player = Player::new(&place);
    let half_sent = wait_for_more(&player);
    let (mut wrong, mut preferred) = (Vec::new(), HashMap::from([("4475", 0), ("5118", 0)]));
    for case in cases() {
        let patience = if case.earns_silence() { SILENCE } else { PATIENCE };
        let heard = player.play(&case.bytes, case.streamed, patience);
        assert!(player.is_alive(), "no sign of life after {}", case.name);
        let name = case.name.as_str();
        assert!(heard.others.is_empty(), "{name}: {:?}", heard.others);
        carries_what_it_must(&case, &heard);
        let word = heard.word();
        let expected = if ANSWERED.contains(&name) { Worth::Acceptable } else { Worth::Preferred };
        let worth = case.judge(&word);
        if worth != expected {
            wrong.push(format!("{name} earned {word}, {worth:?}: {:?} is preferred", case.prefer));
        }
        *preferred.get_mut(&*case.rfc).expect("two RFCs") += usize::from(worth == Worth::Preferred);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(preferred["4475"] >= PREFERRED, "{preferred:?}");
    // The phone rung in vain said nothing, so its INVITEs end with timer B (RFC 3261 section 17.1.1.2).
    service.comes_to_rest(Duration::from_secs(45));
    // RFC 4475 section 3.1.2.2: half a message keeps its stream for limits::STREAM_IDLE.
    let closed = half_sent.join().expect("no panic").expect("closed");
    assert!((Duration::from_secs(29)..Duration::from_secs(33)).contains(&closed), "{closed:?}");
}

/// What an answer must carry beside its code.
fn carries_what_it_must(case: &Case, heard: &Heard) {
    let Some(last) = heard.last() else { return };
    let asked = Message::parse(&case.bytes).expect("it was answered");
    let vias = |message: &Message<'_>| message.values(HeaderName::Via).count();
    assert_eq!(vias(&last), vias(&asked), "{}: every Via comes back", case.name);
    let finals = heard.responses.iter().filter(|bytes| code(bytes).is_some_and(|code| code >= 200)).count();
    match case.name.as_str() {
        "invut" => assert!(heard.says(HeaderName::Accept, "application/sdp")),
        "bext01" => {
            assert!(heard.says(HeaderName::Unsupported, "nothingSupportsThis, nothingSupportsThisEither"))
        }
        "mpart01" => assert!(heard.says(HeaderName::Allow, "INVITE")),
        "dblreq" => assert_eq!(finals, 1, "one datagram is one request"),
        _ => {}
    }
}

#[test]
fn a_stream_whose_messages_have_no_sure_end_is_closed() {
    let place = Place::new();
    let _service = serve(&place, str::to_owned);
    let player = Player::new(&place);
    for name in ["ncl", "mcl01"] {
        let bytes = message(name);
        let mut stream = player.connect();
        stream.send(&bytes);
        // Nothing after it may be read as a request.
        stream.send(b"OPTIONS sip:smuggled SIP/2.0\r\nContent-Length: 0\r\n\r\n");
        let mut come = Vec::new();
        let closed = until(PATIENCE, || {
            come.extend(stream.receive());
            stream.is_closed().then_some(())
        });
        assert!(closed.is_some(), "{name} leaves its stream open");
        let codes: Vec<_> = come.iter().filter_map(|bytes| code(bytes)).collect();
        assert_eq!(codes, [400], "{name}");
        assert!(player.is_alive());
    }
}

/// Sends clerr over a stream, where more may still come, and says when that was no longer waited for.
fn wait_for_more(player: &Player) -> JoinHandle<Option<Duration>> {
    let mut stream = player.connect();
    let sent = Instant::now();
    stream.send(&message("clerr"));
    std::thread::spawn(move || {
        until(Duration::from_secs(60), || {
            assert!(stream.receive().is_empty(), "it is not whole");
            stream.is_closed().then(|| sent.elapsed())
        })
    })
}

/// A message by its name.
fn message(name: &str) -> Vec<u8> {
    cases().into_iter().find(|case| case.name == name).expect("a message").bytes
}

/// A round starts every so often: RTP ports rest 5 s after each call (limits::PORT_COOLING).
const ROUND: Duration = Duration::from_millis(50);
/// What a service at rest may hold more after twice the rounds. Its tables and the store's cache (2 MiB) are as large as they get
/// after the first; what the allocator keeps of freed pages comes and goes by 2 MiB. A leak of 1 KiB a message would be
/// 12 MiB in the shortest run.
const GROWTH_KIB: u64 = 4 * 1_024;

#[test]
fn messages_played_again_and_again_are_answered_and_leave_nothing_open() {
    let rounds = if std::env::var("SPILLWAY_INTEROP").is_ok_and(|size| size == "full") { 1_000 } else { 200 };
    in_real_time(|| {
        let place = Place::new();
        // The menu answers at once: a phone rung in vain would take longer to forget than the rest.
        let at_once = |site: &str| site.replace("[{ go = \"telephone\" }]", "[{ go = \"choix\" }]");
        let service = serve(&place, at_once);
        let mut storm = Storm::new(&place);
        // As many as will be counted: what a load needs at once is not what its messages leave behind.
        storm.play(rounds);
        service.comes_to_rest(Duration::from_secs(45));
        let before = service.process.resident_kib();
        let [after, again] = [(); 2].map(|()| {
            storm.play(rounds);
            assert!(storm.player.is_alive());
            service.comes_to_rest(Duration::from_secs(45));
            service.process.resident_kib()
        });
        eprintln!("{rounds} rounds: {before} KiB before, {after} KiB after, {again} KiB after as many again");
        assert!(again <= after + GROWTH_KIB, "{before}, {after}, {again} KiB");
        let finals = storm.finals;
        let answered = cases().iter().filter(|case| !case.earns_silence()).count() as u32 * 3 * rounds;
        assert!(finals >= u64::from(answered) * 99 / 100, "{finals} answers to {answered} requests");
    });
}

/// Every message over and over, each time as a new one.
struct Storm {
    player: Player,
    cases: Vec<Case>,
    /// INVITEs by Call-ID, until their round is long over.
    invites: HashMap<Vec<u8>, Vec<u8>>,
    streams: Vec<Stream>,
    round: u32,
    finals: u64,
}

impl Storm {
    fn new(place: &Place) -> Self {
        let player = Player::new(place);
        Self { player, cases: cases(), invites: HashMap::new(), streams: Vec::new(), round: 0, finals: 0 }
    }

    fn play(&mut self, rounds: u32) {
        for _ in 0..rounds {
            let next = Instant::now() + ROUND;
            self.round += 1;
            for index in 0..self.cases.len() {
                let case = &self.cases[index];
                let bytes = renewed(&case.bytes, &format!("r{}-{index}-", self.round));
                if let Ok(message) = Message::parse(&bytes)
                    && message.method() == Some(Method::Invite)
                    && let Some(call_id) = message.header(HeaderName::CallId)
                {
                    self.invites.insert(call_id.to_vec(), bytes.clone());
                }
                if case.streamed {
                    let mut stream = self.player.connect();
                    stream.send(&bytes);
                    self.streams.push(stream);
                } else {
                    self.player.send(&bytes);
                }
            }
            while Instant::now() < next {
                self.hear();
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        // Stragglers, and answers that come again.
        let end = Instant::now() + Duration::from_secs(1);
        while Instant::now() < end {
            self.hear();
            std::thread::sleep(Duration::from_millis(2));
        }
        self.streams.clear();
        self.invites.clear();
    }

    fn hear(&mut self) {
        for come in self.player.receive() {
            let player = &self.player;
            let answered = answer(player, &self.invites, &come, |bytes| player.send(bytes));
            self.finals += u64::from(answered == Answered::Finally);
        }
        self.streams.retain_mut(|stream| {
            let mut over = false;
            for come in stream.receive() {
                let answered = answer(&self.player, &self.invites, &come, |bytes| stream.send(bytes));
                self.finals += u64::from(answered == Answered::Finally);
                // A call that was taken is over with the answer to its BYE.
                over |= match answered {
                    Answered::NotYet => false,
                    Answered::Finally => !taken(&come),
                    Answered::HungUp => true,
                };
            }
            !over && !stream.is_closed()
        });
    }
}

/// What a response means to the message it answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answered {
    NotYet,
    Finally,
    /// It answers the BYE of a call that was taken.
    HungUp,
}

/// Whether a response takes a call.
fn taken(response: &[u8]) -> bool {
    let invite =
        Message::parse(response).ok().and_then(|message| message.cseq().ok().map(|cseq| cseq.method));
    code(response) == Some(200) && invite == Some(Method::Invite)
}

/// Acknowledges what is an INVITE's final answer, and hangs up what it took.
fn answer(
    player: &Player,
    invites: &HashMap<Vec<u8>, Vec<u8>>,
    come: &[u8],
    mut send: impl FnMut(&[u8]),
) -> Answered {
    let Ok(response) = Message::parse(come) else { return Answered::NotYet };
    if response.code().is_none_or(|code| code < 200) {
        return Answered::NotYet;
    }
    let invited = response.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
    let invite = response.header(HeaderName::CallId).and_then(|call_id| invites.get(call_id));
    if let Some((ack, bye)) = invite.filter(|_| invited).and_then(|invite| player.farewell(invite, come)) {
        send(&ack);
        bye.iter().for_each(|bye| send(bye));
    }
    let branch = response.top_via().ok().and_then(|via| via.branch).unwrap_or_default();
    if branch.starts_with(FAREWELL) { Answered::HungUp } else { Answered::Finally }
}

/// The same message with a Call-ID and branches nobody has seen.
fn renewed(bytes: &[u8], mark: &str) -> Vec<u8> {
    const COOKIE: &[u8] = b"z9hG4bK";
    let Ok(message) = Message::parse(bytes) else { return bytes.to_vec() };
    let place = |part: &[u8]| part.as_ptr() as usize - bytes.as_ptr() as usize;
    let mut places: Vec<usize> = message.headers(HeaderName::CallId).map(place).collect();
    let body = bytes.len() - message.body().len();
    let branches = bytes[..body].windows(COOKIE.len() + 1).enumerate().filter_map(|(at, window)| {
        let (cookie, after) = window.split_at(COOKIE.len());
        (cookie == COOKIE && after[0].is_ascii_graphic()).then_some(at + COOKIE.len())
    });
    places.extend(branches);
    places.sort_unstable();
    let mut renewed = bytes.to_vec();
    for at in places.into_iter().rev() {
        renewed.splice(at..at, mark.bytes());
    }
    renewed
}
