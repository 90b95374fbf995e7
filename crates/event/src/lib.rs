#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod attribute;
mod class;
mod cloud;
mod construct;
mod cursor;
mod device;
mod domain;
mod event;
mod finding;
mod identity;
mod keys;
mod metadata;
mod moment;
mod naming;
mod network;
mod object;
mod profile;
mod signal;
mod table;
mod text;
mod unmapped;
mod validate;
mod view;

pub use class::{ClassUid, OCSF_VERSION, Severity};
pub use cloud::{Api, Cloud, Container, Request, ResourceDetails, Response, Service};
pub use construct::{Ends, Head, SignInTo, WebExchange};
pub use device::{Device, DeviceId, File, Fingerprint, Os, Process};
pub use event::{Event, EventError};
pub use finding::{Analytic, Attack, AttackEntry, Evidence, FindingInfo, Malware, RelatedEvent};
pub use homeostat_core::*;
pub use identity::{
    Account, Actor, AuthFactor, Authorization, Group, Idp, ManagedEntity, Organization, Policy,
    ProgrammaticCredential, Session, User,
};
pub use metadata::{Enrichment, Feature, Metadata, Observable, Product};
pub use network::{
    AutonomousSystem, Certificate, DnsAnswer, DnsQuery, HttpRequest, HttpResponse, Location,
    NetworkConnectionInfo, NetworkEndpoint, NetworkTraffic, Tls, Url,
};
pub use signal::signal_of;
pub use text::{Str, Told};
pub use validate::{Level, Rule, Violation, validate};
pub use view::{DnsView, Origin, Party, PrincipalKind, Traffic};
