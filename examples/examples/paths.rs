//! Who reaches what, and where to cut? A description of an estate in, one JSON object out.
//!
//! `cargo run --release --example paths -- --input FILE [--from ID] [--to ID]`
//!
//! FILE is an answer of `GetAccountAuthorizationDetails` (or several accounts with their resources), a SharpHound
//! collection (`.zip`), an OpenGraph payload, an edge list `src,dst,kind,p`, objects of a Kubernetes cluster as its API
//! returns them, a state or plan of Terraform (`terraform show -json`), or a document that adds to one of these: network,
//! machines, stores, findings, directories, repositories, vendors, agents (`docs/estate.md`). A directory holds any of these
//! in any number of files, and gives one graph of all, joined by what they share. A plan's graph is told with what differs
//! from the state, what matters most first. Records that can not be read are told on standard error.

use clap::Parser;
use homeostat_examples::{Asked, inputs, paths, paths_of_all};
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What may be given.
const INPUT: &str = "\
The description of the estate; `-` for standard input, `.gz` as it is; a directory for all of its files together.

Account authorization details; answers of EC2, ELB, RDS, Lambda, S3, Secrets Manager, EKS, CodeBuild, Bedrock and Identity
Center; OpenAPI; SharpHound; OpenGraph; edge lists; Kubernetes objects; Terraform states and plans (terraform show -json);
findings of vulnerabilities (OCSF, Security Hub, Inspector); Azure, Google Cloud and Workspace, Okta; users, groups and applications
of Microsoft Graph; repositories of GitHub; CycloneDX; plain documents. docs/estate.md lists them.";

/// Finds the paths to administrator and to what is of value.
#[derive(Parser)]
struct Arguments {
    /// The description of the estate; `-` for standard input, `.gz` as it is; a directory for all of its files together.
    #[arg(long, long_help = INPUT)]
    input: PathBuf,
    /// Tell of this principal alone.
    #[arg(long)]
    from: Option<String>,
    /// Tell of the ways to this target in place of administrator.
    #[arg(long)]
    to: Option<String>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paths: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let asked = Asked { from: arguments.from, to: arguments.to };
    if arguments.input.is_dir() {
        let files = inputs(&[arguments.input])?;
        let mut read = Vec::new();
        for file in &files {
            read.push((file.name(), file.bytes()?));
        }
        let (told, problems) = paths_of_all(read.into_iter(), &asked)?;
        for problem in problems {
            eprintln!("paths: {problem}");
        }
        writeln!(io::stdout().lock(), "{told}")?;
        return Ok(());
    }
    for file in inputs(&[arguments.input])? {
        let (told, problems) = paths(file.name(), &file.bytes()?, &asked)?;
        for problem in problems {
            eprintln!("paths: `{}`: {problem}", file.name());
        }
        writeln!(io::stdout().lock(), "{told}")?;
    }
    Ok(())
}
