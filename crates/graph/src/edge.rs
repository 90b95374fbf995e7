//! What an edge is: its kind with class and techniques, how likely it succeeds, what proves it.
//!
//! Kinds are an open registry: those of AWS are built in, a product registers its own.

use crate::Evidence;
use core::fmt;
use homeostat_core::{EntityKey, Technique};
use std::sync::Arc;

/// The eleven classes of edges: what following one gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeClass {
    /// Belongs to a group.
    Member,
    /// Lies inside a container, or contains.
    Contain,
    /// May change what the other may do.
    Control,
    /// Obtains a credential of the other.
    Credential,
    /// Runs code on the other.
    Exec,
    /// Becomes the other.
    Assume,
    /// Gets to the other over a network.
    Reach,
    /// Reads what the other holds.
    Read,
    /// Changes what the other holds.
    Write,
    /// Is trusted by the other.
    Trust,
    /// Is the other under another name.
    SameAs,
}

/// A kind of edge: an index into [`EdgeKinds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeKind(pub(crate) u16);

/// What is known of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct KindInfo {
    /// The field's own word, such as `AssumeRole`.
    pub name: Arc<str>,
    /// What following such an edge gives.
    pub class: EdgeClass,
    /// The ATT&CK techniques that follow it.
    pub techniques: Vec<Technique>,
    /// How likely following it succeeds when nothing more is known, in `0.0..=1.0`.
    pub probability: f64,
}

/// The kinds that a graph knows.
///
/// ```
/// use homeostat_graph::{EdgeClass, EdgeKinds, KindInfo};
///
/// let mut kinds = EdgeKinds::default();
/// let own = kinds.register(KindInfo {
///     name: "BadgeCloned".into(), class: EdgeClass::Credential, techniques: vec![], probability: 0.2,
/// });
/// assert_eq!(&*kinds.info(own).unwrap().name, "BadgeCloned");
/// assert!(kinds.find("AssumeRole").is_some());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeKinds(Vec<KindInfo>);

macro_rules! kinds {
    ($($number:literal $name:ident $text:literal $class:ident $techniques:expr, $p:literal;)+) => {
        impl EdgeKind {
            $(pub(crate) const $name: Self = Self($number);)+
        }

        const BUILT_IN: &[(&str, EdgeClass, &[&str], f64)] = &[
            $(($text, EdgeClass::$class, &$techniques, $p),)+
        ];
    };
}

kinds! {
    0 ADMINISTRATOR "AdministratorOf" Control [], 1.0;
    1 ADMINISTERS "Administers" Control [], 0.95;
    2 ASSUME_ROLE "AssumeRole" Assume ["T1078.004"], 0.95;
    3 PASS_ROLE "PassRole" Exec ["T1098.003", "T1648"], 0.8;
    4 CREATE_ACCESS_KEY "CreateAccessKey" Credential ["T1098.001"], 0.9;
    5 CREATE_LOGIN_PROFILE "CreateLoginProfile" Credential ["T1098.001"], 0.8;
    6 UPDATE_LOGIN_PROFILE "UpdateLoginProfile" Credential ["T1098.001"], 0.8;
    7 PUT_USER_POLICY "PutUserPolicy" Control ["T1098.003"], 0.95;
    8 ATTACH_USER_POLICY "AttachUserPolicy" Control ["T1098.003"], 0.95;
    9 PUT_ROLE_POLICY "PutRolePolicy" Control ["T1098.003"], 0.95;
    10 ATTACH_ROLE_POLICY "AttachRolePolicy" Control ["T1098.003"], 0.95;
    11 PUT_GROUP_POLICY "PutGroupPolicy" Control ["T1098.003"], 0.95;
    12 ATTACH_GROUP_POLICY "AttachGroupPolicy" Control ["T1098.003"], 0.95;
    13 CREATE_POLICY_VERSION "CreatePolicyVersion" Control ["T1098.003"], 0.95;
    14 SET_POLICY_VERSION "SetDefaultPolicyVersion" Control ["T1098.003"], 0.9;
    15 ADD_TO_GROUP "AddUserToGroup" Member ["T1098.003"], 0.95;
    16 UPDATE_TRUST "UpdateAssumeRolePolicy" Trust ["T1098.003"], 0.9;
    17 CHANGE_WORKLOAD "ChangeWorkload" Exec ["T1651"], 0.8;
    18 RUNS_AS "RunsAs" Credential ["T1552.005"], 0.9;
    19 READ_DATA "ReadData" Read ["T1530"], 0.95;
    20 READ_SECRET "ReadSecret" Read ["T1555.006"], 0.95;
    21 EXPOSED_TO "ExposedTo" Reach [], 1.0;
    22 EXPLOIT "Exploit" Exec ["T1190"], 1.0;
    23 REMOTE_LOGIN "RemoteLogin" Exec ["T1133", "T1110"], 1.0;
    24 IN_NETWORK "InNetwork" Contain [], 1.0;
    25 OPEN_API "OpenApi" Exec ["T1190"], 0.2;
    26 WEB_IDENTITY "AssumeRoleWithWebIdentity" Assume ["T1550.001"], 0.95;
    27 SAML "AssumeRoleWithSAML" Assume ["T1078.004"], 0.95;
    28 SYNCED_TO "SyncedTo" SameAs ["T1078.004"], 0.9;
    29 MEMBER_OF "MemberOf" Member [], 1.0;
    30 WRITES "WritesCode" Write ["T1195.002"], 0.8;
    31 BUILDS "Builds" Exec ["T1072"], 0.9;
    32 SHIPS_IN "ShipsIn" Exec ["T1195.001"], 0.9;
    33 ACTS_AS "ActsAs" Assume ["T1199"], 0.9;
    34 PROMPTS "Prompts" Exec [], 0.3;
    35 OPENS "Opens" Credential ["T1552"], 0.9;
    36 SAME_AS "SameAs" SameAs [], 1.0;
}

