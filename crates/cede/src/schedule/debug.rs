//! Whether debug mode is on.

use super::running;

/// Whether debug mode is on for what happens outside any loop, and for loops that do not say otherwise:
/// `CEDE_DEBUG` decides, else whether the build has debug assertions.
pub(crate) fn debug_by_default() -> bool {
    use std::sync::OnceLock;
    static DEFAULT: OnceLock<bool> = OnceLock::new();
    *DEFAULT.get_or_init(|| match std::env::var("CEDE_DEBUG").as_deref() {
        Ok("" | "0") => false,
        Ok(_) => true,
        Err(_) => cfg!(debug_assertions),
    })
}

/// Whether debug mode is on here and now.
pub(crate) fn debugging() -> bool {
    running().map_or_else(debug_by_default, |schedule| schedule.debug())
}
