//! How long do the questions take on an estate of a million nodes and 4.7 million edges, and how long a change of one?
//! Beside petgraph's `DiGraph` on the same arrays. Computing time of this thread, the best of some turns; peak memory.

use homeostat_benches::{Estate, cpu_seconds, turns};
use homeostat_graph::{EdgeChange, LiveNet, Net, NetBuilder, NetEdge, Stakes};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Bfs, EdgeRef as _, Reversed};
use std::hint::black_box;
use std::time::Instant;

/// What proves an edge: its kind, the document and the record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Told {
    kind: u16,
    document: u16,
    record: u32,
}

fn main() {
    let small = std::env::args().any(|argument| argument == "--test");
    let estate =
        if small { Estate::tiered(100_000, 1_000_000) } else { Estate::tiered(1_000_000, 5_000_000) };
    println!(
        "{} nodes, {} edges, {} entries, {} jewels; milliseconds of computing",
        estate.nodes,
        estate.edges.len(),
        estate.entries.len(),
        estate.jewels.len()
    );
    if std::env::args().any(|argument| argument == "petgraph") {
        return peer(&estate);
    }
    let before = reset_peak();
    let net = own(&estate);
    println!(
        "{:<52} {:>9.0} MiB, {:.0} MiB more than the arrays at the peak of building",
        "memory with evidence",
        net.bytes() as f64 / 1_048_576.0,
        memory("VmHWM:") - before
    );
    let known = if small {
        [924_600, 70_711, 237, 6_946_731, 919_493, 47_891, 19]
    } else {
        [4_739_879, 553_179, 1_926, 34_470_950, 2_767_762, 766_951, 11]
    };
    assert_eq!(answers(&net, &estate), known, "answers differ from those of other libraries");
    questions(&net, &estate);
    changes(net, &estate);
    if !std::env::args().any(|argument| argument == "alone") {
        peer(&estate);
    }
}

fn built(estate: &Estate) -> Net<Told> {
    let mut builder = NetBuilder::default();
    builder.nodes(estate.nodes);
    for (record, (from, to, kind, effort)) in (0..).zip(&estate.edges) {
        let label = Told { kind: u16::from(*kind), document: 0, record };
        builder.edge(NetEdge { from: *from, to: *to, effort: *effort, label });
    }
    builder.build()
}

fn own(estate: &Estate) -> Net<Told> {
    let mut net = Net::default();
    timed("build: both directions, efforts, kinds, evidence", 3, || {
        net = Net::default();
        net = built(estate);
    });
    net
}

/// The questions whose answers other libraries gave too.
fn answers(net: &Net<Told>, estate: &Estate) -> [u64; 7] {
    let distances = net.distances_to(&estate.jewels);
    let reached: Vec<f32> = estate.entries.iter().filter_map(|entry| distances.effort(*entry)).collect();
    let condensed = net.condense();
    let hundred = estate.entries.get(..100).unwrap_or(&estate.entries);
    let total = |each: Vec<usize>| each.into_iter().sum::<usize>() as u64;
    println!(
        "cheapest ways from entries add up to {:.4}",
        reached.iter().map(|effort| f64::from(*effort)).sum::<f64>()
    );
    let cut = net.min_cut(&estate.entries, &estate.jewels, |_| 1);
    println!(
        "exposed jewels set apart: {:?}; components joined by {} edges",
        cut.set_apart,
        condensed.edges()
    );
    [
        net.edges() as u64,
        net.exposed(&estate.jewels).len() as u64,
        reached.len() as u64,
        total(condensed.radii(hundred)),
        total(net.exposure_of_each(&estate.jewels)),
        condensed.components().len() as u64,
        cut.cost,
    ]
}

fn questions(net: &Net<Told>, estate: &Estate) {
    let (entries, jewels) = (&estate.entries, &estate.jewels);
    let turns = turns(5);
    timed("exposure: all that get to a jewel", turns, || drop(black_box(net.exposed(jewels))));
    timed("cheapest ways of all to the nearest jewel", turns, || drop(black_box(net.distances_to(jewels))));
    timed("components", turns, || drop(black_box(net.components())));
    let condensed = net.condense();
    timed("condensation, components included", turns, || drop(black_box(net.condense())));
    let hundred = entries.get(..100).unwrap_or(entries);
    timed("blast radius of 100 entries, condensed", turns, || drop(black_box(condensed.radii(hundred))));
    timed("blast radius of 100 entries, from nothing", turns, || {
        drop(black_box(net.condense().radii(hundred)));
    });
    timed("exposure of each jewel, condensed", turns, || {
        drop(black_box(condensed.exposures(jewels)));
    });
    timed("exposure of each jewel, from nothing", turns, || drop(black_box(net.exposure_of_each(jewels))));
    timed("minimum cut of entries from jewels", turns, || {
        drop(black_box(net.min_cut(entries, jewels, |_| 1)));
    });
    let distances = net.distances_to(jewels);
    let start = entries.iter().find(|entry| distances.effort(**entry).is_some_and(|effort| effort > 0.0));
    if let Some(start) = start {
        timed("10 cheapest ways without a loop", turns, || {
            drop(black_box(net.best_paths(&distances, *start, 10)));
        });
        let ways = net.best_paths(&distances, *start, 10);
        let efforts: Vec<String> = ways.iter().map(|way| format!("{:.4}", way.effort)).collect();
        println!("  from {start}: {}", efforts.join(" "));
    }
    timed("what every way from the entries passes (dominators)", 1, || {
        drop(black_box(net.dominators(entries)));
    });
    timed("64 worlds of chance", 1, || drop(black_box(net.chances(entries, jewels, 64, 7))));
}

