//! The control socket: a file only its owner may open. One JSON line in, one JSON line out, or many where a call is followed;
//! the engine answers, between two events, through a channel. Must never decide anything: it carries commands.

mod door;
mod stream;
#[cfg(test)]
mod tests;

use crate::base::limits::{CONTROL_REQUEST_BYTES, CONTROL_VISITORS, CONTROL_WAIT};
use crate::engine::status::Status;
use crate::engine::traces::Step;
use crate::engine::wanted::Wanted;
use crossbeam_channel::{Receiver, Sender};
use door::Door;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

/// Requests the engine has not taken yet; one is served at a time, the rest are of those who gave up waiting.
const REQUESTS: usize = 16;

/// What can be asked of a running service: `{"command":"status"}`, `{"command":"trace","wanted":"last","live":true}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command", deny_unknown_fields)]
pub enum Command {
    /// How it stands.
    Status,
    /// What is kept in memory of a call. Answered by a line per step.
    Trace {
        /// Which.
        wanted: Wanted,
        /// Of those that still run, or the next to come; and what happens to it from here on, until it is over.
        live: bool,
    },
}

/// What it answers: `{"status":{…}}`, `{"step":{…}}` or `{"error":"…"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// How it stands.
    Status(Box<Status>),
    /// What happened to the call that is traced.
    Step(Box<Step>),
    /// Why there is no answer.
    Error(String),
}

/// A command on its way to the engine.
#[derive(Debug)]
pub struct Request {
    /// What is asked.
    pub command: Command,
    reply: Sender<Answer>,
    /// Gone with whoever asked.
    asker: Weak<()>,
}

impl Request {
    /// Answers. Whoever asked may have gone; then nothing happens.
    pub fn answer(self, answer: Answer) {
        drop(self.reply.try_send(answer));
    }

    /// Answers with one line of many; false when whoever asked has gone, or reads none of them. The answer ends when the
    /// request is dropped.
    pub fn tell(&self, answer: Answer) -> bool {
        self.reply.try_send(answer).is_ok()
    }

    /// Whether nobody waits for an answer any more.
    #[must_use]
    pub fn is_forsaken(&self) -> bool {
        self.asker.strong_count() == 0
    }
}

/// Why the control socket can't be opened, or a running service not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// A service answers there already.
    #[error("a running spillway already answers on {path}")]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something that is no socket of ours lies there: it is left alone.
    #[error("{path} is no control socket: move it away, or name another path")]
    Foreign {
        /// What lies there.
        path: PathBuf,
    },
    /// The system takes no socket of such a long name.
    #[error("{path} is too long for a socket, which has 107 bytes: name a shorter path in [control]")]
    TooLong {
        /// The socket.
        path: PathBuf,
    },
    /// Nobody answers there.
    #[error("no spillway runs on {path}: the service is stopped, or has another control socket")]
    NotRunning {
        /// The socket.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The answer is not one of ours.
    #[error("{path} answered what this version can't read: {source}")]
    Answer {
        /// The socket.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// An open control socket. Dropping it removes the file.
#[derive(Debug)]
pub struct Control {
    requests: Receiver<Request>,
    path: PathBuf,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// Opens the socket at `path` and serves it from threads of its own, which call `wake` when a request waits.
    ///
    /// # Errors
    /// When a service runs there, something else lies there, or the system refuses.
    pub fn open(path: &Path, wake: impl Fn() + Send + Sync + 'static) -> Result<Self, ControlError> {
        let door = Door::open(path)?;
        let (sender, requests) = crossbeam_channel::bounded(REQUESTS);
        let stopping = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stopping);
        let thread = std::thread::Builder::new()
            .name("control".into())
            .spawn(move || serve(&door, &sender, &until, &Arc::new(wake)))
            .map_err(|source| ControlError::Io { path: path.to_owned(), source })?;
        Ok(Self { requests, path: path.to_owned(), stopping, thread: Some(thread) })
    }

    /// The next request that waits, if one does.
    #[must_use]
    pub fn next_request(&self) -> Option<Request> {
        self.requests.try_recv().ok()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        // A knock wakes the thread out of accept. When nobody is there to knock on, it is gone already, or the file was
        // taken away and the thread ends with the process.
        if UnixStream::connect(&self.path).is_ok()
            && let Some(thread) = self.thread.take()
        {
            drop(thread.join());
        }
    }
}

/// Each visitor has a thread: who says nothing keeps nobody waiting.
fn serve(
    door: &Door,
    requests: &Sender<Request>,
    stopping: &AtomicBool,
    wake: &Arc<impl Fn() + Send + Sync + 'static>,
) {
    let visitors = Arc::new(());
    loop {
        let visitor = door.accept();
        if stopping.load(Ordering::Acquire) {
            return;
        }
        let attended = visitor.and_then(|stream| {
            stream.set_read_timeout(Some(CONTROL_WAIT))?;
            stream.set_write_timeout(Some(CONTROL_WAIT))?;
            if Arc::strong_count(&visitors) > CONTROL_VISITORS {
                return write(&stream, &busy());
            }
            let (requests, wake, visitor) = (requests.clone(), Arc::clone(wake), Arc::clone(&visitors));
            let attend = move || {
                tell(attend(&stream, &requests, &*wake));
                drop(visitor);
            };
            std::thread::Builder::new().name("control-visitor".into()).spawn(attend).map(drop)
        });
        tell(attended);
    }
}

fn tell(attended: io::Result<()>) {
    if let Err(error) = attended {
        tracing::warn!(%error, "control request not served");
    }
}

/// Reads one line, has it answered, writes one line, or as many as there are.
fn attend(stream: &UnixStream, requests: &Sender<Request>, wake: &impl Fn()) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new(stream.take(CONTROL_REQUEST_BYTES)).read_line(&mut line)?;
    if line.is_empty() {
        return Ok(());
    }
    let answer = match serde_json::from_str::<Command>(&line) {
        Ok(command @ Command::Trace { .. }) => match stream::put(command, requests, wake) {
            Ok(answers) => {
                answers.carry(stream);
                return Ok(());
            }
            Err(refusal) => refusal,
        },
        Ok(command @ Command::Status) => put(command, requests, wake),
        Err(error) => Answer::Error(format!("not a command: {error}")),
    };
    write(stream, &answer)
}

