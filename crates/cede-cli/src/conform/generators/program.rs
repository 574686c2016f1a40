//! A program of plain generators: what its JSON says, as types. `tests/conformance/gengen.py` defines what it does.

use std::rc::Rc;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::conform::reader::{self, OpReader};

/// Generators that delegate to one another, and what is done to the first of them from outside.
#[derive(Debug)]
pub(in crate::conform) struct GeneratorProgram {
    pub(super) bodies: Vec<Block>,
    pub(super) drive: Vec<Drive>,
}

/// Each block is a generator of its own, so each is shared.
pub(super) type Block = Rc<[Op]>;

/// One operation of a generator.
#[derive(Debug)]
pub(super) enum Op {
    Yield(i64),
    /// `yield from` another body.
    From(usize),
    Raise(i64),
    Return(i64),
    /// A block, and what is run when it raised something.
    Try(Keep, Block, Block),
    Finally(Block, Block),
}

/// What a `try` keeps once its handler is through; it catches all but `return`, and raises the rest again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Errors; GeneratorExit goes on.
    Errors,
    /// Nothing.
    Nothing,
    /// Errors and GeneratorExit.
    All,
}

/// One thing that is done to the first generator.
#[derive(Debug)]
pub(super) enum Drive {
    Next,
    Send(i64),
    Throw(i64),
    Close,
}

impl GeneratorProgram {
    pub(in crate::conform) fn parse(program: &Value) -> Result<Self> {
        let bodies = reader::bodies(program, |op, here, count| parse_op(&op, here, count))?;
        let drive = program["drive"].as_array().context("the program has no list `drive`")?;
        Ok(Self {
            bodies: bodies.into_iter().map(Rc::from).collect(),
            drive: drive.iter().map(|step| parse_drive(&OpReader::new(step)?)).collect::<Result<_>>()?,
        })
    }
}

fn parse_op(op: &OpReader<'_>, here: usize, bodies: usize) -> Result<Op> {
    let block = |at| op.block(at, |inner| parse_op(&inner, here, bodies)).map(Block::from);
    let (arguments, parsed) = match op.name() {
        "yield" => (1, Op::Yield(op.integer(0)?)),
        "from" => (1, Op::From(op.later_body(0, here, bodies)?)),
        "raise" => (1, Op::Raise(op.integer(0)?)),
        "return" => (1, Op::Return(op.integer(0)?)),
        "try" => (3, Op::Try(op.word(0, KEEPS)?, block(1)?, block(2)?)),
        "finally" => (2, Op::Finally(block(0)?, block(1)?)),
        unknown => bail!("unknown op `{unknown}`"),
    };
    op.takes(arguments)?;
    Ok(parsed)
}

/// `all` differs from `err` in name only: neither keeps GeneratorExit.
const KEEPS: &[(&str, Keep)] =
    &[("err", Keep::Errors), ("all", Keep::Errors), ("exit", Keep::Nothing), ("swallow", Keep::All)];

fn parse_drive(step: &OpReader<'_>) -> Result<Drive> {
    let (arguments, parsed) = match step.name() {
        "next" => (0, Drive::Next),
        "send" => (1, Drive::Send(step.integer(0)?)),
        "throw" => (1, Drive::Throw(step.integer(0)?)),
        "close" => (0, Drive::Close),
        unknown => bail!("unknown op `{unknown}` in `drive`"),
    };
    step.takes(arguments)?;
    Ok(parsed)
}
