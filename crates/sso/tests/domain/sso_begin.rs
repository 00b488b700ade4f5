//! Start of a sign-in to an application, and the data of the sign-in page.

use tessera_kernel::Role;
use tessera_sso::{
    BeginSsoError, BegunSso, SsoView, ViewSsoError,
    model::{AuthorizationState, OneTimeSecret, SsoRequest},
};
use tessera_testkit::{
    Workbench,
    builders::{application, application_id, organization_id, sso_request},
    expectations::{failed, ok, some},
    fakes::SequentialEntropy,
};
use time::Duration;

async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    bench
}

async fn begun(bench: &Workbench) -> BegunSso {
    ok(bench.sso().begin(sso_request(application_id(1)), None).await)
}

#[tokio::test]
async fn a_sign_in_is_kept_for_ten_minutes() {
    let bench = bench().await;
    let BegunSso { session, .. } = begun(&bench).await;
    assert_eq!(session.request, sso_request(application_id(1)));
    assert_eq!(session.expires_at - session.created_at, Duration::minutes(10));
    assert_eq!(session.step, AuthorizationState::Started);
    assert_eq!(some(ok(bench.stores.sso.find_sso_session(session.id).await)), session);
}

#[tokio::test]
async fn every_sign_in_has_its_own_id_and_secret() {
    let bench = bench().await;
    let sso = bench.sso();
    let request = || sso_request(application_id(1));
    let (one, other) = (ok(sso.begin(request(), None).await), ok(sso.begin(request(), None).await));
    assert_ne!(one.session.id, other.session.id);
    assert_ne!(one.browser, other.browser);
}

#[tokio::test]
async fn the_browser_secret_is_not_stored() {
    let bench = bench().await;
    let BegunSso { session, browser } = begun(&bench).await;
    assert!(!format!("{session:?}").contains(browser.expose()));
    assert_eq!(format!("{browser:?}"), "OneTimeSecret(***)");
}

#[tokio::test]
async fn a_redirect_uri_is_compared_exactly_s102() {
    let bench = bench().await;
    let registered = "http://127.0.0.1:8080/a";
    let with = |uri: &str| SsoRequest { redirect_uri: uri.to_owned(), ..sso_request(application_id(1)) };
    ok(bench.sso().begin(with(registered), None).await);
    for other in [
        "http://127.0.0.1:8080/a/",
        "http://127.0.0.1:8080/a?",
        "http://127.0.0.1:8080/A",
        "http://127.0.0.1:8080/a#",
        "http://127.0.0.1:8080/b/../a",
        "http://127.0.0.1:8080/%61",
        "https://127.0.0.1:8080/a",
        "http://127.0.0.2:8080/a",
        "http://localhost:8080/a",
        "http://[::1]:8080/a",
        "http://127.0.0.1:08080/a",
        "http://127.0.0.1:0/a",
        "http://127.0.0.1:65536/a",
        "http://127.0.0.1:/a",
        "http://127.0.0.1:8080@evil.example/a",
        "http://evil.example:8080/a",
        " http://127.0.0.1:8080/a",
        "",
    ] {
        let error = failed(bench.sso().begin(with(other), None).await);
        assert!(matches!(error, BeginSsoError::RedirectUriNotRegistered), "{other}: {error:?}");
    }
}

#[tokio::test]
async fn only_a_registered_loopback_uri_permits_every_port() {
    let bench = bench().await;
    let begin = async |registered: &str, requested: &str| {
        bench.stores.set_redirect_uris(application_id(1), &[registered]).await;
        let request = SsoRequest { redirect_uri: requested.to_owned(), ..sso_request(application_id(1)) };
        bench.sso().begin(request, None).await
    };
    for (registered, requested) in [
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:1/a"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1/a"),
        ("http://127.0.0.1/a?b=c", "http://127.0.0.1:65535/a?b=c"),
        ("http://[::1]:3000/", "http://[::1]:3001/"),
        ("http://localhost", "http://localhost:5173"),
        ("com.example.game:/a", "com.example.game:/a"),
    ] {
        ok(begin(registered, requested).await);
    }
    for (registered, requested) in [
        ("https://example.com/a", "https://example.com:8443/a"),
        ("https://localhost/a", "https://localhost:8443/a"),
        ("http://127.0.0.1/a", "http://127.0.0.1:80/b"),
        ("com.example.game:/a", "com.example.game:8080/a"),
    ] {
        let error = failed(begin(registered, requested).await);
        assert!(matches!(error, BeginSsoError::RedirectUriNotRegistered), "{requested}: {error:?}");
    }
}

