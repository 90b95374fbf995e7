//! Whose keys these are: a key that another tenant names never enters.

use crate::directory::Directory;
use crate::{Fact, ForeignInput, Link, Observation};
use homeostat_core::{EntityKey, EntityKind, TenantId};

impl Directory {
    /// The facts of `observation` with their keys named as this tenant names them.
    pub(crate) fn at_home(&self, observation: &Observation) -> Result<Vec<Fact>, ForeignInput> {
        let tenant = self.tenant.as_ref().ok_or(ForeignInput::NoTenant)?;
        if observation.tenant != *tenant {
            return Err(ForeignInput::OtherTenant);
        }
        let own =
            |(entry, fact): (usize, &Fact)| own_fact(tenant, fact).ok_or(ForeignInput::ForeignKey { entry });
        observation.facts.iter().enumerate().map(own).collect()
    }
}

fn own_fact(tenant: &TenantId, fact: &Fact) -> Option<Fact> {
    Some(match fact {
        Fact::Link(link) => {
            let (a, b) = (own_key(tenant, &link.a)?, own_key(tenant, &link.b)?);
            Fact::Link(Link { a, b, ..link.clone() })
        }
        Fact::Class(key, class) => Fact::Class(own_key(tenant, key)?, *class),
        Fact::Retract(link) => Fact::Retract(*link),
        Fact::Restore(link) => Fact::Restore(*link),
    })
}

/// `key` as `tenant` names it: what the tenant itself names may come unscoped; `None` for another tenant's key.
pub(crate) fn own_key(tenant: &TenantId, key: &EntityKey) -> Option<EntityKey> {
    let named_by_tenant = matches!(
        key.kind(),
        EntityKind::Upn
            | EntityKind::Email
            | EntityKind::Hostname
            | EntityKind::Fqdn
            | EntityKind::Mac
            | EntityKind::AccessKey
            | EntityKind::MessageId
            | EntityKind::Image
    );
    let unscoped = key.scope() == EntityKey::UNSCOPED;
    if unscoped && (named_by_tenant || key.kind() == EntityKind::Ip) {
        return EntityKey::new(key.kind(), tenant.as_str(), key.value()).ok();
    }
    (!named_by_tenant || key.scope() == tenant.as_str()).then(|| key.clone())
}
