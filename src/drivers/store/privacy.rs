//! Who may read the store: its owner alone, for it holds callers' numbers. Whatever the umask, and for files and folders an
//! earlier version made too. Must never keep a service from starting over it: what can't be changed is said.

use rustix::process::geteuid;
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;
const STICKY: u32 = 0o1000;

/// Makes the store's folder if there is none, and closes it to others.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(FOLDER).create(path)?;
    // A folder like /tmp is everybody's, and another user's is that user's to close.
    let ours = |found: &Metadata| found.mode() & STICKY == 0 && found.uid() == geteuid().as_raw();
    tighten(path, FOLDER, ours);
    Ok(())
}

/// Opens a file of ours, making it if there is none, closed to others before anything is in it. SQLite gives what it
/// makes beside the store the store's own mode.
pub(super) fn file(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).mode(FILE).open(path)?;
    tighten(path, FILE, |_| true);
    Ok(file)
}

/// Closes what a crash left beside the store.
pub(super) fn leftovers(store: &Path) {
    for ending in ["-wal", "-shm"] {
        tighten(&beside(store, ending), FILE, |_| true);
    }
}

/// The path of a file beside the store.
pub(super) fn beside(store: &Path, ending: &str) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

fn tighten(path: &Path, mode: u32, is_ours: impl Fn(&Metadata) -> bool) {
    let Ok(found) = fs::metadata(path) else { return };
    let open = found.mode() & 0o777 & !mode != 0;
    if !open {
        return;
    }
    let closed = if is_ours(&found) {
        fs::set_permissions(path, Permissions::from_mode(mode))
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    };
    if let Err(error) = closed {
        tracing::warn!(%error, path = %path.display(), "callers' numbers may be read by other users");
    }
}
