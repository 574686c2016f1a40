//! What the generators of a program do: their bodies and blocks.

use std::cell::RefCell;
use std::rc::Rc;

use cede::{Co, Generator, Thrown};
use serde_json::{Value, json};

use super::exception::Exc;
use super::owned::{Owned, State};
use super::program::{Block, GeneratorProgram, Keep, Op};

/// A program that is being run.
pub(super) struct Run {
    pub(super) program: GeneratorProgram,
    pub(super) trace: RefCell<Vec<Value>>,
}

impl Run {
    pub(super) fn event(&self, event: Value) {
        self.trace.borrow_mut().push(event);
    }

    /// The generator of a body.
    pub(super) fn body(self: &Rc<Self>, number: usize) -> Owned<i64> {
        let ops = Rc::clone(&self.program.bodies[number]);
        self.generator(number, move |frame| {
            frame.run.event(json!(["start", number]));
            let left = match frame.yield_from(frame.nested(&ops)) {
                Ok(()) => Ok(i64::try_from(number).expect("there are few bodies")),
                Err(Exc::Return(value)) => Ok(value),
                Err(exc) => Err(exc),
            };
            match &left {
                Ok(value) => frame.run.event(json!(["end", number, value])),
                Err(Exc::Destroyed) => (),
                Err(exc) => frame.run.event(json!(["exit", number, exc.to_json()])),
            }
            left
        })
    }

    /// A generator of a body: itself, or one of its blocks.
    fn generator<R: 'static>(
        self: &Rc<Self>,
        body: usize,
        code: impl FnOnce(&Frame) -> Result<R, Exc> + 'static,
    ) -> Owned<R> {
        let (run, state) = (Rc::clone(self), Rc::<State>::default());
        let generator = Generator::new({
            let state = Rc::clone(&state);
            move |co| {
                let frame = Frame { run, co, body, state };
                code(&frame).unwrap_or_else(|exc| frame.co.raise(exc))
            }
        });
        Owned { generator, state }
    }
}

/// What the code of a running generator works with.
struct Frame {
    run: Rc<Run>,
    co: Co<i64, Option<i64>>,
    body: usize,
    state: Rc<State>,
}

impl Frame {
    /// The generator of a block of this body.
    fn nested(&self, ops: &Block) -> Owned<()> {
        let ops = Rc::clone(ops);
        self.run.generator(self.body, move |frame| ops.iter().try_for_each(|op| frame.op(op)))
    }

    fn op(&self, op: &Op) -> Result<(), Exc> {
        match op {
            Op::Yield(value) => self.yield_(*value),
            Op::From(body) => {
                let value = self.yield_from(self.run.body(*body))?;
                self.run.event(json!(["from", self.body, value]));
                Ok(())
            }
            Op::Raise(number) => Err(Exc::Err(*number)),
            Op::Return(value) => Err(Exc::Return(*value)),
            Op::Try(keep, block, handler) => self.try_(*keep, block, handler),
            Op::Finally(block, cleanup) => self.finally(block, cleanup),
        }
    }

    fn yield_(&self, value: i64) -> Result<(), Exc> {
        match self.co.try_yield(value).map_err(|thrown| self.exception(thrown)) {
            Ok(sent) => self.run.event(json!(["in", self.body, sent])),
            Err(Exc::Destroyed) => return Err(Exc::Destroyed),
            Err(exc) => {
                self.run.event(json!(["in!", self.body, exc.to_json()]));
                return Err(exc);
            }
        }
        Ok(())
    }

    /// `yield from`: what is sent or thrown goes to the inner generator until it is through; then it is dropped.
    fn yield_from<R>(&self, inner: Owned<R>) -> Result<R, Exc> {
        self.state.inner.replace(Some(Rc::clone(&inner.state)));
        let result = self.co.try_yield_from(&inner.generator).map_err(|thrown| self.exception(thrown));
        self.state.inner.replace(None);
        if self.state.destroyed.get() {
            // The inner one has been closed on the way here; that is the one chance it has.
            inner.state.destroy();
        }
        result
    }

    /// `yield from` within a handler.
    fn handle(&self, inner: Owned<()>) -> Result<(), Exc> {
        self.state.handling.set(true);
        let result = self.yield_from(inner);
        self.state.handling.set(false);
        result
    }

    fn try_(&self, keep: Keep, block: &Block, handler: &Block) -> Result<(), Exc> {
        let exc = match self.yield_from(self.nested(block)) {
            Err(exc) if !matches!(exc, Exc::Return(_) | Exc::Destroyed) => exc,
            left => return left,
        };
        self.run.event(json!(["caught", self.body, exc.to_json()]));
        self.handle(self.nested(handler))?;
        let kept = match keep {
            Keep::Nothing => false,
            Keep::Errors => exc != Exc::GeneratorExit,
            Keep::All => true,
        };
        if kept { Ok(()) } else { Err(exc) }
    }

    fn finally(&self, block: &Block, cleanup: &Block) -> Result<(), Exc> {
        let left = self.yield_from(self.nested(block));
        if left == Err(Exc::Destroyed) {
            return left;
        }
        self.run.event(json!(["finally", self.body]));
        let cleanup = self.nested(cleanup);
        if left.is_ok() { self.yield_from(cleanup) } else { self.handle(cleanup) }?;
        left
    }

    /// What was thrown in at a yield.
    fn exception(&self, thrown: Thrown) -> Exc {
        match thrown {
            _ if self.state.destroyed.get() => Exc::Destroyed,
            Thrown::Exit => Exc::GeneratorExit,
            Thrown::Error(error) => Exc::from_box(error),
            Thrown::Refused(error) => Exc::Other(error.to_string()),
            other => Exc::Other(format!("{other:?}")),
        }
    }
}
