//! Phones that register here (RFC 3261 section 10): who they are, where they are, and what they must prove. Nothing is
//! kept of anyone who has proved nothing. Must never know whom a phone belongs to, or why it is rung.

mod authorization;
mod bindings;
mod keep_alive;
mod nonce;
mod ourselves;
mod register;

pub use bindings::BindingKey;

use super::config::PhoneSettings;
use super::digest::Algorithm;
use super::event::Observation;
use super::mark::MarkKey;
use super::refusal::{Refusals, respond};
use super::stack::Stack;
use super::transaction::{Arrival, Layer};
use super::trunk::Source;
use super::verbs::{ContactPath, phrase};
use crate::base::{Flow, Map, Moment, Name, PhoneId, TrunkId, emergency, limits};
use crate::wire::sip::{HeaderName, Message, Method};
use authorization::Authorization;
use bindings::Bindings;
use nonce::{Nonces, Standing};

/// The registrar of a stack.
#[derive(Debug)]
pub(super) struct Registrar {
    settings: PhoneSettings,
    by_extension: Map<Name, PhoneId>,
    /// The hashes asked for, the stronger first (RFC 8760 section 2.3): those some phone has a digest by. Phones that know
    /// MD5 alone may give up at the sight of another, so where no phone has another none is shown.
    algorithms: Vec<Algorithm>,
    nonces: Nonces,
    bindings: Bindings,
    /// Challenges given to sources nobody knows.
    challenges: Refusals,
    /// Wrong answers on paths phones registered over: what is said in their network's name must not keep them out.
    said_there: Refusals,
    /// Wrong answers to challenges that were read where they come from: nobody elsewhere can use these up.
    guesses: Refusals,
}

/// What a request proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// Whose it is.
    Phone(PhoneId),
    /// Nothing: it says nothing of who sends it.
    None,
    /// Nothing: the answer to a challenge is wrong, or there is no such phone.
    Wrong,
    /// The answer is right, and its nonce too old or used before.
    Stale,
}

impl Registrar {
    pub(super) fn new(settings: PhoneSettings) -> Self {
        let by_extension = settings.phones.iter().zip(0u32..);
        let by_extension =
            by_extension.map(|(phone, index)| (phone.extension.clone(), PhoneId(index))).collect();
        let (mut md5, mut sha256) = (false, false);
        for phone in &settings.phones {
            md5 |= phone.ha1_md5.is_some();
            sha256 |= phone.ha1_sha256.is_some();
        }
        let offered = [(Algorithm::Sha256, sha256 || !md5), (Algorithm::Md5, md5 || !sha256)];
        Self {
            by_extension,
            algorithms: offered.into_iter().filter(|(_, is_known)| *is_known).map(|(one, _)| one).collect(),
            nonces: Nonces::default(),
            bindings: Bindings::new(settings.phones.len()),
            challenges: Refusals::new(limits::CHALLENGES_PER_SOURCE, limits::CHALLENGES),
            said_there: Refusals::new(limits::CHALLENGES_PER_SOURCE, limits::CHALLENGES),
            guesses: Refusals::new(limits::CHALLENGES_PER_SOURCE, limits::CHALLENGES),
            settings,
        }
    }

    /// The line phones' calls come in on.
    pub(super) const fn line(&self) -> TrunkId {
        self.settings.line
    }

    /// Who may be watched by this name: a phone, or an agent elsewhere.
    pub(super) fn watchable(&self, user: &str) -> Option<Name> {
        let phone = self.by_extension.get_key_value(user).map(|(extension, _)| extension);
        phone.or_else(|| self.settings.agents.iter().find(|agent| &***agent == user)).cloned()
    }

    /// Whether this is an emergency number where a site is.
    pub(super) fn is_emergency(&self, dialled: &str) -> bool {
        self.settings.countries.iter().any(|country| emergency::is_emergency(country, dialled))
    }

    fn extension(&self, phone: PhoneId) -> Option<&Name> {
        self.settings.phones.get(phone.index()).map(|phone| &phone.extension)
    }

    /// Whether a request answers a challenge that was read where it comes from, rightly or not: a datagram in another's
    /// name can't.
    fn is_there(&self, marks: &MarkKey, now: Moment, flow: Flow, request: &Message<'_>) -> bool {
        let realm = &self.settings.realm;
        Authorization::read(request, realm)
            .is_some_and(|said| nonce::was_read_at(marks, realm, place(flow), now, &said.nonce))
    }

