//! What stories say and read word for word on the simulated wire, and trunks configured for one story. Must never play a
//! station's part: those speak for themselves.

use super::network::Datagram;
use super::{IPOFFICE, Invariants, Outcomes, Weather, Wired, site};
use spillway::base::Random;
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

    /// What came to an address of those since it was last looked at.
    pub fn letters(&mut self, to: SocketAddr) -> Vec<String> {
        let (theirs, others) = std::mem::take(&mut self.letters).into_iter().partition(|(at, _)| *at == to);
        self.letters = others;
        let theirs: Vec<(SocketAddr, Vec<u8>)> = theirs;
        theirs.into_iter().map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()).collect()
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
