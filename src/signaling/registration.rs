//! Registration of trunks: REGISTER to their peer (RFC 3261 section 10.2), refreshed before it lapses, tried for ever.
//! Must never give up, nor keep anyone waiting.

use super::compose::{self, User};
use super::config::{Listen, TrunkAccount};
use super::event::Observation;
use super::mark::{Marked, NameKind};
use super::peers::Known;
use super::ping;
use super::timer::TimerName;
use super::transaction::{ClientKey, Layer, Owner, Reply, Report};
use super::trunk::{Trunk, Trunks};
use crate::base::{Flow, Moment, TrunkId};
use crate::wire::sip::{HeaderName, Message, Method, NameAddr, Params};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A registrar that can't be reached or has trouble is asked again after this, twice as long each time up to
/// [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// One that refuses our name or password is asked at this pace, up to [`LONGEST_REFUSAL`]: somebody must mend it, and a
/// carrier bans who insists.
const FIRST_REFUSAL: Duration = Duration::from_secs(60);
const LONGEST_REFUSAL: Duration = Duration::from_secs(300);
/// What a 423 may make us ask for, s: a week. More is no registrar's wish.
const LONGEST_EXPIRES_S: u32 = 7 * 86_400;
/// A refresh leaves at least this long for its answer, s.
const MARGIN_S: u32 = 5;

/// Where a trunk's registration stands.
#[derive(Debug)]
pub(super) struct Registration {
    /// One Call-ID for all REGISTERs of a process (RFC 3261 section 10.2).
    call_id: Marked,
    tag: Marked,
    number: u32,
    /// What is asked for, s; a 423 raises it.
    expires_s: u32,
    /// The REGISTER under way.
    asked: Option<ClientKey>,
    registered: bool,
    /// Since the last success.
    failures: u32,
    /// Which of the peers that live is asked: the next one after each failure.
    turn: usize,
    /// The service stops: nothing is asked any more but to be forgotten.
    withdrawn: bool,
}

impl Registration {
    pub(super) const fn registered(&self) -> bool {
        self.registered
    }

    /// The registrar has yet to answer that it forgot us.
    pub(super) const fn is_leaving(&self) -> bool {
        self.withdrawn && self.asked.is_some()
    }
}

/// Sets every registration's first REGISTER: at once.
pub(super) fn start(layer: &mut Layer, trunks: &mut Trunks) {
    for trunk in trunks.iter_mut() {
        let Some(expires) = trunk.peer.account.as_ref().and_then(|account| account.register) else {
            continue;
        };
        trunk.registration = Some(Registration {
            call_id: layer.fresh(NameKind::CallId),
            tag: layer.fresh(NameKind::Tag),
            number: 0,
            expires_s: u32::try_from(expires.as_secs()).unwrap_or(LONGEST_EXPIRES_S),
            asked: None,
            registered: false,
            failures: 0,
            turn: 0,
            withdrawn: false,
        });
        layer.timers.set(TimerName::Register(trunk.peer.id), Moment::ZERO);
    }
}

/// It is time for a REGISTER.
pub(super) fn send(layer: &mut Layer, trunks: &mut Trunks, now: Moment, id: TrunkId) {
    let Some(trunk) = trunks.get_mut(id) else { return };
    let Some(registration) = &trunk.registration else { return };
    if registration.asked.is_some() || registration.withdrawn {
        return;
    }
    let expires_s = registration.expires_s;
    if registrar(trunk, &layer.config.listens).is_some() {
        ask(layer, trunk, now, expires_s);
    } else {
        // Its name is not found yet.
        layer.timers.set(TimerName::Register(id), now + FIRST_WAIT);
    }
}

/// Nothing was refreshed in time.
pub(super) fn lapsed(layer: &mut Layer, trunks: &mut Trunks, id: TrunkId) {
    if let Some(registration) = registration(trunks, id) {
        tell(layer, registration, id, false);
    }
}

/// Asks every registrar to forget us.
pub(super) fn withdraw(layer: &mut Layer, trunks: &mut Trunks, now: Moment) {
    for trunk in trunks.iter_mut() {
        let id = trunk.peer.id;
        let Some(registration) = &mut trunk.registration else { continue };
        if std::mem::replace(&mut registration.withdrawn, true) {
            continue;
        }
        layer.timers.cancel(TimerName::Register(id));
        layer.timers.cancel(TimerName::RegistrationLapse(id));
        // One under way may be granted yet; the higher CSeq outlives it (RFC 3261 section 10.3, step 7).
        if registration.registered || registration.asked.is_some() {
            ask(layer, trunk, now, 0);
        }
        if let Some(registration) = &mut trunk.registration {
            tell(layer, registration, id, false);
        }
    }
}

