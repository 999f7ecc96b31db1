//! Who is calling and who sent the call on, as each trunk wants to be told: From, P-Asserted-Identity (RFC 3325) and its
//! kin, Privacy (RFC 3323), Diversion (RFC 5806) and History-Info (RFC 7044, mapped by RFC 7544).
//! Must never decide whom a trunk trusts.

use super::compose::{self, At};
use super::config::{CallerHeader, DiversionHeader, IdentityPolicy};
use super::event::{Caller, Diversion, DiversionReason};
use super::mark::{MarkKey, Marked, NameKind};
use super::screen::user_text;
use super::verbs::Invite;
use crate::base::limits;
use crate::wire::sip::{HeaderName, Message, NameAddr, Uri, Writer};

/// Where a header carries a caller; nothing for From, which always does.
pub(super) const fn header_name(header: CallerHeader) -> Option<HeaderName> {
    match header {
        CallerHeader::From => None,
        CallerHeader::PAssertedIdentity => Some(HeaderName::PAssertedIdentity),
        CallerHeader::PPreferredIdentity => Some(HeaderName::PPreferredIdentity),
        CallerHeader::RemotePartyId => Some(HeaderName::RemotePartyId),
    }
}

/// From without its tag: the number the trunk shows for every call, else the caller's own, or nobody's.
pub(super) fn from(invite: &Invite, host: &str) -> String {
    match &invite.policy.number {
        Some(number) => {
            let caller = Caller { number: number.to_string(), display: None, anonymous: false };
            compose::caller_address(&caller, host)
        }
        None => compose::caller_address(&invite.caller, host),
    }
}

/// Everything but From.
pub(super) fn put(writer: &mut Writer, invite: &Invite, host: &str, mark: Marked) {
    let Invite { caller, policy, .. } = invite;
    // Whoever asked to stay unknown is named only to whom the trunk's owner trusts to keep it (RFC 3325 section 7).
    let is_named = !caller.number.is_empty() && (!caller.anonymous || policy.is_trusted);
    let header = header_name(policy.header).filter(|_| is_named);
    if let Some(name) = header {
        let mut value = compose::identity(caller, host);
        if name == HeaderName::RemotePartyId {
            let privacy = if caller.anonymous { "full" } else { "off" };
            value.push_str(";party=calling;screen=no;privacy=");
            value.push_str(privacy);
        }
        writer.header(name, value);
    }
    // A trunk's own number in From hides nobody.
    if caller.anonymous && (policy.number.is_none() || header.is_some()) {
        writer.header(HeaderName::Privacy, "id");
    }
    let to = (invite.target_user.as_str(), invite.target_host.as_str());
    put_diversions(writer, policy.diversion, &invite.diversions, host, mark, to);
    for identity in &invite.identities {
        writer.header(HeaderName::Identity, identity);
    }
}

/// Who sent a call on to `to`, in an INVITE or a 302 (RFC 5806 section 4, RFC 7044 section 7).
pub(super) fn put_diversions(
    writer: &mut Writer,
    how: DiversionHeader,
    diversions: &[Diversion],
    host: &str,
    mark: Marked,
    to: (&str, &str),
) {
    let (diversion, history) = match how {
        DiversionHeader::Diversion => (true, false),
        DiversionHeader::HistoryInfo => (false, true),
        DiversionHeader::Both => (true, true),
        DiversionHeader::Off => (false, false),
    };
    if diversion {
        for diversion in diversions {
            compose::put_diversion(writer, diversion, host, mark);
        }
    }
    if history && !diversions.is_empty() {
        put_history(writer, diversions, host, mark, to);
    }
}

/// History-Info: who was dialled first, then each one the call was sent on to, and why (RFC 7544 section 6).
fn put_history(
    writer: &mut Writer,
    diversions: &[Diversion],
    host: &str,
    mark: Marked,
    (target_user, target_host): (&str, &str),
) {
    let mut index = String::from("1");
    let mut put = |user: &str, host: &str, reason: Option<DiversionReason>, is_ours: bool| {
        let cause = reason.map(|reason| format!(";cause={}", cause(reason))).unwrap_or_default();
        let mut value = format!("<sip:{}{cause}>;index={index}", At(user, host));
        if let Some((parent, _)) = index.rsplit_once('.') {
            value = format!("{value};mp={parent}");
        }
        if is_ours {
            value = format!("{value};{}={mark}", compose::DIVERSION_MARK);
        }
        writer.header(HeaderName::HistoryInfo, value);
        index.push_str(".1");
    };
    let mut reason = None;
    for diversion in diversions.iter().rev() {
        put(&diversion.user, host, reason, diversion.is_ours);
        reason = Some(diversion.reason);
    }
    put(target_user, target_host, reason, false);
}

