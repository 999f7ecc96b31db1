//! What a message says to the other leg is told, passed on by the verb that follows, and read at the far end.

use super::pair::End::{Left, Right};
use super::pair::{Pair, local};
use crate::base::Cause;
use crate::signaling::{Carried, Invite, Reason, ReasonProtocol, UserToUser};

fn reason(protocol: ReasonProtocol, code: u16) -> Option<Reason> {
    Some(Reason { protocol, code, text: None })
}

fn uui(text: &str) -> Option<UserToUser> {
    Some(UserToUser::parse(text.as_bytes()).expect("a value"))
}

#[test]
fn user_to_user_goes_with_invite_answer_and_bye() {
    let mut pair = Pair::new(1);
    let invite = Invite { user_to_user: uui("3132;encoding=hex"), ..pair.invite() };
    let (caller, called) = pair.call_with(invite);
    assert_eq!(pair.right.invited[0].1.user_to_user, uui("3132;encoding=hex"));
    let said = Carried { user_to_user: uui("\"yes, here\""), reason: None };
    pair.act(Right, |stack, now| {
        stack.pass_on(called, said.clone());
        stack.accept(now, called, local(6_000));
    });
    pair.run_ms(50);
    assert_eq!(pair.left.brought(caller), [said]);
    let said = Carried { user_to_user: uui("3334"), reason: reason(ReasonProtocol::Q850, 17) };
    pair.act(Left, |stack, now| {
        stack.pass_on(caller, said.clone());
        stack.bye(now, caller, Cause::Normal);
    });
    pair.run_ms(50);
    assert_eq!(pair.right.brought(called), [said]);
}

#[test]
fn a_sip_reason_is_passed_on_beside_the_q850_cause_a_carrier_reads() {
    let mut pair = Pair::new(2);
    let (caller, called) = pair.connect();
    pair.act(Left, |stack, now| {
        let said = Carried { user_to_user: None, reason: reason(ReasonProtocol::Sip, 603) };
        stack.pass_on(caller, said);
        stack.bye(now, caller, Cause::Normal);
    });
    pair.run_ms(50);
    assert_eq!(pair.right.brought(called)[0].reason, reason(ReasonProtocol::Sip, 603));
}

#[test]
fn whoever_gives_up_says_why() {
    for (cause, said, heard) in [
        (Cause::Cancelled, None, reason(ReasonProtocol::Q850, 16)),
        (Cause::NoAnswer, None, reason(ReasonProtocol::Q850, 19)),
        (Cause::AnsweredElsewhere, None, reason(ReasonProtocol::Sip, 200)),
        (Cause::Cancelled, reason(ReasonProtocol::Sip, 200), reason(ReasonProtocol::Sip, 200)),
        (Cause::Cancelled, reason(ReasonProtocol::Q850, 31), reason(ReasonProtocol::Q850, 31)),
    ] {
        let mut pair = Pair::new(3);
        let (caller, called) = pair.call();
        pair.act(Left, |stack, now| {
            stack.pass_on(caller, Carried { user_to_user: None, reason: said });
            stack.cancel(now, caller, cause);
        });
        pair.run_ms(50);
        assert_eq!(pair.right.brought(called)[0].reason, heard, "{cause:?}");
    }
}
