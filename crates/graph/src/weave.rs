//! Edges of a dump as they are found: each once, with what it rests on and how likely it succeeds.

use crate::named::{NamedEdge, NamedGraphBuilder};
use std::collections::BTreeSet;

/// Where an object was read: which document, which record of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) document: usize,
    pub(crate) record: u32,
}

/// Edges as they are found.
pub(crate) struct Weave {
    pub(crate) builder: NamedGraphBuilder,
    seen: BTreeSet<(u32, u32, &'static str)>,
    origin: Origin,
    chances: &'static [(&'static str, f64)],
}

impl Weave {
    /// None yet, over `documents`; what is not in `chances` succeeds.
    pub(crate) fn over(documents: &[String], chances: &'static [(&'static str, f64)]) -> Self {
        let mut builder = NamedGraphBuilder::default();
        for name in documents {
            builder.document(name);
        }
        Self { builder, seen: BTreeSet::new(), origin: Origin::default(), chances }
    }

    /// Says what the edges rest on that come now.
    pub(crate) fn at(&mut self, origin: Origin) {
        self.builder.at_document(origin.document);
        self.origin = origin;
    }

    /// An edge, once.
    pub(crate) fn edge(&mut self, from: &str, to: &str, kind: &'static str) {
        self.edge_if(from, to, kind, true);
    }

    /// An edge, half as likely when something that is not known decides too.
    pub(crate) fn edge_if(&mut self, from: &str, to: &str, kind: &'static str, firm: bool) {
        let ends = (self.builder.node(from), self.builder.node(to));
        if ends.0 == ends.1 || !self.seen.insert((ends.0, ends.1, kind)) {
            return;
        }
        let told = self.chances.iter().find(|(name, _)| *name == kind);
        let probability = told.map_or(1.0, |(_, probability)| *probability) * if firm { 1.0 } else { 0.5 };
        self.builder.edge(&NamedEdge { from, to, kind, probability, record: self.origin.record });
    }
}
