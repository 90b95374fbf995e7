#![cfg(test)]
//! What incidents and risk must keep to: laws on any log, and stories told or not told.

mod corpus;
mod edges;
mod exports;
mod laws;
mod stories;
mod trials;
mod watches;
mod world;
