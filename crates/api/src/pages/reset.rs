//! The page that sets a new password with a reset link.

use actix_web::{HttpResponse, get, http::StatusCode, post, web::Data};
use askama::Template;
use tessera_identity::{Identity, ResetPassword, model::ResetToken};
use tessera_kernel::EmailAddress;

use crate::{
    extract::Form,
    pages::{
        fields::{FieldErrors, PasswordRule},
        frame::Frame,
        layout::{Policy, answer},
        request::{PageRequest, new_password},
    },
    problem::{Code, Problem},
};

pub(crate) const RESET: &str = "/password/reset";

/// The form and its field errors.
#[derive(Template)]
#[template(path = "password-reset.html")]
struct ResetPage<'a> {
    frame: Frame<'a>,
    email: &'a str,
    token: &'a str,
    rule: PasswordRule,
    errors: FieldErrors,
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

    fn form(
        &self,
        request: &PageRequest,
        status: StatusCode,
        faults: impl IntoIterator<Item = String>,
    ) -> Result<HttpResponse, Problem> {
        let (token, email) = (self.token.expose(), self.email.as_str());
        let rule = PasswordRule::of(&request.state.services.identity);
        let errors = FieldErrors::of("password", faults);
        answer(Policy::Forms, status, &ResetPage { frame: request.frame(), email, token, rule, errors })
    }
}

/// Shows the form.
#[get("/password/reset")]
pub(crate) async fn show(request: PageRequest, identity: Data<Identity>) -> Result<HttpResponse, Problem> {
    let form = async |token: String| Open::by(&identity, &token).await?.form(&request, StatusCode::OK, None);
    request.show(form).await
}

/// Sets the password.
#[post("/password/reset")]
pub(crate) async fn set(request: PageRequest, identity: Data<Identity>) -> Result<HttpResponse, Problem> {
    let submit = async |form: Form| {
        let open = Open::by(&identity, form.text("token")).await?;
        let again = |faults: Vec<String>| open.form(&request, Code::InvalidBody.status(), faults);
        let password = match new_password(form.text("password")) {
            Ok(password) => password,
            Err(fault) => return again(vec![fault]),
        };
        let command = ResetPassword { token: open.token.clone(), password, origin: request.origin.clone() };
        match identity.reset_password(command).await.map_err(Problem::from) {
            Ok(()) => done(&request, &open.email),
            Err(problem) if problem.code() == Code::InvalidBody => again(problem.said_of_password()),
            Err(problem) => Err(problem),
        }
    };
    request.submit(submit).await
}

fn done(request: &PageRequest, email: &EmailAddress) -> Result<HttpResponse, Problem> {
    let text = format!("From now on you sign in as {email} with your new password. All other sessions have ended.");
    let lines = request.closing(text);
    request.message(StatusCode::OK, "Your password is set".to_owned(), lines, None)
}
