#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod approval;
mod authority;
mod built_in;
mod change;
mod check;
mod compiled;
mod dump;
mod edge;
mod estate;
mod evaluate;
mod expression;
mod finding;
mod fix;
#[cfg(feature = "graph")]
mod follow;
mod grant;
mod history;
#[cfg(feature = "graph")]
mod in_graph;
mod least;
mod operator;
mod patch;
mod path;
mod posture;
mod range;
mod rank;
mod redo;
mod rule;
mod rule_set;
mod state;
mod usage;

pub use approval::{Approval, KnownGood};
pub use change::{Change, ChangeError, Op};
pub use dump::{Dump, DumpError};
pub use finding::{Finding, FindingId, Observation, Regression, Source, internet};
pub use fix::Fix;
pub use history::Matter;
#[cfg(feature = "graph")]
pub use in_graph::{EdgesFollowed, FindingEdges};
pub use least::{Proposal, Unused};
pub use patch::{Patch, PatchError};
pub use posture::{Posture, PostureStats, Update};
pub use rank::{Ranked, Ranking};
pub use rule::{Combination, Rule, Severity};
pub use rule_set::{RuleError, RuleFault, RuleSet};
pub use usage::{Usage, Use, Used};
