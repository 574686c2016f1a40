//! How the frames of this process's code are laid out: `.eh_frame` and its index, of the program and of each
//! library, copied. A library may be unloaded at any time, but not while the dynamic linker tells of it.

use std::ops::Range;
use std::slice;

use framehop::{ExplicitModuleSectionInfo, Module, Unwinder, UnwinderNative};

/// An unwinder that knows all code that is loaded now.
pub(super) fn unwinder() -> UnwinderNative<Vec<u8>, framehop::MayAllocateDuringUnwind> {
    let mut unwinder = UnwinderNative::new();
    let mut modules: Vec<Module<Vec<u8>>> = Vec::new();
    // SAFETY: the callback gets what is passed here, which lives until the call is over.
    unsafe { libc::dl_iterate_phdr(Some(each), (&raw mut modules).cast()) };
    modules.into_iter().for_each(|module| unwinder.add_module(module));
    unwinder
}

unsafe extern "C" fn each(
    info: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    modules: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: the dynamic linker passes a valid one.
    let info = unsafe { &*info };
    // SAFETY: the pointer that `unwinder` passed, which nobody else uses meanwhile.
    let modules = unsafe { &mut *modules.cast::<Vec<Module<Vec<u8>>>>() };
    modules.extend(module(info));
    0
}

/// A program or library, if it says how its frames are laid out in the usual way.
fn module(info: &libc::dl_phdr_info) -> Option<Module<Vec<u8>>> {
    if info.dlpi_phdr.is_null() {
        return None;
    }
    // SAFETY: the dynamic linker gives so many headers there.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let of = |kind: u32| headers.iter().filter(move |header| header.p_type == kind);
    let loaded = || of(libc::PT_LOAD).map(|header| header.p_vaddr..header.p_vaddr + header.p_memsz);
    let index =
        of(libc::PT_GNU_EH_FRAME).map(|header| header.p_vaddr..header.p_vaddr + header.p_memsz).next()?;
    // The index and what it points to are loaded, and end with their segment.
    loaded().find(|segment| segment.start <= index.start && index.end <= segment.end)?;
    // SAFETY: within a loaded segment.
    let index_bytes = unsafe { copied(info.dlpi_addr, &index) };
    let start = frames_of(&index_bytes, index.start)?;
    let end = loaded().find(|segment| segment.contains(&start))?.end;
    // SAFETY: as above.
    let bytes = unsafe { copied(info.dlpi_addr, &(start..end)) };
    let range = loaded().map(|segment| segment.start).min()?..loaded().map(|segment| segment.end).max()?;
    let base = info.dlpi_addr;
    let sections = ExplicitModuleSectionInfo {
        base_svma: 0,
        eh_frame_svma: Some(start..end),
        eh_frame: Some(bytes),
        eh_frame_hdr_svma: Some(index),
        eh_frame_hdr: Some(index_bytes),
        ..Default::default()
    };
    Some(Module::new(String::new(), base + range.start..base + range.end, base, sections))
}

/// Where `.eh_frame` begins, according to its index: version 1, then the encoding of the pointer, of which all
/// linkers choose "four bytes, relative to where they stand".
fn frames_of(index: &[u8], at: u64) -> Option<u64> {
    const RELATIVE: u8 = 0x1b;
    let [1, RELATIVE, _, _, a, b, c, d] = *index.first_chunk()? else { return None };
    (at + 4).checked_add_signed(i32::from_ne_bytes([a, b, c, d]).into())
}

/// # Safety
/// The range, moved by `base`, is loaded and can be read.
unsafe fn copied(base: u64, range: &Range<u64>) -> Vec<u8> {
    let at = std::ptr::without_provenance::<u8>((base + range.start) as usize);
    // SAFETY: as the caller says.
    unsafe { slice::from_raw_parts(at, (range.end - range.start) as usize) }.to_vec()
}
