//! The text of an object inside a body, in compact form.
//!
//! A tree would lose how numbers were written. What was parsed without a fault is taken from the body itself: without the
//! space between its tokens, and with one spelling for each string.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::value::RawValue;

/// The value of a member of the body's outermost object.
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

/// How long the string is that the text begins with, quotes included.
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

/// The same string with no escape that it does not need.
fn respelled(string: &str) -> Cow<'_, str> {
    if !string.contains('\\') {
        return string.into();
    }
    let respelled = serde_json::from_str::<String>(string).and_then(|text| serde_json::to_string(&text));
    respelled.map_or(string.into(), Cow::Owned)
}
