//! From settings and a checked plan to what the drivers and the engine are told.

mod addresses;

use super::ServeError;
use crate::base::dns::{Answer, Question, Records, Silent};
use crate::base::{Name, Secret, Transport, TrunkId, limits};
use crate::dialplan::Plan;
use crate::drivers::certificates::Certificates;
use crate::drivers::sockets::{Sockets, Tls};
use crate::drivers::store::Opened;
use crate::engine::core::{Channels, TrunkLine};
use crate::engine::{EngineConfig, EnginePhones, EngineTrunk, Observation, Sounds};
use crate::media::Sound;
use crate::settings::{self, PhoneUser, Settings, Trunk};
use crate::signaling::{
    BanPolicy, CallerHeader, DiversionHeader, IdentityPolicy, Listen, OwnAddress, Peer, PeerName,
    PhoneAccount, PhoneSettings, TrunkAccount, TrunkPeer,
};
use crossbeam_channel::Sender;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Everything a service is started from.
#[derive(Debug)]
pub struct Service {
    /// The plan, checked.
    pub plan: Arc<Plan>,
    /// Its sounds, decoded.
    pub sounds: Sounds,
    /// SIP addresses.
    pub listens: Vec<settings::Listen>,
    /// RTP ports.
    pub ports: RangeInclusive<u16>,
    /// Media threads.
    pub media_threads: u8,
    /// Trunks.
    pub trunks: Vec<Trunk>,
    /// The passwords of trunks that have one.
    pub passwords: Vec<(TrunkId, Secret)>,
    /// Phones that register here.
    pub phones: Option<settings::Phones>,
    /// Who may register.
    pub phone_users: Vec<PhoneUser>,
    /// The web pages whose browser phones may connect; every page when empty.
    pub origins: Vec<Name>,
    /// What TLS is spoken with.
    pub certificates: Certificates,
    /// The store's file.
    pub store: PathBuf,
    /// Metrics and health.
    pub http: Option<SocketAddr>,
    /// The control socket.
    pub control: Option<PathBuf>,
    /// How long running calls may go on after a request to stop.
    pub drain: Duration,
    /// Where copies of SIP messages go.
    pub hep: Option<settings::Hep>,
    /// Whether the last calls' SIP messages are kept in memory.
    pub trace: bool,
    /// When strangers are banned.
    pub ban: BanPolicy,
    /// Who else is told of every observation: the demo's table.
    pub watcher: Option<Sender<Observation>>,
}

/// The addresses the names of peers led to: what the sockets may know of them without asking the engine.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundAddresses(Arc<Mutex<Found>>);

#[derive(Debug, Default)]
struct Found {
    addresses: BTreeMap<Question, Vec<IpAddr>>,
    /// The names a name leads to.
    names: BTreeMap<Box<str>, Vec<Box<str>>>,
}

impl FoundAddresses {
    /// The DNS said something. What it said last stays while it says nothing.
    pub fn learn(&self, question: &Question, answer: &Result<Answer, Silent>) {
        let Ok(Answer { records, .. }) = answer else { return };
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (question, records) {
            (_, Records::Addresses(addresses)) => {
                let addresses = addresses.iter().map(IpAddr::to_canonical).collect();
                remember(&mut found.addresses, question.clone(), addresses);
            }
            (Question::Srv(name), Records::Srv(records)) => {
                let hosts = records.iter().map(|srv| srv.target.clone()).collect();
                remember(&mut found.names, name.clone(), hosts);
            }
            (Question::Naptr(name), Records::Naptr(records)) => {
                let services = records.iter().map(|naptr| naptr.replacement.clone()).collect();
                remember(&mut found.names, name.clone(), services);
            }
            (Question::Addresses(_) | Question::Srv(_) | Question::Naptr(_), _) => {}
        }
    }

    fn holds(&self, source: IpAddr) -> bool {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.addresses.values().flatten().any(|address| *address == source)
    }

