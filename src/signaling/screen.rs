//! What an INVITE must be before a leg may serve it (RFC 3261 section 8.2), and what it asks for.
//! Must never answer: an INVITE from a trunk deserves its record, so a leg carries the refusal.

use super::config::{CallerHeader, SessionSettings};
use super::crossing::UserToUser;
use super::event::{Caller, Invitation, Output};
use super::identity;
use super::leg::{self, Leg, Refusal};
use super::loops;
use super::mark::{MarkKey, NameKind};
use super::registrar::Registrar;
use super::replaces::Replaces;
use super::stack::Stack;
use super::trunk::Source;
use super::verbs::phrase;
use crate::base::{Flow, Moment, Name, Transport, TrunkId, limits};
use crate::wire::sip::{HeaderName, Host, Message, Method, NameAddr, Scheme, Uri};

impl Stack {
    /// An INVITE outside any dialog, from a source that may call.
    pub(super) fn on_invite(
        &mut self,
        now: Moment,
        flow: Flow,
        source: Source,
        request: &Message<'_>,
        bytes: &[u8],
    ) {
        if self.layer.is_merged(request) {
            return self.refuse(flow, request, 482, |_| {});
        }
        let settings = self.layer.config.session;
        if let Some(refusal @ Refusal::TooShort(_)) = leg::session_fault(request, settings) {
            return self.ask_longer_session(now, flow, request, bytes, &refusal);
        }
        let full = self.legs.len() >= self.layer.config.max_legs;
        let (trunk, phone) = match source {
            Source::Trunk(trunk) => (Some(trunk), None),
            Source::Phone(phone) => (self.registrar.as_ref().map(Registrar::line), self.extension(phone)),
            Source::Anyone | Source::Unknown => (None, None),
        };
        let (key, tag) = (self.next_key(), self.layer.fresh(NameKind::Tag));
        let session = self.layer.random.number() >> 2;
        let prack = self.prack(trunk);
        let Some(mut leg) = Leg::invited(key, tag, request, flow, self.codecs(trunk), prack, session) else {
            // Nowhere to send anything in this dialog (RFC 3261 section 8.1.1.8).
            return self.refuse(flow, request, 400, |_| {});
        };
        let server = self.layer.open_server(flow, request, bytes, Some(key), Some(tag));
        if phone.is_some() {
            leg.keep_path();
        }
        let replaces = Replaces::read(request);
        let is_own = phone.as_ref().is_none_or(|own| says(request, own));
        // Who calls for help is not asked twice: not for room, nor for what they call themselves, nor for TLS all the way.
        let helps = phone.is_some() && self.calls_for_help(request);
        let refusal = if full && !helps {
            Some(Refusal::Overload)
        } else if !is_own && !helps {
            Some(Refusal::Identity)
        } else if replaces.is_some() && phone.is_none() {
            // Alike whatever exists: only phones that prove who they are may ask.
            Some(Refusal::Replaces(403))
        } else if let Some(Err(_)) = replaces {
            Some(Refusal::Replaces(400))
        } else if loops::comes_back(&self.layer.marks, request) {
            Some(Refusal::Loop)
        } else {
            initial(request, flow.transport, helps, prack, settings)
        };
        let (offer, refusal) = leg.begin(now, &mut self.layer, server, request.body(), refusal);
        let caller_from = trunk.and_then(|id| self.trunks.get(id)).map(|trunk| trunk.peer.caller_from);
        let mut invitation =
            invitation(&self.layer.marks, request, flow, trunk, caller_from.unwrap_or_default());
        invitation.offer = offer;
        if let Some(own) = phone.as_ref().filter(|_| helps && !is_own) {
            // Whatever it calls itself, this is whose phone it is.
            invitation.caller = Caller { number: own.to_string(), display: None, anonymous: false };
        }
        invitation.phone = phone;
        invitation.replaces = replaces.and_then(Result::ok).map(|replaces| self.named(&replaces));
        if let Some(refusal) = refusal {
            invitation.refusal = Some(refusal.verdict());
        }
        self.tags.insert(tag.number, key);
        self.legs.insert(key, leg);
        self.layer.out.push_back(Output::Invited { leg: key, invitation: Box::new(invitation) });
    }
}

impl Stack {
    /// It is sent again at once with a longer interval (RFC 4028 section 7.3): no call yet, so no record.
    fn ask_longer_session(
        &mut self,
        now: Moment,
        flow: Flow,
        request: &Message<'_>,
        bytes: &[u8],
        refusal: &Refusal,
    ) {
        let tag = self.layer.fresh(NameKind::Tag);
        let server = self.layer.open_server(flow, request, bytes, None, Some(tag));
        let (code, _) = refusal.verdict();
        self.layer.answer(now, server, code, phrase(code), |writer, _| refusal.put(writer));
    }