/// The diversions so far, the most recent first (RFC 5806 section 4), as far as they can be read; from History-Info where
/// no Diversion came.
pub(super) fn diversions(marks: &MarkKey, request: &Message<'_>) -> Vec<Diversion> {
    let is_ours = |address: &NameAddr<'_>| {
        let mark = address.param(compose::DIVERSION_MARK);
        mark.is_some_and(|mark| marks.known(NameKind::Diversion, mark).is_some())
    };
    let addresses = request.addresses(HeaderName::Diversion).map_while(Result::ok);
    let diversions = addresses.map(|address| {
        let reason = address.param("reason").unwrap_or_default();
        let reason = reason.strip_prefix(b"\"").and_then(|word| word.strip_suffix(b"\"")).unwrap_or(reason);
        let (user, is_ours) = (user_text(&address.uri), is_ours(&address));
        Diversion { user, reason: DiversionReason::parse(reason), is_ours }
    });
    let diversions: Vec<Diversion> = diversions.take(limits::DIVERSIONS).collect();
    if !diversions.is_empty() {
        return diversions;
    }
    // Each entry with a cause was sent there by the one it maps to (RFC 7544 section 5).
    let entries: Vec<NameAddr<'_>> =
        request.addresses(HeaderName::HistoryInfo).map_while(Result::ok).take(limits::SIP_HEADERS).collect();
    let diverted = (1..entries.len()).rev().filter_map(|place| {
        let reason = reason_of(&entries[place].uri)?;
        let parent = entries[place].param("mp");
        let mapped = entries.iter().find(|entry| parent.is_some() && entry.param("index") == parent);
        let from = mapped.unwrap_or(&entries[place - 1]);
        Some(Diversion { user: user_text(&from.uri), reason, is_ours: is_ours(from) })
    });
    diverted.take(limits::DIVERSIONS).collect()
}

/// Whether a response says that somebody else than the one dialled rings or has answered: by its code (RFC 3261 section
/// 21.1.3), by a Diversion away from the one dialled (RFC 5806 section 4), or by a History-Info that goes on behind them
/// (RFC 7044 section 5). What only gives back what our INVITE said is no forwarding.
pub(super) fn is_forwarded(response: &Message<'_>) -> bool {
    if response.code() == Some(181) {
        return true;
    }
    let Ok(to) = response.to() else { return false };
    let dialled = user_text(&to.uri);
    let users = |name| {
        let addresses = response.addresses(name).map_while(Result::ok).take(limits::SIP_HEADERS);
        addresses.map(|address| user_text(&address.uri)).collect::<Vec<_>>()
    };
    let history = users(HeaderName::HistoryInfo);
    let behind = history.iter().skip_while(|user| **user != dialled).skip(1);
    behind.into_iter().any(|user| *user != dialled) || users(HeaderName::Diversion).contains(&dialled)
}

/// RFC 4458 section 3, as RFC 7544 section 7.1 maps it.
const fn cause(reason: DiversionReason) -> u16 {
    match reason {
        DiversionReason::Unknown | DiversionReason::TimeOfDay => 404,
        DiversionReason::UserBusy => 486,
        DiversionReason::NoAnswer => 408,
        DiversionReason::Unavailable => 503,
        DiversionReason::Unconditional => 302,
        DiversionReason::Deflection => 480,
    }
}

fn reason_of(uri: &Uri<'_>) -> Option<DiversionReason> {
    Some(match uri.param("cause")? {
        b"486" => DiversionReason::UserBusy,
        b"408" => DiversionReason::NoAnswer,
        b"503" => DiversionReason::Unavailable,
        b"302" => DiversionReason::Unconditional,
        b"480" | b"487" => DiversionReason::Deflection,
        _ => DiversionReason::Unknown,
    })
}

impl IdentityPolicy {
    /// The caller's number in this header, everything else as usual.
    #[must_use]
    pub fn with(header: CallerHeader) -> Self {
        Self { header, ..Self::default() }
    }
}
