"""What a common client does, against the example `redis`: redis_client.py PORT."""

import concurrent.futures
import sys
import time

import redis

threads = concurrent.futures.ThreadPoolExecutor()
client = redis.Redis(port=int(sys.argv[1]), decode_responses=True)


def answer(command):
    """The reply to a command, or why it is refused."""
    try:
        return client.execute_command(*command.split())
    except redis.ResponseError as error:
        return str(error)


def waits(command):
    """A command that has begun to wait; its reply by `.result`."""
    reply = threads.submit(answer, command)
    time.sleep(0.05)
    return reply


def aborts(key, *commands):
    """Whether a transaction that watches this key is aborted when others run these commands."""
    with client.pipeline() as guarded:
        guarded.watch(key)
        for command in commands:
            answer(command)
        guarded.multi()
        guarded.ping()
        try:
            return guarded.execute() != [True]
        except redis.WatchError:
            return True


assert client.ping()
client.flushdb()
assert client.set("a", "1") and client.get("a") == "1"
assert client.incr("a") == 2 and client.decr("a", 5) == -3
assert client.set("a", "2", nx=True) is None
assert client.mset({"b": "x", "c": "y"}) and client.mget("b", "c", "d") == ["x", "y", None]
assert client.rpush("list", 1, 2, 3) == 3 and client.lrange("list", 0, -1) == ["1", "2", "3"]
assert client.lpop("list") == "1" and client.llen("list") == 2
assert client.sadd("set", "p", "q") == 2 and client.smembers("set") == {"p", "q"}
assert client.hset("hash", mapping={"f": "1", "g": "2"}) == 2 and client.hgetall("hash") == {"f": "1", "g": "2"}
assert client.hincrby("hash", "f", 41) == 42
assert client.zadd("sorted", {"one": 1, "half": 0.5, "two": 2}) == 3 and client.zscore("sorted", "half") == 0.5
assert client.zrange("sorted", 0, -1, withscores=True) == [("half", 0.5), ("one", 1.0), ("two", 2.0)]
assert client.zpopmin("sorted") == [("half", 0.5)] and client.zrank("sorted", "two") == 1
assert client.zincrby("sorted", 9, "one") == 10 and client.zrem("sorted", "one", "two") == 2
assert client.rpush("more", *"abcab") == 5 and client.lrem("more", 1, "a") == 1 and client.ltrim("more", 0, 2)
assert client.lset("more", 0, "B") and client.lpop("more", 5) == ["B", "c", "a"] and not client.exists("more")
assert client.sadd("other", "q", "r") == 2 and client.sinter("set", "other") == {"q"}
assert client.sunion("set", "other") == {"p", "q", "r"} and client.sdiff("set", "other") == {"p"}
assert set(client.spop("other", 5)) == {"q", "r"}
assert client.expire("a", 100) and 0 < client.ttl("a") <= 100 and client.persist("a") and client.ttl("a") == -1
assert client.exists("a", "b", "none") == 2 and client.delete("a", "b") == 2
assert client.type("hash") == "hash" and sorted(client.keys("*s*")) == ["hash", "list", "set"]
assert sorted(client.scan_iter(match="*s*", count=2)) == ["hash", "list", "set"]
assert set(client.scan_iter(match="*s*", _type="SET")) == {"set"} and answer("SSCAN set 0 NOTHING x") == "syntax error"
transaction = client.pipeline()
transaction.set("sum", 1).incr("sum").get("sum")
assert transaction.execute() == [True, 2, "2"]
transaction.execute_command("NOTHING").incr("sum")
try:
    transaction.execute()
except redis.ResponseError as error:
    assert "unknown command" in str(error)
else:
    raise AssertionError("a broken transaction was run")
