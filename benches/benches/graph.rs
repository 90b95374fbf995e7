//! How long until the paths of an estate to full authority are known? Beside petgraph's Dijkstra on the same edges.

use criterion::{Criterion, Throughput};
use homeostat_benches::{Draw, cpu_seconds};
use homeostat_core::EntityKey;
use homeostat_graph::{Graph, Inventory, Reading, ReportOptions};
use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

const USERS: u64 = 200;
const ROLES: u64 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let sizes: &[u64] =
        if std::env::args().any(|argument| argument == "--test") { &[122] } else { &[122, 1_220, 10_000] };
    for principals in sizes {
        sized(*principals)?;
    }
    let inventory = Inventory::from_account_authorization(&account(USERS, ROLES)?, &Reading::default())?;
    let graph = Graph::build(&inventory);
    println!("{} edges, {} administrators", graph.edges().len(), graph.administrators().count());

    let mut group = criterion.benchmark_group("graph/build");
    group.throughput(Throughput::Elements(USERS + ROLES)).sample_size(10);
    group.bench_function("edges of every principal", |bencher| {
        bencher.iter(|| Graph::build(black_box(&inventory)));
    });
    group.finish();

    let principals: Vec<EntityKey> = graph.principals().cloned().collect();
    let (net, nodes) = peer(&graph);
    let mut group = criterion.benchmark_group("graph/paths");
    group.throughput(Throughput::Elements(principals.len() as u64)).sample_size(10);
    group.bench_function("path to administrator, each", |bencher| {
        bencher.iter(|| principals.iter().filter_map(|who| graph.path_to_administrator(who)).count());
    });
    group.bench_function("petgraph dijkstra, each (peer)", |bencher| {
        bencher.iter(|| {
            let starts = principals.iter().filter_map(|who| nodes.get(who));
            starts.map(|&start| dijkstra(&net, start, None, |edge| *edge.weight()).len()).sum::<usize>()
        });
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// The same edges in petgraph, each as long as its chance is small, in bits.
fn peer(graph: &Graph) -> (DiGraph<(), f64>, BTreeMap<&EntityKey, NodeIndex>) {
    let (mut net, mut nodes) = (DiGraph::new(), BTreeMap::new());
    for edge in graph.edges() {
        let [from, to] =
            [&edge.from, &edge.to].map(|key| *nodes.entry(key).or_insert_with(|| net.add_node(())));
        net.add_edge(from, to, -edge.probability.log2());
    }
    (net, nodes)
}

/// Milliseconds of computing for an account of this many principals: all edges, and all answers.
fn sized(principals: u64) -> Result<(), Box<dyn Error>> {
    let text = account(principals - principals / 3, principals / 3)?;
    let started = Instant::now();
    let inventory = Inventory::from_account_authorization(&text, &Reading::default())?;
    let read = cpu_seconds(started);
    let graph = Graph::build(&inventory);
    let built = cpu_seconds(started);
    let report = graph.report(ReportOptions::default());
    let told = cpu_seconds(started);
    println!(
        "{principals} principals: edges in {:.1} ms, paths, exposure and choke points in {:.1} ms; {} edges, {} reach administrator",
        (built - read) * 1e3,
        (told - built) * 1e3,
        report.counts.edges,
        report.counts.can_reach_admin
    );
    Ok(())
}

/// An account whose roles trust one another in chains; the last may do everything.
fn account(user_count: u64, role_count: u64) -> Result<String, std::fmt::Error> {
    let (mut users, mut roles, mut draw) = (String::new(), String::new(), Draw::new(7));
    let arn = |kind: &str, name: u64| format!("arn:aws:iam::111122223333:{kind}/n{name}");
    for user in 0..user_count {
        let role = arn("role", draw.skewed(role_count));
        write!(
            users,
            r#"{}{{"Arn":"{}","UserPolicyList":[{{"PolicyName":"p","PolicyDocument":{{"Statement":[
            {{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{role}"}},
            {{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}}]}}}}]}}"#,
            if user == 0 { "" } else { "," },
            arn("user", user),
        )?;
    }
    for role in 0..role_count {
        let last = role + 1 == role_count;
        let (action, resource) =
            if last { ("*", "*".to_owned()) } else { ("sts:AssumeRole", arn("role", role + 1)) };
        write!(
            roles,
            r#"{}{{"Arn":"{}","AssumeRolePolicyDocument":{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{{"AWS":"arn:aws:iam::111122223333:root"}}}}}},"RolePolicyList":[{{"PolicyName":"p",
            "PolicyDocument":{{"Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}}}]}}"#,
            if role == 0 { "" } else { "," },
            arn("role", role),
        )?;
    }
    Ok(format!(r#"{{"UserDetailList":[{users}],"RoleDetailList":[{roles}]}}"#))
}
