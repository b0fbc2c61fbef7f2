"""The store in a Redis that is full: bans hold, and who is banned does not guess on."""

import re

import pytest

from harness.command import EXIT_OK, EXIT_TEMPORARY, mailreeve
from harness.process import wait_until
from harness.redis import Redis, RedisError, redis_is_usable
from harness.redis_store import (client, connections, fail, is_banned, log_in, make_service, may_relay, open_window,
                                 status, store)

pytestmark = pytest.mark.skipif(not redis_is_usable(), reason="redis-server is not installed")


@pytest.mark.parametrize("policy", ["volatile-lru", "volatile-ttl", "volatile-random"])
def test_what_floods_a_server_evicts_no_ban(make_service, scratch, client, policy):
    """Bans must outlive what ends later than they do, and is used as little."""
    with Redis(scratch / "small", settings=["--maxmemory", "4mb", "--maxmemory-policy", policy]) as redis:
        service = make_service(redis.url)
        fail(service, client)
        open_window(service, "203.0.113.9")
        redis.ask("EVAL", "for i = 1, 30 do redis.call('SET', 'soon:' .. i, 'x', 'PX', 60000) end", 0)
        for i in range(40):
            redis.ask("EVAL", "for i = 1, 1000 do redis.call('SET', ARGV[1] .. i, string.rep('x', 100), 'EX', 864000) "
                      "end", 0, f"later:{i}:")
        evicted = re.search(r"evicted_keys:(\d+)", redis.ask("INFO", "stats").decode())
        assert int(evicted[1]) > 10000
        assert is_banned(service, client)
        assert client in mailreeve("ban", "list", "-c", service.path).stdout
        fail(service, "203.0.113.10")
        assert is_banned(service, "203.0.113.10")
        wait_until(lambda: store(service)["bans"] == 2, 10, "both to be counted")
        assert store(service)["failures"] == 0 and not service.events("store.full")


@pytest.fixture
def full(scratch):
    """A server that has no room and evicts nothing."""
    with Redis(scratch / "full", settings=["--maxmemory", "8mb"]) as redis:
        yield redis


def fill(redis):
    """Beyond its bound, so that no connection that ends gives room."""
    with pytest.raises(RedisError, match="OOM"):
        for i in range(100):
            redis.ask("EVAL", "redis.call('SET', ARGV[1], string.rep('x', 500000))", 0, f"filler:{i}")


def empty(redis):
    redis.ask("DEL", *redis.keys("filler:*"))


def test_a_full_server_lets_no_banned_client_guess_on(make_service, full, client):
    service = make_service(full.url, "connections = 1")
    fail(service, client)
    open_window(service, "203.0.113.9")
    [connection] = connections(full)
    fill(full)
    for i in range(20):
        fail(service, f"203.0.113.{20 + i}", 1)  # what cannot be counted ...
        assert log_in(service, "203.0.113.99").ok
        assert is_banned(service, client)  # ... is no reason to let him in
    fail(service, "203.0.113.20")
    assert not is_banned(service, "203.0.113.20")
    assert may_relay(service, "203.0.113.9")
    assert connections(full) == {connection}
    wait_until(lambda: status(service)["status"] == "degraded", 10, "the status to say so")
    found = status(service)
    assert found["degraded"] == [{"store": "redis"}] and found["store"]["up"] and found["store"]["full"]
    assert re.search(r"OOM .*\(raise its maxmemory, or set maxmemory-policy volatile-lru\)", found["store"]["error"])
    wait_until(lambda: (store(service)["bans"], store(service)["windows"]) == (1, 1), 10, "the status to count them")
    assert not service.events("store.down") and len(service.events("store.full")) == 1
    assert "raise its maxmemory" in service.log
    said = mailreeve("status", "-c", service.path).stdout
    assert said.startswith("status degraded: store redis\n") and "raise its maxmemory" in said

    empty(full)
    wait_until(lambda: status(service)["status"] == "ok", 10, "the status to be well again")
    assert store(service)["error"] is None and not store(service)["full"]
    fail(service, "203.0.113.20")
    assert is_banned(service, "203.0.113.20")
    assert "event=store.up" not in service.log


def test_bans_by_hand_and_a_full_server(make_service, full, client):
    service = make_service(full.url)
    fail(service, client)
    fill(full)
    before = full.keys()
    done = mailreeve("ban", "add", "-c", service.path, "192.0.2.1")
    assert done.returncode == EXIT_TEMPORARY and "OOM" in done.stderr and "raise its maxmemory" in done.stderr
    assert full.keys() == before
    assert client in mailreeve("ban", "list", "-c", service.path).stdout
    assert mailreeve("ban", "del", "-c", service.path, client).returncode == EXIT_OK
    assert not is_banned(service, client)


def test_bans_that_are_over_give_room_to_a_full_server(make_service, full, client):
    service = make_service(full.url, bans='"1s"')
    fail(service, client)
    fill(full)
    wait_until(lambda: not full.keys("mailreeve:b*") and not full.keys("mailreeve:offences"), 20, "them to be swept")
    assert store(service)["up"] and store(service)["full"]


def test_a_service_starts_with_a_full_server_that_is_new_to_it(make_service, full, client):
    fill(full)
    service = make_service(full.url)
    fail(service, client)
    assert not is_banned(service, client) and store(service)["up"] and store(service)["full"]
    empty(full)
    wait_until(lambda: full.ask("EXISTS", "mailreeve:salt"), 10, "the salt")
    fail(service, client)
    assert is_banned(service, client)
