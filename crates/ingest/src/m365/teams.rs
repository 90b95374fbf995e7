//! What Teams tells: teams, channels, chats, meetings, and who is in them.

use super::Parts;
use crate::act::{Act, Deed, Person, Thing, Word, deed, told};
use crate::record::Field;
use homeostat_event::Event;

fn deed_of(operation: &str) -> Deed {
    match operation {
        "teamssessionstarted" => deed(3002, 1),
        "memberadded" => deed(3006, 3),
        "memberremoved" => deed(3006, 4),
        "memberrolechanged" => deed(3005, 1),
        "teamcreated" => deed(3006, 6),
        "teamdeleted" => deed(3006, 5),
        _ => deed(6001, crate::verb::call_activity(&spaced(operation)).unwrap_or(99)),
    }
}

/// `messagesent` → `message sent`.
fn spaced(operation: &str) -> String {
    const NOUNS: [&str; 11] = [
        "messagecreation",
        "message",
        "channelsetting",
        "channel",
        "chat",
        "meetingparticipant",
        "meeting",
        "teamsetting",
        "tab",
        "bot",
        "connector",
    ];
    let noun = NOUNS.iter().find(|noun| operation.len() > noun.len() && operation.starts_with(*noun));
    match noun.and_then(|noun| operation.split_at_checked(noun.len())) {
        Some((noun, verb)) => format!("{verb} {noun}"),
        None => operation.to_owned(),
    }
}

pub(super) fn event(parts: &Parts<'_, '_>) -> Event {
    let mut deed = deed_of(&parts.operation);
    if deed.activity == 99 {
        deed = Deed::web(&parts.record.look("Operation").unwrap_or_default());
    }
    let mut act = parts.act();
    let members = parts.record.root().member("Members").filter(Field::is_array);
    let members: Vec<_> = members.map(|list| list.children().collect()).unwrap_or_default();
    match deed.class {
        3002 => {}
        3006 | 3005 => {
            act.person = members.first().map(|member| person(*member));
            act.privileges =
                members.first().and_then(|member| member.member("Role")).map(Word::At).into_iter().collect();
            act.group = team(parts);
            act.things =
                channel(parts).or_else(|| team(parts).filter(|_| deed.class == 3005)).into_iter().collect();
        }
        _ => things(parts, &mut act),
    }
    let mut event = act.event(deed);
    event.set_count(i32::try_from(members.len()).ok().filter(|count| *count > 1));
    event
}

fn person(member: Field<'_>) -> Person<'_> {
    let place = |name| member.member(name).and_then(told).map(Word::At);
    Person { name: place("UPN"), display: place("DisplayName"), ..Person::default() }
}

fn team<'a>(parts: &Parts<'_, 'a>) -> Option<Thing<'a>> {
    let uid = parts.word("AADGroupId").or_else(|| parts.word("TeamGuid"));
    let uid_alt = parts.word("TeamGuid").filter(|_| parts.field("AADGroupId").is_some());
    let thing = Thing { uid, uid_alt, name: parts.word("TeamName"), ..Thing::default() };
    thing.is_told().then(|| thing.of_kind("Team"))
}

fn channel<'a>(parts: &Parts<'_, 'a>) -> Option<Thing<'a>> {
    let thing = Thing { uid: parts.word("ChannelGuid"), name: parts.word("ChannelName"), ..Thing::default() };
    thing.is_told().then(|| thing.of_kind("Channel"))
}

/// The message, chat or meeting, then the channel and the team it is in.
fn things<'a>(parts: &Parts<'_, 'a>, act: &mut Act<'a>) {
    let kinds = [
        ("MessageId", "Message"),
        ("ChatThreadId", "Chat"),
        ("MeetingDetailId", "Meeting"),
        ("TabId", "Tab"),
    ];
    let own =
        kinds.into_iter().filter_map(|(name, kind)| Some(Thing::of_uid(parts.word(name)?).of_kind(kind)));
    act.things = own.chain(channel(parts)).chain(team(parts)).collect();
    if act.things.is_empty() {
        act.things.extend(parts.object("Object").or_else(|| parts.word("ItemName").map(Thing::named)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_find_their_class() {
        for (operation, expected) in [
            ("teamssessionstarted", deed(3002, 1)),
            ("memberadded", deed(3006, 3)),
            ("messagesent", deed(6001, 1)),
            ("messagedeleted", deed(6001, 4)),
            ("channeladded", deed(6001, 1)),
            ("chatretrieved", deed(6001, 2)),
            ("teamcreated", deed(3006, 6)),
        ] {
            assert_eq!(deed_of(operation), expected, "{operation}");
        }
    }
}
