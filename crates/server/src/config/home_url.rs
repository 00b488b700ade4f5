//! The address where users continue after a page of the service.

use std::{fmt, str::FromStr};

use url::Url;

/// An http or https URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HomeUrl(Url);

impl FromStr for HomeUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ACCEPTED: &str = "must be an http or https URL without user info, such as https://app.example.com/start";
        let url = Url::parse(text).map_err(|_| ACCEPTED)?;
        let plain = url.username().is_empty() && url.password().is_none();
        if matches!(url.scheme(), "http" | "https") && plain { Ok(Self(url)) } else { Err(ACCEPTED) }
    }
}

impl fmt::Display for HomeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
