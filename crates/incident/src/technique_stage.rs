//! Which stage a technique stands for: ATT&CK technique numbers, each at the tactic it most tells of.
//!
//! A technique with several tactics stands at one: valid accounts at the entry, process injection at privilege.
//! MITRE ATT&CK ids and tactics are facts (attack.mitre.org), checked against the Enterprise matrix 18.1 and the
//! changes of 19, which splits defense evasion and keeps it one stage here. Sorted, so that a look-up is a binary
//! search.

use crate::technique_retired::successor;
use homeostat_core::{Stage, Technique};

/// The stage that `technique` stands for: its own entry, else its parent's, else that of the id that took its place;
/// `None` when none is known.
///
/// ```
/// use homeostat_core::{Stage, Technique};
/// use homeostat_incident::stage_of;
///
/// assert_eq!(stage_of(&Technique::parse("T1098.001").unwrap()), Some(Stage::Persistence));
/// assert_eq!(stage_of(&Technique::parse("T1086").unwrap()), Some(Stage::Entry), "retired, now T1059.001");
/// assert_eq!(stage_of(&Technique::parse("T9999").unwrap()), None);
/// ```
pub fn stage_of(technique: &Technique) -> Option<Stage> {
    let known = of_id(technique.as_str()).or_else(|| of_id(technique.parent()));
    known.or_else(|| {
        let now = Technique::parse(successor(technique.as_str())?)?;
        of_id(now.as_str()).or_else(|| of_id(now.parent()))
    })
}

fn of_id(id: &str) -> Option<Stage> {
    let at = TABLE.binary_search_by(|(entry, _)| (*entry).cmp(id)).ok()?;
    TABLE.get(at).map(|(_, stage)| *stage)
}

/// The headline on the ten stages: entry, privilege, movement, egress. The others belong to the one they lead to.
pub(crate) fn headline(stage: Stage) -> &'static str {
    match stage {
        Stage::Entry | Stage::Discovery => "entry",
        Stage::Privilege | Stage::Persistence | Stage::Evasion => "privilege",
        Stage::Movement | Stage::C2 => "movement",
        Stage::Collection | Stage::Egress | Stage::Impact => "egress",
    }
}

