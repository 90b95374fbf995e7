//! The export of Entra's sign-in log from the portal: its columns under the names that Graph gives the same things.
//!
//! The portal names columns for people: `Date (UTC)` is Graph's `createdDateTime`. A row becomes Graph's `signIn`, so that
//! it is read like any other; a column that Graph has no name for keeps its own. Place and state have names here that
//! Graph does not use, for Graph has objects there. Source: Microsoft Learn, "Sign-in logs in Microsoft Entra ID" and
//! Graph API resource type `signIn`. O(row).

use super::{write_member, write_name};
use std::borrow::Cow;

/// Columns by which the export is told.
pub(super) const SIGNS: &[&str] = &["Date (UTC)", "Request ID", "Correlation ID", "Application ID"];

/// A column, the object of Graph that its cells stand in (empty for the record itself), and their name there. Members of
/// one object stand together.
const MEMBERS: [(&str, &str, &str); 36] = [
    ("Date (UTC)", "", "createdDateTime"),
    ("Request ID", "", "id"),
    ("User agent", "", "userAgent"),
    ("Correlation ID", "", "correlationId"),
    ("User ID", "", "userId"),
    ("User", "", "userDisplayName"),
    ("Username", "", "userPrincipalName"),
    ("User type", "", "userType"),
    ("Service principal ID", "", "servicePrincipalId"),
    ("Service principal name", "", "servicePrincipalName"),
    ("Cross tenant access type", "", "crossTenantAccessType"),
    ("Incoming token type", "", "incomingTokenType"),
    ("Authentication Protocol", "", "authenticationProtocol"),
    ("Unique token identifier", "", "uniqueTokenIdentifier"),
    ("Application", "", "appDisplayName"),
    ("Application ID", "", "appId"),
    ("Resource", "", "resourceDisplayName"),
    ("Resource ID", "", "resourceId"),
    ("Resource tenant ID", "", "resourceTenantId"),
    ("Home tenant ID", "", "homeTenantId"),
    ("IP address", "", "ipAddress"),
    ("Location", "", "signInLocation"),
    ("Status", "", "signInStatus"),
    ("Client app", "", "clientAppUsed"),
    ("Session ID", "", "sessionId"),
    ("Autonomous system number", "", "autonomousSystemNumber"),
    ("Token issuer type", "", "tokenIssuerType"),
    ("Token issuer name", "", "tokenIssuerName"),
    ("Latency", "", "processingTimeInMilliseconds"),
    ("Conditional Access", "", "conditionalAccessStatus"),
    ("Sign-in error code", "status", "errorCode"),
    ("Failure reason", "status", "failureReason"),
    ("Device ID", "deviceDetail", "deviceId"),
    ("Browser", "deviceDetail", "browser"),
    ("Operating System", "deviceDetail", "operatingSystem"),
    ("Join Type", "deviceDetail", "trustType"),
];

/// Where the columns of one export go.
#[derive(Default)]
pub(super) struct Plan {
    // Of each column that Graph has a name for its place, in the order of MEMBERS.
    known: Vec<(usize, [&'static str; 3])>,
    // Of the others place and name.
    others: Vec<(usize, String)>,
}

impl Plan {
    pub(super) fn of(columns: &[String]) -> Self {
        let place = |column: &str| columns.iter().position(|name| name == column);
        let known = MEMBERS
            .iter()
            .filter_map(|(column, object, name)| Some((place(column)?, [*column, *object, *name])));
        let is_known = |column: &String| MEMBERS.iter().any(|(name, ..)| name == column);
        let others = columns.iter().zip(0..).filter(|(column, _)| !is_known(column));
        let others = others.map(|(column, place)| (place, free_name(column)));
        Self { known: known.collect(), others: others.collect() }
    }

    /// Writes a row as a record of Graph.
    pub(super) fn write(&self, cells: &[Cow<'_, str>], json: &mut String) {
        let told = |place: usize| cells.get(place).map(|cell| &**cell).filter(|cell| !cell.is_empty());
        json.push('{');
        let mut inside = "";
        for (place, [column, object, name]) in &self.known {
            let Some(cell) = told(*place) else { continue };
            if *object != inside {
                close(inside, json);
                write_name(object, json);
                json.push('{');
                inside = object;
            }
            match *column {
                "Location" => write_place(cell, json),
                _ => write_member(name, cell, json),
            }
        }
        close(inside, json);
        for (place, name) in &self.others {
            if let Some(cell) = told(*place) {
                write_member(name, cell, json);
            }
        }
        json.push('}');
    }
}

/// A column that is called as Graph calls another thing must not stand in its place.
fn free_name(column: &str) -> String {
    let taken = MEMBERS.iter().any(|(_, object, name)| column == *object || column == *name);
    if taken || column == "location" { format!("{column}#2") } else { column.to_owned() }
}

fn close(inside: &str, json: &mut String) {
    if !inside.is_empty() {
        json.push('}');
    }
}

/// `Dublin, Leinster, IE`; a place of other parts stays as it is.
fn write_place(cell: &str, json: &mut String) {
    let mut parts = cell.split(", ");
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(city), Some(state), Some(country), None) => {
            write_name("location", json);
            json.push('{');
            for (name, part) in [("city", city), ("state", state), ("countryOrRegion", country)] {
                write_member(name, part, json);
            }
            json.push('}');
        }
        _ => write_member("signInLocation", cell, json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(row: &[(&str, &str)]) -> String {
        let columns: Vec<String> = row.iter().map(|(column, _)| (*column).to_owned()).collect();
        let cells: Vec<_> = row.iter().map(|(_, cell)| Cow::Borrowed(*cell)).collect();
        let mut json = String::new();
        Plan::of(&columns).write(&cells, &mut json);
        json
    }

    #[test]
    fn a_row_is_what_graph_would_tell() {
        let cells = [
            ("Date (UTC)", "2026-03-16T08:30:00Z"),
            ("Location", "Dublin, Leinster, IE"),
            ("Sign-in error code", "0"),
            ("Browser", "Edge 1"),
            ("Device ID", "d1"),
            ("Compliant", "Yes"),
            ("Latency", ""),
        ];
        assert_eq!(
            written(&cells),
            r#"{"createdDateTime":"2026-03-16T08:30:00Z","location":{"city":"Dublin","state":"Leinster","countryOrRegion":"IE"},"status":{"errorCode":"0"},"deviceDetail":{"deviceId":"d1","browser":"Edge 1"},"Compliant":"Yes"}"#
        );
        assert_eq!(written(&[("Location", "Dublin")]), r#"{"signInLocation":"Dublin"}"#);
    }
}
