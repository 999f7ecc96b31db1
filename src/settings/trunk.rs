//! Trunks: the networks calls come from and go to, read from spillway.toml and held against each other.

use super::account::{self, Account};
use super::identity::{self, Identity};
use super::large;
use super::own_address::{self, OwnAddress};
use super::peers::{self, Peer, PeerName};
use super::tls::{self, TrunkTls};
use super::{Listen, wording};
use crate::base::finding::{Findings, Located};
use crate::base::written::Section;
use crate::base::{Codec, Name, Transport, TrunkId};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// One `[trunk.NAME]`.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// Its place in [`super::Settings::trunks`].
    pub id: TrunkId,
    /// Its name.
    pub name: Name,
    /// Where its requests go, and the exact source its own come from; nowhere where they are found by a name.
    pub peer: Located<(Transport, SocketAddr)>,
    /// The name its peers are found by.
    pub found_by: Option<Located<PeerName>>,
    /// Every peer, that one the first.
    pub peers: Vec<Located<Peer>>,
    /// Our own address where it is concerned.
    pub own: OwnAddress,
    /// Requests too large for UDP go over TCP.
    pub large_over_tcp: bool,
    /// How long a peer may say nothing to an INVITE; Timer B's 32 s when `None`.
    pub invite_timeout: Option<Duration>,
    /// Calls a second, in each direction; no limit when `None`.
    pub calls_per_second: Option<u32>,
    /// Who else may call in on it; empty means the peer's address.
    pub accept: Vec<Located<Prefix>>,
    /// How it says who calls, and how it is told.
    pub identity: Identity,
    /// Calls at once; no limit of its own when `None`.
    pub channels: Option<Channels>,
    /// How numbers are written towards it.
    pub numbers: NumberFormat,
    /// The same of callers' numbers; as they came when nothing was said.
    pub callers: Option<NumberFormat>,
    /// How often it is asked whether it lives, with OPTIONS; never when `None`.
    pub ping: Option<Duration>,
    /// What it speaks, in order of preference.
    pub codecs: Vec<Codec>,
    /// Whether provisional responses may be reliable on it (RFC 3262): yes unless written otherwise.
    pub prack: bool,
    /// Whether agents' phones are behind it.
    pub agents: bool,
    /// The domain its peer serves, where that is not its address.
    pub domain: Option<Name>,
    /// Whether its agents' phones are asked to answer by themselves.
    pub auto_answer: bool,
    /// The Alert-Info its agents' phones ring by.
    pub alert: Option<String>,
    /// What its agents may send callers to besides what the plan knows: numbers, and prefixes with a `*` behind.
    pub transfer_to: Vec<Name>,
    /// Which of its callers it calls targets of its own for.
    pub deflect: Deflect,
    /// How TLS is spoken with it, where it may be.
    pub tls: Option<TrunkTls>,
    /// What its peer knows us by; its challenges are refusals when `None`.
    pub account: Option<Account>,
}

/// `channels`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels {
    /// Legs at once, both directions.
    pub total: u32,
    /// Of these, how many stay free for overflow when everything else is taken.
    pub keep_out: u32,
}

/// How numbers are written towards a trunk (`numbers`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// `+33384961370`: the default.
    E164,
    /// `0384961370`, as dialled within the site's country.
    National,
}

/// Which of a trunk's callers are given back to it, with the number of a target on it (`deflect`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deflect {
    /// None: the default.
    Off,
    /// Those we have not answered, by 302.
    Redirect,
    /// Those we have, by REFER.
    Refer,
    /// All.
    Both,
}

/// A range of addresses, `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    /// Its first address.
    pub address: IpAddr,
    /// How many leading bits count.
    pub length: u8,
}

