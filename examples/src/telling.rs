//! The story of a study in words: what was read and learnt, the top incident, the way that stood open, the six
//! answers, what was done about it. The same study is told in the same words: no time but the events' own, no path.

use crate::{Answer, Material, Study};
use homeostat::ActionTold;
use homeostat_core::{EntityKey, EntityKind, Role, Stage};
use homeostat_graph::{Graph, Path, arn_key};
use homeostat_incident::{Answer as Said, Incident, Report, ReportStep};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// So many identities' ways are told; an analyst looks at the first.
const WAYS: usize = 3;
/// The longest line of an answer, in letters: the pages hold the whole.
const LONG: usize = 320;

/// What was read.
pub fn read(material: &Material) -> String {
    let mut out = format!("READ {} events\n", material.events.len());
    for (source, events) in material.sources() {
        let _ = writeln!(out, "  {source:<20} {events:>8}");
    }
    let listed = material.inventory.objects().filter(|object| object.is_present()).count();
    let _ = match listed {
        0 => writeln!(out, "  no account configuration"),
        objects => writeln!(out, "  account configuration of {objects} objects"),
    };
    out
}

/// What was learnt.
pub fn learnt(study: &Study) -> String {
    let pipeline = study.pipeline();
    let (baseline, directory) = (pipeline.baseline().stats(), pipeline.directory().stats());
    let (graph, inventory) = (pipeline.estate().graph().stats(), pipeline.estate().inventory().stats());
    let mut out = "LEARNT\n".to_owned();
    let _ = writeln!(
        out,
        "  what is normal for {} entities in {} peer groups",
        baseline.entities, baseline.groups
    );
    let _ = writeln!(
        out,
        "  who is who: {} identifiers, tied by {} links into {} groups",
        directory.keys, directory.links, directory.groups
    );
    let _ = writeln!(
        out,
        "  who can reach what: {} principals, {} edges, kept true by {} changes",
        graph.principals, graph.edges, inventory.applied
    );
    out
}

/// The incidents, and the first of them as a story.
pub fn found(study: &Study, incidents: &[Incident]) -> String {
    let mut out = format!("FOUND {} incident(s)\n", incidents.len());
    if let Some(top) = incidents.first() {
        out += &incident(&study.report(top));
        out += &ways(study, top);
    }
    out
}

fn incident(report: &Report) -> String {
    let mut out = format!(
        "\nTOP INCIDENT {}: {}, {:.1} bits, {} events\n",
        report.id,
        report.severity,
        report.score,
        report.events.len()
    );
    let _ = writeln!(out, "  {}", headline(report));
    for (number, step) in report.steps.iter().enumerate() {
        let _ = writeln!(out, "  {:>2}. {}", number + 1, told(step));
    }
    out += "\nIN SHORT\n";
    for (question, answer) in six(report) {
        let _ = writeln!(out, "  {question:<16} {}", short(&answer.text));
    }
    report.gaps.iter().for_each(|gap| {
        let _ = writeln!(out, "  {:<16} {}", "missing", short(gap));
    });
    out
}

/// Entry → privilege → movement → egress, each with whether it was seen.
fn headline(report: &Report) -> String {
    let seen = |word: &&str| report.headline.contains(word);
    let words = ["entry", "privilege", "movement", "egress"];
    let parts = words.map(|word| if seen(&word) { word.to_owned() } else { format!("({word} not seen)") });
    parts.join(" → ")
}

fn told(step: &ReportStep) -> String {
    let stage = step.stage.map_or("-", Stage::as_str);
    format!("{stage:<11} {}", short(&step.sentence))
}

