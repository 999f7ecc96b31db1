//! What a call may go through besides ringing and talking, against SIPp: each story is a caller's ladder and a called phone's,
//! played at once over UDP and over TCP.

use crate::call_stage::{Dials, Story, story};

/// Answers and talks until the other side hangs up.
const ANSWERS: &str = "
    < INVITE
    > 180 INVITE
    ~ 200
    > 200 INVITE audio
    < ACK
    < BYE
    > 200 BYE
";

#[test]
fn early_audio_passes_before_the_answer() {
    let caller = "
        > INVITE audio
        < 100?
        < 183
        + m=audio [1-9]
        < 200
        > ACK
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        > 183 INVITE audio
        ~ 300
        > 200 INVITE audio
        < ACK
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn provisional_responses_are_reliable_on_both_sides() {
    let caller = "
        > INVITE audio
        + Supported: 100rel
        < 100?
        < 183
        + Require: *100rel
        + RSeq: *([0-9]+) => rseq
        > PRACK
        + RAck: [$rseq] 1 INVITE
        < 200
        < 200
        + CSeq: *1 INVITE
        > ACK
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        + Supported:[[:print:]]*100rel
        > 183 INVITE audio
        + Require: 100rel
        + RSeq: 7
        < PRACK
        + RAck: *7 [0-9]+ INVITE
        > 200 PRACK
        ~ 300
        > 200 INVITE
        < ACK
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn update_is_answered_before_and_after_the_answer() {
    let caller = "
        > INVITE audio
        + Supported: 100rel
        < 100?
        < 183
        + RSeq: *([0-9]+) => rseq
        > PRACK
        + RAck: [$rseq] 1 INVITE
        < 200
        > UPDATE audio
        < 200
        + CSeq: *3 UPDATE.*m=audio [1-9]
        < 200
        + CSeq: *1 INVITE
        > ACK
        ~ 300
        > UPDATE sendonly
        < 200
        + a=recvonly
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        + Allow:[[:print:]]*UPDATE
        > 183 INVITE audio
        ~ 500
        > 200 INVITE audio
        < ACK
        > UPDATE audio
        < 200
        + m=audio [1-9]
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn session_timers_are_agreed_on_both_sides_and_what_is_too_short_is_refused() {
    let caller = "
        > INVITE audio
        + Supported: timer
        + Session-Expires: 60
        < 100?
        < 422
        + Min-SE: *90
        > ACK refusal
        > INVITE audio again
        + Supported: timer
        + Session-Expires: 90;refresher=uac
        < 100?
        < 180?
        < 200
        + Session-Expires: *90;refresher=uac
        > ACK
        ~ 500
        > UPDATE
        + Supported: timer
        + Session-Expires: 90;refresher=uac
        < 200
        + Session-Expires: *90;refresher=uac
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        + Supported:[[:print:]]*timer
        + Session-Expires: *[0-9]+
        > 200 INVITE audio
        + Require: timer
        + Session-Expires: 90;refresher=uas
        < ACK
        ~ 200
        > UPDATE
        + Supported: timer
        + Session-Expires: 90;refresher=uac
        < 200
        + Session-Expires: *90;refresher=uac
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Queue, caller, called, third: None }, "answered");
}

#[test]
fn hold_in_both_styles_is_answered_and_taken_back() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 500
        > INVITE sendonly
        < 100?
        < 200
        + a=recvonly
        > ACK
        ~ 200
        > INVITE audio
        < 100?
        < 200
        + a=sendrecv
        > ACK
        ~ 200
        > INVITE nowhere
        < 100?
        < 200
        + m=audio [1-9]
        > ACK
        ~ 200
        > INVITE inactive
        < 100?
        < 200
        + a=inactive
        > ACK
        ~ 200
        > INVITE audio
        < 100?
        < 200
        > ACK
        ~ 200
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Queue, caller, called: ANSWERS, third: None }, "answered");
}

