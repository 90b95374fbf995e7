#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
#![cfg_attr(
    feature = "chrono",
    doc = r#"
# With the feature `chrono`

```
use chrono::{DateTime, Utc};
use homeostat_event::{Event, Head, Product, Timestamp};

let now = DateTime::<Utc>::from_timestamp_micros(1_773_649_800_123_456).unwrap_or_default();
let event = Event::base_event(Head::new(0, Timestamp::from(now), Product::new("Acme", "Robot")));
let back = Event::from_json(&event.to_json())?;
assert_eq!(DateTime::<Utc>::try_from(back.when())?, now);
# Ok::<(), Box<dyn std::error::Error>>(())
```
"#
)]

mod acted_on;
mod arn;
#[cfg(feature = "arrow")]
mod arrow;
mod attribute;
mod beside;
mod class;
mod cloud;
mod construct;
mod cursor;
mod device;
mod domain;
mod email;
mod event;
mod event_text;
mod export;
mod export_asim;
mod export_ecs;
mod finding;
mod flatten;
mod form;
mod host;
mod hosted;
mod identity;
mod keys;
mod lend;
mod metadata;
mod moment;
mod naming;
mod network;
mod object;
mod origin;
mod outcome;
mod pack;
mod party;
mod profile;
mod provider;
mod rest;
#[cfg(test)]
mod sample;
mod seen;
mod signal;
mod table;
mod text;
mod unmapped;
mod validate;
mod view;

#[cfg(feature = "arrow")]
pub use arrow::arrow_schema_of;
pub use class::{ClassUid, OCSF_VERSION, Severity};
pub use cloud::{Api, Cloud, Container, Request, ResourceDetails, Response, Service};
pub use construct::{Ends, Head, OnHost, SignInTo, Store, WebExchange};
pub use device::{Device, DeviceId, File, Fingerprint, Os, Process};
pub use email::{Correspondents, Email, EmailAuth};
pub use event::Event;
pub use event_text::EventError;
pub use export::Fields;
pub use finding::{Analytic, Attack, AttackEntry, Evidence, FindingInfo, Malware, RelatedEvent};
pub use flatten::{Flat, Flattening};
pub use homeostat_core::*;
pub use host::{
    DigitalSignature, Job, Kernel, KernelDriver, LongString, Module, ProcessEntity, RegKey, RegValue, Script,
    WinResource, WinService,
};
pub use hosted::{AiModel, Application, Database, Databucket, MessageContext, Table, WebResource};
pub use identity::{
    Account, Actor, AuthFactor, Authorization, Group, Idp, ManagedEntity, Organization, Policy,
    ProgrammaticCredential, Session, User,
};
pub use metadata::{Enrichment, Extension, Feature, KeyValue, Logger, Metadata, Observable, Product};
pub use network::{
    AutonomousSystem, Certificate, DnsAnswer, DnsQuery, HttpRequest, HttpResponse, Location,
    NetworkConnectionInfo, NetworkEndpoint, NetworkTraffic, Tls, Url,
};
pub use origin::Origin;
pub use pack::{Interner, InternerLimits, PackedEvent};
pub use party::{Party, PrincipalKind};
pub use signal::signal_of;
pub use text::{Str, Told};
pub use validate::{Level, Rule, Violation, validate};
pub use view::{DnsView, Traffic};