    /// Whether an emergency number is dialled.
    fn calls_for_help(&self, request: &Message<'_>) -> bool {
        let Ok(dialled) = request.request_uri().map(|uri| user_text(&uri)) else { return false };
        self.registrar.as_ref().is_some_and(|registrar| registrar.is_emergency(&dialled))
    }
}

/// Whether a phone's request says in From whose it is: what it proved, and nobody else; or that nobody is to know
/// (RFC 3323 section 4.1.1.3).
fn says(request: &Message<'_>, own: &Name) -> bool {
    let is_own = |uri: &Uri<'_>| *uri.user_unescaped() == *own.as_bytes();
    request.from().is_ok_and(|from| is_own(&from.uri) || is_anonymous(&from.uri))
}

/// What is wrong with an initial INVITE although it is well formed.
fn initial(
    request: &Message<'_>,
    transport: Transport,
    helps: bool,
    prack: bool,
    session: SessionSettings,
) -> Option<Refusal> {
    let is_sips = request.request_uri().is_ok_and(|uri| uri.scheme == Scheme::Sips);
    if !(speaks_scheme(request, transport) || helps && is_sips) {
        return Some(Refusal::Scheme);
    }
    if request.max_forwards() == Ok(Some(0)) {
        return Some(Refusal::TooManyHops);
    }
    dialog_request(request, prack, session)
}

/// Whether the Request-URI's scheme is one we serve over this transport (RFC 3261 section 8.2.2.1).
pub(super) fn speaks_scheme(request: &Message<'_>, transport: Transport) -> bool {
    match request.request_uri().map_or(Scheme::Other, |uri| uri.scheme) {
        Scheme::Sip | Scheme::Tel => true,
        // Over anything but TLS it isn't what its caller was promised (RFC 3261 section 26.2.2).
        Scheme::Sips => transport.is_secured(),
        Scheme::Other => false,
    }
}

/// Whether To could be an account: a SIP or SIPS URI (RFC 3261 section 10.2).
pub(super) fn names_account(register: &Message<'_>) -> bool {
    register.to().is_ok_and(|to| match to.uri.scheme {
        Scheme::Sip | Scheme::Sips => true,
        Scheme::Tel | Scheme::Other => false,
    })
}

/// What is wrong with a request in a dialog although it is well formed.
pub(super) fn dialog_request(
    request: &Message<'_>,
    prack: bool,
    session: SessionSettings,
) -> Option<Refusal> {
    if let Some(names) = required(request, prack) {
        return Some(Refusal::Extension(names));
    }
    if !carries_media(request) {
        return None;
    }
    let described = !request.body().is_empty();
    if described && !is_plain_sdp(request) {
        return Some(Refusal::MediaType);
    }
    // An UPDATE that offers nothing is answered with nothing.
    let describes = described || request.method() == Some(Method::Invite);
    if describes && !takes_sdp(request) {
        return Some(Refusal::NotAcceptable);
    }
    leg::session_fault(request, session)
}

/// Whether an answer with SDP would be taken. An Accept without a value would forbid even that (RFC 3261 section 20.1);
/// no caller means it so.
fn takes_sdp(request: &Message<'_>) -> bool {
    let mut ranges = request.values(HeaderName::Accept).peekable();
    let named = |range: &[u8]| {
        let end = range.iter().position(|byte| *byte == b';').unwrap_or(range.len());
        let range = range[..end].trim_ascii();
        [super::compose::SDP, "application/*", "*/*"]
            .iter()
            .any(|known| range.eq_ignore_ascii_case(known.as_bytes()))
    };
    ranges.peek().is_none() || ranges.any(named)
}

/// The extensions a request requires and we don't have (RFC 3261 section 8.2.2.3). Only an INVITE may require reliable
/// provisional responses (RFC 3262 section 4).
pub(super) fn required(request: &Message<'_>, prack: bool) -> Option<Vec<u8>> {
    let invite = request.method() == Some(Method::Invite);
    let ours = |name: &[u8]| prack && invite && name.eq_ignore_ascii_case(super::compose::PRACK.as_bytes());
    let mut names = Vec::new();
    for name in request.values(HeaderName::Require).filter(|name| !is_supported(name) && !ours(name)) {
        if !names.is_empty() {
            names.extend_from_slice(b", ");
        }
        names.extend_from_slice(name);
    }
    (!names.is_empty()).then_some(names)
}

