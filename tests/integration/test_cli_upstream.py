"""`mailreeve upstream`: servers are drained and resumed on all services of one store, on both engines, and listed with
and without a running service."""

import json
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from harness import fastcgi
from harness.command import EXIT_CONFIG, EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, EXIT_USAGE, mailreeve
from harness.dns import Dns, dns_is_usable
from harness.mailreeve import Mailreeve
from harness.process import free_port, wait_until
from harness.redis import Redis, redis_is_usable
from harness.setups import cheap_hash
from harness.sink import Sink

ANNA = "anna@acme.example"
PORTS = {"mta1": "10025", "mta2": "10026", "mta3": "10027"}
NO_ROUTE = "451 4.4.1"
# a second and what a busy machine adds to it
SEEN_WITHIN_S = 20

SERVERS = "\n".join(f'server "{name}" {{ address = "127.0.0.1:{port}" }}' for name, port in PORTS.items())
CONFIGURATION = """
listener "submission" {{ auth = "on"  upstream = "relay" }}
organization "acme" {{ domains = {{"acme.example"}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "relay" {{ check = "none"
{servers}
}}
{more}
"""


def users():
    return {"users": f"{ANNA}:{cheap_hash('a')}\n"}


def configuration(state, servers=SERVERS, more=""):
    return state + CONFIGURATION.format(servers=servers, more=more)


def upstream(service, *words):
    return mailreeve("upstream", words[0], "-c", service.path, *words[1:])


def done(service, *words):
    """What the command printed, once it has done what it was told."""
    ran = upstream(service, *words)
    assert (ran.returncode, ran.stderr) == (EXIT_OK, "")
    return ran.stdout


def listed(service, server, name="relay"):
    """What the list says of a server."""
    [row] = [row for row in json.loads(upstream(service, "list", "--json").stdout)
             if (row["upstream"], row["server"]) == (name, server)]
    return row


def session(service):
    """The server that a session is handed to, or the code of the refusal."""
    answer = service.ask(fastcgi.login(ANNA, "a"))
    return Counter(dict(zip(PORTS.values(), PORTS)))[answer["Auth-Port"]] if answer.ok else answer["Auth-Error-Code"]


def sessions(service, count=9):
    return Counter(session(service) for _ in range(count))


def servers_of(service, name="relay"):
    answer = service.ask({"DOCUMENT_URI": "/api/v1/upstreams", "REQUEST_METHOD": "GET"})
    [servers] = [one["servers"] for one in json.loads(answer.body) if one["name"] == name]
    return {server["name"]: server for server in servers}


def drained(service):
    return {name for name, server in servers_of(service).items() if server["drained"]}


def wait_for(service, names):
    """Until the service knows that these are drained, and no others: soon."""
    wait_until(lambda: drained(service) == names, SEEN_WITHIN_S, f"{names or 'nobody'} to be drained")


@pytest.fixture
def pair(scratch, store_section):
    """Two services on one store."""
    state = store_section.replace('"state"', f'"{scratch}/state"')
    services = [Mailreeve(scratch / name, configuration(state), users()) for name in ("one", "two")]
    for service in services:
        service.start()
    yield services
    for service in services:
        service.stop()


def test_a_drain_on_one_node_empties_the_server_on_all(pair):
    assert [sessions(service) for service in pair] == [{"mta1": 3, "mta2": 3, "mta3": 3}] * 2
    said = done(pair[0], "drain", "relay", "mta2", "--reason", "a new kernel")
    assert said == "mta2 of relay gets no new sessions until it is resumed\n"
    for service in pair:
        wait_for(service, {"mta2"})
        assert sessions(service, 10) == {"mta1": 5, "mta3": 5}
        [line] = service.events("upstream.drained")
        assert (line["upstream"], line["server"], line["reason"]) == ("relay", "mta2", "a new kernel")
    assert done(pair[1], "resume", "relay", "mta2") == "mta2 of relay gets new sessions again\n"
    for service in pair:
        wait_for(service, set())
        assert sessions(service) == {"mta1": 3, "mta2": 3, "mta3": 3}
        assert len(service.events("upstream.resumed")) == 1


def test_a_service_that_starts_again_remembers_from_its_first_session_on(pair):
    one, two = pair
    one.stop()
    done(two, "drain", "relay", "mta1")
    one.start()
    assert sessions(one, 6) == {"mta2": 3, "mta3": 3}
    for service in pair:
        service.stop()
    for service in pair:
        service.start()
        assert sessions(service, 6) == {"mta2": 3, "mta3": 3}


