//! Elements of the sets: which ones a request means, and which ones stand in the kernel, with whose mark.

use homeostat_response::Request;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One element: the set without its family, and one address or a pair.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Element {
    pub(crate) set: String,
    pub(crate) key: Vec<IpAddr>,
}

/// What stands in the kernel under one element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The comment: the id of the action that put it there.
    pub(crate) mark: String,
    /// Seconds until the kernel takes it out; `None` when it never does.
    pub(crate) expires: Option<u64>,
}

impl Element {
    fn new(stem: &str, key: Vec<IpAddr>) -> Self {
        let family = if key.iter().all(IpAddr::is_ipv4) { '4' } else { '6' };
        Self { set: format!("{stem}{family}"), key }
    }

    pub(crate) fn blocked(address: IpAddr) -> Self {
        Self::new("blocked", vec![address])
    }

    /// `host` cut off, but for its flows to and from `peers` of its own family.
    pub(crate) fn isolated(host: IpAddr, peers: &[IpAddr]) -> Vec<Self> {
        let same = peers.iter().filter(|peer| peer.is_ipv4() == host.is_ipv4());
        let mut all: Vec<Self> = same.map(|peer| Self::new("permitted", vec![host, *peer])).collect();
        all.push(Self::new("isolated", vec![host]));
        all.sort();
        all.dedup();
        all
    }

    /// The element as a statement of `nft` takes it.
    pub(crate) fn text(&self) -> String {
        let key: Vec<String> = self.key.iter().map(IpAddr::to_string).collect();
        key.join(" . ")
    }
}

/// The address that a request is aimed at: its target's id, or else what is known as its `ip`.
pub(crate) fn address(request: &Request) -> Option<IpAddr> {
    let target = &request.target;
    target.id.parse().ok().or_else(|| target.attrs.get("ip")?.parse().ok())
}

/// The addresses of one argument; `None` when one of them is none.
pub(crate) fn addresses(request: &Request, name: &str) -> Option<Vec<IpAddr>> {
    let given = request.args.get(name).map(Vec::as_slice).unwrap_or_default();
    given.iter().map(|text| text.parse().ok()).collect()
}

/// The elements of all sets in what `nft -j list table` prints. `None` when it is no such listing.
pub(crate) fn standing(listing: &str) -> Option<BTreeMap<Element, Standing>> {
    let listing: Value = serde_json::from_str(listing).ok()?;
    let mut all = BTreeMap::new();
    for set in listing.get("nftables")?.as_array()?.iter().filter_map(|object| object.get("set")) {
        let name = set.get("name")?.as_str()?;
        let elements = set.get("elem").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        all.extend(elements.iter().filter_map(|element| one(name, element)));
    }
    Some(all)
}

/// One element as it is listed: with its attributes around it, or, when it has none, by itself.
fn one(set: &str, listed: &Value) -> Option<(Element, Standing)> {
    let attributes = listed.get("elem");
    let value = attributes.map_or(Some(listed), |attributes| attributes.get("val"))?;
    let parts = value.get("concat").and_then(Value::as_array);
    let parts = parts.map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
    let key: Option<Vec<IpAddr>> = parts.iter().map(|part| part.as_str()?.parse().ok()).collect();
    let attribute = |name: &str| attributes?.get(name);
    let mark = attribute("comment").and_then(Value::as_str).unwrap_or_default().to_owned();
    let expires = attribute("expires").and_then(Value::as_u64);
    Some((Element { set: set.to_owned(), key: key? }, Standing { mark, expires }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_tells_who_put_what_there_and_for_how_long() {
        let listing = r#"{"nftables": [{"metainfo": {}}, {"set": {"name": "blocked4", "elem": [
            {"elem": {"val": "192.0.2.1", "timeout": 30, "expires": 29, "comment": "inc-7"}}, "192.0.2.2"]}},
            {"set": {"name": "permitted4", "elem": [{"elem": {"val": {"concat": ["192.0.2.1", "192.0.2.9"]},
            "expires": 5}}]}}, {"set": {"name": "blocked6"}}]}"#;
        let all = standing(listing).unwrap();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let ours = &all[&Element::blocked(address("192.0.2.1"))];
        assert_eq!((ours.mark.as_str(), ours.expires), ("inc-7", Some(29)));
        assert_eq!(all[&Element::blocked(address("192.0.2.2"))], Standing::default());
        let pair = Element::new("permitted", vec![address("192.0.2.1"), address("192.0.2.9")]);
        assert_eq!((all.len(), all[&pair].expires), (3, Some(5)));
        assert!(standing("{}").is_none() && standing("no json").is_none());
    }

    #[test]
    fn only_flows_of_the_same_family_can_be_permitted() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let peers = [address("192.0.2.9"), address("2001:db8::9"), address("192.0.2.9")];
        let all = Element::isolated(address("192.0.2.1"), &peers);
        let texts: Vec<String> = all.iter().map(|one| format!("{} {}", one.set, one.text())).collect();
        assert_eq!(texts, ["isolated4 192.0.2.1", "permitted4 192.0.2.1 . 192.0.2.9"]);
    }
}
