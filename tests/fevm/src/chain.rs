//! A machine at an epoch, and the messages that are sent to it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use cid::Cid;
use fvm::engine::EnginePool;
use fvm::executor::{ApplyKind, Executor as _};
use fvm::machine::{DefaultMachine, Machine as _, Manifest, NetworkConfig};
use fvm::state_tree::ActorState;
use fvm_integration_tests::bundle::import_bundle;
use fvm_integration_tests::tester::{IntegrationExecutor, Tester};
use fvm_integration_tests::testkit::fevm::{EAM_ADDRESS, EAMMethod, EVMMethod};
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_ipld_encoding::{BytesSer, CborStore as _, RawBytes};
use fvm_shared::EMPTY_ARR_CID;
use fvm_shared::address::Address as FilecoinAddress;
use fvm_shared::bigint::{BigInt, Sign};
use fvm_shared::chainid::ChainID;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::state::StateTreeVersion;
use fvm_shared::version::NetworkVersion;

use crate::externs::ChainOfEpochs;
use crate::gas::{OF_A_CALL, Row, Table};
use crate::people::Person;
use crate::receipt::Receipt;

/// The chain's id: a local devnet's.
pub const CHAIN_ID: u64 = 31_415_926;
/// All the gas that a block has.
pub const BLOCK_GAS: u64 = 10_000_000_000;

/// The number of an actor that is built in, and takes every call: a multisig without signers.
pub const MULTISIG: u64 = 5_000;
/// The number of its kind, in every bundle.
const KIND_MULTISIG: u32 = 9;

/// Namespace of Ethereum's addresses: the actor that makes their contracts.
const ETHEREUM: u64 = 10;
/// When epoch 0 was.
const GENESIS: u64 = 1_800_000_000;
const SECONDS_OF_AN_EPOCH: u64 = 30;
/// What a signature adds to a message: a list of two, and 65 bytes behind their type and length.
const SIGNATURE_BYTES: usize = 69;

type Store = Rc<MemoryBlockstore>;
type Runner = IntegrationExecutor<Store, ChainOfEpochs>;

/// Which rules the chain runs by.
#[derive(Clone, Copy, Debug)]
pub enum Version {
    /// Network version 28, with actors v18: P-256 and EIP-2537.
    Today,
    /// Network version 26, with actors v16: the last one without the precompiles of EIP-2537.
    BeforeEip2537,
}

/// A chain whose only user is the test: one message after the other, at an epoch that the test sets.
pub struct Chain {
    config: NetworkConfig,
    engine: EnginePool,
    store: Store,
    /// Taken out only to be put back, when the epoch changes.
    runner: Option<Runner>,
    epoch: u64,
    sequences: HashMap<FilecoinAddress, u64>,
    table: Table,
    native: FilecoinAddress,
}

impl Chain {
    /// A chain on which these people have a million FIL each.
    pub(crate) fn new(bundle: &Path, version: Version, cast: &[Person]) -> Self {
        let network = match version {
            Version::Today => NetworkVersion::V28,
            Version::BeforeEip2537 => NetworkVersion::V26,
        };
        let store = Store::default();
        let bundle =
            fs::read(bundle).unwrap_or_else(|error| panic!("{}: {error}", bundle.display()));
        let actors = import_bundle(&store, &bundle).expect("a bundle of actors");
        let mut genesis = Tester::<Store, ChainOfEpochs>::new(
            network,
            StateTreeVersion::V5,
            actors,
            Rc::clone(&store),
        )
        .expect("a state with the bundle's actors");
        for person in cast {
            genesis
                .create_placeholder(&f410(person.address), fil(1_000_000))
                .expect("an account");
        }
        let key = k256::SecretKey::from_slice(&[7; 32]).expect("a scalar");
        let (_, native) = genesis
            .make_secp256k1_account(key, fil(1_000_000))
            .expect("an account");
        put_multisig(&mut genesis, &store, &actors);
        let root = genesis
            .state_tree
            .take()
            .expect("the state")
            .flush()
            .expect("a state root");

        let mut config = NetworkConfig::new(network);
        config.override_actors(actors);
        config.chain_id = ChainID::from(CHAIN_ID);
        let engine = EnginePool::new((&config).into()).expect("an engine");
        let sequences = HashMap::new();
        let mut chain = Self {
            config,
            engine,
            store,
            runner: None,
            epoch: 1_000,
            sequences,
            table: Table::default(),
            native,
        };
        chain.runner = Some(chain.runner_at(root));
        chain
    }

