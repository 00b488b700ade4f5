//! Builders of documents of organizations and users.

use tessera_identity::model::CustomData;
use tessera_kernel::{DataDocument, OrganizationId, UserId};
use tessera_orgs::model::{Settings, SystemData};
use time::Duration;

use super::NOW;
use crate::expectations::ok;

/// A document with the given JSON text.
#[must_use]
pub fn data_document(json: &str) -> DataDocument {
    ok(json.to_owned().try_into())
}

/// Settings in version 1.
#[must_use]
pub fn settings(of: OrganizationId) -> Settings {
    let settings = data_document(r#"{"theme":"dark","limits":{"seats":5}}"#);
    Settings { organization_id: of, settings, version: 1, updated_at: NOW + Duration::microseconds(6) }
}

/// System data of a user in version 1.
#[must_use]
pub fn system_data(organization: OrganizationId, user: UserId) -> SystemData {
    SystemData {
        organization_id: organization,
        user_id: user,
        data: data_document(r#"{"plan":"gold","z":[1.50,null]}"#),
        version: 1,
        created_at: NOW + Duration::microseconds(7),
        updated_at: NOW + Duration::microseconds(8),
    }
}

/// Custom data of a user in version 1.
#[must_use]
pub fn custom_data(of: UserId) -> CustomData {
    CustomData {
        user_id: of,
        data: data_document(r#"{"colour":"grün","z":[1.50,null]}"#),
        version: 1,
        created_at: NOW + Duration::microseconds(9),
        updated_at: NOW + Duration::microseconds(10),
    }
}
