//! The field of play: the server's process on one side, a trunk and an IPBX on the other. Must never know the scenario.

use crate::process::Process;
use crate::row::Row;
use crate::server::Server;
use crate::site::{self, Site};
use spillway::base::{Moment, Random};
use spillway::drivers::stations::{StationId, Stations, free_port};
use spillway::endpoint::Dial;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tempfile::TempDir;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Many calls share an RTP socket here, so that the harness stays cheaper than what it measures.
const RTP_SOCKETS: usize = 64;
/// Ports are lent until a call's BYE is answered; then the server has this long to come to rest.
const REST_WITHIN: Duration = Duration::from_secs(40);

/// The server and those who play against it.
pub struct Field {
    pub stations: Stations,
    pub trunk: StationId,
    pub ipbx: StationId,
    scenario: String,
    site: Site,
    server: Server,
    folder: TempDir,
    begun: Usage,
}

/// What both sides had used at some moment.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    at: Moment,
    server: Duration,
    own: Duration,
    resident_kib: u64,
}

impl Field {
    /// Opens the stations, writes the site, starts the server.
    pub fn open(scenario: &str, agents: u32) -> Result<Self, Box<dyn Error>> {
        let mut stations = Stations::new()?;
        let any = SocketAddr::new(LOOPBACK, 0);
        let trunk = stations.open("carrier", any, RTP_SOCKETS, Random::from_number(1))?;
        let ipbx = stations.open("ipbx", any, RTP_SOCKETS, Random::from_number(2))?;
        let site = Site {
            sip: SocketAddr::new(LOOPBACK, free_port(LOOPBACK)?),
            http: SocketAddr::new(LOOPBACK, std::net::TcpListener::bind(any)?.local_addr()?.port()),
            trunk: stations.address(trunk),
            ipbx: stations.address(ipbx),
            agents,
        };
        let folder = tempfile::Builder::new().prefix("spillway-load-").tempdir()?;
        site::write(&site, folder.path())?;
        let server = Server::start(folder.path(), site.http)?;
        let begun = Usage {
            at: stations.now(),
            server: server.process().cpu(),
            own: Process::own().cpu(),
            resident_kib: server.process().resident_kib(),
        };
        Ok(Self { stations, trunk, ipbx, scenario: scenario.into(), site, server, folder, begun })
    }

    /// A call from the trunk to `number`.
    pub fn call(&self, tag: u64, number: &str) -> Dial {
        let caller = format!("+336{:08}", tag % 100_000_000);
        Dial { tag, ..Dial::new(self.site.sip, number, &caller) }
    }

    /// Where the server takes SIP.
    pub const fn sip(&self) -> SocketAddr {
        self.site.sip
    }

    /// What both sides have used.
    pub fn usage(&self) -> Usage {
        Usage {
            at: self.stations.now(),
            server: self.server.process().cpu(),
            own: Process::own().cpu(),
            resident_kib: self.server.process().resident_kib(),
        }
    }

    /// The server's processor time since `earlier`.
    pub fn server_cpu(&self, earlier: Usage) -> Duration {
        self.server.process().cpu().saturating_sub(earlier.server)
    }

    /// The server's share of a core since `earlier`.
    pub fn server_share(&self, earlier: Usage) -> f64 {
        share(self.server_cpu(earlier), self.stations.now().since(earlier.at))
    }

    /// The harness's share of a core since `earlier`.
    pub fn own_share(&self, earlier: Usage) -> f64 {
        share(Process::own().cpu().saturating_sub(earlier.own), self.stations.now().since(earlier.at))
    }

    /// Memory the server has resident, KiB.
    pub fn resident_kib(&self) -> u64 {
        self.server.process().resident_kib()
    }

    /// Completes the row with what the run cost and left behind, and stops the server.
    ///
    /// The memory is read once no call is left, while transactions still wait out their 32 s (RFC 3261 section 17): after 20,000 dialled
    /// calls at 500 a second some 190 MB. A minute later 63 to 83 MB are left, the same after the second and third such run: 13
    /// of the program's own pages, 3 of SQLite, 8 to 12 in use, and free pages the allocator keeps.
    pub fn close(mut self, mut row: Row, keep: bool) -> Result<Row, Box<dyn Error>> {
        row.scenario = self.scenario.clone();
        row.rss_before_kib = self.begun.resident_kib;
        let left = self.server.left_after(REST_WITHIN)?;
        (row.left_calls, row.left_ports) = (left.calls, left.ports);
        row.rss_after_kib = self.server.process().resident_kib();
        row.rss_peak_kib = self.server.process().peak_kib();
        row.retransmitted = self.retransmitted();
        if keep {
            std::fs::write(self.folder.path().join("metrics.prom"), self.server.page()?)?;
            self.folder.disable_cleanup(true);
            eprintln!("kept: {}", self.folder.path().display());
        }
        Ok(row)
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 messages")]
    fn retransmitted(&mut self) -> f64 {
        let trunk = *self.stations.station(self.trunk).traffic();
        let all = trunk.plus(*self.stations.station(self.ipbx).traffic());
        (all.retransmitted + all.received_again) as f64 / all.messages().max(1) as f64
    }
}

impl Usage {
    /// When it was taken.
    pub const fn at(&self) -> Moment {
        self.at
    }
}

fn share(used: Duration, of: Duration) -> f64 {
    used.as_secs_f64() / of.as_secs_f64().max(f64::EPSILON)
}
