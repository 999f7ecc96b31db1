//! Bytes that two readers would read differently: none is taken for what it might mean, and none crosses to another leg.

use super::{QUEUE, Request, codes, our_tag, say_raw, world};
use crate::support::sim::wired::{GATEWAY, Wired};
use std::time::Duration;

fn invite(call: &str) -> String {
    String::from_utf8(Request::new("INVITE", QUEUE, call).written()).expect("text")
}

#[test]
fn a_header_whose_name_is_no_token_is_refused_and_hides_nothing() {
    for (n, line) in ["To\x01: <sip:201@x>", "X Foo: 1", ": nameless", "nocolon", "X\x00Y: 1", "X-Föö: 1"]
        .into_iter()
        .enumerate()
    {
        let mut world = world();
        let text = invite(&format!("name{n}")).replace("Max-Forwards", &format!("{line}\r\nMax-Forwards"));
        let heard = say_raw(&mut world, GATEWAY, text.as_bytes());
        assert_eq!(codes(&heard), [400], "{line:?}");
        assert!(world.is_at_rest() && world.watch().invites().is_empty());
    }
}

#[test]
fn a_bare_line_feed_or_carriage_return_ends_no_header() {
    for (n, (from, to)) in [
        ("Max-Forwards: 70\r\n", "Max-Forwards: 70\n"),
        ("Max-Forwards: 70\r\n", "Max-Forwards: 70\rX: 1\r\n"),
        ("tag=theirs\r\n", "tag=theirs\nRoute: <sip:203.0.113.99;lr>\r\n"),
        ("Contact:", "Subject: a\rContent-Length: 0\r\nContact:"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut world = world();
        let text = invite(&format!("line{n}"));
        assert!(text.contains(from));
        let heard = say_raw(&mut world, GATEWAY, text.replacen(from, to, 1).as_bytes());
        assert_eq!(codes(&heard), [400], "{to:?}");
        assert!(world.is_at_rest() && world.watch().invites().is_empty());
    }
}

#[test]
fn there_is_one_content_length_however_it_is_written() {
    let smuggled = "BYE sip:x SIP/2.0\r\n\r\n";
    for (n, lines) in [
        "Content-Length: 0\r\nContent-Length: 44",
        "Content-Length: 0\r\nl: 44",
        "Content-Length : 0\r\nContent-Length: 44",
        "Content-Length: 0, 44",
        "Content-Length: +44",
        "Content-Length: 0x10",
        "Content-Length: -1",
        "Content-Length: 99999999999999999999",
    ]
    .into_iter()
    .enumerate()
    {
        let mut world = world();
        let text = invite(&format!("length{n}"));
        let (head, _) = text.split_once("Content-Length").expect("there");
        let heard = say_raw(&mut world, GATEWAY, format!("{head}{lines}\r\n\r\n{smuggled}").as_bytes());
        assert_eq!(codes(&heard), [400], "{lines:?}");
        assert!(world.is_at_rest() && world.watch().invites().is_empty());
    }
}

/// Spaces before a colon are allowed (RFC 3261 section 7.3.1), also of Content-Length, and count.
#[test]
fn a_space_before_the_colon_changes_nothing() {
    let mut world = world();
    let text = invite("space")
        .replace("Content-Length:", "Content-Length :")
        .replace("Max-Forwards:", "Max-Forwards :");
    let heard = until_answered(&mut world, &(text + "BYE sip:x SIP/2.0\r\n\r\n"));
    assert_eq!(codes(&heard).last(), Some(&200), "{heard:?}");
    assert_eq!(world.watch().invites().len(), 1);
}

fn until_answered(world: &mut Wired, text: &str) -> Vec<String> {
    let mut heard = say_raw(world, GATEWAY, text.as_bytes());
    world.advance(Duration::from_secs(2));
    heard.extend(world.letters(GATEWAY));
    heard
}

#[test]
fn no_control_byte_of_a_caller_crosses_to_the_agent() {
    let mark = "<sip:0601020304@198.51.100.66>";
    for (n, from) in [
        "\"Evil\x01\x02\x7f\" <sip:0601020304@198.51.100.66>",
        "\"a\tb\" <sip:0601020304@198.51.100.66>",
        "<sip:%0d%0aRoute:%20%3csip:203.0.113.99%3e@198.51.100.66>",
        "<sip:06%00%0a%0d@198.51.100.66>",
        "\"%0d%0aX: 1\" <sip:0601020304@198.51.100.66>",
        "\"\\\"><sip:17@x>\" <sip:0601020304@198.51.100.66>",
        "<sip:0601020304%3e%3btag=x@198.51.100.66>",
    ]
    .into_iter()
    .enumerate()
    {
        let mut world = world();
        let text = invite(&format!("control{n}"));
        assert!(text.contains(mark));
        let heard = until_answered(&mut world, &text.replacen(mark, from, 1));
        let codes = codes(&heard);
        if codes == [400] {
            assert!(world.is_at_rest());
            continue;
        }
        assert_eq!(codes.last(), Some(&200), "{from:?}: {heard:?}");
        assert!(!our_tag(&heard).is_empty());
        let rung = world.watch().invites().last().expect("the agent is rung").clone();
        let words = format!("{rung:?}");
        for name in ["route", "x", "subject"] {
            assert_eq!(rung.header(name), None, "{from:?}: {words}");
        }
        assert_eq!(rung.headers("From").count(), 1);
        let from_header = rung.header("From").expect("there");
        assert!(!from_header.bytes().any(|byte| byte.is_ascii_control()), "{from_header:?}");
        assert_eq!(from_header.matches(";tag=").count(), 1, "{from_header}");
    }
}
