//! The chain without an EVM keeps every promise that nodes keep.

use tessera_identity::ports::ChainReader;
use tessera_testkit::{
    ChainHarness, Skip, async_trait,
    fakes::{FakeChains, Program},
};

struct FakeHarness(FakeChains);

#[async_trait]
impl ChainHarness for FakeHarness {
    async fn start() -> Result<Self, Skip> {
        Ok(Self(FakeChains::running(Program::Reverts)))
    }

    fn reader(&self) -> &dyn ChainReader {
        &self.0
    }

    fn cut_off(&self) {
        self.0.become_unavailable();
    }
}

tessera_testkit::chain_reader_contract!(FakeHarness);
