//! Offer and answer (RFC 3264) of one leg: one voice line, every other line refused in its place.
//! Must never know of messages: bodies in, bodies out. Never holds two offers at once.

use super::media::{Codecs, LocalMedia, RemoteMedia};
use crate::base::codec::TELEPHONE_EVENT;
use crate::base::{Codec, PayloadTypes};
use crate::wire::sdp::{Direction, Format, MediaKind, MediaLine, Origin, SessionDescription};
use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

/// Audio in our packets, and in theirs when they do not say.
const PTIME_MS: u16 = 20;

/// Why a description can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unacceptable {
    /// It is no description, or answers something else than what was offered.
    Malformed,
    /// No voice line we could take.
    NothingInCommon,
}

/// Whose offer waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nobodys,
    Theirs,
    Ours,
}

/// What a leg's two sides have said of their media.
#[derive(Debug)]
pub(super) struct Negotiation {
    /// Whether we speak IPv6 on this leg: media of the other family would never arrive.
    ipv6: bool,
    /// Our session, the same for the leg's life (RFC 3264 section 8).
    session: u64,
    version: u64,
    open: Open,
    local: Option<LocalMedia>,
    /// Ours before the offer that is open.
    before: Option<LocalMedia>,
    /// The payload types of our offers: theirs once we answered with them, for none may change what it stands for
    /// (RFC 3264 section 8.3.2).
    numbers: PayloadTypes,
    /// That of telephone events.
    digits: u8,
    /// The last description we sent.
    said: Vec<u8>,
    remote: Option<RemoteMedia>,
    /// What the leg's owner knows of theirs.
    told: Option<RemoteMedia>,
    /// The place of the voice line.
    place: usize,
    /// Its transport: an answer repeats the offer's (RFC 3264 section 6).
    protocol: Cow<'static, str>,
    /// The other lines, refused.
    refused: Vec<MediaLine>,
}

/// What we offer.
const PROTOCOL: &str = "RTP/AVP";

impl Negotiation {
    pub(super) const fn new(session: u64, near: SocketAddr) -> Self {
        Self {
            ipv6: near.is_ipv6(),
            session,
            version: session,
            open: Open::Nobodys,
            local: None,
            before: None,
            numbers: PayloadTypes::STATIC,
            digits: TELEPHONE_EVENT,
            said: Vec::new(),
            remote: None,
            told: None,
            place: 0,
            protocol: Cow::Borrowed(PROTOCOL),
            refused: Vec::new(),
        }
    }

    /// What theirs is now.
    pub(super) const fn remote(&self) -> Option<&RemoteMedia> {
        self.remote.as_ref()
    }

    /// Whether our offer waits for their answer.
    pub(super) fn awaits_answer(&self) -> bool {
        self.open == Open::Ours
    }

    /// Whether `media` is other than what the leg's owner was told; it counts as told from now on.
    pub(super) fn is_news(&mut self, media: &RemoteMedia) -> bool {
        // What else they could take says nothing of what flows, and a refresh may tell it differently.
        let same = |told: &RemoteMedia| *told == RemoteMedia { codecs: told.codecs.clone(), ..media.clone() };
        let news = !self.told.as_ref().is_some_and(same);
        if news {
            self.told = Some(media.clone());
        }
        news
    }

    /// Takes their offer: the first voice line with a codec of `allowed`.
    pub(super) fn hear_offer(&mut self, body: &[u8], allowed: &[Codec]) -> Result<RemoteMedia, Unacceptable> {
        debug_assert_ne!(self.open, Open::Ours, "never two offers outstanding");
        let session = SessionDescription::parse(body).map_err(|_| Unacceptable::Malformed)?;
        // A line once there stays there, if only refused (RFC 3264 section 8).
        if self.remote.is_some() && session.media.len() <= self.refused.len() {
            return Err(Unacceptable::Malformed);
        }
        // A new offer is answered with the media we have, so it must fit them.
        let ours = self.local.as_ref().map(|local| &local.codecs);
        let allowed: Codecs =
            allowed.iter().copied().filter(|codec| ours.is_none_or(|ours| ours.contains(codec))).collect();
        let mut usable = session.media.iter().enumerate();
        let found = usable.find_map(|(place, line)| Some((place, read(line, &allowed, self.ipv6)?)));
        let (place, remote) = found.ok_or(Unacceptable::NothingInCommon)?;
        self.place = place;
        self.protocol = Cow::Owned(session.media[place].protocol.clone());
        self.refused = session.media.into_iter().map(refuse).collect();
        self.refused.remove(place);
        self.open = Open::Theirs;
        self.remote = Some(remote.clone());
        self.told.get_or_insert_with(|| remote.clone());
        Ok(remote)
    }