assert client.get("sum") == "2" and client.delete("sum") == 1
# Lists between lists, and clients that wait for them.
assert client.rpush("from", "1", "2", "3") == 3 and client.rpoplpush("from", "to") == "3"
assert client.lmove("from", "to", "LEFT", "RIGHT") == "1" and client.lrange("to", 0, -1) == ["3", "1"]
assert client.lpushx("none", "x") == 0 and client.rpushx("to", "9") == 3 and client.linsert("to", "before", "1", "0") == 4
assert client.blpop(["none", "to"], timeout=1) == ("to", "3") and client.brpop("to", timeout=1) == ("to", "9")
assert client.blpop("none", timeout=0.05) is None and client.delete("from", "to") == 2
waiting = [waits("BLPOP jobs 10") for _ in range(2)]
gone = redis.Redis(port=int(sys.argv[1]), socket_timeout=0.1, retry=None)
try:
    gone.blpop("jobs", timeout=0)  # a client that waits and goes takes nothing with it
except redis.TimeoutError:
    gone.close()
else:
    raise AssertionError("an empty list was popped")
time.sleep(0.1)
assert client.rpush("jobs", "a", "b") == 2
assert [one.result(5) for one in waiting] == [("jobs", "a"), ("jobs", "b")] and not client.exists("jobs")
moving = waits("BLMOVE here there LEFT RIGHT 10")
assert client.lpush("here", "moved") == 1 and moving.result(5) == "moved" and client.lpop("there") == "moved"
# Nor does one that has sent more before it goes; of one that stays, that is answered afterwards.
gone, stays = (client.connection_pool.make_connection() for _ in range(2))
for connection in gone, stays:
    connection.send_command("BLPOP", "jobs", 0)
    time.sleep(0.05)
    connection.send_packed_command(connection.pack_commands([("PING",), ("ECHO", "x" * 100_000)]))
    time.sleep(0.05)
gone.disconnect()
time.sleep(0.05)
assert client.rpush("jobs", "c", "d") == 2 and stays.read_response() == ["jobs", "c"] and client.lpop("jobs") == "d"
assert stays.read_response() == "PONG" and stays.read_response() == "x" * 100_000
stays.disconnect()
# One that waits for what another, who waits too, moves there; and nothing is lost where it cannot be put.
behind, before = waits("BLPOP third 10"), waits("BLMOVE second third LEFT RIGHT 10")
assert client.rpush("second", "on") == 1 and before.result(5) == "on" and behind.result(5) == ("third", "on")
assert not client.exists("second", "third")
# What is no list any more keeps nobody from the next; who can put it nowhere is told, and leaves it to the next.
behind = waits("BLPOP first second 1")
assert client.set("first", "a string") and client.rpush("second", "y") == 1
assert behind.result(5) == ("second", "y") and client.delete("first") == 1
before, behind = waits("BLMOVE second set LEFT RIGHT 1"), waits("BLPOP second 1")
assert client.rpush("second", "z") == 1 and behind.result(5) == ("second", "z") and "wrong kind" in before.result(5)
# One who is told much first, and reads slowly, waits all the same for what comes meanwhile.
client.set("much", "x" * (1 << 20))
slow = client.connection_pool.get_connection("GET")
slow.send_packed_command(slow.pack_commands([("GET", "much")] * 30 + [("BLPOP", "slow", 2)]))
time.sleep(0.1)
assert client.rpush("slow", "came") == 1
assert [slow.read_response() for _ in range(31)][-1] == ["slow", "came"] and client.delete("much") == 1
assert client.rpush("second", "kept") == 1
try:
    client.lmove("second", "set")
except redis.ResponseError as error:
    assert "wrong kind" in str(error) and client.lpop("second") == "kept"
else:
    raise AssertionError("a list went into a set")
# What is not there is moved nowhere; what is moved to where it was stays, and for as long.
assert client.lmove("none", "set") is None and not client.smove("none", "list", "a")
assert client.blmove("none", "set", 0.01) is None and "wrong kind" in answer("SMOVE set list none")
assert client.rpush("l", "a") and client.sadd("s", "a") and client.expire("l", 100) and client.expire("s", 100)
assert client.lmove("l", "l") == "a" and client.smove("s", "s", "a") and client.ttl("l") > 0 and client.ttl("s") > 0
assert client.lrange("l", 0, -1) == ["a"] and client.smembers("s") == {"a"} and client.delete("l", "s") == 2
# Optimistic locking.
with client.pipeline() as guarded:
    guarded.watch("balance")
    client.set("balance", 5)
    guarded.multi()
    guarded.incr("balance")
    try:
        guarded.execute()
    except redis.WatchError:
        pass
    else:
        raise AssertionError("a transaction was run although its key had changed")
    guarded.watch("balance")
    guarded.multi()
    guarded.incr("balance")
    assert guarded.execute() == [6]
