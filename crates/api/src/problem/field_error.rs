//! What is wrong with a body, and where.

use serde::{Serialize, Serializer};
use tessera_apikeys::model::KeyLifetimeError;
use tessera_apps::model::{RedirectUriError, TooManyRedirectUris};
use tessera_identity::model::{
    AudienceError, AvatarUrlError, ChainError, CodeVerifierError, PasswordError, SsoSessionIdError, WalletAddressError,
    WalletSignatureError,
};
use tessera_inventory::model::QuantityError;
use tessera_kernel::{DocumentError, EmailError, IdError, PermissionError, RoleError, text::TextError};
use tessera_orgs::model::SlugError;
use utoipa::ToSchema;

macro_rules! fault_codes {
    ($($(#[doc = $meaning:literal])+ $name:ident $code:literal)+) => {
        /// The stable name of a fault in a body. `docs/errors.md` has a line for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FaultCode {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl FaultCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name, in `snake_case`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

fault_codes! {
    /// It must be there and is not.
    Required "required"
    /// It is of another JSON type than it must be.
    InvalidType "invalid_type"
    /// It does not have the form that it must have.
    InvalidFormat "invalid_format"
    /// It has too few characters.
    TooShort "too_short"
    /// It has too many characters, bytes, entries or members.
    TooLong "too_long"
    /// It is a number outside its range.
    OutOfRange "out_of_range"
    /// It is none of the values that there are.
    UnknownValue "unknown_value"
    /// It is there twice.
    Duplicate "duplicate"
    /// It can't be there together with another.
    Conflicting "conflicting"
    /// It holds a character that is not taken.
    ForbiddenCharacter "forbidden_character"
    /// It has characters, and none that shows.
    Invisible "invisible"
    /// It lies more than 64 levels deep.
    TooDeep "too_deep"
    /// It is a password that would soon be guessed.
    Guessable "guessable"
    /// It is not the password that the account has.
    WrongPassword "wrong_password"
    /// It is no JSON: the parser could not go on from here.
    Malformed "malformed"
}

impl Serialize for FaultCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One fault of a body.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Fault {
    /// Where it is, as a JSON Pointer (RFC 6901); empty for the body as a whole.
    #[schema(example = "/email")]
    pointer: String,
    /// What kind of fault it is, for programs.
    #[schema(value_type = String, example = "invalid_format")]
    code: FaultCode,
    /// What is wrong, for people.
    #[schema(example = "must be one plain address of the form name@example.com")]
    detail: String,
}

impl Fault {
    pub(crate) fn new(pointer: String, code: FaultCode, detail: impl Into<String>) -> Self {
        Self { pointer, code, detail: detail.into() }
    }

    /// What is wrong, for people.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}

/// The faults found so far. Beyond a hundred nobody reads on, and an answer must not outgrow its request.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    const MAX: usize = 100;

    /// Adds a fault, unless one is known of the same place: the first one tells more.
    pub(crate) fn add(&mut self, pointer: String, code: FaultCode, detail: impl Into<String>) {
        if !self.is_full() && self.0.iter().all(|known| known.pointer != pointer) {
            self.0.push(Fault::new(pointer, code, detail));
        }
    }

    /// Keeps what lies within these places, and what no place excuses: a name that is there twice leaves open which of the
    /// two another reader would take, and arrays and objects cost time and memory wherever they are.
    pub(crate) fn retain_within(&mut self, places: &[String]) {
        let within = |pointer: &str| {
            pointer.is_empty()
                || places.iter().any(|place| {
                    pointer.strip_prefix(place.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                })
        };
        // Where there was no room for more, one of a field that was asked for may be missing.
        if !self.is_full() {
            let excused = |code| !matches!(code, FaultCode::Duplicate | FaultCode::TooLong);
            self.0.retain(|fault| !excused(fault.code) || within(&fault.pointer));
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= Self::MAX
    }

    pub(crate) fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

/// An error of a value object, which knows what kind of fault it is. Its `Display` becomes the fault's detail.
pub(crate) trait Flaw: std::fmt::Display {
    fn code(&self) -> FaultCode;
}

macro_rules! flaws {
    ($($error:ty: |$value:pat_param| $code:expr;)+) => {$(
        impl Flaw for $error {
            fn code(&self) -> FaultCode {
                let $value = self;
                $code
            }
        }
    )+};
}

flaws! {
    IdError: |_| FaultCode::InvalidFormat;
    SlugError: |_| FaultCode::InvalidFormat;
    RoleError: |_| FaultCode::UnknownValue;
    ChainError: |_| FaultCode::UnknownValue;
    SsoSessionIdError: |_| FaultCode::InvalidFormat;
    CodeVerifierError: |_| FaultCode::InvalidFormat;
    WalletAddressError: |_| FaultCode::InvalidFormat;
    WalletSignatureError: |_| FaultCode::InvalidFormat;
    PermissionError: |_| FaultCode::UnknownValue;
    QuantityError: |_| FaultCode::OutOfRange;
    KeyLifetimeError: |_| FaultCode::OutOfRange;
    TooManyRedirectUris: |_| FaultCode::TooLong;
    std::convert::Infallible: |never| match *never {};
    TextError: |error| match error {
        TextError::Empty => FaultCode::TooShort,
        TextError::TooLong { .. } => FaultCode::TooLong,
        TextError::ForbiddenCharacter => FaultCode::ForbiddenCharacter,
        TextError::Invisible => FaultCode::Invisible,
    };
    EmailError: |error| match error {
        EmailError::TooLong => FaultCode::TooLong,
        EmailError::Malformed => FaultCode::InvalidFormat,
        EmailError::Compatibility => FaultCode::ForbiddenCharacter,
    };
    PasswordError: |error| match error {
        PasswordError::TooShort { .. } => FaultCode::TooShort,
        PasswordError::TooLong { .. } => FaultCode::TooLong,
    };
    AudienceError: |error| match error {
        AudienceError::Empty => FaultCode::TooShort,
        AudienceError::TooLong => FaultCode::TooLong,
        AudienceError::ForbiddenCharacter => FaultCode::ForbiddenCharacter,
    };
    RedirectUriError: |error| match error {
        RedirectUriError::TooLong => FaultCode::TooLong,
        RedirectUriError::Malformed
        | RedirectUriError::InsecureScheme
        | RedirectUriError::ForbiddenPart
        | RedirectUriError::TakenParameter => FaultCode::InvalidFormat,
    };
    AvatarUrlError: |error| match error {
        AvatarUrlError::TooLong => FaultCode::TooLong,
        AvatarUrlError::Malformed | AvatarUrlError::InsecureScheme => FaultCode::InvalidFormat,
    };
    DocumentError: |error| match error {
        DocumentError::NotAnObject => FaultCode::InvalidType,
        DocumentError::TooLong { .. } | DocumentError::TooManyMembers { .. } => FaultCode::TooLong,
    };
}
