//! Which of this machine's addresses each trunk is concerned with, where the kernel alone knows: what stands for all of
//! them, where audio is received. Must never open what it asks about.

use super::ServeError;
use crate::base::limits;
use crate::engine::{EngineTrunk, MediaAddress};
use crate::settings::{self, Trunk};
use crate::signaling::Listen;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// What peers are told instead of a wildcard: the address from which every trunk of its kind is reached. Any of them may
/// call in on it and is told to come back there, so they must agree, but for those that are shown an address of their
/// own; `towards` says what each sees.
pub(super) fn advertised(
    listen: settings::Listen,
    bound: SocketAddr,
    trunks: &[Trunk],
    towards: impl Fn(SocketAddr) -> io::Result<IpAddr>,
) -> Result<Option<SocketAddr>, ServeError> {
    if !bound.ip().is_unspecified() {
        return Ok(None);
    }
    let (mut told, mut hidden): (Option<(&Trunk, IpAddr)>, _) = (None, None);
    let peers = trunks.iter().flat_map(|trunk| trunk.peers.iter().map(move |peer| (trunk, peer.value)));
    for (trunk, peer) in peers.filter(|(_, peer)| peer.address.is_ipv4() == bound.is_ipv4()) {
        let (transport, peer) = (peer.transport, peer.address);
        let own =
            towards(peer).map_err(|source| ServeError::NoWay { trunk: trunk.name.clone(), peer, source })?;
        if (transport, peer) == (listen.transport, SocketAddr::new(own, bound.port())) {
            return Err(ServeError::OwnPeer { trunk: trunk.name.clone() });
        }
        match told {
            _ if trunk.own.advertised.is_some() => hidden = hidden.or(Some(own)),
            Some((other, address)) if address != own => {
                let trunks = [other.name.clone(), trunk.name.clone()];
                return Err(ServeError::Wildcard { listen, trunks, addresses: [address, own] });
            }
            Some(_) => {}
            None => told = Some((trunk, own)),
        }
    }
    let address = told.map(|(_, address)| address).or(hidden);
    Ok(address.map(|address| SocketAddr::new(address, bound.port())))
}

/// Our own addresses where one trunk is concerned.
pub(super) struct Near {
    /// What it is shown of us.
    pub shown: SocketAddr,
    /// Where its audio is received.
    pub media: MediaAddress,
}

/// Those its settings name, and the address its requests leave from where they don't.
pub(super) fn near(trunk: &Trunk, listens: &[Listen]) -> io::Result<Near> {
    let (transport, peer) = trunk.peer.value;
    let written = |own: &Option<crate::base::finding::Located<IpAddr>>| own.as_ref().map(|own| own.value);
    let preferred = written(&trunk.own.listen);
    let leaving = listens.iter().find(|listen| {
        let same_kind = trunk.found_by.is_some() || listen.address.is_ipv4() == peer.is_ipv4();
        let is_named = preferred.is_none_or(|preferred| listen.address.ip() == preferred);
        listen.transport == transport && same_kind && is_named
    });
    let leaving =
        leaving.map_or_else(|| SocketAddr::new(unspecified_like(peer.ip()), 0), |listen| listen.address);
    let local = match written(&trunk.own.media) {
        Some(media) => media,
        None if leaving.ip().is_unspecified() => local_address_towards(peer)?,
        None => leaving.ip(),
    };
    let advertised = written(&trunk.own.advertised);
    Ok(Near {
        shown: SocketAddr::new(advertised.unwrap_or(leaving.ip()), leaving.port()),
        media: MediaAddress { told: advertised.unwrap_or(local), bound: local },
    })
}

/// Where audio is received: at the addresses trunks and phones are told, so that two services of one machine may use the
/// same ports. Everywhere of a kind where SIP is too, unless a trunk's audio was given a place of its own: sockets of one
/// address leave no port to those of all.
pub(super) fn media_addresses(
    listens: &[Listen],
    trunks: &[EngineTrunk],
    has_phones: bool,
    written: &[Trunk],
) -> Result<Vec<IpAddr>, ServeError> {
    let to_phones = listens.iter().filter(|_| has_phones).map(|listen| listen.public().ip());
    let of_trunks = trunks.iter().flat_map(|trunk| {
        // Who calls by the other kind of address is told the one its call came to.
        let calls_in = |ip: IpAddr| trunk.peer.accept.iter().any(|(from, _)| from.is_ipv4() == ip.is_ipv4());
        let told = trunk.media.bound;
        let others = listens.iter().map(|listen| listen.public().ip());
        std::iter::once(told).chain(others.filter(move |ip| ip.is_ipv4() != told.is_ipv4() && calls_in(*ip)))
    });
    let mut needed: Vec<IpAddr> = Vec::new();
    for address in of_trunks.chain(to_phones) {
        if !needed.contains(&address) {
            needed.push(address);
        }
    }
    for every in [IpAddr::from(Ipv4Addr::UNSPECIFIED), Ipv6Addr::UNSPECIFIED.into()] {
        let like = |ip: IpAddr| ip.is_ipv4() == every.is_ipv4();
        let media = |trunk: &Trunk| trunk.own.media.as_ref().map(|media| media.value).filter(|ip| like(*ip));
        let own = written.iter().find_map(|trunk| Some((trunk, media(trunk)?)));
        let is_heard = listens.iter().any(|listen| listen.address.ip() == every);
        match own {
            Some((trunk, address)) if needed.contains(&every) => {
                return Err(ServeError::AudioEverywhere { trunk: trunk.name.clone(), address });
            }
            None if needed.contains(&every) || is_heard && needed.iter().any(|ip| like(*ip)) => {
                needed.retain(|ip| !like(*ip));
                needed.push(every);
            }
            Some(_) | None => {}
        }
    }
    if needed.is_empty() {
        needed.push(Ipv4Addr::UNSPECIFIED.into());
    }
    if needed.len() > limits::MEDIA_ADDRESSES {
        return Err(ServeError::MediaAddresses { count: needed.len() });
    }
    Ok(needed)
}

/// Whether this machine has the addresses audio is to be received at.
pub(super) fn are_here(trunks: &[Trunk]) -> Result<(), ServeError> {
    for trunk in trunks {
        if let Some(media) = &trunk.own.media {
            let (trunk, address) = (trunk.name.clone(), media.value);
            UdpSocket::bind((address, 0)).map_err(|source| ServeError::MediaAddress {
                trunk,
                address,
                source,
            })?;
        }
    }
    Ok(())
}

/// The local address the kernel would send from. Connecting a UDP socket sends nothing.
pub(super) fn local_address_towards(peer: SocketAddr) -> io::Result<IpAddr> {
    let socket = UdpSocket::bind((unspecified_like(peer.ip()), 0))?;
    socket.connect(peer)?;
    Ok(socket.local_addr()?.ip())
}

fn unspecified_like(address: IpAddr) -> IpAddr {
    if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}
