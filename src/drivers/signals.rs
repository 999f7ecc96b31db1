//! SIGTERM and SIGINT, told to whoever serves.

use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Calls `stop` from a thread of its own at each SIGTERM or SIGINT, with how many have come.
///
/// # Errors
/// When the system gives no thread or takes no handler.
pub fn on_stop(stop: impl Fn(u32) + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            let mut times = 0;
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                times += 1;
                stop(times);
            }
        });
    })?;
    Ok(())
}
