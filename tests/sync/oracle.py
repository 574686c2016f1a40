"""What CPython does with barriers, queues that are shut down, bounded semaphores and predicates of conditions,
turn by turn: tests/conformance has no operations for these.

usage: oracle.py FIRST_SEED COUNT > cpython.jsonl      (on CPython 3.13.0)

A line is {"seed", "tasks": [[op…]…], "trace": [[turn, task, op, result]…], "end": […]}. All tasks are made at once;
the main task then yields for TURNS turns, which counts them, and notes how everything stands. Task i goes on after a
cancellation if i is odd. `cpython.rs` does the same with cede.
"""
import asyncio
import json
import random
import sys

TURNS = 60


class Job:
    """An item that compares by its priority alone, of which there are few."""

    def __init__(self, n):
        self.n, self.priority = n, n * 7 % 3

    def __lt__(self, other):
        return self.priority < other.priority

    def __repr__(self):
        return str(self.n)


class World:
    def __init__(self):
        self.turn, self.trace, self.tasks, self.items, self.total = 0, [], [], 0, 0
        self.barrier = asyncio.Barrier(3)
        self.queues = [asyncio.Queue(1), asyncio.Queue(), asyncio.PriorityQueue(2), asyncio.LifoQueue(2)]
        self.condition, self.semaphore = asyncio.Condition(), asyncio.BoundedSemaphore(2)
        self.lock, self.event = asyncio.Lock(), asyncio.Event()

    def item(self):
        self.items += 1
        return Job(self.items)

    async def op(self, name, *args):
        match name:
            case "yield": await asyncio.sleep(0)
            case "cancel": return self.tasks[args[0] % len(self.tasks)].cancel()
            case "bar_wait": return await self.barrier.wait()
            case "bar_reset": await self.barrier.reset()
            case "bar_abort": await self.barrier.abort()
            case "put": await self.queues[args[0]].put(self.item())
            case "get": return (await self.queues[args[0]].get()).n
            case "put_nowait": self.queues[args[0]].put_nowait(self.item())
            case "get_nowait": return self.queues[args[0]].get_nowait().n
            case "done": self.queues[args[0]].task_done()
            case "join": await self.queues[args[0]].join()
            case "shutdown": self.queues[args[0]].shutdown(args[1])
            case "wait_for":
                async with self.condition:
                    await self.condition.wait_for(lambda: self.total >= args[0])
                    return self.total
            case "wait":
                async with self.condition:
                    await self.condition.wait()
            case "add":
                async with self.condition:
                    self.total += 1
                    self.condition.notify(args[0])
                    if args[1]:
                        await asyncio.sleep(0)
            case "notify_all":
                async with self.condition:
                    self.condition.notify_all()
            case "acquire": await self.semaphore.acquire()
            case "release": self.semaphore.release()
            case "lock":
                async with self.lock:
                    await asyncio.sleep(0)
            case "ev_wait": await self.event.wait()
            case "ev_set": self.event.set()
            case "ev_clear": self.event.clear()

    async def body(self, number, ops):
        for at, op in enumerate(ops):
            try:
                result = await self.op(*op)
            except asyncio.CancelledError:
                self.trace.append([self.turn, number, at, "Cancelled"])
                if number % 2 == 0:
                    raise
                continue
            except Exception as error:
                result = type(error).__name__
            self.trace.append([self.turn, number, at, result])

    def state(self):
        extras = lambda thing: repr(thing).split("[")[1].rstrip(">]")
        queues = [str(queue).rstrip(">").split(" ", 1)[1] for queue in self.queues]
        things = [self.barrier, self.semaphore, self.lock, self.event]
        tasks = ["pending" if not t.done() else "cancelled" if t.cancelled() else "done" for t in self.tasks]
        return [*map(extras, things), *queues, *tasks]

    async def main(self, programs):
        for number, ops in enumerate(programs):
            self.tasks.append(asyncio.create_task(self.body(number, ops)))
        while self.turn < TURNS:
            self.turn += 1
            await asyncio.sleep(0)
        end = self.state()
        self.trace, trace = [], self.trace
        for task in self.tasks:
            task.cancel()
        return trace, end


def program(seed):
    r = random.Random(seed)
    weights = {
        "yield": 6, "cancel": 5, "bar_wait": 7, "bar_reset": 1, "bar_abort": 0.5, "put": 5, "get": 5,
        "put_nowait": 1.5, "get_nowait": 1.5, "done": 3, "join": 2, "shutdown": 0.5, "wait_for": 2, "wait": 2,
        "add": 3, "notify_all": 0.5, "acquire": 4, "release": 3, "lock": 3, "ev_wait": 2, "ev_set": 1, "ev_clear": 1,
    }
    # Each program uses some of the operations, so that these meet often.
    used = [name for name in weights if name in ("yield", "cancel") or r.random() < 0.45]

    def op():
        name = r.choices(used, [weights[name] for name in used])[0]
        queue = r.randrange(4) if r.random() < 0.3 else seed % 4
        match name:
            case "cancel": return [name, r.randrange(8)]
            case "put" | "get" | "put_nowait" | "get_nowait" | "done" | "join": return [name, queue]
            case "shutdown": return [name, queue, r.random() < 0.5]
            case "wait_for": return [name, 1 + r.randrange(6)]
            case "add": return [name, 1 + r.randrange(3), r.random() < 0.5]
            case _: return [name]

    return [[op() for _ in range(3 + r.randrange(10))] for _ in range(3 + r.randrange(6))]


def record(seed):
    tasks = program(seed)
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        world = World()
        trace, end = loop.run_until_complete(world.main(tasks))
        for task in world.tasks:
            task._log_destroy_pending = False
    finally:
        loop._ready.clear()
        loop.close()
    return {"seed": seed, "tasks": tasks, "trace": trace, "end": end}


if __name__ == "__main__":
    if sys.version_info[:2] != (3, 13):
        sys.exit(f"oracle.py: CPython 3.13 is the oracle, this is {sys.version.split()[0]}")
    sys.unraisablehook = lambda *a: None
    first, count = map(int, sys.argv[1:3])
    for seed in range(first, first + count):
        print(json.dumps(record(seed), separators=(",", ":")))