#[tokio::test]
async fn a_redirect_uri_with_a_response_parameter_is_rejected() {
    let bench = bench().await;
    let old = "https://z.example.com/callback?code=1";
    bench.stores.set_redirect_uris(application_id(1), &[old]).await;
    let request = SsoRequest { redirect_uri: old.to_owned(), ..sso_request(application_id(1)) };
    let error = failed(bench.sso().begin(request, None).await);
    assert!(matches!(error, BeginSsoError::RedirectUriNotRegistered), "{error:?}");
}

#[tokio::test]
async fn a_sign_in_to_an_unknown_application_is_rejected() {
    let bench = bench().await;
    let error = failed(bench.sso().begin(sso_request(application_id(2)), None).await);
    assert!(matches!(error, BeginSsoError::UnknownApplication), "{error:?}");
}

#[tokio::test]
async fn the_page_shows_the_application_and_the_redirect_uri() {
    let bench = bench().await;
    let BegunSso { session, browser } = begun(&bench).await;
    let view = ok(bench.sso().view(session.id, &browser).await);
    let name = application(1, organization_id(1)).name.to_string();
    let redirect_uri = session.request.redirect_uri;
    assert_eq!(view, SsoView { application: name, redirect_uri, used: false, expired: false });
}

#[tokio::test]
async fn another_browser_cannot_view_the_sign_in_s110() {
    let bench = bench().await;
    let BegunSso { session, browser } = begun(&bench).await;
    let other = begun(&bench).await.browser;
    for secret in [other, OneTimeSecret::generate(&SequentialEntropy::starting_at(900))] {
        assert_ne!(secret, browser);
        let error = failed(bench.sso().view(session.id, &secret).await);
        assert!(matches!(error, ViewSsoError::NotFound), "{error:?}");
    }
}

#[tokio::test]
async fn a_sign_in_expires_after_exactly_10_minutes() {
    let bench = bench().await;
    let BegunSso { session, browser } = begun(&bench).await;
    bench.clock.advance(Duration::minutes(10) - Duration::microseconds(1));
    assert!(!ok(bench.sso().view(session.id, &browser).await).expired);
    bench.clock.advance(Duration::microseconds(1));
    // The browser that started it still gets the way back to the application.
    let view = ok(bench.sso().view(session.id, &browser).await);
    assert!(view.expired && view.redirect_uri == session.request.redirect_uri);
    let other = begun(&bench).await.browser;
    let error = failed(bench.sso().view(session.id, &other).await);
    assert!(matches!(error, ViewSsoError::NotFound), "{error:?}");
}

#[tokio::test]
async fn a_completed_sign_in_is_shown_as_used() {
    let bench = bench().await;
    let BegunSso { session, browser } = begun(&bench).await;
    let mut tx = ok(bench.stores.sso.begin().await);
    ok(tx.sso_sessions().set_step(session.id, &AuthorizationState::Completed { at: session.created_at }).await);
    ok(tx.commit().await);
    assert!(ok(bench.sso().view(session.id, &browser).await).used);
}

#[tokio::test]
async fn a_sign_in_to_a_deleted_application_is_not_found_s112() {
    let bench = bench().await;
    let BegunSso { session, browser } = begun(&bench).await;
    let mut tx = ok(bench.stores.apps.begin().await);
    assert!(ok(tx.applications().delete(application_id(1)).await));
    ok(tx.commit().await);
    let error = failed(bench.sso().view(session.id, &browser).await);
    assert!(matches!(error, ViewSsoError::NotFound), "{error:?}");
}
