//! Text rules.

use tessera_kernel::text::{
    TextError::{self, Empty, ForbiddenCharacter, Invisible, TooLong},
    identifier, multi_line, nfkc, single_line,
};
use tessera_testkit::expectations::{failed, ok, parsed};

tessera_kernel::text_value! {
    /// One line.
    Title, single_line, 5;
    /// Several lines.
    Body, multi_line, 5;
}

#[test]
fn text_is_trimmed_and_composed() {
    assert_eq!(parsed::<Title>(" \u{3000}a\u{308} \n").as_str(), "\u{e4}");
}

#[test]
fn nothing_is_no_text() {
    for text in ["", " ", "\n\t", "\u{3000}"] {
        assert_eq!(failed(text.parse::<Title>()), Empty, "{text:?}");
        assert_eq!(failed(text.parse::<Body>()), Empty, "{text:?}");
    }
}

#[test]
fn the_limit_counts_code_points_after_composition() {
    assert_eq!(parsed::<Title>("12345").as_str(), "12345");
    assert_eq!(failed("123456".parse::<Title>()), TooLong { max: 5 });
    assert_eq!(parsed::<Title>("🦀🦀🦀🦀🦀").as_str().len(), 20);
    assert_eq!(parsed::<Title>(&"a\u{308}".repeat(5)).as_str(), "äääää");
    assert_eq!(failed("a\u{308}".repeat(6).parse::<Title>()), TooLong { max: 5 });
}

#[test]
fn what_surrounds_a_text_does_not_count() {
    assert_eq!(parsed::<Title>("   12345   ").as_str(), "12345");
}

#[test]
fn one_line_has_no_breaks() {
    for text in ["a\nb", "a\rb", "a\tb", "a\u{85}b", "a\u{2028}b", "a\u{2029}b", "a\u{b}b"] {
        assert_eq!(failed(text.parse::<Title>()), ForbiddenCharacter, "{text:?}");
    }
}

#[test]
fn several_lines_have_breaks_and_tabs() {
    for text in ["a\nb", "a\r\nb", "a\tb"] {
        assert_eq!(parsed::<Body>(text).as_str(), text);
    }
}

#[test]
fn controls_and_marks_of_direction_are_refused_everywhere() {
    let deceptive = [
        '\0', '\u{7}', '\u{1b}', '\u{7f}', '\u{9f}', '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}',
        '\u{2066}', '\u{2069}', '\u{2028}', '\u{2029}', '\u{feff}',
    ];
    for character in deceptive {
        let text = format!("a{character}b");
        assert_eq!(failed(text.parse::<Title>()), ForbiddenCharacter, "{character:?}");
        assert_eq!(failed(text.parse::<Body>()), ForbiddenCharacter, "{character:?}");
    }
}

#[test]
fn joined_emoji_and_scripts_from_right_to_left_are_text() {
    for text in ["👩\u{200d}💻", "עברית", "عربي"] {
        assert_eq!(ok(single_line(text, 100)), text);
        assert_eq!(ok(multi_line(text, 100)), text);
    }
}

#[test]
fn a_text_has_a_character_that_shows() {
    let ignorable = [
        "\u{ad}",
        "\u{34f}",
        "\u{115f}",
        "\u{1160}",
        "\u{17b4}",
        "\u{180e}",
        "\u{200b}",
        "\u{200c}\u{200d}",
        "\u{2060}",
        "\u{3164}",
        "\u{fe0f}",
        "\u{ffa0}",
        "\u{e0041}\u{e007f}",
        "\u{200b} \u{200b}",
    ];
    let others = ["\u{600}", "\u{fff9}", "\u{2800}", "\u{2800} \u{2800}", "\u{13441}", "\u{1d159}", "\u{13430}"];
    let marks = ["\u{301}", "\u{301}\u{302}", "\u{93e}", "\u{20dd}", "\u{e31}"];
    for text in ignorable.iter().chain(&others).chain(&marks) {
        assert_eq!(failed(single_line(text, 100)), Invisible, "{text:?}");
        assert_eq!(failed(multi_line(&format!("{text}\n{text}"), 100)), Invisible, "{text:?}");
    }
    for text in ignorable {
        assert_eq!(failed(identifier(text, 100)), ForbiddenCharacter, "{text:?}");
    }
    for text in others {
        assert_eq!(failed(identifier(text, 100)), Invisible, "{text:?}");
    }
}

#[test]
fn one_character_that_shows_is_enough() {
    let shown = [
        "-",
        ".",
        "e\u{301}",
        "\u{200b}a",
        "\u{2800}\u{2801}",
        "\u{915}\u{93e}",
        "\u{e01}\u{e31}",
        "\u{1100}",
        "\u{1161}",
        "한",
        "1\u{fe0f}\u{20e3}",
        "❤\u{fe0f}",
        "👩\u{200d}👩\u{200d}👧",
        "🇫🇷",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "👍\u{1f3fd}",
    ];
    for text in shown {
        ok(single_line(text, 100));
        ok(multi_line(text, 100));
    }
}

#[test]
fn a_text_prints_as_it_is() {
    assert_eq!(parsed::<Title>("abc").to_string(), "abc");
}

#[test]
fn a_value_knows_its_limit() {
    assert_eq!((Title::MAX_LENGTH, Body::MAX_LENGTH), (5, 5));
    assert_eq!(TextError::TooLong { max: 5 }.to_string(), "must have at most 5 characters");
}

#[test]
fn compatibility_forms_fold() {
    assert_eq!(nfkc("Ｆｕｌｌ ﬁ ²"), "Full fi 2");
}
