//! The mapping of the errors of API keys.

use tessera_apikeys::{
    CreateOrganizationKeyError, EditKeyError, GenerateKeyError, RotateKeyError, UnknownPermissions,
    model::RefillWithoutUses,
};

use super::fault;
use crate::problem::{
    Problem,
    code::Code,
    field_error::{FieldError, FieldErrorCode},
};

impl From<GenerateKeyError> for Problem {
    fn from(error: GenerateKeyError) -> Self {
        match error {
            GenerateKeyError::Access(error) => error.into(),
            GenerateKeyError::Quota(error) => error.into(),
            GenerateKeyError::UnknownPermissions(error) => error.into(),
            GenerateKeyError::RefillWithoutUses(error) => error.into(),
            GenerateKeyError::Store(error) => error.into(),
        }
    }
}

impl From<UnknownPermissions> for Problem {
    fn from(UnknownPermissions { positions, catalogue }: UnknownPermissions) -> Self {
        let detail = format!("must be one of {catalogue}, or a permission that the application declares");
        let unknown = |position| {
            FieldError::new(format!("/permissions/{position}"), FieldErrorCode::UnknownValue, detail.as_str())
        };
        Self::new(Code::InvalidBody).faults(positions.into_iter().map(unknown).collect())
    }
}

impl From<RefillWithoutUses> for Problem {
    fn from(_: RefillWithoutUses) -> Self {
        fault("/refill", FieldErrorCode::Conflicting, "requires a number of remaining uses")
    }
}

impl From<EditKeyError> for Problem {
    fn from(error: EditKeyError) -> Self {
        match error {
            EditKeyError::Key(error) => error.into(),
            EditKeyError::Access(error) => error.into(),
            EditKeyError::UnknownPermissions(error) => error.into(),
            EditKeyError::NoPermissions => fault(
                "/permissions",
                FieldErrorCode::Conflicting,
                "must be absent: the rights of an organization key are those of its owner",
            ),
            EditKeyError::RefillWithoutUses(error) => error.into(),
            EditKeyError::Store(error) => error.into(),
        }
    }
}

impl From<RotateKeyError> for Problem {
    fn from(error: RotateKeyError) -> Self {
        match error {
            RotateKeyError::Key(error) => error.into(),
            RotateKeyError::Access(error) => error.into(),
            RotateKeyError::InProgress { .. } => Code::RotationInProgress.into(),
            RotateKeyError::Expired => Code::ApiKeyExpired.into(),
            RotateKeyError::Store(error) => error.into(),
        }
    }
}

impl From<CreateOrganizationKeyError> for Problem {
    fn from(error: CreateOrganizationKeyError) -> Self {
        const ACCOUNT: &str = "/serviceAccountId";
        match error {
            CreateOrganizationKeyError::Access(error) => error.into(),
            CreateOrganizationKeyError::Quota(error) => error.into(),
            CreateOrganizationKeyError::RefillWithoutUses(error) => error.into(),
            CreateOrganizationKeyError::ExpiryInPast => {
                fault("/expiresAt", FieldErrorCode::OutOfRange, "must be in the future")
            }
            CreateOrganizationKeyError::ServiceAccountUnavailable => {
                fault(ACCOUNT, FieldErrorCode::UnknownValue, "must be an active service account of the organization")
            }
            CreateOrganizationKeyError::ServiceAccountRequired => {
                fault(ACCOUNT, FieldErrorCode::Required, "is required; a service account creates keys for itself only")
            }
            CreateOrganizationKeyError::Store(error) => error.into(),
        }
    }
}