def test_all_drained_is_no_route_and_says_so(pair):
    one = pair[0]
    done(one, "drain", "relay", "mta1")
    done(one, "drain", "relay", "mta2")
    ran = upstream(one, "drain", "relay", "mta3")
    assert (ran.returncode, ran.stderr) == (EXIT_OK, "that was the last one: new sessions are told to come later\n")
    wait_for(one, set(PORTS))
    assert session(one) == NO_ROUTE
    wait_until(lambda: one.decisions()[-1]["reason"] == "route.none", SEEN_WITHIN_S, "the audit line")
    assert "drained" in one.decisions()[-1]["rule"]
    ran = mailreeve("status", "-c", one.path)
    assert ran.returncode == EXIT_PROBLEM and ran.stdout.startswith("status degraded: upstream relay\n")
    assert "upstream relay: mta1 up drained, mta2 up drained, mta3 up drained\n" in ran.stdout
    done(one, "resume", "relay", "mta2")
    wait_for(one, {"mta1", "mta3"})
    assert session(one) == "mta2"


def test_a_drain_for_a_while_ends_by_itself(pair):
    one, two = pair

    def drain(seconds):
        """Whether it was seen on the other node before it was over."""
        before = datetime.now(timezone.utc).replace(microsecond=0)
        said = done(one, "drain", "relay", "mta2", "--for", f"{seconds}s")
        until = datetime.strptime(said.split()[-1], "%Y-%m-%dT%H:%M:%S%z")
        assert said.startswith("mta2 of relay gets no new sessions until 2") and until >= before + timedelta(seconds=seconds)
        while drained(two) != {"mta2"}:
            if datetime.now(timezone.utc) > until:
                return False
        return True

    # a machine that is held up for three seconds is given more
    assert drain(3) or drain(30)
    wait_until(lambda: not drained(one) and not drained(two), 30 + SEEN_WITHIN_S, "the drain to end")
    assert not listed(one, "mta2")["drained"]
    assert sessions(two)["mta2"] == 3


def test_a_reload_keeps_drains_and_heeds_those_of_servers_that_it_brings(pair):
    one, two = pair
    text = two.path.read_text()
    two.path.write_text(text.replace('server "mta3"', 'server "old"'))
    assert two.reload().body == b""
    done(one, "drain", "relay", "mta1")
    done(one, "drain", "relay", "mta3")
    wait_for(two, {"mta1"})
    wait_until(lambda: len(two.events("upstream.drained")) == 2, SEEN_WITHIN_S, "the other drain to be known")
    two.path.write_text(text)
    assert two.reload().body == b""
    assert sessions(two, 3) == {"mta2": 3}


def test_numbers_tell_where_sessions_went(pair):
    one = pair[0]
    done(one, "drain", "relay", "mta3")
    wait_for(one, {"mta3"})
    sessions(one, 4)

    def metrics():
        return one.ask({"DOCUMENT_URI": "/metrics", "REQUEST_METHOD": "GET"}).body.decode().splitlines()

    text = metrics()
    for name, values in {"upstream_sessions_total": (2, 2, 0), "upstream_server_drained": (0, 0, 1),
                         "upstream_server_up": (1, 1, 1), "upstream_server_flapping": (0, 0, 0),
                         "upstream_server_addresses": (1, 1, 1), "upstream_server_addresses_up": (1, 1, 1),
                         "upstream_server_warm_percent": (100, 100, 100)}.items():
        for server, value in zip(PORTS, values):
            assert f'mailreeve_{name}{{upstream="relay",server="{server}"}} {value}' in text, name
    # the store is counted now and then
    wait_until(lambda: 'mailreeve_store_entries{space="drains"} 1' in metrics(), 20, "the drain to be counted")
    assert servers_of(one)["mta1"] == {
        "name": "mta1", "up": True, "checked": False, "drained": False, "backup": False, "flapping": False,
        "warm_percent": 100, "addresses": 1, "addresses_up": 1, "address": "127.0.0.1:10025", "error": None,
        "sessions": 2}


