//! The name and the logo of the operator, and the address where users continue after a page.

use serde_json::json;
use tessera_tests::{
    database::Backend,
    mail::last_of,
    on_sqlite,
    pages::submit_form,
    process::Installation,
    test_org::{PASSWORD, TestOrg},
};

use crate::accounts::password_resets::{NEW, forgot};

on_sqlite! {
    pages_and_mails_have_the_name_the_logo_and_the_way_back
    without_an_address_to_continue_a_page_says_that_it_can_be_closed
}

const CONTINUE: &str = "<a class=\"button\" href=\"https://app.example.com/start\">Continue to Acme Games</a>";
const CLOSE: &str = "You can close this page.";

async fn branded(backend: Backend) -> TestOrg {
    let installation = Installation::new(backend).await.set("TESSERA_NAME", "Acme Games");
    let logo = installation.mail_directory().with_file_name("logo.svg");
    let write =
        |text: &str| std::fs::create_dir_all(logo.parent().unwrap_or(&logo)).and_then(|()| std::fs::write(&logo, text));
    write("<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap_or_else(|error| panic!("{}: {error}", logo.display()));
    let installation = installation.set("TESSERA_LOGO", &logo.display().to_string());
    TestOrg::open_on(installation.set("TESSERA_HOME_URL", "https://app.example.com/start")).await
}

/// Accepts an invitation and then resets the password, on the pages. Returns both last pages.
async fn join_and_reset(acme: &TestOrg) -> [String; 2] {
    let (api, email) = (acme.api(), "grace@example.com");
    acme.owner
        .post(&format!("/orgs/{}/invitations", acme.org), &json!({"email": email, "role": "member"}))
        .await
        .is(201);
    let token = last_of(&acme.service.installation, email, 1).await.token();
    let joined = submit_form(&api, "/invitations/accept", &[("token", &token), ("password", PASSWORD)]).await;
    joined.is(200);
    forgot(&api, email).await.is(202);
    let token = last_of(&acme.service.installation, email, 2).await.token();
    let done = submit_form(&api, "/password/reset", &[("token", &token), ("password", NEW)]).await;
    done.is(200);
    [joined.text(), done.text()]
}

async fn pages_and_mails_have_the_name_the_logo_and_the_way_back(backend: Backend) {
    let acme = branded(backend).await;
    for page in join_and_reset(&acme).await {
        assert!(page.contains(CONTINUE) && !page.contains(CLOSE) && !page.contains("Tessera"), "{page}");
        assert!(page.contains("alt=\"Acme Games\"") && page.contains(" – Acme Games</title>"), "{page}");
    }
    let logo = acme.api().get_root("/assets/logo").await;
    assert_eq!((logo.status, logo.header("content-type")), (200, Some("image/svg+xml")));
    let mail = last_of(&acme.service.installation, "grace@example.com", 3).await;
    assert_eq!(mail.subject, "Your password was changed");
    assert!(mail.text.contains("at Acme Games (http://localhost:8080)"), "{}", mail.text);
    assert!(mail.raw.contains("From: \"Acme Games\" <no-reply@localhost>"), "{}", mail.raw);
    assert!(acme.api().get_root("/docs").await.text().contains("<title>API reference – Acme Games</title>"));
}

async fn without_an_address_to_continue_a_page_says_that_it_can_be_closed(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for page in join_and_reset(&acme).await {
        assert!(page.contains(CLOSE) && !page.contains("Continue to"), "{page}");
    }
}
