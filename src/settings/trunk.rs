//! Trunks: the networks calls come from and go to, read from spillway.toml and held against each other.

use super::account::{self, Account};
use super::{Listen, load, wording};
use crate::base::finding::{Findings, Located};
use crate::base::written::Section;
use crate::base::{Codec, Name, Transport, TrunkId};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// One `[trunk.NAME]`.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// Its place in [`super::Settings::trunks`].
    pub id: TrunkId,
    /// Its name.
    pub name: Name,
    /// Where its requests go, and the exact source its own come from.
    pub peer: Located<(Transport, SocketAddr)>,
    /// Who else may call in on it; empty means the peer's address.
    pub accept: Vec<Located<Prefix>>,
    /// Which header carries the caller's number on it, both ways.
    pub caller_header: CallerHeader,
    /// Calls at once; no limit of its own when `None`.
    pub channels: Option<Channels>,
    /// How numbers are written towards it.
    pub numbers: NumberFormat,
    /// How often it is asked whether it lives, with OPTIONS; never when `None`.
    pub ping: Option<Duration>,
    /// What it speaks, in order of preference.
    pub codecs: Vec<Codec>,
    /// Whether provisional responses may be reliable on it (RFC 3262): yes unless written otherwise.
    pub prack: bool,
    /// Whether agents' phones are behind it.
    pub agents: bool,
    /// Whether its agents' phones are asked to answer by themselves.
    pub auto_answer: bool,
    /// The Alert-Info its agents' phones ring by.
    pub alert: Option<String>,
    /// What its agents may send callers to besides what the plan knows: numbers, and prefixes with a `*` behind.
    pub transfer_to: Vec<Name>,
    /// What its peer knows us by; its challenges are refusals when `None`.
    pub account: Option<Account>,
}

/// Where the caller's number stands (`caller_in`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerHeader {
    /// In From: the default.
    From,
    /// In P-Asserted-Identity (RFC 3325); From when it is absent.
    PAssertedIdentity,
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
        let Some(text) = section.text("peer") else { continue };
        let Some(peer) = load::transport_address(text.value) else {
            findings.error(&text.place, wording::bad_peer(text.value));
            continue;
        };
        if listen.iter().any(|own| (own.value.transport, own.value.address) == peer) {
            findings.error(&text.place, wording::own_peer(name.value));
        }
        let (transport, address) = peer;
        let heard = |own: &Located<Listen>| {
            own.value.transport == transport && own.value.address.is_ipv4() == address.is_ipv4()
        };
        if !listen.is_empty() && !listen.iter().any(heard) {
            let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
            findings.error(&text.place, wording::unheard_peer(name.value, transport.name(), family));
        }
        let Ok(id) = u16::try_from(trunks.len()).map(TrunkId) else { break };
        let word = |key, word| section.text(key).is_some_and(|text| text.value == word);
        let trunk = Trunk {
            id,
            name: name.value.into(),
            peer: Located { value: peer, place: text.place },
            accept: accept(&section, findings),
            caller_header: match word("caller_in", "p-asserted-identity") {
                true => CallerHeader::PAssertedIdentity,
                false => CallerHeader::From,
            },
            channels: channels(&section, findings),
            numbers: if word("numbers", "national") { NumberFormat::National } else { NumberFormat::E164 },
            ping: ping(&section, findings),
            codecs: codecs(&section, findings),
            prack: section.flag("prack").is_none_or(|flag| flag.value),
            agents: section.flag("agents").is_some_and(|flag| flag.value),
            auto_answer: section.flag("auto_answer").is_some_and(|flag| flag.value),
            alert: alert(&section, findings),
            transfer_to: transfer_to(&section, findings),
            account: account::read(name.value, &section, folder, findings),
        };
        trunks.push(trunk);
    }
    for (index, trunk) in trunks.iter().enumerate() {
        trunks[..index].iter().for_each(|other| hold_against(trunk, other, &trunks, findings));
    }
    trunks
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
    let (place, first) = (&trunk.peer.place, &other.peer.place);
    let ((transport, address), (other_transport, other_address)) = (trunk.peer.value, other.peer.value);
    let covered = || all.iter().flat_map(|any| &any.accept).any(|prefix| prefix.value.contains(address.ip()));
    if address.is_ipv4() != other_address.is_ipv4() {
        findings.error_with(place, wording::families(&trunk.name, &other.name), first, "the other");
    } else if (transport, address) == (other_transport, other_address) {
        findings.error_with(place, wording::peer_twice(&trunk.name, &other.name), first, "the other");
    } else if (transport, other_transport) == (Transport::Tcp, Transport::Tcp)
        && address.ip() == other_address.ip()
        && !covered()
    {
        findings.error_with(place, wording::streams_tie(&trunk.name, &other.name), first, "the other");
    }
    for prefix in &trunk.accept {
        if let Some(same) = other.accept.iter().find(|same| same.value == prefix.value) {
            let words = wording::prefix_tie(&prefix.value.to_string(), &trunk.name, &other.name);
            findings.error_with(&prefix.place, words, &same.place, "the other");
        }
    }
}
