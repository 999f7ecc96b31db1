//! An answer of many lines, carried for as long as somebody follows a call. It ends when the engine
//! has no more to say, when nothing came for a while after the call was over, or when whoever asked has gone.

use super::{Answer, Command, Request, busy, write};
use crate::base::limits::{TRACE_LINGER, TRACE_STEPS};
use crate::call::Fact;
use crate::engine::traces::Step;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

/// Lines the engine may be ahead: all steps of a call at once, and what stands before and after them.
const AHEAD: usize = TRACE_STEPS + 8;
/// How often it is looked whether somebody still reads, while there is nothing to write.
const LOOK: Duration = Duration::from_secs(1);

/// The lines to come.
pub(super) struct Answers {
    lines: Receiver<Answer>,
    asker: Arc<()>,
}

/// Hands the command to the engine.
pub(super) fn put(command: Command, requests: &Sender<Request>, wake: &impl Fn()) -> Result<Answers, Answer> {
    let (reply, lines) = crossbeam_channel::bounded(AHEAD);
    let asker = Arc::new(());
    let request = Request { command, reply, asker: Arc::downgrade(&asker) };
    requests.try_send(request).map_err(|_| busy())?;
    wake();
    Ok(Answers { lines, asker })
}

impl Answers {
    /// Writes every line as it comes.
    pub(super) fn carry(self, stream: &UnixStream) {
        if let Err(error) = self.write_all(stream) {
            tracing::debug!(%error, "nobody follows the call any more");
        }
    }

    fn write_all(self, stream: &UnixStream) -> io::Result<()> {
        // What is read from here on is that they hung up.
        stream.set_nonblocking(true)?;
        let mut over = false;
        loop {
            match self.lines.recv_timeout(if over { TRACE_LINGER } else { LOOK }) {
                Ok(answer) => {
                    over = over || ends(&answer);
                    stream.set_nonblocking(false)?;
                    write(stream, &answer)?;
                    stream.set_nonblocking(true)?;
                }
                Err(RecvTimeoutError::Timeout) if over || is_closed(stream) => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        drop(self.asker);
        Ok(())
    }
}

fn ends(answer: &Answer) -> bool {
    match answer {
        Answer::Step(step) => match &**step {
            Step::Fact(entry) => matches!(entry.fact, Fact::Ended { .. }),
            Step::Call(_) | Step::Message(_) | Step::Omitted(_) => false,
        },
        Answer::Status(_) | Answer::Error(_) => true,
    }
}

fn is_closed(mut stream: &UnixStream) -> bool {
    matches!(stream.read(&mut [0]), Ok(0))
}
