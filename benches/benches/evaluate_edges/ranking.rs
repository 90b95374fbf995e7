//! How good is a ranking: the areas under its curves, and what it finds at few false alarms.

use std::collections::BTreeMap;

/// Figures of one ranking.
pub(crate) struct Ranking {
    /// Area under ROC over all; ties count half.
    pub(crate) auc: f64,
    /// Average precision.
    pub(crate) ap: f64,
    /// The share found at one false alarm in a thousand ordinary ones.
    pub(crate) found: f64,
    /// AUC by name, of those with at least 20, against all that is ordinary.
    pub(crate) names: BTreeMap<String, f64>,
}

impl Ranking {
    /// Ranks `scores`, highest first, of which `labels` tells the names; `-` is ordinary.
    pub(crate) fn of(scores: &[f64], labels: &[String]) -> Self {
        let mut order: Vec<(f64, &str)> =
            scores.iter().copied().zip(labels.iter().map(String::as_str)).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let ordinary = labels.iter().filter(|label| *label == "-").count() as f64;
        let mut counts: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        let (mut false_alarms, mut hits, mut precision, mut found) = (0.0, 0.0, 0.0, 0.0);
        for tied in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            let here = tied.iter().filter(|(_, label)| *label == "-").count() as f64;
            for (_, label) in tied.iter().filter(|(_, label)| *label != "-") {
                let (count, wins) = counts.entry(label).or_default();
                *count += 1.0;
                *wins += ordinary - false_alarms - here / 2.0;
            }
            false_alarms += here;
            let more = tied.len() as f64 - here;
            hits += more;
            precision += more * hits / (hits + false_alarms);
            if false_alarms <= ordinary / 1_000.0 {
                found = hits;
            }
        }
        let wins: f64 = counts.values().map(|(_, wins)| wins).sum();
        let often = counts.iter().filter(|(_, (count, _))| *count >= 20.0);
        let names =
            often.map(|(name, (count, wins))| ((*name).to_owned(), wins / count / ordinary)).collect();
        Self { auc: wins / hits / ordinary, ap: precision / hits, found: found / hits, names }
    }

    /// The plain mean of the names' areas.
    pub(crate) fn macro_auc(&self) -> f64 {
        self.names.values().sum::<f64>() / self.names.len().max(1) as f64
    }
}
