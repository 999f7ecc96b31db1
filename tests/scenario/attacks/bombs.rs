//! Messages made to be dear to read: as large as a datagram may be, nested, repeated. Each is dealt with in little time.

use super::{MENU, Request, SDP, codes, say_raw, world};
use crate::support::sim::wired::{GATEWAY, Wired};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Nothing within a datagram's size may take longer, in a build that is not optimised, on a machine that builds meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);
/// The room a datagram leaves for a body.
const ROOM: usize = 64_000;

fn repeated(piece: &str) -> String {
    piece.repeat(ROOM / piece.len())
}

/// Throws it; gives the answers' codes.
fn throw(world: &mut Wired, name: &str, bytes: &[u8]) -> Vec<u16> {
    assert!(bytes.len() <= 65_535, "{name} is {} bytes", bytes.len());
    let begun = Instant::now();
    let heard = say_raw(world, GATEWAY, bytes);
    let took = begun.elapsed();
    assert!(took < PATIENCE, "{name} takes {took:?}");
    codes(&heard)
}

#[test]
fn a_description_of_thousands_of_lines_is_refused_in_no_time() {
    let mut attributes = SDP.to_owned();
    for n in 0..3_000 {
        write!(attributes, "a=rtpmap:{n} X/{n}\r\n").expect("writing to memory");
    }
    let bombs = [
        ("media lines", format!("{SDP}{}", repeated("m=audio 9 RTP/AVP 8\r\n"))),
        ("formats", SDP.replace("AVP 8", &format!("AVP 8{}", repeated(" 8")))),
        ("attributes", attributes),
        ("one long line", SDP.replace("s=-", &format!("s={}", repeated("-")))),
        ("times", SDP.replace("t=0 0\r\n", &repeated("t=0 0\r\n"))),
        ("origins", SDP.replace("o=-", &format!("o={}", repeated("o ")))),
        ("line feeds", repeated("\n")),
        ("zeroes", "\0".repeat(ROOM)),
    ];
    for (name, body) in bombs {
        let mut world = world();
        let invite = Request { body: body.into_bytes(), ..Request::new("INVITE", MENU, "bomb") };
        let answered = throw(&mut world, name, &invite.written());
        let last = *answered.last().unwrap_or_else(|| panic!("{name} is answered"));
        assert!(last == 200 || (400..500).contains(&last), "{name}: {answered:?}");
        world.advance(Duration::from_secs(70));
        assert_eq!(world.left().calls + world.left().ports, 0, "{name}");
    }
}

#[test]
fn parts_within_parts_are_not_unfolded() {
    let nested = (0..600).fold(String::new(), |inner, n| {
        format!("--b{n}\r\nContent-Type: multipart/mixed;boundary=b{}\r\n\r\n{inner}", n + 1)
    });
    let flat = repeated("--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n");
    for (name, body) in [("nested", nested), ("flat", flat)] {
        let mut world = world();
        let invite = Request { body: body.into_bytes(), ..Request::new("INVITE", MENU, "parts") };
        let written = String::from_utf8(invite.written()).expect("text");
        let written = written
            .replace("application/sdp\r\nContent-Length", "multipart/mixed;boundary=b\r\nContent-Length");
        assert_eq!(throw(&mut world, name, written.as_bytes()), [100, 415], "{name}");
    }
}

#[test]
fn headers_without_number_or_end_are_refused_in_no_time() {
    let base = String::from_utf8(Request::new("OPTIONS", MENU, "headers").written()).expect("text");
    let with = |lines: &str| base.replacen("Contact:", &format!("{lines}Contact:"), 1);
    let bombs = [
        ("fields", with(&repeated("X: y\r\n"))),
        ("short fields", with(&repeated("a:\r\n"))),
        ("Vias", with(&repeated("Via: SIP/2.0/UDP a;branch=z\r\n"))),
        ("hops", with(&format!("Via: {}x\r\n", repeated("SIP/2.0/UDP a;branch=z,")))),
        ("routes", with(&format!("Record-Route: {}<sip:a>\r\n", repeated("<sip:a;lr>,")))),
        ("folds", with(&format!("Subject: x\r\n{}", repeated(" y\r\n")))),
        ("parameters", with(&format!("Contact: <sip:a{}>\r\n", repeated(";a=b")))),
        ("quotes", with(&format!("Contact: {}\r\n", repeated("\"\\\"")))),
        ("brackets", with(&format!("Contact: {}\r\n", repeated("<")))),
        ("escapes", with(&format!("Contact: <sip:{}@a>\r\n", repeated("%41")))),
        ("colons", with(&format!("{}\r\n", repeated(":")))),
        ("options", with(&format!("Require: {}x\r\n", repeated("x,")))),
        ("diversions", with(&format!("Diversion: {}<sip:a>\r\n", repeated("<sip:a>;reason=x,")))),
        ("a long method", base.replacen("OPTIONS", &repeated("O"), 1)),
        ("a long number", base.replacen(MENU, &repeated("1")[..20_000], 1)),
    ];
    for (name, bytes) in bombs {
        let mut world = world();
        let answered = throw(&mut world, name, bytes.as_bytes());
        assert!(answered.len() <= 1, "{name}: {answered:?}");
        assert!(world.is_at_rest(), "{name}");
    }
}
