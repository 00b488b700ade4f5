//! The audiences of service tokens.

use std::{fmt, str::FromStr};

use tessera_sso::model::Audience;

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

    /// Parses a comma-separated list. The error names all invalid entries.
    fn from_str(text: &str) -> Result<Self, String> {
        let (mut audiences, mut faults) = (Vec::new(), Vec::new());
        for (place, name) in (1..).zip(text.split(',').map(str::trim)) {
            match name.parse::<Audience>() {
                // Such a name would be mistaken for an application.
                Ok(audience) if audience.application().is_some() => {
                    faults.push(format!("entry {place} must not be a UUID: an application's id needs no entry"));
                }
                Ok(audience) if audiences.contains(&audience) => faults.push(format!("entry {place} is a duplicate")),
                Ok(audience) => audiences.push(audience),
                Err(fault) => faults.push(format!("entry {place} {fault}")),
            }
        }
        if faults.is_empty() { Ok(Self(audiences)) } else { Err(faults.join("; ")) }
    }
}

impl fmt::Display for Audiences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Audience::as_str).collect();
        f.write_str(&names.join(","))
    }
}
