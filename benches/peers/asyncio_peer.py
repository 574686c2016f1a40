"""The workloads on asyncio. Usage: FLAVOUR KIND N M MILLISECONDS; prints lines `word number`.

FLAVOUR is asyncio, eager (3.12's eager tasks) or uvloop. Every kind is described in src/workloads.rs.
"""
import asyncio
import os
import resource
import sys
import time
from statistics import median

now = time.perf_counter


class Meter:
    """The stopwatch of src/meter.rs."""

    def __init__(self, budget, one_by_one=False):
        self.budget, self.fixed = budget, one_by_one
        self.runs, self.warm, self.spent, self.samples = 1, False, 0.0, []
        self.began = None

    def __iter__(self):
        while True:
            self.began = now()
            yield range(self.runs)
            self.stop()
            if self.warm and self.samples and self.spent >= self.budget:
                return

    def restart(self):
        self.began = now()

    def stop(self):
        if self.began is None:
            return
        took = now() - self.began
        self.began = None
        self.spent += took
        if self.warm:
            self.samples.append(took * 1e9 / self.runs)
            return
        long_enough = took * 16 >= self.budget
        if not long_enough and not self.fixed:
            self.runs *= 2
        if (long_enough or self.fixed) and self.spent * 4 >= self.budget:
            self.warm, self.spent = True, 0.0

    def show(self):
        print("ns", median(self.samples))


def resident():
    sizes = {}
    with open("/proc/self/status") as status:
        for line in status:
            key, _, value = line.partition(":")
            if key in ("VmRSS", "VmPTE"):
                sizes[key] = int(value.split()[0]) * 1024
    return sum(sizes.values())


def random_times(below):
    state, out = 42, int(below * 1e9)
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (state >> 33) % out / 1e9


def resume(n, m, budget):
    def body():
        x = 0
        while True:
            x = yield x + 1

    generators = [body() for _ in range(n)]
    for generator in generators:
        next(generator)
    x = 0
    meter = Meter(budget)
    if n == 1:
        send = generators[0].send
        for runs in meter:
            for _ in runs:
                x = send(x)
    else:
        sends = [generator.send for generator in generators]
        for runs in meter:
            for _ in runs:
                for send in sends:
                    x = send(x)
    meter.show()


async def nested(depth, x):
    if depth == 0:
        return x + 1
    return await nested(depth - 1, x) + 1


async def nested_coroutines(n, m, budget):
    meter = Meter(budget)
    for runs in meter:
        for _ in runs:
            await nested(n - 1, 7)
    meter.show()


async def suspend_under(n, m, budget):
    if n > 0:
        return await suspend_under(n - 1, m, budget)
    meter = Meter(budget)
    for runs in meter:
        for _ in runs:
            await asyncio.sleep(0)
    meter.show()


async def task_under_task(depth, x):
    if depth == 0:
        return x + 1
    return await asyncio.create_task(task_under_task(depth - 1, x)) + 1


async def nested_tasks(n, m, budget):
    meter = Meter(budget)
    for runs in meter:
        for _ in runs:
            await asyncio.create_task(task_under_task(n - 1, 7))
    meter.show()


async def trivial(x):
    return x + 1


async def sequential_coroutines(n, m, budget):
    meter = Meter(budget)
    for runs in meter:
        for _ in runs:
            x = 0
            for _ in range(n):
                x = await trivial(x)
    meter.show()


async def sequential_tasks(n, m, budget):
    meter = Meter(budget)
    for runs in meter:
        for _ in runs:
            x = 0
            for _ in range(n):
                x = await asyncio.create_task(trivial(x))
    meter.show()


async def spawn_all(n, m, budget):
    meter = Meter(budget, one_by_one=True)
    for _ in meter:
        tasks = [asyncio.create_task(trivial(i)) for i in range(n)]
        total = 0
        for task in tasks:
            total += await task
        assert total == n * (n + 1) // 2
    meter.show()


