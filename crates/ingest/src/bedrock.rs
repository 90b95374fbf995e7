//! Amazon Bedrock: who called which model, with how many tokens; never what was said.
//!
//! Source: docs.aws.amazon.com, Amazon Bedrock, model invocation logging. The bodies of prompts and completions are
//! withheld before an event exists, unless the caller's own [`Redact`](crate::Redact) keeps them.

use crate::act::{Act, Person, Thing, Word, actor_of, deed, told};
use crate::number;
use crate::record::Record;
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{Account, AiModel, Cloud, Event, MessageContext, Product, Service};

/// Bedrock's model invocation log. Class 6003 with the profile `ai_operation`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bedrock;

impl Source for Bedrock {
    fn name(&self) -> &'static str {
        "bedrock"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let told = |name| root.member(name).is_some();
        let typed = root
            .member("schemaType")
            .and_then(|kind| kind.look())
            .is_some_and(|kind| kind == "ModelInvocationLog");
        (typed || told("input") || told("output"))
            && told("modelId")
            && told("operation")
            && told("requestId")
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let operation = record.take("operation").unwrap_or_default();
        let product = Product::new("AWS", "Amazon Bedrock");
        let mut act = Act::new(product, record.moment("timestamp"), operation);
        let account = record.look("accountId").or_else(|| context.account.clone().map(Into::into));
        let arn = record.field("identity.arn").and_then(told).map(Word::At);
        let person = Person { uid: arn, account: account.clone().map(Word::Made), ..Person::default() };
        act.actor = actor_of(person.user(), None, None);
        act.uid = record.field("requestId").and_then(told).map(Word::At);
        let model = record.field("modelId").and_then(told);
        act.things = model.map(|id| Thing::of_uid(Word::At(id)).of_kind("Model")).into_iter().collect();
        let mut event = act.event(deed(6003, 1));
        let mut cloud = Cloud::new("AWS");
        let account = record.take("accountId").or(account);
        cloud.set_account(account.map(Account::of_uid)).set_region(record.take("region"));
        event.set_cloud(cloud).set_ai_operation(ai_model(record), tokens(record));
        if let Some(time) = record.take("timestamp") {
            event.set_original_time(&time);
        }
        let metadata = event.metadata_mut();
        metadata.set_log_name(record.take("schemaType")).set_log_version(record.take("schemaVersion"));
        let code = record.take("errorCode");
        event.set_outcome(if code.is_some() { Outcome::Failure } else { Outcome::Success }, None);
        event.set_status_code(code);
        events.push(event);
    }
}

/// The model by its id, which ends with its version: `vendor.model-v1:0`.
fn ai_model(record: &Record<'_>) -> AiModel {
    let id = record.take("modelId").unwrap_or_default();
    let version = id
        .rsplit_once('/')
        .map_or(&*id, |(_, name)| name)
        .rsplit_once(':')
        .map(|(_, version)| version.to_owned());
    let mut model = AiModel::new(&*id, "AWS Bedrock");
    model.set_uid(id).set_version(version);
    model
}

fn tokens(record: &Record<'_>) -> MessageContext {
    let mut context = MessageContext::of_service(Service::named("Amazon Bedrock"));
    let count = |path: &str| record.field(path).and_then(number::int);
    let (prompt, completion) = (count("input.inputTokenCount"), count("output.outputTokenCount"));
    context.set_prompt_tokens(prompt).set_completion_tokens(completion).set_ai_role_id(1).set_ai_role("User");
    context.set_total_tokens(
        prompt.zip(completion).and_then(|(prompt, completion)| prompt.checked_add(completion)),
    );
    context
}
