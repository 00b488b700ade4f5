//! Passwords that are known from data breaches, in a sorted file of SHA-1 hashes.

use std::{cmp::Ordering, fs::File, io, os::unix::fs::FileExt as _, path::Path, sync::Arc};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::HEXUPPER;

/// The number of digits of a hash.
const DIGITS: usize = 40;

/// Maximum length of a line. Those of Pwned Passwords have at most 52 bytes.
const MAX_LINE: usize = 128;

/// Lines of a large file that are compared at the start, before its last ones. An order that is wrong in few places can remain
/// unseen.
const SAMPLES: u64 = 1_000;

/// A file of hashes: 40 hexadecimal digits in a line, in ascending order. Text after `:` is ignored. It is read from the disk at
/// each search, and never as a whole: the file of Pwned Passwords has 40 GB.
#[derive(Debug, Clone)]
pub struct BreachedPasswords {
    file: Arc<File>,
    length: u64,
}

/// Why a file is not usable.
#[derive(Debug, thiserror::Error)]
pub enum BreachedPasswordsError {
    /// The file does not exist or cannot be read.
    #[error("can't be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The file is empty, or a line does not begin with a hash.
    #[error("must have lines that begin with a SHA-1 hash of 40 hexadecimal digits; the line at byte {0} does not")]
    Malformed(u64),
    /// The hashes are not in ascending order.
    #[error("must be sorted, as by `LC_ALL=C sort`; the line at byte {0} is smaller than one before it")]
    Unsorted(u64),
}

type Hash = [u8; DIGITS];

impl BreachedPasswords {
    /// Opens a file and checks the form and the order of its lines: all of them, or 1,000 that are evenly spread and the last
    /// ones. A file that is only in part there ends within a line.
    ///
    /// # Errors
    /// The file cannot be read, has a line without a hash, or is not sorted.
    pub fn open(path: &Path) -> Result<Self, BreachedPasswordsError> {
        let file = File::open(path)?;
        let found = Self { length: file.metadata()?.len(), file: Arc::new(file) };
        let step = (found.length / SAMPLES).max(1);
        let (mut offset, mut last) = (0, None);
        if found.length == 0 {
            return Err(BreachedPasswordsError::Malformed(0));
        }
        while let Some((start, hash, end)) = found.line_from(offset)? {
            if last.is_some_and(|last| last > hash) {
                return Err(BreachedPasswordsError::Unsorted(start));
            }
            last = Some(hash);
            offset = end.max(start.saturating_add(step).min(found.length.saturating_sub(MAX_LINE as u64)));
        }
        Ok(found)
    }

    /// Whether the file has the password. It blocks while it reads.
    ///
    /// # Errors
    /// The file cannot be read, or was overwritten.
    pub fn contains(&self, password: &str) -> Result<bool, BreachedPasswordsError> {
        let mut wanted: Hash = [0; DIGITS];
        HEXUPPER.encode_mut(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref(), &mut wanted);
        // All lines before `low` are smaller than the hash, and all that begin at `high` or later are greater.
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.line_from(middle)? {
                Some((start, hash, end)) if start < high => match hash.cmp(&wanted) {
                    Ordering::Equal => return Ok(true),
                    Ordering::Less => low = end,
                    Ordering::Greater => high = middle,
                },
                _ => high = middle,
            }
        }
        Ok(false)
    }

    /// The first line that begins at the offset or later: its start, its hash in upper case, and the start of the next one.
    fn line_from(&self, offset: u64) -> Result<Option<(u64, Hash, u64)>, BreachedPasswordsError> {
        if offset >= self.length {
            return Ok(None);
        }
        let start = if offset == 0 { 0 } else { self.next_line(offset - 1)? };
        if start >= self.length {
            return Ok(None);
        }
        let mut hash: Hash = [0; DIGITS];
        let malformed = || BreachedPasswordsError::Malformed(start);
        let read = self.file.read_exact_at(&mut hash, start);
        read.map_err(|error| if error.kind() == io::ErrorKind::UnexpectedEof { malformed() } else { error.into() })?;
        hash.make_ascii_uppercase();
        let next = self.next_line(start)?;
        let mut after = [b'\n'];
        let after_hash = start + DIGITS as u64;
        if after_hash < self.length {
            self.file.read_exact_at(&mut after, after_hash)?;
        }
        let is_hash = hash.iter().all(u8::is_ascii_hexdigit) && matches!(after, [b'\n' | b'\r' | b':']);
        if is_hash { Ok(Some((start, hash, next))) } else { Err(malformed()) }
    }

    /// The byte after the next line end from the offset on, or the end of the file.
    fn next_line(&self, offset: u64) -> Result<u64, BreachedPasswordsError> {
        let mut line = [0; MAX_LINE];
        let rest = usize::try_from(self.length - offset).unwrap_or(MAX_LINE).min(MAX_LINE);
        self.file.read_exact_at(&mut line[..rest], offset)?;
        match line[..rest].iter().zip(1..).find(|(byte, _)| **byte == b'\n') {
            Some((_, length)) => Ok(offset + length),
            None if rest < MAX_LINE => Ok(self.length),
            None => Err(BreachedPasswordsError::Malformed(offset)),
        }
    }
}
