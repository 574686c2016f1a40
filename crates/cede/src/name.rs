//! Names of coroutines and generators: given, or worked out from a type when somebody asks.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A name that costs nothing until it is read.
#[derive(Clone)]
pub(crate) enum Name {
    /// That of the function a body stands in.
    Of(fn() -> &'static str),
    /// That which the attribute macros write down.
    Written(&'static &'static str),
    /// Behind a pointer, for every task has room for a name.
    Given(Arc<Cow<'static, str>>),
}

impl Name {
    /// The name of the function that this closure or function item stands in.
    #[inline]
    pub(crate) fn of<F>() -> Self {
        Name::Of(tidy::<F>)
    }

    /// Whether there is nothing of it to drop.
    #[inline]
    pub(crate) fn is_static(&self) -> bool {
        !matches!(self, Name::Given(_))
    }

    /// The name itself: copied only if it was made at run time.
    pub(crate) fn to_cow(&self) -> Cow<'static, str> {
        match self {
            Name::Of(name) => Cow::Borrowed(name()),
            Name::Written(name) => Cow::Borrowed(name),
            Name::Given(name) => Cow::clone(name),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Name::Of(name) => name(),
            Name::Written(name) => name,
            Name::Given(name) => name,
        }
    }
}

impl From<Cow<'static, str>> for Name {
    fn from(name: Cow<'static, str>) -> Self {
        Name::Given(Arc::new(name))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// `get_random_number` out of `demo::get_random_number::{{closure}}`.
fn tidy<F>() -> &'static str {
    let full = std::any::type_name::<F>();
    let mut path = full;
    while let Some(shorter) = path.strip_suffix("::{{closure}}") {
        path = shorter;
    }
    // Generic arguments may hold paths of their own. Bytes, for this is done for each await that is recorded, and
    // `rfind` prepares itself for longer texts.
    let bytes = path.as_bytes();
    let end = bytes.iter().position(|byte| *byte == b'<').unwrap_or(bytes.len());
    let start = bytes[..end].windows(2).rposition(|pair| pair == b"::").map_or(0, |at| at + 2);
    let name = &path[start..end];
    if name.is_empty() { full } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of<F>(_: &F) -> &'static str {
        tidy::<F>()
    }

    fn plant_a_tree() {}

    #[test]
    fn a_closure_bears_the_name_of_its_function() {
        assert_eq!(name_of(&plant_a_tree), "plant_a_tree");
        assert_eq!(name_of(&|| ()), "a_closure_bears_the_name_of_its_function");
        let nested = || name_of(&|| ());
        assert_eq!(nested(), "a_closure_bears_the_name_of_its_function");
    }
}
