//! What each fuzz target does with its input, for `cargo fuzz` and for the stable test beside it alike, and how long reading
//! may take. Must never know where an input came from.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a target looks at the outputs it is about, and the list of the others grows"
)]

mod board;
mod challenge;
mod contact;
mod cseq;
mod dialplan;
mod diversion;
mod engine;
mod exchange;
mod message;
mod name_addr;
mod peer;
mod phone;
mod rack;
mod reason;
mod rtcp;
mod rtp;
mod sdp;
mod session_expires;
mod settings;
mod stack;
mod stream;
mod uri;
mod via;
mod wav;

/// One target.
pub struct Target {
    /// Its name, which is also its corpus's folder.
    pub name: &'static str,
    /// What must hold, whatever the input.
    pub run: fn(&[u8]),
    /// Reading the input once, where a sender could make us read it: what is timed.
    pub read: Option<fn(&[u8])>,
    /// Whether an input is words and numbers rather than bytes: it is then changed by whole words too.
    pub is_text: bool,
    /// Whether simulations play it for longer, or only an operator writes it: the stable test gives it its 2 s alone.
    #[allow(dead_code, reason = "cargo-fuzz is told how long")]
    pub is_brief: bool,
}

/// A reader of bytes.
const fn bytes(name: &'static str, run: fn(&[u8]), read: fn(&[u8])) -> Target {
    Target { name, run, read: Some(read), is_text: false, is_brief: false }
}

/// A reader of text a stranger may send.
const fn text(name: &'static str, run: fn(&[u8]), read: fn(&[u8])) -> Target {
    Target { name, run, read: Some(read), is_text: true, is_brief: false }
}

/// Text a stranger may send, in an exchange.
const fn untimed(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, read: None, is_text: true, is_brief: false }
}

/// What plays a whole exchange, or reads files of the operator's own.
const fn brief(name: &'static str, run: fn(&[u8]), is_text: bool) -> Target {
    Target { name, run, read: None, is_text, is_brief: true }
}

/// Every target there is.
pub const TARGETS: &[Target] = &[
    text("message", message::run, message::read),
    text("stream", stream::run, stream::read),
    text("uri", uri::run, uri::read),
    text("via", via::run, via::read),
    text("name_addr", name_addr::run, name_addr::read),
    text("cseq", cseq::run, cseq::read),
    text("contact", contact::run, contact::read),
    text("session_expires", session_expires::run, session_expires::read),
    text("rack", rack::run, rack::read),
    untimed("reason", reason::run),
    untimed("diversion", diversion::run),
    untimed("challenge", challenge::run),
    text("sdp", sdp::run, sdp::read),
    bytes("rtp", rtp::run, rtp::read),
    bytes("rtcp", rtcp::run, rtcp::read),
    brief("settings", settings::run, true),
    brief("dialplan", dialplan::run, true),
    brief("engine", engine::run, false),
    brief("stack", stack::run, false),
    brief("wav", wav::run, false),
    brief("board", board::run, false),
    brief("phone", phone::run, true),
];

/// Gives an input to the target of this name.
///
/// # Panics
/// When there is none, or what must hold does not.
#[allow(dead_code, reason = "cargo-fuzz names its target; the test goes through them all")]
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    (target.run)(input);
}
