//! What network policies let in to a pod.
//!
//! A pod that no policy selects lets everybody in; one that some select lets in what any of their rules lets in ("Network
//! Policies" of the Kubernetes documentation). Policies hold for pods with an address of their own, not for those that share
//! their node's. O(policies of the namespace and their rules) a pod.

use super::Dump;
use super::endpoint::Fronts;
use super::pod::{Place, Pod, Port, labels};
use crate::cidr::Cidr;
use crate::sharp_hound::{list, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A policy for what comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    selector: Selector,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// Without any, all ports.
    ports: Vec<Ports>,
    /// Without any, everybody.
    from: Vec<Peer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Ports {
    protocol: String,
    /// A name, or a first and a last number; `None` is all.
    which: Option<Result<(u64, u64), String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Peer {
    Block {
        range: Cidr,
        except: Vec<Cidr>,
    },
    /// Without a selector of namespaces those of the policy's own.
    Pods {
        namespaces: Option<Selector>,
        pods: Selector,
    },
}

/// What labels have to be; an empty one selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Selector {
    labels: BTreeMap<String, String>,
    expressions: Vec<(String, Operator, BTreeSet<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// From where something comes to a pod.
#[derive(Clone, Copy)]
pub(super) enum From {
    /// From somewhere.
    Anybody,
    /// From the Internet, under the sender's own address.
    Internet,
    /// From the Internet, perhaps under the address of one of the nodes, which pass it on.
    Nodes,
    /// From what passes requests on for an ingress: one of these pods, or a balancer in the own network.
    Fronts,
}

impl Policy {
    /// Reads a policy; `None` when it says nothing of what comes in.
    pub(super) fn read(object: &Value) -> Result<Option<Self>, &'static str> {
        let spec = object.get("spec").filter(|spec| spec.is_object()).ok_or("a policy without `spec`")?;
        let mut types = list(spec, "policyTypes").filter_map(Value::as_str).peekable();
        if types.peek().is_some() && !types.any(|kind| kind == "Ingress") {
            return Ok(None);
        }
        let selector = Selector::read(spec.get("podSelector"))?;
        let rules: Result<Vec<Rule>, _> = list(spec, "ingress").map(Rule::read).collect();
        Ok(Some(Self { selector, rules: rules? }))
    }
}

impl Rule {
    fn read(rule: &Value) -> Result<Self, &'static str> {
        let ports: Result<Vec<Ports>, _> = list(rule, "ports").map(Ports::read).collect();
        let from: Result<Vec<Peer>, _> = list(rule, "from").map(Peer::read).collect();
        Ok(Self { ports: ports?, from: from? })
    }

    fn is_for(&self, port: &Port) -> bool {
        self.ports.is_empty() || self.ports.iter().any(|ports| ports.hold(port))
    }
}

impl Ports {
    fn read(record: &Value) -> Result<Self, &'static str> {
        let protocol = text(record, "protocol").unwrap_or("TCP").to_owned();
        let end = record.get("endPort").and_then(Value::as_u64);
        let which = match record.get("port") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(Err(name.clone())),
            Some(number) => {
                let first = number.as_u64().ok_or("a policy for a port that is neither name nor number")?;
                Some(Ok((first, end.unwrap_or(first))))
            }
        };
        Ok(Self { protocol, which })
    }

    fn hold(&self, port: &Port) -> bool {
        let which = match &self.which {
            None => true,
            Some(Ok((first, last))) => (*first..=*last).contains(&port.number),
            Some(Err(name)) => port.name == *name,
        };
        which && self.protocol == port.protocol
    }
}

impl Peer {
    fn read(record: &Value) -> Result<Self, &'static str> {
        if let Some(block) = record.get("ipBlock") {
            let range = |text: &str| Cidr::parse(text).ok_or("a policy for what is no range of addresses");
            let except: Result<Vec<Cidr>, _> =
                list(block, "except").filter_map(Value::as_str).map(range).collect();
            let own = text(block, "cidr").ok_or("a policy for a block without `cidr`")?;
            return Ok(Self::Block { range: range(own)?, except: except? });
        }
        let (namespaces, pods) = (record.get("namespaceSelector"), record.get("podSelector"));
        if namespaces.or(pods).is_none() {
            return Err("a policy for somebody whom it does not name");
        }
        let namespaces = namespaces.map(|one| Selector::read(Some(one))).transpose()?;
        Ok(Self::Pods { namespaces, pods: Selector::read(pods)? })
    }

    /// Whether so much of a block is left that it stands for whoever is on the Internet.
    fn is_wide(range: &Cidr, except: &[Cidr]) -> bool {
        range.is_wide() && range.without(except)
    }
}

