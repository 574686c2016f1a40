//! Recursion needs no boxing, whatever the return type looks like.
#![deny(warnings)]

#[cede::coroutine]
fn depth(n: u32) -> u32 {
    if n == 0 { 0 } else { depth(n - 1).await + 1 }
}

#[cede::coroutine]
fn is_even(n: u32) -> bool {
    n == 0 || is_odd(n - 1).await
}

#[cede::coroutine]
fn is_odd(n: u32) -> bool {
    n != 0 && is_even(n - 1).await
}

#[cede::coroutine]
fn trimmed(text: &str) -> &str {
    match text.strip_prefix(' ') {
        Some(rest) => trimmed(rest).await,
        None => text,
    }
}

struct Tree {
    value: u32,
    children: Vec<Tree>,
}

impl Tree {
    #[cede::coroutine]
    fn sum(&self) -> Result<u32, String> {
        let mut sum = self.value;
        for child in &self.children {
            sum += child.sum().await?;
        }
        Ok(sum)
    }

    #[cede::coroutine]
    fn rightmost(&mut self) -> &mut u32 {
        match self.children.last_mut() {
            Some(child) => child.rightmost().await,
            None => &mut self.value,
        }
    }
}

#[cede::main]
fn main() {
    assert_eq!(depth(50).await, 50);
    assert!(is_even(10).await);
    assert_eq!(trimmed("  text ").await, "text ");
    let leaf = |value| Tree { value, children: vec![] };
    let mut tree = Tree { value: 1, children: vec![leaf(2), Tree { value: 3, children: vec![leaf(4)] }] };
    *tree.rightmost().await += 1;
    assert_eq!(tree.sum().await, Ok(11));
}
