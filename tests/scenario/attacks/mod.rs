//! Attacks, each a story: who is let in says what it must not, who is not says anything. That Spillway sends nothing to
//! anybody but those who live in this world, the network itself asserts.

mod alone;
mod bombs;
mod dialling_out;
mod identities;
mod never_acknowledged;
mod smuggling;
mod spoofed;
mod strangers;

use crate::support::plan::plan;
use crate::support::sim::wired::{GATEWAY, IPOFFICE, STRANGER, Weather, Wired};
use spillway::endpoint::{Answering, Between, Pickup, Voice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const SITE: &str = r#"
[flow.accueil]
steps = [{ go = "motif" }]

[menu.motif]
say  = "choix"
1    = "technique"
else = "rappelez"

[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "rappelez" }]

[flow.direct]
steps = [{ go = "technique" }]

[message.rappelez]
play = "rappelez"

[number."03 84 96 13 70"]
flow = "accueil"

[flow.astreinte]
steps = [{ go = "cadre" }]

[target.cadre]
number = "03 84 00 00 01"
ring   = "60s"
else   = "rappelez"

[number."03 84 96 13 72"]
flow = "astreinte"

[number."03 84 96 13 71"]
flow = "direct"

[prompts]
choix    = "Tapez 1."
rappelez = "Merci de rappeler."
"#;

/// Enters the menu.
const MENU: &str = "0384961370";
/// Enters the queue.
const QUEUE: &str = "0384961371";
/// Rings somebody while the caller is not answered yet.
const RINGING: &str = "0384961372";
/// A number that costs whoever pays for the trunk.
const FOREIGN: &str = "0899123456";
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.66\r\ns=-\r\nc=IN IP4 198.51.100.66\r\nt=0 0\r\n\
    m=audio 30000 RTP/AVP 8\r\n";

/// A world whose one agent answers at once.
fn world() -> Wired {
    let mut world = Wired::new(&Arc::new(plan(SITE)), Weather::CLEAR, false, 1);
    let ring = Between::exactly(Duration::from_millis(500));
    world.phone(IPOFFICE, "201", Pickup::Answer(Answering { ring, talk: None, voice: Voice::Off }));
    world
}

/// A request, its parts open to whoever writes it.
#[derive(Clone, Debug)]
struct Request {
    from: SocketAddr,
    method: &'static str,
    number: String,
    call: String,
    cseq: u32,
    their_tag: String,
    our_tag: String,
    branch: String,
    /// Whole lines, each with its end.
    extra: String,
    body: Vec<u8>,
}

impl Request {
    fn new(method: &'static str, number: &str, call: &str) -> Self {
        Self {
            from: GATEWAY,
            method,
            number: number.into(),
            call: call.into(),
            cseq: 1,
            their_tag: "theirs".into(),
            our_tag: String::new(),
            branch: format!("z9hG4bK{call}{method}"),
            extra: String::new(),
            body: if method == "INVITE" { SDP.into() } else { Vec::new() },
        }
    }

    fn stranger(self) -> Self {
        Self { from: STRANGER, ..self }
    }

    fn with(self, extra: &str) -> Self {
        Self { extra: format!("{extra}\r\n"), ..self }
    }

    /// The same call's next request, once our tag is known.
    fn then(&self, method: &'static str, cseq: u32, our_tag: &str) -> Self {
        let branch = format!("z9hG4bK{}{method}{cseq}", self.call);
        Self {
            method,
            cseq,
            branch,
            our_tag: our_tag.into(),
            extra: String::new(),
            body: Vec::new(),
            ..self.clone()
        }
    }

    fn written(&self) -> Vec<u8> {
        let Self { from, method, number, call, cseq, their_tag, our_tag, branch, extra, body } = self;
        let to = if our_tag.is_empty() { String::new() } else { format!(";tag={our_tag}") };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let head = format!(
            "{method} sip:{number}@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch={branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:0601020304@198.51.100.66>;tag={their_tag}\r\n\
             To: <sip:{number}@192.0.2.1>{to}\r\nCall-ID: {call}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:{from}>\r\n{extra}{kind}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let mut bytes = head.into_bytes();
        bytes.extend(body);
        bytes
    }
}

/// Says it, lets a moment pass, gives what came back.
fn say(world: &mut Wired, request: &Request) -> Vec<String> {
    say_raw(world, request.from, &request.written())
}

fn say_raw(world: &mut Wired, from: SocketAddr, bytes: &[u8]) -> Vec<String> {
    world.says_from(from, bytes);
    world.advance(Duration::from_millis(20));
    world.letters(from)
}

/// The codes among what came, in order; copies of one count once.
fn codes(letters: &[String]) -> Vec<u16> {
    let code = |letter: &String| letter.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok();
    let mut codes: Vec<u16> = letters.iter().filter_map(code).collect();
    codes.dedup();
    codes
}

/// Our tag in the last of what came.
fn our_tag(letters: &[String]) -> String {
    let to = letters.last().and_then(|letter| letter.lines().find_map(|line| line.strip_prefix("To: ")));
    to.and_then(|to| to.split(";tag=").nth(1)).expect("an answer with a tag").to_owned()
}

/// A call of the gateway's that stands; gives its INVITE and our tag.
fn standing(world: &mut Wired, number: &str, call: &str) -> (Request, String) {
    let invite = Request::new("INVITE", number, call);
    let mut heard = say(world, &invite);
    world.advance(Duration::from_secs(1));
    heard.extend(world.letters(GATEWAY));
    assert_eq!(codes(&heard).last(), Some(&200), "{heard:?}");
    let tag = our_tag(&heard);
    say(world, &invite.then("ACK", 1, &tag));
    (invite, tag)
}

/// Hangs up as whoever may; nothing is left then.
fn hang_up(world: &mut Wired, invite: &Request, tag: &str, cseq: u32) {
    let heard = say(world, &invite.then("BYE", cseq, tag));
    assert_eq!(codes(&heard), [200], "{heard:?}");
    world.advance(Duration::from_secs(40));
    assert!(world.is_at_rest(), "{:?}", world.left());
}
