//! The stheno command: encrypt, decrypt, inspect, policies, networks, a devnet and a demo.
