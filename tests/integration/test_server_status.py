"""GET /status and /metrics, and `mailreeve status`: how the service is and what it has counted."""

import json
import re

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, mailreeve
from harness.mailreeve import Mailreeve
from harness.process import free_port, wait_until
from harness.setups import PASSWORD, USER, configuration, users_file
from harness.sink import Sink

CLIENT, BANNED = "192.0.2.1", "192.0.2.2"

SECTIONS = """
alert "true" {{ events = {{"ban"}}  threshold = 1  command = "/bin/true" }}
screen {{ failures = 2 }}
source "directory" {{ type = "ldap"  uri = {{"ldap://127.0.0.1:{closed}"}}  base = "dc=x" }}
organization "dir" {{ domains = {{"dir.example"}}  sources = {{"directory"}} }}
upstream "checked" {{ check = "smtp"  interval = 200ms  fall = 1  rise = 1
    server "sink" {{ address = "127.0.0.1:{sink}" }}
    server "gone" {{ address = "127.0.0.1:{closed}" }} }}
upstream "down" {{ check = "tcp"  interval = 200ms  fall = 1  server "gone" {{ address = "127.0.0.1:{closed}" }} }}
"""


@pytest.fixture
def service(scratch):
    with Mailreeve(scratch / "service", configuration(), {"users": users_file()}) as one:
        yield one


def get(service, path, query=""):
    return service.ask({"DOCUMENT_URI": path, "REQUEST_METHOD": "GET", "QUERY_STRING": query})


def status(service):
    return json.loads(get(service, "/status").body)


def metrics(service):
    """{name{labels}: number}; every line is of the format that Prometheus reads, and each family has its type."""
    answer = get(service, "/metrics")
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples, types = {}, {}
    for line in answer.body.decode().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types and kind in ("counter", "gauge", "histogram")
            types[name] = kind
        elif not line.startswith("# HELP "):
            match = re.fullmatch(r'(\w+)(\{(?:\w+="(?:[^"\\]|\\.)*",?)+\})? ([0-9.e+-]+)', line)
            assert match, line
            name = re.sub("_(bucket|sum|count)$", "", match[1])
            assert (types.get(name) or types[match[1]]) and match[1] + (match[2] or "") not in samples
            assert types.get(match[1]) != "counter" or match[1].endswith("_total")
            samples[match[1] + (match[2] or "")] = float(match[3])
    return samples


def log_in(service, password=PASSWORD, client=CLIENT, **more):
    return service.ask(fastcgi.login(USER, password, client=client, **more))


def named(upstreams):
    """Their names, with those of their servers and whether these are up."""
    return [(one["name"], [(server["name"], server["up"]) for server in one["servers"]]) for one in upstreams]


def test_a_service_that_is_well_says_so(service):
    answer = get(service, "/status")
    assert answer["Status"] in (None, "200 OK") and answer["Content-Type"] == "application/json"
    now = json.loads(answer.body)
    assert (now["status"], now["degraded"], now["sessions"], now["decisions"]) == ("ok", [], 0, {})
    assert (now["store"]["engine"], now["store"]["up"], now["store"]["error"]) == ("lmdb", True, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now["started"])
    assert named(now["upstreams"][:1]) == [("mta", [("mta1", True)])]
    assert {"name": "users", "servers": 0, "servers_down": 0} in now["sources"]
    done = mailreeve("status", "-c", service.path)
    assert done.returncode == EXIT_OK and done.stdout.startswith("status ok\nstore lmdb: up"), done.stdout
    done = mailreeve("status", "--json", "-c", service.path)
    assert done.returncode == EXIT_OK and json.loads(done.stdout)["status"] == "ok"


def test_decisions_are_counted_by_protocol_and_reason(service):
    log_in(service)
    log_in(service, "wrong")
    log_in(service, "wrong", listener="imap", protocol="imap")
    service.ask(fastcgi.recipient("MAIL FROM:<a@far.example>", f"RCPT TO:<{USER}>"))
    assert status(service)["decisions"] == {"auth.ok": 1, "auth.bad-credentials": 2, "recipient.ok": 1}
    counted = metrics(service)
    for protocol, verdict, reason in (("smtp", "accept", "auth.ok"), ("smtp", "refuse", "auth.bad-credentials"),
                                      ("imap", "refuse", "auth.bad-credentials"),
                                      ("smtp", "accept", "recipient.ok")):
        name = f'mailreeve_decisions_total{{protocol="{protocol}",verdict="{verdict}",reason="{reason}"}}'
        assert counted[name] == 1, name
    assert counted["mailreeve_decision_seconds_count"] == 4
    assert counted['mailreeve_decision_seconds_bucket{le="+Inf"}'] == 4
    assert counted["mailreeve_decision_seconds_sum"] > 0
    assert counted['mailreeve_source_logins_total{source="users",outcome="wrong password"}'] == 2
    assert counted['mailreeve_store_up{engine="lmdb"}'] == 1
    assert counted["mailreeve_sessions"] == 0
    assert counted["mailreeve_store_batches_total"] >= 4


