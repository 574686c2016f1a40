"""Prints every public name of asyncio, one a line: what it exports, and what its classes have that is not inherited
from another of them.

usage: asyncio_names.py > asyncio_names.txt      (on CPython 3.13)
"""
import asyncio
import asyncio.subprocess
import sys

# Four implementations of one interface: its names are listed once, as `loop.…`.
LOOPS = {"AbstractEventLoop", "BaseEventLoop", "SelectorEventLoop", "EventLoop"}


def public(names):
    return {name for name in names if not name.startswith("_")}


def names():
    yield from asyncio.__all__
    classes = {name: getattr(asyncio, name) for name in asyncio.__all__ if isinstance(getattr(asyncio, name), type)}
    for name, cls in classes.items():
        if name in LOOPS:
            continue
        inherited = {attribute for base in cls.__mro__[1:] for attribute in dir(base)}
        own = public(dir(cls)) - inherited - (public(dir(asyncio.Future)) if name == "Task" else set())
        yield from (f"{name}.{attribute}" for attribute in own)
    yield from (f"loop.{name}" for name in public(dir(asyncio.AbstractEventLoop)) | {"slow_callback_duration"})
    yield from (f"subprocess.{name}" for name in ("PIPE", "STDOUT", "DEVNULL"))
    yield from (f"Process.{name}" for name in public(dir(asyncio.subprocess.Process)) | {"stdin", "stdout", "stderr", "pid"})


if __name__ == "__main__":
    if sys.version_info[:2] != (3, 13):
        sys.exit(f"asyncio_names.py: this is {sys.version.split()[0]}")
    print("\n".join(sorted(set(names()))))
