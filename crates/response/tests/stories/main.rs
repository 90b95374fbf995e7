#![cfg(test)]
//! Stories of what bounds a response as a whole: many at once, two executors, chains, drills, shadows, exports; and
//! of what keeps it so at each edge of time, budget and brake.

mod attacker;
mod braking;
mod budgets;
mod drill;
mod export;
mod fence;
mod forget;
mod gate;
mod group;
mod judging;
mod looking;
mod restart;
mod room;
mod saga;
mod shadow;
mod surge;
mod telling;
mod trying;
