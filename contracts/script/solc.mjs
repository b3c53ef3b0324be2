#!/usr/bin/env node
// The npm build of solc behind the command line of the native compiler, as far as forge uses it:
// `--version`, and `--standard-json` from stdin to stdout.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");

if (process.argv.includes("--version")) {
  const version = solc.version().replace(/\.Emscripten\.clang$/, ".Linux.g++");
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}`);
} else {
  // forge passes every source in the input; an import that is missing there is a mistake.
  const missing = (path) => ({ error: `${path} is not part of the compiler's input` });
  process.stdout.write(solc.compile(readFileSync(0, "utf8"), { import: missing }));
}
