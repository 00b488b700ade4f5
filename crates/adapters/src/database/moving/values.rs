//! The types of columns that can be copied.

use diesel::{
    deserialize::{self, FromSql},
    sql_types::{BigInt, Binary, Text},
    sqlite::{Sqlite, SqliteValue},
};

/// Microseconds from 1970, which SQLite has, to 2000, from which PostgreSQL counts.
const EPOCH: i64 = 946_684_800_000_000;

/// What a column holds. The bytes of a value are those of PostgreSQL's binary formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Uuid,
    Bytes,
    /// Also documents, whose bytes stay the same.
    Text,
    Bool,
    Short,
    Integer,
    Long,
    Instant,
}

impl Kind {
    /// The kind of a column by its types in SQLite and in PostgreSQL. `None` if it can't be copied.
    pub(super) fn of(sqlite: &str, postgres: &str) -> Option<Self> {
        Some(match (sqlite, postgres) {
            ("BLOB", "uuid") => Self::Uuid,
            ("BLOB", "bytea") => Self::Bytes,
            ("TEXT", "text" | "json") => Self::Text,
            ("INTEGER", "bool") => Self::Bool,
            ("INTEGER", "int2") => Self::Short,
            ("INTEGER", "int4") => Self::Integer,
            ("INTEGER", "int8") => Self::Long,
            ("INTEGER", "timestamptz") => Self::Instant,
            _ => return None,
        })
    }

    /// Whether both databases sort the values in the same way, and this module can write them into statements.
    pub(super) const fn is_key(self) -> bool {
        !matches!(self, Self::Bool | Self::Instant)
    }

    /// Appends a value of SQLite: its length and its bytes.
    pub(super) fn encode(self, value: SqliteValue<'_, '_, '_>, out: &mut Vec<u8>) -> deserialize::Result<()> {
        match self {
            Self::Uuid | Self::Bytes => append(&<Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?, out),
            Self::Text => append(<String as FromSql<Text, Sqlite>>::from_sql(value)?.as_bytes(), out),
            Self::Bool => match integer(value)? {
                number @ (0 | 1) => append(&[u8::try_from(number)?], out),
                other => Err(format!("{other} is neither true nor false").into()),
            },
            Self::Short => append(&i16::try_from(integer(value)?)?.to_be_bytes(), out),
            Self::Integer => append(&i32::try_from(integer(value)?)?.to_be_bytes(), out),
            Self::Long => append(&integer(value)?.to_be_bytes(), out),
            Self::Instant => {
                let time = integer(value)?.checked_sub(EPOCH).ok_or("a time is out of range")?;
                append(&time.to_be_bytes(), out)
            }
        }
    }

    /// The value as a literal of SQLite.
    pub(super) fn sqlite_literal(self, bytes: &[u8]) -> String {
        match self {
            Self::Text => format!("CAST(x'{}' AS TEXT)", hex(bytes)),
            Self::Uuid | Self::Bytes => format!("x'{}'", hex(bytes)),
            _ => self.number(bytes).to_string(),
        }
    }

    /// The value as an expression of PostgreSQL.
    pub(super) fn postgres_literal(self, bytes: &[u8]) -> String {
        match self {
            Self::Text => format!("convert_from(decode('{}', 'hex'), 'UTF8')", hex(bytes)),
            Self::Uuid => format!("'{}'::uuid", hex(bytes)),
            Self::Bytes => format!("decode('{}', 'hex')", hex(bytes)),
            _ => self.number(bytes).to_string(),
        }
    }

    /// The value for people.
    pub(super) fn shown(self, bytes: &[u8]) -> String {
        match self {
            Self::Text => String::from_utf8_lossy(bytes).escape_debug().to_string(),
            Self::Uuid => uuid::Uuid::from_slice(bytes).map_or_else(|_| hex(bytes), |id| id.to_string()),
            Self::Bytes => hex(bytes),
            _ => self.number(bytes).to_string(),
        }
    }

    /// The order of two values in both databases.
    pub(super) fn compare(self, one: &[u8], other: &[u8]) -> std::cmp::Ordering {
        match self {
            Self::Uuid | Self::Bytes | Self::Text => one.cmp(other),
            _ => self.number(one).cmp(&self.number(other)),
        }
    }

    fn number(self, bytes: &[u8]) -> i64 {
        match (self, bytes.len()) {
            (Self::Short, 2) => bytes.first_chunk().map_or(0, |bytes| i16::from_be_bytes(*bytes).into()),
            (_, 4) => bytes.first_chunk().map_or(0, |bytes| i32::from_be_bytes(*bytes).into()),
            _ => bytes.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes)),
        }
    }
}

fn integer(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<i64> {
    <i64 as FromSql<BigInt, Sqlite>>::from_sql(value)
}

fn append(bytes: &[u8], out: &mut Vec<u8>) -> deserialize::Result<()> {
    out.extend_from_slice(&i32::try_from(bytes.len())?.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
