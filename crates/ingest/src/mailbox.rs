//! The addresses in what headers and envelopes of mail write around them.

use crate::json::{self, tell};
use crate::record::Field;
use homeostat_event::Event;

/// Tells the sender and the recipients of an envelope, without the brackets that SMTP puts around addresses.
pub(crate) fn tell_envelope(event: &mut Event, from: Option<Field<'_>>, to: Option<Field<'_>>) {
    let address = |field: Field<'_>| {
        let text = field.copy()?;
        Some(bare(&text).to_owned()).filter(|address| !address.is_empty())
    };
    tell(event, "from", from.and_then(address).map(|address| json::text(&address)));
    let to = to.filter(Field::is_array);
    tell(event, "to", json::texts(to.iter().flat_map(Field::children).filter_map(address)));
}

/// The addresses of a header such as `"Doe, Jane" <jane@acme.example>, bob@acme.example`.
pub(crate) fn addresses(header: &str) -> Vec<String> {
    let bracketed: Vec<String> = header
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(address, _)| address.to_owned())
        .collect();
    if bracketed.is_empty() {
        header.split(", ").map(|one| bare(one).to_owned()).collect()
    } else {
        bracketed
    }
}

/// The address alone of `Jane <jane@acme.example>` or `jane@acme.example (Jane)`.
pub(crate) fn bare(mailbox: &str) -> &str {
    let inside =
        mailbox.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address);
    inside.unwrap_or_else(|| mailbox.split(" (").next().unwrap_or(mailbox)).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_mailboxes() {
        for (mailbox, expected) in [
            ("jane@acme.example", vec!["jane@acme.example"]),
            ("Jane <jane@acme.example>", vec!["jane@acme.example"]),
            ("jane@acme.example (Jane Doe)", vec!["jane@acme.example"]),
            (
                "\"Doe, Jane\" <jane@acme.example>, Bob <bob@acme.example>",
                vec!["jane@acme.example", "bob@acme.example"],
            ),
        ] {
            assert_eq!(addresses(mailbox), expected, "{mailbox}");
            assert_eq!(bare("Jane <jane@acme.example>"), "jane@acme.example");
        }
    }
}
