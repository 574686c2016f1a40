# What CI runs, by name. The commands themselves are in .ci/run, which works without just.

# the recipes
_default:
    @just --list --unsorted

# formatting, lints, documentation: a warning is an error
check:
    @.ci/run check

# all tests, doc tests and the README's example included
test:
    @.ci/run test

# the tests of sockets by the reactor of other systems than Linux
portable:
    @.ci/run portable

# the library's tests with guard pages made by mprotect
mprotect:
    @.ci/run mprotect

# the tests under AddressSanitizer
asan:
    @.ci/run asan

# AddressSanitizer must find the bugs that are planted on our stacks
asan-planted:
    @.ci/run asan-planted

# the tests of what crosses threads under ThreadSanitizer
tsan:
    @.ci/run tsan

# ThreadSanitizer must find the race that is planted between a task and a pool
tsan-planted:
    @.ci/run tsan-planted

# the recorded programs: cede's traces against CPython's
conform:
    @.ci/run conform

# new programs against a CPython 3.13, else the recorded ones
fresh *ARGS:
    @.ci/run fresh {{ARGS}}

# a chain of 1,000,000 awaits is cancelled without recursion
million:
    @.ci/run million

# no basic move takes 10 % more instructions than benches/instructions.txt says
instructions *ARGS:
    @.ci/run instructions {{ARGS}}

# the terminal interface, driven by tmux
terminal:
    @.ci/run terminal

# the page, in a headless Chromium
browser:
    @.ci/run browser

# 100,000 connections with random resets and cancels, by both reactors
churn:
    @.ci/run churn

# an idle loop burns no CPU, with 10,000 connections too, and another thread wakes it at once
idle:
    @.ci/run idle

# the tests of sockets by io_uring, where the kernel gives a ring
uring:
    @.ci/run uring

# the examples, against redis-benchmark, redis-cli, wrk, curl and others
programs:
    @.ci/run programs

# licences, sources and known holes of what we depend on (cargo-deny; not in CI)
deny:
    @.ci/run deny

# cede and its peers side by side: just bench W3 --quick
bench *ARGS:
    @.ci/run bench {{ARGS}}

# the row `cede, built without observers` for `just bench --quick`
unobserved:
    @.ci/run unobserved

# every step of CI, in its order
ci:
    @.ci/run
