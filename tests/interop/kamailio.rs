//! Kamailio as others run it, before the service or behind it; its configurations lie in kamailio/. Must never know what
//! passes through it.

use crate::place::{OPERATOR, Place};
use crate::process::{Process, until};
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const STARTS_WITHIN: Duration = Duration::from_secs(10);
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A Kamailio, at the operator's address.
pub struct Kamailio {
    process: Process,
}

impl Kamailio {
    /// Starts one by a configuration of kamailio/, in which these words stand for these values. `identity` is the name
    /// [`crate::softphone_stage::certificate`] wrote its certificate under.
    pub fn start(place: &Place, configuration: &str, identity: &str, words: &[(&str, String)]) -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/kamailio").join(configuration);
        let mut text = fs::read_to_string(&own).expect("a configuration");
        let file = |ending: &str| place.path(&format!("{identity}.{ending}")).display().to_string();
        let address = place.ip(OPERATOR);
        let given = [
            ("MODULES", modules().to_owned()),
            ("ADDRESS", address.to_string()),
            ("CERTIFICATE", file("pem")),
            ("KEY", file("key")),
        ];
        for (word, value) in given.iter().chain(words) {
            text = text.replace(word, value);
        }
        let file = place.write(configuration, &text);
        let folder = place.path("kamailio");
        fs::create_dir_all(&folder).expect("the folder is writable");
        let mut command = Command::new("kamailio");
        // -DD: in the foreground; -Y: its runtime files go into the story's folder.
        command.arg("-f").arg(file).args(["-DD", "-E", "-m", "32", "-M", "4", "-Y"]).arg(&folder);
        command.arg("-w").arg(&folder);
        let mut process = Process::start("kamailio", &mut command, folder.join("kamailio.log"));
        let up = until(STARTS_WITHIN, || match process.ended() {
            Some(_) => Some(false),
            None => TcpStream::connect((address, 5061)).is_ok().then_some(true),
        });
        assert_eq!(up, Some(true), "kamailio does not start:\n{}", process.said());
        Self { process }
    }

    /// Its address.
    pub fn ip(place: &Place) -> Ipv4Addr {
        place.ip(OPERATOR)
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// How many lines of it hold both.
    pub fn lines(&self, one: &str, other: &str) -> usize {
        self.said().lines().filter(|line| line.contains(one) && line.contains(other)).count()
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kamailio said:\n{}", self.said());
        }
        // It has processes of its own, which only it can end.
        if self.process.ended().is_none() {
            self.process.terminate();
            let _ = until(ENDS_WITHIN, || self.process.ended());
        }
    }
}

/// Where Debian keeps its modules.
fn modules() -> &'static str {
    ["/usr/lib/x86_64-linux-gnu/kamailio/modules/", "/usr/lib/aarch64-linux-gnu/kamailio/modules/"]
        .into_iter()
        .find(|folder| Path::new(folder).is_dir())
        .expect("kamailio's modules are installed: bash tests/run installs them")
}