fn changes(net: Net<Told>, estate: &Estate) {
    const CHANGES: usize = 20_000;
    let step = (estate.edges.len() / CHANGES).max(1);
    let picked: Vec<NetEdge<Told>> = (0..)
        .zip(&estate.edges)
        .step_by(step)
        .map(|(record, (from, to, kind, effort))| {
            let label = Told { kind: u16::from(*kind), document: 0, record };
            NetEdge { from: *from, to: *to, effort: *effort, label }
        })
        .collect();
    let later = {
        let mut builder = NetBuilder::default();
        builder.nodes(estate.nodes);
        for (record, (from, to, kind, effort)) in
            (0_u32..).zip(&estate.edges).filter(|(at, _)| at % 4000 != 0)
        {
            let to = if record % 4001 == 0 { from ^ 1 } else { *to };
            let label = Told { kind: u16::from(*kind), document: 0, record };
            builder.edge(NetEdge { from: *from, to, effort: *effort, label });
        }
        builder.build()
    };
    let stakes = Stakes { entries: &estate.entries, targets: &estate.jewels };
    timed("drift of two snapshots, ranked", turns(3), || drop(black_box(net.drift(&later, stakes))));
    println!("  {} edges differ", net.drift(&later, stakes).edges.len());
    drop(later);
    let mut live = LiveNet::new(net, &estate.jewels);
    let before = live.distances().clone();
    each("one edge gone", &picked, |edge| {
        let _ = live.apply(&EdgeChange::Remove(*edge));
    });
    each("one edge new", &picked, |edge| {
        let _ = live.apply(&EdgeChange::Insert(*edge));
    });
    let same = (0..estate.nodes)
        .all(|node| before.effort(node).map(f32::to_bits) == live.distances().effort(node).map(f32::to_bits));
    assert!(same, "distances differ after all was undone");
    each("what if one edge were gone", &picked, |edge| drop(live.what_if(&[EdgeChange::Remove(*edge)])));
    println!("  worked out anew {} times", live.recomputed());
}

fn timed(name: &str, turns: usize, mut job: impl FnMut()) {
    let started = Instant::now();
    let mut best = f64::INFINITY;
    for _ in 0..turns {
        let before = cpu_seconds(started);
        job();
        best = best.min(cpu_seconds(started) - before);
    }
    println!("{name:<52} {:>9.2} ms", best * 1e3);
}

/// Microseconds of one job for each edge. Wall time: reading the thread's clock takes longer than the job.
fn each(name: &str, edges: &[NetEdge<Told>], mut job: impl FnMut(&NetEdge<Told>)) {
    let mut took: Vec<f64> = edges
        .iter()
        .map(|edge| {
            let started = Instant::now();
            job(edge);
            started.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    took.sort_by(f64::total_cmp);
    let at = |share: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
        let place = (share * (took.len() - 1) as f64) as usize;
        took.get(place).copied().unwrap_or_default()
    };
    println!("{name:<52} p50 {:.2} µs, p99 {:.2} µs, most {:.0} µs", at(0.5), at(0.99), at(1.0));
}

/// What Linux tells of the memory of this process, in MiB; 0 elsewhere.
fn memory(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let told = status.lines().find_map(|found| found.strip_prefix(line));
    let kibibytes = told.and_then(|told| told.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kibibytes.unwrap_or_default() / 1024.0
}

/// Lets the peak of memory begin anew; what is in use now, in MiB.
fn reset_peak() -> f64 {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    memory("VmRSS:")
}

fn peer(estate: &Estate) {
    let mut graph: DiGraph<(), f32> = DiGraph::new();
    timed("petgraph: build, no evidence", turns(3), || {
        graph = DiGraph::with_capacity(estate.nodes as usize, estate.edges.len());
        for _ in 0..estate.nodes {
            graph.add_node(());
        }
        for (from, to, _, effort) in &estate.edges {
            graph.add_edge(NodeIndex::new(*from as usize), NodeIndex::new(*to as usize), *effort);
        }
    });
    let source = graph.add_node(());
    for jewel in &estate.jewels {
        graph.add_edge(NodeIndex::new(*jewel as usize), source, 0.0);
    }
    let count = |start: NodeIndex| {
        let mut walk = Bfs::new(Reversed(&graph), start);
        std::iter::from_fn(|| walk.next(Reversed(&graph))).count()
    };
    timed("petgraph: exposure", turns(3), || {
        black_box(count(source));
    });
    timed("petgraph: cheapest ways", turns(3), || {
        black_box(petgraph::algo::dijkstra(Reversed(&graph), source, None, |edge| *edge.weight()).len());
    });
    timed("petgraph: components (tarjan)", turns(3), || drop(black_box(petgraph::algo::tarjan_scc(&graph))));
    timed("petgraph: blast radius of 10 entries", 1, || {
        for entry in estate.entries.iter().take(10) {
            let mut walk = Bfs::new(&graph, NodeIndex::new(*entry as usize));
            black_box(std::iter::from_fn(|| walk.next(&graph)).count());
        }
    });
    timed("petgraph: exposure of each jewel", 1, || {
        for jewel in &estate.jewels {
            black_box(count(NodeIndex::new(*jewel as usize)));
        }
    });
}
