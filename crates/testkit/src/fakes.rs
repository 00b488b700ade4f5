//! Fake implementations of every port, without external dependencies.

mod chains;
mod clock;
mod digest;
mod entropy;
mod hasher;
mod identity_wallets;
mod mail;
mod mailer;
mod memory;
mod overtaken;
mod refresh_codes;
mod responses;
mod service_signer;
mod signer;
mod strength;
mod totp;
mod wallets;
mod webauthn;

pub use chains::{FakeChains, Program};
pub use clock::FixedClock;
pub use digest::FakeDigest;
pub use entropy::SequentialEntropy;
pub use hasher::FakeHasher;
pub use identity_wallets::IdentityWallets;
pub use mail::{FakeMails, FakeSeal};
pub use mailer::FakeMailer;
pub use memory::MemoryStore;
pub use overtaken::OvertakenHasher;
pub use refresh_codes::FakeRefreshCodes;
pub use responses::FakeResponseSeal;
pub use service_signer::FakeServiceSigner;
pub use signer::FakeSigner;
pub use strength::FakeStrength;
pub use totp::FakeTotp;
pub use wallets::FakeWallets;
pub use webauthn::{FakePasskey, FakeWebAuthn};
