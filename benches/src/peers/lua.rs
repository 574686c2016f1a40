//! Lua's coroutines.

use super::Missing;
use super::foreign::{Found, Program, output, source};
use crate::workloads::Kind;

const KINDS: &[Kind] = &[Kind::Resume, Kind::NestedCoroutines, Kind::Yield, Kind::SequentialCoroutines];

pub(crate) fn find(_kinds: &[Kind]) -> Vec<Found> {
    vec![one()]
}

fn one() -> Found {
    let missing = |package: String| Missing { system: "Lua", package };
    let found = ["lua", "lua5.4", "lua5.3"].iter().find_map(|lua| {
        // "Lua 5.4.4  Copyright (C) …"
        let text = output(lua, &["-v"])?;
        Some((*lua, text.split_whitespace().nth(1)?.to_owned()))
    });
    let (lua, version) = found.ok_or_else(|| missing("lua5.4 (Debian)".to_owned()))?;
    let script = source("peer.lua", include_str!("../../peers/peer.lua"));
    let script = script.map_err(|e| missing(e.to_string()))?;
    Ok(("Lua", version, Program { argv: vec![lua.into(), script.into()], kinds: KINDS }))
}
