//! What follows what? Counts of symbols behind the contexts of 0 to `order` symbols before them, in a hashed table.
//!
//! Probabilities are interpolated over the orders (Witten and Bell, IEEE Trans. Inf. Theory 37(4), 1991, method C):
//! with c of n symbols behind a context of t kinds, p = (c + t·p′) / (n + t), where p′ is that of the context one
//! symbol shorter. A context is named by 32 bits of a seeded hash, so in a table of n places one look-up in 2³²/n
//! meets a stranger's count. O(order) a symbol; 12 bytes a place beside what the map spends.

use crate::seed::Seed;
use homeostat_core::{Merge, SnapshotError, SnapshotReader, SnapshotWriter};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a symbol teaches that is trusted in full; less trust teaches fewer of these units.
pub(crate) const WHOLE: u32 = 16;

/// Counts of symbols behind contexts. Integers: they merge exactly, in any order.
///
/// ```
/// use homeostat_baseline::Transitions;
///
/// let mut counts = Transitions::new(7, 2);
/// counts.learn(&["ls", "cd", "ls", "cd", "ls", "make"]);
/// assert!(counts.chance(&["ls"], "cd") > counts.chance(&["cd"], "cd"));
/// assert!(counts.chance(&["ls"], "never") > 0.0);
/// ```
#[derive(Clone, Default)]
pub struct Transitions {
    seed: Seed,
    order: usize,
    // INVARIANT: every cell's context is there; its total and kinds are the sum and number of its cells.
    cells: HashMap<u32, Cell, Seed>,
    contexts: HashMap<u32, Context, Seed>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Cell {
    context: u32,
    count: u32,
}

/// What followed one context: how often in all, in units of [`WHOLE`], and how many kinds of symbols.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Context {
    total: u32,
    kinds: u32,
}

/// What one table knows of a symbol behind a context, in whole symbols.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Follow {
    pub(crate) count: f64,
    pub(crate) total: f64,
    pub(crate) kinds: f64,
}

impl Follow {
    /// The probability, given that of the context one symbol shorter.
    pub(crate) fn chance(self, shorter: f64) -> f64 {
        (self.count + self.kinds * shorter) / (self.total + self.kinds)
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            total: self.total + other.total,
            kinds: self.kinds + other.kinds,
        }
    }

    /// What is left of a group without one of its members. How many kinds only the member had is not known, so
    /// the kinds stay, which takes trust from a context that the others rarely had.
    pub(crate) fn without(self, member: Self) -> Self {
        Self {
            count: (self.count - member.count).max(0.0),
            total: (self.total - member.total).max(0.0),
            kinds: self.kinds,
        }
    }
}

/// The probability interpolated over what is known behind longer and longer contexts, down to `unknown` where
/// nothing is; a context that was never seen ends it, as longer ones can not have been seen either.
pub(crate) fn chance(known: impl Iterator<Item = Follow>, unknown: f64) -> f64 {
    known.take_while(|follow| follow.kinds > 0.0).fold(unknown, |shorter, follow| follow.chance(shorter))
}

/// The names of the contexts that end before a place, shortest first.
pub(crate) fn contexts(history: &[u32], order: usize) -> impl Iterator<Item = Trail> + '_ {
    let longer = history.iter().rev().take(order).scan(Trail::START, |trail, symbol| {
        trail.0 = step(trail.0, u64::from(*symbol));
        Some(*trail)
    });
    std::iter::once(Trail::START).chain(longer)
}

/// A context by its hash.
#[derive(Clone, Copy)]
pub(crate) struct Trail(u64);

/// Parts the names of cells from those of contexts.
const CELL: u64 = 1 << 40;

fn step(running: u64, word: u64) -> u64 {
    let (low, high) = (running ^ word).carrying_mul(0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93);
    low ^ high
}

impl Trail {
    /// The context of no symbols.
    pub(crate) const START: Self = Self(0x243F_6A88_85A3_08D3);