async def yields(n, m, budget):
    started = 0

    async def body(x):
        nonlocal started
        started += 1
        for _ in range(m + 1):
            await asyncio.sleep(0)
            x += 1
        return x

    meter = Meter(budget, one_by_one=True)
    for _ in meter:
        started = 0
        tasks = [asyncio.create_task(body(i)) for i in range(n)]
        while started < n:
            await asyncio.sleep(0)
        meter.restart()
        for task in tasks:
            await task
        meter.stop()
    meter.show()


async def ping_pong(n, m, budget):
    there, back = asyncio.Queue(), asyncio.Queue()

    async def echo():
        while (x := await there.get()) is not None:
            await back.put(x + 1)

    task = asyncio.create_task(echo())
    meter = Meter(budget)
    x = 0
    for runs in meter:
        for _ in runs:
            await there.put(x)
            x = await back.get()
    await there.put(None)
    await task
    meter.show()


async def spawn_waiting(n, event):
    started = 0

    async def body(x):
        nonlocal started
        started += 1
        await event.wait()
        return x

    tasks = [asyncio.create_task(body(i)) for i in range(n)]
    while started < n:
        await asyncio.sleep(0)
    return tasks


async def wait_event(n, m, budget):
    event = asyncio.Event()
    warm = await spawn_waiting(1000, event)
    event.set()
    for task in warm:
        await task
    event.clear()
    del warm
    before, began = resident(), now()
    tasks = await spawn_waiting(n, event)
    created, after = now() - began, resident()
    began = now()
    event.set()
    for task in tasks:
        await task
    woken = now() - began
    print("bytes", (after - before) / n)
    print("create", created * 1e9 / n)
    print("wake", woken * 1e9 / n)


async def wait_sleep(n, m, budget):
    started = 0

    async def body():
        nonlocal started
        started += 1
        await asyncio.sleep(3600)

    await asyncio.sleep(0.001)
    before, began = resident(), now()
    tasks = [asyncio.create_task(body()) for _ in range(n)]
    while started < n:
        await asyncio.sleep(0)
    created = now() - began
    print("bytes", (resident() - before) / n)
    print("create", created * 1e9 / n, flush=True)
    os._exit(0 if tasks else 1)


async def sleeps(n, m, budget):
    async def body(seconds):
        began = now()
        await asyncio.sleep(seconds)
        return max(0.0, now() - began - seconds)

    async def all_of_them(below):
        times = random_times(below)
        tasks = [asyncio.create_task(body(next(times))) for _ in range(n)]
        return [await task for task in tasks]

    await all_of_them(0.1)
    before = time.process_time()
    late = await all_of_them(1.0)
    print("cpu", (time.process_time() - before) * 1e3)
    print("late", sum(late) / n * 1e3)
    print("late-max", max(late) * 1e3)


async def cancel(n, m, budget):
    event = asyncio.Event()
    meter = Meter(budget, one_by_one=True)
    for _ in meter:
        tasks = await spawn_waiting(n, event)
        meter.restart()
        for task in tasks:
            task.cancel()
        for task in tasks:
            try:
                await task
            except asyncio.CancelledError:
                pass
        meter.stop()
    meter.show()


KINDS = {
    "nested-coroutines": nested_coroutines,
    "suspend-under": suspend_under,
    "nested-tasks": nested_tasks,
    "sequential-coroutines": sequential_coroutines,
    "sequential-tasks": sequential_tasks,
    "spawn-all": spawn_all,
    "yield": yields,
    "ping-pong": ping_pong,
    "wait-event": wait_event,
    "wait-sleep": wait_sleep,
    "sleeps": sleeps,
    "cancel": cancel,
}


async def with_eager_tasks(main):
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    await main


def main():
    flavour, kind, n, m, millis = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    budget = millis / 1e3
    # A recursion of depth 1,000 is part of the article's table; CPython stops there by default.
    sys.setrecursionlimit(20_000)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if kind == "resume":
        return resume(n, m, budget)
    work = KINDS[kind](n, m, budget)
    if flavour == "uvloop":
        import uvloop

        return uvloop.run(work)
    asyncio.run(with_eager_tasks(work) if flavour == "eager" else work)


main()
