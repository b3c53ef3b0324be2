//! The receipts of an export, in a row: what is missing, out of order, changed or cut off.

use stheno::protocol::{B256, Domain, ExportHead, ExportLine, ReceiptTip};

use super::findings::{Findings, Place};

/// How far the row of one export has been checked.
#[derive(Debug)]
pub(super) struct Row {
    domain: Domain,
    last: ReceiptTip,
    sequence: u64,
    /// The link of `sequence`; unknown behind a line that could not be read.
    link: Option<B256>,
}

impl Row {
    /// Before the first line of the export with this head.
    pub(super) fn new(
        head: &ExportHead,
        domain: Domain,
        place: Place<'_>,
        findings: &mut Findings,
    ) -> Self {
        if head.after.sequence == 0 && !head.after.link.is_zero() {
            findings.add(
                place,
                "the link before the first receipt of all is zero, this is not",
            );
        }
        if head.last.sequence < head.after.sequence
            || (head.last.sequence == head.after.sequence && head.last.link != head.after.link)
        {
            findings.add(place, "the row ends before it begins");
        }
        Self {
            domain,
            last: head.last,
            sequence: head.after.sequence,
            link: Some(head.after.link),
        }
    }

    /// A line that could not be read; it counts as the next receipt.
    pub(super) fn unreadable(&mut self) {
        self.sequence = self.sequence.saturating_add(1);
        self.link = None;
    }

    /// The next line.
    pub(super) fn push(&mut self, line: &ExportLine, place: Place<'_>, findings: &mut Findings) {
        let (found, expected) = (line.sequence, self.sequence.saturating_add(1));
        if found < expected {
            // What follows is judged by the highest, so that one line out of place is one fault.
            findings.add(
                place,
                format_args!(
                    "it is out of order: receipt {} stands before it",
                    self.sequence
                ),
            );
            return;
        }
        if found > expected {
            findings.add(place, missing(expected, found - 1, "before it"));
        } else if let Some(link) = self.link {
            let before = ReceiptTip {
                sequence: self.sequence,
                link,
            };
            let digest = line.receipt.body.digest(&self.domain);
            let then = before.then(&digest, &line.receipt.signature);
            if then.link != line.link {
                findings.add(
                    place,
                    "its link is not that of this receipt behind the one before it: one of them \
                     was changed",
                );
            }
        }
        self.sequence = found;
        self.link = Some(line.link);
    }

    /// The end of the file.
    pub(super) fn end(&self, place: Place<'_>, findings: &mut Findings) {
        let last = self.last.sequence;
        if self.sequence < last {
            findings.add(
                place,
                missing(self.sequence + 1, last, "at its end: it was cut"),
            );
        } else if self.sequence > last {
            let more = format_args!("it goes on behind receipt {last}, its last by its first line")
                .to_string();
            findings.add(place, more);
        } else if self.link.is_some_and(|link| link != self.last.link) {
            findings.add(
                place.receipt(last),
                "its link is not the last by the first line",
            );
        }
    }
}

fn missing(first: u64, last: u64, place: &str) -> String {
    match first == last {
        true => format!("receipt {first} is missing {place}"),
        false => format!("receipts {first} to {last} are missing {place}"),
    }
}

#[cfg(test)]
mod tests {
    use stheno::protocol::{
        Address, Bytes, FixedBytes, ItemId, PolicyDigest, Receipt, SignedReceipt,
        answer::EXPORT_FORMAT,
    };

    use super::*;

    fn domain() -> Domain {
        Domain::of_committee(314, Address::repeat_byte(1), 1)
    }

