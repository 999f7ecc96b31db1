//! Attacks, each a story: who is let in says what it must not, who is not says anything. That Spillway sends nothing to
//! anybody but those who live in this world, the network itself asserts.
//!
//! Each class of attack, and the tests that show what becomes of it; `tests/tidy.rs` holds the list against them.
//!
//! - unauthenticated anything
//!   - tests/scenario/attacks/strangers::an_unauthenticated_request_of_any_method_reaches_nothing
//!   - tests/scenario/phones::who_proves_nothing_leaves_no_state_and_no_record
//!   - src/signaling/tests/challenged::strangers_are_all_challenged_alike_and_only_so_often
//!   - tests/scenario/attacks/strangers::a_stranger_learns_nothing_from_how_long_an_answer_takes
//! - a digest for a 401 or 407 of whoever asks
//!   - src/signaling/tests/challenges::another_realm_gets_no_digest
//!   - src/signaling/tests/challenges::a_challenge_from_another_address_gets_no_digest
//!   - src/signaling/tests/challenges::a_trunk_without_an_account_takes_a_challenge_for_a_refusal
//!   - src/signaling/tests/challenges::a_call_that_came_in_carries_no_digest_to_another_address
//! - challenges without end
//!   - src/signaling/tests/challenges::whoever_challenges_for_ever_gets_two_tries_and_one_more_for_a_stale_nonce
//!   - src/signaling/tests/challenges::a_refer_may_be_challenged_and_not_for_ever
//! - a phone that says it is another
//!   - src/signaling/tests/phones::a_phone_may_withhold_its_number_but_not_take_anothers
//!   - src/signaling/tests/phones::nobody_registers_for_another
//!   - src/signaling/tests/phones::what_was_overheard_is_worth_nothing
//!   - src/signaling/tests/forged::a_nonce_is_worth_nothing_at_another_address
//!   - src/signaling/tests/forged::who_guesses_passwords_over_datagrams_is_banned_for_it
//! - a flood of each method beside conversations
//!   - tests/interop/attacks::a_strangers_flood_of_every_method_costs_no_conversation
//!   - tests/interop/attacks::a_trunks_flood_of_every_method_costs_no_conversation
//!   - tests/interop/attacks::a_flood_of_calls_in_one_trunks_name_leaves_the_other_trunks_calls_alone
//!   - src/signaling/tests/forged::a_flood_of_forged_requests_does_not_keep_a_phone_from_registering
//! - INVITEs that are never acknowledged
//!   - tests/scenario/attacks/never_acknowledged::invites_that_are_never_acknowledged_leave_nothing_after_33_seconds
//! - CANCEL, BYE and answers in another's name
//!   - tests/scenario/attacks/spoofed::a_cancel_that_is_not_the_callers_cancels_nothing
//!   - tests/scenario/attacks/spoofed::a_bye_with_anything_guessed_hangs_up_nobody
//!   - tests/scenario/attacks/spoofed::an_answer_with_a_branch_that_is_not_ours_answers_for_nobody
//! - Replaces by an outsider
//!   - tests/scenario/attacks_calls::attack_replaces_by_an_outsider
//! - dialling out by INVITE
//!   - tests/scenario/attacks/dialling_out::an_invite_to_a_number_that_is_not_ours_goes_nowhere
//!   - tests/scenario/phones::a_phone_dials_phones_and_our_numbers_and_outside_only_where_that_is_allowed
//! - dialling out by keys
//!   - tests/scenario/attacks/dialling_out::keys_dial_nobody
//!   - tests/scenario/attacks_calls::attack_dialling_out_by_keys_in_a_conversation
//! - dialling out by 302
//!   - tests/scenario/attacks_calls::attack_what_a_phone_answers_302_with_is_not_dialled
//!   - tests/scenario/attacks/dialling_out::a_target_that_answers_302_sends_nobody_elsewhere
//! - dialling out by REFER
//!   - tests/scenario/attacks_calls::attack_dialling_out_by_refer
//!   - tests/scenario/attacks_calls::attack_refer_by_the_caller
//!   - tests/scenario/attacks_calls::attack_refer_out_of_any_call
//!   - tests/scenario/attacks_calls::attack_no_end_of_transfers
//!   - tests/scenario/attacks/dialling_out::a_refer_of_a_caller_dials_nobody
//! - dialling out by Diversion, or any other header
//!   - tests/scenario/attacks/dialling_out::no_header_of_a_call_steers_it
//! - headers that are read in two ways: `To\x01:`, `X-Foo :`, a bare LF
//!   - tests/scenario/attacks/smuggling::a_header_whose_name_is_no_token_is_refused_and_hides_nothing
//!   - tests/scenario/attacks/smuggling::a_space_before_the_colon_changes_nothing
//!   - tests/scenario/attacks/smuggling::a_bare_line_feed_or_carriage_return_ends_no_header
//!   - tests/scenario/attacks/smuggling::there_is_one_content_length_however_it_is_written
//!   - tests/scenario/attacks/smuggling::no_control_byte_of_a_caller_crosses_to_the_agent
//! - an asserted identity from who is not trusted with one
//!   - tests/scenario/attacks/identities::an_identity_asserted_on_a_trunk_that_is_not_trusted_to_is_ignored
//! - streams that send slowly, over TCP
//!   - tests/interop/attacks::a_stream_that_sends_slowly_or_nothing_or_line_ends_is_closed_in_30_seconds
//!   - src/drivers/sockets/tests::a_message_sent_byte_by_byte_ends_its_connection_in_time
//!   - src/drivers/sockets/tests::one_source_opens_a_hundred_connections_and_no_more
//! - the same over TLS
//!   - src/drivers/sockets/tests/tls::a_handshake_that_does_not_end_and_one_nothing_follows_end_in_time
//! - bodies made to be dear to read: multipart, SDP
//!   - tests/scenario/attacks/bombs::parts_within_parts_are_not_unfolded
//!   - tests/scenario/attacks/bombs::a_description_of_thousands_of_lines_is_refused_in_no_time
//!   - tests/scenario/attacks/bombs::headers_without_number_or_end_are_refused_in_no_time
//! - addresses to be fetched: Alert-Info, Identity and their like
//!   - tests/scenario/attacks/identities::no_address_a_caller_names_is_ever_asked

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
