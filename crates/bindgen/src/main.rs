//! Writes the JavaScript and the TypeScript declarations that belong to the compiled `stheno-wasm`.
//!
//! ```text
//! stheno-bindgen stheno_wasm.wasm FOLDER
//! ```

use std::{env, path::PathBuf};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [module, folder] = arguments.as_slice() else {
        bail!("give the compiled module and a folder to write into");
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .web(true)?
        .typescript(true)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .out_name("stheno");
    bindgen
        .generate(folder)
        .with_context(|| format!("{} cannot be bound", module.display()))
}
