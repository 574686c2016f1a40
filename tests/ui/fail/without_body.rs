//! A trait method without a body has nothing to expand.
trait Fetch {
    #[cede::coroutine]
    fn fetch(&self, page: u32) -> String;
}

fn main() {}
