//! What a call says beside its media, and media that move, against SIPp: each story is a caller's ladder and a called phone's,
//! played at once over UDP and over TCP.

use crate::call_stage::{Dials, Story, story};

#[test]
fn what_comes_with_a_call_reaches_the_phone_and_why_it_ends_comes_back() {
    let caller = "
        > INVITE audio
        + User-to-User: 3132;encoding=hex
        + X-Secret: not for the agent
        < 100?
        < 180?
        < 200
        + User-to-User: *3334;encoding=hex
        > ACK
        < BYE
        + Reason: *Q.850;cause=16
        + User-to-User: *35
        > 200 BYE
    ";
    let called = "
        < INVITE
        + User-to-User: *3132;encoding=hex
        > 180 INVITE
        ~ 200
        > 200 INVITE audio
        + User-to-User: 3334;encoding=hex
        < ACK
        ~ 300
        > BYE
        + Reason: Q.850;cause=16;text=\"Terminated\"
        + User-to-User: 35
        < 200
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn an_agents_phone_is_told_to_answer_by_itself_and_how_to_ring() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 500
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        + Call-Info:[[:print:]]*answer-after=0
        + Alert-Info:[[:print:]]*info=alert-autoanswer
        > 200 INVITE audio
        < ACK
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Queue, caller, called, third: None }, "answered");
}

#[test]
fn media_that_change_their_codec_and_move_are_followed() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        + m=audio [1-9][0-9]* RTP/AVP 8
        > ACK
        ~ 300
        > INVITE mu-law
        < 100?
        < 200
        + m=audio [1-9][0-9]* RTP/AVP 0
        > ACK
        ~ 300
        > INVITE moved
        < 100?
        < 200
        + m=audio [1-9][0-9]* RTP/AVP 8
        > ACK
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        > 200 INVITE audio
        < ACK
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Queue, caller, called, third: None }, "answered");
}
