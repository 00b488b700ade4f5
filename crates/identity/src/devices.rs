//! Devices from which users sign in.

pub(crate) mod model;
pub(crate) mod ports;
mod record_device;
mod use_device_token;
