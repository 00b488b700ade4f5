//! Settings with a closed list of values.

use std::{fmt, str::FromStr};

/// Declares a setting with a closed list of values, and the error that names them.
macro_rules! switch {
    ($(#[doc = $about:literal])+ $name:ident, $accepted:literal { $($(#[doc = $text:literal])* $value:ident $written:literal,)+ }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[doc = $text])* $value,)+
        }

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($written => Ok(Self::$value),)+
                    _ => Err($accepted),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$value => $written,)+ })
            }
        }
    };
}

switch! {
    /// The format of log lines.
    LogFormat, "must be auto, text or json" {
        /// Text for a terminal, JSON otherwise.
        Auto "auto",
        Text "text",
        Json "json",
    }
}

switch! {
    /// Whether rate limits are in force.
    Throttle, "must be on or off" {
        On "on",
        Off "off",
    }
}

switch! {
    /// Whether the service migrates the schema when it starts.
    Migrate, "must be auto or off" {
        Auto "auto",
        Off "off",
    }
}
