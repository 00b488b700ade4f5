//! The request for a page: the token of its link, its form, and its responses.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::StatusCode, web::Data};
use tessera_identity::model::Password;
use tessera_kernel::RequestMetadata;

use crate::{
    extract::{Anonymous, Form, fetch_metadata, form_of, pairs},
    middleware::authenticate::admit_invalid_secret,
    pages::{
        frame::Frame,
        layout::{Message, Onward, Policy, answer, problem_page},
    },
    problem::{Code, Problem},
    public_url::PublicUrl,
    state::AppState,
};

/// A request for a page. Credentials are not read.
pub(crate) struct PageRequest {
    pub(crate) http: HttpRequest,
    pub(crate) origin: RequestMetadata,
    pub(crate) state: Data<AppState>,
}

impl FromRequest for PageRequest {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let state = request.app_data::<Data<AppState>>().cloned();
        let origin = Anonymous::from_request(request, payload).into_inner();
        ready(origin.and_then(|Anonymous(origin)| {
            let state = state.ok_or_else(|| Problem::new(Code::Internal).caused_by("the state is missing"))?;
            Ok(Self { http: request.clone(), origin, state })
        }))
    }
}

type Answer = Result<HttpResponse, Problem>;

impl PageRequest {
    pub(crate) fn frame(&self) -> Frame<'_> {
        self.state.frame()
    }

    pub(crate) fn url(&self) -> &PublicUrl {
        &self.state.services.public_url
    }

    /// Runs `show` with the token of a link from a mail. The token is empty if the link has none. A problem becomes a
    /// page. A page that is only shown changes nothing, because mail scanners open links too.
    pub(crate) async fn show(&self, show: impl AsyncFnOnce(String) -> Answer) -> Answer {
        let mut pairs = pairs(self.http.query_string()).unwrap_or_default().into_iter();
        let token = pairs.find(|(name, _)| name == "token").map(|(_, token)| token);
        self.explain(show(token.unwrap_or_default()).await)
    }

    /// Runs `submit` with a form that a page of this service sent. A problem becomes a page.
    pub(crate) async fn submit(&self, submit: impl AsyncFnOnce(Form) -> Answer) -> Answer {
        let answer = async {
            fetch_metadata::same_origin(self.url(), self.http.headers())?;
            submit(form_of(&self.http).await?).await
        };
        self.explain(answer.await)
    }

    /// Turns a problem into a page. An invalid link counts like an invalid credential.
    pub(crate) fn explain(&self, answer: Answer) -> Answer {
        answer.or_else(|problem| {
            let counted = admit_invalid_secret(&self.state, problem.code(), &self.origin);
            let shown = counted.map_or_else(Problem::from, |()| problem);
            problem_page(&shown, self.frame(), &self.origin)
        })
    }

    /// Returns the lines of a page after which the user has nothing to do here. Without a link to continue, the second
    /// line says so.
    pub(crate) fn closing(&self, text: String) -> Vec<String> {
        let close = self.frame().home.is_none().then(|| "You can close this page.".to_owned());
        [text].into_iter().chain(close).collect()
    }

    /// Returns a page with a heading and paragraphs.
    pub(crate) fn message(&self, status: StatusCode, title: String, lines: Vec<String>, on: Option<Onward>) -> Answer {
        answer(Policy::Text, status, &Message { frame: self.frame(), title, lines, onward: on })
    }
}

/// Returns the new password of a form, or its error.
pub(crate) fn new_password(typed: &str) -> Result<Password, String> {
    if typed.is_empty() {
        return Err("Your password is missing.".to_owned());
    }
    typed.parse().map_err(|fault| format!("Your password {fault}."))
}
