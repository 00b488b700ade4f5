//! The page that requests a password reset.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web::Data};
use askama::Template;
use tessera_identity::{Identity, RequestPasswordReset};
use tessera_kernel::{EmailAddress, RequestMetadata};

use crate::{
    extract::{Anonymous, fetch_metadata, form_of},
    pages::layout::{FORGOT, Message, Onward, Policy, answer, problem_page},
    problem::{Code, Problem},
    public_url::PublicUrl,
};

/// The form and its field errors.
#[derive(Template)]
#[template(path = "password-forgot.html")]
struct ForgotPage<'a> {
    base: &'a str,
    email: &'a str,
    faults: &'a [String],
}

/// Shows the form. The URL does not prefill it, so that a link cannot make a visitor send a mail with one click.
#[get("/password/forgot")]
pub(crate) async fn show(url: Data<PublicUrl>) -> Result<HttpResponse, Problem> {
    answer(Policy::Forms, StatusCode::OK, &ForgotPage { base: url.path(), email: "", faults: &[] })
}

/// Requests a password reset. The response does not reveal whether the account exists.
#[post("/password/forgot")]
pub(crate) async fn ask(
    Anonymous(origin): Anonymous,
    request: HttpRequest,
    identity: Data<Identity>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    submit(&request, &origin, &identity, &url).await.or_else(|problem| problem_page(&problem, &url, &origin))
}

async fn submit(
    request: &HttpRequest,
    origin: &RequestMetadata,
    identity: &Identity,
    url: &PublicUrl,
) -> Result<HttpResponse, Problem> {
    fetch_metadata::same_origin(url, request.headers())?;
    let form = form_of(request).await?;
    let email = form.single_value("email").unwrap_or_default().trim();
    // A user who mistypes would wait for a mail that never arrives. The syntax of an address reveals nothing about
    // accounts.
    let fault = match email.parse::<EmailAddress>() {
        Ok(_) => None,
        Err(_) if email.is_empty() => Some("Your email address is missing.".to_owned()),
        Err(fault) => Some(format!("Your email address {fault}.")),
    };
    if let Some(fault) = fault {
        let page = ForgotPage { base: url.path(), email, faults: &[fault] };
        return answer(Policy::Forms, Code::InvalidBody.status(), &page);
    }
    identity.request_password_reset(RequestPasswordReset { email: email.to_owned(), origin: origin.clone() }).await?;
    heard(url, email)
}

fn heard(url: &PublicUrl, email: &str) -> Result<HttpResponse, Problem> {
    let lines = vec![
        format!(
            "If {email} has an account here, a mail with a link is on its way to it. The link serves for 30 minutes."
        ),
        "No mail after a few minutes? Look among the unwanted ones. An address gets five links an hour at most."
            .to_owned(),
    ];
    let (base, title) = (url.path(), "Look into your mails".to_owned());
    let onward = Some(Onward { path: FORGOT, label: "Type another address" });
    answer(Policy::Forms, StatusCode::ACCEPTED, &Message { base, title, lines, onward })
}
