//! The fields of forms: their errors, and the rule for passwords.

use tessera_identity::{Identity, model::Password};

/// The errors of a form, with the id of their field. The order is that of the fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldErrors(Vec<(&'static str, String)>);

impl FieldErrors {
    pub(crate) fn of(field: &'static str, texts: impl IntoIterator<Item = String>) -> Self {
        Self(texts.into_iter().map(|text| (field, text)).collect())
    }

    /// The same errors, and those of a later field.
    pub(crate) fn and(mut self, later: Self) -> Self {
        self.0.extend(later.0);
        self
    }

    pub(crate) fn texts(&self, field: &str) -> Vec<&str> {
        self.0.iter().filter(|(known, _)| *known == field).map(|(_, text)| text.as_str()).collect()
    }

    /// Whether the field is the first one with an error. It gets the focus.
    pub(crate) fn is_first(&self, field: &str) -> bool {
        self.0.first().is_some_and(|(known, _)| *known == field)
    }
}

/// The rule for new passwords in force.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PasswordRule {
    pub(crate) least: usize,
    pub(crate) most: usize,
}

impl PasswordRule {
    pub(crate) fn of(identity: &Identity) -> Self {
        Self { least: identity.min_password_length(), most: Password::MAX_LENGTH }
    }
}
