//! Accounts, groups, rights, and whatever else a directory or the machine manages.

use super::log::{Item, Log};
use super::party::{SUBJECT, TARGET, TARGET_ACCOUNT, actor_of, to_number, user_of};
use super::words::{is_zero, list};
use homeostat_event::{Event, Group, Head, ManagedEntity, NetworkEndpoint, Policy, Str, User};
use std::borrow::Cow;

impl Log<'_, '_> {
    /// Class 3001.
    pub(super) fn account(&self, head: Head) -> Option<Event> {
        // A new name is told beside the old one, which is whose account it was.
        let renamed = self.data("OldTargetUserName").is_some();
        let old = || self.user(["TargetSid", "OldTargetUserName", "TargetDomainName"]);
        let mut user = if renamed { old() } else { self.user(TARGET_ACCOUNT).or_else(|| self.user(TARGET)) };
        if let Some(user) = &mut user {
            user.set_display_name(self.take("DisplayName"));
            let name =
                self.data("UserPrincipalName").filter(|name| name.look().is_some_and(|text| is_mail(&text)));
            user.set_email_addr(name.and_then(|name| name.take()));
        }
        let mut event = Event::account_change(head, user.or_else(|| self.user(SUBJECT))?);
        if let Some(name) = self.take("NewTargetUserName") {
            event.set_user_result(User::named(name));
        }
        self.by_subject(&mut event);
        Some(event)
    }

    /// What of an account an event that only says `changed` has changed, where the schema numbers it.
    pub(super) fn change_of_account(&self) -> Option<u32> {
        let control = self.look("UserAccountControl").unwrap_or_default();
        match () {
            () if control.contains("%%2080") => Some(5),
            () if control.contains("%%2048") => Some(2),
            () if self.data("PasswordLastSet").is_some() => Some(3),
            () => None,
        }
    }

    /// Class 3006.
    pub(super) fn group(&self, head: Head) -> Option<Event> {
        let mut event = Event::group_management(head, self.group_told()?);
        event.set_user(self.member());
        event.set_privileges(self.privileges());
        self.by_subject(&mut event);
        Some(event)
    }

    /// The member, whom a directory tells by its distinguished name.
    fn member(&self) -> Option<User> {
        let (sid, name) = (self.data("MemberSid"), self.data("MemberName"));
        let text = name.and_then(|name| name.look());
        let common = text.as_deref().and_then(common_name);
        let Some(common) = common else { return user_of(sid, name, None) };
        let mut user = user_of(sid, None, None).unwrap_or_else(|| User::named(common));
        user.set_name(common).set_uid_alt(name.and_then(|name| name.take()));
        Some(user)
    }

    fn group_told(&self) -> Option<Group> {
        let group = self.user(TARGET_ACCOUNT).or_else(|| self.user(TARGET))?;
        let mut told = match (group.uid(), group.name()) {
            (Some(uid), _) => Group::of_uid(uid),
            (None, Some(name)) => Group::named(name),
            (None, None) => return None,
        };
        told.set_name(group.name()).set_domain(group.domain()).set_kind(self.take("GroupTypeChange"));
        Some(told)
    }

    fn privileges(&self) -> Vec<Str> {
        let text = self.any(&["PrivilegeList", "AccessGranted", "AccessRemoved"]);
        let text = text.and_then(|field| field.copy());
        text.map(|text| list(&text).map(Str::from).collect()).unwrap_or_default()
    }

    /// Class 3005.
    pub(super) fn access(&self, head: Head) -> Option<Event> {
        let mut rights = self.privileges().into_iter();
        let first = rights.next()?;
        let user = self.user(TARGET_ACCOUNT).or_else(|| self.user(TARGET))?;
        let mut event = Event::user_access(head, user, first.clone());
        event.set_privileges(core::iter::once(first).chain(rights).collect::<Vec<_>>());
        self.by_subject(&mut event);
        Some(event)
    }

