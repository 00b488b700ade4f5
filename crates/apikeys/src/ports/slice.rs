//! Slices of lists, by offset. The B3OS API pages by offset; all other lists page by key.

use tessera_kernel::Limit;

/// How many entries of a list are skipped: 0 to [`Self::MAX`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SliceOffset(u32);

/// The number is not a valid offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from 0 to 100000")]
pub struct OffsetError;

impl SliceOffset {
    /// The largest offset. The cost of a slice grows with its offset.
    pub const MAX: u32 = 100_000;

    /// The number of entries to skip.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for SliceOffset {
    type Error = OffsetError;

    fn try_from(offset: u32) -> Result<Self, OffsetError> {
        if offset <= Self::MAX { Ok(Self(offset)) } else { Err(OffsetError) }
    }
}

/// The requested slice of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SliceRequest {
    /// The largest number of entries.
    pub limit: Limit,
    /// The number of entries to skip.
    pub offset: SliceOffset,
}

impl SliceRequest {
    /// The number of rows that a store reads: one more than the slice holds, to learn whether more follow.
    #[must_use]
    pub fn rows(&self) -> i64 {
        self.limit.rows()
    }
}

/// A slice of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Whether more entries follow.
    pub has_more: bool,
}

impl<T> Slice<T> {
    /// Builds a slice from up to [`SliceRequest::rows`] rows. The extra row only shows that more entries follow.
    #[must_use]
    pub fn from_rows(mut rows: Vec<T>, request: &SliceRequest) -> Self {
        let has_more = rows.len() > request.limit.get();
        rows.truncate(request.limit.get());
        Self { items: rows, has_more }
    }
}