@pytest.mark.skipif(not redis_is_usable(), reason="redis-server is not installed")
def test_a_store_that_is_down_changes_nothing(scratch):
    with Redis(scratch / "redis") as redis:
        text = configuration(f'state {{ engine = "redis"  url = "{redis.url}" }}')
        with Mailreeve(scratch / "service", text, users()) as service:
            done(service, "drain", "relay", "mta1")
            done(service, "drain", "relay", "mta2", "--for", "6s")
            wait_until(lambda: len(service.events("upstream.drained")) == 2, SEEN_WITHIN_S, "both drains to be known")
            redis.kill()
            wait_until(lambda: service.events("store.down"), 20, "the store to be down")
            service.path.write_text(service.path.read_text() + "max_sessions = 77\n")
            assert service.reload().body == b"", "a reload meanwhile"
            assert drained(service) >= {"mta1"} and session(service) != "mta1"
            wait_until(lambda: drained(service) == {"mta1"}, 6 + SEEN_WITHIN_S, "the drain for a while to end")
            assert sessions(service, 4) == {"mta2": 2, "mta3": 2}
            ran = upstream(service, "resume", "relay", "mta1")
            assert ran.returncode == EXIT_TEMPORARY and ran.stderr.startswith("the store failed: "), ran.stderr
            ran = upstream(service, "drain", "relay", "mta3")
            assert (ran.returncode, ran.stdout) == (EXIT_TEMPORARY, "")
            ran = upstream(service, "list", "--json")
            assert ran.returncode == EXIT_TEMPORARY and ran.stderr.startswith("the store failed: ")
            [mta1, mta2, mta3] = json.loads(ran.stdout)
            assert (mta1["drained"], mta2["drained"], mta1["drained_since"]) == (True, False, None)


@pytest.mark.skipif(not redis_is_usable(), reason="redis-server is not installed")
def test_a_store_that_comes_late_is_heeded_then(scratch):
    redis = Redis(scratch / "redis")
    text = configuration(f'state {{ engine = "redis"  url = "{redis.url}" }}')
    with Mailreeve(scratch / "service", text, users()) as service:
        assert sessions(service, 3) == {"mta1": 1, "mta2": 1, "mta3": 1}
        with redis:
            done(service, "drain", "relay", "mta1")
            wait_until(lambda: drained(service) == {"mta1"}, 20, "the drain to be known")


@pytest.mark.skipif(not redis_is_usable(), reason="redis-server is not installed")
def test_redis_forgets_drains_that_are_over_and_evicts_none(scratch):
    with Redis(scratch / "redis") as redis:
        text = configuration(f'state {{ engine = "redis"  url = "{redis.url}"  prefix = "x:"  timeout = 5s }}')
        with Mailreeve(scratch / "service", text, users()) as service:
            done(service, "drain", "relay", "mta1", "--for", "1s")
            done(service, "drain", "relay", "mta2")
            keys = redis.keys("x:d:*")
            assert len(keys) == 2 and [redis.ask("TTL", key) for key in keys] == [-1, -1]
            wait_until(lambda: len(redis.keys("x:d:*")) == 1 and redis.ask("ZCARD", "x:drains") == 1, 10,
                       "the drain that is over to be swept")


# --- the list ------------------------------------------------------------------------------------------------

@pytest.fixture
def stopped(scratch, store_section):
    """One that is not started."""
    return Mailreeve(scratch / "service", configuration(store_section), users())


def test_without_a_service_the_list_has_the_file_and_the_drains(stopped):
    now = datetime.now(timezone.utc)
    done(stopped, "drain", "RELAY", "MTA2", "--reason", "é, and \"quotes\"")
    ran = upstream(stopped, "list")
    assert ran.returncode == EXIT_OK and ran.stderr.startswith("mailreeve upstream list: ")
    assert ran.stdout == ("relay\tmta1\tunknown\t-\t0\t\n"
                          "relay\tmta2\tunknown drained\t-\t0\tdrained until resumed: é, and \"quotes\"\n"
                          "relay\tmta3\tunknown\t-\t0\t\n")
    row = listed(stopped, "mta2")
    since = datetime.strptime(row.pop("drained_since"), "%Y-%m-%dT%H:%M:%S%z")
    assert abs(since - now) < timedelta(minutes=1)
    assert row == {"upstream": "relay", "server": "mta2", "state": "unknown", "drained": True, "drained_until": None,
                   "reason": "é, and \"quotes\"", "checked": None, "backup": None, "flapping": None,
                   "warm_percent": None, "addresses": None, "addresses_up": None, "address": None, "sessions": None,
                   "error": None}
    assert (listed(stopped, "mta1")["drained"], listed(stopped, "mta1")["reason"]) == (False, None)


