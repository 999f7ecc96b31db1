//! What stories say and read word for word on the simulated wire, and trunks configured for one story. Must never play a
//! station's part: those speak for themselves.

use super::network::Datagram;
use super::{IPOFFICE, Invariants, Outcomes, Weather, Wired, site};
use spillway::base::{LegId, Random};
use spillway::dialplan::Plan;
use spillway::engine::{Engine, EngineTrunk};
use spillway::media::Board;
use std::net::SocketAddr;
use std::sync::Arc;

impl Wired {
    /// A message of another make, sent from a station's address.
    pub fn says(&mut self, station: usize, message: &[u8]) {
        let from = self.stations[station].config().sip;
        let datagram = Datagram { sip: true, from, to: site::SIP, bytes: message.to_vec() };
        self.network.carry(self.now.moment, datagram);
    }

    /// A message from somebody who is no station: [`GATEWAY`], of another make, or a [`STRANGER`].
    pub fn says_from(&mut self, from: SocketAddr, message: &[u8]) {
        let datagram = Datagram { sip: true, from, to: site::SIP, bytes: message.to_vec() };
        self.network.carry(self.now.moment, datagram);
    }

    /// A packet of audio from one of those, to one of our ports.
    #[allow(dead_code, reason = "for stories of audio")]
    pub fn sends_audio(&mut self, from: SocketAddr, to: u16, packet: &[u8]) {
        let to = SocketAddr::new(site::SPILLWAY.into(), to);
        let datagram = Datagram { sip: false, from, to, bytes: packet.to_vec() };
        self.network.carry(self.now.moment, datagram);
    }

    /// Our port towards a leg's far end.
    #[allow(dead_code, reason = "for stories of audio")]
    pub fn port_of(&self, leg: LegId) -> Option<u16> {
        self.ears.port(leg).map(|port| port.number)
    }

    /// What came to an address of those since it was last looked at.
    pub fn letters(&mut self, to: SocketAddr) -> Vec<String> {
        let theirs = self.packets(to).into_iter();
        theirs.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }

    /// The same, byte by byte.
    pub fn packets(&mut self, to: SocketAddr) -> Vec<Vec<u8>> {
        let (theirs, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.letters).into_iter().partition(|(at, _)| *at == to);
        self.letters = others;
        theirs.into_iter().map(|(_, bytes)| bytes).collect()
    }

    /// What the agents of the IPBX may send callers to besides what the plan knows.
    #[allow(dead_code, reason = "for stories of transfers")]
    pub fn may_transfer_to(plan: &Arc<Plan>, allowed: &[&str], seed: u64) -> Self {
        Self::with_ipoffice(plan, seed, |trunk| {
            trunk.line.transfer_to = allowed.iter().map(|text| (*text).into()).collect();
        })
    }

    /// A world whose trunk to the IPBX is configured otherwise.
    #[allow(dead_code, reason = "for stories of trunks")]
    pub fn with_ipoffice(plan: &Arc<Plan>, seed: u64, change: impl FnOnce(&mut EngineTrunk)) -> Self {
        let mut world = Self::new(plan, Weather::CLEAR, true, seed);
        let mut config = site::engine(plan, true);
        change(&mut config.trunks[IPOFFICE]);
        world.engine = Engine::new(world.now, config, Random::from_number(seed));
        world.outcomes = Outcomes::default();
        world.invariants = Invariants::new(Arc::clone(plan));
        world.disk.clear();
        world.board = Board::new(0, Random::from_number(seed));
        world.opening.clear();
        world.settle();
        world
    }
}
