//! Conversions between rows and entities.

use std::{fmt::Display, str::FromStr};

use serde::{Deserialize, Serialize};
use tessera_kernel::{Document, Network, Page, PageRequest, SecretHash, StoreError};
use uuid::Uuid;

use super::types::{DbDocument, DbId};

/// Returns the error for a row that violates the rules of its type. The value is omitted, because it may be personal
/// data.
pub(in crate::database) fn corrupt(column: &str, fault: impl Display) -> StoreError {
    StoreError::Corrupt(format!("{column}: {fault}"))
}

/// Parses a stored value with the validation of its value object.
pub(in crate::database) fn parse<T>(column: &str, text: &str) -> Result<T, StoreError>
where
    T: FromStr<Err: Display>,
{
    text.parse().map_err(|fault| corrupt(column, fault))
}

/// Parses a stored value that may be NULL.
pub(in crate::database) fn parse_optional<T>(column: &str, text: Option<&str>) -> Result<Option<T>, StoreError>
where
    T: FromStr<Err: Display>,
{
    text.map(|text| parse(column, text)).transpose()
}

/// Parses the network of a client, which is stored as its first address.
pub(in crate::database) fn parse_network(column: &str, text: Option<&str>) -> Result<Option<Network>, StoreError> {
    Ok(parse_optional(column, text)?.map(Network::of))
}

/// Converts the stored hash of a secret.
pub(in crate::database) fn sha256(column: &str, bytes: Vec<u8>) -> Result<SecretHash, StoreError> {
    bytes.try_into().map(SecretHash::from_bytes).map_err(|_| corrupt(column, "must have 32 bytes"))
}

pub(in crate::database) fn to_document(value: &impl Serialize) -> Result<DbDocument, StoreError> {
    serde_json::to_string(value).map(DbDocument).map_err(|fault| StoreError::Other(Box::new(fault)))
}

pub(in crate::database) fn from_document<'a, T: Deserialize<'a>>(
    column: &str,
    document: &'a DbDocument,
) -> Result<T, StoreError> {
    serde_json::from_str(&document.0).map_err(|fault| corrupt(column, fault))
}

/// Converts a stored document and keeps it byte for byte.
pub(in crate::database) fn parse_document<const MAX: usize>(
    column: &str,
    document: DbDocument,
) -> Result<Document<MAX>, StoreError> {
    document.0.try_into().map_err(|fault| corrupt(column, fault))
}

/// Converts the result of a count.
pub(in crate::database) fn count(of: &str, rows: i64) -> Result<u64, StoreError> {
    rows.try_into().map_err(|fault| corrupt(of, fault))
}

/// Converts the number of rows that a statement has changed.
pub(in crate::database) fn affected(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

/// Converts the rows of a list to a page of entities.
pub(in crate::database) fn to_page<R, T: TryFrom<R, Error = StoreError>>(
    rows: Vec<R>,
    page: &PageRequest,
    key: impl Fn(&T) -> Uuid,
) -> Result<Page<T>, StoreError> {
    Ok(Page::from_rows(rows.into_iter().map(T::try_from).collect::<Result<_, _>>()?, page, key))
}

/// Repeats the last id until the number of ids is a power of two. SQLite has one statement for each number of ids, so this
/// leaves few statements to prepare.
pub(in crate::database) fn padded(mut ids: Vec<DbId>) -> Vec<DbId> {
    if let Some(last) = ids.last().copied() {
        ids.resize(ids.len().next_power_of_two(), last);
    }
    ids
}

/// Returns the key after which a page starts. No existing key equals the nil UUID or sorts before it, so one query
/// works for the first page and for all others.
pub(in crate::database) fn after(page: &PageRequest) -> DbId {
    DbId(page.after.unwrap_or(Uuid::nil()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_ids_is_padded_to_a_power_of_two() {
        for (length, expected) in [(0, 0), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (1_000, 1_024)] {
            let ids: Vec<DbId> = (0..length).map(|number| DbId(Uuid::from_u128(number))).collect();
            let all = padded(ids.clone());
            assert_eq!(all.len(), expected);
            assert_eq!(all[..ids.len()], ids[..]);
            assert!(all[ids.len()..].iter().all(|id| Some(id) == ids.last()), "no other id");
        }
    }
}
