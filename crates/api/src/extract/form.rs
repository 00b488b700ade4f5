//! Form bodies that the service's own pages send.

use actix_web::{HttpMessage as _, HttpRequest, web::Query};

use crate::{
    extract::json::{limits, read},
    problem::{Code, Problem},
};

pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The value of a field. `None` if the field is absent or occurs more than once.
    pub(crate) fn single_value(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let (_, value) = values.next()?;
        if values.next().is_some() { None } else { Some(value) }
    }
}

pub(crate) async fn form_of(request: &HttpRequest) -> Result<Form, Problem> {
    if request.content_type() != "application/x-www-form-urlencoded" {
        return Err(Code::UnsupportedMediaType.into());
    }
    read::declared_length(request, limits::DEFAULT)?;
    let bytes = read::Reader::of(request, limits::DEFAULT).read_body().await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Code::InvalidBody)?;
    let pairs = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Code::InvalidBody)?;
    Ok(Form(pairs.into_inner()))
}
