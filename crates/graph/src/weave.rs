//! Edges of a dump as they are found, in parts: each rests on something, is as likely as it is, and what follows from one
//! thing is found again without the rest.
//!
//! The same edge may follow from several things: it is there as long as one of them is, and as likely as the likeliest
//! says. O(log edges) an edge that comes or goes.

use crate::Evidence;
use crate::named::{Explained, NamedEdge, NamedGraphBuilder};
use crate::names::Names;
use std::collections::{BTreeMap, BTreeSet};

/// Where an object was read: which document, which record of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) document: usize,
    pub(crate) record: u32,
}

impl Origin {
    /// Where what `evidence` says stands among `documents`, whose numbers by their names `places` keeps.
    pub(crate) fn of(
        evidence: &Evidence,
        documents: &mut Vec<String>,
        places: &mut BTreeMap<String, usize>,
    ) -> Self {
        let (name, record) = match evidence {
            Evidence::Event(event) => (event.place(), u32::try_from(event.record()).unwrap_or(u32::MAX)),
            Evidence::Document(name) => (&**name, 0),
        };
        let document = *places.entry(name.to_owned()).or_insert_with(|| {
            documents.push(name.to_owned());
            documents.len() - 1
        });
        Self { document, record }
    }
}

/// An edge of what is followed by its log.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The name of the node where it starts.
    pub from: String,
    /// The name of the node where it leads.
    pub to: String,
    /// Its kind.
    pub kind: &'static str,
    /// How likely following it succeeds, in `0.0..=1.0`.
    pub probability: f64,
}

/// What a change touched of what is followed by its log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WaysTouched {
    /// The nodes whose edges are others now, and what changed in a way that is not told.
    pub objects: BTreeSet<String>,
    /// Edges that are new, or likelier or less likely than before.
    pub added: Vec<Way>,
    /// Edges that are gone, or were likelier or less likely.
    pub removed: Vec<Way>,
    /// Of how many things the ways were found anew.
    pub worked: usize,
}

impl WaysTouched {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

/// An edge by the numbers of its ends, and its kind.
type Ends = (u32, u32, &'static str);

/// What is said of an edge once.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Thread {
    probability: f64,
    origin: Origin,
}

/// What a node is besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Principal,
    Jewel,
    #[cfg(feature = "clouds")]
    Store,
}

/// What follows from one thing.
#[derive(Clone, Debug, Default)]
struct Part {
    edges: BTreeMap<Ends, Thread>,
    marks: BTreeSet<(u32, Mark)>,
}

/// Edges that are being found.
#[derive(Debug)]
pub(crate) struct Weave<'a> {
    names: &'a mut Names,
    part: Part,
    origin: Origin,
    chances: &'static [(&'static str, f64)],
}

impl Weave<'_> {
    /// Says what the edges rest on that come now.
    pub(crate) fn at(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// An edge, once.
    pub(crate) fn edge(&mut self, from: &str, to: &str, kind: &'static str) {
        self.edge_if(from, to, kind, true);
    }

    /// An edge, half as likely when something that is not known decides too.
    pub(crate) fn edge_if(&mut self, from: &str, to: &str, kind: &'static str, firm: bool) {
        let told = self.chances.iter().find(|(name, _)| *name == kind);
        let probability = told.map_or(1.0, |(_, probability)| *probability);
        self.edge_at(from, to, kind, probability * if firm { 1.0 } else { 0.5 });
    }

    /// An edge of a likelihood of its own.
    pub(crate) fn edge_at(&mut self, from: &str, to: &str, kind: &'static str, probability: f64) {
        let (from, to) = (self.names.number(from).0, self.names.number(to).0);
        if from == to {
            return;
        }
        let thread = Thread { probability, origin: self.origin };
        let known = self.part.edges.entry((from, to, kind)).or_insert(thread);
        if known.probability < probability {
            *known = thread;
        }
    }

    /// Somebody who may be taken over.
    pub(crate) fn principal(&mut self, name: &str) {
        self.mark(name, Mark::Principal);
    }

    /// What is worth getting to.
    pub(crate) fn jewel(&mut self, name: &str) {
        self.mark(name, Mark::Jewel);
    }

    /// A store of something.
    #[cfg(feature = "clouds")]
    pub(crate) fn store(&mut self, name: &str) {
        self.mark(name, Mark::Store);
    }

    fn mark(&mut self, name: &str, mark: Mark) {
        let node = self.names.number(name).0;
        self.part.marks.insert((node, mark));
    }
}

/// All that was found, by what it follows from.
#[derive(Clone, Debug)]
pub(crate) struct Woven<U> {
    names: Names,
    parts: BTreeMap<U, Part>,
    // INVARIANT: the edges and marks of all parts; none is empty.
    edges: BTreeMap<Ends, Vec<Thread>>,
    marks: BTreeMap<(u32, Mark), usize>,
    chances: &'static [(&'static str, f64)],
}

