//! REFER in a dialog (RFC 3515): what it asks for is told, and its outcome goes back in NOTIFYs. Who may refer whom to
//! what is never decided here.

use super::{Leg, State, put_dialog};
use crate::base::Moment;
use crate::signaling::event::{LegEvent, Referral, Wanted};
use crate::signaling::replaces::Replaces;
use crate::signaling::transaction::{Layer, Owner, ServerKey};
use crate::signaling::verbs::phrase;
use crate::wire::sip::{HeaderName, Message, Method, Scheme};

/// Part of a status line (RFC 3420), the body of a NOTIFY.
const SIPFRAG: &str = "message/sipfrag;version=2.0";
/// How long the implicit subscription is said to last, s: longer than any phone is rung for it. NOTIFY ends it sooner.
const SUBSCRIBED_S: u32 = 180;

/// The REFER under way on a leg; one at a time.
#[derive(Debug, Default)]
pub(super) enum Referring {
    #[default]
    None,
    /// It waits for our verdict.
    Asked(ServerKey, Subscription),
    /// Accepted; its sender hears what becomes of it.
    Under(Subscription),
}

/// Who is to be told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subscription {
    /// Nobody: `Refer-Sub: false` (RFC 4488).
    Declined,
    /// The sender, under the REFER's CSeq number (RFC 3515 section 2.4.6).
    Implicit(u32),
}

impl Leg {
    /// Their REFER came.
    pub(in crate::signaling) fn on_refer(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        server: ServerKey,
        request: &Message<'_>,
    ) {
        let code = match (&self.state, &self.referring, referral(request)) {
            (State::Established(_), Referring::None, Some(referral)) => {
                let declined = request.header(HeaderName::ReferSub).is_some_and(|value| {
                    let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
                    value[..end].trim_ascii().eq_ignore_ascii_case(b"false")
                });
                let number = request.cseq().map_or(0, |cseq| cseq.number);
                let subscription =
                    if declined { Subscription::Declined } else { Subscription::Implicit(number) };
                self.referring = Referring::Asked(server, subscription);
                return layer.tell(self.key, LegEvent::Referred { referral });
            }
            (State::Established(_), Referring::None, None) => 400,
            (State::Established(_), Referring::Asked(..) | Referring::Under(_), _) => 491,
            // RFC 3515 section 2.4.2 knows no REFER in a dialog that is not there yet, or no longer.
            (
                State::Invited { .. }
                | State::Calling(_)
                | State::HangingUp
                | State::HungUp { .. }
                | State::Over,
                ..,
            ) => 403,
        };
        layer.answer(now, server, code, phrase(code), |_, _| {});
    }

    /// 202, and the first NOTIFY (RFC 3515 section 2.4.4).
    pub(in crate::signaling) fn accept_refer(&mut self, now: Moment, layer: &mut Layer) {
        let Referring::Asked(server, subscription) = self.referring else { return };
        let contact = (self.dialog.flow, layer.public(self.dialog.flow));
        layer.answer(now, server, 202, phrase(202), |writer, request| {
            put_dialog(writer, request, contact);
            if let Subscription::Declined = subscription {
                writer.header(HeaderName::ReferSub, "false");
            }
        });
        self.referring = Referring::Under(subscription);
        self.report_refer(now, layer, 100);
    }

    /// Refuses the REFER; the call goes on.
    pub(in crate::signaling) fn refuse_refer(&mut self, now: Moment, layer: &mut Layer, code: u16) {
        if let Referring::Asked(server, _) = std::mem::take(&mut self.referring) {
            layer.answer(now, server, code, phrase(code), |_, _| {});
        }
    }

    /// Tells what became of the REFER: a final code ends it.
    pub(in crate::signaling) fn report_refer(&mut self, now: Moment, layer: &mut Layer, code: u16) {
        let (Referring::Under(subscription), State::Established(_)) = (&self.referring, &self.state) else {
            return;
        };
        let subscription = *subscription;
        if code >= 200 {
            self.referring = Referring::None;
        }
        let Subscription::Implicit(number) = subscription else { return };
        self.dialog.request(layer, now, Method::Notify, Owner::Leg(self.key), |writer| {
            writer.header_fmt(HeaderName::Event, format_args!("refer;id={number}"));
            match code {
                0..200 => writer
                    .header_fmt(HeaderName::SubscriptionState, format_args!("active;expires={SUBSCRIBED_S}")),
                200.. => writer.header(HeaderName::SubscriptionState, "terminated;reason=noresource"),
            };
            writer.body(SIPFRAG, format!("SIP/2.0 {code} {}\r\n", phrase(code)).as_bytes());
        });
    }
}

/// What a REFER asks for: one Refer-To, and INVITE as its method.
fn referral(request: &Message<'_>) -> Option<Referral> {
    let mut addresses = request.addresses(HeaderName::ReferTo);
    let to = addresses.next()?.ok()?.uri;
    if addresses.next().is_some() {
        return None;
    }
    let calls = to.param("method").is_none_or(|method| method.eq_ignore_ascii_case(b"INVITE"));
    let user = match to.scheme {
        Scheme::Sip | Scheme::Sips | Scheme::Tel if calls => to.user_unescaped(),
        Scheme::Sip | Scheme::Sips | Scheme::Tel | Scheme::Other => return None,
    };
    let wanted = match Replaces::asked(&to) {
        _ if to.headers.is_empty() => Wanted::Call,
        Some(replaces) => Wanted::Replacement(replaces),
        None => Wanted::Other,
    };
    Some(Referral { user: String::from_utf8_lossy(&user).into_owned(), wanted })
}
