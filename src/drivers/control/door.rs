//! How the control socket comes to lie where it lies: made in a folder nobody else may enter, closed to all but its owner,
//! then moved into place in one step, over a stale socket of ours but never over anything else.

use super::ControlError;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// A listening socket at its place.
#[derive(Debug)]
pub(super) struct Door {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl Door {
    /// Puts a socket at `path`.
    pub fn open(path: &Path) -> Result<Self, ControlError> {
        let io = |source| ControlError::Io { path: path.to_owned(), source };
        // Renaming puts it at any path; connecting finds it at short ones only.
        if SocketAddr::from_pathname(path).is_err() {
            return Err(ControlError::TooLong { path: path.to_owned() });
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        fs::create_dir_all(folder).map_err(io)?;
        check_place(path)?;
        // Short: a socket's path has 107 bytes (unix(7)). Left behind by a crash within this function, it is used again.
        let nursery = folder.join(".ctl");
        match DirBuilder::new().mode(0o700).create(&nursery) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io(error)),
            Ok(()) | Err(_) => {}
        }
        let found = fs::symlink_metadata(&nursery).map_err(io)?;
        if !found.is_dir() || found.permissions().mode() & 0o077 != 0 {
            return Err(ControlError::Foreign { path: nursery });
        }
        let cradle = nursery.join("s");
        let placed = Self::make(&cradle, path);
        // Whatever happened: nothing of it may stay. What can't be removed is found, and checked, by the next start.
        drop(fs::remove_file(&cradle));
        drop(fs::remove_dir(&nursery));
        let (listener, inode) = placed.map_err(io)?;
        Ok(Self { listener, path: path.to_owned(), inode })
    }

    fn make(cradle: &Path, path: &Path) -> io::Result<(UnixListener, u64)> {
        match fs::remove_file(cradle) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(cradle)?;
        fs::set_permissions(cradle, Permissions::from_mode(0o600))?;
        let inode = fs::symlink_metadata(cradle)?.ino();
        fs::rename(cradle, path)?;
        Ok((listener, inode))
    }

    /// Waits for the next who comes.
    pub fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().map(|(stream, _)| stream)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "control socket left behind");
        }
    }
}

/// Nothing there, or a socket on which nobody listens any more.
fn check_place(path: &Path) -> Result<(), ControlError> {
    let io = |source| ControlError::Io { path: path.to_owned(), source };
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
        Ok(found) => found,
    };
    if !found.file_type().is_socket() {
        return Err(ControlError::Foreign { path: path.to_owned() });
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(ControlError::InUse { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(io(error)),
    }
}