fn six(report: &Report) -> [(&'static str, &Said); 6] {
    let answers = &report.answers;
    [
        ("what", &answers.what),
        ("who", &answers.who),
        ("why", &answers.why),
        ("how", &answers.how),
        ("where else", &answers.where_else),
        ("how much worse", &answers.how_much_worse),
    ]
}

/// The ways to administrator of those who took part, before the first event and after the last.
fn ways(study: &Study, incident: &Incident) -> String {
    let mut out = "\nWAYS TO ADMINISTRATOR of those involved\n".to_owned();
    let before = ways_of(study.before(), incident);
    let after = ways_of(study.pipeline().estate().graph(), incident);
    let mut known: BTreeMap<&EntityKey, (Option<&String>, Option<&String>)> = BTreeMap::new();
    for (who, way) in &before {
        known.entry(who).or_default().0 = Some(way);
    }
    for (who, way) in &after {
        known.entry(who).or_default().1 = Some(way);
    }
    if known.is_empty() {
        out += "  none is known\n";
    }
    for (who, (stood, stands)) in known.iter().take(WAYS) {
        let _ = writeln!(out, "  {}", who.value());
        let _ = match (stood, stands) {
            (Some(stood), Some(stands)) if stood == stands => {
                write!(out, "    stood open and still does\n{stood}")
            }
            (Some(stood), _) => write!(out, "    stood open before\n{stood}"),
            (None, _) => Ok(()),
        };
        if let Some(stands) = stands.filter(|stands| Some(*stands) != *stood) {
            let _ = write!(out, "    stands open now\n{stands}");
        }
    }
    if known.len() > WAYS {
        let _ = writeln!(out, "  and {} more", known.len() - WAYS);
    }
    out
}

fn ways_of(graph: &Graph, incident: &Incident) -> BTreeMap<EntityKey, String> {
    let acts = |role: &Role| matches!(role, Role::Actor | Role::Via | Role::Target);
    let involved = incident.entities().iter().filter(|entity| entity.roles.iter().any(acts));
    let keys =
        involved.flat_map(|entity| &entity.keys).flat_map(|key| [Some(key.clone()), role_of(key)]).flatten();
    keys.filter_map(|key| Some((key.clone(), steps(graph, &graph.path_to_administrator(&key)?)))).collect()
}

/// The role that a session is one of.
fn role_of(key: &EntityKey) -> Option<EntityKey> {
    let (role, _) = key.value().rsplit_once('/')?;
    if key.kind() == EntityKind::RoleSession { arn_key(role) } else { None }
}

fn steps(graph: &Graph, path: &Path) -> String {
    let mut out = String::new();
    for edge in &path.steps {
        let step = graph.step(edge);
        let _ = writeln!(out, "      {} → {}", step.kind, step.to);
        let _ = writeln!(out, "        because {}", short(&step.because));
    }
    out
}

/// What was done about the top incident, and how it ended.
pub fn response(answer: &Answer, target: &str) -> String {
    let mut out = format!("\nRESPONSE on {target}\n");
    if let Some(declined) = &answer.declined {
        let _ = writeln!(out, "  nothing: {declined}");
    }
    for told in &answer.at_once {
        let _ = writeln!(out, "{}", indented(told));
    }
    let _ = writeln!(out, "  the target shows {} in force", answer.in_force);
    if let Some(over) = answer.over {
        let ended = answer.at_last.iter().filter(|told| told.ending.is_some()).count();
        let _ = writeln!(out, "  at {}: {ended} ended by themselves, {} still in force", over, answer.left);
    }
    out
}

/// How many incidents the negative twin of the tenant has.
pub fn twin(incidents: &[Incident]) -> String {
    let mut out = format!("\nTHE SAME TENANT WITHOUT THE ATTACK: {} incident(s)", incidents.len());
    if let Some(best) = incidents.first() {
        let _ = write!(out, ", the first of them {:.1} bits", best.score());
    }
    out + "\n"
}

/// The lines of one action, indented.
pub fn indented(told: &ActionTold) -> String {
    told.to_string().lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn short(text: &str) -> String {
    let mut letters = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut out: String = letters.by_ref().take(LONG).collect();
    if letters.next().is_some() {
        out.push('…');
    }
    out
}
