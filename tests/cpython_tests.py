"""Prints the names of CPython's tests that the comments here refer to: files, classes, functions.

usage: cpython_tests.py < names                  (on CPython 3.13 with its package `test`)
prints those of the names on standard input that it does not have, and ends with 1 if there are any.
"""
import glob
import os
import re
import sys
import test

FILES = [
    "test_asyncio/*.py",
    "test_concurrent_futures/*.py",
    "test_asyncgen.py",
    "test_context.py",
    "test_contextlib.py",
    "test_contextlib_async.py",
    "test_coroutines.py",
    "test_generators.py",
    "test_yield_from.py",
]


def known():
    for pattern in FILES:
        for path in glob.glob(os.path.join(test.__path__[0], pattern)):
            yield os.path.basename(path).removesuffix(".py")
            with open(path, encoding="utf-8") as file:
                yield from re.findall(r"^\s*(?:async def|def|class) (\w+)", file.read(), re.MULTILINE)


if __name__ == "__main__":
    unknown = sorted(set(sys.stdin.read().split()) - set(known()))
    print("\n".join(unknown))
    sys.exit(bool(unknown))
