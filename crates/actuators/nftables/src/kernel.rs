//! The two things that are asked of nftables: list the table, and commit one transaction.

use core::fmt;
use homeostat_response::BoxFuture;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// The kernel's packet filter: implement it to reach nftables by another way than the program `nft`.
pub trait Kernel: Send + Sync {
    /// The table as `nft -j list table inet homeostat` prints it. Changes nothing.
    fn list(&self) -> BoxFuture<'_, Result<String, NftError>>;

    /// Commits the lines of `script` as one transaction: all of them, or none.
    fn commit<'a>(&'a self, script: &'a str) -> BoxFuture<'a, Result<(), NftError>>;
}

/// Why nftables did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NftError {
    /// The program `nft` could not be started.
    NoProgram,
    /// This process may not change the packet filter.
    NotPermitted,
    /// What should be created is there already.
    Exists,
    /// The table, a set or an element is not there.
    Absent,
    /// The transaction was refused for another reason; nothing was done.
    Refused,
    /// The program was killed before it told: it may have been done.
    Unknown,
}

impl fmt::Display for NftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoProgram => "nft could not be started",
            Self::NotPermitted => "no permission to change the packet filter",
            Self::Exists => "it is there already",
            Self::Absent => "the table, the set or the element is not there",
            Self::Refused => "the transaction was refused",
            Self::Unknown => "nft was killed before it told",
        })
    }
}

impl std::error::Error for NftError {}

/// The program `nft`, run for each call; it holds the thread that polls it, for some 20 ms.
#[derive(Clone, Debug)]
pub struct Nft {
    command: Vec<String>,
}

impl Nft {
    /// `nft` in the network namespace of this process.
    pub fn new() -> Self {
        Self { command: vec!["nft".to_owned()] }
    }

    /// `nft` in the network namespace `name`, by `ip netns exec`.
    pub fn in_namespace(name: &str) -> Self {
        let command = ["ip", "netns", "exec", name, "nft"];
        Self { command: command.map(str::to_owned).to_vec() }
    }

    fn run(&self, args: &[&str], input: &str) -> Result<Output, NftError> {
        let (program, first) = self.command.split_first().ok_or(NftError::NoProgram)?;
        let mut child = Command::new(program)
            .args(first)
            .args(args)
            // The reasons for a refusal are told apart by their words.
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|_| NftError::NoProgram)?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(input.as_bytes()).map_err(|_| NftError::Unknown)?;
        }
        let output = child.wait_with_output().map_err(|_| NftError::Unknown)?;
        if output.status.success() { Ok(output) } else { Err(refusal(&output)) }
    }
}

impl Default for Nft {
    fn default() -> Self {
        Self::new()
    }
}

impl Kernel for Nft {
    fn list(&self) -> BoxFuture<'_, Result<String, NftError>> {
        Box::pin(async {
            let output = self.run(&["-j", "list", "table", "inet", "homeostat"], "")?;
            String::from_utf8(output.stdout).map_err(|_| NftError::Refused)
        })
    }

    fn commit<'a>(&'a self, script: &'a str) -> BoxFuture<'a, Result<(), NftError>> {
        Box::pin(async { self.run(&["-f", "-"], script).map(drop) })
    }
}

/// Which of the errors it was: `nft` has one exit code for all, so its words decide. On a set of intervals the
/// kernel says that an element "does not exist", on others "No such file or directory".
fn refusal(output: &Output) -> NftError {
    let words = String::from_utf8_lossy(&output.stderr);
    let says = |text: &str| words.contains(text);
    match output.status.code() {
        None => NftError::Unknown,
        Some(_) if says("Operation not permitted") || says("must be root") => NftError::NotPermitted,
        Some(_) if says("File exists") => NftError::Exists,
        Some(_) if says("No such file or directory") || says("does not exist") => NftError::Absent,
        Some(_) => NftError::Refused,
    }
}
