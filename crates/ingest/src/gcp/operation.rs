//! What a method of a Google interface does, by the words of its name.

/// Beginnings of the last word of a method, with OCSF's number of the activity in API Activity.
const VERBS: [(&str, u32); 76] = [
    ("insert", 1),
    ("create", 1),
    ("add", 1),
    ("start", 1),
    ("run", 1),
    ("submit", 1),
    ("generate", 1),
    ("upload", 1),
    ("import", 1),
    ("post", 1),
    ("publish", 1),
    ("sign", 1),
    ("copy", 1),
    ("bulkinsert", 1),
    ("deploy", 1),
    ("execute", 1),
    ("exec", 1),
    ("register", 1),
    ("send", 1),
    ("launch", 1),
    ("write", 1),
    ("get", 2),
    ("list", 2),
    ("query", 2),
    ("read", 2),
    ("search", 2),
    ("lookup", 2),
    ("fetch", 2),
    ("test", 2),
    ("check", 2),
    ("aggregatedlist", 2),
    ("export", 2),
    ("watch", 2),
    ("view", 2),
    ("download", 2),
    ("describe", 2),
    ("decrypt", 2),
    ("authorizeuser", 2),
    ("batchget", 2),
    ("access", 2),
    ("analyze", 2),
    ("report", 2),
    ("scan", 2),
    ("connect", 2),
    ("encrypt", 2),
    ("head", 2),
    ("patch", 3),
    ("update", 3),
    ("set", 3),
    ("modify", 3),
    ("enable", 3),
    ("disable", 3),
    ("attach", 3),
    ("undelete", 3),
    ("move", 3),
    ("resize", 3),
    ("stop", 3),
    ("suspend", 3),
    ("reset", 3),
    ("restart", 3),
    ("replace", 3),
    ("change", 3),
    ("apply", 3),
    ("restore", 3),
    ("rotate", 3),
    ("resume", 3),
    ("jobcompleted", 3),
    ("put", 3),
    ("delete", 4),
    ("remove", 4),
    ("destroy", 4),
    ("purge", 4),
    ("cancel", 4),
    ("revoke", 4),
    ("drop", 4),
    ("detach", 4),
];

/// A class and its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 3001.
    Account(u32),
    /// 3002.
    SignIn(u32),
    /// 3005: the bindings tell whether rights are given or taken.
    Access,
    /// 6003.
    Call(u32),
}

/// The class of `method`, such as `v1.compute.firewalls.insert`; `permission` is asked where its words tell nothing.
pub(super) fn kind_of(service: &str, method: &str, permission: Option<&str>) -> Kind {
    let last = last_word(method);
    if service == "login.googleapis.com" {
        return Kind::SignIn(if last.contains("logout") { 2 } else { 1 });
    }
    match last.as_str() {
        "setiampolicy" | "setiampermissions" | "setorgiampolicy" => return Kind::Access,
        "createserviceaccount" | "createserviceaccountkey" => return Kind::Account(1),
        "deleteserviceaccount" => return Kind::Account(6),
        "disableserviceaccount" => return Kind::Account(5),
        "enableserviceaccount" => return Kind::Account(2),
        _ => {}
    }
    let told = verb(&last).or_else(|| verb(&last_word(permission?)));
    let spread = || method.split(['.', '/']).rev().find_map(|word| verb(&word.to_ascii_lowercase()));
    Kind::Call(told.or_else(spread).unwrap_or(99))
}

fn last_word(name: &str) -> String {
    name.rsplit(['.', '/', ':']).next().unwrap_or(name).to_ascii_lowercase()
}

fn verb(word: &str) -> Option<u32> {
    for (end, number) in
        [("created", 1), ("added", 1), ("updated", 3), ("changed", 3), ("deleted", 4), ("removed", 4)]
    {
        if word.ends_with(end) {
            return Some(number);
        }
    }
    let begun = VERBS.iter().filter(|(verb, _)| word.starts_with(verb));
    // `undelete` before `delete` is no matter; `insert` before `in` is: the longest beginning tells most.
    begun.max_by_key(|(verb, _)| verb.len()).map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_find_their_class() {
        for (service, method, permission, kind) in [
            ("compute.googleapis.com", "v1.compute.firewalls.insert", None, Kind::Call(1)),
            ("compute.googleapis.com", "beta.compute.instances.aggregatedList", None, Kind::Call(2)),
            ("storage.googleapis.com", "storage.setIamPermissions", None, Kind::Access),
            ("iam.googleapis.com", "google.iam.admin.v1.CreateServiceAccountKey", None, Kind::Account(1)),
            ("iam.googleapis.com", "google.iam.admin.v1.SetIAMPolicy", None, Kind::Access),
            ("login.googleapis.com", "google.login.LoginService.loginFailure", None, Kind::SignIn(1)),
            ("k8s.io", "io.k8s.core.v1.pods.exec.create", None, Kind::Call(1)),
            ("k8s.io", "io.k8s.post", None, Kind::Call(1)),
            ("bigquery.googleapis.com", "google.cloud.bigquery.v2.JobService.InsertJob", None, Kind::Call(1)),
            ("storage.googleapis.com", "storage.objects.delete", None, Kind::Call(4)),
            (
                "admin.googleapis.com",
                "google.admin.AdminService.inboundSsoProfileDeleted",
                None,
                Kind::Call(4),
            ),
            ("x.googleapis.com", "Frobnicate", Some("x.things.get"), Kind::Call(2)),
            ("x.googleapis.com", "Frobnicate", None, Kind::Call(99)),
        ] {
            assert_eq!(kind_of(service, method, permission), kind, "{method}");
        }
    }
}
