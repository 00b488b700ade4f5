//! Organization slugs.

use tessera_kernel::Entropy;
use tessera_orgs::model::{OrganizationName, Slug, SlugError};
use tessera_testkit::{
    expectations::{failed, parsed, some},
    fakes::SequentialEntropy,
};

fn suggested(name: &str) -> Option<String> {
    Slug::suggested_by(name).map(|slug| slug.to_string())
}

#[test]
fn a_slug_is_groups_of_letters_and_digits() {
    for text in ["a", "7", "acme", "acme-tools", "a-b-c-1-2-3", "2025"] {
        assert_eq!(parsed::<Slug>(text).as_str(), text);
    }
}

#[test]
fn anything_else_is_no_slug() {
    for text in
        ["", "-", "-a", "a-", "a--b", "A", "Acme", "a b", "a_b", "a.b", "ä", "ａ", "a\n", " a", "a/b", "١", "a\0"]
    {
        assert_eq!(failed(text.parse::<Slug>()), SlugError, "{text:?}");
    }
}

#[test]
fn a_slug_has_at_most_63_characters() {
    assert_eq!(parsed::<Slug>(&"a".repeat(63)).as_str().len(), 63);
    assert_eq!(failed("a".repeat(64).parse::<Slug>()), SlugError);
}

#[test]
fn a_name_suggests_its_words() {
    assert_eq!(suggested("Acme Tools, Inc.").as_deref(), Some("acme-tools-inc"));
    assert_eq!(suggested("  --R&D--  ").as_deref(), Some("r-d"));
    assert_eq!(suggested("Ｆｕｌｌ Width ﬁ").as_deref(), Some("full-width-fi"));
    assert_eq!(suggested("Zoë's Café").as_deref(), Some("zoe-s-cafe"));
}

#[test]
fn a_name_without_ascii_suggests_nothing() {
    for name in ["株式会社", "…", "Ωμέγα", "", "🦀"] {
        assert_eq!(suggested(name), None, "{name:?}");
    }
}

#[test]
fn a_long_name_suggests_a_slug_with_room_to_spare() {
    let name: OrganizationName = parsed(&format!("{} {}", "a".repeat(55), "b".repeat(44)));
    assert_eq!(suggested(name.as_str()), Some("a".repeat(55)));
    assert_eq!(suggested(&"x".repeat(100)), Some("x".repeat(56)));
}

#[test]
fn whatever_is_suggested_or_distinguished_is_a_slug() {
    let entropy = SequentialEntropy::default();
    for name in ["a", "Acme Tools", &"x".repeat(100), &"a-".repeat(50), &format!("{} b", "a".repeat(55))] {
        let slug = some(Slug::suggested_by(name));
        assert_eq!(parsed::<Slug>(slug.as_str()), slug);
        let distinct = Slug::distinguished(Some(&slug), &entropy);
        assert_eq!(parsed::<Slug>(distinct.as_str()), distinct);
        assert!(distinct.as_str().starts_with(slug.as_str()));
    }
}

#[test]
fn even_the_longest_slug_can_be_distinguished() {
    let entropy = SequentialEntropy::default();
    for stem in ["a".repeat(63), format!("{}-{}", "a".repeat(55), "b".repeat(7))] {
        let distinct = Slug::distinguished(Some(&parsed(&stem)), &entropy);
        assert_eq!(parsed::<Slug>(distinct.as_str()), distinct);
    }
}

struct Bytes(u8);

impl Entropy for Bytes {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

#[test]
fn the_distinction_is_six_characters_of_32() {
    for (byte, suffix) in [(0, "aaaaaa"), (25, "zzzzzz"), (26, "222222"), (31, "777777"), (255, "777777")] {
        assert_eq!(Slug::distinguished(None, &Bytes(byte)).as_str(), format!("org-{suffix}"));
    }
}
