//! The arguments: as the fn takes them, and how its closure takes them on.
//!
//! A closure captures only what its body uses, and in part: an argument nobody names would be dropped when
//! the coroutine is *made*, not when it ends. So the closure begins with a `let` for each, as rustc's own
//! `async fn` does, and for the same order of drops as in a plain fn:
//!
//! ```text
//! fn f(&self, mut n: u32, (a, b): Pair, _: Guard)      as written
//! fn f(&self, n: u32, __cede_arg2: Pair, __cede_arg3: Guard) -> Coroutine<…>
//!     let _ = &self;                                   `self` cannot be rebound; this moves it in
//!     let mut n = n;                                   `mut` here: "unused mut" is still said
//!     let __cede_arg2 = __cede_arg2;                   the whole pair, and only then
//!     let (a, b) = __cede_arg2;                        its parts: nothing is taken apart earlier
//!     let __cede_arg3 = __cede_arg3;                   lives to the end, as `_: Guard` does in a plain fn
//! ```

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::item::Attribute;
use crate::tokens::{Angles, code, is_ident, is_joint, is_punct};

/// `let _unused = _unused;` is ours; the user is not to be told off for it.
const UNDERSCORED: &str = "#[allow(clippy::used_underscore_binding, clippy::no_effect_underscore_binding)]";

/// What becomes of an argument list.
pub(crate) struct Arguments {
    /// The parenthesised list of the fn that is generated.
    pub(crate) taken: Group,
    /// The statements the closure begins with.
    pub(crate) captured: TokenStream,
}

impl Arguments {
    pub(crate) fn new(written: &Group) -> Self {
        let mut taken = TokenStream::new();
        let mut captured = TokenStream::new();
        for (position, argument) in split(written.stream()).into_iter().enumerate() {
            Argument::new(argument.trees).expand(position, &mut taken, &mut captured);
            taken.extend(argument.comma);
        }
        let mut group = Group::new(Delimiter::Parenthesis, taken);
        group.set_span(written.span());
        Self { taken: group, captured }
    }
}

struct Piece {
    trees: Vec<TokenTree>,
    comma: Option<TokenTree>,
}

/// Splits at the commas outside angle brackets.
fn split(list: TokenStream) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut trees = Vec::new();
    let mut angles = Angles::default();
    for tree in list {
        if angles.outside_after(&tree) && is_punct(Some(&tree), ',') {
            pieces.push(Piece { trees: std::mem::take(&mut trees), comma: Some(tree) });
        } else {
            trees.push(tree);
        }
    }
    if !trees.is_empty() {
        pieces.push(Piece { trees, comma: None });
    }
    pieces
}

/// `attributes pattern: type`, or a receiver.
struct Argument {
    attributes: Vec<Attribute>,
    pattern: Vec<TokenTree>,
    /// With the colon.
    colon_type: Vec<TokenTree>,
}

impl Argument {
    fn new(trees: Vec<TokenTree>) -> Self {
        let (attributes, length) = Attribute::take(&trees, false);
        let mut pattern = trees[length..].to_vec();
        let colon_type = pattern.split_off(colon(&pattern));
        Self { attributes, pattern, colon_type }
    }

    fn expand(self, position: usize, taken: &mut TokenStream, captured: &mut TokenStream) {
        // Both places need a `cfg`, and most lint levels; an `expect` is fulfilled where the name is bound.
        for attribute in self.attributes.iter().filter(|attribute| !attribute.is("expect")) {
            taken.extend(attribute.tokens());
        }
        match self.pattern.as_slice() {
            [.., word] if is_ident(Some(word), "self") => {
                taken.extend(self.pattern.iter().cloned());
                self.bind(code("_"), [code("&"), word.clone().into()].into_iter().collect(), captured);
            }
            [TokenTree::Ident(name)] | [TokenTree::Ident(_), TokenTree::Ident(name)] if self.is_plain() => {
                taken.extend([TokenTree::from(name.clone())]);
                if name.to_string().starts_with('_') {
                    captured.extend(code(UNDERSCORED));
                }
                let name = TokenTree::from(name.clone()).into();
                self.bind(self.pattern.iter().cloned().collect(), name, captured);
            }
            pattern => {
                let span = pattern.first().map_or_else(Span::call_site, TokenTree::span);
                let name = format!("__cede_arg{position}");
                let name = TokenTree::from(Ident::new(&name, Span::mixed_site().located_at(span)));
                taken.extend([name.clone()]);
                self.bind(name.clone().into(), name.clone().into(), captured);
                let wildcard = pattern.len() == 1 && is_ident(pattern.first(), "_");
                if !wildcard {
                    self.bind(pattern.iter().cloned().collect(), name.into(), captured);
                }
            }
        }
        taken.extend(self.colon_type);
    }

    /// `x` or `mut x`, rather than `_`, `ref x` or anything larger.
    fn is_plain(&self) -> bool {
        match self.pattern.as_slice() {
            [name] => !is_ident(Some(name), "_"),
            [word, _] => is_ident(Some(word), "mut"),
            _ => false,
        }
    }

    /// `let pattern = value;` under the argument's attributes.
    fn bind(&self, pattern: TokenStream, value: TokenStream, captured: &mut TokenStream) {
        captured.extend(self.attributes.iter().map(Attribute::tokens));
        captured.extend([code("let"), pattern, code("="), value, code(";")]);
    }
}

/// Where the pattern ends: at the first colon that is not half of a `::`.
fn colon(trees: &[TokenTree]) -> usize {
    let mut at = 0;
    while at < trees.len() {
        let tree = trees.get(at);
        if is_joint(tree, ':') && is_punct(trees.get(at + 1), ':') {
            at += 2;
        } else if is_punct(tree, ':') {
            return at;
        } else {
            at += 1;
        }
    }
    at
}
