//! The containers that children come in: vectors, arrays, slices, and tuples of different types.

use super::mode::{Mode, Stop};
use crate::combinators::joinable::{Joinable, Source};
use crate::combinators::waitable::Waitable;
use crate::error::{Error, Failure};
use crate::target::Target;

/// Several children at once: what [`gather`](crate::gather), [`gather_results`](crate::gather_results) and
/// [`join`](crate::join) take.
///
/// A `Vec` or array of [`Joinable`]s, a slice or reference to one, or a tuple of up to twelve different
/// ones. Its values come in the same container.
#[diagnostic::on_unimplemented(
    message = "these cannot be gathered",
    label = "not a vector, array or tuple of children that fit together",
    note = "children are coroutines, tasks or promises; by reference only where the result is `Clone`",
    note = "`gather` takes children that return a `Result` with one error type, which is `Failure` and \
            `From<cede::Error>`; children that cannot fail are for `join`"
)]
pub trait Children<M> {
    /// All values.
    type Values: 'static;
    /// The error of the whole.
    type Error: Failure + From<Error>;

    /// Begins with those that have not begun.
    #[doc(hidden)]
    #[track_caller]
    fn start(self) -> Started<Self::Values, Self::Error>;
}

/// Children that have begun.
#[doc(hidden)]
pub struct Started<V, E> {
    pub(super) targets: Vec<Target>,
    pub(super) set: Box<dyn Set<V, E>>,
}

/// Children, with their types.
pub(super) trait Set<V, E> {
    /// Why the whole ends with this child, which has ended.
    fn failure(&self, index: usize) -> Option<Stop<E>>;

    /// The values, once all have ended and none was a failure.
    fn values(&self) -> Result<V, Stop<E>>;
}

/// Children of one type: what their values are collected into is the one difference between containers.
struct Row<M, S: Source, V>
where
    M: Mode<S::Output>,
{
    children: Vec<S>,
    collect: fn(Vec<M::Value>) -> V,
}

impl<M, S, V> Set<V, M::Error> for Row<M, S, V>
where
    M: Mode<S::Output>,
    S: Source,
{
    fn failure(&self, index: usize) -> Option<Stop<M::Error>> {
        M::failure(&self.children[index])
    }

    fn values(&self) -> Result<V, Stop<M::Error>> {
        let values: Result<Vec<_>, _> = self.children.iter().map(M::value).collect();
        Ok((self.collect)(values?))
    }
}

#[track_caller]
fn start_row<M, C, V>(
    children: impl IntoIterator<Item = C>,
    collect: fn(Vec<M::Value>) -> V,
) -> Started<V, M::Error>
where
    M: Mode<C::Output>,
    C: Joinable,
    V: 'static,
{
    let mut begun = Vec::new();
    for child in children {
        begun.push(child.ensure(M::CLASSIFY)); // not `map`, which would lose the caller's place
    }
    Started {
        targets: begun.iter().map(|child| child.awaited().target).collect(),
        set: Box::new(Row::<M, C::Source, V> { children: begun, collect }),
    }
}

impl<M, C> Children<M> for Vec<C>
where
    C: Joinable,
    M: Mode<C::Output>,
{
    type Values = Vec<M::Value>;
    type Error = M::Error;

    #[track_caller]
    fn start(self) -> Started<Self::Values, Self::Error> {
        start_row::<M, C, _>(self, |values| values)
    }
}

impl<M, C, const N: usize> Children<M> for [C; N]
where
    C: Joinable,
    M: Mode<C::Output>,
{
    type Values = [M::Value; N];
    type Error = M::Error;

    #[track_caller]
    fn start(self) -> Started<Self::Values, Self::Error> {
        start_row::<M, C, _>(self, |values| match values.try_into() {
            Ok(values) => values,
            Err(_) => unreachable!("there are as many values as children"),
        })
    }
}

impl<'a, M, C> Children<M> for &'a [C]
where
    &'a C: Joinable,
    M: Mode<<&'a C as Joinable>::Output>,
{
    type Values = Vec<M::Value>;
    type Error = M::Error;

    #[track_caller]
    fn start(self) -> Started<Self::Values, Self::Error> {
        start_row::<M, &'a C, _>(self, |values| values)
    }
}

impl<'a, M, C> Children<M> for &'a Vec<C>
where
    &'a C: Joinable,
    M: Mode<<&'a C as Joinable>::Output>,
{
    type Values = Vec<M::Value>;
    type Error = M::Error;

    #[track_caller]
    fn start(self) -> Started<Self::Values, Self::Error> {
        start_row::<M, &'a C, _>(self, |values| values)
    }
}

impl<'a, M, C, const N: usize> Children<M> for &'a [C; N]
where
    &'a C: Joinable,
    M: Mode<<&'a C as Joinable>::Output>,
{
    type Values = [M::Value; N];
    type Error = M::Error;

    #[track_caller]
    fn start(self) -> Started<Self::Values, Self::Error> {
        start_row::<M, &'a C, _>(self, |values| match values.try_into() {
            Ok(values) => values,
            Err(_) => unreachable!("there are as many values as children"),
        })
    }
}

/// Children of different types.
struct Tuple<M, S> {
    children: S,
    mode: std::marker::PhantomData<M>,
}

macro_rules! tuples {
    ($($Child:ident $at:tt),+) => {
        impl<M, Err, $($Child),+> Children<M> for ($($Child,)+)
        where
            Err: Failure + From<Error>,
            M: 'static,
            $($Child: Joinable, M: Mode<$Child::Output, Error = Err>),+
        {
            type Values = ($(<M as Mode<$Child::Output>>::Value,)+);
            type Error = Err;

            #[track_caller]
            fn start(self) -> Started<Self::Values, Err> {
                let children = ($(self.$at.ensure(<M as Mode<$Child::Output>>::CLASSIFY),)+);
                Started {
                    targets: vec![$(children.$at.awaited().target),+],
                    set: Box::new(Tuple { children, mode: std::marker::PhantomData::<M> }),
                }
            }
        }

        impl<M, Err, $($Child),+> Set<($(<M as Mode<$Child::Output>>::Value,)+), Err>
            for Tuple<M, ($($Child,)+)>
        where
            $($Child: Source, M: Mode<$Child::Output, Error = Err>),+
        {
            fn failure(&self, index: usize) -> Option<Stop<Err>> {
                match index {
                    $($at => <M as Mode<$Child::Output>>::failure(&self.children.$at),)+
                    _ => unreachable!("a tuple has no child {index}"),
                }
            }

            fn values(&self) -> Result<($(<M as Mode<$Child::Output>>::Value,)+), Stop<Err>> {
                Ok(($(<M as Mode<$Child::Output>>::value(&self.children.$at)?,)+))
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