def test_with_a_service_the_list_says_how_each_server_is(scratch):
    closed = free_port()
    with Sink() as sink:
        more = f"""upstream "mx" {{ check = "tcp"  interval = 200ms  fall = 1
            server "sink" {{ address = "127.0.0.1:{sink.port}" }}
            server "gone" {{ address = "127.0.0.1:{closed}"  backup = true }} }}"""
        with Mailreeve(scratch / "service", configuration("", more=more), users()) as service:
            wait_until(lambda: not servers_of(service, "mx")["gone"]["up"], 20, "the server to be found down")
            wait_until(lambda: servers_of(service, "mx")["sink"]["checked"], 20, "the server to be found up")
            session(service)
            done(service, "drain", "mx", "gone", "--for", "2h")
            wait_until(lambda: servers_of(service, "mx")["gone"]["drained"], SEEN_WITHIN_S, "the drain to be known")
            lines = [line.split("\t") for line in done(service, "list").splitlines()]
            assert lines[0] == ["relay", "mta1", "up", "127.0.0.1:10025", "1", ""]
            assert lines[3] == ["mx", "sink", "up", f"127.0.0.1:{sink.port}", "0", ""]
            assert lines[4][:3] == ["mx", "gone", "down drained backup"]
            assert lines[4][5].startswith("drained until 2")
            row = listed(service, "gone", "mx")
            assert (row["state"], row["drained"], row["backup"], row["checked"]) == ("down", True, True, True)
            assert (row["addresses"], row["addresses_up"], row["sessions"]) == (1, 0, 0)
            assert row["error"] and row["drained_until"] > row["drained_since"]


def test_a_server_that_is_resumed_warms_up(scratch):
    text = configuration("", more="").replace('check = "none"', 'check = "none"  slow_start = 1h')
    with Mailreeve(scratch / "service", text, users()) as service:
        assert [line.split("\t")[2] for line in done(service, "list").splitlines()] == ["up", "up", "up"]
        done(service, "drain", "relay", "mta1")
        wait_for(service, {"mta1"})
        done(service, "resume", "relay", "mta1")
        wait_for(service, set())
        row = listed(service, "mta1")
        assert row["state"] == "up" and 1 <= row["warm_percent"] < 50
        states = [line.split("\t")[2] for line in done(service, "list").splitlines()]
        assert states == [f"up warm {row['warm_percent']}%", "up", "up"]
        assert sessions(service, 20)["mta1"] <= 3


def test_what_the_configuration_has_forgotten_can_be_listed_and_resumed(stopped):
    done(stopped, "drain", "relay", "mta3")
    stopped.path.write_text(stopped.path.read_text().replace('server "mta3"', 'server "mta4"'))
    rows = upstream(stopped, "list").stdout.splitlines()
    assert [row.split("\t")[1:3] for row in rows] == [
        ["mta1", "unknown"], ["mta2", "unknown"], ["mta4", "unknown"], ["mta3", "unknown drained"]]
    assert done(stopped, "resume", "relay", "mta3") == "mta3 of relay gets new sessions again\n"
    ran = upstream(stopped, "resume", "relay", "mta3")
    assert ran.returncode == EXIT_USAGE and '"mta3" (known: mta1, mta2, mta4)' in ran.stderr


@pytest.mark.parametrize("words, status, said", [
    (("drain", "relay", "mta9"), EXIT_USAGE, 'there is no server "mta9" (known: mta1, mta2, mta3)'),
    (("drain", "relay", ""), EXIT_USAGE, 'there is no server "" (known: mta1, mta2, mta3)'),
    (("drain", "relay", "x\x1b[2J"), EXIT_USAGE, r'there is no server "x\x1b[2J" (known: '),
    (("drain", "mx", "mta1"), EXIT_USAGE, 'there is no upstream "mx" (known: relay)'),
    (("resume", "mx", "mta1"), EXIT_USAGE, 'there is no upstream "mx" (known: relay)'),
    (("resume", "relay", "mta9"), EXIT_USAGE, 'there is no server "mta9" (known: mta1, mta2, mta3)'),
    (("resume", "relay", "m" * 256), EXIT_USAGE, "a name has more than 255 bytes"),
    (("resume", "relay", "mta1"), EXIT_PROBLEM, "mta1 of relay is not drained"),
    (("drain", "relay"), EXIT_USAGE, "UPSTREAM SERVER"),
    (("drain", "relay", "mta1", "--for", "soon"), EXIT_USAGE, "--for: "),
    (("drain", "relay", "mta1", "--for", "0"), EXIT_USAGE, "--for: a drain of no length is none"),
    (("drain", "relay", "mta1", "--for", "40000d"), EXIT_USAGE, "--for: longer than a hundred years"),
    (("drain", "relay", "mta1", "--reason", "a\nb"), EXIT_USAGE, "--reason: it must be UTF-8 without control"),
    (("drain", "relay", "mta1", "--reason", "r" * 80), EXIT_USAGE, "--reason: it has 80 bytes (at most 79)")])
