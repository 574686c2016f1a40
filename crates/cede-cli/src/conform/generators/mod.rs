//! Runs a program of plain generators and gives its trace.
//!
//! Each body and each block of it is a generator of its own, which the one around it delegates to with
//! `try_yield_from`; an exception of the program leaves its generator through `raise`.

mod exception;
mod frame;
mod owned;
mod program;

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::Result;
use cede::{GeneratorState, GeneratorStatus, ResumeError};
use serde_json::{Value, json};

use super::interpreter::Execution;
use exception::Exc;
use frame::Run;
use program::Drive;
pub(super) use program::GeneratorProgram;

/// Drives the first generator of a program as the program says.
pub(super) fn execute(program: GeneratorProgram) -> Result<Execution> {
    let run = Rc::new(Run { program, trace: RefCell::default() });
    let first = run.body(0);
    for step in &run.program.drive {
        let (name, result) = match step {
            Drive::Next if first.generator.status() == GeneratorStatus::New => {
                ("next", resumed(first.generator.start()))
            }
            Drive::Next => ("next", resumed(first.generator.resume(None))),
            Drive::Send(value) => ("send", resumed(first.generator.resume(Some(*value)))),
            Drive::Throw(number) => ("throw", resumed(first.generator.throw(Exc::Err(100 + number)))),
            Drive::Close => ("close", closed(first.generator.close())),
        };
        run.event(json!(["=>", name, result]));
    }
    // Dropping it may still add events.
    drop(first);
    Ok(Execution { flags: Vec::new(), trace: run.trace.take() })
}

/// What `next`, `send` or `throw` gave.
fn resumed(result: Result<GeneratorState<i64, i64>, ResumeError>) -> Value {
    match result {
        Ok(GeneratorState::Yielded(value)) => json!(["yield", value]),
        Ok(GeneratorState::Complete(value)) => json!(["Stop", value]),
        Err(ResumeError::Finished) => json!(["Stop", null]),
        Err(error) => Exc::from_resume(error).to_json(),
    }
}

/// What `close` gave. A generator that lets GeneratorExit pass has been closed.
fn closed(result: Result<Option<i64>, ResumeError>) -> Value {
    match result.map_err(Exc::from_resume) {
        Ok(value) => json!(["close", value]),
        Err(Exc::GeneratorExit) => json!(["close", null]),
        Err(exc) => exc.to_json(),
    }
}