    /// Our answer to their offer, or the same again; nothing when `local` takes none of its codecs.
    pub(super) fn answer(&mut self, local: &LocalMedia) -> Option<Vec<u8>> {
        let remote = self.remote.as_mut().filter(|_| self.open != Open::Ours)?;
        let taken = |codec: &Codec| remote.codecs.contains(codec) && local.codecs.contains(codec);
        // A codec in use is kept as long as both still have it.
        let current = self.told.as_ref().filter(|_| self.local.is_some()).map(|told| told.codec);
        let codec = current.filter(taken).or_else(|| remote.codecs.iter().copied().find(taken))?;
        remote.codec = codec;
        if let (None, Some(told)) = (&self.local, &mut self.told) {
            // Whoever narrows the choice knows what is left of it.
            told.codec = codec;
        }
        self.numbers = remote.payload_types;
        self.digits = remote.dtmf.unwrap_or(self.digits);
        let voice = Format::numbered(codec, self.numbers.of(codec));
        let formats = [voice].into_iter().chain(remote.dtmf.map(Format::digits)).collect();
        let direction = within(local.direction, remote.direction.reversed());
        self.open = Open::Nobodys;
        self.local = Some(local.clone());
        Some(self.describe(local.rtp, formats, direction))
    }

    /// Our answer to their new offer, with the media we have.
    pub(super) fn answer_alike(&mut self) -> Option<Vec<u8>> {
        let local = self.local.clone()?;
        self.answer(&local)
    }

    /// Whether their offer was heard, so that an answer is due rather than an offer.
    pub(super) const fn owes_answer(&self) -> bool {
        self.remote.is_some()
    }

    /// An offer of ours.
    pub(super) fn offer(&mut self, local: &LocalMedia) -> Vec<u8> {
        debug_assert_eq!(self.open, Open::Nobodys, "never two offers outstanding");
        self.open = Open::Ours;
        self.before = self.local.replace(local.clone());
        let voices = local.codecs.iter().map(|codec| Format::numbered(*codec, self.numbers.of(*codec)));
        let formats = voices.chain([Format::digits(self.event_number())]).collect();
        self.describe(local.rtp, formats, local.direction)
    }

    /// The payload type of telephone events in our next offer: never one that stands for a codec already.
    fn event_number(&self) -> u8 {
        let mut numbers = (self.digits..=127).chain(96..self.digits);
        numbers.find(|number| self.numbers.codec(*number).is_none()).unwrap_or(self.digits)
    }

    /// The media we have, as an offer.
    pub(super) fn offer_again(&mut self) -> Vec<u8> {
        let local = self.local.clone().expect("an established leg has described itself");
        self.offer(&local)
    }

    /// The last description we sent, as an offer that changes nothing (RFC 4028 section 7.4): not a byte of it differs, so
    /// neither does the version in its origin.
    pub(super) fn offer_unchanged(&mut self) -> Vec<u8> {
        debug_assert_eq!(self.open, Open::Nobodys, "never two offers outstanding");
        self.open = Open::Ours;
        self.before.clone_from(&self.local);
        self.said.clone()
    }

    /// Our offer was refused: both sides stay as they were (RFC 3264 section 8).
    pub(super) fn withdraw(&mut self) {
        if self.open == Open::Ours {
            self.open = Open::Nobodys;
            self.local = self.before.take();
        }
    }

    /// Takes their answer to our offer.
    pub(super) fn hear_answer(
        &mut self,
        body: &[u8],
        allowed: &[Codec],
    ) -> Result<RemoteMedia, Unacceptable> {
        let remote = self.preview(body, allowed)?;
        self.settle(remote.clone());
        Ok(remote)
    }

