//! `.await` becomes `.await_()`, on tokens.
//!
//! Tokens rather than a syntax tree, because an await inside `println!("{}", x.await)` is no expression yet:
//! only its tokens are there to be rewritten. The method name and its parentheses take the span of the user's
//! `await`, so "no method named `await_`" underlines the word the user wrote.
//!
//! What belongs to an `async` block, closure or fn is another machine's await and stays as it is.

use proc_macro::{Delimiter, Group, Ident, TokenStream, TokenTree};

use crate::tokens::{Angles, as_group, is_ident, is_joint, is_punct};

/// `stream` with every `.await` rewritten, at any depth of groups, outside `async`; `None` if there is none.
/// (A group that is built anew forgets where its two delimiters stood, so one without an await is handed on
/// untouched.)
pub(crate) fn rewritten(stream: TokenStream) -> Option<TokenStream> {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut out = Vec::with_capacity(trees.len() + 1);
    let mut changed = false;
    let mut at = 0;
    while at < trees.len() {
        let tree = &trees[at];
        if is_ident(Some(tree), "async") {
            let end = end_of_async(&trees, at);
            out.extend_from_slice(&trees[at..end]);
            at = end;
            continue;
        }
        match tree {
            TokenTree::Ident(word) if is_await(&trees, at) => {
                let mut parentheses = Group::new(Delimiter::Parenthesis, TokenStream::new());
                parentheses.set_span(word.span());
                out.push(Ident::new("await_", word.span()).into());
                out.push(parentheses.into());
                changed = true;
            }
            TokenTree::Group(group) => match rewritten(group.stream()) {
                Some(stream) => {
                    let mut anew = Group::new(group.delimiter(), stream);
                    anew.set_span(group.span());
                    out.push(anew.into());
                    changed = true;
                }
                None => out.push(tree.clone()),
            },
            _ => out.push(tree.clone()),
        }
        at += 1;
    }
    changed.then(|| out.into_iter().collect())
}

/// Whether the token at `at` is the `await` of `x.await`: a single dot goes before it (`..` is a range).
fn is_await(trees: &[TokenTree], at: usize) -> bool {
    let before = |back| at.checked_sub(back).and_then(|i| trees.get(i));
    is_ident(trees.get(at), "await") && is_punct(before(1), '.') && !is_joint(before(2), '.')
}

/// Where what the `async` at `at` begins has ended: the index after its last token.
fn end_of_async(trees: &[TokenTree], at: usize) -> usize {
    let mut next = at + 1;
    if is_ident(trees.get(next), "move") {
        next += 1;
    }
    if as_group(trees.get(next), Delimiter::Brace).is_some() {
        next + 1
    } else if is_punct(trees.get(next), '|') {
        end_of_closure(trees, next)
    } else if ["fn", "unsafe", "extern"].iter().any(|word| is_ident(trees.get(next), word)) {
        end_of_fn(trees, next)
    } else {
        next
    }
}

/// The end of `|parameters| body`, whose body runs to the next `,` or `;` of this group. Parameters have no
/// bar of their own outside parentheses; a turbofish (`a::<B, C>()`) has a comma that ends nothing.
fn end_of_closure(trees: &[TokenTree], opening_bar: usize) -> usize {
    let mut at = opening_bar + 1;
    while at < trees.len() && !is_punct(trees.get(at), '|') {
        at += 1;
    }
    at += 1;
    while at < trees.len() && !is_punct(trees.get(at), ',') && !is_punct(trees.get(at), ';') {
        let turbofish = is_punct(trees.get(at), '<') && is_punct(trees.get(at - 1), ':');
        if turbofish {
            let mut angles = Angles::default();
            while at + 1 < trees.len() && !angles.outside_after(&trees[at]) {
                at += 1;
            }
        }
        at += 1;
    }
    at.min(trees.len())
}

/// The end of a fn item: its body, the first braces outside angle brackets (`Foo<{ N }>` has others), or `;`.
fn end_of_fn(trees: &[TokenTree], from: usize) -> usize {
    let mut angles = Angles::default();
    for (at, tree) in trees.iter().enumerate().skip(from) {
        let outside = angles.outside_after(tree);
        if outside && (as_group(Some(tree), Delimiter::Brace).is_some() || is_punct(Some(tree), ';')) {
            return at + 1;
        }
    }
    trees.len()
}