impl Selector {
    fn read(selector: Option<&Value>) -> Result<Self, &'static str> {
        let Some(selector) = selector.filter(|one| !one.is_null()) else { return Ok(Self::default()) };
        let expression = |one: &Value| {
            let operator = match text(one, "operator")? {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => return None,
            };
            let values = list(one, "values").filter_map(Value::as_str).map(str::to_owned).collect();
            Some((text(one, "key")?.to_owned(), operator, values))
        };
        let expressions: Option<Vec<_>> = list(selector, "matchExpressions").map(expression).collect();
        let expressions = expressions.ok_or("a policy with a selector that can not be read")?;
        Ok(Self { labels: labels(selector.get("matchLabels")), expressions })
    }

    fn selects(&self, own: &BTreeMap<String, String>) -> bool {
        let fits = |(key, operator, values): &(String, Operator, BTreeSet<String>)| {
            let value = own.get(key);
            match operator {
                Operator::In => value.is_some_and(|value| values.contains(value)),
                Operator::NotIn => value.is_none_or(|value| !values.contains(value)),
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
            }
        };
        self.labels.iter().all(|(key, value)| own.get(key) == Some(value))
            && self.expressions.iter().all(fits)
    }
}

impl Dump {
    /// Whether the policies of its namespace let something in to a port of a pod.
    pub(super) fn lets_in(&self, (place, pod): (&Place, &Pod), port: &Port, from: From) -> bool {
        let namespace = &place.0;
        let own = (namespace.clone(), String::new());
        let all = self.policies.range(own..).take_while(|((own, _), _)| own == namespace);
        let mut selecting = all.map(|(_, policy)| policy).filter(|one| one.selector.selects(&pod.labels));
        let Some(first) = selecting.next().filter(|_| !pod.on_host_network) else { return true };
        let rules = std::iter::once(first).chain(selecting).flat_map(|policy| &policy.rules);
        rules.filter(|rule| rule.is_for(port)).any(|rule| {
            rule.from.is_empty() || rule.from.iter().any(|peer| self.is_meant(peer, namespace, from))
        })
    }

    /// Whether a peer of a rule is, or may be, where something comes from.
    fn is_meant(&self, peer: &Peer, namespace: &str, from: From) -> bool {
        match (peer, from) {
            (_, From::Anybody) | (Peer::Block { .. }, From::Fronts) => true,
            (Peer::Block { range, except }, From::Internet) => Peer::is_wide(range, except),
            (Peer::Block { range, except }, From::Nodes) => {
                let excepted = |own: &Cidr| except.iter().any(|except| except.holds(own));
                let mut nodes = self.nodes.values().flat_map(|node| &node.addresses);
                Peer::is_wide(range, except) || nodes.any(|own| range.holds(own) && !excepted(own))
            }
            (Peer::Pods { .. }, From::Internet | From::Nodes) => false,
            // Where nobody tells what stands before the cluster, it may be any of its pods.
            (Peer::Pods { namespaces, pods }, From::Fronts) => {
                let of = |own: &str| match namespaces {
                    None => own == namespace,
                    Some(selector) => selector.selects(&self.labels_of_namespace(own)),
                };
                let fits = |(own, fronts): (&String, &Fronts)| {
                    of(own) && fronts.values().any(|own| pods.selects(own))
                };
                self.fronts.is_empty() || self.fronts.iter().any(fits)
            }
        }
    }

    /// Its labels, with the one that each namespace has.
    fn labels_of_namespace(&self, name: &str) -> BTreeMap<String, String> {
        let mut all = self.namespaces.get(name).cloned().unwrap_or_default();
        all.insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
        all
    }
}