    /// Whether a trunk's name led to this address.
    fn leads(&self, name: &str, address: IpAddr) -> bool {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A name, its services, their hosts.
        let mut names: Vec<Box<str>> = vec![name.into(), format!("_sips._tcp.{name}").into()];
        for _ in 0..2 {
            let next: Vec<_> =
                names.iter().filter_map(|name| found.names.get(name)).flatten().cloned().collect();
            names.extend(next);
        }
        names.into_iter().any(|name| {
            let found = found.addresses.get(&Question::Addresses(name));
            found.is_some_and(|addresses| addresses.contains(&address))
        })
    }
}

fn remember<K: Ord, V>(known: &mut BTreeMap<K, V>, key: K, value: V) {
    if known.len() >= FOUND_HOSTS && !known.contains_key(&key) {
        known.pop_first();
    }
    known.insert(key, value);
}

/// The trunk that is expected at an address over TLS: by its peer's own address, by the host of one, by what its name led
/// to, and where a dialog leads elsewhere by what it accepts.
fn expected(trunks: &[Trunk], found: &FoundAddresses, address: SocketAddr) -> Option<TrunkId> {
    let ip = address.ip().to_canonical();
    let peers = |is_it: &dyn Fn(SocketAddr) -> bool| {
        let over_tls = |peer: &settings::Peer| peer.transport == Transport::Tls && is_it(peer.address);
        trunks.iter().find(|trunk| trunk.peers.iter().any(|peer| over_tls(&peer.value)))
    };
    let named = |trunk: &&Trunk| {
        let name = trunk.found_by.as_ref();
        name.is_some_and(|name| trunk.tls.is_some() && found.leads(&name.value.host, ip))
    };
    let accepting =
        |trunk: &&Trunk| trunk.tls.is_some() && trunk.accept.iter().any(|prefix| prefix.value.contains(ip));
    peers(&|peer| peer == address)
        .or_else(|| peers(&|peer| peer.ip().to_canonical() == ip))
        .or_else(|| trunks.iter().find(named))
        .or_else(|| trunks.iter().find(accepting))
        .map(|trunk| trunk.id)
}

/// Hosts whose addresses are remembered: every peer of every trunk, and as many that no longer are.
const FOUND_HOSTS: usize = 32 * limits::PEERS;

/// Decodes every sound of a plan; `read` gives a file's bytes.
///
/// # Errors
/// When a file can't be read or is no sound we can use.
pub fn load(plan: &Plan, read: impl Fn(&Path) -> io::Result<Vec<u8>>) -> Result<Sounds, ServeError> {
    let sound = |file: &Path| {
        let fail = |why: String| ServeError::Sound { file: file.display().to_string(), why };
        let bytes = read(file).map_err(|error| fail(error.to_string()))?;
        Sound::from_wav(&bytes).map(Arc::new).map_err(|error| fail(error.to_string()))
    };
    Ok(Sounds {
        prompts: plan.prompts.iter().map(|prompt| sound(&prompt.file)).collect::<Result<_, _>>()?,
        music: plan
            .music
            .iter()
            .map(|music| music.files.iter().map(|file| sound(file)).collect())
            .collect::<Result<_, _>>()?,
    })
}

impl Service {
    /// A service as spillway.toml and its dialplans describe it; passwords and certificates are not in these.
    #[must_use]
    pub fn new(settings: &Settings, plan: Arc<Plan>, sounds: Sounds) -> Self {
        Self {
            plan,
            sounds,
            listens: settings.sip.listen.iter().map(|listen| listen.value).collect(),
            ports: settings.media.ports.value.clone(),
            media_threads: 1,
            trunks: settings.trunks.clone(),
            passwords: Vec::new(),
            phones: settings.phones.clone(),
            phone_users: Vec::new(),
            origins: settings.sip.origins.clone(),
            certificates: Certificates::none(),
            store: settings.data.value.join("spillway.db"),
            http: settings.http.as_ref().map(|http| http.value),
            control: Some(settings.control.value.clone()),
            drain: settings.sip.drain,
            hep: settings.sip.hep.as_ref().map(|hep| hep.value),
            trace: settings.sip.trace,
            ban: BanPolicy {
                after: settings.sip.ban.after,
                within: settings.sip.ban.within,
                lasts: settings.sip.ban.lasts,
            },
            watcher: None,
        }
    }

