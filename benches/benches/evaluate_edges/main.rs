//! How well are floods, scans and odd edges found, and beacons told from chance and people?
//!
//! `HOMEOSTAT_CORPUS=DIR cargo bench -p homeostat-benches --bench evaluate_edges`: the labelled edges and
//! the labelled day of connections of the corpus, which is not part of this repository, and a grid of generated
//! beacons, which needs none. The labelled pair is named as `SOURCE DESTINATION PORT` behind `--`.

mod beacons;
mod edges;
mod grid;
mod ranking;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    grid::print();
    let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS").map(PathBuf::from) else {
        println!("HOMEOSTAT_CORPUS is not set: no labelled edges and no labelled day of connections");
        return Ok(());
    };
    let label: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    beacons::print(&corpus.join("baseline/rita_missing_host/2024-04-19/conn.log.gz"), &label)?;
    edges::print(&corpus.join("baseline/darpa98_edges/edges.csv.gz"))
}