    fn export(receipts: u64) -> (ExportHead, Vec<ExportLine>) {
        let mut tip = ReceiptTip::default();
        let lines: Vec<ExportLine> = (1..=receipts)
            .map(|number| {
                let receipt = SignedReceipt {
                    body: Receipt {
                        epoch: 1,
                        node: 2,
                        request_digest: B256::with_last_byte(number.to_be_bytes()[7]),
                        policy_digest: PolicyDigest::from_bytes([2; 32]),
                        items: vec![ItemId::from_bytes([3; 32])],
                        account: Address::repeat_byte(4),
                        reader_key: FixedBytes::repeat_byte(5),
                        anchors: vec![],
                        shares_digest: B256::repeat_byte(6),
                        time: 1_800_000_000 + number,
                    },
                    signature: Bytes::from(vec![7; 65]),
                };
                tip = tip.then(&receipt.body.digest(&domain()), &receipt.signature);
                ExportLine {
                    sequence: number,
                    link: tip.link,
                    receipt,
                }
            })
            .collect();
        let head = ExportHead {
            format: EXPORT_FORMAT.to_owned(),
            network: domain().network,
            chain_id: 314,
            contract: Address::repeat_byte(1),
            committee_id: 1,
            identity: Address::repeat_byte(9),
            after: ReceiptTip::default(),
            last: tip,
        };
        (head, lines)
    }

    fn judged(head: &ExportHead, lines: &[ExportLine]) -> Vec<String> {
        let mut findings = Findings::default();
        let place = Place::file("f");
        let mut row = Row::new(head, domain(), place, &mut findings);
        for (number, line) in (2..).zip(lines) {
            let place = Place::line("f", number).receipt(line.sequence);
            row.push(line, place, &mut findings);
        }
        row.end(place, &mut findings);
        findings.lines()
    }

    #[test]
    fn row_is_whole_when_nothing_was_done_to_it() {
        let (head, lines) = export(5);
        assert_eq!(head.domain(), Some(domain()));
        assert_eq!(judged(&head, &lines), Vec::<String>::new());
        let later = ExportHead {
            after: ReceiptTip {
                sequence: 3,
                link: lines[2].link,
            },
            ..head
        };
        assert_eq!(judged(&later, &lines[3..]), Vec::<String>::new());
    }

    #[test]
    fn row_names_the_place_of_whatever_was_done_to_it() {
        type Change = fn(&mut ExportHead, &mut Vec<ExportLine>);
        let cases: [(Change, &[&str]); 9] = [
            (
                |_, lines| drop(lines.remove(2)),
                &["f, line 4, receipt 4: receipt 3 is missing before it"],
            ),
            (
                |_, lines| drop(lines.drain(1..4)),
                &["f, line 3, receipt 5: receipts 2 to 4 are missing before it"],
            ),
            (
                |_, lines| drop(lines.pop()),
                &["f: receipt 5 is missing at its end: it was cut"],
            ),
            (
                |_, lines| lines.swap(1, 2),
                &[
                    "f, line 3, receipt 3: receipt 2 is missing before it",
                    "f, line 4, receipt 2: it is out of order",
                ],
            ),
            (
                |_, lines| lines[2].receipt.body.time += 1,
                &["f, line 4, receipt 3: its link is not that"],
            ),
            (
                |_, lines| lines[2].receipt.signature = Bytes::from(vec![8; 65]),
                &["f, line 4, receipt 3: its link is not that"],
            ),
            (
                |_, lines| lines[2].link = B256::ZERO,
                &[
                    "f, line 4, receipt 3: its link is not that",
                    "f, line 5, receipt 4: its link is not that",
                ],
            ),
            (
                |head, _| head.last.link = B256::ZERO,
                &["f, receipt 5: its link is not the last"],
            ),
            (
                |head, _| head.last.sequence = 4,
                &["f: it goes on behind receipt 4"],
            ),
        ];
        for (at, (change, expected)) in cases.into_iter().enumerate() {
            let (mut head, mut lines) = export(5);
            change(&mut head, &mut lines);
            let found = judged(&head, &lines);
            assert_eq!(found.len(), expected.len(), "case {at}: {found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "case {at}: {found}");
            }
        }
    }
}
