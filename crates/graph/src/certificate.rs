//! What certificates let principals of a directory become: the escalations known as ESC1, 3, 4, 6, 9, 10 and 13, and forged ones.
//!
//! Schroeder and Christensen, "Certified Pre-Owned" (2021); BloodHound's documentation says of each edge what it needs. A
//! certificate is good for a domain when the authority that signs it stands in the domain's store for logging on and its
//! chain ends at a root of the domain. An escalation comes out only for who has all of its parts, by itself or through
//! groups, and at the group that has them where one has.

use crate::sharp_hound::{SharpHound, list, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Ids = BTreeSet<String>;

/// What was read of certificate services.
#[derive(Clone, Debug, Default)]
pub(crate) struct Certificates {
    templates: BTreeMap<String, Template>,
    authorities: BTreeMap<String, Authority>,
    /// Per domain: thumbprints of its roots, and of those good for logging on.
    roots: BTreeMap<String, Ids>,
    logon: BTreeMap<String, Ids>,
    /// Issuance policies by their number: the group whose rights they give.
    policies: BTreeMap<String, String>,
    /// Who may write what of which user or computer: controllers by victim.
    controlled: BTreeMap<String, Victim>,
    /// Some domain controller takes a certificate that does not tell whose it is.
    weak_binding: bool,
    /// Some takes the name in it for the account's.
    name_mapping: bool,
}

#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "flags as the directory has them")]
struct Template {
    enroll: Ids,
    /// Who can write all of it, who its attributes, and who single flags.
    control: Ids,
    write: Ids,
    name_flag: Ids,
    enrollment_flag: Ids,
    approval: bool,
    logon: bool,
    supplied: bool,
    unbound: bool,
    schema: i64,
    signatures: i64,
    user_name: bool,
    host_name: bool,
    usages: Ids,
    signed_by: Ids,
    policies: Ids,
}

#[derive(Clone, Debug, Default)]
struct Authority {
    chain: Ids,
    thumbprint: String,
    enroll: Ids,
    templates: Ids,
    host: Option<String>,
    any_name: bool,
    restricted: bool,
}

#[derive(Clone, Debug, Default)]
struct Victim {
    computer: bool,
    controllers: Ids,
}

/// Asking for a certificate on behalf of others; Microsoft, "Certificate Request Agent".
const AGENT: &str = "1.3.6.1.4.1.311.20.2.1";
/// Any purpose.
const ANY: &str = "2.5.29.37.0";

/// Rights over an object that give all of it.
const CONTROL: [&str; 5] = ["GenericAll", "Owns", "Owner", "WriteDacl", "WriteOwner"];

impl Template {
    fn new(object: &Value) -> Self {
        let property = |name: &str| object.get("Properties").and_then(|all| all.get(name));
        let is = |name: &str| property(name) == Some(&Value::Bool(true));
        let number = |name: &str| property(name).and_then(Value::as_i64).unwrap_or_default();
        let texts = |name: &str| -> Ids {
            let all = property(name).and_then(Value::as_array).into_iter().flatten();
            all.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let mut usages = texts("effectiveekus");
        usages.extend(texts("ekus"));
        let mut policies = texts("certificatepolicy");
        policies.extend(texts("issuancepolicies"));
        Self {
            enroll: holders(object, &["Enroll", "AllExtendedRights", "GenericAll"]),
            control: holders(object, &CONTROL),
            write: holders(object, &["GenericWrite"]),
            name_flag: holders(object, &["WritePKINameFlag"]),
            enrollment_flag: holders(object, &["WritePKIEnrollmentFlag"]),
            approval: is("requiresmanagerapproval"),
            logon: is("authenticationenabled"),
            supplied: is("enrolleesuppliessubject"),
            unbound: is("nosecurityextension"),
            schema: number("schemaversion"),
            signatures: number("authorizedsignatures"),
            user_name: is("subjectaltrequireupn") || is("subjectaltrequirespn"),
            host_name: is("subjectaltrequiredns"),
            usages,
            signed_by: texts("applicationpolicies"),
            policies,
        }
    }

    /// Whether who may enroll gets a certificate without asking anybody.
    fn open(&self) -> bool {
        !self.approval && (self.schema < 2 || self.signatures == 0)
    }

    fn agent(&self) -> bool {
        self.usages.contains(AGENT) || self.usages.contains(ANY)
    }

    /// Whether an agent gets one for somebody else.
    fn on_behalf(&self) -> bool {
        let signed = self.signatures == 1 && self.signed_by.contains(AGENT);
        self.logon && !self.approval && (self.schema < 2 || signed)
    }
}

/// Who has some of these rights by the object's own list.
fn holders(object: &Value, rights: &[&str]) -> Ids {
    let fits = |ace: &&Value| text(ace, "RightName").is_some_and(|right| rights.contains(&right));
    let who = list(object, "Aces").filter(fits).filter_map(|ace| text(ace, "PrincipalSID"));
    who.map(str::to_owned).collect()
}

impl Certificates {
    /// Takes in an object of `kind`, when it is about certificates or may be somebody's stepping stone.
    pub(crate) fn object(&mut self, kind: &str, id: &str, object: &Value) {
        let property = |name: &str| object.get("Properties").and_then(|all| all.get(name));
        let domain = || property("domainsid").and_then(Value::as_str).unwrap_or_default().to_owned();
        let print = || property("certthumbprint").and_then(Value::as_str).map(str::to_owned);
        match kind {
            "certtemplates" => drop(self.templates.insert(id.to_owned(), Template::new(object))),
            "enterprisecas" => {
                self.authorities.entry(id.to_owned()).or_default().read(object, print().unwrap_or_default());
            }
            "rootcas" => self.roots.entry(domain()).or_default().extend(print()),
            "ntauthstores" => {
                let prints = property("certthumbprints").and_then(Value::as_array).into_iter().flatten();
                let prints = prints.filter_map(Value::as_str).map(str::to_owned);
                self.logon.entry(domain()).or_default().extend(prints);
            }
            "issuancepolicies" => {
                let group = object.get("GroupLink").and_then(|link| text(link, "ObjectIdentifier"));
                let number = property("certtemplateoid").and_then(Value::as_str);
                if let Some((number, group)) = number.zip(group) {
                    self.policies.insert(number.to_owned(), group.to_owned());
                }
            }
            "users" | "computers" => self.account(kind, id, object),
            _ => {}
        }
    }

    fn account(&mut self, kind: &str, id: &str, object: &Value) {
        let mut rights = CONTROL.to_vec();
        rights.push("GenericWrite");
        let controllers = holders(object, &rights);
        if !controllers.is_empty() {
            let victim = self.controlled.entry(id.to_owned()).or_default();
            victim.computer = kind == "computers";
            victim.controllers.extend(controllers);
        }
        let registry = |name: &str| {
            let told = object.get("DCRegistryData").and_then(|data| data.get(name))?;
            told.get("Value").unwrap_or(told).as_i64()
        };
        // 2 refuses what is not bound to an account; 4 is the bit for mapping by name. Microsoft, KB5014754.
        self.weak_binding |= registry("StrongCertificateBindingEnforcement").is_some_and(|value| value < 2);
        self.name_mapping |= registry("CertificateMappingMethods").is_some_and(|value| value & 4 != 0);
    }

    /// Whether certificates that this authority signs log on to `domain`.
    fn good_for(&self, authority: &Authority, domain: &str) -> bool {
        let rooted = self.roots.get(domain).is_some_and(|roots| !roots.is_disjoint(&authority.chain));
        rooted && self.logon.get(domain).is_some_and(|prints| prints.contains(&authority.thumbprint))
    }
}

impl Authority {
    fn read(&mut self, object: &Value, thumbprint: String) {
        let chain = object.get("Properties").and_then(|all| all.get("certchain")).and_then(Value::as_array);
        self.chain.extend(chain.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        self.chain.insert(thumbprint.clone());
        self.thumbprint = thumbprint;
        let registry = object.get("CARegistryData");
        let part = |name: &str| registry.and_then(|data| data.get(name));
        let told = part("CASecurity").filter(|told| told.get("Collected") == Some(&Value::Bool(true)));
        let enroll = |ace: &&Value| text(ace, "RightName") == Some("Enroll");
        self.enroll = match told {
            Some(told) => {
                let who = list(told, "Data").filter(enroll).filter_map(|ace| text(ace, "PrincipalSID"));
                who.map(str::to_owned).collect()
            }
            None => holders(object, &["Enroll", "AllExtendedRights", "GenericAll"]),
        };
        let published = list(object, "EnabledCertTemplates").filter_map(|one| text(one, "ObjectIdentifier"));
        self.templates.extend(published.map(str::to_owned));
        self.host = text(object, "HostingComputer").map(str::to_owned);
        let any_name = part("IsUserSpecifiesSanEnabled").and_then(|told| told.get("Value"));
        self.any_name = any_name == Some(&Value::Bool(true));
        let restricted = part("EnrollmentAgentRestrictions").map(|told| list(told, "Restrictions").count());
        self.restricted = restricted.is_some_and(|count| count > 0);
    }
}

/// Edges found: who, to what, of which kind.
type Found = BTreeSet<(String, String, &'static str)>;

/// Who meets what an authority asks for, while its templates are gone through.
struct Desk<'a> {
    hound: &'a SharpHound,
    domain: &'a str,
    enroll: BTreeSet<&'a str>,
}

impl<'a> Desk<'a> {
    fn members(&self, holders: &'a Ids) -> BTreeSet<&'a str> {
        self.hound.with_members(holders)
    }

    /// Adds an edge for all that are in each of `parts`, at the group that is in each where there is one.
    fn add(&self, parts: &[&BTreeSet<&'a str>], to: &str, kind: &'static str, found: &mut Found) {
        let Some((first, rest)) = parts.split_first() else { return };
        let all: BTreeSet<&str> =
            first.iter().copied().filter(|who| rest.iter().all(|part| part.contains(who))).collect();
        let least = all.iter().filter(|who| !self.hound.groups(who).any(|group| all.contains(group)));
        found.extend(least.map(|who| ((*who).to_owned(), to.to_owned(), kind)));
    }
}

impl SharpHound {
    /// All edges that certificates give.
    pub(crate) fn escalations(&self) -> Found {
        let (mut found, own) = (Found::new(), &self.certificates);
        for domain in own.logon.keys() {
            for authority in own.authorities.values().filter(|authority| own.good_for(authority, domain)) {
                if let Some(host) = &authority.host {
                    found.insert((host.clone(), domain.clone(), "GoldenCert"));
                }
                let desk = Desk { hound: self, domain, enroll: self.with_members(&authority.enroll) };
                let templates = || authority.templates.iter().filter_map(|id| own.templates.get(id));
                let on_behalf = !authority.restricted && templates().any(Template::on_behalf);
                for template in templates() {
                    let enroll = desk.members(&template.enroll);
                    self.own_name(&desk, (authority, template), &enroll, &mut found);
                    self.others_name(&desk, template, &enroll, &mut found);
                    if on_behalf && template.agent() && template.open() {
                        desk.add(&[&desk.enroll, &enroll], domain, "ADCSESC3", &mut found);
                    }
                    writing(&desk, template, &enroll, &mut found);
                }
            }
        }
        found
    }

    /// Certificates that the one who enrolls uses as they are.
    fn own_name<'a>(
        &self,
        desk: &Desk<'a>,
        (authority, template): (&Authority, &Template),
        enroll: &BTreeSet<&'a str>,
        found: &mut Found,
    ) {
        if !template.logon || !template.open() {
            return;
        }
        let own = &self.certificates;
        let both = [&desk.enroll, enroll];
        if template.supplied {
            desk.add(&both, desk.domain, "ADCSESC1", found);
        }
        if authority.any_name && own.weak_binding && template.unbound {
            desk.add(&both, desk.domain, "ADCSESC6a", found);
        }
        if authority.any_name && own.name_mapping {
            desk.add(&both, desk.domain, "ADCSESC6b", found);
        }
        for group in template.policies.iter().filter_map(|number| own.policies.get(number)) {
            desk.add(&both, group, "ADCSESC13", found);
        }
    }

    /// Certificates for an account whose name somebody else can write.
    fn others_name<'a>(
        &'a self,
        desk: &Desk<'a>,
        template: &Template,
        enroll: &BTreeSet<&'a str>,
        found: &mut Found,
    ) {
        let own = &self.certificates;
        let nine = template.unbound && own.weak_binding;
        if !template.logon || !template.open() || !(nine || own.name_mapping) {
            return;
        }
        for (id, victim) in &own.controlled {
            let named = if victim.computer { template.host_name } else { template.user_name };
            if !named || !enroll.contains(id.as_str()) || !desk.enroll.contains(id.as_str()) {
                continue;
            }
            let kinds =
                if victim.computer { ["ADCSESC9b", "ADCSESC10b"] } else { ["ADCSESC9a", "ADCSESC10a"] };
            let controllers = victim.controllers.iter().map(String::as_str).collect();
            for (kind, _) in kinds.into_iter().zip([nine, own.name_mapping]).filter(|(_, holds)| *holds) {
                desk.add(&[&controllers], desk.domain, kind, found);
            }
        }
    }
}

/// Templates that somebody can write so that they give any name.
fn writing<'a>(desk: &Desk<'a>, template: &'a Template, enroll: &BTreeSet<&'a str>, found: &mut Found) {
    let mut add = |parts: &[&BTreeSet<&'a str>]| desk.add(parts, desk.domain, "ADCSESC4", found);
    add(&[&desk.enroll, &desk.members(&template.control)]);
    add(&[&desk.enroll, enroll, &desk.members(&template.write)]);
    if !template.logon || (template.schema > 1 && template.signatures > 0) {
        return;
    }
    let (name, enrollment) = (desk.members(&template.name_flag), desk.members(&template.enrollment_flag));
    match (template.supplied, template.approval) {
        (false, false) => add(&[&desk.enroll, enroll, &name]),
        (true, true) => add(&[&desk.enroll, enroll, &enrollment]),
        (false, true) => add(&[&desk.enroll, enroll, &name, &enrollment]),
        (true, false) => {}
    }
}
