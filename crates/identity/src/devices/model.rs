//! Devices from which users sign in, and the tokens that they keep.

mod device;
mod device_token;

pub use device::Device;
pub use device_token::DeviceToken;
