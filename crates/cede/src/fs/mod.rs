//! Files, on the loop's pool of threads: the system cannot wait for a file otherwise.
//!
//! The functions of `std::fs` that programs use most, and [`File`]. Each call runs on a thread of the pool
//! ([`to_thread`]) while its task cedes. For what is not here, call `std::fs` in `to_thread`.
//!
//! ```
//! use std::io::{Read, Write};
//!
//! cede::run(cede::coroutine(|| -> std::io::Result<()> {
//!     let path = std::env::temp_dir().join(format!("cede-fs-{}", std::process::id()));
//!     cede::fs::write(&path, "on paper")?; // cedes
//!     let mut text = String::new();
//!     cede::fs::File::open(&path)?.read_to_string(&mut text)?; // cedes
//!     assert_eq!(text, "on paper");
//!     cede::fs::remove_file(&path)
//! }))??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A call that is cancelled gives the cancellation at once. What its thread has begun it finishes: a file may
//! be written all the same, and where a read was cancelled the file's position is not certain.

mod file;

pub use file::File;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::coroutine::Awaitable;
use crate::threads::to_thread;

/// Runs it on a thread of the pool.
fn on_pool<T: Send + 'static>(job: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    to_thread(job).await_()?
}

/// Names the path in an error.
fn of_path<T: Send + 'static>(
    path: impl AsRef<Path>,
    job: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let path: PathBuf = path.as_ref().into();
    on_pool(move || {
        job(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    })
}

/// All of a file. Cedes.
///
/// # Errors
/// Of the system, with the path. The cancellation.
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    of_path(path, |path| fs::read(path))
}

/// All of a file of UTF-8. Cedes.
///
/// # Errors
/// As [`read`]; when it is not UTF-8.
pub fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    of_path(path, |path| fs::read_to_string(path))
}

/// Makes a file of this, in the place of what was there. Cedes.
///
/// # Errors
/// As [`read`].
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let contents = contents.as_ref().to_vec();
    of_path(path, move |path| fs::write(path, contents))
}

/// What the system knows of a file. Cedes.
///
/// # Errors
/// As [`read`].
pub fn metadata(path: impl AsRef<Path>) -> io::Result<fs::Metadata> {
    of_path(path, |path| fs::metadata(path))
}

/// Removes a file. Cedes.
///
/// # Errors
/// As [`read`].
pub fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    of_path(path, |path| fs::remove_file(path))
}

/// Makes a folder, with those above it. Cedes.
///
/// # Errors
/// As [`read`].
pub fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    of_path(path, |path| fs::create_dir_all(path))
}

/// Moves a file, in the place of what is there. Cedes.
///
/// # Errors
/// As [`read`].
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let to: PathBuf = to.as_ref().into();
    of_path(from, move |from| fs::rename(from, to))
}

/// The paths of what is in a folder, in no order. Cedes.
///
/// # Errors
/// As [`read`].
pub fn read_dir(path: impl AsRef<Path>) -> io::Result<Vec<PathBuf>> {
    of_path(path, |path| fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect())
}
