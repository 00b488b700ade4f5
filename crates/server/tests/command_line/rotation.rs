//! Commands and settings for the rotation of secrets.

use crate::{complaint, out, run};

#[test]
fn a_second_master_key_requires_another_first_one() {
    let (one, two) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
    let check = |settings: &[(&str, &str)]| run(&["check-config"], settings, None);
    for (settings, fault) in [
        (vec![("TESSERA_MASTER_KEY_ALSO", two)], "is of no use without TESSERA_MASTER_KEY"),
        (vec![("TESSERA_MASTER_KEY", one), ("TESSERA_MASTER_KEY_ALSO", one)], "must not be the same key"),
        (vec![("TESSERA_MASTER_KEY", one), ("TESSERA_MASTER_KEY_ALSO", "short")], "must have at least 32 characters"),
    ] {
        let text = complaint(&check(&settings));
        assert!(text.contains("TESSERA_MASTER_KEY_ALSO: ") && text.contains(fault), "{text}");
    }
    let text = out(&check(&[("TESSERA_MASTER_KEY", one), ("TESSERA_MASTER_KEY_ALSO", two)]));
    assert!(text.contains("# master_key_also = \"***\"") && !text.contains(two), "{text}");
    assert!(out(&check(&[])).contains("# master_key_also: not set"));
}

#[test]
fn the_steps_of_a_rotation_are_in_the_help() {
    let help = out(&run(&["master-key", "--help"], &[], None));
    for text in ["status", "rotate", "reseal", "TESSERA_MASTER_KEY_ALSO", "0 values under other keys"] {
        assert!(help.contains(text), "{text} is missing from: {help}");
    }
    for arguments in [&["master-key"][..], &["master-key", "burn"], &["master-key", "status", "now"]] {
        complaint(&run(arguments, &[], None));
    }
    // No command creates a database, and a key is no argument.
    for action in ["status", "rotate", "reseal"] {
        let text = complaint(&run(&["master-key", action], &[], None));
        assert!(text.contains("there is no database at "), "{text}");
    }
}
