//! Form bodies that the service's own pages send.

use actix_web::{HttpMessage as _, HttpRequest, web::Query};

use crate::{
    extract::json::{limits, media, read},
    problem::{Code, Problem},
};

pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The value of a field. Empty if the field is absent or occurs more than once.
    pub(crate) fn text(&self, name: &str) -> &str {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => value,
            _ => "",
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) async fn form_of(request: &HttpRequest) -> Result<Form, Problem> {
    if request.content_type() != FORM {
        return Err(media::unsupported(request, FORM));
    }
    read::declared_length(request, limits::DEFAULT)?;
    let bytes = read::Reader::of(request, limits::DEFAULT).read_body().await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Code::InvalidBody)?;
    let pairs = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Code::InvalidBody)?;
    Ok(Form(pairs.into_inner()))
}