assert client.transaction(lambda pipe: (pipe.multi(), pipe.decr("balance")), "balance") == [5] and client.delete("balance")
# Nobody waits in a transaction, and what it takes itself nobody else is given.
popping = waits("BLPOP jobs 10")
transaction.blpop("none", timeout=0).blmove("none", "jobs", 0).rpush("jobs", "a", "b").blpop("jobs", timeout=0)
assert transaction.execute() == [None, None, 2, ("jobs", "a")] and popping.result(5) == ("jobs", "b")
# What is refused, or changes nothing, makes no key, and no transaction is aborted for it.
assert client.rpush("l", "a") and client.sadd("s", "a") and client.hset("h", "f", 1) and client.zadd("z", {"m": 1})
for command in ["LREM l 0 b", "LINSERT l BEFORE b c", "LSET l 5 b", "INCR l", "BLPOP l2 l3 0.01"]:
    assert not aborts("l", command), command
for command in ["SADD s a", "SREM s b", "SMOVE s s2 b", "HDEL h g", "HSETNX h f 2", "HINCRBY h f x", "ZREM z n", "ZADD z 1 m"]:
    assert not aborts(command.split()[1], command), command
assert aborts("l", "LSET l 0 b") and aborts("h", "HSET h f 2") and aborts("z", "ZADD z 2 m") and aborts("s", "SADD s b")
assert client.delete("l", "s", "h", "z") == 4
refusals = ["INCRBYFLOAT new inf", "HINCRBYFLOAT new f inf", "HINCRBYFLOAT new f x", "LSET new 0 x"]
assert all(isinstance(answer(command), str) for command in refusals) and not client.exists("new")
assert client.set("empty", "") and "not an integer" in answer("INCR empty") and "not a valid float" in answer("INCRBYFLOAT empty 1")
assert client.get("empty") == "" and client.delete("empty") == 1 and answer("LSET new 0 x") == "no such key"
assert client.setrange("new", 0, "") == 0 and not client.exists("new")
# A key that was not there, and is not there again, has changed; as has one whose time is another, or over.
assert aborts("new", "SET new 1", "DEL new") and aborts("new", "RPUSH new 1", "RPOP new") and not aborts("new", "DEL new")
assert aborts("new", "SADD s a", "RENAME s new") and aborts("new", "RENAME new s") and client.delete("s") == 1
assert client.set("new", 1) and not aborts("new", "PERSIST new", "RENAME new new")
assert aborts("new", "EXPIRE new 100") and aborts("new", "PERSIST new") and aborts("new", "GETEX new EX 100")
assert client.set("new", 1, px=20) and not aborts("new", "GET new") and aborts("new", "BLPOP none 0.03")
assert not aborts("new", "EXISTS new") and not client.exists("new")
popping = waits("BLPOP balance 10")
assert client.set("balance", 5) and not aborts("balance", "GET balance") and client.delete("balance") == 1
assert client.rpush("balance", "popped") == 1 and popping.result(5) == ("balance", "popped")
# More of strings, hashes, sets and keys.
assert client.incrbyfloat("f", "10.5") == 10.5 and client.incrbyfloat("f", 0.1) == 10.6
assert client.msetnx({"f": 1, "g": 1}) is False and client.msetnx({"g": 1, "h": 2}) and client.getex("g", ex=50) == "1"
assert client.pexpire("g", 300) and client.ttl("g") == 0 and client.pexpire("g", 50_000)
assert 0 < client.ttl("g") <= 50 and client.getex("g", persist=True) == "1" and client.ttl("g") == -1
assert client.set("r", "Hello World") and client.getrange("r", -5, -1) == "World"
assert client.setrange("r", 6, "Redis") == 11 and client.get("r") == "Hello Redis"
assert client.set("g", 2, exat=int(time.time()) + 100) and 0 < client.ttl("g") <= 100
assert client.set("g", 3, keepttl=True) and client.ttl("g") > 0 and client.set("g", 4, get=True) == "3"
for command in ["SET g 5 EX 0", "SET g 5 PXAT -1", "SETEX g 0 5", "PSETEX g -1 5", "GETEX g EX 0", "EXPIRE g 9223372036854775807"]:
    assert answer(command) == f"invalid expire time in '{command.split()[0].lower()}' command", command
