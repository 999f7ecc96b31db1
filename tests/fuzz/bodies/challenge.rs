//! Any bytes as the challenge a trunk's peer answers an INVITE with: at most one answer to it goes out, as a message that
//! can be read, with one set of credentials, and a second challenge alike ends it.

use super::exchange::{Exchange, on_one_line};
use spillway::base::TrunkId;
use spillway::signaling::Invite;
use spillway::wire::sip::{HeaderName, Message, Method, validate};

pub fn run(bytes: &[u8]) {
    let Some((code, value)) = bytes.split_first() else { return };
    let (start, asked, answered) = if code & 1 == 0 {
        ("401 Unauthorized", "WWW-Authenticate", HeaderName::Authorization)
    } else {
        ("407 Proxy Authentication Required", "Proxy-Authenticate", HeaderName::ProxyAuthorization)
    };
    let value = on_one_line(value);
    let mut exchange = Exchange::new(true);
    let invite = Invite { trunk: Some(TrunkId(0)), ..exchange.invite() };
    exchange.stack.invite(exchange.now, invite);
    exchange.look();
    let mut invites = invites(&exchange);
    assert_eq!(invites, 1);
    for _ in 0..4 {
        let challenge = exchange.answer(start, asked, &value);
        exchange.say(&challenge);
        let now = self::invites(&exchange);
        if now == invites {
            return;
        }
        invites = now;
        let last = exchange.sent.last().expect("an INVITE");
        let again = Message::parse(last).expect("what we send can be read");
        assert_eq!(validate(&again), Ok(()));
        assert_eq!(again.headers(answered).count(), 1, "one answer");
        let credentials = again.header(answered).expect("one");
        assert!(credentials.starts_with(b"Digest username=\"lons\", realm=\""));
        assert!(!credentials.windows(10).any(|bytes| bytes == b"motdepasse"), "the password itself");
    }
    panic!("{invites} INVITEs for one call");
}

/// How many INVITEs went out.
fn invites(exchange: &Exchange) -> usize {
    let is_invite = |bytes: &&Vec<u8>| {
        Message::parse(bytes).expect("what we send can be read").method() == Some(Method::Invite)
    };
    exchange.sent.iter().filter(is_invite).count()
}
