"""The workloads on greenlet (resume) and gevent (the rest). Usage: KIND N M MILLISECONDS."""
import os
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
    from greenlet import getcurrent, greenlet

    main = getcurrent()

    def body(x):
        while True:
            x = main.switch(x + 1)

    generators = [greenlet(body) for _ in range(n)]
    for generator in generators:
        generator.switch(0)
    x = 0
    meter = Meter(budget)
    sends = [generator.switch for generator in generators]
    if n == 1:
        send = sends[0]
        for runs in meter:
            for _ in runs:
                x = send(x)
    else:
        for runs in meter:
            for _ in runs:
                for send in sends:
                    x = send(x)
    meter.show()
    sys.stdout.flush()
    os._exit(0)  # ending a greenlet throws into it


def suspend_under(n, m, budget):
    if n > 0:
        return suspend_under(n - 1, m, budget)
    meter = Meter(budget)
    for runs in meter:
        for _ in runs:
            gevent.sleep(0)
    meter.show()


def task_under_task(depth, x):
    if depth == 0:
        return x + 1
    return gevent.spawn(task_under_task, depth - 1, x).get() + 1


def nested_tasks(n, m, budget):
    meter = Meter(budget)
    for runs in meter:
        for _ in runs:
            gevent.spawn(task_under_task, n - 1, 7).get()
    meter.show()


def trivial(x):
    return x + 1


def sequential_tasks(n, m, budget):
    meter = Meter(budget)
    for runs in meter:
        for _ in runs:
            x = 0
            for _ in range(n):
                x = gevent.spawn(trivial, x).get()
    meter.show()


def spawn_all(n, m, budget):
    meter = Meter(budget, one_by_one=True)
    for _ in meter:
        tasks = [gevent.spawn(trivial, i) for i in range(n)]
        assert sum(task.get() for task in tasks) == n * (n + 1) // 2
    meter.show()


def yields(n, m, budget):
    started = 0

    def body(x):
        nonlocal started
        started += 1
        for _ in range(m + 1):
            gevent.sleep(0)
            x += 1
        return x

    meter = Meter(budget, one_by_one=True)
    for _ in meter:
        started = 0
        tasks = [gevent.spawn(body, i) for i in range(n)]
        while started < n:
            gevent.sleep(0)
        meter.restart()
        for task in tasks:
            task.get()
        meter.stop()
    meter.show()


def ping_pong(n, m, budget):
    from gevent.queue import SimpleQueue

    there, back = SimpleQueue(), SimpleQueue()

    def echo():
        while (x := there.get()) is not None:
            back.put(x + 1)

    task = gevent.spawn(echo)
    meter = Meter(budget)
    x = 0
    for runs in meter:
        for _ in runs:
            there.put(x)
            x = back.get()
    there.put(None)
    task.get()
    meter.show()


def spawn_waiting(n, event):
    started = 0

    def body(x):
        nonlocal started
        started += 1
        event.wait()
        return x

    tasks = [gevent.spawn(body, i) for i in range(n)]
    while started < n:
        gevent.sleep(0)
    return tasks


def wait_event(n, m, budget):
    from gevent.event import Event

    event = Event()
    warm = spawn_waiting(1000, event)
    event.set()
    gevent.joinall(warm)
    del warm
    event = Event()
    before, began = resident(), now()
    tasks = spawn_waiting(n, event)
    created, after = now() - began, resident()
    began = now()
    event.set()
    for task in tasks:
        task.get()
    woken = now() - began
    print("bytes", (after - before) / n)
    print("create", created * 1e9 / n)
    print("wake", woken * 1e9 / n)


def wait_sleep(n, m, budget):
    started = 0

    def body():
        nonlocal started
        started += 1
        gevent.sleep(3600)

    gevent.sleep(0.001)
    before, began = resident(), now()
    tasks = [gevent.spawn(body) for _ in range(n)]
    while started < n:
        gevent.sleep(0)
    created = now() - began
    print("bytes", (resident() - before) / n)
    print("create", created * 1e9 / n, flush=True)
    os._exit(0 if tasks else 1)


def sleeps(n, m, budget):
    def body(seconds):
        began = now()
        gevent.sleep(seconds)
        return max(0.0, now() - began - seconds)

    def all_of_them(below):
        times = random_times(below)
        tasks = [gevent.spawn(body, next(times)) for _ in range(n)]
        return [task.get() for task in tasks]

    all_of_them(0.1)
    before = time.process_time()
    late = all_of_them(1.0)
    print("cpu", (time.process_time() - before) * 1e3)
    print("late", sum(late) / n * 1e3)
    print("late-max", max(late) * 1e3)


def cancel(n, m, budget):
    from gevent.event import Event

    meter = Meter(budget, one_by_one=True)
    for _ in meter:
        tasks = spawn_waiting(n, Event())
        meter.restart()
        gevent.killall(tasks)
        meter.stop()
    meter.show()


KINDS = {
    "resume": resume,
    "suspend-under": suspend_under,
    "nested-tasks": nested_tasks,
    "sequential-tasks": sequential_tasks,
    "spawn-all": spawn_all,
    "yield": yields,
    "ping-pong": ping_pong,
    "wait-event": wait_event,
    "wait-sleep": wait_sleep,
    "sleeps": sleeps,
    "cancel": cancel,
}

kind, n, m, millis = sys.argv[1], *map(int, sys.argv[2:5])
sys.setrecursionlimit(20_000)
if kind == "resume":
    resume(n, m, millis / 1e3)
import gevent

gevent.spawn(KINDS[kind], n, m, millis / 1e3).get()
