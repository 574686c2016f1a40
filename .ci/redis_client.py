"""What a common client does, against the example `redis`: redis_client.py PORT."""

import sys

import redis

client = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
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
assert client.publish("pypi", "by pattern") == 1
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
print("Python's redis client: no errors")
