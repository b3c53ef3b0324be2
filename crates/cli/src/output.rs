//! Where results go: a file that appears under its name only when it is whole, or standard output.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, IsTerminal, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use stheno::envelope::{EnvelopeError, WriteAt};
use tempfile::{NamedTempFile, TempPath};

use crate::{failure::Failure, interrupt};

/// An output that has been opened and not yet committed.
///
/// Dropped without [`Output::commit`], a file leaves nothing behind.
#[derive(Debug)]
pub struct Output {
    sink: Sink,
    /// What people call it.
    name: String,
    written: AtomicU64,
    /// How many bytes it will have, where that is known.
    needed: Option<u64>,
}

/// Who may read a file that is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    /// As any program's output: the umask decides.
    Common,
    /// The user alone, from the first byte on.
    Secret,
}

#[derive(Debug)]
enum Sink {
    Stdout(BufWriter<io::Stdout>),
    /// A device or a pipe: written in place, since renaming a file over it would replace it.
    Special(File),
    File {
        file: File,
        temporary: TempPath,
        target: PathBuf,
        replace: bool,
        mode: Mode,
    },
}

impl Output {
    /// Opens `path` for writing; `-` is standard output.
    ///
    /// # Errors
    /// [`OutputError::Exists`] without `replace`, and whatever the file system says.
    pub fn create(path: &str, replace: bool) -> Result<Self, OutputError> {
        Self::open(path, replace, Mode::Common)
    }

    /// [`Output::create`] for a secret: nobody else can read the file.
    ///
    /// # Errors
    /// As [`Output::create`].
    pub fn create_secret(path: &str, replace: bool) -> Result<Self, OutputError> {
        Self::open(path, replace, Mode::Secret)
    }

    fn open(path: &str, replace: bool, mode: Mode) -> Result<Self, OutputError> {
        let of = |sink| Self {
            sink,
            name: path.to_owned(),
            written: AtomicU64::new(0),
            needed: None,
        };
        if path == "-" {
            return Ok(Self {
                name: "standard output".to_owned(),
                ..of(Sink::Stdout(BufWriter::new(io::stdout())))
            });
        }
        let fail = |source| OutputError::Create {
            path: path.into(),
            source,
        };
        // Through a symbolic link: the file that it names is replaced, not the link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
        if let Ok(metadata) = fs::metadata(&target) {
            if metadata.is_dir() {
                return Err(OutputError::Directory { path: target });
            }
            if !metadata.is_file() {
                let file = OpenOptions::new().write(true).open(&target).map_err(fail)?;
                return Ok(of(Sink::Special(file)));
            }
            if !replace {
                return Err(OutputError::Exists { path: target });
            }
        }
        let (file, temporary) = temporary_beside(&target, mode).map_err(fail)?.into_parts();
        interrupt::remove_on_exit(&temporary);
        Ok(of(Sink::File {
            file,
            temporary,
            target,
            replace,
            mode,
        }))
    }

    /// Announces how many bytes there will be, for the message of a full disk.
    pub fn expect(&mut self, bytes: Option<u64>) {
        self.needed = bytes;
    }

    /// What to tell about an error of the work that wrote into this output.
    pub fn failure(&self, error: stheno::Error) -> Failure {
        match error {
            stheno::Error::Envelope(EnvelopeError::Write(source)) => {
                self.write_error(source).into()
            }
            other => other.into(),
        }
    }

    fn write_error(&self, source: io::Error) -> OutputError {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let path = PathBuf::from(&self.name);
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => OutputError::Full {
                path,
                written: self.written.load(Ordering::Relaxed),
                needed: self.needed,
                source,
            },
            _ => OutputError::Write { path, source },
        }
    }

    /// Refuses a terminal, which binary data would garble.
    ///
    /// # Errors
    /// [`OutputError::Terminal`].
    pub fn not_a_terminal(self) -> Result<Self, OutputError> {
        match self.is_stdout() && io::stdout().is_terminal() {
            true => Err(OutputError::Terminal),
            false => Ok(self),
        }
    }

    /// Whether this is standard output, so that nothing else may be written there.
    pub fn is_stdout(&self) -> bool {
        matches!(self.sink, Sink::Stdout(_))
    }

    /// Whether it appears only when it is committed, so that until then nobody has seen any of it.
    pub fn appears_at_the_end(&self) -> bool {
        matches!(self.sink, Sink::File { .. })
    }

    /// Makes the output appear under its name; a secret durably, since nobody could make it again.
    ///
    /// # Errors
    /// [`OutputError::Exists`] when somebody made the file meanwhile; [`OutputError::Write`].
    pub fn commit(mut self) -> Result<(), OutputError> {
        if let Err(source) = self.flush() {
            return Err(self.write_error(source));
        }
        let fail = |path: &Path, source| OutputError::Write {
            path: path.to_owned(),
            source,
        };
        match self.sink {
            Sink::Stdout(_) => Ok(()),
            Sink::Special(_) => Ok(()),
            Sink::File {
                file,
                temporary,
                target,
                replace,
                mode,
            } => {
                let durable = mode == Mode::Secret;
                if durable {
                    file.sync_all().map_err(|source| fail(&target, source))?;
                }
                drop(file);
                let unfinished = temporary.to_path_buf();
                let named = if replace {
                    temporary.persist(&target)
                } else {
                    temporary.persist_noclobber(&target)
                };
                interrupt::keep(&unfinished);
                named.map_err(|error| match error.error.kind() {
                    io::ErrorKind::AlreadyExists => OutputError::Exists {
                        path: target.clone(),
                    },
                    _ => fail(&target, error.error),
                })?;
                if durable {
                    sync_name(&target);
                }
                Ok(())
            }
        }
    }
}

