//! Forms: passwords that are shown on request, invalid fields, and forms that are sent once.

use serde_json::{Value, json};
use tessera_tests::{
    browser::{Browser, Tab},
    database::Backend,
    on_sqlite,
    test_org::{PASSWORD, Person, TestOrg},
};

on_sqlite! {
    a_password_is_shown_on_request_and_sent_hidden
    the_first_invalid_field_has_the_focus_and_refers_to_its_error
    without_scripts_there_is_no_button_that_does_nothing
}

/// A tab of the invitation page of a new user.
async fn invited(acme: &TestOrg, browser: &Browser) -> Tab {
    let email = "grace@example.com";
    acme.owner
        .post(&format!("/orgs/{}/invitations", acme.org), &json!({"email": email, "role": "member"}))
        .await
        .is(201);
    let tab = browser.tab().await;
    tab.go_and_see(&acme.service.link_at_node(email, 1).await, "Your password").await;
    tab
}

/// The type of the password field, and the state of the button that shows it.
async fn shown(tab: &Tab) -> Value {
    tab.evaluate("[document.querySelector('#password').type, document.querySelector('.show').getAttribute('aria-pressed')].join(' ')").await
}

async fn a_password_is_shown_on_request_and_sent_hidden(backend: Backend) {
    let (acme, browser) = (TestOrg::open(backend).await, Browser::start().await);
    let tab = invited(&acme, &browser).await;
    tab.sees("Show password").await;
    assert_eq!(shown(&tab).await, "password false");
    tab.types("#password", "short").await;
    tab.press("Tab", 9).await;
    assert_eq!(tab.focus().await, "Show password");
    for (key, code, state) in [("Enter", 13, "text true"), (" ", 32, "password false"), ("Enter", 13, "text true")] {
        tab.press(key, code).await;
        assert_eq!(shown(&tab).await, state);
    }
    tab.portray("invitation-shown").await;
    // The password is hidden before it is sent, and the form cannot be sent twice. This listener comes after that of the
    // page, and keeps the page from being left.
    tab.evaluate(
        "window.sent = []; addEventListener('submit', (event) => { sent.push(event.defaultPrevented); event.preventDefault(); })",
    )
    .await;
    tab.click("button[type=submit]").await;
    assert_eq!(shown(&tab).await, "password false");
    assert_eq!(tab.evaluate("document.querySelector('button[type=submit]').disabled").await, true);
    tab.evaluate("document.forms[0].requestSubmit()").await;
    assert_eq!(tab.evaluate("sent").await, json!([false, true]), "the second one is prevented by the page");
    tab.evaluate("document.forms[0].submit()").await;
    tab.sees("Your password must have at least 8 characters.").await;
    tab.sees("Show password").await;
    assert_eq!(shown(&tab).await, "password false");
}

async fn the_first_invalid_field_has_the_focus_and_refers_to_its_error(backend: Backend) {
    let (acme, browser) = (TestOrg::open(backend).await, Browser::start().await);
    let tab = invited(&acme, &browser).await;
    let page = tab.address().await;
    let focus = "document.activeElement.id + ' ' + document.activeElement.getAttribute('aria-invalid')";
    assert_eq!(tab.evaluate("document.activeElement === document.body").await, true);
    // In the browser: the required password is missing, and the form is not sent.
    tab.click("button[type=submit]").await;
    tab.until("the focus", &format!("{focus} === 'password true'")).await;
    assert_eq!(tab.address().await, page);
    tab.types("#password", "short").await;
    assert_eq!(tab.evaluate(focus).await, "password null", "an edited field is no longer invalid");
    // In the service: both fields are invalid, and the name is the first one.
    tab.types("#display_name", &"x".repeat(101)).await;
    tab.click("button[type=submit]").await;
    tab.sees("Your name must have at most 100 characters.").await;
    tab.until("the focus", &format!("{focus} === 'display_name true'")).await;
    let described = "['display_name', 'password'].map((id) => document.getElementById(id)).map((field) => \
        field.getAttribute('aria-describedby').split(' ').filter(Boolean).map((id) => \
        document.getElementById(id).innerText.trim()).join(' | '))";
    let described = tab.evaluate(described).await;
    assert_eq!(described[0], "Your name must have at most 100 characters.");
    let (error, rule) = ("Your password must have at least 8 characters.", "8 to 128 characters. Use a password");
    assert!(described[1].as_str().is_some_and(|text| text.starts_with(&format!("{error} | {rule}"))), "{described}");
    tab.portray("invitation-two-errors").await;
    tab.evaluate("document.querySelector('#display_name').value = ''").await;
    tab.submit("#password", PASSWORD, "You belong to").await;
}

async fn without_scripts_there_is_no_button_that_does_nothing(backend: Backend) {
    let (acme, browser) = (TestOrg::open(backend).await, Browser::start().await);
    let tab = browser.tab().await;
    tab.without_scripts().await;
    let person = Person::register(&acme.api()).await;
    let body = json!({"email": person.email, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.is(201);
    tab.go_and_see(&acme.service.link_at_node(&person.email, 1).await, "The password of your account").await;
    assert_eq!(tab.evaluate("document.querySelectorAll('button').length").await, 1);
    tab.types("#password", "wrong").await;
    tab.press("Enter", 13).await;
    tab.sees("This is not the password of the account").await;
    tab.until("the focus", "document.activeElement.id === 'password'").await;
}