    /// Reads an answer that may still change: a provisional response's.
    pub(super) fn preview(&self, body: &[u8], allowed: &[Codec]) -> Result<RemoteMedia, Unacceptable> {
        let local = self.local.as_ref().filter(|_| self.open == Open::Ours).ok_or(Unacceptable::Malformed)?;
        let session = SessionDescription::parse(body).map_err(|_| Unacceptable::Malformed)?;
        if session.media.len() != self.refused.len() + 1 {
            return Err(Unacceptable::Malformed);
        }
        let offered: Codecs = allowed.iter().copied().filter(|codec| local.codecs.contains(codec)).collect();
        read(&session.media[self.place], &offered, self.ipv6).ok_or(Unacceptable::NothingInCommon)
    }

    /// Their answer is final.
    pub(super) fn settle(&mut self, remote: RemoteMedia) {
        self.open = Open::Nobodys;
        self.told.get_or_insert_with(|| remote.clone());
        self.remote = Some(remote);
    }

    /// Writes our description; its version rises by one when it differs from the last.
    fn describe(&mut self, rtp: SocketAddr, formats: Vec<Format>, direction: Direction) -> Vec<u8> {
        let voice = MediaLine {
            kind: MediaKind::Audio,
            port: rtp.port(),
            protocol: self.protocol.clone().into_owned(),
            formats,
            connection: Some(rtp.ip()),
            direction,
            ptime_ms: Some(PTIME_MS),
            rtcp_port: None,
        };
        let mut media = self.refused.clone();
        media.insert(self.place.min(media.len()), voice);
        let mut session = SessionDescription {
            origin: Origin {
                username: "-".into(),
                session_id: self.session,
                version: self.version,
                address: rtp.ip(),
            },
            connection: Some(rtp.ip()),
            media,
        };
        let mut body = session.write();
        if !self.said.is_empty() && body != self.said {
            self.version += 1;
            session.origin.version = self.version;
            body = session.write();
        }
        self.said.clone_from(&body);
        body
    }
}

/// What a line says, if it is voice with a codec of `allowed`, to one host we can reach.
fn read(line: &MediaLine, allowed: &[Codec], ipv6: bool) -> Option<RemoteMedia> {
    let ip = line.connection.filter(|_| line.is_usable_audio())?;
    let reachable = |ip: IpAddr| ip.is_ipv6() == ipv6 && is_one_host(ip);
    if !reachable(ip) || line.rtcp_port.is_some_and(|(_, ip)| ip.is_some_and(|ip| !reachable(ip))) {
        return None;
    }
    let offered = line.formats.iter().filter_map(|format| Some((format.codec()?, format.payload_type()?)));
    let (mut codecs, mut payload_types) = (Codecs::new(), PayloadTypes::STATIC);
    for (codec, number) in offered.filter(|(codec, number)| PayloadTypes::fits(*codec, *number)) {
        // A codec listed twice goes under the number its sender likes better.
        if allowed.contains(&codec) && !codecs.contains(&codec) {
            codecs.push(codec);
            payload_types.assign(codec, number);
        }
    }
    let (rtcp_port, rtcp_ip) = line.rtcp_port.unwrap_or((line.port.saturating_add(1), None));
    Some(RemoteMedia {
        rtp: SocketAddr::new(ip, line.port),
        rtcp: SocketAddr::new(rtcp_ip.unwrap_or(ip), rtcp_port),
        codec: *codecs.first()?,
        codecs,
        payload_types,
        dtmf: line.telephone_event(),
        direction: line.direction,
        ptime_ms: line.ptime_ms.filter(|ptime| *ptime > 0).unwrap_or(PTIME_MS),
    })
}

/// Never many at once: whoever names a group would have us flood it. The unspecified address is a hold of old.
fn is_one_host(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !ip.is_multicast() && !broadcast
}

/// A line as our refusal repeats it (RFC 3264 section 6): port 0, one format.
fn refuse(mut line: MediaLine) -> MediaLine {
    line.port = 0;
    line.formats.truncate(1);
    line.connection = None;
    line.direction = Direction::Inactive;
    line.ptime_ms = None;
    line.rtcp_port = None;
    line
}

/// What is left when each side allows only its own.
const fn within(ours: Direction, theirs: Direction) -> Direction {
    Direction::of(ours.sends() && theirs.sends(), ours.receives() && theirs.receives())
}
