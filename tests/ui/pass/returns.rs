//! Every kind of return type, the name, and where the object says it was made.
#![deny(warnings)]

use std::fmt::{Debug, Display};

#[cede::coroutine]
fn unit() {}

#[cede::coroutine]
fn explicit_unit() -> () {}

#[cede::coroutine]
fn coerced(n: u32) -> Box<dyn Debug> {
    Box::new(n)
}

#[cede::coroutine]
fn opaque(n: u32) -> impl Iterator<Item = u32> {
    0..n
}

// In one line each: rustc must not find braces of ours unnecessary.
#[rustfmt::skip]
#[cede::coroutine]
fn opaque_line() -> impl Display { 1 }

#[rustfmt::skip]
#[cede::coroutine]
fn line() -> u32 { 1 }

#[cede::coroutine]
fn opaque_in_result<'a>(text: &'a str) -> Result<Box<impl Display + 'a>, std::fmt::Error> {
    Ok(Box::new(text))
}

#[cede::coroutine]
fn elided(text: &str) -> &str {
    text.trim()
}

#[cede::coroutine]
fn elided_in_path(text: &str) -> Result<std::str::Chars<'_>, std::fmt::Error> {
    Ok(text.chars())
}

#[cede::coroutine]
fn named<'a>(text: &'a str, _other: &str) -> &'a str {
    text
}

#[cede::coroutine]
fn generic<T>(value: T) -> Option<T>
where
    T: Clone,
{
    Some(value.clone())
}

#[cede::coroutine]
fn early(n: u32) -> u32 {
    if n > 1 {
        return n;
    }
    0
}

#[cede::coroutine]
fn never() -> ! {
    panic!("as it should")
}

/// What comes after a `!` is unreachable: no value is missing.
fn never_in_a_block() -> u32 {
    awaits_any(never())
}

#[cede::coroutine]
fn with_inner_attribute() -> u32 {
    #![allow(unused_variables)]
    let unused = 1;
    2
}

#[cede::coroutine]
fn makes_a_coroutine() -> cede::Coroutine<impl FnOnce() -> u32> {
    early(3)
}

#[cede::coroutine]
#[track_caller]
#[inline]
#[must_use = "and why"]
pub(crate) fn r#loop() -> u32 {
    1
}

macro_rules! made_by_macro {
    ($visibility:vis $name:ident($argument:ident: $type:ty) -> $returns:ty $body:block) => {
        #[cede::coroutine]
        $visibility fn $name($argument: $type) -> $returns $body
    };
}

made_by_macro!(pub doubled(n: u32) -> u64 { u64::from(early(n).await) * 2 });

/// A plain fn over any coroutine: the type that the attribute writes is an ordinary `FnOnce() -> T`.
fn awaits_any<F: FnOnce() -> T, T>(coroutine: cede::Coroutine<F>) -> T {
    cede::Awaitable::await_(coroutine)
}

#[cede::main]
fn main() {
    awaits_any(unit());
    awaits_any(explicit_unit());
    assert_eq!(format!("{:?}", awaits_any(coerced(1))), "1");
    assert_eq!(awaits_any(opaque(4)).sum::<u32>(), 6);
    assert_eq!(awaits_any(opaque_line()).to_string(), awaits_any(line()).to_string());
    assert_eq!(awaits_any(opaque_in_result("shown")).unwrap().to_string(), "shown");
    let text = String::from(" text ");
    assert_eq!(awaits_any(elided(&text)), "text");
    assert_eq!(awaits_any(elided_in_path(&text)).unwrap().count(), 6);
    assert_eq!(awaits_any(named(&text, "")), " text ");
    assert_eq!(awaits_any(generic('x')), Some('x'));
    assert_eq!((awaits_any(early(1)), awaits_any(early(2))), (0, 2));
    assert_eq!(awaits_any(with_inner_attribute()), 2);
    assert_eq!(awaits_any(awaits_any(makes_a_coroutine())), 3);
    assert_eq!(awaits_any(doubled(4)), 8);
    assert_eq!(r#loop().name(), "loop");
    assert_eq!(unit().name(), "unit");
    assert!(std::panic::catch_unwind(never_in_a_block).is_err());
}
