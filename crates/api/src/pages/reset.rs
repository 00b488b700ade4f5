//! The page that sets a new password with a reset link.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Query},
};
use askama::Template;
use tessera_identity::{
    Identity, ResetPassword,
    model::{Password, PasswordAttempt, ResetToken},
};
use tessera_kernel::{EmailAddress, RequestMetadata};

use crate::{
    extract::{Anonymous, Form, fetch_metadata, form_of},
    pages::layout::{Message, Policy, answer, problem_page},
    problem::{Code, Problem},
    public_url::PublicUrl,
};

pub(crate) const RESET: &str = "/password/reset";

/// The form and its field errors.
#[derive(Template)]
#[template(path = "password-reset.html")]
struct ResetPage<'a> {
    base: &'a str,
    email: &'a str,
    token: &'a str,
    faults: &'a [String],
}

/// A valid reset token and the address of its account.
struct Open {
    token: ResetToken,
    email: EmailAddress,
}

impl Open {
    async fn by(identity: &Identity, token: &str) -> Result<Self, Problem> {
        let token: ResetToken = token.parse().map_err(|_| Code::InvalidResetToken)?;
        let email = identity.view_reset(&token).await?;
        Ok(Self { token, email })
    }

    fn form(&self, url: &PublicUrl, status: StatusCode, faults: &[String]) -> Result<HttpResponse, Problem> {
        let (token, email) = (self.token.expose(), self.email.as_str());
        answer(Policy::Forms, status, &ResetPage { base: url.path(), email, token, faults })
    }
}

/// Shows the form. It changes nothing, because mail scanners open links too.
#[get("/password/reset")]
pub(crate) async fn show(
    Anonymous(origin): Anonymous,
    request: HttpRequest,
    identity: Data<Identity>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let token = Query::<Vec<(String, String)>>::from_query(request.query_string())
        .ok()
        .and_then(|pairs| pairs.into_inner().into_iter().find(|(name, _)| name == "token"));
    let token = token.map(|(_, token)| token).unwrap_or_default();
    match Open::by(&identity, &token).await {
        Ok(open) => open.form(&url, StatusCode::OK, &[]),
        Err(problem) => problem_page(&problem, &url, &origin),
    }
}

/// Sets the password.
#[post("/password/reset")]
pub(crate) async fn set(
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
    let open = Open::by(identity, form.single_value("token").unwrap_or_default()).await?;
    let again = |faults: &[String]| open.form(url, Code::InvalidBody.status(), faults);
    let password = match wanted(&form) {
        Ok(password) => password,
        Err(fault) => return again(&[fault]),
    };
    let command = ResetPassword { token: open.token.clone(), password, origin: origin.clone() };
    match identity.reset_password(command).await.map_err(Problem::from) {
        Ok(()) => done(url, &open.email),
        Err(problem) if problem.code() == Code::InvalidBody => again(&problem.said_of_password()),
        Err(problem) => Err(problem),
    }
}

/// Returns the password, or its error.
fn wanted(form: &Form) -> Result<Password, String> {
    match form.single_value("password").filter(|typed| !typed.is_empty()) {
        Some(typed) => {
            Password::try_from(&PasswordAttempt::new(typed)).map_err(|fault| format!("Your password {fault}."))
        }
        None => Err("Your password is missing.".to_owned()),
    }
}

fn done(url: &PublicUrl, email: &EmailAddress) -> Result<HttpResponse, Problem> {
    let lines = vec![
        format!("From now on you sign in as {email} with your new password. All other sessions have ended."),
        "You can close this page.".to_owned(),
    ];
    let title = "Your password is set".to_owned();
    answer(Policy::Forms, StatusCode::OK, &Message { base: url.path(), title, lines, onward: None })
}
