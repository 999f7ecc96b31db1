//! A machine on several networks: what each trunk sees of it in SIP and in audio, over IPv4, over IPv6 and across.

use crate::machine::in_real_time;
use crate::party::{Party, field, told};
use crate::place::{CALLERS, OPERATOR, PBX, Place, SPILLWAY};
use crate::process::until;
use crate::service::{Service, Setting};
use std::io::Read;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
/// More addresses of the service: listened on towards the operator, told to it, for its audio.
const OUTSIDE: u8 = 5;
const SHOWN: u8 = 6;
const AUDIO: u8 = 7;
const SIXTH: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

const SITE: &str = r#"
version = 1
[site]
name     = "Réseaux"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ go = "technique" }]
[queue.technique]
via      = "ipbx1"
agents   = { Nadia = 201 }
ring     = "20s"
hold     = { music = "attente" }
overflow = [{ after = "60s", to = "rappelez" }]
[message.rappelez]
play = "rappelez"
[prompts]
rappelez  = "200 Hz"
[music]
attente = "musique/*.wav"
"#;

/// Two trunks with these words in them, one caller who may come from anywhere here.
fn settings(place: &Place, listen: &[SocketAddr], [operator, ipbx]: [(SocketAddr, &str); 2]) -> String {
    let listen: Vec<String> = listen.iter().map(|address| format!("\"udp:{address}\"")).collect();
    format!(
        "version = 1\ndialplans = \"dialplans\"\ndata = \"data\"\n\n[sip]\nlisten = [{}]\n\n\
         [media]\nports = \"{}\"\n\n[http]\nlisten = \"{}:8080\"\n\n\
         [trunk.operateur]\npeer = \"udp:{}\"\naccept = [\"127.0.0.0/8\", \"::1/128\"]\ncodecs = [\"pcma\"]\n{}\n\n\
         [trunk.ipbx1]\npeer = \"udp:{}\"\ncodecs = [\"pcma\"]\nagents = true\n{}\n",
        listen.join(", "),
        place.rtp_ports(),
        place.ip(SPILLWAY),
        operator.0,
        operator.1,
        ipbx.0,
        ipbx.1,
    )
}

fn place() -> Place {
    let place = Place::new();
    place.prompt("rappelez", 200.0, 1.0);
    place.music(520.0);
    place
}

fn serve<'a>(place: &'a Place, settings: &str) -> Service<'a> {
    Setting::new(place).serve_as(settings, SITE)
}

/// A port of the IPv6 loopback address, which is one for everybody here.
fn free_port() -> u16 {
    UdpSocket::bind((SIXTH, 0)).and_then(|socket| socket.local_addr()).expect("IPv6 on loopback").port()
}

/// A caller and an agent, connected.
struct Connected {
    invited: String,
    answered: String,
    /// What Spillway said to the agent.
    offered: String,
}

fn connect(caller: &Party, agent: &Party, service: SocketAddr) -> Connected {
    let invited = caller.invites("0384961370", service);
    connect_invited(caller, agent, service, invited)
}

fn connect_invited(caller: &Party, agent: &Party, service: SocketAddr, invited: String) -> Connected {
    let answered = caller.hears("SIP/2.0 200", SOON);
    caller.acknowledges(&invited, &answered, service);
    let offered = agent.hears("INVITE", SOON);
    agent.answers(&offered);
    agent.hears("ACK", SOON);
    Connected { invited, answered, offered }
}

/// Both speak, each hears the other from `near`, that address of ours.
fn talk(caller: &Party, agent: &Party, call: &Connected, near: [SocketAddr; 2]) {
    let heard = Party::talk([(caller, near[0]), (agent, near[1])]);
    for (packets, (own, other)) in heard.iter().zip([(near[0], agent), (near[1], caller)]) {
        let from_other = packets.iter().filter(|(_, byte)| *byte == other.speaks).count();
        let from_there = packets.iter().filter(|(source, _)| *source == own).count();
        assert!(from_other > 20, "heard from the other: {from_other} packets");
        assert_eq!(from_there, packets.len(), "every packet comes from {own}");
    }
    let bye = caller.hangs_up(&call.invited, &call.answered);
    caller.hears("SIP/2.0 200", SOON);
    agent.answers(&agent.hears("BYE", SOON));
    assert!(bye.starts_with("BYE"), "{bye}");
}

#[test]
fn each_trunk_sees_one_address_of_ours_in_sip_and_in_audio() {
    in_real_time(|| {
        let place = place();
        let [inside, outside, shown, audio] =
            [SPILLWAY, OUTSIDE, SHOWN, AUDIO].map(|host| IpAddr::from(place.ip(host)));
        let [operator, ipbx] = [OPERATOR, PBX].map(|host| SocketAddr::from((place.ip(host), 5060)));
        let own = format!(
            "address = {{ listen = \"{outside}\", advertised = \"{shown}\", media = \"{audio}\" }}\nping = \"1s\""
        );
        let listen = [(inside, 5060).into(), (outside, 5060).into()];
        let service = serve(&place, &settings(&place, &listen, [(operator, &own), (ipbx, "")]));
        let carrier = Party::new(operator, 0x2a);
        let agent = Party::new(ipbx, 0x55);

        let (options, source) = carrier.hears_from("OPTIONS", SOON);
        assert_eq!(source, (outside, 5060).into(), "requests leave from where the trunk says");
        assert!(field(&options, "Via").contains(&format!("{shown}:5060")), "{options}");
        assert!(!options.contains(&outside.to_string()), "the network behind is not shown: {options}");
        carrier.answers(&options);

        let call = connect(&carrier, &agent, (outside, 5060).into());
        assert!(field(&call.answered, "Contact").contains(&format!("{shown}:5060")), "{}", call.answered);
        assert_eq!(told(&call.answered).ip(), shown);
        for name in ["Via", "Contact"] {
            assert!(field(&call.offered, name).contains(&format!("{inside}:5060")), "{}", call.offered);
        }
        assert_eq!(told(&call.offered).ip(), inside);
        let (near, far) = (SocketAddr::new(audio, told(&call.answered).port()), told(&call.offered));
        talk(&carrier, &agent, &call, [near, far]);
        service.records(1, SOON);
        assert_eq!(service.sql("SELECT outcome, agent FROM calls"), "answered|Nadia");
    });
}

