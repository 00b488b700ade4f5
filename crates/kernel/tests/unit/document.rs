//! Documents and merge patches.

use tessera_kernel::{
    DataDocument, Document, DocumentChange, DocumentError, DocumentWrite, DocumentWriteError, MergePatch, Precondition,
    VersionedDocument,
};
use tessera_testkit::{
    builders::{NOW, merge},
    expectations::{failed, ok},
};
use time::Duration;

fn document(json: &str) -> DataDocument {
    ok(json.to_owned().try_into())
}

fn patch(json: &str) -> MergePatch {
    ok(json.to_owned().try_into())
}

#[track_caller]
fn merges(target: &str, change: &str, result: &str) {
    let merged = ok(DocumentChange::Merge(patch(change)).apply(&document(target)));
    assert_eq!(merged.as_json(), result, "{target} by {change}");
}

#[test]
fn a_document_is_an_object() {
    for json in ["{}", r#"{"a":[]}"#] {
        assert_eq!(document(json).as_json(), json);
        assert_eq!(patch(json), patch(json));
    }
    for json in ["", "[]", "null", "1", "\"{}\"", "{", "}"] {
        assert_eq!(failed(DataDocument::try_from(json.to_owned())), DocumentError::NotAnObject, "{json}");
        assert_eq!(failed(MergePatch::try_from(json.to_owned())), DocumentError::NotAnObject, "{json}");
    }
    assert_eq!(DataDocument::default().as_json(), "{}");
}