#[test]
fn a_change_that_collides_with_another_gets_491() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 500
        > INVITE sendonly
        < 100?
        < 200
        > UPDATE audio
        < 491
        > ACK
        ~ 100
        > UPDATE audio
        < 200
        ~ 200
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Queue, caller, called: ANSWERS, third: None }, "answered");
}

#[test]
fn fax_is_refused_and_the_conversation_goes_on() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 500
        > INVITE fax
        < 100?
        < 488
        > ACK refusal
        ~ 300
        > INVITE audio
        < 100?
        < 200
        > ACK
        ~ 200
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Queue, caller, called: ANSWERS, third: None }, "answered");
}

#[test]
fn a_caller_who_gives_up_cancels_the_phone_that_rings() {
    let caller = "
        > INVITE audio
        < 100?
        < 180
        ~ 300
        > CANCEL
        + Reason: SIP;cause=487
        < 200
        < 487
        > ACK refusal
    ";
    let called = "
        < INVITE
        > 180 INVITE
        < CANCEL
        > 200 CANCEL
        > 487 INVITE
        < ACK
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_abandoned");
}

#[test]
fn a_phone_that_hangs_up_at_once_has_answered_nevertheless() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        < BYE
        > 200 BYE
    ";
    let called = "
        < INVITE
        > 200 INVITE audio
        < ACK
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn two_byes_that_cross_are_both_answered() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 800
        > BYE
        < 200
        > BYE
        < 481
    ";
    let called = "
        < INVITE
        > 180 INVITE
        ~ 200
        > 200 INVITE audio
        < ACK
        < BYE
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn of_two_phones_that_answer_the_first_wins_and_the_other_is_hung_up() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 1000
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        > 200 INVITE audio
        < ACK
        + To:[[:print:]]*tag=[0-9]+a
        > 200 INVITE audio fork
        < ACK
        + To:[[:print:]]*tag=[0-9]+b
        < BYE
        + To:[[:print:]]*tag=[0-9]+b
        > 200 BYE
        < BYE
        + To:[[:print:]]*tag=[0-9]+a
        > 200 BYE
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn a_call_that_comes_twice_is_taken_once() {
    let caller = "
        > INVITE audio
        < 100
        > INVITE audio merged
        < 100?
        < 180?
        < 482
        > ACK refusal merged
        < 180?
        < 200
        > ACK
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        ~ 600
        > 200 INVITE audio
        < ACK
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn a_key_by_info_chooses_from_the_menu() {
    let caller = "
        > INVITE audio
        < 100?
        < 200
        > ACK
        ~ 300
        > INFO key
        < 200
        ~ 800
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Menu, caller, called: ANSWERS, third: None }, "answered");
}

#[test]
fn a_phone_names_another_in_its_place() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 1000
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        +? INVITE sip:[^@]*385000030@ => moved
        unless moved
        > 302 INVITE
        + Contact: <sip:0385000030@spillway.invalid>
        < ACK
        otherwise
        > 200 INVITE audio
        < ACK
        < BYE
        > 200 BYE
        end
    ";
    story(&Story { dials: Dials::Queue, caller, called, third: None }, "answered");
}

#[test]
fn an_agent_sends_a_caller_on_and_hears_what_becomes_of_it() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 2500
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        > 200 INVITE audio
        < ACK
        ~ 300
        > REFER
        + Refer-To: <sip:0385000020@spillway.invalid>
        < 202
        < NOTIFY
        + SIP/2.0 100
        > 200 NOTIFY
        < NOTIFY
        + Subscription-State: *active.*SIP/2.0 180
        > 200 NOTIFY
        < NOTIFY
        + Subscription-State: *terminated.*SIP/2.0 200
        > 200 NOTIFY
        < BYE
        > 200 BYE
    ";
    let third = "
        < INVITE
        + Referred-By:
        > 180 INVITE
        ~ 300
        > 200 INVITE audio
        < ACK
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Queue, caller, called, third: Some(third) }, "answered");
}
