//! The search for API keys in a stream of bytes.

use memchr::{memchr_iter, memmem, memrchr};

use crate::model::{KeyKind, RawKey};

/// A text with the format and the checksum of an API key, and where it begins.
#[derive(Debug, PartialEq, Eq)]
pub struct FoundText {
    /// The text as a key. Only storage knows whether the key exists.
    pub key: RawKey,
    /// The line, from 1. Lines end with a line feed.
    pub line: u64,
    /// The byte in the line, from 1.
    pub column: u64,
}

/// Finds API keys in a stream that arrives in blocks of any size, also keys that several blocks contain.
///
/// The checksum alone decides: the text around a key does not matter. The memory does not depend on the length of lines.
#[derive(Debug)]
pub struct KeyFinder {
    prefixes: [memmem::Finder<'static>; KeyKind::ALL.len()],
    /// The last bytes of the stream, too few for a key.
    tail: Vec<u8>,
    /// The place of the first byte of the tail.
    start: Place,
}

/// A place in a stream. All numbers begin with 0.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    offset: u64,
    line: u64,
    line_start: u64,
}

impl Place {
    /// The place behind these bytes, which begin here.
    fn after(self, bytes: &[u8]) -> Self {
        let line_start = memrchr(b'\n', bytes).map(|at| self.offset + count(at + 1));
        Self {
            offset: self.offset + count(bytes.len()),
            line: self.line + count(memchr_iter(b'\n', bytes).count()),
            line_start: line_start.unwrap_or(self.line_start),
        }
    }

    fn of(self, key: RawKey) -> FoundText {
        FoundText { key, line: self.line + 1, column: self.offset - self.line_start + 1 }
    }
}

impl Default for KeyFinder {
    fn default() -> Self {
        Self {
            prefixes: KeyKind::ALL.map(|kind| memmem::Finder::new(kind.prefix())),
            tail: Vec::with_capacity(2 * Self::KEPT),
            start: Place::default(),
        }
    }
}

impl KeyFinder {
    /// How many bytes of a block are searched again together with the next block.
    const KEPT: usize = RawKey::LENGTH - 1;

    /// Searches the next block of the stream. Calls `found` for each key that ends in it, in ascending order of their
    /// beginnings.
    pub fn feed(&mut self, block: &[u8], mut found: impl FnMut(FoundText)) {
        let (kept, mut place, mut done) = (self.tail.len(), self.start, 0);
        // Neither the tail nor the added part is long enough for a key, so every key here lies across the boundary.
        self.tail.extend_from_slice(&block[..block.len().min(Self::KEPT)]);
        let joined = &self.tail;
        self.each_key(joined, |at, key| {
            place = place.after(&joined[done..at]);
            done = at;
            found(place.of(key));
        });
        place = place.after(&joined[done..kept]);
        done = 0;
        self.each_key(block, |at, key| {
            place = place.after(&block[done..at]);
            done = at;
            found(place.of(key));
        });
        if let Some(end) = block.len().checked_sub(Self::KEPT) {
            self.start = place.after(&block[done..end]);
            self.tail.clear();
            self.tail.extend_from_slice(&block[end..]);
        } else {
            let surplus = self.tail.len().saturating_sub(Self::KEPT);
            self.start = self.start.after(&self.tail[..surplus]);
            self.tail.drain(..surplus);
        }
    }

    /// Calls `found` with each key in the text and its offset, in ascending order.
    fn each_key(&self, text: &[u8], mut found: impl FnMut(usize, RawKey)) {
        let mut next = self.prefixes.each_ref().map(|prefix| prefix.find(text));
        while let Some((at, kind)) = (0..next.len()).filter_map(|kind| next[kind].map(|at| (at, kind))).min() {
            if let Some(key) = key_at(text, at) {
                found(at, key);
            }
            next[kind] = self.prefixes[kind].find(&text[at + 1..]).map(|more| at + 1 + more);
        }
    }
}

fn key_at(text: &[u8], at: usize) -> Option<RawKey> {
    std::str::from_utf8(text.get(at..at + RawKey::LENGTH)?).ok()?.parse().ok()
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
