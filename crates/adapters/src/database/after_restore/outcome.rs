//! What `after-restore` reports.

/// The report of `after-restore`, in the order in which it is printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AfterRestore {
    /// What ended, with the number of rows. Nothing with 0 rows is listed.
    pub ended: Vec<(&'static str, u64)>,
    /// The withdrawals that were repeated.
    pub repeated: Vec<String>,
    /// The withdrawals that changed nothing, because their object is not in the backup, or had lost the right already.
    pub without_effect: Vec<String>,
    /// Changes after the backup that the operator has to repeat by hand, each with its reason.
    pub not_repeated: Vec<String>,
}
