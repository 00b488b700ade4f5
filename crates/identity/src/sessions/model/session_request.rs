//! What a client asks for when it signs in.

use std::fmt;

use tessera_kernel::text_value;

use crate::devices::model::Device;

text_value! {
    /// The name that a user gives a device.
    DeviceName, single_line, 64;
}

/// What the client of a sign-in asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionRequest {
    /// Whether the session has a refresh token and short-lived access tokens.
    pub refresh: bool,
    /// The name of the device in the list of sessions.
    pub device_name: Option<DeviceName>,
}

/// A device in the words of the service, such as `Firefox on Linux`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceLabel(String);

impl DeviceLabel {
    /// Reads a stored label.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Device> for DeviceLabel {
    fn from(device: Device) -> Self {
        Self(device.to_string())
    }
}

/// The label of a device about which nothing is known.
impl Default for DeviceLabel {
    fn default() -> Self {
        Device::seen(None, None).into()
    }
}

impl fmt::Display for DeviceLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
