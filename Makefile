# Two commands are the front door: `make demo` and `make test`. See README.md.

SHELL := /usr/bin/env bash
# The one set of build units that tests, demo and checks share.
UNITS := --release --workspace --all-targets
BIN = $${CARGO_TARGET_DIR:-target}/release

.PHONY: help demo test check build test-rust test-anger test-hostile test-committee test-folder simulate test-doc test-contracts test-unixfs test-gateway wasm test-browser test-firefox bench-browser wasm-check fuzz artifacts fmt bench bench-envelope bench-storage memory clean-contracts

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: build ## the main job, shown: five node processes, one file, one condition
	$(BIN)/stheno demo

test: build test-rust test-doc test-contracts ## everything: Rust, contracts, end to end with real processes

check: contracts/node_modules/.package-lock.json ## formatting, lints, licences, artefacts, documentation
	cargo fmt --all --check
	cargo fmt --manifest-path tests/fevm/Cargo.toml --check
	cargo clippy $(UNITS) --locked -- -D warnings
	.ci/deny
	cd contracts && npm run --silent check
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --release --workspace --no-deps --locked

build: contracts/node_modules/.package-lock.json tests/interop/node_modules/.package-lock.json ## compile every crate, test, example and benchmark
	cargo test $(UNITS) --locked --no-run
	@# A test build leaves no example that runs.
	cargo build --release --workspace --examples --locked

test-rust: build
	cargo test --release --workspace --lib --bins --tests --examples --locked

test-anger: build ## ceremonies with nodes killed at random, STHENO_ANGER_ROUNDS of them
	STHENO_ANGER_ROUNDS=$${STHENO_ANGER_ROUNDS:-20} cargo test --release --workspace --test e2e --locked -- --test-threads 1 ceremony_killed

test-hostile: build ## random schedules on a hostile chain, STHENO_SCHEDULES of them, from STHENO_SEED or the clock on
	STHENO_SEED=$${STHENO_SEED:-$$(date +%s)} STHENO_SCHEDULES=$${STHENO_SCHEDULES:-20000} cargo test --release --workspace --test e2e --locked -- schedules::

test-committee: build ## refreshes in bad weather between nodes and chain, STHENO_COMMITTEE_SCHEDULES of them, from STHENO_SEED on
	STHENO_COMMITTEE_SCHEDULES=$${STHENO_COMMITTEE_SCHEDULES:-200} cargo test --release --workspace --test e2e --locked -- --nocapture reshare_weather::

test-folder: build ## a folder larger than a provider's piece, STHENO_FOLDER_MIB of it, out and back through kills
	STHENO_FOLDER_MIB=$${STHENO_FOLDER_MIB:-2048} cargo test --release --workspace --test e2e --locked -- collections::

simulate: build ## whole committees simulated, STHENO_SEEDS of them (1,000,000), from STHENO_SEED on
	STHENO_SEEDS=$${STHENO_SEEDS:-1000000} cargo test --release --workspace --test simulation --locked -- --nocapture committees

test-unixfs: build ## CIDs of files around 1024 chunks of 1 MiB, in the real size
	STHENO_UNIXFS_FULL=1 cargo test --release --workspace --test envelope --locked -- --nocapture unixfs::file_of_a_gibibyte

test-gateway: tests/interop/gateway/node_modules/.package-lock.json ## read an encrypted folder from an IPFS gateway that is not ours, 173 MB of npm packages
	cargo test --release --workspace --test places --locked -- --nocapture helia::

# What the tests deploy beside what is shipped.
DOUBLES := $(addprefix test/support/,MeasuredVerifier.sol FilecoinProbe.sol FilecoinStorage.sol OwnedWallet.sol Reentrant.sol Tokens.sol)

