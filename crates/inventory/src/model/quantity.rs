//! Quantities.

/// An integer from 0 to 2^53 - 1, the range that every JSON parser represents exactly (RFC 8259 section 6, RFC 7493
/// section 2.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

/// The number is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from 0 to 9007199254740991")]
pub struct QuantityError;

impl Quantity {
    /// The largest quantity, 2^53 - 1.
    pub const MAX: i64 = (1 << 53) - 1;

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Quantity {
    type Error = QuantityError;

    fn try_from(number: i64) -> Result<Self, QuantityError> {
        if (0..=Self::MAX).contains(&number) { Ok(Self(number)) } else { Err(QuantityError) }
    }
}