@pytest.fixture
def shaky(scratch):
    """One whose directory and some of whose servers are down."""
    with Sink() as sink:
        text = configuration() + SECTIONS.format(sink=sink.port, closed=free_port())
        with Mailreeve(scratch / "shaky", text, {"users": users_file()}) as one:
            yield one


def test_bans_and_what_they_cost_are_counted(shaky):
    for i in range(3):
        log_in(shaky, f"wrong {i}", BANNED)
    assert status(shaky)["bans"] == 1
    counted = metrics(shaky)
    assert counted["mailreeve_bans_total"] == 1
    assert (counted['mailreeve_alarms_total{event="ban"}'], counted['mailreeve_alarms_total{event="hijack"}']) == (1, 0)
    wait_until(lambda: status(shaky)["alerts"] == {"sent": 1, "failed": 0}, 20, "the alert to be sent")
    assert metrics(shaky)["mailreeve_alerts_sent_total"] == 1
    assert counted['mailreeve_decisions_total{protocol="smtp",verdict="defer",reason="auth.banned"}'] == 1
    wait_until(lambda: status(shaky)["store"]["bans"] == 1, 20, "the store to count its bans")
    assert metrics(shaky)['mailreeve_store_entries{space="bans"}'] == 1


def test_what_is_down_is_named(shaky):
    shaky.ask(fastcgi.login("anna@dir.example", "word"))
    wait_until(lambda: {"upstream": "down"} in status(shaky)["degraded"], 20, "the upstream to be found down")
    wait_until(lambda: {"source": "directory"} in status(shaky)["degraded"], 20, "the directory to be found down")

    def checked():
        """What the status says, and within it one upstream, once both of its servers have been checked."""
        now = status(shaky)
        [upstream] = [upstream for upstream in now["upstreams"] if upstream["name"] == "checked"]
        return named([upstream]) == [("checked", [("sink", True), ("gone", False)])] and (now, upstream)

    now, upstream = wait_until(checked, 20, "one server to be found up and one down")
    assert now["status"] == "degraded"
    assert upstream["servers"][1]["error"] and not upstream["servers"][0]["error"]
    assert {"upstream": "checked"} not in now["degraded"]
    counted = metrics(shaky)
    assert counted['mailreeve_upstream_server_up{upstream="checked",server="sink"}'] == 1
    assert counted['mailreeve_upstream_server_up{upstream="checked",server="gone"}'] == 0
    assert counted['mailreeve_source_servers_down{source="directory"}'] == 1
    done = mailreeve("status", "-c", shaky.path)
    assert done.returncode == EXIT_PROBLEM
    assert done.stdout.startswith("status degraded: source directory, upstream down\n"), done.stdout
    assert "upstream checked: sink up, gone down\n" in done.stdout


def test_a_store_that_is_down_is_told(scratch):
    text = configuration() + f'state {{ path = "{scratch}/gone/state"  size = "1M" }}'
    with Mailreeve(scratch / "service", text, {"users": users_file()}) as service:
        log_in(service)
        done = mailreeve("status", "-c", service.path)
        assert done.returncode == EXIT_PROBLEM
        assert done.stdout.startswith("status degraded: store lmdb\nstore lmdb: down since 2"), done.stdout
        assert metrics(service)['mailreeve_store_up{engine="lmdb"}'] == 0
        assert metrics(service)["mailreeve_store_failures_total"] >= 1


@pytest.mark.parametrize("path", ["/status", "/metrics"])
def test_neither_is_a_login_nor_takes_another_method(service, path):
    assert get(service, path)["Auth-Status"] == "not a login"
    answer = service.ask({"DOCUMENT_URI": path, "REQUEST_METHOD": "POST"})
    assert answer["Status"].startswith("405")


def test_who_is_not_there_has_no_status(scratch):
    done = mailreeve("status", "--socket", scratch / "none.sock")
    assert done.returncode == EXIT_TEMPORARY and done.stdout == ""
