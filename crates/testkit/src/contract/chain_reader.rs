//! Contract of [`ChainReader`](tessera_identity::ports::ChainReader).

use tessera_identity::ports::{Call, ReadChainError};
use tessera_kernel::Chain;

use crate::{
    ChainHarness,
    expectations::{failed, ok},
    fakes::Program,
};

/// More gas than any program needs.
const GAS: u64 = 200_000;

/// An account without code.
const NO_CONTRACT: [u8; 20] = [0x11; 20];

fn to(address: [u8; 20]) -> Call {
    Call { to: Some(address), data: vec![1, 2, 3], gas: GAS }
}

async fn run(harness: &impl ChainHarness, call: Call) -> Result<Vec<u8>, ReadChainError> {
    harness.reader().call(Chain::Ethereum, &call).await
}

fn is_unavailable<T: std::fmt::Debug>(outcome: Result<T, ReadChainError>) {
    let error = failed(outcome);
    assert!(matches!(error, ReadChainError::Unavailable(_)), "{error:?}");
}

contract!(
    #[on(ChainHarness)]
    use chain_reader as chain_reader_contract;

    async fn only_chains_that_are_served_are_read(harness: &impl ChainHarness) {
        let reader = harness.reader();
        for chain in Chain::NAMED {
            assert_eq!(reader.reads(chain), chain == Chain::Ethereum, "{chain}");
        }
        is_unavailable(reader.call(Chain::Base, &to(NO_CONTRACT)).await);
    }

    async fn an_account_without_code_returns_no_output(harness: &impl ChainHarness) {
        assert_eq!(ok(run(harness, to(NO_CONTRACT)).await), []);
    }

    async fn a_call_returns_the_output_of_the_contract(harness: &impl ChainHarness) {
        assert_eq!(ok(run(harness, to(Program::AnswersOne.address())).await), [1]);
        assert_eq!(ok(run(harness, to(Program::AnswersNothing.address())).await), []);
    }

    async fn code_is_run_without_a_contract(harness: &impl ChainHarness) {
        let code = |program: Program| Call { to: None, data: program.bytecode().to_vec(), gas: GAS };
        assert_eq!(ok(run(harness, code(Program::AnswersOne)).await), [1]);
        assert_eq!(ok(run(harness, code(Program::AnswersNothing)).await), []);
        let error = failed(run(harness, code(Program::Reverts)).await);
        assert!(matches!(error, ReadChainError::Reverted), "{error:?}");
    }

    async fn a_revert_differs_from_exhausted_gas(harness: &impl ChainHarness) {
        for program in [Program::Reverts, Program::IsNoCode] {
            let error = failed(run(harness, to(program.address())).await);
            assert!(matches!(error, ReadChainError::Reverted), "{program:?}: {error:?}");
        }
        let error = failed(run(harness, to(Program::BurnsAllGas.address())).await);
        assert!(matches!(error, ReadChainError::OutOfGas), "{error:?}");
    }

    async fn a_call_uses_at_most_the_given_gas(harness: &impl ChainHarness) {
        // The base cost of a call is 21 000 gas.
        let poor = Call { gas: 21_001, ..to(Program::AnswersOne.address()) };
        let error = failed(run(harness, poor).await);
        assert!(matches!(error, ReadChainError::OutOfGas), "{error:?}");
    }

    async fn a_chain_that_does_not_respond_is_unavailable(harness: &impl ChainHarness) {
        harness.cut_off();
        is_unavailable(run(harness, to(NO_CONTRACT)).await);
    }
);
