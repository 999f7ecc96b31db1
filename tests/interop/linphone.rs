//! linphone's console as somebody's phone: plays a tone from a file, records what it hears into another, and is told what to
//! do line by line.

use crate::place::{Place, SPILLWAY, write_tone};
use crate::process::{Process, until};
use crate::softphone::{Line, Softphone};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{ChildStdin, Command};
use std::time::Duration;

/// Above baresip's.
const RTP_FIRST: u16 = 56_000;
const RTP_PORTS: u16 = 8;
/// Phones of one place, whose addresses follow each other: each binds its ports on every address.
const PHONES: u16 = 4;
/// Longer than any call of a story, seconds.
const TONE_S: f64 = 60.0;
const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// A phone.
pub struct Linphone {
    process: Process,
    told: ChildStdin,
    read: usize,
    folder: PathBuf,
}

impl Linphone {
    /// Switches on a phone that registers as a line says, and speaks a tone.
    pub fn on(place: &Place, host: u8, line: &Line<'_>, hz: f64) -> Self {
        let folder = place.path(&format!("linphone-{}", line.user));
        // It registers nowhere without its database, whose folder it does not make.
        fs::create_dir_all(folder.join(".local/share/linphone")).expect("the folder is writable");
        write_tone(&folder.join("tone.wav"), hz, TONE_S);
        fs::write(folder.join("rc"), settings(place, host, line)).expect("the folder is writable");
        let mut command = Command::new("linphonec");
        command.current_dir(&folder).env("HOME", &folder).env("LANG", "C");
        command.args(["-c", "rc", "-d", "6", "-l", "messages"]);
        let (process, told) = Process::start_told("linphonec", &mut command, folder.join("linphonec.log"));
        let mut phone = Self { process, told, read: 0, folder };
        phone.tell("soundcard use files");
        phone.tell(&format!("play {}", phone.folder.join("tone.wav").display()));
        phone.tell(&format!("record {}", phone.folder.join("heard.wav").display()));
        let registered = until(STARTS_WITHIN, || phone.has_registered().then_some(()));
        assert!(registered.is_some(), "linphone does not register:\n{}", phone.messages());
        phone
    }

    /// Holds whom it talks with and calls somebody else: the phone's second call.
    pub fn consults(&mut self, uri: &str) {
        self.tell("pause");
        self.meets("is now paused", STARTS_WITHIN);
        self.dials(uri);
    }

    /// Brings those of its two calls together, and leaves.
    pub fn sends_the_first_to_the_second(&mut self) {
        self.tell("transfer 1 --to-call 2");
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.told, "{command}").expect("linphone listens");
    }

    /// Everything it sent, received and thought.
    fn messages(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join("messages")).unwrap_or_default()).into_owned()
    }

    fn has_registered(&self) -> bool {
        self.messages().contains("to [LinphoneRegistrationOk]")
    }

    /// Waits until it says something; each is met once.
    fn meets(&mut self, what: &str, within: Duration) {
        let met = until(within, || {
            let said = self.process.said();
            let at = said.get(self.read..)?.find(what)?;
            self.read += at + what.len();
            Some(())
        });
        assert!(
            met.is_some(),
            "linphone: no \"{what}\" in {within:?}\n{}\n{}",
            self.process.said(),
            self.messages()
        );
    }
}

fn settings(place: &Place, host: u8, line: &Line<'_>) -> String {
    let Line { user, password, transport, through, believes, more } = line;
    let (ip, service) = (place.ip(host), place.ip(SPILLWAY));
    let [_, second, third, nth] = ip.octets().map(u16::from);
    let media = RTP_FIRST + ((16 * second + third) % 256 * PHONES + nth % PHONES) * RTP_PORTS;
    let port = |of: &str, port: u16| if of == *transport { port } else { 0 };
    let (udp, tcp, tls) = (port("udp", 5060), port("tcp", 5060), port("tls", 5061));
    let theirs = if *transport == "tls" { 5061 } else { 5060 };
    // It registers with whom it sends to: a proxy in front must pass on what is addressed to itself.
    let registrar = through.unwrap_or(service);
    let proxy = format!("<sip:{registrar}:{theirs};transport={transport}>");
    format!(
        "[sip]\nsip_port={udp}\nsip_tcp_port={tcp}\nsip_tls_port={tls}\nbind_address={ip}\n\
         contact=<sip:{user}@{ip}>\ndefault_proxy=0\nguess_hostname=0\nroot_ca={}\n{more}\n\
         [auth_info_0]\nusername={user}\npasswd={password}\nrealm=spillway\n\n\
         [proxy_0]\nreg_proxy={proxy}\nreg_route={proxy}\nreg_identity=sip:{user}@{service}\nreg_expires=60\nreg_sendregister=1\npublish=0\n\n\
         [rtp]\naudio_rtp_port={media}\n\n[sound]\nechocancellation=0\n\n\
         [audio_codec_0]\nmime=PCMA\nrate=8000\nchannels=1\nenabled=1\n",
        believes.display()
    )
}

impl Softphone for Linphone {
    fn dials(&mut self, uri: &str) {
        self.tell(&format!("call {uri}"));
    }

    fn is_rung(&mut self, within: Duration) {
        self.meets("Receiving new incoming call", within);
    }

    fn answers(&mut self) {
        self.tell("answer");
    }

    fn is_connected(&mut self, within: Duration) {
        self.meets("connected.", within);
    }

    fn holds(&mut self) {
        self.tell("pause");
        self.meets("is now paused", STARTS_WITHIN);
    }

    fn resumes(&mut self) {
        // The number of the call that is paused: they are counted up.
        let said = self.process.said();
        let call = said.rsplit_once("Pausing call ").and_then(|(_, rest)| rest.split(' ').next());
        let call = call.expect("something is paused").to_owned();
        self.tell(&format!("resume {call}"));
    }

    fn transfers(&mut self, uri: &str) {
        self.tell(&format!("transfer {uri}"));
    }

    fn hangs_up(&mut self) {
        self.tell("terminate");
    }

    fn is_hung_up(&mut self, within: Duration) {
        self.meets("ended (", within);
    }

    fn heard(mut self: Box<Self>) -> PathBuf {
        self.tell("quit");
        self.process.wait(STARTS_WITHIN);
        let file = self.folder.join("heard.wav");
        let mut heard = fs::read(&file).expect("it recorded");
        // After a hold its header counts what it did not write: the data's length is what there is (44 bytes of header).
        let length = u32::try_from(heard.len().saturating_sub(44)).expect("a short recording");
        heard[40..44].copy_from_slice(&length.to_le_bytes());
        fs::write(&file, heard).expect("the folder is writable");
        file
    }
}
