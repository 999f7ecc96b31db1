//! baresip as somebody's phone: plays a tone, records what it hears, does what it is told over its control socket.

use crate::place::{Place, SPILLWAY, write_tone};
use crate::process::{Process, until};
use crate::softphone::{Line, Softphone};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Above every port a service binds; two phones of a story find what they need here.
const RTP_FIRST: u16 = 45_000;
const RTP_PORTS: u16 = 40;
const CONTROL_PORT: u16 = 4444;
/// Longer than any call of a story, seconds.
const TONE_S: f64 = 60.0;
const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// Where Debian keeps its modules; the folder has the machine's name in newer releases.
fn modules() -> &'static str {
    [
        "/usr/lib/baresip/modules",
        "/usr/lib/x86_64-linux-gnu/baresip/modules",
        "/usr/lib/aarch64-linux-gnu/baresip/modules",
    ]
    .into_iter()
    .find(|folder| Path::new(folder).is_dir())
    .expect("baresip's modules are installed: bash tests/run installs them")
}

/// A phone.
pub struct Baresip {
    process: Process,
    control: TcpStream,
    events: String,
    folder: PathBuf,
}

/// A phone that speaks over TLS.
pub struct Secured {
    /// The file of the one authority it believes.
    pub believes: PathBuf,
}

impl Baresip {
    /// Switches on a phone with this user part; it speaks a tone.
    pub fn start(place: &Place, host: u8, user: &str, hz: f64) -> Self {
        let account = format!("<sip:{user}@{}>;regint=0", place.ip(host));
        Self::switched_on(place, host, user, hz, (&account, ""))
    }

    /// The same, that registers with the service over this transport.
    pub fn registering(
        place: &Place,
        host: u8,
        user: &str,
        hz: f64,
        (transport, password): (&str, &str),
    ) -> Self {
        let service = place.ip(SPILLWAY);
        let account = format!("<sip:{user}@{service};transport={transport}>;auth_pass={password};regint=60");
        let phone = Self::switched_on(place, host, user, hz, (&account, ""));
        // Its event may be over before its control socket is.
        let registered = until(STARTS_WITHIN, || phone.process.said().contains("200 OK").then_some(()));
        assert!(registered.is_some(), "baresip does not register:\n{}", phone.process.said());
        phone
    }

    /// Switches on a phone that speaks over TLS.
    pub fn start_secured(place: &Place, host: u8, user: &str, hz: f64, secured: &Secured) -> Self {
        let believes = secured.believes.display();
        let config = format!("sip_cafile {believes}\nsip_verify_server yes\n");
        let account = format!("<sip:{user}@{};transport=tls>;regint=0", place.ip(host));
        Self::switched_on(place, host, user, hz, (&account, &config))
    }

    /// Switches on a phone that registers as a line says, and knows one authority.
    pub fn on(place: &Place, host: u8, line: &Line<'_>, hz: f64) -> Self {
        let Line { user, password, transport, through, believes, more } = line;
        let service = place.ip(SPILLWAY);
        let port = if *transport == "tls" { 5061 } else { 5060 };
        let outbound = match through {
            Some(proxy) => format!(";outbound=\"sip:{proxy}:{port};transport={transport};lr\""),
            None => String::new(),
        };
        let registrar = if through.is_some() { service.to_string() } else { format!("{service}:{port}") };
        let account = format!(
            "<sip:{user}@{registrar};transport={transport}>;auth_user={user};auth_pass={password};regint=60{outbound}"
        );
        let config = format!("sip_cafile {}\nsip_verify_server yes\n{more}", believes.display());
        let phone = Self::switched_on(place, host, user, hz, (&account, &config));
        let registered = until(STARTS_WITHIN, || phone.process.said().contains("200 OK").then_some(()));
        assert!(registered.is_some(), "baresip does not register:\n{}", phone.process.said());
        phone
    }

