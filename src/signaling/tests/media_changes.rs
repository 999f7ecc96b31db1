//! What far ends ask of a call's media that we do not do is refused, and the call goes on; offers in an early dialog are
//! answered once ours stands (RFC 3311).

use super::pair::local;
use super::raw::{Raw, SDP, header, invite, request, status, to_tag};
use crate::base::Codec;
use crate::signaling::{LegEvent, LegKey};

/// An answered call.
fn talking(raw: &mut Raw) -> (LegKey, String) {
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    let tag = to_tag(&answer[0]).to_owned();
    raw.say(&request("ACK", 1, 1, &tag, ""));
    raw.events.clear();
    (leg, tag)
}

#[test]
fn a_fax_is_refused_cleanly_and_the_voices_go_on() {
    let image = "m=image 6000 udptl t38\r\n";
    let alone = SDP.split("m=audio").next().unwrap_or_default().to_owned() + image;
    let instead = SDP.replace("m=audio 4000", "m=audio 0") + image;
    for (offer, name) in [(&alone, "a fax alone"), (&instead, "a fax instead of the voices")] {
        let mut raw = Raw::new();
        let (_, tag) = talking(&mut raw);
        let refused = raw.say(&request("INVITE", 1, 2, &tag, offer));
        assert_eq!(status(&refused[0]), "488 Not Acceptable Here", "{name}");
        raw.say(&request("ACK", 1, 2, &tag, "").replace("1-2-ACK", "1-2-INVITE"));
        assert!(raw.events.is_empty(), "{name}: nothing has changed");
        let again = raw.say(&request("INVITE", 1, 3, &tag, SDP));
        assert_eq!(status(&again[0]), "200 OK", "{name}: the call goes on");
    }
    let mut raw = Raw::new();
    let (_, tag) = talking(&mut raw);
    let beside = raw.say(&request("INVITE", 1, 2, &tag, &(SDP.to_owned() + image)));
    assert_eq!(status(&beside[0]), "200 OK");
    assert!(beside[0].contains("m=audio 6000") && beside[0].contains("m=image 0 udptl t38"));
}

#[test]
fn a_codec_is_changed_and_an_address_moved_in_one_step() {
    let mut raw = Raw::new();
    let (_, tag) = talking(&mut raw);
    let moved = SDP.replace("4000 RTP/AVP 8 0 96", "4100 RTP/AVP 0 96");
    let answer = raw.say(&request("INVITE", 1, 2, &tag, &moved));
    assert!(answer[0].contains("RTP/AVP 0 96"));
    let [LegEvent::Remote { media }] = &raw.events[..] else { panic!("{:?}", raw.events) };
    assert_eq!((media.codec, media.rtp.port()), (Codec::Pcmu, 4_100));
}

#[test]
fn an_update_before_the_answer_is_served_once_ours_stands() {
    let mut raw = Raw::new();
    raw.say(&invite(1).replace("Contact", "Supported: 100rel\r\nContact"));
    let leg = raw.invited[0].0;
    let ringing = raw.act(|stack, now| stack.ring(now, leg));
    let tag = to_tag(&ringing[0]).to_owned();
    // Nothing is answered yet: a second offer has to wait; without one there is nothing to wait for.
    let early = raw.say(&request("UPDATE", 1, 2, &tag, SDP));
    assert_eq!(status(&early[0]), "500 Server Internal Error");
    assert!(early[0].contains("Retry-After: "));
    let bare = raw.say(&request("UPDATE", 1, 3, &tag, ""));
    assert_eq!(status(&bare[0]), "200 OK");
    let progress = raw.act(|stack, now| stack.progress(now, leg, local(6_000)));
    let rack = format!("RAck: {} 1 INVITE\r\nContact", header(&progress[0], "RSeq"));
    raw.say(&request("PRACK", 1, 4, &tag, "").replace("Contact", &rack));
    let held = SDP.to_owned() + "a=sendonly\r\n";
    let answer = raw.say(&request("UPDATE", 1, 5, &tag, &held));
    assert_eq!(status(&answer[0]), "200 OK");
    assert!(answer[0].contains("a=recvonly"));
    assert!(matches!(raw.events[..], [LegEvent::Remote { .. }]), "{:?}", raw.events);
    let accepted = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    assert_eq!(status(&accepted[0]), "200 OK");
    assert!(!accepted[0].contains("m=audio"), "the answer was given once");
}