for command in ["SET g 5 EX 9223372036854775807", "SET g 5 EX 1 KEEPTTL", "SET g 5 PX 1 EX 1", "SET g 5 NX XX", "GETEX g EX x"]:
    assert isinstance(answer(command), str) and client.get("g") == "4", command
assert client.pexpireat("g", int(time.time() * 1000) - 1) and not client.exists("g")
assert client.rename("r", "s") and client.get("s") == "Hello Redis" and client.renamenx("s", "f") is False
assert client.touch("s", "f", "none") == 2 and client.delete("f", "h", "s") == 3
assert client.hsetnx("new", "f", 1) and not client.hsetnx("new", "f", 2) and client.hstrlen("new", "f") == 1
assert client.hincrbyfloat("new", "f", 0.5) == 1.5 and dict(client.hscan_iter("new", match="f*")) == {"f": "1.5"}
assert client.sadd("one", *"abc") == 3 and client.smove("one", "two", "a") and client.smismember("two", "a", "b") == [1, 0]
assert client.srandmember("one") in ("b", "c") and sorted(client.srandmember("one", 5)) == ["b", "c"]
assert len(client.srandmember("one", -5)) == 5 and sorted(client.sscan_iter("one", match="[bc]")) == ["b", "c"]
assert client.srandmember("one", 0) == [] and "out of range" in answer("SRANDMEMBER one -9223372036854775808")
for command in ["LPOP list -1", "RPOP none -1", "SPOP one -1", "ZPOPMIN none -1", "ZPOPMAX none -9223372036854775808"]:
    assert answer(command) == "value is out of range, must be positive", command
assert client.zadd("z", {"m": 1.5, "n": 2}) == 2 and list(client.zscan_iter("z", match="m")) == [("m", 1.5)]
assert client.delete("new", "one", "two", "z") == 4
assert client.client_setname("somebody") and client.client_getname() == "somebody"
assert client.client_id() > 0
pipeline = client.pipeline(transaction=False)
for number in range(1000):
    pipeline.set(f"key:{number}", number)
assert all(pipeline.execute()) and client.dbsize() == 1004
heard = client.pubsub()
heard.subscribe("python")
assert heard.get_message(timeout=5)["type"] == "subscribe"
assert client.publish("python", "read all about it") == 1
assert heard.get_message(timeout=5)["data"] == "read all about it"
heard.psubscribe("py*")
assert heard.get_message(timeout=5)["type"] == "psubscribe"
assert client.pubsub_channels("pyth*") == ["python"] and client.pubsub_numsub("python", "x") == [("python", 1), ("x", 0)]
assert client.pubsub_numpat() == 1 and client.publish("pypi", "by pattern") == 1
said = heard.get_message(timeout=5)
assert (said["type"], said["pattern"], said["data"]) == ("pmessage", "py*", "by pattern")
heard.ping()
assert heard.get_message(timeout=5)["type"] == "pong"
heard.close()
try:
    client.incr("hash")
except redis.ResponseError as error:
    assert "wrong kind" in str(error)
else:
    raise AssertionError("a hash was counted")
assert aborts("hash", "FLUSHDB") and client.dbsize() == 0 and not aborts("hash", "FLUSHALL")
print("Python's redis client: no errors")
