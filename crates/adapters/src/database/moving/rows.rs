//! Rows in their canonical form: the tuples of PostgreSQL's binary COPY format. The values of both databases become the same
//! bytes.

use std::cmp::Ordering;

use aws_lc_rs::digest::{Digest, SHA256, digest};
use diesel::{
    deserialize,
    row::{Field as _, Row},
    sqlite::Sqlite,
};

use super::values::Kind;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// The value of a length that means NULL, and of a number of fields that ends the rows.
const NONE: i32 = -1;
const END: i16 = -1;

/// Rows in the order of their primary keys.
#[derive(Debug, Default)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    /// Where each row ends.
    ends: Vec<usize>,
}

impl Rows {
    /// Appends a row of SQLite, whose columns have these kinds.
    pub(super) fn push<'a>(&mut self, row: &impl Row<'a, Sqlite>, kinds: &[Kind]) -> deserialize::Result<()> {
        self.bytes.extend_from_slice(&i16::try_from(kinds.len())?.to_be_bytes());
        for (column, kind) in kinds.iter().enumerate() {
            let field = row.get(column).ok_or("a column is missing")?;
            match field.value() {
                Some(value) => {
                    let encoded = kind.encode(value, &mut self.bytes);
                    let name = || field.field_name().unwrap_or_default().to_owned();
                    encoded.map_err(|fault| format!("column {}: {fault}", name()))?;
                }
                None => self.bytes.extend_from_slice(&NONE.to_be_bytes()),
            }
        }
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// Parses the output of `COPY … TO STDOUT (FORMAT binary)`. `None` if it is cut off.
    pub(super) fn parse(copy: &[u8]) -> Option<Self> {
        let mut rest = copy.strip_prefix(SIGNATURE)?;
        take(&mut rest, size_of::<i32>())?;
        let extension = i32::from_be_bytes(*take(&mut rest, size_of::<i32>())?.first_chunk()?);
        take(&mut rest, usize::try_from(extension).ok()?)?;
        let (all, mut ends) = (rest, Vec::new());
        loop {
            let end = all.len() - rest.len();
            let fields = i16::from_be_bytes(*take(&mut rest, size_of::<i16>())?.first_chunk()?);
            if fields == END {
                return Some(Self { bytes: all.get(..end)?.to_vec(), ends });
            }
            for _ in 0..fields {
                field(&mut rest)?;
            }
            ends.push(all.len() - rest.len());
        }
    }

    /// The input of `COPY … FROM STDIN (FORMAT binary)`.
    pub(super) fn to_copy(&self) -> Vec<u8> {
        let header: [&[u8]; 4] = [SIGNATURE, &[0; 8], &self.bytes, &END.to_be_bytes()];
        header.concat()
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The rows without separators.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn digest(&self) -> Digest {
        digest(&SHA256, &self.bytes)
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        self.digest().as_ref() == other.digest().as_ref()
    }

    fn row(&self, number: usize) -> Option<&[u8]> {
        let start = number.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.bytes.get(start..*self.ends.get(number)?)
    }

    /// The key of the last row. The first columns of each row are those of the key.
    pub(super) fn last_key(&self, kinds: &[Kind]) -> Option<Key> {
        Key::of(self.row(self.len().checked_sub(1)?)?, kinds)
    }

    /// The first row in which the target differs from these rows of the source.
    pub(super) fn first_difference(&self, target: &Self, kinds: &[Kind]) -> Option<(Key, &'static str)> {
        let keyed = |rows: &Self, number: usize| rows.row(number).and_then(|row| Key::of(row, kinds));
        for number in 0..self.len().max(target.len()) {
            if self.row(number) == target.row(number) {
                continue;
            }
            // No row before this one differs, so the row with the smaller key is in one database only.
            return match (keyed(self, number), keyed(target, number)) {
                (Some(ours), Some(theirs)) => Some(match ours.compare(&theirs) {
                    Ordering::Less => (ours, MISSING),
                    Ordering::Equal => (ours, CHANGED),
                    Ordering::Greater => (theirs, ADDED),
                }),
                (Some(ours), None) => Some((ours, MISSING)),
                (None, theirs) => theirs.map(|theirs| (theirs, ADDED)),
            };
        }
        None
    }
}

const MISSING: &str = "is missing in the target";
const CHANGED: &str = "has other values in the target";
const ADDED: &str = "is only in the target";

/// A value of a primary key.
type KeyValue = (Kind, Vec<u8>);

/// The primary key of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key(Vec<KeyValue>);

impl Key {
    fn of(row: &[u8], kinds: &[Kind]) -> Option<Self> {
        let mut rest = row.get(size_of::<i16>()..)?;
        // No column of a primary key is NULL.
        kinds.iter().map(|kind| Some((*kind, field(&mut rest)??.to_vec()))).collect::<Option<_>>().map(Self)
    }

    fn compare(&self, other: &Self) -> Ordering {
        let order = |((kind, one), (_, other)): (&KeyValue, &KeyValue)| kind.compare(one, other);
        self.0.iter().zip(&other.0).map(order).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    fn list(&self, text: impl Fn(Kind, &[u8]) -> String) -> String {
        self.0.iter().map(|(kind, bytes)| text(*kind, bytes)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn sqlite_literals(&self) -> String {
        self.list(Kind::sqlite_literal)
    }

    pub(super) fn postgres_literals(&self) -> String {
        self.list(Kind::postgres_literal)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.list(Kind::shown))
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

/// Takes the next field. The inner value is `None` for NULL.
#[expect(clippy::option_option, reason = "the outer one means that the bytes end")]
fn field<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    match i32::from_be_bytes(*take(rest, size_of::<i32>())?.first_chunk()?) {
        NONE => Some(None),
        length => take(rest, usize::try_from(length).ok()?).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Rows};

    fn rows(values: &[(i64, &str)]) -> Rows {
        let mut rows = Rows::default();
        for (key, text) in values {
            rows.bytes.extend_from_slice(&[0, 2, 0, 0, 0, 8]);
            rows.bytes.extend_from_slice(&key.to_be_bytes());
            rows.bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or_default().to_be_bytes());
            rows.bytes.extend_from_slice(text.as_bytes());
            rows.ends.push(rows.bytes.len());
        }
        rows
    }

    #[test]
    fn what_copy_writes_is_what_it_reads() {
        let rows = rows(&[(-1, ""), (2, "two")]);
        let copy = rows.to_copy();
        let parsed = Rows::parse(&copy);
        assert!(parsed.is_some_and(|parsed| parsed.equals(&rows) && parsed.ends == rows.ends));
        for end in 0..copy.len() {
            assert!(Rows::parse(&copy[..end]).is_none(), "cut off after {end} bytes");
        }
    }

    #[test]
    fn the_first_difference_has_the_smallest_key() {
        let source = rows(&[(-5, "a"), (2, "b"), (300, "c")]);
        for (target, expected) in [
            (vec![(-5, "a"), (2, "b"), (300, "c")], None),
            (vec![(-5, "a"), (2, "x"), (300, "y")], Some(("2", "has other values in the target"))),
            (vec![(2, "b"), (300, "c")], Some(("-5", "is missing in the target"))),
            (vec![(-5, "a"), (2, "b")], Some(("300", "is missing in the target"))),
            (vec![(-6, "a"), (-5, "a"), (2, "b"), (300, "c")], Some(("-6", "is only in the target"))),
            (vec![(-5, "a"), (2, "b"), (300, "c"), (301, "d")], Some(("301", "is only in the target"))),
        ] {
            let found = source.first_difference(&rows(&target), &[Kind::Long]);
            let found = found.map(|(key, what)| (key.to_string(), what));
            assert_eq!(found, expected.map(|(key, what)| (key.to_owned(), what)), "{target:?}");
        }
    }
}
