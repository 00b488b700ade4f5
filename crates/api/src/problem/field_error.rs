//! Field errors of a body.

use serde::{Serialize, Serializer};
use tessera_apikeys::{
    leaks::{LeakUrlError, LeakedKeysError},
    model::{
        KeyLifetimeError, KeyLimitsError, OverlapSecondsError, RefillAmountError, RefillIntervalError,
        RequestCountError, ServiceAccountPermissionError, TooManyAddresses, UseCostError, UseCountError,
        WindowSecondsError,
    },
};
use tessera_apps::model::{RedirectUriError, TooManyPermissions, TooManyRedirectUris};
use tessera_identity::model::{AvatarUrlError, PasswordError};
use tessera_inventory::model::QuantityError;
use tessera_kernel::{
    ChainError, CidrError, DocumentError, EmailError, IdError, KeyScopeError, PermissionError, RoleError,
    WalletAddressError, WalletSignatureError, text::TextError,
};
use tessera_orgs::model::SlugError;
use tessera_sso::model::{AudienceError, CodeVerifierError, SsoSessionIdError};
use utoipa::{ToSchema, openapi::ObjectBuilder};

use crate::openapi::schema;

macro_rules! field_error_codes {
    ($($(#[doc = $meaning:literal])+ $name:ident $code:literal)+) => {
        /// The stable code of a field error. `docs/errors.md` has a line for each code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FieldErrorCode {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl FieldErrorCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code in `snake_case`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

field_error_codes! {
    /// A required field is missing.
    Required "required"
    /// The value has the wrong JSON type.
    InvalidType "invalid_type"
    /// The value has the wrong format.
    InvalidFormat "invalid_format"
    /// The text has too few characters.
    TooShort "too_short"
    /// The value has too many characters, bytes, entries or members.
    TooLong "too_long"
    /// The number or the time is outside its range.
    OutOfRange "out_of_range"
    /// The value is not one of the allowed values.
    UnknownValue "unknown_value"
    /// A member occurs twice.
    Duplicate "duplicate"
    /// The field cannot be combined with another field.
    Conflicting "conflicting"
    /// The text contains a character that is not allowed.
    ForbiddenCharacter "forbidden_character"
    /// The text has no visible character.
    Invisible "invisible"
    /// The value is nested more than 64 levels deep.
    TooDeep "too_deep"
    /// The password is too easy to guess.
    WeakPassword "weak_password"
    /// The password is known from a data breach.
    BreachedPassword "breached_password"
    /// The password is not the current password of the account.
    WrongPassword "wrong_password"
    /// The code is not the one that is expected.
    WrongCode "wrong_code"
    /// The resource has this field, but the operation cannot set it.
    ReadOnly "read_only"
    /// The body is not JSON. Parsing stopped at this location.
    Malformed "malformed"
}

impl Serialize for FieldErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One field error of a body.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// The location as a JSON Pointer (RFC 6901). Empty for the whole body.
    #[schema(example = "/email")]
    pointer: String,
    /// The type of the error, for programs.
    #[schema(schema_with = code_schema)]
    code: FieldErrorCode,
    /// A description of the error, for people.
    #[schema(example = "must be one plain address of the form name@example.com")]
    detail: String,
}

impl FieldError {
    pub(crate) fn new(pointer: String, code: FieldErrorCode, detail: impl Into<String>) -> Self {
        Self { pointer, code, detail: detail.into() }
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}

/// The field errors found so far. The number is limited, so that a response does not become larger than its request.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    const MAX: usize = 100;

    /// Adds a field error. Only the first error of each location is kept, because it is the most informative.
    pub(crate) fn add(&mut self, pointer: String, code: FieldErrorCode, detail: impl Into<String>) {
        self.push(FieldError::new(pointer, code, detail));
    }

    /// Adds a field error, like [`Self::add`].
    pub(crate) fn push(&mut self, error: FieldError) {
        if !self.is_full() && self.0.iter().all(|known| known.pointer != error.pointer) {
            self.0.push(error);
        }
    }

    /// Keeps the errors within these locations, and those that count at every location. Other parsers may pick either
    /// of two duplicate members, and large arrays and objects cost time and memory.
    pub(crate) fn retain_within(&mut self, places: &[String]) {
        let within = |pointer: &str| {
            pointer.is_empty()
                || places.iter().any(|place| {
                    pointer.strip_prefix(place.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                })
        };
        // A full list may lack errors of fields that were read, so it is kept as it is.
        if !self.is_full() {
            let excused = |code| !matches!(code, FieldErrorCode::Duplicate | FieldErrorCode::TooLong);
            self.0.retain(|fault| !excused(fault.code) || within(&fault.pointer));
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= Self::MAX
    }

    pub(crate) fn into_vec(self) -> Vec<FieldError> {
        self.0
    }
}

impl From<Vec<FieldError>> for FieldErrors {
    fn from(errors: Vec<FieldError>) -> Self {
        Self(errors)
    }
}

/// The error of a value object as a field error. `Display` is its detail.
pub(crate) trait ToFieldError: std::fmt::Display {
    fn code(&self) -> FieldErrorCode;
}

macro_rules! field_errors {
    ($($error:ty: |$value:pat_param| $code:expr;)+) => {$(
        impl ToFieldError for $error {
            fn code(&self) -> FieldErrorCode {
                let $value = self;
                $code
            }
        }
    )+};
}

field_errors! {
    IdError: |_| FieldErrorCode::InvalidFormat;
    SlugError: |_| FieldErrorCode::InvalidFormat;
    RoleError: |_| FieldErrorCode::UnknownValue;
    ChainError: |_| FieldErrorCode::UnknownValue;
    SsoSessionIdError: |_| FieldErrorCode::InvalidFormat;
    CodeVerifierError: |_| FieldErrorCode::InvalidFormat;
    WalletAddressError: |_| FieldErrorCode::InvalidFormat;
    WalletSignatureError: |_| FieldErrorCode::InvalidFormat;
    PermissionError: |_| FieldErrorCode::InvalidFormat;
    ServiceAccountPermissionError: |_| FieldErrorCode::UnknownValue;
    KeyScopeError: |_| FieldErrorCode::UnknownValue;
    QuantityError: |_| FieldErrorCode::OutOfRange;
    KeyLifetimeError: |_| FieldErrorCode::OutOfRange;
    RequestCountError: |_| FieldErrorCode::OutOfRange;
    WindowSecondsError: |_| FieldErrorCode::OutOfRange;
    UseCountError: |_| FieldErrorCode::OutOfRange;
    UseCostError: |_| FieldErrorCode::OutOfRange;
    RefillAmountError: |_| FieldErrorCode::OutOfRange;
    OverlapSecondsError: |_| FieldErrorCode::OutOfRange;
    RefillIntervalError: |_| FieldErrorCode::UnknownValue;
    CidrError: |_| FieldErrorCode::InvalidFormat;
    TooManyAddresses: |_| FieldErrorCode::TooLong;
    KeyLimitsError: |error| match error {
        KeyLimitsError::TooMany => FieldErrorCode::TooLong,
        KeyLimitsError::Duplicates(_) => FieldErrorCode::Duplicate,
    };
    TooManyRedirectUris: |_| FieldErrorCode::TooLong;
    TooManyPermissions: |_| FieldErrorCode::TooLong;
    std::convert::Infallible: |never| match *never {};
    TextError: |error| match error {
        TextError::Empty => FieldErrorCode::TooShort,
        TextError::TooLong { .. } => FieldErrorCode::TooLong,
        TextError::ForbiddenCharacter => FieldErrorCode::ForbiddenCharacter,
        TextError::Invisible => FieldErrorCode::Invisible,
    };
    EmailError: |error| match error {
        EmailError::TooLong => FieldErrorCode::TooLong,
        EmailError::Malformed => FieldErrorCode::InvalidFormat,
        EmailError::Compatibility => FieldErrorCode::ForbiddenCharacter,
    };
    PasswordError: |error| match error {
        PasswordError::TooShort { .. } => FieldErrorCode::TooShort,
        PasswordError::TooLong { .. } => FieldErrorCode::TooLong,
    };
    AudienceError: |error| match error {
        AudienceError::Empty => FieldErrorCode::TooShort,
        AudienceError::TooLong => FieldErrorCode::TooLong,
        AudienceError::ForbiddenCharacter => FieldErrorCode::ForbiddenCharacter,
        AudienceError::NotAUri => FieldErrorCode::InvalidFormat,
    };
    RedirectUriError: |error| match error {
        RedirectUriError::TooLong => FieldErrorCode::TooLong,
        RedirectUriError::Malformed
        | RedirectUriError::InsecureScheme
        | RedirectUriError::ForbiddenPart
        | RedirectUriError::ReservedParameter => FieldErrorCode::InvalidFormat,
    };
    LeakedKeysError: |error| match error {
        LeakedKeysError::Empty => FieldErrorCode::TooShort,
        LeakedKeysError::TooMany => FieldErrorCode::TooLong,
    };
    LeakUrlError: |error| match error {
        LeakUrlError::TooLong => FieldErrorCode::TooLong,
        LeakUrlError::Malformed => FieldErrorCode::InvalidFormat,
    };
    AvatarUrlError: |error| match error {
        AvatarUrlError::TooLong => FieldErrorCode::TooLong,
        AvatarUrlError::Malformed | AvatarUrlError::InsecureScheme => FieldErrorCode::InvalidFormat,
    };
    DocumentError: |error| match error {
        DocumentError::NotAnObject => FieldErrorCode::InvalidType,
        DocumentError::TooLong { .. } | DocumentError::TooManyMembers { .. } => FieldErrorCode::TooLong,
    };
}

fn code_schema() -> ObjectBuilder {
    schema::code(
        FieldErrorCode::ALL.iter().map(|code| code.as_str()),
        "The type of the error, for programs.",
        "invalid_format",
    )
}