impl Prefix {
    /// Reads `192.0.2.0/24`, or an address alone for itself.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address.parse::<IpAddr>().ok()?, Some(length.parse::<u8>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let length = length.unwrap_or(bits);
        (length <= bits).then_some(Self { address, length }).filter(|prefix| prefix.is_network())
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(mine), IpAddr::V4(other)) => {
                (u64::from(u32::from(mine) ^ u32::from(other))) >> (32 - u32::from(self.length)) == 0
            }
            (IpAddr::V6(mine), IpAddr::V6(other)) => {
                let differing = u128::from(mine) ^ u128::from(other);
                differing.checked_shr(128 - u32::from(self.length)).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether no bit is set beyond its length: `192.0.2.7/24` is a slip of the pen.
    fn is_network(&self) -> bool {
        match self.address {
            IpAddr::V4(address) => (u64::from(u32::from(address)) << self.length) & 0xffff_ffff == 0,
            IpAddr::V6(address) => u128::from(address).checked_shl(u32::from(self.length)).unwrap_or(0) == 0,
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// Reads every `[trunk.NAME]`, in written order.
pub(super) fn read(
    root: &Section<'_>,
    listen: &[Located<Listen>],
    folder: &Path,
    findings: &mut Findings,
) -> Vec<Trunk> {
    let mut trunks: Vec<Trunk> = Vec::new();
    for (name, section) in root.named("trunk") {
        let peers = peers::read(name.value, &section, listen, findings);
        let found_by = section
            .text("peer")
            .and_then(|text| Some(Located { value: peers::name(text.value)?, place: text.place }));
        if let Some(name_of_peers) = &found_by {
            peers::check_name(name.value, name_of_peers, listen, findings);
        }
        let Some(peer) = preferred(&peers, found_by.as_ref()) else { continue };
        let Ok(id) = u16::try_from(trunks.len()).map(TrunkId) else { break };
        let domain = domain(&section, findings);
        let by_name = found_by.as_ref().map(|name| &name.value);
        let tls = tls::trunk(name.value, &section, (&peers, by_name), domain.as_ref(), folder, findings);
        let own = own_address::read(name.value, &section, (&peers, by_name), listen, findings);
        let large_over_tcp = large::read(name.value, &section, (&peers, by_name), listen, findings);
        let numbers = section.text("numbers").map(|text| match text.value {
            "national" => NumberFormat::National,
            _ => NumberFormat::E164,
        });
        let trunk = Trunk {
            id,
            name: name.value.into(),
            peer,
            found_by,
            peers,
            own,
            large_over_tcp,
            invite_timeout: invite_timeout(&section, findings),
            calls_per_second: section.whole("cps").and_then(|cps| u32::try_from(cps.value).ok()),
            accept: accept(&section, findings),
            identity: identity::read(&section, findings),
            channels: channels(&section, findings),
            numbers: numbers.unwrap_or(NumberFormat::E164),
            callers: numbers,
            ping: ping(&section, findings),
            codecs: codecs(&section, findings),
            prack: section.flag("prack").is_none_or(|flag| flag.value),
            agents: section.flag("agents").is_some_and(|flag| flag.value),
            domain,
            tls,
            auto_answer: section.flag("auto_answer").is_some_and(|flag| flag.value),
            alert: alert(&section, findings),
            transfer_to: transfer_to(&section, findings),
            deflect: deflect(&section),
            account: account::read(name.value, &section, folder, findings),
        };
        trunks.push(trunk);
    }
    for (index, trunk) in trunks.iter().enumerate() {
        trunks[..index].iter().for_each(|other| hold_against(trunk, other, &trunks, findings));
    }
    trunks
}

/// The peer that is tried first; nowhere yet, where a name leads to it.
fn preferred(
    peers: &[Located<Peer>],
    found_by: Option<&Located<PeerName>>,
) -> Option<Located<(Transport, SocketAddr)>> {
    if let Some(first) = peers.first() {
        let value = (first.value.transport, first.value.address);
        return Some(Located { value, place: first.place.clone() });
    }
    let name = found_by?;
    let nowhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    Some(Located {
        value: (name.value.transport.unwrap_or(Transport::Udp), nowhere),
        place: name.place.clone(),
    })
}

fn deflect(section: &Section<'_>) -> Deflect {
    match section.text("deflect").map(|text| text.value) {
        Some("302") => Deflect::Redirect,
        Some("refer") => Deflect::Refer,
        Some("both") => Deflect::Both,
        Some(_) | None => Deflect::Off,
    }
}

fn accept(section: &Section<'_>, findings: &mut Findings) -> Vec<Located<Prefix>> {
    let mut accept = Vec::new();
    for text in section.texts("accept") {
        match Prefix::parse(text.value) {
            Some(value) => accept.push(Located { value, place: text.place }),
            None => findings.error(&text.place, wording::bad_prefix(text.value)),
        }
    }
    accept
}

fn channels(section: &Section<'_>, findings: &mut Findings) -> Option<Channels> {
    let channels = section.section("channels")?;
    let total = channels.whole("total")?.value;
    let keep_out = channels.whole("keep_out");
    if let Some(kept) = keep_out.as_ref().filter(|kept| kept.value >= total) {
        findings.error(&kept.place, wording::nothing_left(total, kept.value));
    }
    let keep_out = keep_out.map_or(0, |kept| kept.value);
    Some(Channels { total: u32::try_from(total).ok()?, keep_out: u32::try_from(keep_out).ok()? })
}

/// `<absolute URI>` and parameters, in printable ASCII (RFC 3261 section 20.4).
fn alert(section: &Section<'_>, findings: &mut Findings) -> Option<String> {
    let text = section.text("alert")?;
    let inside = text.value.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    let sound = inside.is_some_and(|(uri, params)| {
        let named = uri.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        named && !uri.contains(' ') && (params.is_empty() || params.starts_with(';'))
    });
    if !sound || !text.value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        findings.error(&text.place, wording::bad_alert(text.value));
    }
    Some(text.value.into())
}

fn transfer_to(section: &Section<'_>, findings: &mut Findings) -> Vec<Name> {
    let mut allowed = Vec::new();
    for text in section.texts("transfer_to") {
        let digits = text.value.strip_suffix('*').unwrap_or(text.value);
        let number = digits.strip_prefix('+').unwrap_or(digits);
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            findings.error(&text.place, wording::bad_transfer(text.value));
        } else {
            allowed.push(text.value.into());
        }
    }
    allowed
}

fn ping(section: &Section<'_>, findings: &mut Findings) -> Option<Duration> {
    let ping = section.duration("ping")?;
    if ping.value < Duration::from_secs(1) {
        findings.error(&ping.place, wording::ping_too_often());
    }
    Some(ping.value)
}

fn domain(section: &Section<'_>, findings: &mut Findings) -> Option<Name> {
    let text = section.text("domain")?;
    if !is_host(text.value) {
        findings.error(&text.place, wording::bad_domain(text.value));
        return None;
    }
    Some(text.value.into())
}

/// Whether it is a host name (RFC 3261 section 25.1).
pub(super) fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        let inside = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inside && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
}