    fn name(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn cell(self, symbol: u32) -> u32 {
        (step(self.0, CELL | u64::from(symbol)) >> 32) as u32
    }
}

impl Transitions {
    /// The longest context that a table may have.
    pub const MAX_ORDER: usize = 16;

    /// An empty table whose contexts hold up to `order` symbols, at most [`Self::MAX_ORDER`]; `seed` is the
    /// tenant's own.
    pub fn new(seed: u64, order: usize) -> Self {
        let seed = Seed(seed);
        let order = order.min(Self::MAX_ORDER);
        Self { seed, order, cells: HashMap::with_hasher(seed), contexts: HashMap::with_hasher(seed) }
    }

    /// Learns a sequence from its start.
    pub fn learn(&mut self, symbols: &[&str]) {
        let tags: Vec<u32> = symbols.iter().map(|symbol| tag(self.seed, symbol)).collect();
        self.learn_tags(&tags, WHOLE);
    }

    /// The probability of `symbol` after `history`; what was never seen has one share of a thousand at order 0.
    pub fn chance(&self, history: &[&str], symbol: &str) -> f64 {
        let tags: Vec<u32> = history.iter().map(|symbol| tag(self.seed, symbol)).collect();
        let symbol = tag(self.seed, symbol);
        chance(contexts(&tags, self.order).map(|trail| self.follow(trail, symbol)), UNKNOWN)
    }

    /// The number of places taken, of contexts and of symbols behind them.
    pub fn places(&self) -> usize {
        self.cells.len() + self.contexts.len()
    }

    /// An empty table of the same seed and order.
    pub(crate) fn empty(&self) -> Self {
        Self::new(self.seed.0, self.order)
    }

    pub(crate) fn order(&self) -> usize {
        self.order
    }

    /// The names of symbols.
    pub(crate) fn tags(&self, symbols: &[String]) -> Vec<u32> {
        symbols.iter().map(|symbol| tag(self.seed, symbol)).collect()
    }

    /// Symbols learnt and not yet aged away, in units of [`WHOLE`].
    pub(crate) fn total(&self) -> u32 {
        self.contexts.get(&Trail::START.name()).map_or(0, |context| context.total)
    }

    /// Learns a passage from its start. Each transition counts once, however often the passage repeats it: a loop
    /// of a thousand turns is one habit, and nobody floods a table with a single passage.
    pub(crate) fn learn_tags(&mut self, tags: &[u32], units: u32) {
        let mut told = HashSet::with_hasher(self.seed);
        for (at, symbol) in tags.iter().enumerate() {
            let history = tags.get(..at).unwrap_or_default();
            for trail in contexts(history, self.order) {
                let name = trail.cell(*symbol);
                if told.insert(name) {
                    self.add(name, Cell { context: trail.name(), count: units });
                }
            }
        }
    }

    /// Counts one symbol behind the contexts that end before it, repeats and all: what a passage itself says.
    pub(crate) fn learn_next(&mut self, trails: &[Trail], symbol: u32) {
        for trail in trails {
            self.add(trail.cell(symbol), Cell { context: trail.name(), count: WHOLE });
        }
    }

    fn add(&mut self, name: u32, more: Cell) {
        if more.count == 0 {
            return;
        }
        let cell = self.cells.entry(name).or_insert(Cell { count: 0, ..more });
        let context = self.contexts.entry(cell.context).or_default();
        context.kinds += u32::from(cell.count == 0);
        cell.count = cell.count.saturating_add(more.count);
        context.total = context.total.saturating_add(more.count);
    }

    /// Takes away what `member` added.
    pub(crate) fn subtract(&mut self, member: &Self) {
        for (name, less) in &member.cells {
            self.take(*name, *less);
        }
    }

    fn take(&mut self, name: u32, less: Cell) {
        let Some(cell) = self.cells.get_mut(&name) else { return };
        let taken = less.count.min(cell.count);
        cell.count -= taken;
        let (gone, context) = (cell.count == 0, cell.context);
        if let Some(known) = self.contexts.get_mut(&context) {
            known.total = known.total.saturating_sub(taken);
            known.kinds = known.kinds.saturating_sub(u32::from(gone));
            if known.kinds == 0 {
                self.contexts.remove(&context);
            }
        }
        if gone {
            self.cells.remove(&name);
        }
    }

