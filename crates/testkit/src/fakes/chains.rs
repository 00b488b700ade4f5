//! Fake chain reader without an EVM.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tessera_identity::ports::{Call, ChainReader, ReadChainError};
use tessera_kernel::Chain;

/// Behavior of a contract, independent of the caller and the call data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Returns one byte with the value 1.
    AnswersOne,
    /// Stops without returning data.
    AnswersNothing,
    /// Reverts.
    Reverts,
    /// Loops until the gas is used up.
    BurnsAllGas,
    /// Executes an invalid instruction.
    IsNoCode,
}

impl Program {
    /// All programs.
    pub const ALL: [Self; 5] =
        [Self::AnswersOne, Self::AnswersNothing, Self::Reverts, Self::BurnsAllGas, Self::IsNoCode];

    /// The program as EVM bytecode. It works as runtime code and as init code.
    #[must_use]
    pub const fn bytecode(self) -> &'static [u8] {
        match self {
            // PUSH1 1, PUSH1 0, MSTORE8, PUSH1 1, PUSH1 0, RETURN
            Self::AnswersOne => &[0x60, 1, 0x60, 0, 0x53, 0x60, 1, 0x60, 0, 0xf3],
            // STOP
            Self::AnswersNothing => &[0],
            // PUSH1 0, PUSH1 0, REVERT
            Self::Reverts => &[0x60, 0, 0x60, 0, 0xfd],
            // JUMPDEST, PUSH1 0, JUMP
            Self::BurnsAllGas => &[0x5b, 0x60, 0, 0x56],
            // INVALID
            Self::IsNoCode => &[0xfe],
        }
    }

    /// The address of the contract that runs the program.
    #[must_use]
    pub const fn address(self) -> [u8; 20] {
        let mut address = [0xC0; 20];
        address[19] = self as u8;
        address
    }

    fn run(self, gas: u64) -> Result<Vec<u8>, ReadChainError> {
        /// The base cost of a call and a small amount for the program.
        const LEAST: u64 = 21_050;
        match self {
            Self::BurnsAllGas => Err(ReadChainError::OutOfGas),
            _ if gas < LEAST => Err(ReadChainError::OutOfGas),
            Self::AnswersOne => Ok(vec![1]),
            Self::AnswersNothing => Ok(Vec::new()),
            Self::Reverts | Self::IsNoCode => Err(ReadChainError::Reverted),
        }
    }
}

/// Reads only Ethereum, which has one contract for each [`Program`].
#[derive(Debug)]
pub struct FakeChains {
    unavailable: AtomicBool,
    others: Program,
}

impl FakeChains {
    /// Creates a reader that runs `others` for unknown init code.
    #[must_use]
    pub const fn running(others: Program) -> Self {
        Self { unavailable: AtomicBool::new(false), others }
    }

    /// Makes every later call fail as unavailable.
    pub fn become_unavailable(&self) {
        self.unavailable.store(true, Ordering::SeqCst);
    }

    fn check(&self, chain: Chain) -> Result<(), ReadChainError> {
        if self.reads(chain) && !self.unavailable.load(Ordering::SeqCst) {
            Ok(())
        } else {
            Err(ReadChainError::Unavailable("the fake was told so".into()))
        }
    }
}

#[async_trait]
impl ChainReader for FakeChains {
    fn reads(&self, chain: Chain) -> bool {
        chain == Chain::Ethereum
    }

    async fn call(&self, chain: Chain, call: &Call) -> Result<Vec<u8>, ReadChainError> {
        self.check(chain)?;
        let Some(to) = call.to else {
            let known = Program::ALL.into_iter().find(|program| program.bytecode() == call.data);
            return known.unwrap_or(self.others).run(call.gas);
        };
        let program = Program::ALL.into_iter().find(|program| program.address() == to);
        program.map_or_else(|| Ok(Vec::new()), |program| program.run(call.gas))
    }
}
