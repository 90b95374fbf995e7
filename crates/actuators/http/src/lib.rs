#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod call;
#[cfg(feature = "ureq")]
#[cfg_attr(docsrs, doc(cfg(feature = "ureq")))]
mod client;
mod meaning;
#[cfg(feature = "conformance")]
#[cfg_attr(docsrs, doc(cfg(feature = "conformance")))]
mod stepping;

pub use call::{Answer, Call, HttpSend, SendError, percent};
#[cfg(feature = "ureq")]
pub use client::Client;
pub use meaning::{ask, look};
#[cfg(feature = "conformance")]
pub use stepping::Stepping;
