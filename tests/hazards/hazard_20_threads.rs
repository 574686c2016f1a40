//! Hazard 20: a coroutine that went on on another thread read the old thread's variables, for the compiler
//! keeps their addresses. Here nothing that has a stack, or belongs to a loop, can go there: see also
//! `ui/fail/not_send_*.rs`, for what the compiler says.

use std::rc::Rc;

use cede::{
    AnyTask, Awaited, Co, Coroutine, Driven, EventLoop, Flatten, Generator, Handle, LoopHandle, LoopProxy,
    Promise, Runner, Step, Task, TimerHandle, VirtualClock, Yielded,
};

/// Two ways for a type that may go to another thread, one for a type that may not: `here()` is then
/// ambiguous for the former, and this does not compile.
trait Here<Marker> {
    fn here() {}
}

struct MayGo;

impl<T: ?Sized> Here<()> for T {}
impl<T: ?Sized + Send> Here<MayGo> for T {}

macro_rules! stays {
    ($($type:ty),* $(,)?) => { $(<$type as Here<_>>::here();)* };
}

fn goes<T: Send>() {}

#[test]
fn what_belongs_to_a_thread_stays_there() {
    stays!(Generator<i32>, Generator<i32, i32, i32>, Co<i32>, Co<i32, i32>);
    stays!(Driven<i32>, Step<i32>, Yielded, Awaited);
    stays!(Task<i32>, AnyTask, Flatten<i32, cede::Error>, Promise<i32>);
    stays!(EventLoop, LoopHandle, Runner, Handle, TimerHandle, VirtualClock);
}

#[test]
fn what_is_a_value_or_a_way_in_may_go_elsewhere() {
    goes::<LoopProxy>();
    goes::<cede::Cancelled>();
    goes::<cede::JoinError>();
    goes::<cede::Error>();
    goes::<cede::SetError<i32>>();
    goes::<cede::stack::StackError>();
    goes::<cede::Report>();
    goes::<cede::CallbackId>();
    goes::<cede::GeneratorState<i32, i32>>();
}

/// A coroutine object has no stack yet: it goes wherever its body goes.
#[test]
fn a_coroutine_object_may_go_where_its_body_may() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let coroutine = send(cede::coroutine(|| 7));
    let sum = std::thread::spawn(move || cede::run(coroutine).unwrap()).join().unwrap();
    assert_eq!(sum, 7);
    stays!(Coroutine<Box<dyn FnOnce() -> Rc<i32>>>);
}
