//! Pages that no other test shows. `Tab::portray` runs axe-core on each page that a test shows, in light and dark, on a
//! desktop and on a phone.

use serde_json::json;
use tessera_tests::{
    browser::Browser,
    database::Backend,
    mail::{last_of, last_that},
    on_sqlite,
    process::Installation,
    test_org::{PASSWORD, Person, Service, TestOrg},
};

on_sqlite! {
    axe_finds_a_violation
    the_mails_in_files_look_right_everywhere
    the_invitation_of_each_kind_of_account_looks_right_everywhere
    the_page_of_a_verification_looks_right_everywhere
    the_name_and_the_logo_of_the_operator_look_right_everywhere
}

/// Otherwise the other checks could not fail.
async fn axe_finds_a_violation(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.go_and_see(&format!("{}/password/forgot", acme.service.node.url()), "Forgot your password?").await;
    assert_eq!(tab.violations().await, json!([]));
    tab.evaluate("document.querySelector('label').remove()").await;
    let found = tab.violations().await;
    assert!(found[0].as_str().is_some_and(|first| first.starts_with("label: <input")), "{found}");
}

async fn the_mails_in_files_look_right_everywhere(backend: Backend) {
    let (acme, empty) = (TestOrg::open(backend).await, Service::start(backend).await);
    let browser = Browser::start().await;
    let (tab, page) = (browser.tab().await, format!("{}/dev/mail", acme.service.node.url()));
    tab.watch_policy().await;
    tab.go_and_see(&format!("{}/dev/mail", empty.node.url()), "There are no mails yet.").await;
    tab.portray("dev-mail-empty").await;
    for email in ["grace@example.com", "a-user-with-a-long-address@mail.department.company.example"] {
        let body = json!({"email": email, "role": "member"});
        acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.is(201);
        last_of(&acme.service.installation, email, 1).await;
    }
    tab.go_and_see(&page, "grace@example.com").await;
    tab.portray("dev-mail").await;
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the page needs");
}

async fn the_invitation_of_each_kind_of_account_looks_right_everywhere(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (unverified, verified) = (Person::register(&acme.api()).await, Person::register(&acme.api()).await);
    acme.prove(&verified).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    for (person, mails, text, name) in [
        (&unverified, 1, "the address is not verified yet", "invitation-unverified"),
        (&verified, 2, "You join with your account", "invitation-verified"),
    ] {
        let body = json!({"email": person.email, "role": "member"});
        acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.is(201);
        tab.go_and_see(&acme.service.link_at_node(&person.email, mails).await, text).await;
        tab.portray(name).await;
    }
    tab.go_and_see(&acme.service.link_at_node(&unverified.email, 1).await, "the address is not verified yet").await;
    tab.submit("#password", "wrong", "This is not the password of the account").await;
    tab.portray("invitation-wrong-password").await;
}

async fn the_page_of_a_verification_looks_right_everywhere(backend: Backend) {
    let service = Service::start(backend).await;
    let person = Person::register(&service.api()).await;
    let link = async |to: &str, begin: &str| {
        let mail = last_that(&service.installation, to, 1, |mail| mail.subject.starts_with(begin)).await;
        mail.link().replace("http://localhost:8080", service.node.url())
    };
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.go_and_see(&link(&person.email, "Verify").await, "enter the password of the account").await;
    tab.portray("email-verify").await;
    tab.submit("#password", "wrong", "This is not the password of the account").await;
    tab.portray("email-verify-wrong-password").await;
    tab.submit("#password", PASSWORD, "Your email address is verified").await;
    tab.portray("email-verify-done").await;
    person.post("/users/me/email", &json!({"email": format!("new-{}", person.email)})).await.is(202);
    tab.go_and_see(&link(&person.email, "Confirm").await, "Decline the change").await;
    tab.portray("email-verify-old-address").await;
}

async fn the_name_and_the_logo_of_the_operator_look_right_everywhere(backend: Backend) {
    const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 160 40\"><style>text { fill: #172033 } \
        @media (prefers-color-scheme: dark) { text { fill: #fff } }</style><circle cx=\"20\" cy=\"20\" r=\"16\" \
        fill=\"#d4478a\"/><text x=\"44\" y=\"28\" font-size=\"24\" font-family=\"sans-serif\">Acme</text></svg>";
    let installation = Installation::new(backend).await;
    let file = installation.mail_directory().with_file_name("logo.svg");
    let written = std::fs::create_dir_all(file.parent().unwrap_or(&file)).and_then(|()| std::fs::write(&file, LOGO));
    written.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let installation = installation
        .set("TESSERA_NAME", "Acme Games")
        .set("TESSERA_LOGO", &file.display().to_string())
        .set("TESSERA_HOME_URL", "https://app.example.com/");
    let acme = TestOrg::open_on(installation).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.watch_policy().await;
    for (path, text, name) in [
        ("/", "Continue to Acme Games", "branded-home"),
        ("/password/reset", "Continue to Acme Games", "branded-problem"),
        ("/api/v1/sso/web3/sign-in", "Continue to Acme Games", "branded-sign-in-over"),
        ("/api/v1/sso/web3/initiate?redirected=1", "Continue to Acme Games", "branded-refusal"),
    ] {
        tab.go_and_see(&format!("{}{path}", acme.service.node.url()), text).await;
        let logo = "[...document.images].some((it) => it.alt === 'Acme Games' && it.naturalWidth > 0)";
        tab.until("the logo", logo).await;
        tab.portray(name).await;
    }
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the pages need");
}