#[test]
fn a_call_over_ipv6_is_heard_both_ways() {
    in_real_time(|| {
        let place = place();
        let [own, operator, ipbx] = [(); 3].map(|()| SocketAddr::new(SIXTH, free_port()));
        let service = serve(&place, &settings(&place, &[own], [(operator, ""), (ipbx, "")]));
        let (caller, agent) = (Party::new(operator, 0x2a), Party::new(ipbx, 0x55));
        let call = connect(&caller, &agent, own);
        let near = [told(&call.answered), told(&call.offered)];
        assert_eq!(near.map(|address| address.ip()), [SIXTH; 2]);
        assert!(call.offered.contains("Contact: <sip:[::1]:"), "{}", call.offered);
        talk(&caller, &agent, &call, near);
        service.records(1, SOON);
    });
}

#[test]
fn a_caller_over_ipv4_and_an_agent_over_ipv6_hear_each_other() {
    in_real_time(|| {
        let place = place();
        let (own, own_sixth) =
            (SocketAddr::from((place.ip(SPILLWAY), 5060)), SocketAddr::new(SIXTH, free_port()));
        let operator = SocketAddr::from((place.ip(OPERATOR), 5060));
        let ipbx = SocketAddr::new(SIXTH, free_port());
        let service = serve(&place, &settings(&place, &[own, own_sixth], [(operator, ""), (ipbx, "")]));
        let agent = Party::new(ipbx, 0x55);
        let caller = Party::new((place.ip(CALLERS), 5060).into(), 0x2a);
        let call = connect(&caller, &agent, own);
        let near = [told(&call.answered), told(&call.offered)];
        assert_eq!(near.map(|address| address.ip()), [own.ip(), SIXTH]);
        talk(&caller, &agent, &call, near);

        // The same trunk's caller by the other kind of address is told that of ours.
        let caller = Party::new(SocketAddr::new(SIXTH, free_port()), 0x33);
        let call = connect(&caller, &agent, own_sixth);
        let near = [told(&call.answered), told(&call.offered)];
        assert_eq!(near.map(|address| address.ip()), [SIXTH; 2]);
        talk(&caller, &agent, &call, near);
        service.records(2, SOON);
        service.comes_to_rest(Duration::from_secs(45));
    });
}

#[test]
fn a_large_invite_goes_over_tcp_and_over_udp_where_nobody_takes_it_there() {
    in_real_time(|| {
        let place = place();
        let [own, operator, ipbx] =
            [SPILLWAY, OPERATOR, PBX].map(|host| SocketAddr::from((place.ip(host), 5060)));
        let written = settings(&place, &[own], [(operator, ""), (ipbx, "large_over_tcp = true")]);
        let both = written.replace("listen = [", &format!("listen = [\"tcp:{own}\", "));
        let service = serve(&place, &both);
        let (caller, agent) = (Party::new(operator, 0x2a), Party::new(ipbx, 0x55));
        // The agent is shown the caller's name.
        let name = "Zoé ".repeat(400);

        let refused = connect_invited(&caller, &agent, own, caller.invites_as(&name, "0384961370", own));
        assert!(refused.offered.len() > 1_300, "{} bytes", refused.offered.len());
        assert!(field(&refused.offered, "Via").starts_with("SIP/2.0/UDP "), "{}", refused.offered);
        talk(&caller, &agent, &refused, [told(&refused.answered), told(&refused.offered)]);

        let listener = TcpListener::bind(ipbx).expect("nobody else has this address");
        let caller = Party::new((place.ip(CALLERS), 5060).into(), 0x33);
        let invited = caller.invites_as(&name, "0384961370", own);
        listener.set_nonblocking(true).expect("a socket option");
        let (mut stream, from) = until(SOON, || listener.accept().ok()).expect("a connection");
        stream.set_nonblocking(false).expect("a socket option");
        stream.set_read_timeout(Some(SOON)).expect("a socket option");
        assert_eq!(from.ip(), own.ip(), "peers know us by where we listen");
        let mut read = vec![0; 1_300];
        stream.read_exact(&mut read).expect("more than fits a datagram");
        let read = String::from_utf8_lossy(&read).into_owned();
        assert!(read.starts_with("INVITE sip:201@"), "{read}");
        assert!(field(&read, "Via").starts_with("SIP/2.0/TCP "), "{read}");
        // Whoever took the connection does nothing with it.
        drop((stream, listener));
        let call = connect_invited(&caller, &agent, own, invited);
        talk(&caller, &agent, &call, [told(&call.answered), told(&call.offered)]);
        service.records(2, SOON);
    });
}
