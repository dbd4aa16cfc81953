//! The disk below the store: whether it is a local one, how much room it has, and the ballast that makes room when it
//! has none.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate, statfs, statvfs};

use super::StoreError;

/// A file that is given up when the disk is full, so that the store can still be opened and closed.
const BALLAST: &str = "ballast";
/// File systems that other machines can write to, or whose locks and syncs promise nothing: magic number of `statfs`, name.
const NOT_LOCAL: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB 2"),
    (0x0102_1997, "9P"),
    (0x6573_5546, "FUSE"),
    (0x00C3_6400, "Ceph"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
    (0x0BD0_0BD0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636F, "OCFS2"),
    (0x7375_7245, "Coda"),
];

/// How much room the store wants on its disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Below this, the operator is warned.
    pub warn: u64,
    /// Below this, nothing is written any more; above, it goes on by itself.
    pub read_only: u64,
    /// The size of the ballast.
    pub ballast: u64,
}

impl Default for Room {
    fn default() -> Self {
        Self { warn: 256 << 20, read_only: 128 << 20, ballast: 32 << 20 }
    }
}

/// Refuses network file systems.
pub(super) fn require_local(dir: &Path) -> Result<(), StoreError> {
    let found = statfs(dir).map_err(|error| StoreError::io("looking at the disk of", dir, &error.into()))?;
    match not_local(found.f_type as u64) {
        None => Ok(()),
        Some(name) => Err(StoreError::Refused {
            what: format!("the store's folder {}", dir.display()),
            why: format!("lies on {name}, where locks and syncs don't hold what they promise"),
            remedy: "put it on a local disk (with containers: a volume)".to_owned(),
        }),
    }
}

fn not_local(magic: u64) -> Option<&'static str> {
    // Some kernels give the number back with its sign extended.
    let magic = magic & 0xFFFF_FFFF;
    NOT_LOCAL.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

/// Bytes that are free for us.
pub(super) fn free(dir: &Path) -> Result<u64, StoreError> {
    let found = statvfs(dir).map_err(|error| StoreError::io("looking at the disk of", dir, &error.into()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Makes the ballast when it isn't there and there is room for it above the line for writing.
pub(super) fn load_ballast(dir: &Path, room: Room) -> Result<(), StoreError> {
    let path = dir.join(BALLAST);
    if missing_ballast(dir, room) == 0 || free(dir)? < room.read_only + room.ballast {
        return Ok(());
    }
    let make = || {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
        match fallocate(&file, FallocateFlags::empty(), 0, room.ballast) {
            // A disk that can't set room aside does without.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSPC) => {
                drop(file);
                fs::remove_file(&path)
            }
            other => other.map_err(io::Error::from),
        }
    };
    make().map_err(|error| StoreError::io("making", &path, &error))
}

/// Bytes that the ballast lacks.
pub(super) fn missing_ballast(dir: &Path, room: Room) -> u64 {
    room.ballast.saturating_sub(fs::metadata(dir.join(BALLAST)).map_or(0, |found| found.len()))
}

/// Gives the ballast up.
pub(super) fn drop_ballast(dir: &Path) {
    let path = dir.join(BALLAST);
    match fs::remove_file(&path) {
        Ok(()) => tracing::warn!(file = %path.display(), "the disk is full: the ballast is given up for room"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::error!(file = %path.display(), %error, "the ballast can't be given up"),
    }
}

/// Makes the folder's entries durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| StoreError::io("syncing", dir, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_disk_is_fine_and_a_network_is_not() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(require_local(dir.path()), Ok(()));
        assert_eq!((not_local(0xEF53), not_local(0x6969)), (None, Some("NFS")));
        assert_eq!(not_local(0xFFFF_FFFF_FF53_4D42), Some("CIFS"));
    }

    #[test]
    fn the_ballast_comes_and_goes() {
        let dir = tempfile::tempdir().unwrap();
        let room = Room { warn: 0, read_only: 0, ballast: 1 << 20 };
        load_ballast(dir.path(), room).unwrap();
        assert_eq!(fs::metadata(dir.path().join(BALLAST)).unwrap().len(), 1 << 20);
        drop_ballast(dir.path());
        drop_ballast(dir.path());
        assert!(!dir.path().join(BALLAST).exists());
        load_ballast(dir.path(), Room { read_only: u64::MAX / 2, ..room }).unwrap();
        assert!(!dir.path().join(BALLAST).exists(), "not where there is no room");
        load_ballast(dir.path(), Room { ballast: 0, ..room }).unwrap();
        assert!(!dir.path().join(BALLAST).exists(), "nor where none is asked for");
    }
}