#[test]
fn a_document_has_a_maximum_size() {
    let of = |bytes: usize| format!(r#"{{"k":"{}"}}"#, "x".repeat(bytes - 8));
    assert_eq!(DataDocument::MAX_BYTES, 65_536);
    assert_eq!(document(&of(65_536)).as_json().len(), 65_536);
    assert_eq!(failed(DataDocument::try_from(of(65_537))), DocumentError::TooLong { max: 65_536 });
    assert_eq!(failed(Document::<8>::try_from(of(9))), DocumentError::TooLong { max: 8 });
}

/// The cases of appendix A of RFC 7396, in its order, whose target and patch are objects.
#[test]
fn rfc_7396_appendix_a_between_objects() {
    for (target, change, result) in [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ] {
        merges(target, change, result);
    }
}

/// The other cases of the appendix have a target or a patch that is not an object. They apply inside an object.
#[test]
fn rfc_7396_appendix_a_one_level_down() {
    for (target, change, result) in [
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
    ] {
        merges(&format!(r#"{{"x":{target}}}"#), &format!(r#"{{"x":{change}}}"#), &format!(r#"{{"x":{result}}}"#));
    }
    merges(r#"{"x":{"a":"foo"}}"#, r#"{"x":null}"#, "{}");
    for no_patch in [r#"["c"]"#, "null", r#""bar""#] {
        assert_eq!(failed(MergePatch::try_from(no_patch.to_owned())), DocumentError::NotAnObject);
    }
}

#[test]
fn untouched_members_keep_their_bytes_and_position() {
    let target = r#"{"z":1.50,"a":[1e2, 3],"n":{"k":-0.0,"big":12345678901234567890123},"s":"},\"{:[\\"}"#;
    merges(target, "{}", target);
    merges(
        target,
        r#"{"q":{"y":[null,{"x":null}]}}"#,
        &target.replace(r#"\\"}"#, r#"\\","q":{"y":[null,{"x":null}]}}"#),
    );
    merges(target, r#"{"a":null,"n":{"k":2}}"#, &target.replace(r#""a":[1e2, 3],"#, "").replace("-0.0", "2"));
}

#[test]
fn member_names_are_compared_exactly() {
    merges(r#"{"":1,"a,b":2,"c\":d":3,"{":4}"#, r#"{"":null,"c\":d":{},"{":null}"#, r#"{"a,b":2,"c\":d":{}}"#);
}

#[test]
fn a_replaced_member_keeps_its_position() {
    merges(r#"{"a":1,"b":2}"#, r#"{"a":{"x":1}}"#, r#"{"a":{"x":1},"b":2}"#);
}

#[test]
fn a_deeply_nested_document_is_merged() {
    let nested = |inner: &str| format!("{}{inner}{}", r#"{"a":"#.repeat(63), "}".repeat(63));
    merges(&nested("1"), &nested("null"), &nested("{}").replace(r#""a":{}"#, ""));
    merges("{}", &nested("[1]"), &nested("[1]"));
}

#[test]
fn the_size_limit_applies_to_the_merged_document() {
    let long = |name: &str, bytes: usize| format!(r#"{{"{name}":"{}"}}"#, "x".repeat(bytes - 8));
    let grown = DocumentChange::Merge(patch(&long("b", 40_000))).apply(&document(&long("a", 40_000)));
    assert_eq!(failed(grown), DocumentError::TooLong { max: 65_536 });
    let exchange = format!(r#"{{"a":null,{}"#, &long("b", 65_536)[1..]);
    let exchanged = ok(DocumentChange::Merge(patch(&exchange)).apply(&document(&long("a", 40_000))));
    assert_eq!(exchanged.as_json(), long("b", 65_536));
}

/// An object with `count` members, numbered from `first`.
fn members(first: usize, count: usize) -> String {
    let members: Vec<String> = (first..first + count).map(|number| format!(r#""m{number}":{number}"#)).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn a_merge_creates_no_object_with_more_than_500_members_s167() {
    let merge = |target: &str, change: &str| DocumentChange::Merge(patch(change)).apply(&document(target));
    let too_many = DocumentError::TooManyMembers { max: 500 };
    assert_eq!(DataDocument::MAX_MEMBERS, 500);
    assert_eq!(ok(merge(&members(0, 499), &members(499, 1))).as_json(), members(0, 500));
    assert_eq!(failed(merge(&members(0, 500), &members(500, 1))), too_many);
    assert_eq!(ok(merge(&members(0, 500), &members(0, 500))).as_json(), members(0, 500));
    let exchange = r#"{"m0":null,"m500":500}"#;
    assert_eq!(ok(merge(&members(0, 500), exchange)).as_json(), members(1, 500));
    let within = |inner: &str| format!(r#"{{"a":{{"b":{inner}}}}}"#);
    assert_eq!(failed(merge(&within(&members(0, 500)), &within(&members(500, 1)))), too_many);
    // Replaced members and entries of an array do not count.
    assert_eq!(ok(merge(&within(&members(0, 500)), &within("[1]"))).as_json(), within("[1]"));
    assert_eq!(too_many.to_string(), "must have at most 500 members in each object");
}

#[test]
fn a_merge_of_malformed_json_terminates() {
    for broken in ["{}}", "{:}", "{\"a\"}", "{\"a\":}", "{,}", "{\"a\":1,,}", "{\"}"] {
        ok(DocumentChange::Merge(patch(r#"{"b":1}"#)).apply(&document(broken)));
    }
}

#[test]
fn a_replacement_replaces_the_whole_document() {
    let replaced = ok(DocumentChange::Replace(document(r#"{"b":null}"#)).apply(&document(r#"{"a":1}"#)));
    assert_eq!(replaced.as_json(), r#"{"b":null}"#);
}

#[test]
fn a_precondition_holds_or_not() {
    let holds = |precondition: Precondition| [None, Some(0), Some(3)].map(|version| precondition.holds(version));
    assert_eq!(holds(Precondition::Anything), [true, true, true]);
    assert_eq!(holds(Precondition::Exists), [false, true, true]);
    assert_eq!(holds(Precondition::OneOf(vec![1, 3])), [false, false, true]);
    assert_eq!(holds(Precondition::OneOf(Vec::new())), [false; 3]);
    assert_eq!(holds(Precondition::Unwritten), [true, true, false]);
    assert_eq!(holds(Precondition::NoneOf(vec![1, 3])), [true, true, false]);
    assert_eq!(holds(Precondition::NoneOf(Vec::new())), [true; 3]);
    assert_eq!(holds(Precondition::All(Vec::new())), [true; 3]);
    let both = vec![Precondition::Exists, Precondition::Unwritten];
    assert_eq!(holds(Precondition::All(both)), [false, true, false]);
}

#[test]
fn a_write_adds_one_to_the_version_and_keeps_the_time_of_creation() {
    let (at, later) = (NOW + Duration::SECOND, NOW + Duration::MINUTE);
    let first = ok(merge(r#"{"a":1}"#).apply(None, NOW));
    assert_eq!((first.version, first.created_at, first.updated_at), (1, NOW, NOW));
    let unwritten = VersionedDocument::unwritten(NOW);
    assert_eq!(
        ok(merge(r#"{"a":1}"#).apply(Some(unwritten), at)),
        VersionedDocument { updated_at: at, ..first.clone() }
    );
    let second = ok(merge(r#"{"b":2}"#).apply(Some(first), later));
    assert_eq!((second.data.as_json(), second.version), (r#"{"a":1,"b":2}"#, 2));
    assert_eq!((second.created_at, second.updated_at), (NOW, later));
}

#[test]
fn a_write_needs_its_precondition() {
    let write = || DocumentWrite { precondition: Precondition::OneOf(vec![0]), ..merge("{}") };
    assert_eq!(failed(write().apply(None, NOW)), DocumentWriteError::Stale);
    let first = ok(write().apply(Some(VersionedDocument::unwritten(NOW)), NOW));
    assert_eq!(failed(write().apply(Some(first), NOW)), DocumentWriteError::Stale);
}
