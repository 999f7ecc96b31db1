//! The engine is behind: what may wait, what is turned away, and what is not.

use super::pair::local;
use super::phones::{self, register};
use super::raw::{Raw, SDP, ack_of, header, invite, request, status, to_tag};
use crate::base::{TrunkId, limits};
use crate::signaling::{LegKey, Observation, Patience};

impl Raw {
    fn turn_away(&mut self, text: &str) -> Vec<String> {
        let flow = self.flow();
        self.act(|stack, now| stack.turn_away(now, flow, text.as_bytes()))
    }
}

#[test]
fn a_call_turned_away_leaves_nothing() {
    let mut raw = Raw::new();
    let refused = raw.turn_away(&invite(1));
    assert_eq!(status(&refused[0]), "503 Service Unavailable");
    assert_eq!(header(&refused[0], "Retry-After"), limits::OVERLOAD_RETRY_S.to_string());
    assert_eq!(raw.turn_away(&invite(1)), refused, "a copy gets the same bytes");
    assert!(raw.say(&ack_of(&invite(1), &refused[0])).is_empty());
    assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0));
    assert!(raw.invited.is_empty());
    let limited = raw.observed.iter().filter(|seen| **seen == Observation::Limited { limit: "overload" });
    assert_eq!(limited.count(), 2);
}

#[test]
fn a_copy_of_a_call_that_is_served_is_not_turned_away() {
    let mut raw = Raw::new();
    let trying = raw.say(&invite(1));
    assert_eq!(raw.turn_away(&invite(1)), trying);
    let answer = raw.act(|stack, now| stack.accept(now, LegKey(0), local(6_000)));
    assert_eq!(status(&answer[0]), "200 OK");
}

#[test]
fn a_call_that_makes_no_sense_is_told_so_all_the_same() {
    let mut raw = Raw::new();
    let refused = raw.turn_away(&invite(1).replace("Call-ID: call-1\r\n", ""));
    assert_eq!(status(&refused[0]), "400 Bad Request");
    assert!(raw.turn_away("INVITE rubbish").is_empty());
}

#[test]
fn only_new_calls_of_trunks_wait_and_only_a_cancel_waits_behind_them() {
    let mut raw = Raw::new();
    let trunk = TrunkId(0);
    let patience = |raw: &Raw, text: &str| raw.stack.patience(&raw.flow(), text.as_bytes());
    assert_eq!(patience(&raw, &invite(1)), Patience::Whole(trunk));
    assert_eq!(patience(&raw, &format!("\r\n\r\n{}", invite(1))), Patience::Whole(trunk), "no way around");
    assert_eq!(patience(&raw, "\r\n"), Patience::None);
    assert_eq!(patience(&raw, &request("CANCEL", 1, 1, "", "")), Patience::Behind(trunk));
    for method in ["ACK", "BYE", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO"] {
        assert_eq!(patience(&raw, &request(method, 1, 1, "", "")), Patience::None, "{method}");
    }
    assert_eq!(patience(&raw, &request("INVITE", 1, 2, "tag", SDP)), Patience::None, "in a dialog");
    assert_eq!(patience(&raw, "SIP/2.0 200 OK\r\n\r\n"), Patience::None);
    assert_eq!(patience(&raw, "INVITE rubbish"), Patience::None);
    raw.speak_from("203.0.113.9:5060");
    assert_eq!(patience(&raw, &invite(1)), Patience::None, "strangers' are refused at once");
}

#[test]
fn what_goes_on_goes_on_while_calls_are_turned_away() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let answer = raw.act(|stack, now| stack.accept(now, LegKey(0), local(6_000)));
    let tag = to_tag(&answer[0]).to_owned();
    raw.say(&request("ACK", 1, 1, &tag, ""));
    (2..2_000).for_each(|n| drop(raw.turn_away(&invite(n))));
    assert_eq!((raw.stack.legs(), raw.stack.transactions()), (1, 1));
    assert_eq!(status(&raw.say(&request("INFO", 1, 2, &tag, ""))[0]), "200 OK");
    assert_eq!(status(&raw.say(&request("OPTIONS", 9_999, 1, "", ""))[0]), "200 OK");
}

#[test]
fn a_phone_in_a_trunks_network_does_not_wait_in_the_trunks_line_and_the_trunk_does() {
    let mut world = phones::World::new();
    world.raw.speak_from("192.0.2.1:40000");
    assert_eq!(status(&world.prove(&register("<sip:201@10.0.0.7:40000>"))[0]), "200 OK");
    let patience = |raw: &Raw| raw.stack.patience(&raw.flow(), invite(1).as_bytes());
    assert_eq!(patience(&world.raw), Patience::None);
    world.raw.speak_from("192.0.2.1:40001");
    assert_eq!(patience(&world.raw), Patience::Whole(TrunkId(0)));
}
