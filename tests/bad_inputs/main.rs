//! Misuse: never undefined behaviour, never a bare SIGSEGV, never a silent hang, nothing lost; and a text that
//! says what was done wrong, CPython's where it has one.
//!
//! What a row of the conformance table or a hazard speaks of is tested there (`rows`, `hazards`): running in a
//! running loop, closed loops, results set twice, awaiting oneself, cycles, re-entered and finished
//! generators, destructors that await, stack sizes, callbacks that panic.
#![forbid(unsafe_code)]

mod closed_loop;
mod driven;
mod generators;
mod limits;
mod outside;
mod wrong_place;
