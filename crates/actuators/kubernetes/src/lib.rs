#![doc = include_str!("../README.md")]

mod kubernetes;
mod policy;
mod selector;

pub use kubernetes::Kubernetes;