    /// Whose account is claimed, as a number: alike whether there is one.
    fn account(&self, marks: &MarkKey, request: &Message<'_>) -> Option<u64> {
        let said = Authorization::read(request, &self.settings.realm)?;
        Some(marks.derived(&[b"account", said.user.as_bytes()]))
    }

    /// Whether the account that is claimed registered over this very path: whoever guesses from beside it keeps it out of
    /// nothing.
    fn is_known_at(&self, flow: Flow, request: &Message<'_>) -> bool {
        let said = Authorization::read(request, &self.settings.realm);
        let phone = said.and_then(|said| self.by_extension.get(&said.user).copied());
        phone.is_some_and(|phone| self.bindings.of(phone).iter().any(|binding| binding.flow == flow))
    }

    /// What the wrong goes from somewhere are counted by.
    fn counter(&mut self, is_there: bool, flow: Flow) -> &mut Refusals {
        if is_there {
            &mut self.guesses
        } else if self.bindings.has_flow(flow) {
            &mut self.said_there
        } else {
            &mut self.challenges
        }
    }

    /// Whose a request is. Whoever does not exist costs the same work as whose password is wrong.
    fn proof(&mut self, marks: &MarkKey, now: Moment, flow: Flow, request: &Message<'_>) -> Proof {
        let Some(said) = Authorization::read(request, &self.settings.realm) else { return Proof::None };
        let phone = self.by_extension.get(&said.user).copied();
        let account = phone.and_then(|phone| self.settings.phones.get(phone.index()));
        let ha1 = account.and_then(|account| match said.algorithm {
            Algorithm::Md5 => account.ha1_md5.as_ref(),
            Algorithm::Sha256 => account.ha1_sha256.as_ref(),
        });
        let nobodys = nobodys_digest(marks, said.algorithm);
        let method = request.method().map_or(&b""[..], Method::as_bytes);
        let uri = request.request_uri().map_or(&b""[..], |uri| uri.raw);
        let is_right = said.is_right(ha1.map_or(nobodys.as_bytes(), |ha1| ha1.expose()), method, uri);
        let Some(phone) = phone.filter(|_| ha1.is_some() && is_right) else { return Proof::Wrong };
        match self.nonces.take(marks, (&self.settings.realm, place(flow)), now, &said.nonce, said.count) {
            Standing::Live => Proof::Phone(phone),
            Standing::Stale => Proof::Stale,
        }
    }
}

/// Where a nonce may be answered from: a phone's further requests come from the same address, whatever translates it (RFC
/// 4787 section 4.1).
fn place(flow: Flow) -> super::guard::Source {
    super::guard::Source::of(flow.remote.ip())
}

/// What nobody's password digests to: as long as somebody's would be.
fn nobodys_digest(marks: &MarkKey, algorithm: Algorithm) -> String {
    let digits = format!("{:016x}", marks.derived(&[b"nobody"]));
    digits.repeat(match algorithm {
        Algorithm::Md5 => 2,
        Algorithm::Sha256 => 4,
    })
}

impl Stack {
    /// Whether a request from a trunk's network is a phone's all the same: it comes on the path a phone registered over,
    /// which is no trunk's own.
    pub(super) fn is_phones(&self, source: Source, flow: Flow) -> bool {
        let Some(registrar) = &self.registrar else { return false };
        match source {
            Source::Unknown => true,
            Source::Trunk(trunk) => {
                registrar.bindings.has_flow(flow)
                    && !self.trunks.get(trunk).is_some_and(|trunk| {
                        trunk.peers.iter().any(|known| known.peer.address == flow.remote)
                    })
            }
            Source::Anyone | Source::Phone(_) => false,
        }
    }

    /// A request outside our dialogs from where phones may be: whose it is once that is proved. Everything else is
    /// answered alike, whatever exists, and leaves nothing behind.
    pub(super) fn let_in(
        &mut self,
        now: Moment,
        flow: Flow,
        source: Source,
        request: &Message<'_>,
        method: Method<'_>,
    ) -> Option<Source> {
        if self.layer.match_request(now, request, method) == Arrival::Repeated {
            return None;
        }
        // RFC 3261 section 22.1: a CANCEL can't be challenged; its branch is known to whom its INVITE is.
        if method == Method::Cancel && self.layer.cancelled_invite(request).is_some() {
            return Some(source);
        }
        let is_known = self.registrar.as_ref().is_some_and(|registrar| registrar.bindings.has_flow(flow));
        let is_stranger = source == Source::Unknown && !is_known;
        let registrar = self.registrar.as_ref()?;
        let is_there = registrar.is_there(&self.layer.marks, now, flow, request);
        if is_stranger && !is_there && !self.hears_stranger(now, flow) {
            return None;
        }
        if !(request.top_via().is_ok() && request.from().is_ok() && request.call_id().is_ok()) {
            self.layer.observe(Observation::SourceRefused);
            return None;
        }
        self.authenticate(now, flow, is_stranger, request, method).map(Source::Phone)
    }

