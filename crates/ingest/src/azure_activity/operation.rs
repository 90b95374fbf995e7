//! What an operation of Azure does, by its last word and, of an `action`, by the one before.

/// Beginnings of actions and of storage calls, with OCSF's number of the activity in API Activity.
const VERBS: [(&str, u32); 58] = [
    ("list", 2),
    ("get", 2),
    ("read", 2),
    ("check", 2),
    ("query", 2),
    ("export", 2),
    ("download", 2),
    ("search", 2),
    ("show", 2),
    ("view", 2),
    ("retrieve", 2),
    ("validate", 2),
    ("audit", 2),
    ("deny", 2),
    ("evaluate", 2),
    ("beginget", 2),
    ("available", 2),
    ("scan", 2),
    ("test", 2),
    ("create", 1),
    ("start", 1),
    ("run", 1),
    ("generate", 1),
    ("add", 1),
    ("execute", 1),
    ("deploy", 1),
    ("join", 1),
    ("invoke", 1),
    ("capture", 1),
    ("put", 1),
    ("post", 1),
    ("append", 1),
    ("copy", 1),
    ("import", 1),
    ("register", 1),
    ("failover", 3),
    ("update", 3),
    ("write", 3),
    ("set", 3),
    ("regenerate", 3),
    ("rotate", 3),
    ("restart", 3),
    ("stop", 3),
    ("deallocate", 3),
    ("poweroff", 3),
    ("reset", 3),
    ("move", 3),
    ("enable", 3),
    ("disable", 3),
    ("elevate", 3),
    ("extend", 3),
    ("redeploy", 3),
    ("restore", 3),
    ("swap", 3),
    ("delete", 4),
    ("remove", 4),
    ("purge", 4),
    ("revoke", 4),
];

/// The number of `operation`, such as `Microsoft.Compute/disks/write`; a write that `created` makes something.
pub(super) fn number_of(operation: &str, created: bool) -> u32 {
    let lower = operation.to_ascii_lowercase();
    let mut words = lower.split('/').rev();
    let verb = |word: &str| {
        let begun =
            VERBS.iter().filter(|(verb, _)| word.starts_with(verb)).max_by_key(|(verb, _)| verb.len());
        begun.map(|(_, number)| *number)
    };
    match words.next().unwrap_or_default() {
        "write" if created => 1,
        "action" => {
            let told = words.next().unwrap_or_default();
            // An event that a resource tells of itself, and an act of a name of its own, change something.
            verb(told).unwrap_or(3)
        }
        word => verb(word).unwrap_or(99),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_find_their_activity() {
        for (operation, created, number) in [
            ("Microsoft.Compute/disks/write", false, 3),
            ("Microsoft.Compute/disks/write", true, 1),
            ("MICROSOFT.EVENTHUB/NAMESPACES/AUTHORIZATIONRULES/LISTKEYS/ACTION", false, 2),
            ("Microsoft.Storage/storageAccounts/regenerateKey/action", false, 3),
            ("Microsoft.Compute/virtualMachines/start/action", false, 1),
            ("Microsoft.Resourcehealth/healthevent/Updated/action", false, 3),
            ("Microsoft.Network/firewallPolicies/delete", false, 4),
            ("GetBlob", false, 2),
            ("Frobnicate", false, 99),
        ] {
            assert_eq!(number_of(operation, created), number, "{operation}");
        }
    }
}
