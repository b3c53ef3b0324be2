//! Lit's names of EVM chains. An unknown one can be written as its number.

use stheno::protocol::ChainId;

const NAMES: [(&str, ChainId); 30] = [
    ("ethereum", 1),
    ("optimism", 10),
    ("cronos", 25),
    ("bsc", 56),
    ("xdai", 100),
    ("polygon", 137),
    ("sonicMainnet", 146),
    ("zksync", 324),
    ("filecoin", 314),
    ("fantom", 250),
    ("metis", 1088),
    ("moonbeam", 1284),
    ("moonriver", 1285),
    ("mantle", 5000),
    ("base", 8453),
    ("anvil", 31337),
    ("arbitrum", 42161),
    ("celo", 42220),
    ("avalanche", 43114),
    ("fuji", 43113),
    ("linea", 59144),
    ("amoy", 80002),
    ("baseSepolia", 84532),
    ("filecoinCalibrationTestnet", 314_159),
    ("arbitrumSepolia", 421_614),
    ("scroll", 534_352),
    ("zora", 7_777_777),
    ("sepolia", 11_155_111),
    ("optimismSepolia", 11_155_420),
    ("aurora", 1_313_161_554),
];

/// The chain that Lit called so.
pub(super) fn id(name: &str) -> Option<ChainId> {
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known
        .map(|(_, id)| *id)
        .or_else(|| name.parse().ok().filter(|id| *id > 0))
}