fn is_supported(name: &[u8]) -> bool {
    super::compose::SUPPORTED.split(", ").any(|ours| name.eq_ignore_ascii_case(ours.as_bytes()))
}

fn carries_media(request: &Message<'_>) -> bool {
    matches!(request.method(), Some(Method::Invite | Method::Update | Method::Prack))
}

fn is_plain_sdp(request: &Message<'_>) -> bool {
    is_plain(request, super::compose::SDP)
}

/// Whether the body is of this type, neither encoded nor within something else (RFC 3261 section 8.2.3).
pub(super) fn is_plain(request: &Message<'_>, wanted: &str) -> bool {
    let encoded = request
        .values(HeaderName::ContentEncoding)
        .any(|encoding| !encoding.eq_ignore_ascii_case(b"identity"));
    let kind = request.header(HeaderName::ContentType).unwrap_or_default();
    let end = kind.iter().position(|byte| *byte == b';').unwrap_or(kind.len());
    !encoded && kind[..end].trim_ascii().eq_ignore_ascii_case(wanted.as_bytes())
}

/// Reads what an INVITE asks for; offer and refusal are the leg's to say.
fn invitation(
    marks: &MarkKey,
    request: &Message<'_>,
    flow: Flow,
    trunk: Option<TrunkId>,
    caller_from: CallerHeader,
) -> Invitation {
    let uri = request.request_uri().ok();
    Invitation {
        trunk,
        phone: None,
        flow,
        dialled: uri.map(|uri| user_text(&uri)).unwrap_or_default(),
        caller: caller(request, caller_from),
        diversions: identity::diversions(marks, request),
        identities: request.headers(HeaderName::Identity).take(limits::IDENTITIES).map(Into::into).collect(),
        user_to_user: UserToUser::read(request),
        call_id: String::from_utf8_lossy(request.call_id().unwrap_or_default()).into_owned(),
        max_forwards: request.max_forwards().ok().flatten().unwrap_or(70),
        offer: None,
        replaces: None,
        refusal: None,
    }
}

/// Who is calling, from the header the trunk says; From stands in where that one is absent.
fn caller(request: &Message<'_>, caller_from: CallerHeader) -> Caller {
    let asserted =
        identity::header_name(caller_from).and_then(|name| request.first_address(name).ok().flatten());
    let kept = asserted.and_then(|asserted| asserted.param("privacy")).is_some_and(|privacy| {
        caller_from == CallerHeader::RemotePartyId && !privacy.eq_ignore_ascii_case(b"off")
    });
    let from = request.from().ok();
    let hidden = from.is_some_and(|from| is_anonymous(&from.uri));
    let private = request.headers(HeaderName::Privacy).flat_map(|value| value.split(|byte| *byte == b';'));
    let private =
        private.map(<[u8]>::trim_ascii).any(|word| !word.is_empty() && !word.eq_ignore_ascii_case(b"none"));
    let Some(address) = asserted.or(from) else { return Caller::default() };
    let unknown = is_anonymous(&address.uri);
    Caller {
        number: if unknown { String::new() } else { user_text(&address.uri) },
        display: display_text(&address).filter(|_| !unknown),
        anonymous: hidden || private || kept,
    }
}

/// Anonymous callers as RFC 3323 section 4.1.1.3 writes them, and as carriers do.
fn is_anonymous(uri: &Uri<'_>) -> bool {
    let nowhere = match uri.host {
        Host::Name(name) => name.eq_ignore_ascii_case(b"anonymous.invalid"),
        Host::V4(_) | Host::V6(_) => false,
    };
    nowhere || uri.user.is_some_and(|user| user.eq_ignore_ascii_case(b"anonymous"))
}

/// The user of a URI as a person reads it; what follows a `;` in it (`;phone-context=…`) is no part of a number.
pub(super) fn user_text(uri: &Uri<'_>) -> String {
    let user = uri.user_unescaped();
    // However its digits are written: what is handed on is written plainly, and must read the same.
    let is_number = user.first().is_some_and(|byte| *byte == b'+' || byte.is_ascii_digit());
    let params = user.iter().position(|byte| *byte == b';').filter(|_| is_number);
    let end = params.unwrap_or(user.len());
    String::from_utf8_lossy(&user[..end]).into_owned()
}

fn display_text(address: &NameAddr<'_>) -> Option<String> {
    address.display_text().map(std::borrow::Cow::into_owned).filter(|text| !text.trim().is_empty())
}
