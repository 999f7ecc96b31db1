//! `large_over_tcp` of a trunk: of use where it is reached over UDP, and TCP is listened on in its family.

use super::peers::{Peer, PeerName};
use super::{Listen, wording};
use crate::base::Transport;
use crate::base::finding::{Findings, Located};
use crate::base::written::Section;

/// Whether requests too large for UDP go over TCP.
pub(super) fn read(
    name: &str,
    section: &Section<'_>,
    (peers, found_by): (&[Located<Peer>], Option<&PeerName>),
    listen: &[Located<Listen>],
    findings: &mut Findings,
) -> bool {
    let Some(flag) = section.flag("large_over_tcp").filter(|flag| flag.value) else { return false };
    let over_udp = || peers.iter().filter(|peer| peer.value.transport == Transport::Udp);
    // The DNS may say UDP of a name for which no transport was written.
    let by_name = found_by.is_some_and(|name| matches!(name.transport, None | Some(Transport::Udp)));
    let written = !peers.is_empty() || found_by.is_some();
    if written && over_udp().next().is_none() && !by_name {
        findings.error(&flag.place, wording::never_over_udp(name));
    }
    let over_tcp = || listen.iter().filter(|own| own.value.transport == Transport::Tcp);
    let heard = |is_ipv4: bool| over_tcp().any(|own| own.value.address.is_ipv4() == is_ipv4);
    let mut families = over_udp().map(|peer| peer.value.address.is_ipv4());
    let unheard =
        families.find(|is_ipv4| !heard(*is_ipv4)).map(|is_ipv4| if is_ipv4 { "IPv4" } else { "IPv6" });
    if let Some(family) = unheard.filter(|_| !listen.is_empty()) {
        findings.error(&flag.place, wording::unheard_large(name, family));
    } else if by_name && !listen.is_empty() && over_tcp().next().is_none() {
        findings.error(&flag.place, wording::unheard_name(name, Transport::Tcp.name()));
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::base::finding::Source;
    use crate::settings::load;

    const SHIPPED: &str = include_str!("../../config/spillway.toml");

    fn read(text: &str) -> Result<bool, Vec<String>> {
        let text = text.replace("agents = true ", "large_over_tcp = true\nagents = true ");
        load(&Source::new("spillway.toml", &text))
            .map(|(settings, _)| settings.trunk("ipoffice").expect("written").large_over_tcp)
            .map_err(|findings| findings.into_iter().map(|finding| finding.words.message).collect())
    }

    #[test]
    fn it_is_off_until_written_and_needs_udp_there_and_tcp_here() {
        let (settings, _) = load(&Source::new("spillway.toml", SHIPPED)).expect("sound");
        assert!(!settings.trunk("ipoffice").expect("written").large_over_tcp);
        assert_eq!(read(SHIPPED), Ok(true));
        let said = |from, to| read(&SHIPPED.replace(from, to)).expect_err("refused");
        assert_eq!(
            said("udp:127.0.0.1:5080", "tcp:127.0.0.1:5080"),
            ["trunk `ipoffice` is not reached over UDP: `large_over_tcp` is of no use"]
        );
        let unheard =
            "trunk `ipoffice` is reached over tcp and IPv4 for large requests, where nothing listens";
        assert_eq!(said("\"tcp:127.0.0.1:5060\"", "\"tcp:[::1]:5060\""), [unheard]);
        assert_eq!(said(", \"tcp:127.0.0.1:5060\"", ""), [unheard]);
        let by_name = SHIPPED.replace("udp:127.0.0.1:5080", "sip:pbx.example.com");
        assert_eq!(read(&by_name), Ok(true));
        assert_eq!(
            read(&by_name.replace(", \"tcp:127.0.0.1:5060\"", "")),
            Err(vec!["trunk `ipoffice` is reached over tcp, where nothing listens".to_owned()])
        );
    }
}
