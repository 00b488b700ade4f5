//! The page of a link that verifies an email address, or confirms its change.

use actix_web::{HttpResponse, get, http::StatusCode, post, web::Data};
use askama::Template;
use tessera_identity::{
    ConfirmEmail, ConfirmedEmail, Identity, MailedProof, PresentedProof,
    model::{Device, EmailStatus, PasswordAttempt, SessionRequest, VerificationToken},
};
use tessera_kernel::EmailAddress;

use crate::{
    extract::{Form, UserAgent},
    pages::{
        fields::FieldErrors,
        frame::Frame,
        layout::{Policy, answer},
        request::PageRequest,
    },
    problem::{Code, Problem},
};

pub(crate) const VERIFY: &str = "/email/verify";

/// The form and its field errors.
#[derive(Template)]
#[template(path = "email-verify.html")]
struct VerifyPage<'a> {
    frame: Frame<'a>,
    heading: &'static str,
    email: &'a str,
    /// The new address of a change that the reader of the present address confirms, else empty.
    new: &'a str,
    token: &'a str,
    has_password: bool,
    registers: bool,
    errors: FieldErrors,
}

/// A valid token and what it proves.
struct Open {
    token: VerificationToken,
    proof: MailedProof,
}

impl Open {
    async fn by(identity: &Identity, token: &str) -> Result<Self, Problem> {
        let token: VerificationToken = token.parse().map_err(|_| Code::InvalidVerificationToken)?;
        let proof = identity.view_mailed_proof(&token).await?;
        Ok(Self { token, proof })
    }

    fn form(&self, request: &PageRequest, status: StatusCode, fault: Option<String>) -> Result<HttpResponse, Problem> {
        let (heading, email, new, has_password) = match &self.proof {
            MailedProof::Registration { email } => ("Create your account", email, None, true),
            MailedProof::Account { email, has_password } => ("Verify your email address", email, None, *has_password),
            MailedProof::OldAddress { email, new } => ("Change of your email address", email, Some(new), false),
        };
        let page = VerifyPage {
            frame: request.frame(),
            heading,
            email: email.as_str(),
            new: new.map_or("", EmailAddress::as_str),
            token: self.token.expose(),
            has_password,
            registers: matches!(self.proof, MailedProof::Registration { .. }),
            errors: FieldErrors::of("password", fault),
        };
        answer(Policy::Forms, status, &page)
    }

    /// What the form presents. The pages read no session, so the account is presented by its password.
    fn presented(&self, form: &Form) -> PresentedProof {
        let (token, password) = (self.token.clone(), form.text("password"));
        if !form.text("decline").is_empty() {
            return PresentedProof::Decline(token);
        }
        let password = (!password.is_empty()).then(|| PasswordAttempt::new(password));
        PresentedProof::Token { token, password }
    }
}

/// Shows the form.
#[get("/email/verify")]
pub(crate) async fn show(request: PageRequest, identity: Data<Identity>) -> Result<HttpResponse, Problem> {
    let form = async |token: String| Open::by(&identity, &token).await?.form(&request, StatusCode::OK, None);
    request.show(form).await
}

/// Verifies the address, or confirms or declines the change.
#[post("/email/verify")]
pub(crate) async fn confirm(request: PageRequest, identity: Data<Identity>) -> Result<HttpResponse, Problem> {
    let submit = async |form: Form| {
        let open = Open::by(&identity, form.text("token")).await?;
        let UserAgent(agent) = UserAgent::of(&request.http);
        let device = Device::seen(agent.as_deref(), request.origin.address);
        let (proof, origin) = (open.presented(&form), request.origin.clone());
        let declined = matches!(proof, PresentedProof::Decline(_));
        let command = ConfirmEmail { proof, actor: None, device, origin, session: SessionRequest::default() };
        match identity.confirm_email(command).await.map_err(Problem::from) {
            Ok(confirmed) => done(&request, &confirmed, declined),
            Err(problem) if problem.code() == Code::EmailNotVerified => {
                let fault = if form.text("password").is_empty() {
                    "Your password is missing."
                } else {
                    "This is not the password of the account. The link is still valid."
                };
                open.form(&request, Code::EmailNotVerified.status(), Some(fault.to_owned()))
            }
            Err(problem) => Err(problem),
        }
    };
    request.submit(submit).await
}

fn done(request: &PageRequest, confirmed: &ConfirmedEmail, declined: bool) -> Result<HttpResponse, Problem> {
    let (title, text) = match confirmed {
        ConfirmedEmail::Registered(signed_in) => (
            "Your account is ready",
            format!("You sign in as {} with your password.", shown(signed_in.user.email.as_ref())),
        ),
        ConfirmedEmail::Account(EmailStatus { pending: Some(change), .. }) => (
            "Your new address is confirmed",
            format!("The address changes to {} once the mail to the present address is confirmed, too.", change.email),
        ),
        ConfirmedEmail::Account(status) => (
            "Your email address is verified",
            format!("The email address of your account is {}.", shown(status.email.as_ref())),
        ),
        ConfirmedEmail::OldAddress if declined => (
            "The change is cancelled",
            "All sessions of your account have ended. You get a mail with a link: set a new password with it."
                .to_owned(),
        ),
        ConfirmedEmail::OldAddress => {
            ("The change is confirmed", "The address changes as soon as both addresses have confirmed it.".to_owned())
        }
    };
    let lines = request.closing(text);
    request.message(StatusCode::OK, title.to_owned(), lines, None)
}

fn shown(email: Option<&EmailAddress>) -> &str {
    email.map_or("", EmailAddress::as_str)
}
