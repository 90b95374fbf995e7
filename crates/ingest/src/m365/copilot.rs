//! What Copilot tells: who asked which of its faces, and which documents it read; never what was said.

use super::Parts;
use crate::act::{Thing, Word, deed, told};
use crate::record::Field;
use homeostat_event::{AiModel, Application, Event, MessageContext};

pub(super) fn event(parts: &Parts<'_, '_>) -> Event {
    let data = parts.record.root().member("CopilotEventData").filter(Field::is_object);
    let inside = |name| data.and_then(|data| data.member(name));
    let list = |name| inside(name).filter(Field::is_array).map(|list| list.children().collect::<Vec<_>>());
    let mut act = parts.act();
    act.things = list("AccessedResources").unwrap_or_default().into_iter().filter_map(resource).collect();
    let contexts = list("Contexts").unwrap_or_default().into_iter().filter_map(context);
    act.things.extend(contexts);
    let mut event = act.event(deed(6003, 1));
    let name = list("ModelTransparencyDetails")
        .unwrap_or_default()
        .into_iter()
        .find_map(|model| told(model.member("ModelName")?)?.take());
    let model = AiModel::new(name.unwrap_or("Copilot".into()), "Microsoft");
    let host = inside("AppHost").and_then(told).and_then(|host| host.take());
    let mut context = MessageContext::of_application(Application::named(host.unwrap_or("Copilot".into())));
    context
        .set_uid(inside("ThreadId").and_then(told).and_then(|id| id.take()))
        .set_ai_role_id(1)
        .set_ai_role("User");
    event.set_ai_operation(model, context);
    event
}

fn resource(resource: Field<'_>) -> Option<Thing<'_>> {
    let place = |name| resource.member(name).and_then(told).map(Word::At);
    let uid = place("SiteUrl").or_else(|| place("ID")).or_else(|| place("Id"));
    let uid_alt = place("ID").or_else(|| place("Id")).filter(|_| resource.member("SiteUrl").is_some());
    let thing = Thing { uid, uid_alt, name: place("Name"), kind: place("Type"), ..Thing::default() };
    thing.is_told().then_some(thing)
}

fn context(context: Field<'_>) -> Option<Thing<'_>> {
    let place = |name| context.member(name).and_then(told).map(Word::At);
    let thing = Thing { uid: place("Id"), kind: place("Type"), ..Thing::default() };
    thing.is_told().then_some(thing)
}
