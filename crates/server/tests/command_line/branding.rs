//! The settings of the pages: name, logo, and the address where users continue.

use crate::{complaint, directory, out, run, run_in};

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";

#[test]
fn the_name_is_one_line_of_at_most_60_characters() {
    assert!(out(&run(&["check-config"], &[], None)).contains("name = \"Tessera\"  # default\n"));
    for name in ["A".to_owned(), "ä".repeat(60), "Acme \"Games\", Inc.".to_owned()] {
        let text = out(&run(&["check-config"], &[("TESSERA_NAME", &name)], None));
        let printed = text.lines().find(|line| line.starts_with("name = ")).unwrap_or_else(|| panic!("{text}"));
        let parsed: toml::Table = printed.parse().unwrap_or_else(|error| panic!("{printed}: {error}"));
        assert_eq!(parsed["name"].as_str(), Some(&*name));
        // The default sender has this name, and is accepted as a setting.
        let sender = text.lines().find(|line| line.starts_with("mail_from = ")).unwrap_or_else(|| panic!("{text}"));
        assert!(run(&["check-config"], &[], Some(sender)).status.success(), "{sender}");
    }
    assert!(
        out(&run(&["check-config"], &[("TESSERA_NAME", "Acme")], None))
            .contains("mail_from = \"Acme <no-reply@localhost>\"  # default\n")
    );
    let accepted =
        "must be one line of 1 to 60 characters without control or bidirectional characters, such as Acme Accounts";
    for name in
        ["ä".repeat(61), "a\u{7}b".to_owned(), "a\nb".to_owned(), "a\u{202e}b".to_owned(), "\u{200b}".to_owned()]
    {
        let text = complaint(&run(&["check-config"], &[("TESSERA_NAME", &name)], None));
        assert!(text.contains(&format!("TESSERA_NAME: {accepted}")), "{name:?}: {text}");
    }
    assert!(complaint(&run(&["check-config"], &[], Some("name = \"\""))).contains("tessera.toml: name: must be"));
    assert!(run(&["check-config"], &[("TESSERA_NAME", "Acme Accounts")], None).status.success());
}

#[test]
fn a_logo_is_a_small_png_or_svg_file() {
    let home = directory();
    let write = |name: &str, content: &[u8]| {
        std::fs::write(home.path().join(name), content).unwrap_or_else(|error| panic!("{name}: {error}"));
    };
    write("largest.svg", format!("{SVG}{}", " ".repeat(131_072 - SVG.len())).as_bytes());
    write("large.svg", format!("{SVG}{}", " ".repeat(131_073 - SVG.len())).as_bytes());
    write("large.gif", "GIF89a".repeat(30_000).as_bytes());
    write("bare.svg", b"<svg></svg>");
    let check = |file: &str| run_in(&home, &["check-config"], &[("TESSERA_LOGO", file)]);
    assert!(out(&check("largest.svg")).contains("logo = \"largest.svg\"  # TESSERA_LOGO\n"));
    assert!(out(&run(&["check-config"], &[], None)).contains("# logo: not set\n"));
    let kind = "must be a PNG file, or an SVG file in UTF-8 without a DOCTYPE";
    for (file, fault) in [
        ("nowhere.svg", "nowhere.svg can't be read: No such file".to_owned()),
        (".", ". can't be read: ".to_owned()),
        ("large.svg", "large.svg must have at most 131072 bytes\n".to_owned()),
        ("large.gif", format!("large.gif must have at most 131072 bytes; it {kind}\n")),
        ("bare.svg", "bare.svg must have xmlns=\"http://www.w3.org/2000/svg\" in its svg element\n".to_owned()),
    ] {
        let text = complaint(&check(file));
        assert!(text.contains(&format!("TESSERA_LOGO: {fault}")), "{file}: {text}");
    }
}

#[test]
fn the_home_url_is_http_or_https() {
    for url in ["https://app.example.com/start?from=accounts#top", "http://localhost:5173/"] {
        let text = out(&run(&["check-config"], &[("TESSERA_HOME_URL", url)], None));
        assert!(text.contains(&format!("home_url = \"{url}\"  # TESSERA_HOME_URL\n")), "{text}");
    }
    let accepted = "must be an http or https URL without user info, such as https://app.example.com/start";
    for url in
        ["javascript:alert(1)", "/start", "app.example.com", "https://", "https://a:b@example.com/", "data:text/html,x"]
    {
        let text = complaint(&run(&["check-config"], &[("TESSERA_HOME_URL", url)], None));
        assert!(text.contains(&format!("TESSERA_HOME_URL: {accepted}")), "{url}: {text}");
    }
    assert!(run(&["check-config"], &[("TESSERA_HOME_URL", "https://app.example.com/start")], None).status.success());
}
