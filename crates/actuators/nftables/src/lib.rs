#![doc = include_str!("../README.md")]

mod element;
mod kernel;
mod nftables;

pub use kernel::{Kernel, Nft, NftError};
pub use nftables::Nftables;