/// Whether the answer to the REGISTER `key` is still wanted.
pub(super) fn awaits(trunks: &Trunks, id: TrunkId, key: ClientKey) -> bool {
    let registration = trunks.get(id).and_then(|trunk| trunk.registration.as_ref());
    registration.is_some_and(|registration| registration.asked == Some(key))
}

/// The REGISTER under way goes out again as `key`; gives its CSeq number.
pub(super) fn asks_again(trunks: &mut Trunks, id: TrunkId, key: ClientKey) -> Option<u32> {
    let registration = registration(trunks, id)?;
    registration.asked = Some(key);
    registration.number += 1;
    Some(registration.number)
}

fn registration(trunks: &mut Trunks, id: TrunkId) -> Option<&mut Registration> {
    trunks.get_mut(id)?.registration.as_mut()
}

/// Sends a REGISTER (RFC 3261 section 10.2.1).
fn ask(layer: &mut Layer, trunk: &mut Trunk, now: Moment, expires_s: u32) {
    let Some(flow) = registrar(trunk, &layer.config.listens) else { return };
    let Trunk { peer, registration: Some(registration), .. } = trunk else { return };
    let Some(account) = &peer.account else { return };
    registration.number += 1;
    let public = layer.public(flow);
    let branch = layer.fresh(NameKind::Branch);
    let writer = &mut layer.writer;
    let uri = format!("sip:{}", peer.host_of(flow));
    let realm = peer.domain.as_ref().map_or_else(|| host(flow.remote.ip()), ToString::to_string);
    let address = format!("<sip:{}@{realm}>", User(&account.user));
    writer.start_request(Method::Register, &uri);
    writer.header_fmt(
        HeaderName::Via,
        format_args!("SIP/2.0/{} {public};branch=z9hG4bK{branch};rport", flow.transport.via_name()),
    );
    writer.header(HeaderName::MaxForwards, "70");
    writer.header_fmt(HeaderName::From, format_args!("{address};tag={}", registration.tag));
    writer.header(HeaderName::To, &address);
    writer.header_fmt(HeaderName::CallId, format_args!("{}", registration.call_id));
    writer.header_fmt(HeaderName::CSeq, format_args!("{} REGISTER", registration.number));
    writer.header_fmt(HeaderName::Contact, format_args!("<{}>", contact(account, flow, public)));
    writer.header_fmt(HeaderName::Expires, format_args!("{expires_s}"));
    writer.header(HeaderName::Allow, compose::ALLOW);
    writer.header(HeaderName::UserAgent, layer.config.user_agent.as_str());
    layer.put_credentials(flow, Method::Register, uri.as_bytes());
    let request = layer.writer.finish();
    let key = ClientKey { number: branch.number, cancel: false };
    registration.asked = Some(key);
    layer.start_client(now, key, Method::Register, Owner::Registration(peer.id), flow, request);
}

/// The path to the peer whose turn it is: of those that live, or of all when none does.
fn registrar(trunk: &Trunk, listens: &[Listen]) -> Option<Flow> {
    let turn = trunk.registration.as_ref()?.turn;
    let mut peers: Vec<&Known> = trunk.peers.iter().filter(|known| known.is_usable()).collect();
    if peers.is_empty() {
        peers = trunk.peers.iter().collect();
    }
    peers.sort_by_key(|known| known.peer.priority);
    peers.get(turn % peers.len().max(1))?.peer.path(listens, trunk.peer.own)
}

/// The host of an address of record: a registrar's port is not part of it (RFC 3261 section 10.2).
fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

fn contact(account: &TrunkAccount, flow: Flow, public: SocketAddr) -> String {
    format!("sip:{}@{public}{}", User(&account.user), flow.transport.uri_parameter())
}

