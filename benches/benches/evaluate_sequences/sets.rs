//! Reads the corpus' sets of sequences.

use crate::Outcome;
use flate2::read::MultiGzDecoder;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// The symbols of a user, in blocks or sessions.
pub(crate) type Blocks = Vec<Vec<String>>;

/// Symbols in a block of `sea40`.
const BLOCK: usize = 100;

/// Commands of users among whose later blocks are those of others.
pub(crate) struct Sea {
    pub(crate) users: Vec<(String, Blocks)>,
    pub(crate) peers: Vec<(String, Blocks)>,
    masqueraders: BTreeSet<(String, usize)>,
}

impl Sea {
    pub(crate) fn read(folder: &Path) -> Outcome<Self> {
        let mut users = Vec::new();
        for number in 0.. {
            let name = format!("User{number}");
            let Ok(all) = text(&folder.join(format!("{name}.txt"))) else { break };
            let symbols: Vec<String> = all.lines().map(|line| line.trim().to_owned()).collect();
            users.push((name, blocks(&symbols)));
        }
        let mut peers = Vec::<(String, Vec<String>)>::new();
        for row in text(&folder.join("peers.csv.gz"))?.lines().skip(1) {
            let mut cells = row.split(',');
            let (peer, command) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
            match peers.last_mut() {
                Some((last, commands)) if last == peer => commands.push(command.to_owned()),
                _ => peers.push((peer.to_owned(), vec![command.to_owned()])),
            }
        }
        let peers = peers.into_iter().map(|(name, symbols)| (name, blocks(&symbols))).collect();
        let mut masqueraders = BTreeSet::new();
        for row in text(&folder.join("labels.csv"))?.lines().skip(1) {
            if let [user, block, "1"] = row.split(',').collect::<Vec<_>>()[..] {
                masqueraders.insert((user.to_owned(), block.parse()?));
            }
        }
        Ok(Self { users, peers, masqueraders })
    }

    pub(crate) fn is_masquerader(&self, user: &str, block: usize) -> bool {
        self.masqueraders.contains(&(user.to_owned(), block))
    }
}

/// Traces of system calls.
pub(crate) struct Traces {
    pub(crate) training: Blocks,
    /// Whether it is an attack, and its calls.
    pub(crate) judged: Vec<(bool, Vec<String>)>,
}

impl Traces {
    pub(crate) fn read(file: &Path) -> Outcome<Self> {
        let mut read = Self { training: Vec::new(), judged: Vec::new() };
        for row in text(file)?.lines().skip(1) {
            let [part, _, _, calls, _] = row.split(',').collect::<Vec<_>>()[..] else { continue };
            let calls = calls.split_whitespace().map(str::to_owned).collect();
            match part {
                "training" => read.training.push(calls),
                _ => read.judged.push((part == "attack", calls)),
            }
        }
        Ok(read)
    }
}

/// Sessions of users, parted by empty lines or `exit`, long ones in blocks.
pub(crate) fn sessions(folder: &Path) -> Vec<(String, Blocks)> {
    let mut users = Vec::new();
    for number in 1.. {
        let name = format!("USER{number}");
        let Ok(all) = text(&folder.join(format!("{name}.txt"))) else { break };
        let lines: Vec<String> = all.lines().map(|line| line.trim().to_owned()).collect();
        let parts = lines.split(|line| line.is_empty() || line == "exit");
        let sessions = parts.filter(|session| !session.is_empty());
        users.push((name, sessions.flat_map(blocks).collect()));
    }
    users
}

fn blocks(symbols: &[String]) -> Blocks {
    symbols.chunks(BLOCK).map(<[String]>::to_vec).collect()
}

fn text(path: &Path) -> Outcome<String> {
    let bytes = fs::read(path)?;
    let mut text = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut text)?;
    } else {
        text = bytes;
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
