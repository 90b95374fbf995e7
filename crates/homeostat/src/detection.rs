//! What other products detect: their OCSF Detection Findings are signals like any of ours.
//!
//! The bits are those of the severity that the product tells. What a product only informs about weighs nothing.

use homeostat_core::{Bits, Detector, RiskView, Signal};
use homeostat_event::{Event, signal_of};

/// Takes the findings of other products over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detections;

impl Detector<Event> for Detections {
    fn name(&self) -> &'static str {
        "detections"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        signal_of(event).into_iter().filter(|signal| signal.bits > Bits::ZERO).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::CalmRisk;

    #[track_caller]
    fn check(severity: u8, expected: Option<Bits>) {
        let text = format!(
            r#"{{"class_uid": 2004, "activity_id": 1, "time": 1773563400000, "severity_id": {severity},
                "metadata": {{"tenant_uid": "acme", "product": {{"name": "Sensor"}}}},
                "finding_info": {{"uid": "f-1", "title": "Rare destination"}},
                "unmapped": {{"homeostat_ref": "findings#1"}},
                "evidences": [{{"actor": {{"user": {{"name": "jane@acme.example"}}}}}}]}}"#
        );
        let told = Detections.detect(&Event::from_json(&text).unwrap(), &CalmRisk);
        assert_eq!(told.first().map(|signal| signal.bits), expected, "severity {severity}");
    }

    #[test]
    fn a_finding_weighs_what_its_product_says() {
        check(1, None);
        check(4, Some(Bits::HIGH));
        check(5, Some(Bits::CRITICAL));
    }
}
