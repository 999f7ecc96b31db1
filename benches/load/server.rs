//! The server under load: the release binary, as its own process. Must never know what is played against it.

use crate::metrics;
use crate::process::Process;
use std::error::Error;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A started server must be ready within this.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// After SIGTERM it must be gone within this.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// The running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    http: SocketAddr,
}

/// What the server still holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Left {
    /// Calls in progress.
    pub calls: f64,
    /// RTP ports lent.
    pub ports: f64,
}

impl Server {
    /// Starts it in `folder`, and waits until it is ready.
    pub fn start(folder: &Path, http: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let log = File::create(folder.join("server.log"))?;
        let child = Command::new(env!("CARGO_BIN_EXE_spillway"))
            .args(["serve", "--config", "spillway.toml", "--log", "warn"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut server = Self { child, http };
        server.wait_ready(folder)?;
        Ok(server)
    }

    /// The server, seen through /proc.
    pub fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// Its metrics.
    pub fn page(&self) -> std::io::Result<String> {
        metrics::page(self.http)
    }

    /// What it holds now.
    pub fn left(&self) -> std::io::Result<Left> {
        let page = self.page()?;
        Ok(Left {
            calls: metrics::sum(&page, "spillway_calls"),
            ports: metrics::sum(&page, "spillway_media_ports"),
        })
    }

    /// What it still holds once it has had `patience` to let go of everything.
    pub fn left_after(&self, patience: Duration) -> std::io::Result<Left> {
        let until = Instant::now() + patience;
        loop {
            let left = self.left()?;
            if left.calls + left.ports == 0.0 || Instant::now() >= until {
                return Ok(left);
            }
            sleep(Duration::from_millis(250));
        }
    }

    fn wait_ready(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let until = Instant::now() + READY_WITHIN;
        while !metrics::get(self.http, "/readyz").is_ok_and(|(code, _)| code == 200) {
            let gone = self.child.try_wait()?;
            if gone.is_some() || Instant::now() > until {
                let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
                return Err(format!("the server did not become ready:\n{log}").into());
            }
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Child::kill is SIGKILL; a server is told to stop by SIGTERM, and killed if it does not.
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        let until = Instant::now() + GONE_WITHIN;
        while told.is_ok() && Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            sleep(Duration::from_millis(50));
        }
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
