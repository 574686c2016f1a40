"""What a common client does, against the example `redis`: redis_client.py PORT."""

import sys

import redis

client = redis.Redis(port=int(sys.argv[1]), decode_responses=True, protocol=2)
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
assert client.expire("a", 100) and 0 < client.ttl("a") <= 100 and client.persist("a") and client.ttl("a") == -1
assert client.exists("a", "b", "none") == 2 and client.delete("a", "b") == 2
assert client.type("hash") == "hash" and sorted(client.keys("*s*")) == ["hash", "list", "set"]
pipeline = client.pipeline(transaction=False)
for number in range(1000):
    pipeline.set(f"key:{number}", number)
assert all(pipeline.execute()) and client.dbsize() == 1004
heard = client.pubsub()
heard.subscribe("python")
assert heard.get_message(timeout=5)["type"] == "subscribe"
assert client.publish("python", "read all about it") == 1
assert heard.get_message(timeout=5)["data"] == "read all about it"
heard.close()
try:
    client.incr("hash")
except redis.ResponseError as error:
    assert "wrong kind" in str(error)
else:
    raise AssertionError("a hash was counted")
print("Python's redis client: no errors")
