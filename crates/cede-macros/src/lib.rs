//! The attribute macros of [cede](https://docs.rs/cede), which re-exports them: write `#[cede::coroutine]`,
//! `#[cede::main]`, `#[cede::test]`.
//!
//! They are sugar over the public interface: a coroutine is `cede::coroutine(move || …)`, an await is
//! `Awaitable::await_`. What the sugar adds is the word `.await`, which stable Rust lets stand in a plain fn
//! as long as an attribute macro takes it away again. The work is done on tokens: every token of the user's
//! keeps its span, so errors point at what was written, and `.await` works where no syntax tree reaches, as
//! in `println!("{}", x.await)`.
//!
//! | file | its one idea |
//! |---|---|
//! | `expand.rs` | what each attribute turns a fn into |
//! | `item.rs` | a fn item, taken apart |
//! | `arguments.rs` | every argument lives in the coroutine, to its end |
//! | `returns.rs` | the return type in its three places |
//! | `rewrite.rs` | `.await` becomes `.await_()` |
//! | `test_options.rs` | what may stand in `#[cede::test(…)]` |
//! | `tokens.rs`, `error.rs` | tools |
#![forbid(unsafe_code)]

mod arguments;
mod error;
mod expand;
mod item;
mod returns;
mod rewrite;
mod test_options;
mod tokens;

use proc_macro::TokenStream;

/// A function that makes a coroutine object, as `async def` does in Python: calling it runs nothing, awaiting
/// what it returns runs the body.
///
/// ```
/// use std::time::Duration;
///
/// #[cede::coroutine]
/// fn special_fella(magic_number: u32) -> u32 {
///     println!("magic number: {magic_number}");
///     cede::sleep(Duration::from_millis(10)).await.ok();
///     magic_number + 1
/// }
///
/// #[cede::main]
/// fn main() {
///     let fella = special_fella(7); // <coroutine object special_fella at 0x7f…>, nothing is printed yet
///     println!("and then: {}", fella.await); // magic number: 7 ⏎ and then: 8
/// }
/// ```
///
/// `fn f(args) -> T` becomes a plain `fn f(args) -> cede::Coroutine<impl FnOnce() -> T>`, named `f`. In its
/// body, and in closures and macro calls of its body, `x.await` means `cede::Awaitable::await_(x)`. What is
/// `async` in it keeps Rust's own await: blocks, closures, fns.
///
/// The arguments belong to the coroutine object, used or not: they are taken apart by their patterns when it
/// starts, and dropped when it ends. Borrowed arguments, `&self`, generics, `impl Trait` and recursion work
/// as in any fn.
///
/// A trait method without a body has nothing to expand; write its signature out:
///
/// ```
/// # struct Site;
/// # impl Site {
/// #     #[cede::coroutine]
/// #     fn get(&self, page: u32) -> String {
/// #         format!("page {page}")
/// #     }
/// # }
/// trait Fetch {
///     fn fetch(&self, page: u32) -> cede::Coroutine<impl FnOnce() -> String>;
/// }
///
/// impl Fetch for Site {
///     #[cede::coroutine]
///     fn fetch(&self, page: u32) -> String {
///         self.get(page).await
///     }
/// }
/// # use cede::Awaitable;
/// # assert_eq!(Site.fetch(7).await_(), "page 7");
/// ```
///
/// A return type that hides a lifetime in a path (`Ref<str>`) must show it (`Ref<'_, str>`). The attribute
/// needs its `cede::`: a bare `#[coroutine]` is ambiguous with one that rustc keeps for itself. Crates that
/// call the functions may be of any edition; the crate that defines them must be of edition 2024 for borrowed
/// arguments.
///
/// asyncio's counterpart: `async def`.
#[proc_macro_attribute]
pub fn coroutine(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::coroutine(options, item)
}

/// The program's entry: runs the body of `main` as a coroutine on a new event loop, and returns what it
/// returns.
///
/// ```
/// use std::time::Duration;
///
/// #[cede::main]
/// fn main() -> Result<(), cede::Error> {
///     cede::sleep(Duration::from_millis(1)).await?;
///     Ok(())
/// }
/// ```
///
/// When the loop itself cannot go on, because every task waits for another, say, its error is printed and the
/// program exits with 1.
///
/// asyncio's counterpart: `asyncio.run(main())` under `if __name__ == "__main__"`.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::main(options, item)
}

/// A unit test whose body is a coroutine, on an event loop of its own with a virtual clock: when everything
/// sleeps, time jumps to the next timer, so an hour passes at once.
///
/// ```
/// use std::time::Duration;
///
/// #[cede::test]
/// fn an_hour_is_soon_over() -> cede::Result<()> {
///     cede::sleep(Duration::from_secs(3600)).await?;
///     Ok(())
/// }
///
/// #[cede::test(real_time)]
/// fn the_socket_answers() { /* … */ }
///
/// #[cede::test(schedules = 100)]
/// fn nobody_depends_on_the_order() { /* … */ }
/// ```
///
/// With `schedules = 100` the body is run a hundred times, as by `cede::explore`: the callbacks of every turn in
/// another order each time, the usual order first. The test fails with the first order in which it panics,
/// returns an error, comes to a deadlock, or leaves a failure that nobody reads; the panic says which one that
/// is, shows its timeline, and has the one line that runs it again (`CEDE_SCHEDULE=7 cargo test …`). Their clocks
/// are virtual: `real_time` does not go with it.
///
/// `#[should_panic]`, `#[ignore]` and every other attribute of a test work as usual.
///
/// asyncio's counterpart: `unittest.IsolatedAsyncioTestCase`, which has no virtual clock.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::test(options, item)
}
