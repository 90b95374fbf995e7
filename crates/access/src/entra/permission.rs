//! What application permissions of Microsoft Graph come to in actions of the directory.
//!
//! Microsoft Learn, "Microsoft Graph permissions reference"; of the permissions those by which more rights can be had.
//! A permission that is not listed gives no action here.

/// A permission with the patterns of actions that it gives.
pub(super) const GIVEN: &[(&str, &[&str])] = &[
    (
        "RoleManagement.ReadWrite.Directory",
        &[
            "microsoft.directory/roleassignments/allproperties/alltasks",
            "microsoft.directory/roledefinitions/allproperties/alltasks",
            "microsoft.directory/roleeligibilityschedulerequests/allproperties/alltasks",
        ],
    ),
    (
        "AppRoleAssignment.ReadWrite.All",
        &[
            "microsoft.directory/serviceprincipals/approleassignedto/update",
            "microsoft.directory/serviceprincipals/approleassignments/update",
            "microsoft.directory/oauth2permissiongrants/allproperties/alltasks",
        ],
    ),
    (
        "Application.ReadWrite.All",
        &[
            "microsoft.directory/applications/allproperties/alltasks",
            "microsoft.directory/serviceprincipals/allproperties/alltasks",
        ],
    ),
    (
        "Application.ReadWrite.OwnedBy",
        &["microsoft.directory/applications/create", "microsoft.directory/serviceprincipals/create"],
    ),
    (
        "Group.ReadWrite.All",
        &[
            "microsoft.directory/groups.unified/allproperties/alltasks",
            "microsoft.directory/groups.security/allproperties/alltasks",
        ],
    ),
    (
        "GroupMember.ReadWrite.All",
        &[
            "microsoft.directory/groups.unified/members/update",
            "microsoft.directory/groups.security/members/update",
        ],
    ),
    (
        "User.ReadWrite.All",
        &[
            "microsoft.directory/users/basic/update",
            "microsoft.directory/users/create",
            "microsoft.directory/users/delete",
        ],
    ),
    ("UserAuthenticationMethod.ReadWrite.All", &["microsoft.directory/users/authenticationmethods/alltasks"]),
    (
        "Policy.ReadWrite.ConditionalAccess",
        &["microsoft.directory/conditionalaccesspolicies/allproperties/alltasks"],
    ),
    ("Domain.ReadWrite.All", &["microsoft.directory/domains/allproperties/alltasks"]),
    (
        "Directory.ReadWrite.All",
        &[
            "microsoft.directory/users/basic/update",
            "microsoft.directory/users/create",
            "microsoft.directory/groups.unified/allproperties/alltasks",
            "microsoft.directory/groups.security/allproperties/alltasks",
            "microsoft.directory/administrativeunits/allproperties/alltasks",
        ],
    ),
];

/// Which permission of `held` gives `action`.
pub(super) fn gives<'a>(mut held: impl Iterator<Item = &'a str>, action: &str) -> Option<&'a str> {
    held.find(|own| {
        let given = GIVEN.iter().filter(|(name, _)| name.eq_ignore_ascii_case(own));
        given.flat_map(|(_, patterns)| *patterns).any(|pattern| holds(pattern, action))
    })
}

/// Whether the action `pattern` of a role holds `action`, both in lower case: `allEntities`, `allProperties` and
/// `allTasks` stand for all that could stand in their place, and `allProperties/allTasks` for whatever is done to the
/// entity.
pub(super) fn holds(pattern: &str, action: &str) -> bool {
    let (own, asked): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), action.split('/').collect());
    if let Some(entity) = own.strip_suffix(&["allproperties", "alltasks"]) {
        return asked.len() > entity.len() && same(entity, &asked);
    }
    own.len() == asked.len() && same(&own, &asked)
}

/// Whether `asked` begins as `own` says.
fn same(own: &[&str], asked: &[&str]) -> bool {
    own.iter()
        .zip(asked)
        .all(|(one, two)| one == two || ["allentities", "allproperties", "alltasks"].contains(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Microsoft Entra custom roles": an action is namespace/entity/propertySet/action.
    #[test]
    fn sets_of_properties_and_tasks_are_told_apart() {
        for (pattern, action, expected) in [
            ("microsoft.directory/users/allproperties/alltasks", "microsoft.directory/users/create", true),
            (
                "microsoft.directory/users/allproperties/alltasks",
                "microsoft.directory/users/password/update",
                true,
            ),
            (
                "microsoft.directory/users/allproperties/read",
                "microsoft.directory/users/password/update",
                false,
            ),
            (
                "microsoft.directory/users/allproperties/update",
                "microsoft.directory/users/password/update",
                true,
            ),
            (
                "microsoft.directory/users/allproperties/update",
                "microsoft.directory/groups/password/update",
                false,
            ),
            ("microsoft.directory/users/password/update", "microsoft.directory/users/password/update", true),
            ("microsoft.directory/users/create", "microsoft.directory/users/create/more", false),
            (
                "microsoft.directory/allentities/allproperties/alltasks",
                "microsoft.directory/groups/members/update",
                true,
            ),
        ] {
            assert_eq!(holds(pattern, action), expected, "{pattern} {action}");
        }
    }

    #[test]
    fn permissions_give_what_is_listed() {
        let gives = |held: &str, action: &str| gives(std::iter::once(held), action).is_some();
        assert!(gives("RoleManagement.ReadWrite.Directory", "microsoft.directory/roleassignments/create"));
        assert!(gives("Application.ReadWrite.All", "microsoft.directory/applications/credentials/update"));
        assert!(!gives("Application.Read.All", "microsoft.directory/applications/credentials/update"));
        assert!(GIVEN.iter().flat_map(|(_, it)| *it).all(|pattern| *pattern == pattern.to_lowercase()));
    }
}
