//! Every form of argument works, lives to the end of the body, and is dropped in a plain fn's order.
#![deny(warnings)]

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;

type Log = Rc<RefCell<Vec<String>>>;

struct Noisy(&'static str, Log);

impl Drop for Noisy {
    fn drop(&mut self) {
        self.1.borrow_mut().push(format!("drop {}", self.0));
    }
}

struct Point {
    x: u32,
    #[allow(dead_code)]
    y: u32,
}

mod nested {
    pub(super) struct Wrapped(pub(super) u32);
}

#[cede::coroutine]
fn patterns(
    mut n: u32,
    (a, mut b): (u32, u32),
    Point { x, .. }: Point,
    &c: &u32,
    [d, ..]: [u32; 3],
    nested::Wrapped(e): nested::Wrapped,
    ref f: u32,
    whole @ (_, g): (u32, u32),
    _: u32,
    r#type: u32,
) -> u32 {
    n += 1;
    b += 1;
    n + a + b + x + c + d + e + *f + whole.0 + g + r#type
}

#[cede::coroutine]
fn types<'a, K, V>(
    map: std::collections::HashMap<K, Vec<V>>,
    call: impl Fn(u32, u32) -> u32 + 'a,
    show: &'a dyn Display,
    pointer: fn(u32) -> u32,
) -> String
where
    K: std::hash::Hash + Eq,
    V: Display,
{
    format!("{} {} {} {}", map.len(), call(1, 2), show, pointer(3))
}

#[cede::coroutine]
fn drops(_first: Noisy, _: Noisy, (_third, _): (Noisy, Noisy), _last: Noisy, log: Log) {
    log.borrow_mut().push("body".into());
}

fn drops_plainly(_first: Noisy, _: Noisy, (_third, _): (Noisy, Noisy), _last: Noisy, log: Log) {
    log.borrow_mut().push("body".into());
}

#[cede::coroutine]
fn attributed(
    #[allow(unused_variables)] unused: u32,
    #[cfg(any())] never: u32,
    #[expect(unused_mut)] mut one: u32,
) -> u32 {
    one
}

#[rustfmt::skip]
#[cede::coroutine]
fn constant<const N: usize>(values: [u32; N], _commas: Vec<(u32, u32)>,) -> usize {
    values.len()
}

#[cede::coroutine]
fn push(to: &mut Vec<u32>, value: u32) {
    to.push(value);
}

#[cede::coroutine]
fn nothing() {}

/// Runs the same with the arguments of `drops`, and gives what was logged.
fn logged(run: impl FnOnce(Noisy, Noisy, (Noisy, Noisy), Noisy, Log)) -> Vec<String> {
    let log = Log::default();
    let noisy = |name| Noisy(name, log.clone());
    run(noisy("first"), noisy("second"), (noisy("third"), noisy("fourth")), noisy("last"), log.clone());
    log.take()
}

#[cede::main]
fn main() {
    let sum = patterns(1, (1, 1), Point { x: 1, y: 9 }, &1, [1, 9, 9], nested::Wrapped(1), 1, (1, 1), 9, 1);
    assert_eq!(sum.await, 13);
    let text = types(std::collections::HashMap::<u8, Vec<u8>>::new(), |a, b| a + b, &"shown", |n| n).await;
    assert_eq!(text, "0 3 shown 3");
    assert_eq!(attributed(1, 2).await, 2);
    assert_eq!(constant([1, 2, 3], vec![]).await, 3);
    let mut list = Vec::new();
    push(&mut list, 7).await;
    push(&mut list, 8).await;
    assert_eq!(list, [7, 8]);
    nothing().await;

    let in_a_fn = logged(drops_plainly);
    assert_eq!(in_a_fn[0], "body");
    assert_eq!(logged(|a, b, c, d, log| drops(a, b, c, d, log).await), in_a_fn);

    // Making the object runs and drops nothing, not even what the body never names.
    let log = Log::default();
    let noisy = |name| Noisy(name, log.clone());
    let made =
        drops(noisy("first"), noisy("second"), (noisy("third"), noisy("fourth")), noisy("last"), log.clone());
    assert_eq!(log.borrow().len(), 0);
    made.await;
    assert_eq!(log.borrow().len(), 6);
}
