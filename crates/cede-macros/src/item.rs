//! The `fn` an attribute stands on, taken apart as far as needed and no further.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::error::Error;
use crate::tokens::{Angles, as_group, is_ident, is_joint, is_punct};

/// A fn item: `attributes visibility unsafe? fn name generics (arguments) -> returns where_clause { body }`.
pub(crate) struct FnItem {
    /// `#[…]`, each with what is in its brackets; the body's `#![…]` are moved here.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: TokenStream,
    /// `unsafe`, or nothing: the other qualifiers are errors.
    pub(crate) qualifiers: TokenStream,
    pub(crate) fn_word: Ident,
    pub(crate) name: Ident,
    /// With the angle brackets.
    pub(crate) generics: TokenStream,
    pub(crate) arguments: Group,
    /// The type after `->`; `None` when nothing is written.
    pub(crate) returns: Option<TokenStream>,
    /// With the word `where`.
    pub(crate) where_clause: TokenStream,
    pub(crate) body: Group,
    /// What is wrong, yet not so wrong that the item could not be expanded as if it were right: then rustc
    /// does not add that it cannot find the function.
    pub(crate) errors: Vec<Error>,
}

/// One `#[…]`.
#[derive(Clone)]
pub(crate) struct Attribute {
    hash: TokenTree,
    brackets: Group,
}

impl Attribute {
    /// Whether the attribute is the single word `name`, with arguments or without.
    pub(crate) fn is(&self, name: &str) -> bool {
        let mut content = self.brackets.stream().into_iter();
        is_ident(content.next().as_ref(), name) && !is_punct(content.next().as_ref(), ':')
    }

    pub(crate) fn span(&self) -> Span {
        self.brackets.span()
    }

    pub(crate) fn tokens(&self) -> TokenStream {
        [self.hash.clone(), self.brackets.clone().into()].into_iter().collect()
    }

    /// Takes the attributes at the head of `trees`; `inner` for `#![…]`. Gives them and how many tokens they
    /// were.
    pub(crate) fn take(trees: &[TokenTree], inner: bool) -> (Vec<Self>, usize) {
        let length = if inner { 3 } else { 2 };
        let mut found = Vec::new();
        let mut at = 0;
        while is_punct(trees.get(at), '#') && is_punct(trees.get(at + 1), '!') == inner {
            let Some(brackets) = as_group(trees.get(at + length - 1), Delimiter::Bracket) else { break };
            found.push(Self { hash: trees[at].clone(), brackets: brackets.clone() });
            at += length;
        }
        (found, at)
    }
}

impl FnItem {
    /// Reads the item under `#[cede::attribute]`; refuses what is no fn with a body.
    pub(crate) fn parse(item: TokenStream, attribute: &str) -> Result<Self, Error> {
        let trees: Vec<TokenTree> = unwrap_invisible(item.clone()).into_iter().collect();
        let not_a_fn = || {
            let message = format!("`#[cede::{attribute}]` goes on a `fn`");
            Error::over(item.clone(), Span::call_site(), message)
        };
        let (mut attributes, mut at) = Attribute::take(&trees, false);
        let visibility = take_visibility(&trees, &mut at);
        let mut errors = Vec::new();
        let mut qualifiers = TokenStream::new();
        let fn_word = loop {
            let Some(TokenTree::Ident(word)) = trees.get(at) else { return Err(not_a_fn()) };
            at += 1;
            match word.to_string().as_str() {
                "fn" => break word.clone(),
                "unsafe" => qualifiers.extend([TokenTree::from(word.clone())]),
                qualifier @ ("async" | "const" | "extern") => {
                    errors.push(Error::at(word.span(), refusal(attribute, qualifier)));
                    if qualifier == "extern" && matches!(trees.get(at), Some(TokenTree::Literal(_))) {
                        at += 1;
                    }
                }
                _ => return Err(not_a_fn()),
            }
        };
        let Some(TokenTree::Ident(name)) = trees.get(at) else { return Err(not_a_fn()) };
        at += 1;
        let generics = take_generics(&trees, &mut at);
        let Some(arguments) = as_group(trees.get(at), Delimiter::Parenthesis) else { return Err(not_a_fn()) };
        at += 1;
        let Some((body, signature)) = trees.split_last() else { return Err(not_a_fn()) };
        let Some(body) = braces(body) else { return Err(no_body(attribute, name)) };
        let (returns, where_clause) = split_where(&signature[at..]);
        let (mut hoisted, body) = hoist_inner_attributes(body);
        attributes.append(&mut hoisted);
        Ok(Self {
            attributes,
            visibility,
            qualifiers,
            fn_word,
            name: name.clone(),
            generics,
            arguments: arguments.clone(),
            returns,
            where_clause,
            body,
            errors,
        })
    }
}