    /// Whether some trunk takes calls from an address, as signaling sees it of a stream, whose port says nothing; `found`
    /// are those its peers' names led to.
    pub(super) fn accepts(&self, found: FoundAddresses) -> impl Fn(IpAddr) -> bool + Send + 'static {
        let trunks = self.trunks.clone();
        move |source| {
            let source = source.to_canonical();
            if found.holds(source) {
                return true;
            }
            trunks.iter().any(|trunk| {
                trunk.peers.iter().any(|peer| peer.value.address.ip().to_canonical() == source)
                    || trunk.accept.iter().any(|prefix| prefix.value.contains(source))
            })
        }
    }

    /// What TLS is spoken with.
    pub(super) fn tls(&self, found: FoundAddresses) -> Tls {
        let (shown, believed, trunks) =
            (self.certificates.clone(), self.certificates.clone(), self.trunks.clone());
        Tls {
            server: Box::new(move || shown.server()),
            client: Box::new(move |address| {
                believed.client(expected(&trunks, &found, address)?, address.ip())
            }),
        }
    }

    /// What the engine is told, now that the sockets are bound and the store is open; and where audio is received.
    pub(super) fn engine(
        self,
        sockets: &Sockets,
        opened: Opened,
    ) -> Result<(EngineConfig, Vec<IpAddr>), ServeError> {
        addresses::are_here(&self.trunks)?;
        let mut udp = sockets.udp_addresses();
        let listens: Vec<Listen> = self
            .listens
            .iter()
            .map(|listen| {
                let address = match listen.transport {
                    Transport::Udp => udp.next().unwrap_or(listen.address),
                    Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => listen.address,
                };
                let towards = addresses::local_address_towards;
                let advertised = addresses::advertised(*listen, address, &self.trunks, towards)?;
                Ok(Listen { transport: listen.transport, address, advertised })
            })
            .collect::<Result<_, ServeError>>()?;
        let trunks = self.trunks.iter().map(|trunk| {
            let password = self.passwords.iter().find(|(id, _)| *id == trunk.id);
            engine_trunk(trunk, password.map(|(_, password)| password), &listens)
        });
        let trunks: Vec<_> = trunks.collect::<Result<_, _>>()?;
        let audio = addresses::media_addresses(&listens, &trunks, self.phones.is_some(), &self.trunks)?;
        let phones = self.phones.as_ref();
        let phones = phones.map(|phones| engine_phones(phones, &self.phone_users, &self.plan));
        let config = EngineConfig {
            plan: self.plan,
            sounds: self.sounds,
            trunks,
            phones,
            listens,
            ports: self.ports,
            boards: self.media_threads,
            ban: self.ban,
            next_call: opened.next_call,
            next_seq: opened.next_seq,
        };
        Ok((config, audio))
    }
}

fn engine_trunk(
    trunk: &Trunk,
    password: Option<&Secret>,
    listens: &[Listen],
) -> Result<EngineTrunk, ServeError> {
    let (transport, peer) = trunk.peer.value;
    let near = addresses::near(trunk, listens)?;
    Ok(EngineTrunk {
        peer: TrunkPeer {
            id: trunk.id,
            name: trunk.name.clone(),
            transport,
            peer,
            peers: trunk.peers.iter().map(|peer| signaling_peer(peer.value)).collect(),
            accept: trunk.accept.iter().map(|prefix| (prefix.value.address, prefix.value.length)).collect(),
            ping: trunk.ping,
            caller_from: caller_header(trunk.identity.caller_in),
            codecs: trunk.codecs.clone(),
            prack: trunk.prack,
            // A server reached by name is named (RFC 3261 section 8.1.1.1).
            domain: trunk.domain.clone().or_else(|| Some(trunk.found_by.as_ref()?.value.host.clone())),
            found_by: trunk.found_by.as_ref().map(|name| peer_name(&name.value)),
            own: OwnAddress {
                listen: trunk.own.listen.as_ref().map(|own| own.value),
                advertised: trunk.own.advertised.as_ref().map(|own| own.value),
            },
            large_over_tcp: trunk.large_over_tcp,
            account: trunk.account.as_ref().zip(password).map(|(account, password)| TrunkAccount {
                user: account.user.clone(),
                password: password.clone(),
                realm: account.realm.clone(),
                register: account.register,
            }),
        },
        line: TrunkLine {
            name: trunk.name.clone(),
            channels: trunk.channels.map_or(Channels::Unlimited, |channels| Channels::Limited {
                total: channels.total,
                keep_out: channels.keep_out,
            }),
            numbers: trunk.numbers,
            callers: trunk.callers,
            calls_per_second: trunk.calls_per_second,
            transfer_to: trunk.transfer_to.clone(),
            deflect: trunk.deflect,
        },
        invite_timeout: trunk.invite_timeout,
        identity: identity(&trunk.identity),
        alerting: alerting(trunk, near.shown),
        media: near.media,
    })
}

