//! Media threads: each runs one [`Board`](crate::media::Board) over an epoll loop and real UDP sockets. Commands go in
//! and events come out through queues; packets never leave their thread. Must never decide what a port does.

mod epoll;
mod sockets;
mod thread;

use crate::base::Random;
use crate::media::{Command, Event, MediaPlane};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

/// What the media threads need to begin.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many threads, and so boards; at least one.
    pub threads: u8,
    /// The local addresses RTP and RTCP may be received at, at least one: one of all of a kind covers the others of it.
    pub addresses: Vec<IpAddr>,
    /// The instant that is [`Moment::ZERO`](crate::base::Moment::ZERO).
    pub epoch: Instant,
}

/// The running threads. Dropping it stops them and closes their sockets.
#[derive(Debug)]
pub struct MediaThreads {
    lanes: Vec<Lane>,
    events: Receiver<Event>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Lane {
    /// Not yet handed over: one wake-up serves them all.
    batch: Vec<Command>,
    /// `None` once the thread is told to stop.
    commands: Option<Sender<Vec<Command>>>,
    waker: epoll::Waker,
    thread: Option<JoinHandle<()>>,
}

impl MediaThreads {
    /// Starts the threads. `wake` is called from them after events were queued, so that whoever waits looks.
    ///
    /// # Errors
    /// When the operating system gives no epoll instance or thread.
    pub fn start(
        config: Config,
        random: &mut Random,
        wake: impl Fn() + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let (told, events) = unbounded();
        let dropped = Arc::new(AtomicU64::new(0));
        let lanes = (0..config.threads.max(1)).map(|board| {
            let (commands, asked) = unbounded();
            let outlet = thread::Outlet { events: told.clone(), dropped: Arc::clone(&dropped) };
            let (thread, waker) =
                thread::MediaThread::new(board, config.clone(), random.fork(), asked, outlet)?;
            let wake = wake.clone();
            let name = format!("media-{board}");
            let thread = std::thread::Builder::new().name(name).spawn(move || thread.run(&wake))?;
            Ok(Lane { batch: Vec::new(), commands: Some(commands), waker, thread: Some(thread) })
        });
        Ok(Self { lanes: lanes.collect::<io::Result<_>>()?, events, dropped })
    }

    /// The next event, if one is queued.
    pub fn try_event(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Packets the operating system did not take: a full socket buffer, an unreachable network.
    #[must_use]
    pub fn dropped_sends(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// A thread that ended without being told to: its calls have no audio, and the process should end.
    #[must_use]
    pub fn failed(&self) -> Option<u8> {
        let ended = |lane: &Lane| lane.thread.as_ref().is_none_or(JoinHandle::is_finished);
        self.lanes.iter().position(ended).and_then(|board| u8::try_from(board).ok())
    }
}

impl MediaPlane for MediaThreads {
    fn send(&mut self, command: Command) {
        if let Some(lane) = self.lanes.get_mut(usize::from(command.port().board)) {
            lane.batch.push(command);
        } else {
            tracing::error!(?command, "no such media board");
        }
    }

    fn flush(&mut self) {
        for lane in self.lanes.iter_mut().filter(|lane| !lane.batch.is_empty()) {
            let batch = std::mem::take(&mut lane.batch);
            let handed = lane.commands.as_ref().is_some_and(|commands| commands.send(batch).is_ok());
            if !handed || lane.waker.wake().is_err() {
                tracing::error!("a media thread takes no commands");
            }
        }
    }
}

impl Drop for MediaThreads {
    fn drop(&mut self) {
        for lane in &mut self.lanes {
            lane.commands = None;
            if lane.waker.wake().is_err() {
                continue;
            }
            if lane.thread.take().is_some_and(|thread| thread.join().is_err()) {
                tracing::error!("a media thread had panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests;
