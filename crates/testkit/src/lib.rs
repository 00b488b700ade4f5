//! What tests of this workspace, and of others' adapters, stand on: fakes of every port, builders, and the contracts.
#![warn(missing_docs)]
