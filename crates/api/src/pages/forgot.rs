//! The page that requests a password reset.

use actix_web::{HttpResponse, get, http::StatusCode, post, web::Data};
use askama::Template;
use tessera_identity::{Identity, RequestPasswordReset};
use tessera_kernel::EmailAddress;

use crate::{
    extract::Form,
    pages::{
        fields::FieldErrors,
        frame::Frame,
        layout::{FORGOT, Onward, Policy, answer},
        request::PageRequest,
    },
    problem::{Code, Problem},
    state::AppState,
};

/// The form and its field errors.
#[derive(Template)]
#[template(path = "password-forgot.html")]
struct ForgotPage<'a> {
    frame: Frame<'a>,
    email: &'a str,
    errors: FieldErrors,
}

/// Shows the form. The URL does not prefill it, so that a link cannot make a visitor send a mail with one click.
#[get("/password/forgot")]
pub(crate) async fn show(state: Data<AppState>) -> Result<HttpResponse, Problem> {
    answer(
        Policy::Forms,
        StatusCode::OK,
        &ForgotPage { frame: state.frame(), email: "", errors: FieldErrors::default() },
    )
}

/// Requests a password reset. The response does not reveal whether the account exists.
#[post("/password/forgot")]
pub(crate) async fn ask(request: PageRequest, identity: Data<Identity>) -> Result<HttpResponse, Problem> {
    let submit = async |form: Form| {
        let email = form.text("email").trim();
        // A user who mistypes would wait for a mail that never arrives. The syntax of an address reveals nothing about
        // accounts.
        let fault = match email.parse::<EmailAddress>() {
            Ok(_) => None,
            Err(_) if email.is_empty() => Some("Your email address is missing.".to_owned()),
            Err(fault) => Some(format!("Your email address {fault}.")),
        };
        if fault.is_some() {
            let again = ForgotPage { frame: request.frame(), email, errors: FieldErrors::of("email", fault) };
            return answer(Policy::Forms, Code::InvalidBody.status(), &again);
        }
        let origin = request.origin.clone();
        identity.request_password_reset(RequestPasswordReset { email: email.to_owned(), origin }).await?;
        heard(&request, email)
    };
    request.submit(submit).await
}

fn heard(request: &PageRequest, email: &str) -> Result<HttpResponse, Problem> {
    let lines = vec![
        format!("If {email} has an account here, it gets a mail with a link. The link is valid for 30 minutes."),
        "No mail after a few minutes? Check your spam folder. An address gets at most five links per hour.".to_owned(),
    ];
    let onward = Some(Onward { path: FORGOT, label: "Type another address" });
    request.message(StatusCode::ACCEPTED, "Check your email".to_owned(), lines, onward)
}