fn write(mut stream: &UnixStream, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn put(command: Command, requests: &Sender<Request>, wake: &impl Fn()) -> Answer {
    let (reply, replied) = crossbeam_channel::bounded(1);
    let asker = Arc::new(());
    if requests.try_send(Request { command, reply, asker: Arc::downgrade(&asker) }).is_err() {
        return busy();
    }
    wake();
    replied
        .recv_timeout(CONTROL_WAIT)
        .unwrap_or_else(|_| Answer::Error("the engine did not answer in time".into()))
}

fn busy() -> Answer {
    Answer::Error("the engine is too busy to answer".into())
}

/// Asks the service behind `path` for one answer.
///
/// # Errors
/// When nobody answers there, or not as expected.
pub fn ask(path: &Path, command: &Command) -> Result<Answer, ControlError> {
    let stream = knock(path, command)?;
    let io = |source| ControlError::Io { path: path.to_owned(), source };
    stream.set_read_timeout(Some(CONTROL_WAIT * 2)).map_err(io)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).map_err(io)?;
    serde_json::from_str(&answer).map_err(|source| ControlError::Answer { path: path.to_owned(), source })
}

/// Asks the service behind `path` for as many answers as it gives, however long that takes.
///
/// # Errors
/// When nobody answers there, or not as expected.
pub fn follow(path: &Path, command: &Command, mut hear: impl FnMut(Answer)) -> Result<(), ControlError> {
    for line in BufReader::new(knock(path, command)?).lines() {
        let line = line.map_err(|source| ControlError::Io { path: path.to_owned(), source })?;
        let unreadable = |source| ControlError::Answer { path: path.to_owned(), source };
        hear(serde_json::from_str(&line).map_err(unreadable)?);
    }
    Ok(())
}

fn knock(path: &Path, command: &Command) -> Result<UnixStream, ControlError> {
    let io = |source: io::Error| {
        if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) {
            ControlError::NotRunning { path: path.to_owned() }
        } else {
            ControlError::Io { path: path.to_owned(), source }
        }
    };
    let mut stream = UnixStream::connect(path).map_err(io)?;
    let unreadable = |source| ControlError::Answer { path: path.to_owned(), source };
    let mut line = serde_json::to_vec(command).map_err(unreadable)?;
    line.push(b'\n');
    match stream.write_all(&line) {
        // Turned away at the door: why is there to be read.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written.map_err(io)?,
    }
    Ok(stream)
}