    /// Goes to a later epoch.
    pub fn go_to(&mut self, epoch: u64) {
        assert!(epoch >= self.epoch, "epochs only grow");
        let machine = self.runner.take().and_then(Runner::into_machine);
        let root = machine.expect("the machine").flush().expect("a state root");
        self.epoch = epoch;
        self.runner = Some(self.runner_at(root));
    }

    /// The block's time, in seconds since 1970.
    #[must_use]
    pub fn time(&self) -> u64 {
        GENESIS + SECONDS_OF_AN_EPOCH * self.epoch
    }

    /// The block's number.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Deploys a contract: its code, and the arguments of its constructor behind it. A row of the table.
    pub fn deploy(&mut self, what: &str, by: &Person, code: &[u8], arguments: &[u8]) -> Address {
        self.deploy_within(OF_A_CALL, what, by, code, arguments)
    }

    /// The same with a budget of its own.
    pub fn deploy_within(
        &mut self,
        budget: u64,
        what: &str,
        by: &Person,
        code: &[u8],
        arguments: &[u8],
    ) -> Address {
        let receipt = self.attempt_deploy(by, code, arguments);
        receipt.assert_success(what);
        self.record(format!("deploy {what}"), &receipt, budget);
        receipt.created()
    }

    /// Deploys what only helps to test: no row of the table.
    pub fn deploy_double(&mut self, by: &Person, code: &[u8]) -> Address {
        let receipt = self.attempt_deploy(by, code, &[]);
        receipt.assert_success("a double");
        receipt.created()
    }

    /// Deploys what may be refused by its constructor.
    pub fn attempt_deploy(&mut self, by: &Person, code: &[u8], arguments: &[u8]) -> Receipt {
        self.create(f410(by.address), &[code, arguments].concat())
    }

    /// Sends a call that succeeds: a row of the table.
    pub fn act<C: SolCall>(&mut self, what: &str, by: &Person, to: Address, call: &C) -> C::Return {
        self.act_within(OF_A_CALL, what, by, to, U256::ZERO, call)
    }

    /// The same with FIL, in attoFIL.
    pub fn pay<C: SolCall>(
        &mut self,
        what: &str,
        by: &Person,
        to: Address,
        value: U256,
        call: &C,
    ) -> C::Return {
        self.act_within(OF_A_CALL, what, by, to, value, call)
    }

    /// The same with a budget of its own.
    pub fn act_within<C: SolCall>(
        &mut self,
        budget: u64,
        what: &str,
        by: &Person,
        to: Address,
        value: U256,
        call: &C,
    ) -> C::Return {
        let receipt = self.attempt(by, to, value, BLOCK_GAS, call);
        receipt.assert_success(what);
        self.record(what.to_owned(), &receipt, budget);
        receipt.returned::<C>()
    }

    /// Sends what a test needs beforehand: no row of the table.
    pub fn arrange<C: SolCall>(&mut self, by: &Person, to: Address, call: &C) -> C::Return {
        self.look(by, to, call)
    }

    /// Asks something: no row of the table.
    pub fn look<C: SolCall>(&mut self, by: &Person, to: Address, call: &C) -> C::Return {
        let receipt = self.attempt(by, to, U256::ZERO, BLOCK_GAS, call);
        receipt.assert_success(C::SIGNATURE);
        receipt.returned::<C>()
    }

    /// Sends a call that may fail.
    pub fn attempt<C: SolCall>(
        &mut self,
        by: &Person,
        to: Address,
        value: U256,
        gas: u64,
        call: &C,
    ) -> Receipt {
        self.invoke(f410(by.address), to, value, gas, &call.abi_encode())
    }

    /// Sends a call from an `f1` account, which no Ethereum address belongs to.
    pub fn attempt_natively<C: SolCall>(&mut self, to: Address, call: &C) -> Receipt {
        self.invoke(self.native, to, U256::ZERO, BLOCK_GAS, &call.abi_encode())
    }

    /// The number of the `f1` account's actor.
    #[must_use]
    pub fn native_actor(&self) -> u64 {
        let runner = self.runner.as_ref().expect("a machine");
        runner
            .state_tree()
            .lookup_id(&self.native)
            .expect("a state")
            .expect("an account")
    }

    /// Sends FIL to an address at which nothing is yet, by which it becomes a placeholder.
    pub fn endow(&mut self, by: &Person, to: Address) {
        let receipt = self.invoke(f410(by.address), to, U256::from(1), BLOCK_GAS, &[]);
        receipt.assert_success("a transfer");
    }