fn invite_timeout(section: &Section<'_>, findings: &mut Findings) -> Option<Duration> {
    let timeout = section.duration("invite_timeout")?;
    // Below a second a lost datagram is taken for a dead peer; above, Timer B is over (RFC 3261 section 17.1.1.2).
    if !(Duration::from_secs(1)..=Duration::from_secs(32)).contains(&timeout.value) {
        findings.error(&timeout.place, wording::invite_timeout());
    }
    Some(timeout.value)
}

fn codecs(section: &Section<'_>, findings: &mut Findings) -> Vec<Codec> {
    let Some(entry) = section.entry("codecs") else { return Codec::ALL.to_vec() };
    if entry.is_empty_list() {
        findings.error(&entry.place(), wording::no_codec());
    }
    let mut codecs = Vec::new();
    for text in entry.texts() {
        match Codec::ALL.into_iter().find(|codec| codec.name() == text.value) {
            Some(codec) if codecs.contains(&codec) => {
                findings.error(&text.place, wording::codec_twice(text.value))
            }
            Some(codec) => codecs.push(codec),
            None => findings.error(&text.place, wording::unknown_codec(text.value)),
        }
    }
    codecs
}

/// Two trunks whose callers nobody could tell apart.
fn hold_against(trunk: &Trunk, other: &Trunk, all: &[Trunk], findings: &mut Findings) {
    if let (Some(name), Some(same)) = (&trunk.found_by, &other.found_by)
        && name.value == same.value
    {
        findings.error_with(
            &name.place,
            wording::peer_twice(&trunk.name, &other.name),
            &same.place,
            "the other",
        );
    }
    for peer in &trunk.peers {
        other.peers.iter().for_each(|with| hold_peers(trunk, peer, other, with, all, findings));
    }
    for prefix in &trunk.accept {
        if let Some(same) = other.accept.iter().find(|same| same.value == prefix.value) {
            let words = wording::prefix_tie(&prefix.value.to_string(), &trunk.name, &other.name);
            findings.error_with(&prefix.place, words, &same.place, "the other");
        }
    }
}

/// The same of one peer of each.
fn hold_peers(
    trunk: &Trunk,
    peer: &Located<Peer>,
    other: &Trunk,
    with: &Located<Peer>,
    all: &[Trunk],
    findings: &mut Findings,
) {
    let (place, first) = (&peer.place, &with.place);
    let (transport, address) = (peer.value.transport, peer.value.address);
    let (other_transport, other_address) = (with.value.transport, with.value.address);
    let covered = || all.iter().flat_map(|any| &any.accept).any(|prefix| prefix.value.contains(address.ip()));
    if (transport, address) == (other_transport, other_address) {
        findings.error_with(place, wording::peer_twice(&trunk.name, &other.name), first, "the other");
    } else if transport.is_reliable()
        && transport == other_transport
        && address.ip() == other_address.ip()
        && !covered()
    {
        findings.error_with(
            place,
            wording::streams_tie(transport.via_name(), &trunk.name, &other.name),
            first,
            "the other",
        );
    }
}
