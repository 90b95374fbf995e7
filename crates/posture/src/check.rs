//! Whether rules do what they say: each one's examples and fix, run.

use crate::change::{Change, Op};
use crate::posture::{Posture, Update};
use crate::rule::Rule;
use crate::rule_set::{RuleError, RuleFault, RuleSet};
use homeostat_core::{EntityKey, EntityKind, EventRef, TenantId, Timestamp};
use std::sync::Arc;

/// The account that examples lie in.
const ACCOUNT: &str = "111122223333";

/// When examples are looked at: 2026-11-26.
const NOW: Timestamp = Timestamp::from_micros(1_795_651_200_000_000);

impl RuleSet {
    /// Runs the examples of every rule: the passing document must pass, the failing one must fail, and a fix must
    /// clear it with an inverse that brings the document back to the byte.
    ///
    /// # Errors
    ///
    /// [`RuleError`] of the first rule that does not hold.
    pub fn check(self: &Arc<Self>) -> Result<(), RuleError> {
        for rule in self.rules() {
            let fault = Trial { rules: self.clone(), rule }.fault();
            if let Some(fault) = fault {
                return Err(RuleError::Rule { rule: rule.id().to_owned(), fault });
            }
        }
        Ok(())
    }
}

struct Trial<'r> {
    rules: Arc<RuleSet>,
    rule: &'r Rule,
}

impl Trial<'_> {
    fn fault(&self) -> Option<RuleFault> {
        let object = key("example")?;
        let makes_claim = |posture: &Posture| match posture.answer_of(self.rule.id(), &object) {
            Some(fails) => Ok(fails),
            None => Err(()),
        };
        let passing = self.posture(&object, self.rule.passing());
        if makes_claim(&passing) != Ok(false) {
            return Some(RuleFault::PassFails);
        }
        let mut failing = self.posture(&object, self.rule.failing());
        if makes_claim(&failing) != Ok(true) {
            return Some(RuleFault::FailPasses);
        }
        if !self.rule.is_fixable() {
            return None;
        }
        let finding = failing.findings_on(&object).find(|finding| finding.rule() == self.rule.id())?.clone();
        let Some(fix) = failing.fix(&finding) else { return Some(RuleFault::Unfixed) };
        let patched = change(Op::Patch { object: object.clone(), patch: fix.patch.clone() });
        let cleared = patched.and_then(|change| failing.apply(&change).ok()).is_some()
            && makes_claim(&failing) == Ok(false)
            && failing.document(&object).as_ref() == Some(&fix.after());
        let back = fix.inverse.apply(&fix.after()).is_ok_and(|back| back == fix.before);
        (!cleared || !back).then_some(RuleFault::Unfixed)
    }

    fn posture(&self, object: &EntityKey, document: &str) -> Posture {
        let mut posture = Posture::with_rules(self.rules.clone());
        let mut put = |op: Op| change(op).and_then(|change| posture.apply(&change).ok());
        put(Op::Tick);
        for (number, (kind, document)) in self.rule.beside().enumerate() {
            if let Some(object) = key(&format!("beside {number}")) {
                put(replace(object, kind, document));
            }
        }
        let _: Option<Update> = put(replace(object.clone(), self.rule.kind(), document));
        posture
    }
}

fn replace(object: EntityKey, kind: &str, document: &str) -> Op {
    Op::Replace { object, kind: kind.to_owned(), document: document.to_owned() }
}

fn change(op: Op) -> Option<Change> {
    let (tenant, evidence) = (TenantId::new("example").ok()?, EventRef::new("example", 0).ok()?);
    Some(Change { tenant, at: NOW, evidence, op })
}

fn key(name: &str) -> Option<EntityKey> {
    EntityKey::new(EntityKind::NativeId, ACCOUNT, name).ok()
}
