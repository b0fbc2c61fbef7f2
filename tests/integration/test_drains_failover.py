"""Drains in a Redis that Sentinels watch: a failover resumes no server, and the new master goes on with them."""

import pytest

from harness.command import EXIT_OK, EXIT_PROBLEM
from harness.mailreeve import Mailreeve
from harness.process import wait_until
from harness.redis import Redis, Sentinels, redis_is_usable, sentinel_is_usable
from harness.redis_store import store
from test_cli_upstream import configuration, drained, listed, session, sessions, upstream, users, wait_for

pytestmark = pytest.mark.skipif(not (redis_is_usable() and sentinel_is_usable()),
                                reason="redis-server or redis-sentinel is not installed")

SOON_S = 60


@pytest.fixture
def cluster(scratch):
    """A master, its replica and three Sentinels that know each other."""
    with Redis(scratch / "master") as master, Redis(scratch / "replica", replica_of=master) as replica, \
            Sentinels(scratch, master) as sentinels:
        sentinels.know(replicas=1)
        yield master, replica, sentinels


@pytest.fixture
def make_service(scratch, cluster):
    listed = ", ".join(f'"{address}"' for address in cluster[2].addresses)
    state = f'state {{ engine = "redis"  sentinels = {{{listed}}}  master = "{cluster[2].name}" }}'
    services = []

    def make():
        services.append(Mailreeve(scratch / f"service{len(services)}", configuration(state), users()))
        return services[-1].start()

    yield make
    for service in services:
        service.stop()


def tell(service, *words):
    """A command that is given again until the store takes it; one that had no answer may have been taken, too."""
    wait_until(lambda: upstream(service, *words).returncode in (EXIT_OK, EXIT_PROBLEM), SOON_S, " ".join(words))


def fail_over(cluster, services, wanted):
    """Kills the master; until the replica serves the store of all, each session goes to the wanted server."""
    master, replica, sentinels = cluster
    wait_until(lambda: replica.keys() == master.keys(), SOON_S, "the replica to have it")
    master.kill()

    def is_over():
        assert [session(service) for service in services] == [wanted] * len(services)
        return sentinels.master_port() == replica.port and replica.role() == b"master" and replica.calls() > 0 and all(
            store(service)["up"] for service in services)
    wait_until(is_over, SOON_S, "the failover")


def test_a_failover_resumes_no_server(cluster, make_service):
    services = [make_service(), make_service()]
    one, two = services
    tell(one, "drain", "relay", "mta1", "--reason", "a new kernel")
    tell(two, "drain", "relay", "mta2", "--for", "1h")
    for service in services:
        wait_for(service, {"mta1", "mta2"})
    fail_over(cluster, services, "mta3")

    for service in services:
        assert drained(service) == {"mta1", "mta2"} and sessions(service, 4) == {"mta3": 4}
        assert service.events("upstream.resumed") == []
        assert len(service.events("upstream.drained")) == 2
    assert listed(one, "mta1")["reason"] == "a new kernel" and listed(one, "mta2")["drained_until"]
    late = make_service()
    assert sessions(late, 4) == {"mta3": 4}, "one that starts afterwards"

    tell(two, "resume", "relay", "mta1")
    tell(one, "drain", "relay", "mta3")
    for service in (*services, late):
        wait_for(service, {"mta2", "mta3"})
        assert sessions(service, 4) == {"mta1": 4}
        assert [line["server"] for line in service.events("upstream.resumed")] == ["mta1"]