impl<U: Ord> Woven<U> {
    /// Nothing yet; what is not in `chances` succeeds.
    pub(crate) fn over(chances: &'static [(&'static str, f64)]) -> Self {
        Self {
            names: Names::default(),
            parts: BTreeMap::new(),
            edges: BTreeMap::new(),
            marks: BTreeMap::new(),
            chances,
        }
    }

    /// Finds anew what follows from `units`, and tells what that changed.
    pub(crate) fn work(
        &mut self,
        units: impl IntoIterator<Item = U>,
        find: impl Fn(&U, &mut Weave<'_>),
    ) -> WaysTouched {
        let (mut before, mut worked): (BTreeMap<Ends, Option<f64>>, usize) = (BTreeMap::new(), 0);
        for unit in units {
            worked += 1;
            let mut part = self.begin();
            find(&unit, &mut part);
            let part = part.part;
            for (ends, probability) in self.weave(unit, part) {
                before.entry(ends).or_insert(probability);
            }
        }
        WaysTouched { worked, ..self.told(&before) }
    }

    fn begin(&mut self) -> Weave<'_> {
        let (names, chances) = (&mut self.names, self.chances);
        Weave { names, part: Part::default(), origin: Origin::default(), chances }
    }

    fn told(&self, before: &BTreeMap<Ends, Option<f64>>) -> WaysTouched {
        let mut touched = WaysTouched::default();
        for (ends, before) in before {
            let after = self.probability(ends);
            if *before == after {
                continue;
            }
            let [from, to] = [ends.0, ends.1].map(|node| self.names.name(node).to_owned());
            touched.objects.extend([from.clone(), to.clone()]);
            let way = |probability| Way { from: from.clone(), to: to.clone(), kind: ends.2, probability };
            touched.removed.extend(before.map(way));
            touched.added.extend(after.map(way));
        }
        touched
    }

    /// Takes what follows from `unit` now; the edges of which it says something else now, and how likely they were.
    fn weave(&mut self, unit: U, part: Part) -> BTreeMap<Ends, Option<f64>> {
        let before = self.parts.remove(&unit).unwrap_or_default();
        let own = before.edges.iter().filter(|(ends, thread)| part.edges.get(*ends) != Some(thread));
        let new = part.edges.iter().filter(|(ends, thread)| before.edges.get(*ends) != Some(thread));
        let touched =
            own.clone().chain(new.clone()).map(|(ends, _)| (*ends, self.probability(ends))).collect();
        own.for_each(|(ends, thread)| self.drop_thread(ends, thread));
        for (ends, thread) in new {
            // Most edges are told of once: room for more would be a tenth of all that is held.
            self.edges.entry(*ends).or_insert_with(|| Vec::with_capacity(1)).push(*thread);
        }
        for mark in before.marks.difference(&part.marks) {
            if let Some(count) = self.marks.get_mut(mark) {
                *count -= 1;
                if *count == 0 {
                    self.marks.remove(mark);
                }
            }
        }
        for mark in part.marks.difference(&before.marks) {
            *self.marks.entry(*mark).or_default() += 1;
        }
        if !part.edges.is_empty() || !part.marks.is_empty() {
            self.parts.insert(unit, part);
        }
        touched
    }

    fn drop_thread(&mut self, ends: &Ends, thread: &Thread) {
        let Some(threads) = self.edges.get_mut(ends) else { return };
        if let Some(at) = threads.iter().position(|known| known == thread) {
            threads.swap_remove(at);
        }
        if threads.is_empty() {
            self.edges.remove(ends);
        }
    }

    /// How likely the edge is; `None` when it is not there.
    fn probability(&self, ends: &Ends) -> Option<f64> {
        Some(likeliest(self.edges.get(ends)?)?.probability)
    }

    /// The builder with all nodes and edges, over `documents`. O(E log E).
    pub(crate) fn builder(&self, documents: &[String], is_stale: impl Fn(&str) -> bool) -> NamedGraphBuilder {
        let mut builder = NamedGraphBuilder::default();
        for name in documents {
            builder.document(name);
        }
        for (node, mark) in self.marks.keys() {
            let name = self.names.name(*node);
            match mark {
                Mark::Principal => builder.principal(name),
                Mark::Jewel => builder.jewel(name),
                #[cfg(feature = "clouds")]
                Mark::Store => builder.store(name),
            }
        }
        for ((from, to, kind), threads) in &self.edges {
            let Some(Thread { probability, origin }) = likeliest(threads) else { continue };
            let (from, to) = (self.names.name(*from), self.names.name(*to));
            if is_stale(from) || is_stale(to) {
                let document = documents.get(origin.document).map_or("", String::as_str);
                let because = format!("{document}, record {}", origin.record);
                let told = Explained { because, stale: true, ..Explained::default() };
                builder.explained((from, to), (kind, probability), told);
                continue;
            }
            builder.at_document(origin.document);
            builder.edge(&NamedEdge { from, to, kind, probability, record: origin.record });
        }
        builder
    }
}

/// What counts of all that is said of an edge: the likeliest, of those the first.
fn likeliest(threads: &[Thread]) -> Option<Thread> {
    let order = |one: &&Thread, two: &&Thread| {
        one.probability.total_cmp(&two.probability).then_with(|| two.origin.cmp(&one.origin))
    };
    threads.iter().max_by(order).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_there_as_long_as_one_thing_says_so() {
        let mut woven = Woven::over(&[("Maybe", 0.8)]);
        let firm = |unit: &i32, weave: &mut Weave<'_>| weave.edge_if("a", "b", "Maybe", *unit == 1);
        let touched = woven.work([1, 2], firm);
        assert_eq!((touched.added.len(), touched.removed.len(), touched.worked), (1, 0, 2));
        let built = |woven: &Woven<i32>| woven.builder(&[], |_| false).build().edges();
        assert_eq!(built(&woven), 1);
        let touched = woven.work([1], |_, _| {});
        assert_eq!(
            touched.removed.iter().chain(&touched.added).map(|way| way.probability).collect::<Vec<_>>(),
            [0.8, 0.4]
        );
        assert_eq!(built(&woven), 1);
        assert!(woven.work([2], firm).is_empty());
        woven.work([2], |_, _| {});
        assert!(woven.builder(&[], |_| false).build().is_empty(), "nor are its ends");
    }
}
