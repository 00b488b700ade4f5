//! The operators of the installation.

use crate::doctor::finding::Finding;

pub(super) fn check() -> Finding {
    Finding::skip("this version has no accounts of operators")
}
