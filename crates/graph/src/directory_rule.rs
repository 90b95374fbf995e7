//! What the edges of a directory are worth: which can be followed alone, how likely, and what tier zero is.
//!
//! Kinds are those of BloodHound's documentation ("Edges", "Traversable and non-traversable edges"). Chances are
//! this crate's own estimates by what following the edge takes. Tier zero: Microsoft, "Appendix C: Protected
//! Accounts and Groups in Active Directory", and the key administrators, who may write the keys of accounts.

/// Kinds that give control only together with others.
const NOT_ALONE: [&str; 34] = [
    "CrossForestTrust",
    "DelegatedEnrollmentAgent",
    "Enroll",
    "EnrollOnBehalfOf",
    "EnterpriseCAFor",
    "ExtendedByPolicy",
    "GetChanges",
    "GetChangesAll",
    "GetChangesInFilteredSet",
    "HostsCAService",
    "IssuedSignedBy",
    "LocalToComputer",
    "MemberOfLocalGroup",
    "NTAuthStoreFor",
    "OIDGroupLink",
    "OwnsRaw",
    "ProtectAdminGroups",
    "PublishedTo",
    "RemoteInteractiveLogonRight",
    "RootCAFor",
    "TrustedBy",
    "TrustedForNTAuth",
    "WriteOwnerRaw",
    "WritePKIEnrollmentFlag",
    "WritePKINameFlag",
    "AZRoleApprover",
    "AZRoleEligible",
    "AZMGAppRoleAssignment_ReadWrite_All",
    "AZMGApplication_ReadWrite_All",
    "AZMGDirectory_ReadWrite_All",
    "AZMGGroupMember_ReadWrite_All",
    "AZMGGroup_ReadWrite_All",
    "AZMGRoleManagement_ReadWrite_Directory",
    "AZMGServicePrincipalEndpoint_ReadWrite_All",
];

/// Whether whoever follows an edge of this kind controls its end. A kind that is not known is taken for one that does.
pub(crate) fn is_traversable(kind: &str) -> bool {
    !NOT_ALONE.contains(&kind)
}

/// How likely following an edge of this kind succeeds.
pub(crate) fn probability(kind: &str) -> f64 {
    match kind {
        // Membership and containment take no step of their own.
        "MemberOf" | "Contains" | "GPLink" | "SameForestTrust" | "DCFor" | "SyncedToADUser"
        | "SyncedToEntraUser" => 0.99,
        // A session must be there when the machine is taken over.
        "HasSession" => 0.5,
        // Logging on is not yet control over the machine; delegation and coercion need somebody to connect.
        "CanRDP" | "CanPSRemote" | "ExecuteDCOM" | "SQLAdmin" | "CoerceToTGT" | "AllowedToDelegate"
        | "AllowedToAct" => 0.6,
        kind if kind.starts_with("CoerceAndRelay") => 0.4,
        kind if kind.starts_with("ADCSESC") => 0.8,
        _ => 0.9,
    }
}

/// The last numbers of the identifiers of tier-zero accounts and groups. Read-only domain controllers (521) are left out:
/// they hold no more secrets than they are trusted with.
const TIER_ZERO: [&str; 13] =
    ["-500", "-502", "-512", "-516", "-518", "-519", "-526", "-527", "-544", "-548", "-549", "-550", "-551"];

/// Whether `id` is that of an account or group that controls its domain.
pub(crate) fn is_tier_zero(id: &str) -> bool {
    let in_domain = id.starts_with("S-1-5-21-") || id.contains("S-1-5-32-");
    (in_domain && TIER_ZERO.iter().any(|end| id.ends_with(end))) || id.ends_with("S-1-5-9")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_tell_tier_zero() {
        for (id, tier_zero) in [
            ("S-1-5-21-1-2-3-512", true),
            ("S-1-5-21-1-2-3-1512", false),
            ("S-1-5-21-1-2-3-513", false),
            ("ACME.EXAMPLE-S-1-5-32-544", true),
            ("ACME.EXAMPLE-S-1-5-32-545", false),
            ("ACME.EXAMPLE-S-1-5-9", true),
            ("A-512", false),
        ] {
            assert_eq!(is_tier_zero(id), tier_zero, "{id}");
        }
    }
}
