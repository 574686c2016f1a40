use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use super::{of_path, on_pool};

/// How much one call moves, at most: it is copied between the task's buffer and the thread's.
const MOST: usize = 1 << 20;

/// An open file, whose every operation runs on the loop's pool while its task cedes.
///
/// Small reads and writes are best gathered by `BufReader` and `BufWriter`: each call here crosses to a
/// thread and back.
#[derive(Debug)]
pub struct File {
    file: Arc<fs::File>,
}

impl File {
    /// Opens a file to be read.
    ///
    /// # Errors
    /// Of the system, with the path. The cancellation.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        of_path(path, |path| fs::File::open(path)).map(Self::from_std)
    }

    /// Opens a file to be written, emptied if it was there.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        of_path(path, |path| fs::File::create(path)).map(Self::from_std)
    }

    /// Opens a file with these options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(options: &OpenOptions, path: impl AsRef<Path>) -> io::Result<Self> {
        let options = options.clone();
        of_path(path, move |path| options.open(path)).map(Self::from_std)
    }

    /// A file of std's.
    pub fn from_std(file: fs::File) -> Self {
        File { file: Arc::new(file) }
    }

    /// What the system knows of it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn metadata(&self) -> io::Result<Metadata> {
        let file = self.file.clone();
        on_pool(move || file.metadata())
    }

    /// Waits until all that was written is on the disk.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn sync_all(&self) -> io::Result<()> {
        let file = self.file.clone();
        on_pool(move || file.sync_all())
    }

    /// Cuts it, or fills it with zeros, to this length.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn set_len(&self, length: u64) -> io::Result<()> {
        let file = self.file.clone();
        on_pool(move || file.set_len(length))
    }
}

/// Cedes while a thread reads.
impl Read for &File {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let (file, size) = (self.file.clone(), bytes.len().min(MOST));
        let read = on_pool(move || {
            let mut read = vec![0; size];
            let count = (&*file).read(&mut read)?;
            read.truncate(count);
            Ok(read)
        })?;
        bytes[..read.len()].copy_from_slice(&read);
        Ok(read.len())
    }
}

/// Cedes while a thread writes. There is nothing to flush.
impl Write for &File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (file, bytes) = (self.file.clone(), bytes[..bytes.len().min(MOST)].to_vec());
        on_pool(move || (&*file).write(&bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Cedes while a thread seeks.
impl Seek for &File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let file = self.file.clone();
        on_pool(move || (&*file).seek(to))
    }
}

/// As for a reference to it.
impl Read for File {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        (&*self).read(bytes)
    }
}

/// As for a reference to it.
impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As for a reference to it.
impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        (&*self).seek(to)
    }
}
