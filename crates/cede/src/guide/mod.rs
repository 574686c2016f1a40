//! Two maps, for those who know their way around elsewhere.
//!
//! - [`coming_from_asyncio`]: every name of asyncio's, and where it is here.
//! - [`coming_from_tokio`]: what is called otherwise, and what is otherwise.

#[doc = include_str!("coming_from_asyncio.md")]
pub mod coming_from_asyncio {}

#[doc = include_str!("coming_from_tokio.md")]
pub mod coming_from_tokio {}
