//! The few token tools the other files share: a stand-in for `quote`, and a reader of angle brackets.

use proc_macro::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

/// Tokens of our own, written as Rust; they carry the span of the attribute.
pub(crate) fn code(source: &str) -> TokenStream {
    source.parse().expect("cede's own template is valid Rust")
}

/// A delimited group of our own.
pub(crate) fn group(delimiter: Delimiter, stream: TokenStream) -> TokenTree {
    Group::new(delimiter, stream).into()
}

/// The identifier `name`: a keyword, mostly. `r#name` is not it.
pub(crate) fn is_ident(tree: Option<&TokenTree>, name: &str) -> bool {
    matches!(tree, Some(TokenTree::Ident(ident)) if ident.to_string() == name)
}

/// The same for an identifier in hand, without its `r#`.
pub(crate) fn plain_name(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

/// The punctuation character `ch`, alone or at any place in a longer operator.
pub(crate) fn is_punct(tree: Option<&TokenTree>, ch: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == ch)
}

/// The punctuation character `ch` with another glued to its right, as the first of `->`.
pub(crate) fn is_joint(tree: Option<&TokenTree>, ch: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.spacing() == Spacing::Joint) && is_punct(tree, ch)
}

/// The delimited group, if the token is one.
pub(crate) fn as_group(tree: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match tree {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// How deep in `<…>` a walk over tokens stands. Angle brackets are no token groups, so `HashMap<K, V>` has
/// a comma at the top level of an argument list; and the `>` of `->` closes nothing.
///
/// For types and signatures only: in an expression `<` may be a comparison.
#[derive(Default)]
pub(crate) struct Angles {
    depth: usize,
    after_minus: bool,
}

impl Angles {
    /// Walks over one token; true if, after it, the walk stands outside all angle brackets.
    pub(crate) fn outside_after(&mut self, tree: &TokenTree) -> bool {
        if is_punct(Some(tree), '<') {
            self.depth += 1;
        } else if is_punct(Some(tree), '>') && !self.after_minus {
            self.depth = self.depth.saturating_sub(1);
        }
        self.after_minus = is_joint(Some(tree), '-');
        self.depth == 0
    }
}