    /// What an address holds, in attoFIL.
    #[must_use]
    pub fn balance(&self, of: Address) -> U256 {
        let runner = self.runner.as_ref().expect("a machine");
        let tree = runner.state_tree();
        let actor = tree.get_actor_by_address(&f410(of)).expect("a state");
        let Some(actor) = actor else {
            return U256::ZERO;
        };
        U256::from_be_slice(&actor.balance.atto().to_bytes_be().1)
    }

    /// Does something whose messages are no rows of the table.
    pub fn unrecorded<T>(&mut self, what: impl FnOnce(&mut Self) -> T) -> T {
        let table = self.table.clone();
        let result = what(self);
        self.table = table;
        result
    }

    /// Takes a message into the table.
    pub fn record(&mut self, call: String, receipt: &Receipt, budget: u64) {
        let event = receipt.largest_event();
        self.table.push(Row {
            call,
            gas: receipt.gas,
            bytes: receipt.bytes,
            event,
            budget,
        });
    }

    pub(crate) fn into_table(self) -> Table {
        self.table
    }

    fn create(&mut self, from: FilecoinAddress, code: &[u8]) -> Receipt {
        let params = RawBytes::serialize(BytesSer(code)).expect("a byte string");
        self.execute(
            from,
            EAM_ADDRESS,
            EAMMethod::CreateExternal as u64,
            U256::ZERO,
            BLOCK_GAS,
            params,
        )
    }

    fn invoke(
        &mut self,
        from: FilecoinAddress,
        to: Address,
        value: U256,
        gas: u64,
        data: &[u8],
    ) -> Receipt {
        // As nodes make messages of Ethereum's transactions.
        let params = if data.is_empty() {
            RawBytes::default()
        } else {
            RawBytes::serialize(BytesSer(data)).expect("a byte string")
        };
        self.execute(
            from,
            f410(to),
            EVMMethod::InvokeContract as u64,
            value,
            gas,
            params,
        )
    }

    fn execute(
        &mut self,
        from: FilecoinAddress,
        to: FilecoinAddress,
        method_num: u64,
        value: U256,
        gas_limit: u64,
        params: RawBytes,
    ) -> Receipt {
        let sequence = self.sequences.entry(from).or_default();
        let message = Message {
            version: 0,
            from,
            to,
            sequence: *sequence,
            value: attofil(value),
            method_num,
            params,
            gas_limit,
            gas_fee_cap: attofil(U256::ZERO),
            gas_premium: attofil(U256::ZERO),
        };
        *sequence += 1;
        let bytes = fvm_ipld_encoding::to_vec(&message)
            .expect("a message")
            .len()
            + SIGNATURE_BYTES;
        let runner = self.runner.as_mut().expect("a machine");
        let result = runner
            .execute_message(message, ApplyKind::Explicit, bytes)
            .expect("a machine that works");
        Receipt::of(result, bytes)
    }

    fn runner_at(&self, root: Cid) -> Runner {
        let epoch = i64::try_from(self.epoch).expect("a small epoch");
        let context = self.config.for_epoch(epoch, self.time(), root);
        let machine = DefaultMachine::new(&context, Rc::clone(&self.store), ChainOfEpochs)
            .expect("a machine");
        Runner::new(self.engine.clone(), machine).expect("an executor")
    }
}

fn put_multisig(genesis: &mut Tester<Store, ChainOfEpochs>, store: &Store, actors: &Cid) {
    let (version, list): (u32, Cid) = store.get_cbor(actors).expect("a bundle").expect("its list");
    let manifest = Manifest::load(store, &list, version).expect("a list of actors");
    let code = manifest.code_by_id(KIND_MULTISIG).expect("a multisig");
    let state = ActorState::new(*code, EMPTY_ARR_CID, fil(0), 0, None);
    genesis
        .state_tree
        .as_mut()
        .expect("the state")
        .set_actor(MULTISIG, state);
}

fn f410(address: Address) -> FilecoinAddress {
    let bytes = address.as_slice();
    if bytes[0] == 0xff && bytes[1..12] == [0; 11] {
        return FilecoinAddress::new_id(u64::from_be_bytes(
            bytes[12..].try_into().expect("eight bytes"),
        ));
    }
    FilecoinAddress::new_delegated(ETHEREUM, bytes).expect("twenty bytes")
}

fn fil(whole: u64) -> TokenAmount {
    TokenAmount::from_whole(whole)
}

fn attofil(amount: U256) -> TokenAmount {
    TokenAmount::from_atto(BigInt::from_bytes_be(
        Sign::Plus,
        &amount.to_be_bytes::<32>(),
    ))
}
