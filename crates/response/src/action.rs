//! What can be asked of an actuator, and what is known of each request before anything happens.
//!
//! One row of data per action: what class of effect it has, whether the way back is exact, how wide it cuts,
//! and what it is called in MITRE D3FEND (1.0) and in `OpenC2` (Language Specification 1.0, section 3.3.1).

use core::fmt;
use serde::{Deserialize, Serialize};

/// What is asked of an actuator. On the wire the name in snake case.
///
/// ```
/// use homeostat_response::{Action, Effect};
/// assert_eq!(Action::Isolate.facts().effect, Effect::Containment);
/// assert_eq!(serde_json::to_string(&Action::ReAuthenticate)?, r#""re_authenticate""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Ask a person to prove who they are with another factor before going on.
    Challenge,
    /// Apply a stricter profile for a while, such as to a mailbox's filter.
    Tighten,
    /// Invalidate cached authentication, so that tokens must be obtained anew.
    ReAuthenticate,
    /// Let through less per unit of time.
    RateLimit,
    /// Cut a host off from the network, but for the flows that are permitted.
    Isolate,
    /// Refuse traffic from or to an address or name.
    Block,
    /// Take an instance out of its group or load balancer.
    DetachInstance,
    /// Put a quarantine security group on an instance's interfaces.
    ApplySecurityGroup,
    /// Allow only what the entity's baseline knows; the allow-list is an argument.
    EnforcePatternOfLife,
    /// Make a key, password or certificate unusable.
    DisableCredential,
    /// End one session.
    RevokeSession,
    /// Move a message out of reach of its readers.
    QuarantineMessage,
    /// Repair a misconfiguration.
    PostureRepair,
    /// Capture evidence.
    CaptureEvidence,
    /// Tell somebody.
    Notify,
}

/// How deep an action cuts. The order is that of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing for anybody: captures, tells.
    Capture,
    /// Restricts somebody or something until the lease ends.
    Containment,
    /// Repairs for good; can be undone within its window.
    Remediation,
    /// Can not be undone. Two persons must approve, whatever the rules say.
    Irreversible,
}

/// What comes back when an action is reverted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversibility {
    /// The prior state, exactly.
    Exact,
    /// The restriction ends, but the person has to sign in again.
    BySigningIn,
    /// There was nothing to undo.
    NothingToUndo,
}

/// How much of somebody's work an action touches. The order is that of the ladder: narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breadth {
    /// Nobody's work.
    None,
    /// One connection, address or message.
    Connection,
    /// One session or credential.
    Session,
    /// One identity.
    Identity,
    /// One host or workload, with everybody on it.
    Host,
}

/// What is known of an action before it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionFacts {
    /// The word on the wire.
    pub word: &'static str,
    /// How deep it cuts.
    pub effect: Effect,
    /// What a revert brings back.
    pub reversibility: Reversibility,
    /// How wide it cuts.
    pub breadth: Breadth,
    /// The lease asked for by default, in minutes: long enough for a person to look, short enough to be borne.
    pub lease_minutes: u32,
    /// What a wrong hit costs whom it hits, in minutes of their work by order of magnitude: 0, 1, 10 or 100.
    pub cost_minutes: u32,
    /// The D3FEND technique of applying it, such as `D3-NI`; `None` where D3FEND has none.
    pub d3fend: Option<&'static str>,
    /// The D3FEND technique of reverting it.
    pub d3fend_undo: Option<&'static str>,
    /// The `OpenC2` action.
    pub openc2_action: &'static str,
    /// The `OpenC2` target; `x-homeostat:` marks those for which the language has no type.
    pub openc2_target: &'static str,
}

impl Action {
    /// Every action, in order.
    pub const ALL: [Self; 15] = [
        Self::Challenge,
        Self::Tighten,
        Self::ReAuthenticate,
        Self::RateLimit,
        Self::Isolate,
        Self::Block,
        Self::DetachInstance,
        Self::ApplySecurityGroup,
        Self::EnforcePatternOfLife,
        Self::DisableCredential,
        Self::RevokeSession,
        Self::QuarantineMessage,
        Self::PostureRepair,
        Self::CaptureEvidence,
        Self::Notify,
    ];

