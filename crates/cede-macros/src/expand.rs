//! What each attribute turns a fn into.

use proc_macro::{Delimiter, Group, Literal, Span, TokenStream, TokenTree};

use crate::arguments::Arguments;
use crate::error::Error;
use crate::item::{Attribute, FnItem};
use crate::returns::Returns;
use crate::rewrite::rewritten;
use crate::test_options::TestOptions;
use crate::tokens::{code, group, plain_name};

/// `#[cede::coroutine]`: the fn returns a coroutine object over its body.
pub(crate) fn coroutine(options: TokenStream, item: TokenStream) -> TokenStream {
    expand("coroutine", item, |mut parts| {
        parts.refuse_options(options);
        if !parts.item.attributes.iter().any(|attribute| attribute.is("track_caller")) {
            parts.before = code("#[track_caller]");
        }
        let body = parts.coroutine();
        let returns = parts.returns.coroutine();
        parts.finish(returns, body)
    })
}

/// `#[cede::main]`: the fn runs its body as a coroutine on a loop of its own.
pub(crate) fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand("main", item, |mut parts| {
        parts.refuse_options(options);
        parts.run("::cede::__private::run_main")
    })
}

/// `#[cede::test]`: the same as a test, by default under a virtual clock.
pub(crate) fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand("test", item, |mut parts| {
        if let Some(twice) = parts.item.attributes.iter().find(|attribute| attribute.is("test")) {
            let error = Error::at(twice.span(), "`#[cede::test]` makes the test by itself; remove `#[test]`");
            parts.item.errors.push(error);
            parts.item.attributes.retain(|attribute| !attribute.is("test"));
        }
        parts.before = code("#[::core::prelude::v1::test]");
        match TestOptions::read(options) {
            Ok(TestOptions::Once) => parts.run("::cede::__private::run_test"),
            Ok(TestOptions::RealTime) => parts.run("::cede::__private::run_test_real_time"),
            Ok(TestOptions::Schedules(count)) => parts.explore(&count),
            Err(error) => {
                parts.item.errors.push(error);
                parts.run("::cede::__private::run_test")
            }
        }
    })
}

/// Reads the item and builds its successor; what cannot be read stays as it is, behind the error.
fn expand(
    attribute: &'static str,
    item: TokenStream,
    build: impl FnOnce(Parts) -> TokenStream,
) -> TokenStream {
    match FnItem::parse(item.clone(), attribute) {
        Ok(mut parsed) => {
            let returns = Returns::new(parsed.returns.take());
            let arguments = Arguments::new(&parsed.arguments);
            build(Parts { attribute, before: TokenStream::new(), item: parsed, arguments, returns })
        }
        Err(error) => [error.into_tokens(), item].into_iter().collect(),
    }
}

/// A fn item on its way to another.
struct Parts {
    /// The word after `cede::`, for messages.
    attribute: &'static str,
    /// Attributes of ours, before the user's.
    before: TokenStream,
    item: FnItem,
    arguments: Arguments,
    returns: Returns,
}

impl Parts {
    fn refuse_options(&mut self, options: TokenStream) {
        if !options.is_empty() {
            let message = format!("`#[cede::{}]` takes no arguments", self.attribute);
            self.item.errors.push(Error::over(options, Span::call_site(), message));
        }
    }

    /// The coroutine object over the rewritten body:
    /// `::cede::__private::coroutine(&"name", move || -> T { …captures… …body… }, classify!(T))`.
    ///
    /// The closure's braces are the body's own, span and all, for errors about the whole block. The trait
    /// comes only with an `.await` of ours, so that an import of it by hand, for `.await_()`, is not called
    /// unused.
    fn coroutine(&self) -> TokenStream {
        let written = &self.item.body;
        let mut inside = self.arguments.captured.clone();
        match rewritten(written.stream()) {
            Some(body) => inside.extend([code("use ::cede::Awaitable as _;"), body]),
            None => inside.extend(written.stream()),
        }
        let mut body = Group::new(Delimiter::Brace, inside);
        body.set_span(written.span());
        let mut call = code("&");
        call.extend([TokenTree::from(Literal::string(&plain_name(&self.item.name)))]);
        call.extend([code(", move ||"), self.returns.closure()]);
        call.extend([TokenTree::from(body)]);
        call.extend([code(","), self.returns.classified()]);
        let call = group(Delimiter::Parenthesis, call);
        [code("::cede::__private::coroutine"), call.into()].into_iter().collect()
    }

    /// A fn that hands the coroutine to `runner` and returns what comes out. It takes no arguments: if there
    /// are any, that is the one error, and no body is left to miss them.
    fn run(self, runner: &str) -> TokenStream {
        self.run_with(|parts| {
            let call = group(Delimiter::Parenthesis, parts.coroutine());
            [code(runner), call.into()].into_iter().collect()
        })
    }

    fn run_with(mut self, call: impl FnOnce(&Self) -> TokenStream) -> TokenStream {
        let written = self.item.arguments.stream();
        let body = if written.is_empty() {
            call(&self)
        } else {
            let message = format!("a `#[cede::{}]` function takes no arguments", self.attribute);
            self.item.errors.push(Error::over(written, Span::call_site(), message));
            self.arguments.taken = Group::new(Delimiter::Parenthesis, TokenStream::new());
            code("::core::unreachable!()")
        };
        let returns = self.returns.plain();
        self.finish(returns, body)
    }

    /// A fn that hands a maker of the coroutine to the exploration, which wants a new one for each schedule, and
    /// judges what they return by itself.
    fn explore(mut self, schedules: &str) -> TokenStream {
        let coroutine = self.coroutine();
        self.returns = Returns::new(None);
        let made = [code(&format!("{schedules}, ||")), coroutine].into_iter().collect();
        self.run_with(move |_| {
            [code("::cede::__private::explore_test"), group(Delimiter::Parenthesis, made).into()]
                .into_iter()
                .collect()
        })
    }

    /// The new fn: the old signature, but for the return type, around the new body.
    fn finish(self, returns: TokenStream, body: TokenStream) -> TokenStream {
        let Self { before, item, arguments, .. } = self;
        let mut out: TokenStream = item.errors.into_iter().map(Error::into_tokens).collect();
        out.extend(before);
        out.extend(item.attributes.iter().map(Attribute::tokens));
        out.extend([item.visibility, item.qualifiers]);
        out.extend([TokenTree::from(item.fn_word), item.name.into()]);
        out.extend(item.generics);
        out.extend([TokenTree::from(arguments.taken)]);
        out.extend([returns, item.where_clause]);
        out.extend([group(Delimiter::Brace, body)]);
        out
    }
}
