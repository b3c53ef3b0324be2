//! The operator's commands. The binary and the `stheno` command both run these.
//!
//! Results go to stdout (`--json`: one object), everything else to stderr;
//! exit 0 done, 1 `doctor` has found something wrong, 2 usage or system error, 141 nobody reads the
//! output any more.

mod approve;
mod backup;
mod backup_secret;
mod contract_view;
mod doctor;
mod export_receipts;
mod init;
mod operator;
mod outcome;
mod propose;
mod recovery;
mod register;
mod restore;
mod run;
mod status;
mod withdraw;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

pub use approve::ApproveArgs;
pub use backup::BackupArgs;
pub use backup_secret::BackupSecretArgs;
pub use doctor::DoctorArgs;
pub use export_receipts::ExportReceiptsArgs;
pub use init::InitArgs;
pub use operator::OperatorArgs;
pub use outcome::Failure;
pub use propose::{ProposeArgs, RefreshArgs, RepairArgs};
pub use recovery::RecoveryCommand;
pub use register::RegisterArgs;
pub use restore::RestoreArgs;
pub use run::RunArgs;
pub use status::StatusArgs;
pub use withdraw::WithdrawArgs;

use outcome::Printer;

/// Everything after `stheno-node`, or after `stheno node`.
#[derive(Clone, Debug, Args)]
pub struct NodeArgs {
    /// The configuration file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "STHENO_NODE_CONFIG",
        default_value = "stheno-node.toml"
    )]
    pub config: PathBuf,
    /// Print results as JSON, one object a line.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: NodeCommand,
}

/// What an operator can tell a node.
#[derive(Clone, Debug, Subcommand)]
#[non_exhaustive]
pub enum NodeCommand {
    /// Make the keys and the configuration of a new node.
    Init(Box<InitArgs>),
    /// Put this node on the chain as a member of its committee.
    Register(RegisterArgs),
    /// Propose other members, or another threshold.
    Propose(ProposeArgs),
    /// Propose new shares for the members that there are.
    Refresh(RefreshArgs),
    /// Get a new share for this node, which has lost its own: propose a refresh.
    Repair(RepairArgs),
    /// Take back a proposal that does not run yet.
    Withdraw(WithdrawArgs),
    /// Show an open ceremony and approve it as this node's operator.
    Approve(ApproveArgs),
    /// Serve.
    Run(RunArgs),
    /// Say how a node is doing.
    Status(StatusArgs),
    /// Look at everything that a node depends on, and say what to do.
    Doctor(DoctorArgs),
    /// Put this node's keys into one encrypted file.
    Backup(BackupArgs),
    /// Set a node up again from a backup.
    Restore(RestoreArgs),
    /// Split this node's share among trustees, for when no backup is left.
    #[command(subcommand)]
    Recovery(RecoveryCommand),
    /// Write the receipts of what this node released, one JSON object a line.
    ExportReceipts(ExportReceiptsArgs),
}

/// Runs a command to its end, in a runtime of its own.
pub fn run(args: NodeArgs) -> ExitCode {
    let printer = Printer::new(args.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(e) => return printer.fail(&Failure::new(format!("cannot start the runtime: {e}"))),
    };
    match runtime.block_on(execute(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => printer.fail(&failure),
    }
}

/// Runs a command to its end inside the caller's runtime.
///
/// # Errors
/// [`Failure`]: what went wrong and, where known, what to do about it.
pub async fn execute(args: NodeArgs) -> Result<(), Failure> {
    let printer = Printer::new(args.json);
    match args.command {
        NodeCommand::Init(init) => init::execute(&args.config, *init, &printer),
        NodeCommand::Register(register) => {
            register::execute(&args.config, register, &printer).await
        }
        NodeCommand::Propose(propose) => propose::execute(&args.config, propose, &printer).await,
        NodeCommand::Refresh(refresh) => propose::refresh(&args.config, refresh, &printer).await,
        NodeCommand::Repair(repair) => propose::repair(&args.config, repair, &printer).await,
        NodeCommand::Withdraw(withdraw) => {
            withdraw::execute(&args.config, withdraw, &printer).await
        }
        NodeCommand::Approve(approve) => approve::execute(&args.config, approve, &printer).await,
        NodeCommand::Run(run) => run::execute(&args.config, run, &printer).await,
        NodeCommand::Status(status) => status::execute(&args.config, status, &printer).await,
        NodeCommand::Doctor(doctor) => doctor::execute(&args.config, doctor, &printer).await,
        NodeCommand::Backup(backup) => backup::execute(&args.config, backup, &printer).await,
        NodeCommand::Restore(restore) => restore::execute(&args.config, restore, &printer).await,
        NodeCommand::Recovery(command) => recovery::execute(&args.config, command, &printer).await,
        NodeCommand::ExportReceipts(export) => {
            export_receipts::execute(&args.config, export, &printer).await
        }
    }
}
