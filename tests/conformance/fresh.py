"""Prints freshly generated programs with CPython's traces, one JSON object a line, as make_corpus.py records them.

usage: fresh.py FIRST_SEED COUNT [GROUPS] | cede conform -      (on CPython 3.13.0)

GROUPS is a corpus (`core`, `turn`, `all`, `generators`, …) or groups of ops joined by `,` (`core,future,sync`).
Without it, COUNT programs of every corpus are made. Seeds from 1,000,000 up are reserved for acceptance.
"""
import json
import sys

import gen
import gengen
import make_corpus
import oracle

RESERVED = 1_000_000


def records(first, count, groups):
    for seed in range(first, first + count):
        if groups == "generators":
            program = gengen.make(seed)
            yield {"program": program, "trace": gengen.run(program)}
            continue
        program = gen.make(seed, make_corpus.GROUPS.get(groups) or groups.split(","))
        flags, trace = oracle.execute(program, "det")
        if "recursion" not in flags:  # CPython itself failed: no oracle
            yield {"program": program, "flags": flags, "trace": trace}


def main():
    if sys.version_info[:2] != (3, 13):
        sys.exit(f"fresh.py: CPython 3.13 is the oracle, this is {sys.version.split()[0]}")
    first, count = int(sys.argv[1]), int(sys.argv[2])
    if first + count > RESERVED:
        sys.exit(f"fresh.py: seeds from {RESERVED} up are reserved")
    for groups in sys.argv[3:] or [*make_corpus.GROUPS, "generators"]:
        for record in records(first, count, groups):
            print(json.dumps(record, separators=(",", ":")))


if __name__ == "__main__":
    sys.unraisablehook = lambda *a: None
    main()
