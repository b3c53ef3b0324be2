//! Files that appear under their names only when whole, and files that are held open.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    path::Path,
};

/// Puts a file with these bytes in the place of `path`, durably: `part`, in the same folder, is written first,
/// and renamed. Where that fails, `path` is as it was, and `part` is gone.
pub(crate) fn replace(
    path: &Path,
    part: &Path,
    bytes: &[u8],
    rights: Option<Permissions>,
) -> io::Result<()> {
    let replaced = write(part, bytes, rights).and_then(|()| fs::rename(part, path));
    if replaced.is_err() {
        let _ = fs::remove_file(part);
        return replaced;
    }
    sync_name(path);
    Ok(())
}

/// Writes a file that has not its name yet, durably.
pub(crate) fn write(path: &Path, bytes: &[u8], rights: Option<Permissions>) -> io::Result<()> {
    // Not through a link that somebody put there.
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    if let Some(rights) = rights {
        file.set_permissions(rights)?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the name of a file durable.
pub(crate) fn sync_name(path: &Path) {
    sync_folder(match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    });
}

/// Makes the names in a folder durable, where folders can be told to.
pub(crate) fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        // Some file systems have no such thing.
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// Whether this is the file that has the name: not one that was replaced or removed meanwhile.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// Elsewhere an open file keeps its name.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, _: &Path) -> bool {
    true
}