    /// The row of this action.
    pub const fn facts(self) -> &'static ActionFacts {
        match self {
            Self::Challenge => &CHALLENGE,
            Self::Tighten => &TIGHTEN,
            Self::ReAuthenticate => &RE_AUTHENTICATE,
            Self::RateLimit => &RATE_LIMIT,
            Self::Isolate => &ISOLATE,
            Self::Block => &BLOCK,
            Self::DetachInstance => &DETACH_INSTANCE,
            Self::ApplySecurityGroup => &APPLY_SECURITY_GROUP,
            Self::EnforcePatternOfLife => &ENFORCE_PATTERN_OF_LIFE,
            Self::DisableCredential => &DISABLE_CREDENTIAL,
            Self::RevokeSession => &REVOKE_SESSION,
            Self::QuarantineMessage => &QUARANTINE_MESSAGE,
            Self::PostureRepair => &POSTURE_REPAIR,
            Self::CaptureEvidence => &CAPTURE_EVIDENCE,
            Self::Notify => &NOTIFY,
        }
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        self.facts().word
    }

    /// This action's bit in a set of actions.
    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The base of the rows: a containment of one identity for an hour that can be undone exactly.
const BASE: ActionFacts = ActionFacts {
    word: "",
    effect: Effect::Containment,
    reversibility: Reversibility::Exact,
    breadth: Breadth::Identity,
    lease_minutes: 60,
    cost_minutes: 10,
    d3fend: None,
    d3fend_undo: None,
    openc2_action: "set",
    openc2_target: "properties",
};

