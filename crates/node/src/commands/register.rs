//! `register`: this node becomes a member of its committee, by its operator's transaction.

use std::path::{Path, PathBuf};

use clap::Args;
use url::Url;

use super::outcome::{Failure, Printer};

/// Arguments of `register`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  stheno-node --config node.toml register --operator-keystore operator.json \\\n    --metadata '{\"name\":\"Ada\"}'"
)]
pub struct RegisterArgs {
    /// Where readers will reach this node. Default: the configuration's `endpoint`.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<Url>,
    /// Free text that is published beside the endpoint, such as a name or a contact.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub metadata: String,
    /// The operator's key.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

/// Where the operator's key is: a keystore, or else the environment. Never an argument.
#[derive(Clone, Debug, Args)]
pub struct OperatorArgs {
    /// The operator's encrypted keystore (JSON, Web3 Secret Storage). Without it the key is read
    /// from $STHENO_OPERATOR_KEY (hex).
    #[arg(long, value_name = "FILE")]
    pub operator_keystore: Option<PathBuf>,
    /// A file whose first line is the keystore's password. Without it
    /// $STHENO_OPERATOR_PASSWORD, or a prompt.
    #[arg(long, value_name = "FILE", requires = "operator_keystore")]
    pub operator_password_file: Option<PathBuf>,
}

pub(super) async fn execute(
    _config: &Path,
    _args: RegisterArgs,
    _printer: &Printer,
) -> Result<(), Failure> {
    Err(Failure::new("register is not built yet"))
}
