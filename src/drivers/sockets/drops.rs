//! What the kernel dropped before we read it: a datagram that found its socket's buffer full leaves no other trace. Read
//! by whoever wants to know, never on the engine's thread: the list holds every UDP socket of the machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Datagrams the kernel dropped at these sockets since they were bound; nothing where it does not say.
#[must_use]
pub fn dropped(addresses: &[SocketAddr]) -> Option<u64> {
    let lists = ["/proc/net/udp", "/proc/net/udp6"].map(|path| std::fs::read_to_string(path).ok());
    lists.iter().any(Option::is_some).then(|| {
        let lines = lists.iter().flatten().flat_map(|list| list.lines().skip(1));
        let ours = lines.filter_map(read).filter(|(address, _)| addresses.contains(address));
        ours.map(|(_, drops)| drops).sum()
    })
}

/// The local address and the drops of a line (proc_net_udp(5): the second field and the last).
fn read(line: &str) -> Option<(SocketAddr, u64)> {
    let mut fields = line.split_ascii_whitespace();
    let (ip, port) = fields.nth(1)?.split_once(':')?;
    let address = SocketAddr::new(read_ip(ip)?, u16::from_str_radix(port, 16).ok()?);
    Some((address, fields.next_back()?.parse().ok()?))
}

/// An address as the kernel prints it: words in the machine's own order.
fn read_ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let digits = hex.get(at * 8..at * 8 + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (at, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(at)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn what_a_full_buffer_drops_is_counted_at_its_own_socket() {
        for ip in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
            let bind = || socket2::SockRef::from(&UdpSocket::bind((ip, 0)).expect("loopback")).try_clone();
            let (full, empty): (UdpSocket, UdpSocket) =
                (bind().expect("a socket").into(), bind().expect("a socket").into());
            socket2::SockRef::from(&full).set_recv_buffer_size(1).expect("a socket option");
            let address = |socket: &UdpSocket| socket.local_addr().expect("bound");
            let sent = (0..200).filter(|_| empty.send_to(&[0; 1_000], address(&full)).is_ok()).count();
            let dropped_at = |socket: &UdpSocket| dropped(&[address(socket)]).expect("Linux");
            full.set_nonblocking(true).expect("a socket option");
            let held = std::iter::from_fn(|| full.recv(&mut [0; 1_000]).ok()).count();
            assert_eq!(dropped_at(&full), (sent - held) as u64);
            assert!(dropped_at(&full) > 0);
            assert_eq!(dropped_at(&empty), 0);
        }
    }
}
