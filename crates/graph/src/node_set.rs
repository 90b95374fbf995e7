//! A set of nodes, one bit each: a million nodes fit into the cache of one core.

/// A set of the nodes `0..len`.
///
/// ```
/// let mut set = homeostat_graph::NodeSet::new(100);
/// assert!(set.insert(7) && !set.insert(7) && !set.insert(100));
/// assert_eq!((set.contains(7), set.len(), set.iter().collect::<Vec<_>>()), (true, 1, vec![7]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSet {
    words: Vec<u64>,
    nodes: usize,
}

impl NodeSet {
    /// An empty set over `nodes` nodes.
    pub fn new(nodes: usize) -> Self {
        Self { words: vec![0; nodes.div_ceil(64)], nodes }
    }

    /// These nodes, of `nodes`.
    pub fn of(nodes: usize, members: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::new(nodes);
        for node in members {
            set.insert(node);
        }
        set
    }

    /// Adds `node`; whether it is new. A node that the graph does not have is never added.
    #[inline]
    pub fn insert(&mut self, node: u32) -> bool {
        let bit = 1 << (node % 64);
        let known = (node as usize) < self.nodes;
        match self.words.get_mut(node as usize / 64) {
            Some(word) if known && *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }

    /// Takes `node` out.
    #[inline]
    pub fn remove(&mut self, node: u32) {
        if let Some(word) = self.words.get_mut(node as usize / 64) {
            *word &= !(1 << (node % 64));
        }
    }

    /// Whether `node` is in it.
    #[inline]
    pub fn contains(&self, node: u32) -> bool {
        self.words.get(node as usize / 64).is_some_and(|word| word & (1 << (node % 64)) != 0)
    }

    /// How many nodes are in it. O(nodes / 64).
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether none is in it.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The nodes in it, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.words).flat_map(|(at, word)| {
            let mut rest = *word;
            core::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(at * 64 + bit)
            })
        })
    }
}
