//! What others read: OCSF Remediation Activity for each step, a CACAO playbook of a saga, Prometheus' text.

mod cacao;
mod ocsf;
mod prometheus;

pub use ocsf::RemediationLog;
pub use prometheus::metrics;
