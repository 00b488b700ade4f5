//! Pages of lists, by key instead of offset.

use uuid::Uuid;

/// The maximum number of entries of a page: 1 to 200, by default 50.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u16);

/// The number is not a valid page size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from 1 to 200")]
pub struct LimitError;

impl Limit {
    /// The largest page.
    pub const MAX: u16 = 200;

    /// The number of entries.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// The number of rows that a store reads: one more than the page holds, to learn whether more entries follow.
    #[must_use]
    pub fn rows(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u16> for Limit {
    type Error = LimitError;

    fn try_from(limit: u16) -> Result<Self, LimitError> {
        if (1..=Self::MAX).contains(&limit) { Ok(Self(limit)) } else { Err(LimitError) }
    }
}

/// The requested page: a maximum number of entries, in ascending order of their keys, after a given key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// The maximum number of entries.
    pub limit: Limit,
    /// The key of the last entry of the previous page. `None` for the first page.
    pub after: Option<Uuid>,
}

impl PageRequest {
    /// The number of rows that a store reads: one more than the page holds, to learn whether another page follows.
    #[must_use]
    pub fn rows(&self) -> i64 {
        self.limit.rows()
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, in ascending order of their key.
    pub items: Vec<T>,
    /// The key after which the next page starts. `None` if this is the last page.
    pub next: Option<Uuid>,
}

impl<T> Default for Page<T> {
    /// An empty last page.
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

impl<T> Page<T> {
    /// Builds a page from up to [`PageRequest::rows`] rows. The extra row only shows that another page follows.
    #[must_use]
    pub fn from_rows(mut rows: Vec<T>, request: &PageRequest, key: impl Fn(&T) -> Uuid) -> Self {
        let more = rows.len() > request.limit.get();
        rows.truncate(request.limit.get());
        let next = if more { rows.last().map(key) } else { None };
        Self { items: rows, next }
    }

    /// Converts each entry of the page.
    #[must_use]
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}
