//! What may stand in `#[cede::test(…)]`.

use proc_macro::{Span, TokenStream, TokenTree};

use crate::error::Error;
use crate::tokens::{is_ident, is_punct};

const WHAT: &str = "`#[cede::test]` takes nothing, `real_time` or `schedules = 100`; \
                    but for `real_time` the test's clock is virtual";
const HOW_MANY: &str = "`schedules` is the number of orders to try, 1 or more: `schedules = 100`";

/// How a test is to be run.
pub(crate) enum TestOptions {
    Once,
    RealTime,
    /// Under so many schedules: a literal.
    Schedules(String),
}

impl TestOptions {
    pub(crate) fn read(options: TokenStream) -> Result<Self, Error> {
        let given: Vec<TokenTree> = options.clone().into_iter().collect();
        match given.as_slice() {
            [] => Ok(TestOptions::Once),
            [option] if is_ident(Some(option), "real_time") => Ok(TestOptions::RealTime),
            [option, ..] if is_ident(Some(option), "schedules") => match &given[1..] {
                [equals, count] if is_punct(Some(equals), '=') => {
                    let count = number(count).ok_or_else(|| Error::at(count.span(), HOW_MANY))?;
                    Ok(TestOptions::Schedules(format!("{count}u64")))
                }
                [equals, _, comma, ..] if is_punct(Some(equals), '=') && is_punct(Some(comma), ',') => {
                    Err(Error::over(options, Span::call_site(), WHAT))
                }
                _ => Err(Error::over(options, Span::call_site(), HOW_MANY)),
            },
            _ => Err(Error::over(options, Span::call_site(), WHAT)),
        }
    }
}

/// A literal number above 0.
fn number(tree: &TokenTree) -> Option<u64> {
    let TokenTree::Literal(literal) = tree else { return None };
    literal.to_string().replace('_', "").parse().ok().filter(|count| *count > 0)
}
