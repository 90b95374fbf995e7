//! Area under ROC and average precision; ties count half.

/// The two figures of one series; `None` unless both classes occur.
pub(crate) fn figures(scores: &[f64], labels: &[bool]) -> Option<(f64, f64)> {
    let mut ranked: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let marked = labels.iter().filter(|label| **label).count() as f64;
    let plain = labels.len() as f64 - marked;
    if marked < 1.0 || plain < 1.0 {
        return None;
    }
    let (mut found, mut wrong, mut area, mut precision) = (0.0, 0.0, 0.0, 0.0);
    for tied in ranked.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let hits = tied.iter().filter(|(_, label)| *label).count() as f64;
        let misses = tied.len() as f64 - hits;
        area += misses * (found + hits / 2.0);
        found += hits;
        wrong += misses;
        precision += hits / marked * found / (found + wrong);
    }
    Some((area / (marked * plain), precision))
}

/// The mean of several series.
pub(crate) fn mean(figures: &[(f64, f64)]) -> (f64, f64) {
    let count = figures.len().max(1) as f64;
    let sum = figures.iter().fold((0.0, 0.0), |sum, figure| (sum.0 + figure.0, sum.1 + figure.1));
    (sum.0 / count, sum.1 / count)
}