fn refusal(attribute: &str, qualifier: &str) -> String {
    let article = if qualifier == "const" { "a" } else { "an" };
    format!(
        "`#[cede::{attribute}]` goes on a plain `fn`: a coroutine is not {article} {qualifier} fn; \
         remove `{qualifier}`{}",
        if qualifier == "async" { ", `.await` works without it" } else { "" }
    )
}

fn no_body(attribute: &str, name: &Ident) -> Error {
    let message = format!(
        "`#[cede::{attribute}]` goes on a `fn` with a body; in a trait, write the signature out: \
         `fn {name}(…) -> cede::Coroutine<impl FnOnce() -> T>;`"
    );
    Error::at(name.span(), message)
}

/// An item that came through a `macro_rules!` fragment (`$item:item`) may stand in an invisible group.
fn unwrap_invisible(item: TokenStream) -> TokenStream {
    let mut trees = item.clone().into_iter();
    match (trees.next(), trees.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            unwrap_invisible(group.stream())
        }
        _ => item,
    }
}

/// The body, be it in the invisible group of `$body:block`.
fn braces(tree: &TokenTree) -> Option<Group> {
    let mut trees = unwrap_invisible(tree.clone().into()).into_iter();
    let body = trees.next();
    as_group(body.as_ref(), Delimiter::Brace).cloned()
}

/// `pub`, `pub(…)`, or the invisible group of `$vis:vis`.
fn take_visibility(trees: &[TokenTree], at: &mut usize) -> TokenStream {
    let start = *at;
    if as_group(trees.get(*at), Delimiter::None).is_some() {
        *at += 1;
    } else if is_ident(trees.get(*at), "pub") {
        *at += 1;
        if as_group(trees.get(*at), Delimiter::Parenthesis).is_some() {
            *at += 1;
        }
    }
    trees[start..*at].iter().cloned().collect()
}

fn take_generics(trees: &[TokenTree], at: &mut usize) -> TokenStream {
    let start = *at;
    if is_punct(trees.get(*at), '<') {
        let mut angles = Angles::default();
        while *at < trees.len() {
            let outside = angles.outside_after(&trees[*at]);
            *at += 1;
            if outside {
                break;
            }
        }
    }
    trees[start..*at].iter().cloned().collect()
}

/// `-> T where …` into `T` and `where …`. No type has a bare `where` in it.
fn split_where(rest: &[TokenTree]) -> (Option<TokenStream>, TokenStream) {
    let split = rest.iter().position(|tree| is_ident(Some(tree), "where")).unwrap_or(rest.len());
    let (arrow_and_type, where_clause) = rest.split_at(split);
    let returns = match arrow_and_type {
        [minus, _, returns @ ..] if is_joint(Some(minus), '-') => Some(returns.iter().cloned().collect()),
        _ => None,
    };
    (returns, where_clause.iter().cloned().collect())
}

/// `{ #![allow(…)] … }`: the body becomes a block in a closure, where such an attribute may not stand; on the
/// fn it means the same.
fn hoist_inner_attributes(body: Group) -> (Vec<Attribute>, Group) {
    let trees: Vec<TokenTree> = body.stream().into_iter().collect();
    let (attributes, length) = Attribute::take(&trees, true);
    if length == 0 {
        return (attributes, body);
    }
    let mut rest = Group::new(Delimiter::Brace, trees[length..].iter().cloned().collect());
    rest.set_span(body.span());
    (attributes, rest)
}
