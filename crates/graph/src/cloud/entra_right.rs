//! What roles of a directory and permissions of Microsoft Graph let their holder take over, under `BloodHound`'s names.
//!
//! Microsoft Learn, "Microsoft Entra built-in roles" and "Microsoft Graph permissions reference"; ids are the same in every
//! tenant.

/// What a right is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Over {
    /// The directory as a whole.
    Tenant,
    /// Applications and their service principals.
    Applications,
    /// Users without a role of their own.
    Users,
    /// Groups that hold no role of the directory.
    Groups,
}

/// A role's id, what it is over, the edge.
pub(super) const ROLES: [(&str, Over, &str); 14] = [
    ("62e90394-69f5-4237-9190-012177145e10", Over::Tenant, "AZGlobalAdmin"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", Over::Tenant, "AZPrivilegedRoleAdmin"),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", Over::Tenant, "AZPrivilegedAuthAdmin"),
    // Partner Tier2 Support may reset anybody's password; Hybrid Identity Administrator what synchronizes.
    ("e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8", Over::Tenant, "AZPrivilegedAuthAdmin"),
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", Over::Applications, "AZAppAdmin"),
    ("158c047a-c907-4556-b7ef-446551a6b5f7", Over::Applications, "AZCloudAppAdmin"),
    ("8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", Over::Applications, "AZAppAdmin"),
    // User, Authentication, Helpdesk and Password Administrator.
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", Over::Users, "AZResetPassword"),
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", Over::Users, "AZResetPassword"),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", Over::Users, "AZResetPassword"),
    ("966707d0-3269-4727-9be2-8c3a10f19b9d", Over::Users, "AZResetPassword"),
    // User and Groups Administrator, Directory Writers.
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", Over::Groups, "AZAddMembers"),
    ("fdd7a751-b60b-444a-984c-02652fe8fa1c", Over::Groups, "AZAddMembers"),
    ("9360feb5-f418-4baa-8175-e2a00bac4301", Over::Groups, "AZAddMembers"),
];

/// A permission's id and value, what it is over, the edge.
pub(super) const PERMISSIONS: [(&str, &str, Over, &str); 6] = [
    (
        "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
        "RoleManagement.ReadWrite.Directory",
        Over::Tenant,
        "AZMGGrantRole",
    ),
    (
        "06b708a9-e830-4db3-a914-8e69da51d44f",
        "AppRoleAssignment.ReadWrite.All",
        Over::Tenant,
        "AZMGGrantAppRoles",
    ),
    (
        "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
        "Application.ReadWrite.All",
        Over::Applications,
        "AZMGAddSecret",
    ),
    ("19dbc75e-c2e2-444c-a770-ec69d8559fc7", "Directory.ReadWrite.All", Over::Groups, "AZMGAddMember"),
    ("62a82d76-70ea-41e2-9197-370581804d09", "Group.ReadWrite.All", Over::Groups, "AZMGAddMember"),
    ("dbaae8cf-10b5-4b86-a4a1-f871c94c6695", "GroupMember.ReadWrite.All", Over::Groups, "AZMGAddMember"),
];

/// What a role of the tenant's own making may, by its actions.
pub(super) const ACTIONS: [(&str, Over, &str); 4] = [
    ("microsoft.directory/applications/credentials/update", Over::Applications, "AZAddSecret"),
    ("microsoft.directory/servicePrincipals/credentials/update", Over::Applications, "AZAddSecret"),
    ("microsoft.directory/users/password/update", Over::Users, "AZResetPassword"),
    ("microsoft.directory/groups/members/update", Over::Groups, "AZAddMembers"),
];
