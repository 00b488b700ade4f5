//! Extraction of an object from a body as compact JSON text.
//!
//! A parsed tree would lose the original notation of numbers. Therefore the text is copied from the body after it was
//! parsed without errors. White space between tokens is removed, and each string gets one canonical spelling.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::value::RawValue;

/// Returns a member of the outermost object as compact JSON.
pub(crate) fn member(body: &str, name: &str) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(body).ok()?;
    members.get(name).map(|value| compact(value.get()))
}

fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let (between, string) = rest.split_at(start);
        text.extend(without_space(between));
        let (string, after) = string.split_at(length(string));
        text.push_str(&respelled(string));
        rest = after;
    }
    text.extend(without_space(rest));
    text
}

fn without_space(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_ascii_whitespace())
}

/// Length in bytes, including the quotes, of the JSON string at the start of `text`.
fn length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the string without unnecessary escapes.
fn respelled(string: &str) -> Cow<'_, str> {
    if !string.contains('\\') {
        return string.into();
    }
    let respelled = serde_json::from_str::<String>(string).and_then(|text| serde_json::to_string(&text));
    respelled.map_or(string.into(), Cow::Owned)
}
