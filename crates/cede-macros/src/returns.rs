//! The return type in its three places: the fn's signature, the closure's, and the classification.
//!
//! Mostly a `T` stands as it is in `impl FnOnce() -> T`. Two kinds of type may not stand there: one with an
//! elided lifetime (`&str`: the parentheses of `FnOnce()` are a new scope, with no argument to elide from)
//! and one with an `impl Trait` in it (not stable there). These go through `__private::Body`, the same bound
//! with the return type as an associated type, where both are ordinary. And `!`, not yet a type on stable
//! Rust but after the arrow of a fn, is fetched from there: `<fn() -> ! as Body>::Returns`.

use proc_macro::{Delimiter, TokenStream, TokenTree};

use crate::tokens::{code, group, is_ident, is_joint, is_punct};

/// The return type, and what must be minded about it.
pub(crate) struct Returns {
    written: Option<TokenStream>,
    /// Has an `impl Trait`, which may be written neither on a closure nor in an expression.
    opaque: bool,
    /// Has a lifetime left to elision.
    elided: bool,
    /// `!`, which is no type elsewhere.
    never: bool,
}

impl Returns {
    pub(crate) fn new(written: Option<TokenStream>) -> Self {
        let trees: Vec<TokenTree> = written.clone().into_iter().flatten().collect();
        Self {
            opaque: any(&trees, &|trees, at| is_ident(trees.get(at), "impl")),
            elided: any(&trees, &|trees, at| {
                is_punct(trees.get(at), '&') && !is_punct(trees.get(at + 1), '\'')
                    || is_joint(trees.get(at), '\'') && is_ident(trees.get(at + 1), "_")
            }),
            never: trees.len() == 1 && is_punct(trees.first(), '!'),
            written,
        }
    }

    /// ` -> T` as written, or nothing: for a fn that returns the value itself.
    pub(crate) fn plain(&self) -> TokenStream {
        self.written
            .clone()
            .map_or_else(TokenStream::new, |written| [code("->"), written].into_iter().collect())
    }

    /// ` -> ::cede::Coroutine<impl FnOnce() -> T>`.
    pub(crate) fn coroutine(&self) -> TokenStream {
        let bound = if self.opaque || self.elided {
            [code("impl ::cede::__private::Body<Returns ="), self.tokens(), code(">")].into_iter().collect()
        } else if self.never {
            let never = [code("impl ::core::ops::FnOnce() -> <fn()"), self.plain()].into_iter();
            never.chain([code("as ::cede::__private::Body>::Returns")]).collect()
        } else {
            [code("impl ::core::ops::FnOnce()"), self.plain()].into_iter().collect::<TokenStream>()
        };
        [code("-> ::cede::Coroutine<"), bound, code(">")].into_iter().collect()
    }

    /// ` -> T` for the closure, which wants it even for `()`: then the body coerces to it as a fn's body
    /// does.
    pub(crate) fn closure(&self) -> TokenStream {
        if self.opaque {
            return TokenStream::new();
        }
        [code("->"), self.tokens()].into_iter().collect()
    }

    /// The call that tells the core what an outcome of this type is.
    pub(crate) fn classified(&self) -> TokenStream {
        if self.opaque || self.never {
            return code("::cede::__private::classify_any!()");
        }
        let arguments = group(Delimiter::Parenthesis, self.tokens());
        [code("::cede::__private::classify!"), arguments.into()].into_iter().collect()
    }

    fn tokens(&self) -> TokenStream {
        self.written.clone().unwrap_or_else(|| code("()"))
    }
}

/// Whether `test` holds at any place of the type, in groups too.
fn any(trees: &[TokenTree], test: &dyn Fn(&[TokenTree], usize) -> bool) -> bool {
    (0..trees.len()).any(|at| {
        test(trees, at)
            || matches!(&trees[at], TokenTree::Group(group)
                if any(&group.stream().into_iter().collect::<Vec<_>>(), test))
    })
}
