//! A message to the user, and where it points.

use proc_macro::{Literal, Span, TokenStream, TokenTree};

use crate::tokens::code;

/// A `compile_error!` to be.
pub(crate) struct Error {
    first: Span,
    last: Span,
    message: String,
}

impl Error {
    /// An error that underlines one token.
    pub(crate) fn at(span: Span, message: impl Into<String>) -> Self {
        Self { first: span, last: span, message: message.into() }
    }

    /// An error that underlines everything from the first token to the last; `otherwise` if there is none.
    pub(crate) fn over(tokens: TokenStream, otherwise: Span, message: impl Into<String>) -> Self {
        let mut spans = tokens.into_iter().map(|tree| tree.span());
        let first = spans.next().unwrap_or(otherwise);
        Self { first, last: spans.last().unwrap_or(first), message: message.into() }
    }

    /// The error as an item: `::core::compile_error! { "message" }`.
    ///
    /// rustc underlines from the first token of the call to its last, so these two get the user's spans.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let mut message = Literal::string(&self.message);
        message.set_span(self.last);
        let mut call: Vec<TokenTree> = code("::core::compile_error! {}").into_iter().collect();
        if let Some(TokenTree::Group(braces)) = call.pop() {
            let mut braces = proc_macro::Group::new(braces.delimiter(), TokenTree::from(message).into());
            braces.set_span(self.last);
            call.iter_mut().for_each(|tree| tree.set_span(self.first));
            call.push(braces.into());
        }
        call.into_iter().collect()
    }
}