    /// Whose a request is; else it is challenged, and a stranger's only so often.
    fn authenticate(
        &mut self,
        now: Moment,
        flow: Flow,
        is_stranger: bool,
        request: &Message<'_>,
        method: Method<'_>,
    ) -> Option<PhoneId> {
        let registrar = self.registrar.as_mut()?;
        let is_there = registrar.is_there(&self.layer.marks, now, flow, request);
        // Who has had too many wrong goes is not even listened to: guessing is no faster than being refused.
        let is_counted = is_stranger || request.header(HeaderName::Authorization).is_some();
        if is_counted && !registrar.counter(is_there, flow).has_room(now, flow.remote.ip()) {
            self.layer.observe(Observation::ChallengeWithheld);
            return None;
        }
        let account = registrar.account(&self.layer.marks, request);
        let is_shut = account.is_some_and(|account| self.guard.is_shut(now, flow.remote.ip(), account));
        if is_shut && !registrar.is_known_at(flow, request) {
            self.layer.observe(Observation::Limited { limit: "guesses" });
            return None;
        }
        let proof = registrar.proof(&self.layer.marks, now, flow, request);
        match proof {
            Proof::Phone(phone) => {
                if flow.transport.is_reliable() {
                    self.layer.observe(Observation::FlowProved { flow });
                }
                return Some(phone);
            }
            Proof::None => {}
            Proof::Wrong => self.layer.observe(Observation::PhoneRefused { why: "credentials" }),
            Proof::Stale => self.layer.observe(Observation::PhoneRefused { why: "stale" }),
        }
        let is_counted = is_stranger || proof == Proof::Wrong;
        let has_room = !is_counted || registrar.counter(is_there, flow).allow(now, flow.remote.ip());
        if proof == Proof::Wrong && (is_there || flow.transport.is_reliable()) {
            self.authentication_failed(now, flow);
            if let Some(account) = account {
                self.guard.guess(now, flow.remote.ip(), account);
            }
        }
        let registrar = self.registrar.as_ref().filter(|_| has_room)?;
        if method == Method::Cancel {
            respond(&mut self.layer, flow, request, 481, phrase(481), |_| {});
            return None;
        }
        challenge(&mut self.layer, registrar, now, flow, request, proof == Proof::Stale);
        None
    }

    /// Where a phone can be rung: its contacts, each with the path that leads to it.
    #[must_use]
    pub fn contacts(&self, phone: PhoneId) -> Vec<ContactPath> {
        let Some(registrar) = &self.registrar else { return Vec::new() };
        let contact = |binding: &bindings::Binding| ContactPath {
            flow: binding.flow,
            uri: binding.contact.uri.clone(),
            routes: binding.path.to_vec(),
        };
        registrar.bindings.to_ring(phone).into_iter().map(contact).collect()
    }

    /// Contacts registered, of all phones.
    #[must_use]
    pub fn registered_contacts(&self) -> usize {
        self.registrar.as_ref().map_or(0, |registrar| registrar.bindings.len())
    }

    /// The extension of a phone.
    pub(super) fn extension(&self, phone: PhoneId) -> Option<Name> {
        self.registrar.as_ref()?.extension(phone).cloned()
    }
}

/// A 401 with a nonce of its own. RFC 7616 section 3.3: `stale` spares the phone asking its user again.
fn challenge(
    layer: &mut Layer,
    registrar: &Registrar,
    now: Moment,
    flow: Flow,
    request: &Message<'_>,
    is_stale: bool,
) {
    let realm = &registrar.settings.realm;
    let number = layer.random.number();
    let nonce = nonce::issue(&layer.marks, realm, place(flow), now, number);
    layer.observe(Observation::PhoneChallenged);
    respond(layer, flow, request, 401, phrase(401), |writer| {
        for algorithm in &registrar.algorithms {
            let (name, stale) = (algorithm.name(), if is_stale { ", stale=true" } else { "" });
            writer.header_fmt(
                HeaderName::WwwAuthenticate,
                format_args!(
                    "Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={name}, qop=\"auth\"{stale}"
                ),
            );
        }
    });
}