/// By several cores at once: a file that appears at the end.
impl WriteAt for Output {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let Sink::File { file, .. } = &self.sink else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let written = WriteAt::write_at(file, bytes, offset)?;
        self.written.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.sink {
            Sink::Stdout(stdout) => stdout.write(bytes),
            Sink::Special(file) | Sink::File { file, .. } => file.write(bytes),
        }?;
        *self.written.get_mut() += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Stdout(stdout) => stdout.flush(),
            Sink::Special(file) | Sink::File { file, .. } => file.flush(),
        }
    }
}

/// A file that appears at the end, for formats whose beginning is known last.
impl Seek for Output {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.sink {
            Sink::File { file, .. } => file.seek(to),
            Sink::Stdout(_) | Sink::Special(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// An unnamed neighbour, so that the last step is a rename and cannot cross file systems.
fn temporary_beside(target: &Path, mode: Mode) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".stheno-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(match mode {
            Mode::Common => 0o666,
            Mode::Secret => 0o600,
        }));
    }
    builder.tempfile_in(folder_of(target))
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the name of a file durable, where folders can be told to.
fn sync_name(target: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder_of(target)) {
        // Some file systems have no such thing.
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = target;
}

/// How much is missing.
fn room_needed(written: u64, needed: Option<u64>) -> String {
    match needed {
        Some(needed) => format!("it needs {needed} bytes, {written} fit; "),
        None => format!("it needs more than the {written} bytes that fit; "),
    }
}

/// Why an output cannot be written.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// It is there already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It is a directory.
    #[error("{} is a directory", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// It is a terminal, which binary data would garble.
    #[error("standard output is a terminal")]
    Terminal,
    /// It cannot be created.
    #[error("{} cannot be created: {source}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no room for it. What was written is gone.
    #[error("there is no room for {}: {}{source}", path.display(), room_needed(*written, *needed))]
    Full {
        /// The file.
        path: PathBuf,
        /// Bytes for which there was room.
        written: u64,
        /// Bytes that it would have had, where that is known.
        needed: Option<u64>,
        /// Why.
        source: io::Error,
    },
    /// It cannot be completed.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_folder() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out").to_str().unwrap().to_owned();
        (folder, path)
    }

    #[test]
    fn output_leaves_nothing_behind_when_it_is_not_committed() {
        let (folder, path) = in_folder();
        let mut output = Output::create(&path, false).unwrap();
        output.write_all(b"half").unwrap();
        drop(output);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn output_appears_when_it_is_committed() {
        let (folder, path) = in_folder();
        let mut output = Output::create(&path, false).unwrap();
        output.write_all(b"whole").unwrap();
        assert!(!Path::new(&path).exists());
        output.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn output_is_refused_when_it_exists() {
        let (_folder, path) = in_folder();
        fs::write(&path, b"mine").unwrap();
        assert!(matches!(
            Output::create(&path, false),
            Err(OutputError::Exists { .. })
        ));
        let mut output = Output::create(&path, true).unwrap();
        output.write_all(b"new").unwrap();
        output.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn output_does_not_replace_what_appeared_meanwhile() {
        let (_folder, path) = in_folder();
        let output = Output::create(&path, false).unwrap();
        fs::write(&path, b"mine").unwrap();
        assert!(matches!(output.commit(), Err(OutputError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn output_to_a_directory_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = Output::create(folder.path().to_str().unwrap(), true);
        assert!(matches!(error, Err(OutputError::Directory { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn output_of_a_secret_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, path) = in_folder();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        fs::write(&path, b"open to all").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            Output::create_secret(&path, false),
            Err(OutputError::Exists { .. })
        ));
        let mut output = Output::create_secret(&path, true).unwrap();
        output.write_all(b"secret").unwrap();
        let Sink::File { temporary, .. } = &output.sink else {
            panic!("a file");
        };
        assert_eq!(mode(temporary), 0o600);
        output.commit().unwrap();
        assert_eq!(mode(Path::new(&path)), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn output_to_a_device_is_written_in_place() {
        let output = Output::create("/dev/null", false).unwrap();
        assert!(matches!(output.sink, Sink::Special(_)));
    }
}
