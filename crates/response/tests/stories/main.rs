#![cfg(test)]
//! Stories of what bounds a response as a whole: many at once, two executors, chains, drills, shadows, exports.

mod attacker;
mod drill;
mod export;
mod fence;
mod gate;
mod group;
mod room;
mod saga;
mod shadow;