    /// The names of the symbols that the table knows.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = u32> + '_ {
        let root = Trail::START.name();
        self.cells.iter().filter(move |(_, cell)| cell.context == root).map(|(name, _)| *name)
    }

    /// The name that [`Self::symbols`] gives to `symbol`.
    pub(crate) fn name_of(symbol: u32) -> u32 {
        Trail::START.cell(symbol)
    }

    /// Whether the table knows `symbol` behind any context.
    pub(crate) fn knows(&self, symbol: u32) -> bool {
        self.cells.contains_key(&Self::name_of(symbol))
    }

    pub(crate) fn follow(&self, trail: Trail, symbol: u32) -> Follow {
        let Some(context) = self.contexts.get(&trail.name()) else { return Follow::default() };
        let count = self.cells.get(&trail.cell(symbol)).map_or(0, |cell| cell.count);
        let whole = |units: u32| f64::from(units) / f64::from(WHOLE);
        Follow { count: whole(count), total: whole(context.total), kinds: f64::from(context.kinds) }
    }

    /// Halves every count and drops what reaches nothing: old habits fade, and places come free.
    pub(crate) fn age(&mut self) {
        self.contexts.clear();
        self.cells.retain(|_, cell| {
            cell.count /= 2;
            cell.count > 0
        });
        for cell in self.cells.values() {
            let context = self.contexts.entry(cell.context).or_default();
            context.total = context.total.saturating_add(cell.count);
            context.kinds += 1;
        }
    }
}

/// The share of a symbol of which nobody has seen anything: one of a thousand.
pub(crate) const UNKNOWN: f64 = 1e-3;

/// The 32-bit name of a symbol.
pub(crate) fn tag(seed: Seed, symbol: &str) -> u32 {
    (seed.value(0, symbol) >> 32) as u32
}

impl PartialEq for Transitions {
    fn eq(&self, other: &Self) -> bool {
        (self.seed, self.order) == (other.seed, other.order) && self.cells == other.cells
    }
}

impl Eq for Transitions {}

impl core::fmt::Debug for Transitions {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Transitions({} places)", self.places())
    }
}

impl Merge for Transitions {
    /// Adds the other's counts, exactly. Tables of another seed or order name their contexts in another way:
    /// from them nothing is learnt, unless this one is empty.
    fn merge(&mut self, other: &Self) {
        let untouched = self.cells.is_empty() && (self.seed, self.order) == (Seed::default(), 0);
        if untouched || self.cells.is_empty() && !other.cells.is_empty() {
            self.clone_from(other);
        } else if (self.seed, self.order) == (other.seed, other.order) {
            for (name, cell) in &other.cells {
                self.add(*name, *cell);
            }
        }
    }
}

