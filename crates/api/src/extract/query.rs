//! Query parameters.

use actix_web::web::Query;

use crate::problem::{Code, Problem};

/// Decodes the query parameters.
pub(crate) fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    Ok(Query::<Vec<(String, String)>>::from_query(query).map_err(|_| Code::InvalidQuery)?.into_inner())
}

/// Returns the value of a parameter. A repeated parameter is rejected, because it is ambiguous.
pub(crate) fn single_value<'a>(pairs: &'a [(String, String)], name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let value = values.next();
    if values.next().is_some() {
        let detail = format!("the query parameter {name} is a duplicate; send it once");
        return Err(Problem::new(Code::InvalidQuery).detail(detail));
    }
    Ok(value)
}
