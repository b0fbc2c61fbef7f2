"""The store in a Redis that Sentinels name: a failover costs a moment, and a master that they have left is left."""

import pytest

from harness.process import wait_until
from harness.redis import Redis, Sentinels, redis_is_usable, sentinel_is_usable
from harness.redis_store import (assert_sessions_go_on, client, fail, is_banned, log_in, make_service, may_relay,
                                 open_window, redis, store, wait_for_store)

pytestmark = pytest.mark.skipif(not redis_is_usable(), reason="redis-server is not installed")


@pytest.fixture
def cluster(scratch, redis):
    """A master, its replica and three Sentinels that know each other."""
    if not sentinel_is_usable():
        pytest.skip("redis-sentinel is not installed")
    with Redis(scratch / "replica", replica_of=redis) as replica, Sentinels(scratch, redis) as sentinels:
        sentinels.know(replicas=1)
        yield redis, replica, sentinels


def by_sentinels(sentinels, name=None):
    listed = ", ".join(f'"{address}"' for address in sentinels.addresses)
    return f'sentinels = {{{listed}}}  master = "{name or sentinels.name}"'


def wait_for_copies(master, replica, pattern):
    wait_until(lambda: replica.keys(pattern) == master.keys(pattern), 10, "the replica to have it")


def test_a_failover_costs_a_moment_and_bans_hold(make_service, cluster, client):
    master, replica, sentinels = cluster
    service = make_service(None, by_sentinels(sentinels))
    open_window(service, client)
    fail(service, "203.0.113.9")
    wait_for_copies(master, replica, "mailreeve:*")
    master.kill()
    assert_sessions_go_on(service, client)
    wait_until(lambda: sentinels.master_port() == replica.port, 30, "the failover")
    wait_for_store(service)
    assert may_relay(service, client)
    assert is_banned(service, "203.0.113.9")
    fail(service, client)
    assert is_banned(service, client)
    assert replica.calls() > 0


def test_a_master_that_steps_down_is_left(make_service, cluster, client):
    master, replica, sentinels = cluster
    service = make_service(None, by_sentinels(sentinels))
    assert log_in(service, client).ok
    wait_for_copies(master, replica, "mailreeve:*")
    sentinels.processes[2].kill()  # one of them may be gone
    sentinels.failover()
    wait_until(lambda: replica.role() == b"master", 30, "the failover")

    def is_asked():
        fail(service, client, 1)
        return replica.calls() > 0
    wait_until(is_asked, 20, "the new master to be asked")
    wait_for_store(service)
    fail(service, "203.0.113.7")
    assert is_banned(service, "203.0.113.7")


def clients(redis):
    """Those that come by its port and are no Sentinels."""
    listed = redis.ask("CLIENT", "LIST", "TYPE", "normal").decode().splitlines()
    return [line for line in listed if " addr=127.0.0.1:" in line and " name=sentinel-" not in line]


def test_a_master_that_the_sentinels_have_left_behind_is_left(make_service, redis, scratch, client):
    """One that is cut off from them goes on as a master, and we may still reach it."""
    if not sentinel_is_usable():
        pytest.skip("redis-sentinel is not installed")
    with Redis(scratch / "other") as other, Sentinels(scratch, redis, count=1) as sentinels:
        service = make_service(None, by_sentinels(sentinels))
        assert log_in(service, client).ok and redis.calls() > 0
        sentinels.ask("SENTINEL", "REMOVE", sentinels.name)
        sentinels.ask("SENTINEL", "MONITOR", sentinels.name, "127.0.0.1", other.port, 1)
        wait_until(lambda: log_in(service, client).ok and other.calls() > 0 and not clients(redis), 20,
                   "the other master to be asked, and no other")
        before = redis.calls()
        fail(service, client)
        assert is_banned(service, client)
        assert redis.calls() == before and redis.role() == b"master"


def test_sentinels_that_do_not_know_the_master_or_are_not_there(make_service, cluster, client):
    _, _, sentinels = cluster
    unknown = make_service(None, by_sentinels(sentinels, "another"))
    assert "it knows no such master" in wait_for_store(unknown, up=False)["error"]
    assert_sessions_go_on(unknown, client)

    service = make_service(None, by_sentinels(sentinels))
    for process in sentinels.processes:
        process.kill()
    assert log_in(service, client).ok and store(service)["up"]  # what is connected stays so
    late = make_service(None, by_sentinels(sentinels))
    assert "sentinel 127.0.0.1:" in wait_for_store(late, up=False)["error"]
    assert_sessions_go_on(late, client)