impl Transitions {
    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        let sorted: BTreeMap<u32, Cell> = self.cells.iter().map(|(name, cell)| (*name, *cell)).collect();
        out.len(sorted.len());
        for (name, cell) in sorted {
            for number in [name, cell.context, cell.count] {
                out.u32(number);
            }
        }
    }

    pub(crate) fn read(mut self, fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let mut last = None;
        for _ in 0..fields.len(12)? {
            let (name, context, count) = (fields.u32()?, fields.u32()?, fields.u32()?);
            if count == 0 || last.is_some_and(|last| last >= name) {
                return Err(SnapshotError::Invalid { field: "transitions" });
            }
            self.add(name, Cell { context, count });
            last = Some(name);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::conformance::merge_laws;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The slow truth: plain maps from whole contexts to whole symbols.
    #[derive(Default)]
    struct Plain(BTreeMap<Vec<u32>, BTreeMap<u32, u32>>);

    impl Plain {
        fn learn(&mut self, symbols: &[u32], order: usize, units: u32) {
            let mut told = BTreeSet::new();
            for at in 0..symbols.len() {
                for from in at.saturating_sub(order)..=at {
                    if told.insert(symbols[from..=at].to_vec()) {
                        let context = self.0.entry(symbols[from..at].to_vec()).or_default();
                        *context.entry(symbols[at]).or_default() += units;
                    }
                }
            }
        }

        fn chance(&self, history: &[u32], order: usize, symbol: u32) -> f64 {
            let mut chance = UNKNOWN;
            for length in 0..=order.min(history.len()) {
                let Some(context) = self.0.get(&history[history.len() - length..]) else { break };
                let total = f64::from(context.values().sum::<u32>()) / f64::from(WHOLE);
                let count = context.get(&symbol).map_or(0.0, |units| f64::from(*units) / f64::from(WHOLE));
                let kinds = context.len() as f64;
                chance = (count + kinds * chance) / (total + kinds);
            }
            chance
        }

        fn age(&mut self) {
            for context in self.0.values_mut() {
                context.retain(|_, count| {
                    *count /= 2;
                    *count > 0
                });
            }
            self.0.retain(|_, context| !context.is_empty());
        }
    }

    fn blend(table: &Transitions, history: &[u32], symbol: u32) -> f64 {
        chance(contexts(history, table.order).map(|trail| table.follow(trail, symbol)), UNKNOWN)
    }

    fn sequences() -> impl Strategy<Value = Vec<(Vec<u32>, u32)>> {
        prop::collection::vec((prop::collection::vec(0_u32..6, 0..40), 1..=WHOLE), 0..6)
    }

    proptest! {
        #[test]
        fn the_hashed_table_tells_what_plain_maps_tell(
            learnt in sequences(), order in 0_usize..5, ages in 0_usize..3,
            history in prop::collection::vec(0_u32..6, 0..6), symbol in 0_u32..7,
        ) {
            let (mut table, mut plain) = (Transitions::new(3, order), Plain::default());
            for (symbols, units) in &learnt {
                table.learn_tags(symbols, *units);
                plain.learn(symbols, order, *units);
            }
            for _ in 0..ages {
                table.age();
                plain.age();
            }
            let (fast, slow) = (blend(&table, &history, symbol), plain.chance(&history, order, symbol));
            prop_assert!((fast - slow).abs() < 1e-12, "{fast} {slow}");
        }

        #[test]
        fn the_chances_of_all_symbols_add_up_to_one(
            learnt in sequences(), history in prop::collection::vec(0_u32..6, 0..6),
        ) {
            let mut table = Transitions::new(3, 3);
            for (symbols, units) in &learnt {
                table.learn_tags(symbols, *units);
            }
            let sum: f64 = (0..1_000).map(|symbol| blend(&table, &history, symbol)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }

        #[test]
        fn tables_merge(parts in prop::array::uniform3(sequences())) {
            let [a, b, c] = parts.map(|part| {
                let mut table = Transitions::new(3, 3);
                for (symbols, units) in &part {
                    table.learn_tags(symbols, *units);
                }
                table
            });
            prop_assert_eq!(merge_laws([&a, &b, &c], |x, y| x == y && x.contexts == y.contexts), Ok(()));
        }

        #[test]
        fn what_was_added_can_be_taken_away(one in sequences(), other in sequences()) {
            let learn = |parts: &[(Vec<u32>, u32)]| {
                let mut table = Transitions::new(3, 3);
                for (symbols, units) in parts {
                    table.learn_tags(symbols, *units);
                }
                table
            };
            let (one, other) = (learn(&one), learn(&other));
            let mut both = one.clone();
            both.merge(&other);
            both.subtract(&other);
            prop_assert!(both == one && both.contexts == one.contexts);
        }

        #[test]
        fn aged_tables_stay_whole(learnt in sequences()) {
            let mut table = Transitions::new(3, 2);
            for (symbols, units) in &learnt {
                table.learn_tags(symbols, *units);
            }
            let before = (table.places(), table.total());
            table.age();
            prop_assert!(table.places() <= before.0 && table.total() <= before.1 / 2);
        }
    }
}