fn identity(identity: &settings::Identity) -> IdentityPolicy {
    IdentityPolicy {
        header: caller_header(identity.caller_out),
        is_trusted: identity.trusted,
        number: identity.number.clone(),
        diversion: match identity.diversion {
            settings::DiversionHeader::Diversion => DiversionHeader::Diversion,
            settings::DiversionHeader::HistoryInfo => DiversionHeader::HistoryInfo,
            settings::DiversionHeader::Both => DiversionHeader::Both,
            settings::DiversionHeader::Off => DiversionHeader::Off,
        },
        relays: identity.relay,
    }
}

const fn caller_header(header: settings::CallerHeader) -> CallerHeader {
    match header {
        settings::CallerHeader::From => CallerHeader::From,
        settings::CallerHeader::PAssertedIdentity => CallerHeader::PAssertedIdentity,
        settings::CallerHeader::PPreferredIdentity => CallerHeader::PPreferredIdentity,
        settings::CallerHeader::RemotePartyId => CallerHeader::RemotePartyId,
    }
}

fn peer_name(name: &settings::PeerName) -> PeerName {
    let settings::PeerName { transport, host, port } = name.clone();
    PeerName { transport, host, port }
}

const fn signaling_peer(peer: settings::Peer) -> Peer {
    let settings::Peer { transport, address, priority, weight } = peer;
    Peer { transport, address, priority, weight }
}

fn engine_phones(phones: &settings::Phones, users: &[PhoneUser], plan: &Plan) -> EnginePhones {
    let seconds = |duration: Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    let account = |user: &PhoneUser| PhoneAccount {
        extension: user.extension.clone(),
        ha1_md5: user.ha1_md5.clone(),
        ha1_sha256: user.ha1_sha256.clone(),
    };
    EnginePhones {
        settings: PhoneSettings {
            line: phones.line,
            realm: phones.realm.clone(),
            phones: users.iter().map(account).collect(),
            agents: plan.agents.iter().flatten().map(|agent| agent.extension.clone()).collect(),
            countries: plan.sites.iter().map(|site| (*site.country.id).into()).collect(),
            expires_min_s: seconds(phones.expires_min),
            expires_max_s: seconds(phones.expires_max),
        },
        emergency: phones.emergency,
        outside: phones.outside,
        caller: phones.caller.clone(),
    }
}

/// What makes an agent's phone ring as the trunk says, or answer by itself: `answer-after` for most phones, `info` for the
/// rest (RFC 7462 left both to their makers).
fn alerting(trunk: &Trunk, listen: SocketAddr) -> Vec<(&'static str, String)> {
    let by_itself = trunk.auto_answer.then(|| format!("<sip:{listen}>;answer-after=0"));
    let default = || format!("<sip:{listen}>;info=alert-autoanswer;delay=0");
    let alert = trunk.alert.clone().or_else(|| trunk.auto_answer.then(default));
    let named = [("Alert-Info", alert), ("Call-Info", by_itself)];
    named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(test)]
mod tests;
