//! Which files to read: files as they are named, directories recursively and in sorted order, `-` for standard
//! input. Truth files that lie beside data are never read.

use flate2::bufread::MultiGzDecoder;
use homeostat_core::Timestamp;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Names of files that hold answers, not data.
const TRUTH: [&str; 2] = ["ground_truth.json", "labels.json"];

/// One file to read, with the name that its events carry: the path relative to the argument that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    path: Option<PathBuf>,
    name: String,
}

impl Input {
    /// The name: for a file argument its file name, below a directory the path relative to it, `stdin` for `-`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size in bytes, 0 for standard input.
    pub fn size(&self) -> u64 {
        self.path.as_ref().and_then(|path| fs::metadata(path).ok()).map_or(0, |data| data.len())
    }

    /// When it was last changed; `None` for standard input and where the system does not tell.
    ///
    /// This is the latest moment that its records can tell of, which gives a year to those that name none.
    pub fn changed(&self) -> Option<Timestamp> {
        let changed = fs::metadata(self.path.as_ref()?).ok()?.modified().ok()?;
        let since = changed.duration_since(UNIX_EPOCH).ok()?;
        Some(Timestamp::from_micros(i64::try_from(since.as_micros()).ok()?))
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the name and the cause.
    pub fn open(&self) -> Result<Box<dyn BufRead>, Unreadable> {
        match &self.path {
            None => Ok(Box::new(BufReader::new(io::stdin()))),
            Some(path) => match File::open(path) {
                Ok(file) => Ok(Box::new(BufReader::with_capacity(1 << 17, file))),
                Err(source) => Err(Unreadable { name: self.name.clone(), source }),
            },
        }
    }
}

impl Input {
    /// All of it as bytes, unpacked when it is packed with gzip.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the name and the cause.
    pub fn bytes(&self) -> Result<Vec<u8>, Unreadable> {
        let mut bytes = Vec::new();
        self.unpacked()?.read_to_end(&mut bytes).map_err(|source| self.unreadable(source))?;
        Ok(bytes)
    }

    /// Opens it, to be read unpacked when it is packed with gzip.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the name and the cause.
    pub fn unpacked(&self) -> Result<Box<dyn BufRead>, Unreadable> {
        let mut input = self.open()?;
        let start = input.fill_buf().map_err(|source| self.unreadable(source))?;
        Ok(if start.starts_with(&[0x1f, 0x8b]) {
            Box::new(BufReader::new(MultiGzDecoder::new(input)))
        } else {
            input
        })
    }

    pub(crate) fn unreadable(&self, source: io::Error) -> Unreadable {
        Unreadable { name: self.name.clone(), source }
    }

    /// All of it as text, unpacked when it is packed with gzip.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the name and the cause.
    pub fn text(&self) -> Result<String, Unreadable> {
        String::from_utf8(self.bytes()?).map_err(|_| Unreadable {
            name: self.name.clone(),
            source: io::Error::new(io::ErrorKind::InvalidData, "no UTF-8"),
        })
    }
}

/// A file or directory that can not be read.
#[derive(Debug, thiserror::Error)]
#[error("can not read `{name}`")]
pub struct Unreadable {
    name: String,
    source: io::Error,
}

/// The files that `arguments` name.
///
/// # Errors
///
/// [`Unreadable`] for the first argument that is not there or not readable.
pub fn inputs(arguments: &[PathBuf]) -> Result<Vec<Input>, Unreadable> {
    let mut found = Vec::new();
    for argument in arguments {
        if argument.as_os_str() == "-" {
            found.push(Input { path: None, name: "stdin".to_owned() });
        } else {
            let kind = fs::metadata(argument).map_err(|source| unreadable(argument, source))?;
            if kind.is_dir() {
                below(argument, argument, &mut found)?;
            } else {
                let name =
                    argument.file_name().unwrap_or(argument.as_os_str()).to_string_lossy().into_owned();
                found.push(Input { path: Some(argument.clone()), name });
            }
        }
    }
    Ok(found)
}

fn below(root: &Path, folder: &Path, found: &mut Vec<Input>) -> Result<(), Unreadable> {
    let entries = fs::read_dir(folder).map_err(|source| unreadable(folder, source))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            below(root, &path, found)?;
        } else if !TRUTH.iter().any(|truth| path.file_name().is_some_and(|name| name == *truth)) {
            found.push(Input { path: Some(path), name });
        }
    }
    Ok(())
}

fn unreadable(path: &Path, source: io::Error) -> Unreadable {
    Unreadable { name: path.to_string_lossy().into_owned(), source }
}
