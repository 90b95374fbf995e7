//! May somebody give more than it has: write roles, bind them, act as another?
//!
//! Kubernetes documentation, "Using RBAC Authorization", section "Privilege escalation prevention and bootstrapping":
//! a role is written only by who has all of its rights or may `escalate` it; bound only by who has all of its rights
//! where it is bound or may `bind` it. "User Impersonation": `impersonate` on users, groups and service accounts.

use super::attempt::{Attempt, User};
use super::cluster::{Cluster, Held, Holder, Place, silent};
use super::rule::Rule;
use crate::decision::{Answer, Decision, Gate};

const RBAC: &str = "rbac.authorization.k8s.io";

impl Cluster {
    /// May `user` do `verb` (`create`, `update`, `patch`) to the role `name`, of `namespace` or of the cluster, so that
    /// it comes to have `rules`?
    pub fn may_write_role(
        &self,
        user: &User,
        verb: &str,
        role: (Option<&str>, &str),
        rules: &[Rule],
    ) -> Answer {
        let (namespace, name) = role;
        let resource = if namespace.is_some() { "roles" } else { "clusterroles" };
        let on = |verb: &str| Attempt::on(verb, RBAC, resource).in_namespace(namespace.unwrap_or_default());
        // What is created has no name for the API server yet.
        let written = if verb == "create" { on(verb) } else { on(verb).named(name) };
        let needs = Needs { free: on("escalate").named(name), namespace, rules: Some(rules) };
        self.guarded(user, &written, &needs)
    }

    /// May `user` bind the role `name`, of `role.0` or of the cluster, to somebody: in `namespace`, or in the whole
    /// cluster?
    pub fn may_bind(&self, user: &User, role: (Option<&str>, &str), namespace: Option<&str>) -> Answer {
        let kind = if namespace.is_some() { "rolebindings" } else { "clusterrolebindings" };
        let create = Attempt::on("create", RBAC, kind).in_namespace(namespace.unwrap_or_default());
        let of = if role.0.is_some() { "roles" } else { "clusterroles" };
        let bind = Attempt::on("bind", RBAC, of).in_namespace(namespace.unwrap_or_default()).named(role.1);
        // A role that is not there has no rights that anybody could be said to have.
        let rules = self.rules_of(&Place::new(role.0, role.1));
        self.guarded(user, &create, &Needs { free: bind, namespace, rules })
    }

    /// May `user` act as `other`?
    pub fn may_impersonate(&self, user: &User, other: &Holder) -> Answer {
        let attempt = match other {
            Holder::Group(name) => Attempt::on("impersonate", "", "groups").named(name),
            Holder::User(name) => {
                match name.strip_prefix("system:serviceaccount:").and_then(|it| it.split_once(':')) {
                    Some((namespace, account)) => Attempt::on("impersonate", "", "serviceaccounts")
                        .in_namespace(namespace)
                        .named(account),
                    None => Attempt::on("impersonate", "", "users").named(name),
                }
            }
        };
        self.decide(user, &attempt)
    }

    /// `attempt`, and what it needs besides.
    fn guarded(&self, user: &User, attempt: &Attempt, needs: &Needs<'_>) -> Answer {
        let mut answer = self.decide(user, attempt);
        if !answer.decision.is_possible() || user.is_in("system:masters") {
            return answer;
        }
        let freed = self.decide(user, &needs.free);
        if freed.decision.is_allowed() {
            answer.because.extend(freed.because);
            return answer;
        }
        let held: Vec<Held<'_>> = self.held(user).filter(|held| held.is_in(needs.namespace)).collect();
        if !needs.rules.is_some_and(|rules| covers(&held, rules)) {
            return Answer { decision: Decision::ImplicitlyDenied, because: vec![silent(Gate::Escalation)] };
        }
        answer.because.extend(held.iter().map(Held::because));
        answer
    }
}

/// What giving rights needs besides the verb on the object: a verb that frees of it, or all of the rights.
struct Needs<'a> {
    free: Attempt,
    namespace: Option<&'a str>,
    rules: Option<&'a [Rule]>,
}

/// Whether each smallest part of `rules` is covered by one rule that is held.
fn covers(held: &[Held<'_>], rules: &[Rule]) -> bool {
    rules.iter().flat_map(Rule::parts).all(|part| held.iter().any(|held| held.rule.covers(&part)))
}