/// What became of a REGISTER.
pub(super) fn ended(
    layer: &mut Layer,
    trunks: &mut Trunks,
    now: Moment,
    report: &Report,
    response: Option<&Message<'_>>,
) {
    let Owner::Registration(id) = report.owner else { return };
    let Some(trunk) = trunks.get_mut(id) else { return };
    let path = registrar(trunk, &layer.config.listens);
    let Some(registration) = &mut trunk.registration else { return };
    if registration.asked != Some(report.key) {
        return;
    }
    let answer = response.filter(|_| report.reply == Reply::Response);
    let code = answer.and_then(Message::code);
    if code.is_some_and(|code| code < 200) {
        return;
    }
    registration.asked = None;
    if registration.withdrawn {
        return;
    }
    let wait = match (code, answer) {
        (Some(200..=299), Some(answer)) => match granted(answer, path, layer, registration.expires_s) {
            0 => failed(layer, registration),
            granted_s => {
                registration.failures = 0;
                layer.timers.set(TimerName::RegistrationLapse(id), now + seconds(granted_s));
                tell(layer, registration, id, true);
                refresh(granted_s)
            }
        },
        // RFC 3261 section 10.2.8.
        (Some(423), Some(answer)) => match answer.number(HeaderName::MinExpires, LONGEST_EXPIRES_S) {
            Ok(Some(least)) if least > registration.expires_s => {
                registration.expires_s = least;
                Duration::ZERO
            }
            Ok(_) | Err(_) => failed(layer, registration),
        },
        (Some(code @ (401 | 403 | 407)), _) => {
            // The other two were told when their challenge was heard.
            if code == 403 {
                layer.observe(Observation::CredentialsRefused { trunk: id });
            }
            layer.timers.cancel(TimerName::RegistrationLapse(id));
            tell(layer, registration, id, false);
            refused(layer, registration)
        }
        (Some(503), Some(answer)) if ping::retry_after(answer).is_some() => {
            registration.turn += 1;
            // RFC 3261 section 21.5.4.
            failed(layer, registration).max(ping::retry_after(answer).unwrap_or_default())
        }
        (Some(_) | None, _) => {
            registration.turn += 1;
            failed(layer, registration)
        }
    };
    layer.timers.set(TimerName::Register(id), now + wait);
}

/// How long the registrar keeps us, s: as it says of our Contact, else in Expires, else as asked (RFC 3261 section
/// 10.2.4). Others may be registered beside us.
fn granted(answer: &Message<'_>, path: Option<Flow>, layer: &Layer, asked_s: u32) -> u32 {
    let ours = path.map(|flow| layer.public(flow));
    let is_ours = |contact: &NameAddr<'_>| {
        let port =
            contact.uri.port.unwrap_or_else(|| path.map_or(5060, |flow| flow.transport.default_port()));
        ours.is_some_and(|ours| contact.uri.host.ip() == Some(ours.ip()) && port == ours.port())
    };
    let expires = |contact: &NameAddr<'_>| {
        let digits = Params::new(contact.params).get(b"expires")?;
        std::str::from_utf8(digits).ok()?.parse::<u32>().ok()
    };
    let mut contacts = answer.addresses(HeaderName::Contact).flatten();
    let of_contact = contacts.find(is_ours).as_ref().and_then(expires);
    let of_all = || answer.number(HeaderName::Expires, u32::MAX).ok().flatten();
    of_contact.or_else(of_all).unwrap_or(asked_s)
}

/// At 90 % of what was granted, or [`MARGIN_S`] before its end, whichever is earlier; never without a pause.
fn refresh(granted_s: u32) -> Duration {
    let most = seconds(granted_s) * 9 / 10;
    most.min(seconds(granted_s.saturating_sub(MARGIN_S))).max(FIRST_WAIT)
}

const fn seconds(count: u32) -> Duration {
    Duration::from_secs(count as u64)
}

/// The wait after a failure: between half of its length and all of it, so that a thousand of us do not come back at once.
fn failed(layer: &mut Layer, registration: &mut Registration) -> Duration {
    let whole = doubled(FIRST_WAIT, registration.failures, LONGEST_WAIT);
    registration.failures = registration.failures.saturating_add(1);
    whole / 2 + part(layer, whole / 2)
}

/// The wait after a refusal: up to a fifth longer than its length, within [`LONGEST_REFUSAL`].
fn refused(layer: &mut Layer, registration: &mut Registration) -> Duration {
    let whole = doubled(FIRST_REFUSAL, registration.failures, LONGEST_REFUSAL);
    registration.failures = registration.failures.saturating_add(1);
    (whole + part(layer, whole / 5)).min(LONGEST_REFUSAL)
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << times.min(16)).min(longest)
}

/// Some part of a span, by chance.
fn part(layer: &mut Layer, span: Duration) -> Duration {
    let millis = u64::try_from(span.as_millis()).unwrap_or(0);
    Duration::from_millis(layer.random.below(millis + 1))
}

/// Says whether a trunk is registered, where that is news.
fn tell(layer: &mut Layer, registration: &mut Registration, id: TrunkId, registered: bool) {
    if registration.registered != registered {
        registration.registered = registered;
        layer.observe(if registered {
            Observation::TrunkRegistered { trunk: id }
        } else {
            Observation::TrunkUnregistered { trunk: id }
        });
    }
}
