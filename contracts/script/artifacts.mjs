#!/usr/bin/env node
// Writes the ABI and bytecode that the Rust crates embed, or with --check verifies that what is
// committed is what the sources compile to.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const CONTRACTS = [
  "Committee",
  "AccessPass",
  "AccessRegistry",
  "PayPerAccess",
  "DataPass",
  "Subscription",
  "Splitter",
  "Escrow",
  "Catalogue",
  "TimedRelease",
  "SealedBidAuction",
  "Groth16Verifier",
  "OwnedGroup",
  "VotedGroup",
  "Nullifiers",
  "IAccessCondition",
  "DevnetDollar",
  "IOffer",
  "ISale",
];

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "../crates/chain/abi");

main();

function main() {
  const check = process.argv.includes("--check");
  const artifacts = compile();
  const stale = CONTRACTS.filter((name) => {
    const path = join(target, `${name}.json`);
    return !existsSync(path) || readFileSync(path, "utf8") !== artifacts[name];
  });
  if (check) {
    if (stale.length === 0) return console.log(`artifacts: ${CONTRACTS.length} match the sources`);
    console.error(`error: crates/chain/abi is stale: ${stale.join(", ")}\nhint: npm run build, in contracts/`);
    process.exit(1);
  }
  mkdirSync(target, { recursive: true });
  for (const name of stale) writeFileSync(join(target, `${name}.json`), artifacts[name]);
  console.log(`artifacts: ${stale.length ? `wrote ${stale.join(", ")}` : "nothing to change"}`);
}

// Compiles from nothing, in a folder of its own, so that no cache can answer for the sources.
function compile() {
  const out = mkdtempSync(join(tmpdir(), "stheno-contracts-"));
  try {
    const forge = join(root, "script/forge.mjs");
    const args = ["build", "--offline", "--force", "--out", join(out, "out"), "--cache-path", join(out, "cache")];
    execFileSync(process.execPath, [forge, ...args, "--skip", "test", "--skip", "script"], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    });
    return Object.fromEntries(CONTRACTS.map((name) => [name, render(name, join(out, "out"))]));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function render(contractName, out) {
  const { abi, bytecode, deployedBytecode } = JSON.parse(
    readFileSync(join(out, `${contractName}.sol`, `${contractName}.json`), "utf8"),
  );
  const artifact = {
    contractName,
    abi,
    bytecode: bytecode.object,
    deployedBytecode: deployedBytecode.object,
  };
  return `${JSON.stringify(artifact, null, 2)}\n`;
}