const TABLE: &[(&str, Stage)] = &[
    ("T1001", Stage::C2),
    ("T1003", Stage::Privilege),
    ("T1005", Stage::Collection),
    ("T1006", Stage::Evasion),
    ("T1007", Stage::Discovery),
    ("T1008", Stage::C2),
    ("T1010", Stage::Discovery),
    ("T1011", Stage::Egress),
    ("T1012", Stage::Discovery),
    ("T1014", Stage::Evasion),
    ("T1016", Stage::Discovery),
    ("T1018", Stage::Discovery),
    ("T1020", Stage::Egress),
    ("T1021", Stage::Movement),
    ("T1025", Stage::Collection),
    ("T1027", Stage::Evasion),
    ("T1029", Stage::Egress),
    ("T1030", Stage::Egress),
    ("T1033", Stage::Discovery),
    ("T1036", Stage::Evasion),
    ("T1037", Stage::Persistence),
    ("T1039", Stage::Collection),
    ("T1040", Stage::Discovery),
    ("T1041", Stage::Egress),
    ("T1046", Stage::Discovery),
    ("T1047", Stage::Entry),
    ("T1048", Stage::Egress),
    ("T1049", Stage::Discovery),
    ("T1052", Stage::Egress),
    ("T1053", Stage::Persistence),
    ("T1053.002", Stage::Entry),
    ("T1055", Stage::Privilege),
    ("T1056", Stage::Privilege),
    ("T1057", Stage::Discovery),
    ("T1059", Stage::Entry),
    ("T1068", Stage::Privilege),
    ("T1069", Stage::Discovery),
    ("T1070", Stage::Evasion),
    ("T1071", Stage::C2),
    ("T1072", Stage::Entry),
    ("T1074", Stage::Collection),
    ("T1078", Stage::Entry),
    ("T1080", Stage::Movement),
    ("T1082", Stage::Discovery),
    ("T1083", Stage::Discovery),
    ("T1087", Stage::Discovery),
    ("T1090", Stage::C2),
    ("T1091", Stage::Entry),
    ("T1092", Stage::C2),
    ("T1095", Stage::C2),
    ("T1098", Stage::Persistence),
    ("T1098.003", Stage::Privilege),
    ("T1102", Stage::C2),
    ("T1104", Stage::C2),
    ("T1105", Stage::C2),
    ("T1106", Stage::Entry),
    ("T1110", Stage::Privilege),
    ("T1111", Stage::Privilege),
    ("T1112", Stage::Evasion),
    ("T1113", Stage::Collection),
    ("T1114", Stage::Collection),
    ("T1115", Stage::Collection),
    ("T1119", Stage::Collection),
    ("T1120", Stage::Discovery),
    ("T1123", Stage::Collection),
    ("T1124", Stage::Discovery),
    ("T1125", Stage::Collection),
    ("T1127", Stage::Evasion),
    ("T1129", Stage::Entry),
    ("T1132", Stage::C2),
    ("T1133", Stage::Entry),
    ("T1134", Stage::Privilege),
    ("T1135", Stage::Discovery),
    ("T1136", Stage::Persistence),
    ("T1137", Stage::Persistence),
    ("T1140", Stage::Evasion),
    ("T1176", Stage::Persistence),
    ("T1185", Stage::Collection),
    ("T1187", Stage::Privilege),
    ("T1189", Stage::Entry),
    ("T1190", Stage::Entry),
    ("T1195", Stage::Entry),
    ("T1197", Stage::Persistence),
    ("T1199", Stage::Entry),
    ("T1200", Stage::Entry),
    ("T1201", Stage::Discovery),
    ("T1202", Stage::Evasion),
    ("T1203", Stage::Entry),
    ("T1204", Stage::Entry),
    ("T1205", Stage::Persistence),
    ("T1207", Stage::Evasion),
    ("T1210", Stage::Movement),
    ("T1211", Stage::Evasion),
    ("T1212", Stage::Privilege),
    ("T1213", Stage::Collection),
    ("T1216", Stage::Evasion),
    ("T1217", Stage::Discovery),
    ("T1218", Stage::Evasion),
    ("T1219", Stage::C2),
    ("T1220", Stage::Evasion),
    ("T1221", Stage::Evasion),
    ("T1222", Stage::Evasion),
    ("T1480", Stage::Evasion),
    ("T1482", Stage::Discovery),
    ("T1484", Stage::Privilege),
    ("T1485", Stage::Impact),
    ("T1486", Stage::Impact),
    ("T1489", Stage::Impact),
    ("T1490", Stage::Impact),
    ("T1491", Stage::Impact),
    ("T1495", Stage::Impact),
    ("T1496", Stage::Impact),
    ("T1497", Stage::Discovery),
    ("T1498", Stage::Impact),
    ("T1499", Stage::Impact),
    ("T1505", Stage::Persistence),
    ("T1518", Stage::Discovery),
    ("T1525", Stage::Persistence),
    ("T1526", Stage::Discovery),
    ("T1528", Stage::Privilege),
    ("T1529", Stage::Impact),
    ("T1530", Stage::Collection),
    ("T1531", Stage::Impact),
    ("T1534", Stage::Movement),
    ("T1535", Stage::Evasion),
    ("T1537", Stage::Egress),
    ("T1538", Stage::Discovery),
    ("T1539", Stage::Privilege),
    ("T1542", Stage::Persistence),
    ("T1543", Stage::Persistence),
    ("T1546", Stage::Persistence),
    ("T1547", Stage::Persistence),
    ("T1547.012", Stage::Privilege),
    ("T1548", Stage::Privilege),
    ("T1550", Stage::Movement),
    ("T1552", Stage::Privilege),
    ("T1553", Stage::Evasion),
    ("T1554", Stage::Persistence),
    ("T1555", Stage::Privilege),
    ("T1556", Stage::Privilege),
    ("T1557", Stage::Privilege),
    ("T1558", Stage::Privilege),
    ("T1559", Stage::Entry),
    ("T1560", Stage::Collection),
    ("T1561", Stage::Impact),
    ("T1562", Stage::Evasion),
    ("T1563", Stage::Movement),
    ("T1564", Stage::Evasion),
    ("T1565", Stage::Impact),
    ("T1566", Stage::Entry),
    ("T1567", Stage::Egress),
    ("T1568", Stage::C2),
    ("T1569", Stage::Entry),
    ("T1570", Stage::Movement),
    ("T1571", Stage::C2),
    ("T1572", Stage::C2),
    ("T1573", Stage::C2),
    ("T1574", Stage::Persistence),
    ("T1578", Stage::Evasion),
    ("T1580", Stage::Discovery),
    ("T1583", Stage::Discovery),
    ("T1584", Stage::Discovery),
    ("T1585", Stage::Discovery),
    ("T1586", Stage::Discovery),
    ("T1587", Stage::Discovery),
    ("T1588", Stage::Discovery),
    ("T1589", Stage::Discovery),
    ("T1590", Stage::Discovery),
    ("T1591", Stage::Discovery),
    ("T1592", Stage::Discovery),
    ("T1593", Stage::Discovery),
    ("T1594", Stage::Discovery),
    ("T1595", Stage::Discovery),
    ("T1596", Stage::Discovery),
    ("T1597", Stage::Discovery),
    ("T1598", Stage::Discovery),
    ("T1599", Stage::Evasion),
    ("T1600", Stage::Evasion),
    ("T1601", Stage::Evasion),
    ("T1602", Stage::Collection),
    ("T1606", Stage::Privilege),
    ("T1608", Stage::Discovery),
    ("T1609", Stage::Entry),
    ("T1610", Stage::Entry),
    ("T1611", Stage::Privilege),
    ("T1612", Stage::Evasion),
    ("T1613", Stage::Discovery),
    ("T1614", Stage::Discovery),
    ("T1615", Stage::Discovery),
    ("T1619", Stage::Discovery),
    ("T1620", Stage::Evasion),
    ("T1621", Stage::Privilege),
    ("T1622", Stage::Discovery),
    ("T1647", Stage::Evasion),
    ("T1648", Stage::Entry),
    ("T1649", Stage::Privilege),
    ("T1650", Stage::Discovery),
    ("T1651", Stage::Entry),
    ("T1652", Stage::Discovery),
    ("T1653", Stage::Persistence),
    ("T1654", Stage::Discovery),
    ("T1656", Stage::Evasion),
    ("T1657", Stage::Impact),
    ("T1659", Stage::Entry),
    ("T1665", Stage::C2),
    ("T1666", Stage::Evasion),
    ("T1667", Stage::Impact),
    ("T1668", Stage::Persistence),
    ("T1669", Stage::Entry),
    ("T1671", Stage::Persistence),
    ("T1672", Stage::Evasion),
    ("T1673", Stage::Discovery),
    ("T1674", Stage::Entry),
    ("T1675", Stage::Entry),
    ("T1677", Stage::Entry),
    ("T1678", Stage::Evasion),
    ("T1679", Stage::Evasion),
    ("T1680", Stage::Discovery),
    ("T1681", Stage::Discovery),
    ("T1682", Stage::Discovery),
    ("T1683", Stage::Discovery),
    ("T1684", Stage::Evasion),
    ("T1685", Stage::Evasion),
    ("T1686", Stage::Evasion),
    ("T1687", Stage::Evasion),
    ("T1688", Stage::Evasion),
    ("T1689", Stage::Evasion),
    ("T1690", Stage::Evasion),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_sound() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(TABLE.iter().all(|(id, _)| Technique::parse(id).is_some()));
    }

    #[test]
    fn every_stage_belongs_to_a_headline() {
        for stage in Stage::ALL {
            assert!(["entry", "privilege", "movement", "egress"].contains(&headline(stage)));
        }
    }
}
