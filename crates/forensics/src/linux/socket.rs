//! Connections and listeners, from `/proc/net`: one row each, with the process that holds it where that can be seen.

use super::row::Row;
use super::{Taking, process};
use crate::Stop;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

pub(super) fn rows(taking: &mut Taking<'_>) -> Result<(), Stop> {
    let folder = taking.root.join("proc");
    let holders = holders(&folder);
    let mut rows = Vec::new();
    for name in ["tcp", "tcp6", "udp", "udp6"] {
        let text = fs::read_to_string(folder.join("net").join(name)).unwrap_or_default();
        let sockets: Vec<Socket> = text.lines().skip(1).filter_map(Socket::read).collect();
        let listens: BTreeSet<u16> =
            sockets.iter().filter(|socket| socket.state == "listen").map(|socket| socket.local.1).collect();
        for socket in &sockets {
            socket.row(taking, name.trim_end_matches('6'), &listens, &holders).end(&mut rows);
        }
    }
    taking.listing("connections.jsonl", &rows)
}

struct Socket {
    local: (IpAddr, u16),
    remote: (IpAddr, u16),
    state: &'static str,
    uid: u64,
    inode: u64,
}

impl Socket {
    fn read(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let state = u8::from_str_radix(cells.get(3)?, 16).ok()?;
        Some(Self {
            local: endpoint(cells.get(1)?)?,
            remote: endpoint(cells.get(2)?)?,
            state: word(state),
            uid: cells.get(7)?.parse().ok()?,
            inode: cells.get(9)?.parse().ok()?,
        })
    }

    fn row(
        &self,
        taking: &Taking<'_>,
        protocol: &str,
        listens: &BTreeSet<u16>,
        holders: &BTreeMap<u64, u64>,
    ) -> Row {
        let unbound = self.remote.0.is_unspecified();
        let state = if unbound && protocol == "udp" { "listen" } else { self.state };
        let row = Row::new("connection", taking)
            .text("protocol", protocol)
            .text("state", state)
            .text("local_ip", &self.local.0.to_string())
            .number("local_port", self.local.1.into())
            .number("uid", self.uid)
            .number("inode", self.inode);
        let row = match holders.get(&self.inode) {
            Some(pid) => row.number("pid", *pid),
            None => row,
        };
        if unbound {
            return row;
        }
        let direction = if listens.contains(&self.local.1) { "inbound" } else { "outbound" };
        row.text("remote_ip", &self.remote.0.to_string())
            .number("remote_port", self.remote.1.into())
            .text("direction", direction)
    }
}

/// `include/net/tcp_states.h`.
fn word(state: u8) -> &'static str {
    const WORDS: [&str; 11] = [
        "established",
        "syn_sent",
        "syn_recv",
        "fin_wait1",
        "fin_wait2",
        "time_wait",
        "close",
        "close_wait",
        "last_ack",
        "listen",
        "closing",
    ];
    WORDS.get(usize::from(state).wrapping_sub(1)).copied().unwrap_or("unknown")
}

/// An address and port as the kernel prints them: words of four bytes in the machine's own order, in hexadecimal.
fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let words = address.as_bytes().as_chunks::<8>().0.iter();
    let words = words.map(|word| u32::from_str_radix(str::from_utf8(word).ok()?, 16).ok());
    let bytes: Vec<u8> =
        words.collect::<Option<Vec<u32>>>()?.into_iter().flat_map(u32::to_ne_bytes).collect();
    let address = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => IpAddr::V4(Ipv4Addr::from(four)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.as_slice()).ok()?)).to_canonical(),
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

/// Which process holds the socket of which inode; of others' processes only root sees it.
fn holders(folder: &Path) -> BTreeMap<u64, u64> {
    let mut holders = BTreeMap::new();
    for pid in process::numbers(folder) {
        let open = fs::read_dir(folder.join(pid.to_string()).join("fd"));
        for target in open.into_iter().flatten().flatten().filter_map(|file| fs::read_link(file.path()).ok())
        {
            let inode = target
                .to_str()
                .and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(inode) = inode {
                holders.entry(inode).or_insert(pid);
            }
        }
    }
    holders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn an_endpoint_is_read_as_the_kernel_prints_it() {
        assert_eq!(endpoint("0100007F:0016"), Some((IpAddr::V4(Ipv4Addr::LOCALHOST), 22)));
        let six = "00000000000000000000000001000000:1F90";
        assert_eq!(endpoint(six), Some((IpAddr::V6(Ipv6Addr::LOCALHOST), 8080)));
        for wrong in ["", "0100007F", "01:16", "0100007F:1FFFF", "zz00007F:0016"] {
            assert_eq!(endpoint(wrong), None, "{wrong}");
        }
    }
}
