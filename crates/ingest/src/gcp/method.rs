//! Which class and activity a method of Google Cloud is.

/// A class and its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// 3001, of a service account.
    Account(u32),
    /// 3002.
    SignIn(u32),
    /// 3005, by the bindings that changed.
    Policy,
    /// 3005, of a binding of Kubernetes.
    Binding(u32),
    /// 3006.
    Group(u32),
    /// 6003.
    Call(u32),
}

/// The act of `method` at `service`; of a record without a method its permission stands for it.
pub(super) fn act_of(service: &str, method: &str) -> Act {
    let last = method.rsplit(['.', '/']).next().unwrap_or_default().to_ascii_lowercase();
    if service.starts_with("login.") {
        return Act::SignIn(if last.starts_with("logout") { 2 } else { 1 });
    }
    if method.contains(".rbac.") && method.contains("bindings.") && matches!(&*last, "create" | "delete") {
        return Act::Binding(if last == "create" { 1 } else { 2 });
    }
    match &*last {
        "setiampolicy" | "setiampermissions" => Act::Policy,
        "createserviceaccount" | "createserviceaccountkey" | "uploadserviceaccountkey" => Act::Account(1),
        "deleteserviceaccount" | "deleteserviceaccountkey" => Act::Account(6),
        "enableserviceaccount" | "undeleteserviceaccount" | "enableserviceaccountkey" => Act::Account(2),
        "disableserviceaccount" | "disableserviceaccountkey" => Act::Account(5),
        "addgroupmember" | "creategroupmembership" => Act::Group(3),
        "removegroupmember" | "deletegroupmembership" => Act::Group(4),
        "" => Act::Call(99),
        last => Act::Call(by_verb(last)),
    }
}

/// Verbs that methods begin with, and the activity. The first that fits counts.
const VERBS: &[(&str, u32)] = &[
    ("aggregatedlist", 2),
    ("analyze", 2),
    ("asymmetric", 2),
    ("authorize", 2),
    ("batchget", 2),
    ("calculate", 2),
    ("check", 2),
    ("decrypt", 2),
    ("describe", 2),
    ("download", 2),
    ("encrypt", 2),
    ("export", 2),
    ("fetch", 2),
    ("generateaccesstoken", 1),
    ("get", 2),
    ("healthz", 2),
    ("list", 2),
    ("livez", 2),
    ("lookup", 2),
    ("mac", 2),
    ("preview", 2),
    ("pull", 2),
    ("query", 2),
    ("read", 2),
    ("search", 2),
    ("sign", 2),
    ("stream", 2),
    ("test", 2),
    ("validate", 2),
    ("verify", 2),
    ("view", 2),
    ("watch", 2),
    ("accept", 3),
    ("attach", 3),
    ("automatic", 3),
    ("cancel", 3),
    ("detach", 4),
    ("change", 3),
    ("disable", 3),
    ("enable", 3),
    ("host", 3),
    ("migrate", 3),
    ("modify", 3),
    ("move", 3),
    ("patch", 3),
    ("preempted", 3),
    ("publish", 1),
    ("recreate", 3),
    ("replace", 3),
    ("reset", 3),
    ("resize", 3),
    ("resume", 3),
    ("rotate", 3),
    ("set", 3),
    ("stop", 3),
    ("suspend", 3),
    ("terminate", 3),
    ("undelete", 3),
    ("update", 3),
    ("write", 3),
    ("add", 1),
    ("batchcreate", 1),
    ("clone", 1),
    ("connect", 1),
    ("copy", 1),
    ("create", 1),
    ("deploy", 1),
    ("generate", 1),
    ("import", 1),
    ("insert", 1),
    ("restore", 1),
    ("run", 1),
    ("start", 1),
    ("submit", 1),
    ("upload", 1),
    ("delete", 4),
    ("destroy", 4),
    ("purge", 4),
    ("remove", 4),
    ("revoke", 4),
];

/// The activity of the last part of a method, in lower case: by what it begins with, else by what it ends with.
fn by_verb(last: &str) -> u32 {
    let begins = VERBS.iter().find(|(verb, _)| last.starts_with(verb));
    let ends = || match () {
        () if last.ends_with("created") || last.ends_with("added") => Some(1),
        () if last.ends_with("deleted") || last.ends_with("removed") => Some(4),
        () if last.ends_with("updated") || last.ends_with("changed") => Some(3),
        () => None,
    };
    begins.map(|(_, number)| *number).or_else(ends).unwrap_or(99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_find_their_class() {
        for (service, method, act) in [
            ("compute.googleapis.com", "v1.compute.instances.insert", Act::Call(1)),
            ("compute.googleapis.com", "beta.compute.instances.aggregatedList", Act::Call(2)),
            ("compute.googleapis.com", "v1.compute.subnetworks.patch", Act::Call(3)),
            ("compute.googleapis.com", "v1.compute.firewalls.delete", Act::Call(4)),
            ("compute.googleapis.com", "v1.compute.disks.setIamPolicy", Act::Policy),
            ("storage.googleapis.com", "storage.setIamPermissions", Act::Policy),
            ("iam.googleapis.com", "google.iam.admin.v1.SetIAMPolicy", Act::Policy),
            ("iam.googleapis.com", "google.iam.admin.v1.CreateServiceAccountKey", Act::Account(1)),
            ("iam.googleapis.com", "google.iam.admin.v1.CreateRole", Act::Call(1)),
            ("iamcredentials.googleapis.com", "GenerateAccessToken", Act::Call(1)),
            ("cloudkms.googleapis.com", "Encrypt", Act::Call(2)),
            ("k8s.io", "io.k8s.core.v1.pods.exec.create", Act::Call(1)),
            ("k8s.io", "io.k8s.readyz", Act::Call(2)),
            ("k8s.io", "io.k8s.rbac.v1.clusterrolebindings.create", Act::Binding(1)),
            ("k8s.io", "io.k8s.authorization.rbac.v1.roles.create", Act::Call(1)),
            ("admin.googleapis.com", "google.admin.AdminService.addGroupMember", Act::Group(3)),
            ("admin.googleapis.com", "google.admin.AdminService.inboundSsoProfileDeleted", Act::Call(4)),
            ("login.googleapis.com", "google.login.LoginService.loginFailure", Act::SignIn(1)),
            ("login.googleapis.com", "google.login.LoginService.logout", Act::SignIn(2)),
            ("", "", Act::Call(99)),
        ] {
            assert_eq!(act_of(service, method), act, "{method}");
        }
    }
}
