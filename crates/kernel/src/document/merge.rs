//! JSON Merge Patch (RFC 7396) on text, so that members that the patch does not change keep their bytes.
//!
//! Both texts are compact and spell each string in one way. Two member names are therefore equal if their tokens are
//! equal.

use std::collections::BTreeMap;

use super::error::{DocumentError, EMPTY, MAX_MEMBERS};

/// Applies a patch to a target, which may be any JSON value. The member limit is checked only for objects that the
/// patch changes.
pub(super) fn merged(target: &str, patch: &str) -> Result<String, DocumentError> {
    if !patch.starts_with('{') {
        return Ok(patch.to_owned());
    }
    let target = if target.starts_with('{') { target } else { EMPTY };
    let mut members: Vec<(&str, Option<String>)> =
        members(target).map(|(name, value)| (name, Some(value.to_owned()))).collect();
    let mut places: BTreeMap<&str, usize> =
        members.iter().enumerate().map(|(place, (name, _))| (*name, place)).collect();
    for (name, value) in self::members(patch) {
        let place = *places.entry(name).or_insert_with(|| {
            members.push((name, None));
            members.len() - 1
        });
        let member = &mut members[place].1;
        // A missing member merges like a value that is not an object: the patch is applied to an empty object.
        *member = if value == "null" { None } else { Some(merged(member.as_deref().unwrap_or_default(), value)?) };
    }
    let kept = members.into_iter().filter_map(|(name, value)| Some(format!("{name}:{}", value?)));
    let kept: Vec<String> = kept.collect();
    if kept.len() > MAX_MEMBERS {
        return Err(DocumentError::TooManyMembers { max: MAX_MEMBERS });
    }
    Ok(format!("{{{}}}", kept.join(",")))
}

/// The members of an object as pairs of name and value, in their original spelling.
fn members(object: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = object.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or_default();
    std::iter::from_fn(move || {
        let (name, after) = rest.split_at(token(rest));
        let after = after.strip_prefix(':')?;
        let (value, after) = after.split_at(token(after));
        rest = after.strip_prefix(',').unwrap_or_default();
        Some((name, value))
    })
}

/// Returns the end of the value at the start of the text: the first colon, comma or closing bracket outside strings and
/// nested values.
fn token(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b':' | b',' | b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}
