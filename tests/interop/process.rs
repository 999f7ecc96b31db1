//! A process of a story: started with its output in a file, waited for no longer than said, killed when the story ends.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A process.
pub struct Process {
    child: Child,
    what: String,
    output: PathBuf,
}

impl Process {
    /// Starts it; both its outputs go to `output`.
    pub fn start(what: &str, command: &mut Command, output: PathBuf) -> Self {
        Self::spawn(what, command.stdin(Stdio::null()), output)
    }

    /// The same for one that is told what to do line by line.
    pub fn start_told(what: &str, command: &mut Command, output: PathBuf) -> (Self, ChildStdin) {
        let mut process = Self::spawn(what, command.stdin(Stdio::piped()), output);
        let told = process.child.stdin.take().expect("it is a pipe");
        (process, told)
    }

    fn spawn(what: &str, command: &mut Command, output: PathBuf) -> Self {
        let file = File::create(&output).expect("the folder is writable");
        let errors = file.try_clone().expect("a second handle");
        let child = command.stdout(file).stderr(errors).spawn();
        let child = child.unwrap_or_else(|error| {
            panic!(
                "{} is not to be had ({error}): bash tests/run installs it",
                command.get_program().display()
            )
        });
        Self { child, what: what.to_owned(), output }
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap_or_default()).into_owned()
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// Waits for its end.
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        let end = until(within, || self.ended());
        end.unwrap_or_else(|| panic!("{} still runs after {within:?}; it said:\n{}", self.what, self.said()))
    }

    /// Waits for its end, which must be a success.
    pub fn succeed(&mut self, within: Duration) {
        let status = self.wait(within);
        assert!(status.success(), "{} ended with {status}; it said:\n{}", self.what, self.said());
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("it is our child, and not waited for");
    }

    /// Memory resident now, KiB (proc_pid_status(5)).
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux");
        line.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number")
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until there is something, no longer than `within`.
pub fn until<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        sleep(LOOK);
    }
}
