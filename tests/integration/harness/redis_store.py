"""What the tests of the store in a Redis share: a service with bans and relay windows, what clients do at it, and what
is seen of the store. A test file imports the fixtures that it uses by name."""

import json
import time

import pytest

from . import fastcgi
from .mailreeve import Mailreeve
from .process import wait_until
from .redis import Redis
from .setups import PASSWORD, USER, users_file

CONFIGURATION = """
failure_delay = 1s
{state}
screen {{ failures = 3  within = 1h  ban = {{{bans}}} }}
listener "submission" {{ require_auth = true  relay_window = 15min  upstream = "mta"  upstream_inbound = "mta" }}
listener "pop3" {{ upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:10025" }} }}
"""

# What a session may take longer for a store that does not answer: its `timeout`, for each of the two questions.
TIMEOUT_S = 1
LONGEST_S = 2 * TIMEOUT_S + 3

addresses = (f"198.51.100.{last}" for last in range(1, 255))


@pytest.fixture
def client():
    """An address that no other test comes from."""
    return next(addresses)


@pytest.fixture
def redis(scratch):
    with Redis(scratch / "redis") as server:
        yield server


@pytest.fixture
def make_service(scratch):
    """make_service(url, settings of the section) -> the service, started. bans: how long the first one is, and so on."""
    services = []

    def make(url, settings="", files=None, bans='"1h"'):
        where = f'url = "{url}"' if url else ""
        timeout = "" if "timeout" in settings else f"timeout = {TIMEOUT_S}s"
        state = f'state {{ engine = "redis"  {where}  {settings}  {timeout} }}'
        service = Mailreeve(scratch / f"service{len(services)}", CONFIGURATION.format(state=state, bans=bans),
                            {"users": users_file(), **(files or {})})
        services.append(service)
        return service.start()

    yield make
    for service in services:
        service.stop()


def log_in(service, client, password=PASSWORD, listener="submission", protocol="smtp"):
    """As nginx does it: again where the answer is to wait."""
    login = fastcgi.login(USER, password, listener, protocol, client=client)
    while (answer := service.ask(login))["Auth-Status"] == "WAIT":
        pass
    return answer


def fail(service, client, times=3):
    """So many wrong passwords one after the other; the third bans."""
    return [log_in(service, client, f"wrong {i} {time.monotonic()}") for i in range(times)]


def open_window(service, client):
    assert log_in(service, client, listener="pop3", protocol="pop3").ok


def may_relay(service, client):
    """Whether somebody who does not log in may send to the world."""
    answer = service.ask(fastcgi.recipient(f"MAIL FROM:<{USER}>", "RCPT TO:<b@far.example>", "submission", tls=True,
                                           client=client))
    return answer.ok


def is_banned(service, client):
    answer = log_in(service, client)
    assert answer.ok or answer["Auth-Error-Code"].startswith("421"), answer
    return not answer.ok


def status(service):
    return json.loads(service.ask({"DOCUMENT_URI": "/status", "REQUEST_METHOD": "GET"}).body)


def store(service):
    return status(service)["store"]


def wait_for_store(service, up=True):
    """Waits until the store is up (or down); returns what the status says of it."""
    wait_until(lambda: store(service)["up"] == up, 20, f"the store to be {'up' if up else 'down'}")
    found = status(service)
    assert found["status"] == ("ok" if up else "degraded")
    return found["store"]


def assert_sessions_go_on(service, client):
    """With the store down: right passwords are right, wrong ones wrong, windows closed, and all of it in time."""
    for password, expected in ((PASSWORD, True), ("wrong", False), (PASSWORD, True)):
        began = time.monotonic()
        assert log_in(service, client, password).ok is expected
        assert time.monotonic() - began < LONGEST_S + (0 if expected else 1)
    began = time.monotonic()
    assert not may_relay(service, client)
    assert time.monotonic() - began < LONGEST_S


def connections(redis):
    """The ids of those that have run scripts."""
    return {line.split()[0] for line in redis.ask("CLIENT", "LIST").decode().splitlines() if "cmd=evalsha" in line}
