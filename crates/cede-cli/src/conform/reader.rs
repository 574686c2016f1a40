//! Reads one operation, `["name", argument, …]`, with errors that name the operation and what is wrong with it.

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;

/// An operation of a JSON program whose arguments are still to be read.
pub(super) struct OpReader<'a> {
    name: &'a str,
    args: &'a [Value],
}

impl<'a> OpReader<'a> {
    pub(super) fn new(op: &'a Value) -> Result<Self> {
        match op.as_array().map(Vec::as_slice) {
            Some([Value::String(name), args @ ..]) => Ok(Self { name, args }),
            _ => bail!("{op} is no operation: one is a list that begins with its name"),
        }
    }

    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    /// Refuses an operation that has too few arguments, or more than it knows.
    pub(super) fn takes(&self, count: usize) -> Result<()> {
        ensure!(
            self.args.len() == count,
            "op `{}` takes {count} argument(s), here it has {}",
            self.name,
            self.args.len()
        );
        Ok(())
    }

    /// A number that may be negative: `raise -1`.
    pub(super) fn integer(&self, at: usize) -> Result<i64> {
        self.read(at, "a whole number", Value::as_i64)
    }

    /// A time in units, a count, or the number of a task: not negative.
    pub(super) fn whole(&self, at: usize) -> Result<u64> {
        self.read(at, "a whole number that is not negative", Value::as_u64)
    }

    pub(super) fn index(&self, at: usize) -> Result<usize> {
        Ok(usize::try_from(self.whole(at)?)?)
    }

    /// The number of one of `count` things of a kind.
    pub(super) fn one_of(&self, at: usize, kind: &str, count: usize) -> Result<usize> {
        let index = self.index(at)?;
        ensure!(index < count, "op `{}` names {kind} {index}, but there are {count}", self.name);
        Ok(index)
    }

    /// The number of a body that this one starts: a later one, which makes every program finite.
    pub(super) fn later_body(&self, at: usize, here: usize, count: usize) -> Result<usize> {
        self.check_body(self.index(at)?, here, count)
    }

    pub(super) fn later_bodies(&self, at: usize, here: usize, count: usize) -> Result<Vec<usize>> {
        self.indices(at)?.into_iter().map(|body| self.check_body(body, here, count)).collect()
    }

    fn check_body(&self, body: usize, here: usize, count: usize) -> Result<usize> {
        ensure!(
            here < body && body < count,
            "op `{}` in body {here} starts body {body}: a body starts only later ones, and there are {count}",
            self.name
        );
        Ok(body)
    }

    pub(super) fn indices(&self, at: usize) -> Result<Vec<usize>> {
        let wanted = "a list of whole numbers";
        let items = self.read(at, wanted, Value::as_array)?;
        let numbers = items.iter().map(|item| usize::try_from(item.as_u64()?).ok()).collect::<Option<_>>();
        numbers.ok_or_else(|| self.wrong(at, wanted))
    }

    pub(super) fn boolean(&self, at: usize) -> Result<bool> {
        self.read(at, "true or false", Value::as_bool)
    }

    /// A time in units, or null for none.
    pub(super) fn optional_whole(&self, at: usize) -> Result<Option<u64>> {
        if self.args.get(at).is_some_and(Value::is_null) { Ok(None) } else { self.whole(at).map(Some) }
    }

    /// A word out of a list of them, as what it stands for.
    pub(super) fn word<T: Copy>(&self, at: usize, words: &[(&str, T)]) -> Result<T> {
        let found = self
            .args
            .get(at)
            .and_then(Value::as_str)
            .and_then(|given| words.iter().find(|(word, _)| *word == given).map(|(_, meaning)| *meaning));
        found.ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(at, &format!("one of {}", known.join(", ")))
        })
    }

    /// A nested block of operations.
    pub(super) fn block<T>(&self, at: usize, op: impl Fn(OpReader<'a>) -> Result<T>) -> Result<Vec<T>> {
        let ops = self.args.get(at).and_then(Value::as_array);
        block(ops.ok_or_else(|| self.wrong(at, "a block"))?, op)
    }

    fn read<T>(&self, at: usize, wanted: &str, convert: impl Fn(&'a Value) -> Option<T>) -> Result<T> {
        self.args.get(at).and_then(convert).ok_or_else(|| self.wrong(at, wanted))
    }

    fn wrong(&self, at: usize, wanted: &str) -> anyhow::Error {
        let found = self.args.get(at).map_or("nothing".to_owned(), Value::to_string);
        anyhow!("argument {} of op `{}` is {wanted}, here it is {found}", at + 1, self.name)
    }
}

/// Reads a list of operations.
fn block<'a, T>(ops: &'a [Value], op: impl Fn(OpReader<'a>) -> Result<T>) -> Result<Vec<T>> {
    ops.iter().map(|value| op(OpReader::new(value)?)).collect()
}

/// Reads the `bodies` of a program: `op` is told the number of the body it is in, and of all bodies.
pub(super) fn bodies<'a, T>(
    program: &'a Value,
    op: impl Fn(OpReader<'a>, usize, usize) -> Result<T>,
) -> Result<Vec<Vec<T>>> {
    let bodies = program["bodies"].as_array().context("the program has no list `bodies`")?;
    ensure!(!bodies.is_empty(), "the program has no body");
    let read = |(here, body): (usize, &'a Value)| {
        let ops = body.as_array().with_context(|| format!("body {here} is no list of operations"))?;
        block(ops, |reader| op(reader, here, bodies.len())).with_context(|| format!("body {here}"))
    };
    bodies.iter().enumerate().map(read).collect()
}