impl Default for EdgeKinds {
    fn default() -> Self {
        let built_in = BUILT_IN.iter().map(|(name, class, techniques, probability)| KindInfo {
            name: (*name).into(),
            class: *class,
            techniques: techniques.iter().filter_map(|id| Technique::parse(id)).collect(),
            probability: *probability,
        });
        Self(built_in.collect())
    }
}

impl EdgeKinds {
    /// Adds a kind, or finds the one of that name. A probability outside `0.0..=1.0` is brought inside.
    /// After 65,535 kinds the last one is given again.
    pub fn register(&mut self, mut info: KindInfo) -> EdgeKind {
        if let Some(known) = self.find(&info.name) {
            return known;
        }
        info.probability = probability(info.probability);
        if self.0.len() < usize::from(u16::MAX) {
            self.0.push(info);
        }
        EdgeKind(u16::try_from(self.0.len().saturating_sub(1)).unwrap_or(u16::MAX))
    }

    /// The kind of this name.
    pub fn find(&self, name: &str) -> Option<EdgeKind> {
        let at = self.0.iter().position(|info| &*info.name == name)?;
        u16::try_from(at).ok().map(EdgeKind)
    }

    /// What is known of `kind`; `None` when another registry made it.
    pub fn info(&self, kind: EdgeKind) -> Option<&KindInfo> {
        self.0.get(usize::from(kind.0))
    }

    pub(crate) fn name(&self, kind: EdgeKind) -> &str {
        self.info(kind).map_or("?", |info| &info.name)
    }
}

/// How an edge came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The configuration makes it possible.
    Possible,
    /// It was seen being used.
    Observed,
    /// It follows from several statements together.
    Derived,
    /// It is possible if something exists that no snapshot has listed.
    Hypothetical,
}

/// One step that can be taken.
#[derive(Clone, PartialEq)]
pub struct Edge {
    /// Where it starts.
    pub from: EntityKey,
    /// Where it leads.
    pub to: EntityKey,
    /// Its kind.
    pub kind: EdgeKind,
    /// The rule that made it; a rule of AWS is named by the actions it needs.
    pub rule: Arc<str>,
    /// How likely it succeeds, in `0.0..=1.0`.
    pub probability: f64,
    /// How it came to be known.
    pub standing: Standing,
    /// The statements that make it possible, in words: document, statement, gate.
    pub because: Vec<String>,
    /// Where those documents come from.
    pub evidence: Vec<Evidence>,
    /// What must hold besides, when something unknown decides.
    pub condition: Option<String>,
    /// Whether it rests on an object that changed in a way nobody told.
    pub stale: bool,
}

impl Edge {
    /// What edges are ordered by, wherever an order is needed: nothing that depends on how the graph grew.
    pub(crate) fn order(&self) -> (&EntityKey, &EntityKey, EdgeKind, &str, &[String]) {
        (&self.from, &self.to, self.kind, &self.rule, &self.because)
    }
}

impl fmt::Debug for Edge {
    /// Shows keys, rule and statements, no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Edge({:?} -{}-> {:?}, {:?})", self.from, self.rule, self.to, self.standing)
    }
}

/// An edge that a product brings.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnEdge {
    /// Where it starts.
    pub from: EntityKey,
    /// Where it leads.
    pub to: EntityKey,
    /// Its kind, from [`Graph::register`](crate::Graph::register).
    pub kind: EdgeKind,
    /// How likely it succeeds, in `0.0..=1.0`; `None` is the kind's own.
    pub probability: Option<f64>,
    /// What says so.
    pub evidence: Evidence,
    /// How it came to be known.
    pub standing: Standing,
}

pub(crate) fn probability(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}