def test_what_cannot_be_done_is_said(broken_words, words, status, said):
    ran = upstream(broken_words, *words)
    assert (ran.returncode, ran.stdout) == (status, "") and said in ran.stderr, ran.stderr
    assert not listed(broken_words, "mta1")["drained"]


@pytest.fixture(scope="module")
def broken_words(request, tmp_path_factory):
    return Mailreeve(tmp_path_factory.mktemp("words"), configuration('state { path = "state"  size = "4M" }'), users())


def test_hosts_of_an_srv_record_are_known_to_the_service_only(scratch):
    servers = 'server "by-srv" { srv = "_submission._tcp.acme.example" }'
    service = Mailreeve(scratch / "service", configuration("", servers), users())
    ran = upstream(service, "drain", "relay", "mta1.acme.example")
    assert ran.returncode == EXIT_TEMPORARY
    assert "only the running service knows the hosts of an SRV record" in ran.stderr
    ran = upstream(service, "drain", "relay", "by-srv")
    assert (ran.returncode, ran.stdout) == (EXIT_OK, "by-srv of relay gets no new sessions until it is resumed\n")
    assert listed(service, "by-srv")["drained"]


@pytest.mark.skipif(not dns_is_usable(), reason="dnsmasq is not installed")
def test_hosts_of_an_srv_record_are_drained_by_themselves_or_all_at_once(scratch):
    hosts = {"MTA1.relay.test": ["127.0.0.1"], "mta2.relay.test": ["127.0.0.1"]}
    records = [("_submission._tcp.relay.test", f"mta{i}.relay.test", 10024 + i, 10, 1) for i in (1, 2)]
    servers = 'server "by-srv" { srv = "_submission._tcp.relay.test" }'
    with Dns(scratch / "dns", hosts, records) as dns:
        text = configuration(f'dns_servers = {{"{dns.address}"}}\n', servers)
        with Mailreeve(scratch / "service", text, users()) as service:
            wait_until(lambda: len(sessions(service)) == 2, 20, "both hosts to be known")
            ran = upstream(service, "drain", "relay", "mta3.relay.test")
            assert ran.returncode == EXIT_USAGE
            assert "(known: by-srv, mta1.relay.test, mta2.relay.test)" in ran.stderr
            done(service, "drain", "relay", "Mta1.Relay.Test")
            wait_for(service, {"mta1.relay.test"})
            assert sessions(service, 4) == {"mta2": 4}
            assert [row.split("\t")[1:3] for row in done(service, "list").splitlines()] == [
                ["mta1.relay.test", "up drained"], ["mta2.relay.test", "up"]]
            assert upstream(service, "drain", "relay", "by-srv").returncode == EXIT_OK
            wait_for(service, {"mta1.relay.test", "mta2.relay.test"})
            assert session(service) == NO_ROUTE
            rows = json.loads(done(service, "list", "--json"))
            assert [(row["server"], row["state"], row["drained"]) for row in rows] == [
                ("mta1.relay.test", "up", True), ("mta2.relay.test", "up", True), ("by-srv", "unknown", True)]
            done(service, "resume", "relay", "by-srv")
            wait_for(service, {"mta1.relay.test"})
            done(service, "resume", "relay", "mta1.relay.test")
            wait_for(service, set())


def test_a_configuration_that_does_not_load_is_said(stopped):
    stopped.path.write_text("nonsense\n")
    for words in (("list",), ("drain", "relay", "mta1"), ("resume", "relay", "mta1")):
        ran = upstream(stopped, *words)
        assert (ran.returncode, ran.stdout) == (EXIT_CONFIG, "") and "mailreeve.conf:1" in ran.stderr
