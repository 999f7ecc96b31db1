//! Where a run leaves its records and last metrics: a folder of its own, there for whoever wants to look afterwards.
//! The next run clears away what older ones left, except the latest few.

use rustix::process::{Pid, test_kill_process};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const PREFIX: &str = "spillway-demo-";
/// Folders of runs that are over which stay.
pub const KEPT: usize = 3;

/// A folder in `place` for this process.
///
/// # Errors
/// When it can't be made.
pub fn open(place: &Path) -> io::Result<PathBuf> {
    clear(place, is_running);
    let folder = place.join(format!("{PREFIX}{}", std::process::id()));
    let make = || fs::DirBuilder::new().mode(0o700).create(&folder);
    match make() {
        // Of a process that had our number before.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_dir_all(&folder)?;
            make()?;
        }
        made => made?,
    }
    Ok(folder)
}

/// Removes the folders of runs that are over, except the latest. What can't be removed is another user's.
fn clear(place: &Path, is_running: impl Fn(i32) -> bool) {
    let Ok(entries) = fs::read_dir(place) else { return };
    let over = entries.flatten().filter_map(|entry| {
        let process = entry.file_name().to_str()?.strip_prefix(PREFIX)?.parse().ok()?;
        let changed = entry.metadata().ok().filter(fs::Metadata::is_dir)?.modified().ok()?;
        (!is_running(process)).then(|| (changed, entry.path()))
    });
    let mut over: Vec<(SystemTime, PathBuf)> = over.collect();
    over.sort();
    // This run's own will be one of the latest when the next one looks.
    let old = over.len().saturating_sub(KEPT);
    for (_, folder) in &over[..old] {
        let _ = fs::remove_dir_all(folder);
    }
}

/// A process that is there but another user's can't be signalled, and is running all the same.
fn is_running(process: i32) -> bool {
    let gone = |pid| matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH));
    Pid::from_raw(process).is_some_and(|pid| !gone(pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_older_runs_go_except_the_latest_and_those_in_use() {
        let place = tempfile::tempdir().expect("a folder");
        for process in 1..=6 {
            let folder = place.path().join(format!("{PREFIX}{process}"));
            fs::create_dir_all(folder.join("data")).expect("made");
            let minutes = std::time::Duration::from_secs(60 * u64::try_from(process).expect("positive"));
            let folder = fs::File::open(folder).expect("opened");
            folder.set_modified(SystemTime::UNIX_EPOCH + minutes).expect("dated");
        }
        fs::create_dir(place.path().join("spillway-demo-notes")).expect("made");
        clear(place.path(), |process| process == 2);
        let mut left: Vec<String> = fs::read_dir(place.path())
            .expect("listed")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().replace(PREFIX, ""))
            .collect();
        left.sort();
        assert_eq!(left, ["2", "4", "5", "6", "notes"]);
    }

    #[test]
    fn this_process_is_running_and_a_number_no_process_has_is_not() {
        assert!(is_running(i32::try_from(std::process::id()).expect("small")));
        assert!(!is_running(i32::MAX));
    }
}
