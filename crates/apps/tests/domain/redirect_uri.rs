//! Redirect URIs.

use tessera_apps::model::{
    RedirectUri,
    RedirectUriError::{self, ForbiddenPart, InsecureScheme, Malformed, ReservedParameter, TooLong},
    RedirectUris, TooManyRedirectUris,
};
use tessera_testkit::expectations::{failed, ok, parsed};

#[test]
fn good_uris_are_kept_to_the_letter() {
    for text in [
        "https://example.com",
        "https://example.com/",
        "https://example.com/callback",
        "https://example.com/callback/",
        "https://example.com:8443/callback",
        "https://example.com/a?b=c&d=e",
        "https://example.com/?b=c",
        "https://example.com/%C3%A4?x=%2F",
        "https://sub.domain.example.com/~user/x;y=1,2",
        "https://xn--bcher-kva.example/",
        "https://192.0.2.7/callback",
        "https://[2001:db8::1]/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:3000/callback",
        "http://127.1.2.3:3000/",
        "http://[::1]:3000/callback",
        "http://127.0.0.1:3000",
        "http://localhost",
        "http://localhost/",
        "http://localhost:3000/callback",
        "com.example.game:/callback",
        "com.example.game:/",
        "com.example.my-game2:/a/b?x=y",
    ] {
        assert_eq!(parsed::<RedirectUri>(text).as_str(), text);
    }
}

#[track_caller]
fn refused(text: &str, expected: RedirectUriError) {
    assert_eq!(failed(text.parse::<RedirectUri>()), expected, "{text:?}");
}

#[test]
fn other_schemes_are_insecure() {
    for text in [
        "http://example.com/",
        "http://localhost.example/",
        "http://a.localhost/",
        "http://localhost./",
        "http://10.0.0.1/",
        "http://[2001:db8::1]/",
        "ftp://example.com/",
        "ws://127.0.0.1/",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "myapp://callback",
        "myapp:/callback",
        "com.example.game://callback",
        "com.example.game:callback",
        "com.example.game:",
        "com..game:/callback",
        "com.example.:/callback",
        "com.example-:/callback",
        "com.1example:/callback",
        "com.example+game:/callback",
    ] {
        refused(text, InsecureScheme);
    }
}

#[test]
fn user_info_fragments_and_wildcards_are_forbidden() {
    for text in [
        "https://user@example.com/",
        "https://user:pass@example.com/",
        "https://:pass@example.com/",
        "https://example.com/#top",
        "https://example.com/#",
        "https://example.com/*",
        "https://example.com/?a=*",
    ] {
        refused(text, ForbiddenPart);
    }
}

#[test]
fn what_a_browser_would_read_differently_is_malformed() {
    for text in [
        "",
        "/callback",
        "//example.com/",
        "example.com/callback",
        "https://",
        "https:/example.com/",
        "https:example.com/",
        "HTTPS://example.com/",
        "https://EXAMPLE.com/",
        "https://example.com:443/",
        "http://127.0.0.1:80/",
        "https://example.com/a/../b",
        "https://example.com/./a",
        "https://example.com/%2e%2e/b",
        "https://example.com?b=c",
        "https://0x7f.1/",
        "http://127.1/",
        "https://example.com\\@evil.example/",
        "https:\\\\example.com/",
    ] {
        refused(text, Malformed);
    }
}

#[test]
fn characters_that_no_uri_has_are_malformed() {
    for text in [
        " https://example.com/",
        "https://example.com/ ",
        "https://example.com/a b",
        "https://example.com/\n",
        "https://exa\tmple.com/",
        "https://example.com/\0",
        "https://bücher.example/",
        "https://example.com/ä",
        "https://example.com/\u{202e}",
        "https://example.com/<x>",
        "https://example.com/\"",
        "https://example.com/{x}",
        "https://example.com/a|b",
        "https://example.com/a^b",
        "https://example.com/`",
    ] {
        refused(text, Malformed);
    }
}

#[test]
fn a_uri_has_at_most_2048_bytes() {
    let start = "https://example.com/";
    let longest = format!("{start}{}", "a".repeat(2048 - start.len()));
    assert_eq!(parsed::<RedirectUri>(&longest).as_str(), longest);
    refused(&format!("{longest}a"), TooLong);
}

#[test]
fn an_empty_port_or_user_is_not_overlooked() {
    assert!("https://example.com:/".parse::<RedirectUri>().is_err());
    assert!("https://@example.com/".parse::<RedirectUri>().is_err());
    assert!("https://:@example.com/".parse::<RedirectUri>().is_err());
}

/// Query parameters whose decoded names are those of the authorization response.
const TAKEN: [&str; 11] = [
    "https://example.com/?code=x",
    "https://example.com/?state=x",
    "https://example.com/?iss=x",
    "https://example.com/?error=x",
    "https://example.com/?code",
    "https://example.com/?a=b&code=",
    "https://example.com/?a=b&&state=c&d=e",
    "https://example.com/?%63ode=x",
    "https://example.com/?c%6Fd%65=x",
    "https://example.com/?a=b&%69%73%73",
    "http://127.0.0.1:3000/callback?error=x",
];

#[test]
fn the_names_of_the_answer_are_left_free() {
    for text in TAKEN {
        refused(text, ReservedParameter);
    }
    for text in [
        "https://example.com/code?estate=code&encode=state",
        "https://example.com/?Code=x&STATE=y",
        "https://example.com/?a=code%3Dx&code%3D=y&code+=z",
        "https://example.com/?error_description=x",
    ] {
        let uri: RedirectUri = parsed(text);
        assert!(uri.may_receive_responses(), "{text}");
    }
}

#[test]
fn what_was_registered_before_that_rule_is_read_back_and_leads_nowhere() {
    let mut kept = TAKEN.map(|text| ok(RedirectUri::from_storage(text))).to_vec();
    for (uri, text) in kept.iter().zip(TAKEN) {
        assert_eq!((uri.as_str(), uri.may_receive_responses()), (text, false));
    }
    kept.push(parsed("https://example.com/?a=b"));
    let uris = ok(RedirectUris::try_from(kept));
    assert!(uris.that_may_receive_responses().map(RedirectUri::as_str).eq(["https://example.com/?a=b"]));
    // All other rules also apply to URIs from storage.
    assert_eq!(failed(RedirectUri::from_storage("http://example.com/?code=x")), InsecureScheme);
}

fn numbered(count: u32) -> Vec<RedirectUri> {
    (0..count).rev().map(|number| parsed(&format!("https://example.com/{number}"))).collect()
}

#[test]
fn an_application_has_at_most_twenty() {
    assert_eq!(ok(RedirectUris::try_from(numbered(20))).iter().count(), 20);
    assert_eq!(failed(RedirectUris::try_from(numbered(21))), TooManyRedirectUris);
}

#[test]
fn uris_keep_their_order() {
    let uris = ok(RedirectUris::try_from(numbered(5)));
    assert!(uris.iter().eq(numbered(5).iter()));
}

#[test]
fn a_uri_that_is_given_twice_is_kept_once() {
    let twice = ["https://b.example/", "https://a.example/", "https://b.example/"].map(parsed).to_vec();
    let kept: Vec<String> = ok(RedirectUris::try_from(twice)).iter().map(ToString::to_string).collect();
    assert_eq!(kept, ["https://b.example/", "https://a.example/"]);
}

#[test]
fn uris_that_differ_in_a_slash_are_two() {
    let two = ["https://example.com/a", "https://example.com/a/"].map(parsed).to_vec();
    assert_eq!(ok(RedirectUris::try_from(two)).iter().count(), 2);
}
