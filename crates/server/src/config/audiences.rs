//! The audiences of service tokens.

use std::{fmt, str::FromStr};

use tessera_sso::model::Audience;

use super::list::parse_list;

/// The audiences in the configured order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Audiences(pub(super) Vec<Audience>);

impl Audiences {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Audience> {
        self.0.iter()
    }
}

impl FromStr for Audiences {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let audience = |name: &str| match name.parse::<Audience>() {
            // Such a name would be mistaken for an application.
            Ok(audience) if audience.application().is_some() => {
                Err("must not be a UUID: an application's id needs no entry".to_owned())
            }
            audience => audience.map_err(|error| error.to_string()),
        };
        parse_list(text, audience).map(Self)
    }
}

impl fmt::Display for Audiences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Audience::as_str).collect();
        f.write_str(&names.join(","))
    }
}
