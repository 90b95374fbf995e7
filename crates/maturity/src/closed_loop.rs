//! T9, Closed-Loop Remediation: a finding, an anomaly, one incident of both, containment, and a plan that fits use.

use crate::Story;
use crate::exam::{Exam, Scene, any_of, same, seconds};
use crate::film::Shot;
use crate::view::{ActionRecord, ActionState, FindingView, PlanView};
use homeostat_core::Timestamp;
use homeostat_event::Severity;
use std::time::Duration;

const STORY: Story = Story::WildcardPolicy;
/// What the service account did day by day, as permissions.
const USED: [&str; 3] = ["s3:ListBucket", "s3:GetObject", "s3:PutObject"];
/// Rights the account has no use for: with any of them left, the attack path stands.
const UNUSED: [&str; 4] = ["iam:PutRolePolicy", "iam:CreateAccessKey", "sts:AssumeRole", "ec2:RunInstances"];
const DAYS_OF_USE: u16 = 28;

/// When what was first seen.
#[derive(Default)]
pub(crate) struct ClosedLoop {
    after_change: Option<u64>,
    detected: Option<Timestamp>,
    contained: Option<Timestamp>,
}

impl Scene for ClosedLoop {
    fn stories(&self) -> &'static [Story] {
        &[STORY, Story::ApprovedPolicy]
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        if let Some(events) = &mut self.after_change {
            *events = events.saturating_add(1);
            if *events == 1 {
                finding(exam, STORY, "no finding within one event of the change");
            }
        }
        if shot.is(exam.film.step(STORY, 0).last()) {
            self.after_change = Some(0);
        }
        if shot.mark.is_some_and(|mark| mark.story == STORY && mark.step == 1) {
            self.watch_read(exam);
        }
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        if exam.film.tenant.options().days < DAYS_OF_USE + 2 {
            exam.lack("28 days of use before the change: ask for a history of 30 days");
        }
        self.judge_containment(exam);
        linked(exam);
        remedied(exam);
        approved_stays_calm(exam);
    }
}

impl ClosedLoop {
    fn watch_read(&mut self, exam: &mut Exam<'_>) {
        let film = exam.film;
        if self.detected.is_none() && !exam.incidents_with(film.step(STORY, 1), Severity::LOW).is_empty() {
            self.detected = Some(exam.now());
        }
        if self.contained.is_none() {
            let in_force = |action: &ActionRecord| action.state == ActionState::InForce;
            self.contained = containments(exam, STORY).into_iter().find(in_force).map(|action| action.at);
        }
    }

    fn judge_containment(&self, exam: &mut Exam<'_>) {
        let Some(detected) = self.detected else {
            return exam.miss("the key's use from an unknown place is not detected");
        };
        let Some(contained) = self.contained else { return exam.miss("the key is not contained") };
        let film = exam.film;
        exam.figures.seconds = seconds(film.at(film.step(STORY, 1).first()), detected);
        let lag = seconds(detected, contained).unwrap_or(f64::INFINITY);
        exam.at_most("seconds from detection to containment", lag, 5.0);
    }
}

fn finding(exam: &mut Exam<'_>, story: Story, miss: &str) {
    let (who, changed) = (exam.who(story), exam.film.at(exam.film.step(story, 0).last()));
    let answer = exam.target().findings();
    let findings = exam.ask(answer).unwrap_or_default();
    let about = |finding: &FindingView| who.iter().any(|key| same(key, &finding.object));
    if !findings.iter().any(|finding| about(finding) && finding.at >= changed) {
        exam.miss(miss);
    }
}

/// The actions that stop something of the main character of `story`.
fn containments(exam: &mut Exam<'_>, story: Story) -> Vec<ActionRecord> {
    let who = exam.who(story);
    let mut actions = exam.actions();
    actions.retain(|action| action.kind.contains() && any_of(&action.scope, &who));
    actions
}

fn linked(exam: &mut Exam<'_>) {
    let film = exam.film;
    let change = film.step(STORY, 0).last();
    let reads = exam.incidents_with(film.step(STORY, 1), Severity::LOW);
    let both = reads.iter().find(|one| change.is_some_and(|change| one.events.contains(change)));
    match both {
        None => exam.miss("no incident holds both the change and the reads"),
        Some(incident) if !incident.open => exam.miss("the incident closed while both halves were open"),
        Some(_) => {}
    }
}

fn remedied(exam: &mut Exam<'_>) {
    let who = exam.who(STORY);
    let answer = exam.target().plans();
    let plans = exam.ask(answer).unwrap_or_default();
    let Some(plan) = plans.into_iter().find(|plan| who.iter().any(|key| same(key, &plan.who))) else {
        return exam.miss("no remediation is proposed");
    };
    judge(exam, &plan);
    exam.approve(&plan.id);
    exam.rest(Duration::from_mins(61));
    if containments(exam, STORY).iter().any(|action| action.state == ActionState::InForce) {
        exam.miss("temporary blocks stay after the fix");
    }
    exam.rest(Duration::from_hours(26));
    let reads = exam.film.step(STORY, 1);
    if exam.incidents_with(reads, Severity::LOW).iter().any(|one| one.open) {
        exam.miss("the incident stays open a day after both its halves were mended");
    }
}

fn judge(exam: &mut Exam<'_>, plan: &PlanView) {
    let (before, after) = plan.permissions;
    exam.at_most("share of permissions kept", after as f64 / before.max(1) as f64, 0.1);
    let allows = |permission: &&&str| plan.after.iter().any(|pattern| matches(pattern, permission));
    let denied = USED.iter().filter(|used| !allows(used)).count();
    exam.at_most("used permissions denied", denied as f64, 0.0);
    if UNUSED.iter().any(|unused| allows(&unused)) || plan.path_gone != Some(true) {
        exam.miss("the attack path is not shown to be gone");
    }
}

/// Whether an action pattern with `*` holds `action`; both without regard to case.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    match pattern.split_once('*') {
        None => pattern == action,
        Some((head, tail)) => {
            action.len() >= head.len() + tail.len() && action.starts_with(head) && action.ends_with(tail)
        }
    }
}

fn approved_stays_calm(exam: &mut Exam<'_>) {
    finding(exam, Story::ApprovedPolicy, "the approved change gives no finding");
    let stopped = containments(exam, Story::ApprovedPolicy).len();
    exam.at_most("containments of the approved change", stopped as f64, 0.0);
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_hold_what_they_say() {
        for (pattern, action, held) in [
            ("*", "iam:PutRolePolicy", true),
            ("s3:*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("S3:getobject", "s3:GetObject", true),
            ("s3:*Object", "s3:GetObject", true),
            ("s3:GetObject*Object", "s3:GetObject", false),
        ] {
            assert_eq!(matches(pattern, action), held, "{pattern} {action}");
        }
    }
}
