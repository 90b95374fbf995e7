//! The export of Entra's sign-in log from the portal: its columns under the names that Graph gives the same things.
//!
//! The portal names columns for people: `Date (UTC)` is Graph's `createdDateTime`. A row becomes Graph's `signIn`, so that
//! it is read like any other; a column that Graph has no name for keeps its own. Place and state have names here that
//! Graph does not use, for Graph has objects there. Source: Microsoft Learn, "Sign-in logs in Microsoft Entra ID" and
//! Graph API resource type `signIn`. O(row).

use super::{write_member, write_name};

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

/// Writes a row as a record of Graph; `cells` are its columns and what they hold.
pub(super) fn write(cells: &[(&str, &str)], json: &mut String) {
    json.push('{');
    let known = |column: &str| MEMBERS.iter().any(|(name, ..)| *name == column);
    let told = |column: &str| cells.iter().find(|(name, cell)| *name == column && !cell.is_empty());
    let mut inside = "";
    for (column, object, name) in MEMBERS {
        let Some((_, cell)) = told(column) else { continue };
        if object != inside {
            close(inside, json);
            write_name(object, json);
            json.push('{');
            inside = object;
        }
        match column {
            "Location" => write_place(cell, json),
            _ => write_member(name, cell, json),
        }
    }
    close(inside, json);
    for (column, cell) in cells.iter().filter(|(column, cell)| !known(column) && !cell.is_empty()) {
        // A column that is called as Graph calls another thing must not stand in its place.
        let taken = MEMBERS.iter().any(|(_, object, name)| column == object || column == name);
        if taken || *column == "location" {
            write_member(&format!("{column}#2"), cell, json);
        } else {
            write_member(column, cell, json);
        }
    }
    json.push('}');
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
        let mut json = String::new();
        write(&cells, &mut json);
        assert_eq!(
            json,
            r#"{"createdDateTime":"2026-03-16T08:30:00Z","location":{"city":"Dublin","state":"Leinster","countryOrRegion":"IE"},"status":{"errorCode":"0"},"deviceDetail":{"deviceId":"d1","browser":"Edge 1"},"Compliant":"Yes"}"#
        );
        let mut json = String::new();
        write(&[("Location", "Dublin")], &mut json);
        assert_eq!(json, r#"{"signInLocation":"Dublin"}"#);
    }
}