    fn switched_on(place: &Place, host: u8, user: &str, hz: f64, (account, more): (&str, &str)) -> Self {
        let ip = place.ip(host);
        let folder = place.path(&format!("baresip-{user}"));
        fs::create_dir(&folder).expect("the folder is new");
        let tone = folder.join("tone.wav");
        write_tone(&tone, hz, TONE_S);
        let written = folder.display();
        // It binds and shows an address of the machine, never a loopback one: stories differ in their ports.
        let [_, second, third, _] = ip.octets().map(u16::from);
        let media = RTP_FIRST + (16 * second + third) % 256 * RTP_PORTS;
        let modules = modules();
        let config = format!(
            "module_path {modules}\nsip_listen {ip}:5060\ncall_max_calls 4\nrtp_ports {}-{}\n\
             audio_source aufile,{}\naudio_player aubridge,ear\naudio_alert aubridge,bell\n\
             ausrc_format s16\nauplay_format s16\naudio_jitter_buffer_delay 0-5\nsnd_path {written}\n\
             module g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n\
             module_app account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen {ip}:{CONTROL_PORT}\n{more}",
            media,
            media + RTP_PORTS - 1,
            tone.display(),
        );
        fs::write(folder.join("config"), config).expect("the folder is writable");
        let account = format!("{account};answermode=manual;audio_codecs=pcma/8000/1\n");
        fs::write(folder.join("accounts"), account).expect("the folder is writable");
        fs::write(folder.join("contacts"), "").expect("the folder is writable");
        let mut command = Command::new("baresip");
        command.arg("-f").arg(&folder);
        let process = Process::start("baresip", &mut command, folder.join("baresip.log"));
        let address = SocketAddr::from((ip, CONTROL_PORT));
        let control = until(STARTS_WITHIN, || TcpStream::connect(address).ok());
        let control = control.unwrap_or_else(|| panic!("baresip does not start:\n{}", process.said()));
        control.set_nonblocking(true).expect("a socket option");
        Self { process, control, events: String::new(), folder }
    }

    /// Gives a command of its menu.
    pub fn tell(&mut self, command: &str, parameter: &str) {
        let json = format!(r#"{{"command":"{command}","params":"{parameter}"}}"#);
        // A netstring.
        let mut text = String::new();
        write!(text, "{}:{json},", json.len()).expect("a String takes everything");
        self.control.write_all(text.as_bytes()).expect("baresip listens");
    }

    /// Waits for one of its events, "CALL_ESTABLISHED"; each is met once.
    pub fn meets(&mut self, event: &str, within: Duration) {
        let met = until(within, || {
            let mut bytes = [0; 4_096];
            if let Ok(count) = self.control.read(&mut bytes) {
                self.events.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
            let at = self.events.find(event)?;
            self.events.drain(..at + event.len());
            Some(())
        });
        assert!(met.is_some(), "baresip: no {event} in {within:?}\n{}\n{}", self.events, self.process.said());
    }

    /// Switches it off; what it heard of its one call.
    pub fn heard(mut self) -> PathBuf {
        self.tell("quit", "");
        self.process.wait(STARTS_WITHIN);
        let recordings = fs::read_dir(&self.folder).expect("its folder");
        let heard = recordings.filter_map(|entry| Some(entry.ok()?.path()));
        heard
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .max_by_key(|path| fs::metadata(path).map_or(0, |data| data.len()))
            .unwrap_or_else(|| panic!("nothing recorded:\n{}", self.process.said()))
    }
}

impl Softphone for Baresip {
    fn dials(&mut self, uri: &str) {
        self.tell("dial", uri);
    }

    fn is_rung(&mut self, within: Duration) {
        self.meets("CALL_INCOMING", within);
    }

    fn answers(&mut self) {
        self.tell("accept", "");
    }

    fn is_connected(&mut self, within: Duration) {
        self.meets("CALL_ESTABLISHED", within);
    }

    fn holds(&mut self) {
        self.tell("hold", "");
    }

    fn resumes(&mut self) {
        self.tell("resume", "");
    }

    fn transfers(&mut self, uri: &str) {
        self.tell("transfer", uri);
    }

    fn hangs_up(&mut self) {
        self.tell("hangup", "");
    }

    fn is_hung_up(&mut self, within: Duration) {
        self.meets("CALL_CLOSED", within);
    }

    fn heard(self: Box<Self>) -> PathBuf {
        Baresip::heard(*self)
    }
}
