//! Methods: every receiver, traits, generics, visibility, unsafe.
#![deny(warnings)]

use std::pin::Pin;
use std::rc::Rc;

#[derive(Clone)]
pub struct Counter<T> {
    count: u32,
    what: T,
}

impl<T: Clone> Counter<T> {
    #[cede::coroutine]
    pub fn new(what: T) -> Self {
        Self { count: 0, what }
    }

    #[cede::coroutine]
    fn count(&self) -> u32 {
        self.count
    }

    #[cede::coroutine]
    pub(crate) fn add(&mut self, n: u32) -> u32 {
        self.count += n;
        self.count().await
    }

    #[cede::coroutine]
    fn added(mut self, n: u32) -> Self {
        self.add(n).await;
        self
    }

    #[cede::coroutine]
    fn into_what(self) -> T {
        self.what
    }

    #[cede::coroutine]
    fn shared(self: Rc<Self>) -> u32 {
        self.count().await
    }

    #[cede::coroutine]
    fn pinned(self: Pin<&mut Self>) -> u32 {
        self.count
    }

    #[cede::coroutine]
    fn unused(&self, n: u32) -> u32 {
        n
    }

    #[cede::coroutine]
    fn what(&self) -> &T {
        &self.what
    }

    #[cede::coroutine]
    fn what_mut(&mut self) -> &mut T {
        &mut self.what
    }

    #[cede::coroutine]
    fn named<'a, 'b: 'a>(&'a mut self, other: &'b mut Counter<T>) -> &'a mut T {
        if self.count > 0 { &mut other.what } else { &mut self.what }
    }

    /// # Safety
    /// None is needed.
    #[cede::coroutine]
    pub unsafe fn perilous(&self) -> u32 {
        self.count
    }
}

trait Fetch {
    fn fetch(&self, page: u32) -> cede::Coroutine<impl FnOnce() -> String>;

    #[cede::coroutine]
    fn twice(&self, page: u32) -> String {
        let first = self.fetch(page).await;
        first + &self.fetch(page + 1).await
    }
}

impl Fetch for Counter<&str> {
    #[cede::coroutine]
    fn fetch(&self, page: u32) -> String {
        format!("{}{page}", self.what)
    }
}

#[cede::main]
fn main() {
    let mut counter = Counter::new(String::from("sheep")).await;
    assert_eq!(counter.add(2).await, 2);
    counter = counter.added(3).await;
    assert_eq!(counter.count().await, 5);
    assert_eq!(counter.unused(4).await, 4);
    assert_eq!(Rc::new(counter.clone()).shared().await, 5);
    assert_eq!(Pin::new(&mut counter).pinned().await, 5);
    counter.what_mut().await.push('!');
    assert_eq!(counter.what().await, "sheep!");
    let mut other = Counter::new(String::from("goat")).await;
    assert_eq!(counter.named(&mut other).await, "goat");
    // SAFETY: it asks for nothing.
    assert_eq!(unsafe { counter.perilous() }.await, 5);
    assert_eq!(counter.into_what().await, "sheep!");
    assert_eq!(Counter { count: 0, what: "p" }.twice(1).await, "p1p2");
}
