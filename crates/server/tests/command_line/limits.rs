//! Settings of rate limits and quotas, and the file of breached passwords.

use super::{complaint, out, run};

#[test]
fn the_file_of_breached_passwords_must_be_searchable() {
    let file = |content: &str| {
        let file = tempfile::NamedTempFile::new().unwrap_or_else(|error| panic!("no file: {error}"));
        std::fs::write(file.path(), content).unwrap_or_else(|error| panic!("can't write: {error}"));
        file
    };
    let (low, high) = ("0".repeat(40), "F".repeat(40));
    let (unsorted, text) = (file(&format!("{high}\n{low}\n")), file("hunter2\n"));
    let path = |file: &tempfile::NamedTempFile| file.path().display().to_string();
    for (path, fault) in [
        ("nowhere.txt".to_owned(), "can't be read: No such file"),
        (path(&unsorted), "must be sorted, as by `LC_ALL=C sort`; the line at byte 41"),
        (path(&text), "must have lines that begin with a SHA-1 hash"),
    ] {
        let complaint = complaint(&run(&["check-config"], &[("TESSERA_BREACHED_PASSWORDS", &path)], None));
        assert!(complaint.contains(&format!("TESSERA_BREACHED_PASSWORDS: {path} {fault}")), "{complaint}");
    }
}

#[test]
fn settings_of_accounts_that_contradict_each_other_are_all_listed() {
    let unsorted = tempfile::NamedTempFile::new().unwrap_or_else(|error| panic!("no file: {error}"));
    let hashes = format!("{}\n{}\n", "F".repeat(40), "0".repeat(40));
    std::fs::write(unsorted.path(), hashes).unwrap_or_else(|error| panic!("can't write: {error}"));
    let path = unsorted.path().display().to_string();
    let settings = [
        ("TESSERA_PUBLIC_URL", "https://accounts.example.com"),
        ("TESSERA_REFRESH_IDLE", "7776001"),
        ("TESSERA_PASSKEY_ORIGINS", "https://example.org"),
        ("TESSERA_BREACHED_PASSWORDS", &path),
        ("TESSERA_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TESSERA_LIMIT_SIGNIN", "1/60"),
    ];
    let text = complaint(&run(&["check-config"], &settings, None));
    for fault in [
        "TESSERA_REFRESH_IDLE: must not exceed TESSERA_REFRESH_MAX",
        "TESSERA_PASSKEY_ORIGINS: https://example.org is outside of the RP id accounts.example.com",
        &format!("TESSERA_BREACHED_PASSWORDS: {path} must be sorted"),
        "TESSERA_TRUSTED_PROXIES: entry 1 must have a prefix length from 0 to 32",
        "TESSERA_LIMIT_SIGNIN: there is no such setting",
    ] {
        assert_eq!(text.matches(fault).count(), 1, "{fault}: {text}");
    }
    assert_eq!(text.matches("TESSERA_").count() - text.matches("TESSERA_REFRESH_MAX").count(), 6, "{text}");
}

#[test]
fn each_limit_is_a_setting_and_its_value_is_checked() {
    for value in ["0/60", "10", "10/0", "/", "1000001/60", "1/2592001", "+1/60", "1 / 60", "-1/60", "ten/60"] {
        let complaint = complaint(&run(&["check-config"], &[("TESSERA_LIMIT_SIGN_IN", value)], None));
        assert!(complaint.contains("TESSERA_LIMIT_SIGN_IN: must be <events>/<seconds>, from 1/1"), "{complaint}");
    }
    let unknown = complaint(&run(&["check-config"], &[("TESSERA_LIMIT_SIGNIN", "1/60")], None));
    assert!(
        unknown.contains("TESSERA_LIMIT_SIGNIN: there is no such setting; did you mean TESSERA_LIMIT_SIGN_IN?"),
        "{unknown}"
    );
    for value in ["1/1", "1000000/2592000"] {
        let printed = out(&run(&["check-config"], &[("TESSERA_LIMIT_SIGN_IN", value)], None));
        assert!(printed.contains(&format!("limit_sign_in = \"{value}\"")), "{printed}");
    }
    let documented = include_str!("../../../../docs/configuration.md");
    let defaults = out(&run(&["check-config"], &[], None));
    for limit in tessera_kernel::limit::ALL {
        let (name, value) = (limit.name.replace('-', "_"), format!("{}/{}", limit.quota, limit.window.whole_seconds()));
        assert!(defaults.contains(&format!("limit_{name} = \"{value}\"")), "{name} {defaults}");
        assert!(documented.contains(&format!("| `TESSERA_LIMIT_{}` | `{value}` |", name.to_uppercase())), "{name}");
    }
}

#[test]
fn each_bound_is_a_setting_and_is_documented() {
    let documented = include_str!("../../../../docs/configuration.md");
    let defaults = out(&run(&["check-config"], &[], None));
    for bound in tessera_kernel::limit::BOUNDS {
        let name = bound.name.replace('-', "_");
        assert!(defaults.contains(&format!("limit_{name} = {}  # default\n", bound.maximum)), "{name} {defaults}");
        let row = format!("| `TESSERA_LIMIT_{}` | `{}` |", name.to_uppercase(), bound.maximum);
        assert!(documented.contains(&row), "{row}");
    }
    for wrong in ["0", "10000001", "5/60", "many"] {
        let text = complaint(&run(&["check-config"], &[("TESSERA_LIMIT_HASH_QUEUE", wrong)], None));
        let rule = "TESSERA_LIMIT_HASH_QUEUE: must be a whole number from 1 to 10000000, such as 256";
        assert!(text.contains(rule), "{text}");
    }
    let printed = out(&run(&["check-config"], &[("TESSERA_LIMIT_OPEN_SIGN_INS", "7")], None));
    assert!(printed.contains("limit_open_sign_ins = 7  # TESSERA_LIMIT_OPEN_SIGN_INS\n"), "{printed}");
}

#[test]
fn each_quota_is_a_setting_and_is_documented() {
    let documented = include_str!("../../../../docs/configuration.md");
    let defaults = out(&run(&["check-config"], &[], None));
    let quotas = [
        ("owned_organizations", 100),
        ("applications", 100),
        ("active_keys", 1_000),
        ("personal_keys", 100),
        ("organization_keys", 10_000),
        ("service_accounts", 1_000),
        ("members", 10_000),
        ("open_invitations", 1_000),
        ("items", 100_000),
        ("wallets", 50),
        ("sessions", 100),
    ];
    for (name, maximum) in quotas {
        assert!(defaults.contains(&format!("quota_{name} = {maximum}  # default\n")), "{name}: {defaults}");
        let variable = format!("TESSERA_QUOTA_{}", name.to_uppercase());
        assert!(documented.contains(&format!("| `{variable}` | `{maximum}` |")), "{variable}");
    }
    assert_eq!(defaults.matches("quota_").count(), quotas.len(), "{defaults}");
    let none = out(&run(&["check-config"], &[("TESSERA_QUOTA_ITEMS", "0")], None));
    assert!(none.contains("quota_items = 0  # TESSERA_QUOTA_ITEMS\n"), "{none}");
    for wrong in ["-1", "many", "1000000001"] {
        let text = complaint(&run(&["check-config"], &[("TESSERA_QUOTA_ITEMS", wrong)], None));
        assert!(text.contains("TESSERA_QUOTA_ITEMS: "), "{text}");
    }
}
