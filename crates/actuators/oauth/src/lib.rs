#![doc = include_str!("../README.md")]

mod oauth;

pub use oauth::{OAuth, Tokens};
