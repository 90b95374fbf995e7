#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod acted_on;
mod arn;
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
mod finding;
mod hosted;
mod identity;
mod keys;
mod metadata;
mod moment;
mod naming;
mod network;
mod object;
mod origin;
mod outcome;
mod party;
mod profile;
mod provider;
mod seen;
mod signal;
mod table;
mod text;
mod unmapped;
mod validate;
mod view;

pub use class::{ClassUid, OCSF_VERSION, Severity};
pub use cloud::{Api, Cloud, Container, Request, ResourceDetails, Response, Service};
pub use construct::{Ends, Head, SignInTo, Store};
pub use device::{Device, DeviceId, File, Fingerprint, Os, Process};
pub use email::{Correspondents, Email, EmailAuth};
pub use event::{Event, EventError};
pub use finding::{Analytic, Attack, AttackEntry, Evidence, FindingInfo, Malware, RelatedEvent};
pub use homeostat_core::*;
pub use hosted::{AiModel, Application, Database, Databucket, MessageContext, Table, WebResource};
pub use identity::{
    Account, Actor, AuthFactor, Authorization, Group, Idp, ManagedEntity, Organization, Policy,
    ProgrammaticCredential, Session, User,
};
pub use metadata::{Enrichment, Feature, Metadata, Observable, Product};
pub use network::{
    AutonomousSystem, Certificate, DnsAnswer, DnsQuery, HttpRequest, HttpResponse, Location,
    NetworkConnectionInfo, NetworkEndpoint, NetworkTraffic, Tls, Url,
};
pub use origin::Origin;
pub use party::{Party, PrincipalKind};
pub use signal::signal_of;
pub use text::{Str, Told};
pub use validate::{Level, Rule, Violation, validate};
pub use view::{DnsView, Traffic};
