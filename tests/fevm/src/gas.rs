//! What each message took, and the budgets that it has to keep.

use std::fmt::Write as _;

/// Most gas of a message that checks an opened key.
pub const OF_AN_OPENED_KEY: u64 = 2_000_000_000;
/// Most gas of a message that checks a combined share.
pub const OF_A_SHARE: u64 = 3_000_000_000;
/// Most gas of a message that checks a proof in zero knowledge, or the key of such proofs.
pub const OF_A_PROOF: u64 = 4_000_000_000;
/// Most gas of every other message. A block has ten times that.
pub const OF_A_CALL: u64 = 1_000_000_000;

/// Most bytes of a message: Filecoin's own limit.
const MESSAGE_BYTES: usize = 65_536;
/// Most bytes of an event's topics and data; Filecoin's own limit is 8,192.
const EVENT_BYTES: usize = 7_680;

/// One message.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it did.
    pub call: String,
    /// Filecoin gas, with what the message's own bytes cost.
    pub gas: u64,
    /// Bytes of the message, with its signature.
    pub bytes: usize,
    /// Bytes of the largest event.
    pub event: usize,
    /// Most gas.
    pub budget: u64,
}

/// All that was sent in a flow, in its order.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Takes a message in. Of several that are called the same the dearest stays.
    pub fn push(&mut self, row: Row) {
        match self.rows.iter_mut().find(|kept| kept.call == row.call) {
            Some(kept) => {
                kept.gas = kept.gas.max(row.gas);
                kept.bytes = kept.bytes.max(row.bytes);
                kept.event = kept.event.max(row.event);
            }
            None => self.rows.push(row),
        }
    }

    /// Whether nothing was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// For README.md.
    #[must_use]
    pub fn markdown(&self, title: &str) -> String {
        let mut text = format!(
            "| {title} | gas | message, bytes | largest event, bytes |\n|---|---:|---:|---:|\n"
        );
        for row in &self.rows {
            let (gas, bytes, event) = (
                grouped(row.gas),
                grouped(row.bytes as u64),
                grouped(row.event as u64),
            );
            let _ = writeln!(text, "| {} | {gas} | {bytes} | {event} |", row.call);
        }
        text
    }

    /// # Panics
    /// With every budget that was missed.
    pub fn assert_budgets(&self) {
        let missed: Vec<String> = self.rows.iter().flat_map(missed).collect();
        assert!(missed.is_empty(), "\n{}", missed.join("\n"));
    }
}

fn missed(row: &Row) -> Vec<String> {
    let limits = [
        ("gas", row.gas, row.budget),
        ("bytes of message", row.bytes as u64, MESSAGE_BYTES as u64),
        ("bytes of event", row.event as u64, EVENT_BYTES as u64),
    ];
    let over = limits
        .into_iter()
        .filter(|(_, found, limit)| found >= limit);
    over.map(|(what, found, limit)| {
        format!(
            "{}: {} {what}, below {} are allowed",
            row.call,
            grouped(found),
            grouped(limit)
        )
    })
    .collect()
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(gas: u64, bytes: usize, event: usize) -> Row {
        Row {
            call: "a call".to_owned(),
            gas,
            bytes,
            event,
            budget: OF_A_CALL,
        }
    }

    #[test]
    fn budget_is_missed_where_it_is_met_exactly() {
        assert!(missed(&row(OF_A_CALL - 1, MESSAGE_BYTES - 1, EVENT_BYTES - 1)).is_empty());
        assert_eq!(
            missed(&row(OF_A_CALL, 0, 0)),
            ["a call: 1,000,000,000 gas, below 1,000,000,000 are allowed"]
        );
        assert_eq!(missed(&row(0, MESSAGE_BYTES, EVENT_BYTES)).len(), 2);
    }

    #[test]
    fn table_keeps_the_dearest_of_messages_that_are_called_the_same() {
        let mut table = Table::default();
        for row in [row(3, 1, 1), row(1, 2, 0)] {
            table.push(row);
        }
        assert!(table.markdown("t").ends_with("| a call | 3 | 2 | 1 |\n"));
    }
}