    /// Class 3004: what is managed is told by one of many fields, else it is `what` itself.
    pub(super) fn entity(&self, head: Head, what: &'static str) -> Event {
        let mut entity = self.entity_told(what);
        if what == "user account" {
            let user = self.user(TARGET_ACCOUNT).or_else(|| self.user(TARGET));
            entity.set_user(user).set_type_id(2).set_kind("User");
        } else if what == "group" {
            entity.set_group(self.group_told()).set_type_id(3).set_kind("Group");
        } else if what.ends_with("policy") {
            entity.set_policy(Policy::named(what)).set_type_id(5).set_kind("Policy");
        } else {
            entity.set_type_id(99).set_kind(what);
        }
        let mut event = Event::entity_management(head, entity);
        self.by_subject(&mut event);
        if event.actor_told().is_none() {
            let user = self.full_user(&["UserName", "ModifyingUser", "User"]);
            event.set_actor(actor_of(user, None, None).unwrap_or_else(|| self.some_actor()));
        }
        event.set_access_mask(self.data("AccessMask").and_then(to_number));
        event.set_access_list(self.rights_used());
        event
    }

    /// The rights an access used, and of a directory object the properties it touched.
    pub(super) fn rights_used(&self) -> Vec<Str> {
        let fields =
            ["AccessList", "Properties", "PrivilegeList"].into_iter().filter_map(|name| self.data(name));
        let mut rights: Vec<Str> = Vec::new();
        for text in fields.filter_map(|field| field.copy()) {
            for right in list(&text).map(Str::from) {
                if !rights.contains(&right) {
                    rights.push(right);
                }
            }
        }
        rights
    }

    fn entity_told(&self, what: &'static str) -> ManagedEntity {
        const NAMES: [&str; 12] = [
            "ObjectName",
            "ObjectDN",
            "NewObjectDN",
            "ShareName",
            "RuleName",
            "FilterName",
            "DomainName",
            "TargetName",
            "ProviderContextName",
            "SubLayerName",
            "AuditSourceName",
            "LogonProcessName",
        ];
        const IDS: [&str; 7] = [
            "ObjectGUID",
            "RuleId",
            "FilterKey",
            "DomainSid",
            "SubcategoryGuid",
            "PuaPolicyId",
            "EventSourceId",
        ];
        let name = self.any(&NAMES).and_then(|name| name.take());
        let uid = self.any(&IDS).filter(|id| id.look().is_some_and(|text| !is_zero(&text)));
        let mut entity = match uid.and_then(|uid| uid.take()) {
            Some(uid) => ManagedEntity::of_uid(uid),
            None => ManagedEntity::named(name.clone().unwrap_or(Cow::Borrowed(what))),
        };
        entity.set_name(name.unwrap_or(Cow::Borrowed(what)));
        entity
    }

    /// Who did it, in which session, from where, on which machine.
    pub(super) fn by_subject(&self, event: &mut Event) {
        let process = self.process(super::party::ACTING).filter(|process| process.pid() != Some(0));
        event.set_actor(actor_of(self.user(SUBJECT), process, self.session("SubjectLogonId")));
        event.set_device(self.device()).set_src_endpoint(self.client());
    }

    /// Class 3001 of a lock-out, which names the caller's machine where other events name the target's domain.
    pub(super) fn lock_out(&self, head: Head) -> Option<Event> {
        let mut user = self.user(["TargetSid", "TargetUserName", ""])?;
        user.set_domain(self.look("SubjectDomainName"));
        let mut event = Event::account_change(head, user);
        self.by_subject(&mut event);
        let caller = self.data("TargetDomainName").and_then(super::party::machine_name);
        event.set_src_endpoint(caller.map(NetworkEndpoint::of_hostname));
        Some(event)
    }

    /// The provider's own name for the log it speaks of.
    pub(super) fn log_name(&self) -> Cow<'_, str> {
        let told = self.any(&["Channel", "LogName"]).and_then(|name| name.look());
        let own = || self.item(Item::Channel).and_then(|name| name.look());
        told.or_else(own).unwrap_or(Cow::Borrowed("unknown"))
    }
}

/// `CN=Jane Doe,OU=…` → `Jane Doe`.
fn common_name(text: &str) -> Option<&str> {
    let rest = text.get(..3).filter(|start| start.eq_ignore_ascii_case("CN="))?;
    text.get(rest.len()..)?.split(',').next().filter(|name| !name.is_empty())
}

/// Whether a principal's name is of the form of a mail address.
fn is_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'))
}
