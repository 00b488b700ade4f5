//! What `after-restore` reports.

/// What `after-restore` has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AfterRestore {
    /// What ended, with the number of rows. Nothing with 0 rows is listed.
    pub ended: Vec<(&'static str, u64)>,
    /// The withdrawals that were repeated.
    pub repeated: Vec<String>,
    /// The withdrawals that changed nothing, because their object is not in the backup, or had lost the right already.
    pub without_effect: Vec<String>,
    /// What can't be repeated, with the reason.
    pub not_repeated: Vec<String>,
}
