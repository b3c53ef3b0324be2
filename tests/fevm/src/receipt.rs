//! What became of a message.

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use fvm::executor::ApplyRet;
use fvm_integration_tests::testkit::fevm::CreateReturn;
use fvm_ipld_encoding::{BytesDe, RawBytes};
use fvm_shared::event::StampedEvent;

/// What became of a message.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// 0 for success, 33 for a revert, 7 for want of gas.
    pub exit: u32,
    /// What a call returned, or why it reverted.
    pub data: Bytes,
    /// What it took.
    pub gas: u64,
    /// Bytes of the message, with its signature.
    pub bytes: usize,
    /// Its events.
    pub events: Vec<StampedEvent>,
    /// The machine's own words on a failure.
    pub failure: String,
}

impl Receipt {
    pub(crate) fn of(result: ApplyRet, bytes: usize) -> Self {
        let raw = result.msg_receipt.return_data;
        let data = match raw.deserialize::<BytesDe>() {
            Ok(BytesDe(data)) => data,
            Err(_) => raw.to_vec(),
        };
        Self {
            exit: result.msg_receipt.exit_code.value(),
            data: data.into(),
            gas: result.msg_receipt.gas_used,
            bytes,
            events: result.events,
            failure: result
                .failure_info
                .map(|info| info.to_string())
                .unwrap_or_default(),
        }
    }

    /// Whether the message was carried out.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.exit == 0
    }

    /// # Panics
    /// If the message failed.
    pub fn assert_success(&self, what: &str) {
        assert!(
            self.succeeded(),
            "{what}: exit {}, gas {}, {}\n{}",
            self.exit,
            self.gas,
            self.data,
            self.failure
        );
    }

    /// # Panics
    /// If the call did not revert with this error.
    pub fn assert_reverted_with<E: SolError>(&self) {
        let found = self.data.get(..4).unwrap_or_default();
        assert!(
            self.exit == 33 && found == E::SELECTOR,
            "not {}: exit {}, {}\n{}",
            E::SIGNATURE,
            self.exit,
            self.data,
            self.failure
        );
    }

    /// What the call returned.
    ///
    /// # Panics
    /// If it is something else.
    #[must_use]
    pub fn returned<C: SolCall>(&self) -> C::Return {
        C::abi_decode_returns(&self.data)
            .unwrap_or_else(|error| panic!("{}: {error}", C::SIGNATURE))
    }

    /// Its events of this kind, decoded.
    ///
    /// # Panics
    /// If one is malformed.
    #[must_use]
    pub fn events_of<E: SolEvent>(&self) -> Vec<E> {
        let logs = self.events.iter().map(|stamped| {
            let entries = &stamped.event.entries;
            let topics = entries.iter().filter(|entry| entry.key.starts_with('t'));
            let topics: Vec<_> = topics.map(|entry| B256::from_slice(&entry.value)).collect();
            let data = entries.iter().find(|entry| entry.key == "d");
            (
                topics,
                data.map(|entry| entry.value.clone()).unwrap_or_default(),
            )
        });
        logs.filter(|(topics, _)| topics.first() == Some(&E::SIGNATURE_HASH))
            .map(|(topics, data)| E::decode_raw_log(topics, &data).expect("an event"))
            .collect()
    }

    pub(crate) fn created(&self) -> Address {
        let raw = RawBytes::new(self.data.to_vec());
        let created: CreateReturn = raw
            .deserialize()
            .expect("what the creation of a contract returns");
        Address::from(created.eth_address.0)
    }

    /// Bytes of topics and data of the largest event.
    pub(crate) fn largest_event(&self) -> usize {
        self.events.iter().map(event_bytes).max().unwrap_or(0)
    }
}

fn event_bytes(stamped: &StampedEvent) -> usize {
    stamped
        .event
        .entries
        .iter()
        .map(|entry| entry.value.len())
        .sum()
}