static CHALLENGE: ActionFacts = ActionFacts {
    word: "challenge",
    cost_minutes: 1,
    d3fend: Some("D3-MFA"),
    d3fend_undo: Some("D3-RUAA"),
    ..BASE
};
static TIGHTEN: ActionFacts = ActionFacts {
    word: "tighten",
    cost_minutes: 1,
    d3fend: Some("D3-ACH"),
    d3fend_undo: Some("D3-RC"),
    ..BASE
};
static RE_AUTHENTICATE: ActionFacts = ActionFacts {
    word: "re_authenticate",
    reversibility: Reversibility::BySigningIn,
    d3fend: Some("D3-ANCI"),
    d3fend_undo: Some("D3-RUAA"),
    openc2_action: "restart",
    openc2_target: "x-homeostat:identity",
    ..BASE
};
static RATE_LIMIT: ActionFacts = ActionFacts {
    word: "rate_limit",
    breadth: Breadth::Connection,
    d3fend: Some("D3-NTF"),
    d3fend_undo: Some("D3-RNA"),
    openc2_target: "ipv4_net",
    ..BASE
};
static ISOLATE: ActionFacts = ActionFacts {
    word: "isolate",
    cost_minutes: 100,
    breadth: Breadth::Host,
    d3fend: Some("D3-NI"),
    d3fend_undo: Some("D3-RNA"),
    openc2_action: "contain",
    openc2_target: "device",
    ..BASE
};
static BLOCK: ActionFacts = ActionFacts {
    word: "block",
    breadth: Breadth::Connection,
    d3fend: Some("D3-NTF"),
    d3fend_undo: Some("D3-RNA"),
    openc2_action: "deny",
    openc2_target: "ipv4_net",
    ..BASE
};
static DETACH_INSTANCE: ActionFacts = ActionFacts {
    word: "detach_instance",
    cost_minutes: 100,
    breadth: Breadth::Host,
    d3fend: Some("D3-NI"),
    d3fend_undo: Some("D3-RNA"),
    openc2_action: "contain",
    openc2_target: "device",
    ..BASE
};
static APPLY_SECURITY_GROUP: ActionFacts = ActionFacts {
    word: "apply_security_group",
    cost_minutes: 100,
    breadth: Breadth::Host,
    d3fend: Some("D3-NTF"),
    d3fend_undo: Some("D3-RNA"),
    openc2_action: "contain",
    openc2_target: "device",
    ..BASE
};
static ENFORCE_PATTERN_OF_LIFE: ActionFacts = ActionFacts {
    word: "enforce_pattern_of_life",
    cost_minutes: 100,
    breadth: Breadth::Connection,
    d3fend: Some("D3-OTF"),
    d3fend_undo: Some("D3-RNA"),
    openc2_action: "allow",
    openc2_target: "device",
    ..BASE
};
static DISABLE_CREDENTIAL: ActionFacts = ActionFacts {
    word: "disable_credential",
    cost_minutes: 100,
    breadth: Breadth::Session,
    lease_minutes: 8 * 60,
    d3fend: Some("D3-CR"),
    d3fend_undo: Some("D3-RIC"),
    openc2_action: "stop",
    openc2_target: "x-homeostat:credential",
    ..BASE
};
static REVOKE_SESSION: ActionFacts = ActionFacts {
    word: "revoke_session",
    reversibility: Reversibility::BySigningIn,
    breadth: Breadth::Session,
    d3fend: Some("D3-ST"),
    d3fend_undo: Some("D3-RUAA"),
    openc2_action: "stop",
    openc2_target: "x-homeostat:session",
    ..BASE
};
static QUARANTINE_MESSAGE: ActionFacts = ActionFacts {
    word: "quarantine_message",
    breadth: Breadth::Connection,
    lease_minutes: 24 * 60,
    d3fend: Some("D3-CQ"),
    d3fend_undo: Some("D3-RE"),
    openc2_action: "contain",
    openc2_target: "x-homeostat:message",
    ..BASE
};
static POSTURE_REPAIR: ActionFacts = ActionFacts {
    word: "posture_repair",
    effect: Effect::Remediation,
    breadth: Breadth::None,
    d3fend: Some("D3-ACH"),
    d3fend_undo: Some("D3-RC"),
    openc2_action: "remediate",
    openc2_target: "device",
    ..BASE
};
static CAPTURE_EVIDENCE: ActionFacts = ActionFacts {
    word: "capture_evidence",
    cost_minutes: 0,
    effect: Effect::Capture,
    reversibility: Reversibility::NothingToUndo,
    breadth: Breadth::None,
    openc2_action: "copy",
    openc2_target: "artifact",
    ..BASE
};
static NOTIFY: ActionFacts = ActionFacts {
    word: "notify",
    cost_minutes: 0,
    effect: Effect::Capture,
    reversibility: Reversibility::NothingToUndo,
    breadth: Breadth::None,
    openc2_action: "create",
    openc2_target: "x-homeostat:notice",
    ..BASE
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_action_has_its_own_word_and_bit() {
        let words: BTreeSet<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
        let bits: BTreeSet<_> = Action::ALL.iter().map(|action| action.bit()).collect();
        assert_eq!((words.len(), bits.len()), (15, 15));
        for action in Action::ALL {
            let json = serde_json::to_string(&action).unwrap();
            assert_eq!(json, format!("\"{}\"", action.as_str()));
            assert_eq!(serde_json::from_str::<Action>(&json).unwrap(), action);
        }
    }

    #[test]
    fn what_restricts_can_be_undone_and_is_named_both_ways() {
        for facts in Action::ALL.map(Action::facts) {
            let restricts = facts.effect > Effect::Capture;
            assert_eq!(restricts, facts.reversibility != Reversibility::NothingToUndo, "{}", facts.word);
            assert_eq!(restricts, facts.d3fend.is_some() && facts.d3fend_undo.is_some(), "{}", facts.word);
            assert!([0, 1, 10, 100].contains(&facts.cost_minutes), "{}", facts.word);
            assert_eq!(facts.cost_minutes == 0, !restricts, "{}", facts.word);
            assert!(facts.d3fend.is_none_or(|id| id.starts_with("D3-")));
        }
    }
}