test-fevm: contracts/node_modules/.package-lock.json ## the contracts on Filecoin's real virtual machine, with the actors of STHENO_ACTORS_CAR
	@if [ -z "$$STHENO_ACTORS_CAR" ]; then \
	  echo "skipped: STHENO_ACTORS_CAR is not set; set it to the .car of a release of filecoin-project/builtin-actors (tests/fevm/README.md)"; \
	else \
	  (cd contracts && node script/forge.mjs build --offline --silent $(DOUBLES)) && \
	  cargo test --release --manifest-path tests/fevm/Cargo.toml --locked -- --nocapture --test-threads 1; \
	fi

test-doc: build
	cargo test --release --workspace --doc --locked

test-contracts: contracts/node_modules/.package-lock.json
	@# npm's own forge ends with 0 whatever comes of it: that ours does not is part of the test.
	cd contracts && ! node script/forge.mjs no-such-command 2>/dev/null && npm test --silent

bench: contracts/node_modules/.package-lock.json ## the figures of BENCHMARKS.md; wants a machine that does nothing else
	cargo bench --profile dist --workspace --locked --bench threshold --bench ceremony --bench requests --bench grant --bench prove

bench-envelope: ## the same for files: beside rage, which is installed into target/tools
	RAGE="$$(.ci/rage)" cargo bench --profile dist --workspace --locked --bench envelope
	cargo bench --profile dist --workspace --locked --bench throughput

bench-storage: ## the same for folders: 5 GiB and 100,000 small files, out and back, on the disk
	cargo bench --profile dist --workspace --locked --bench storage

memory: build ## show that 4 GiB, and a million files in a manifest, pass in 64 MiB of memory
	STHENO_MEMORY_MIB=4096 STHENO_MEMORY_FILES=1000000 cargo test --release --workspace --test memory --locked -- --nocapture

wasm: ## the npm package @stheno/web, in crates/wasm/npm/dist
	.ci/wasm-package

test-browser: tests/browser/node_modules/.package-lock.json ## the npm package and the viewer in Chromium; skips where there is none
	node tests/browser/run.mjs

test-firefox: tests/browser/node_modules/.package-lock.json ## the same in Firefox; skips where there is none
	STHENO_BROWSER=firefox node tests/browser/run.mjs

bench-browser: tests/browser/node_modules/.package-lock.json ## the package's figures in Chromium and in Node; wants a machine that does nothing else
	STHENO_WASM_FEATURES=bench .ci/wasm-package
	node tests/browser/bench.mjs
	node tests/browser/bench-prover.mjs

wasm-check: ## compile for the browser: crypto, envelope, circuits, protocol, chain and the SDK
	.ci/wasm-check

# Bounded runs of the same are part of `make test`.
SECONDS_EACH ?= 10
SEED ?= 1
fuzz: build ## mutate the input of every decoder; SECONDS_EACH=10 SEED=1 TARGETS="policy_json header"
	$(BIN)/stheno-fuzz --seconds $(SECONDS_EACH) --seed $(SEED) $(TARGETS)

artifacts: contracts/node_modules/.package-lock.json ## compile the contracts and write crates/chain/abi
	cd contracts && npm run --silent build

fmt: ## format Rust and Solidity
	cargo fmt --all
	cargo fmt --manifest-path tests/fevm/Cargo.toml
	cd contracts && npm run --silent fmt

# The Solidity compiler, forge and anvil come as npm packages, at the versions of the lock file.
contracts/node_modules/.package-lock.json: contracts/package-lock.json
	cd contracts && npm ci --silent --no-audit --no-fund
	@touch $@

# Implementations of others that tests compare with, likewise.
tests/interop/node_modules/.package-lock.json: tests/interop/package-lock.json
	cd tests/interop && npm ci --silent --no-audit --no-fund
	@touch $@

# A whole gateway, so not part of `make test`; once installed its test runs there, too.
tests/interop/gateway/node_modules/.package-lock.json: tests/interop/gateway/package-lock.json
	cd tests/interop/gateway && npm ci --silent --no-audit --no-fund
	@touch $@

# Drives Chromium, signs as a wallet, bundles as applications do.
tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	cd tests/browser && npm ci --silent --no-audit --no-fund
	@touch $@
