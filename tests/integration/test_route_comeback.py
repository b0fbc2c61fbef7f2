"""What servers of upstreams get when they come back, of a name with several addresses, and of sessions without a login:
as the running service answers."""

import contextlib
import json
import socket
from collections import Counter

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, mailreeve
from harness.dns import Dns, dns_is_usable
from harness.mailreeve import Mailreeve
from harness.process import free_port, wait_until
from harness.setups import users_alike

PASSWORD = "secret"
USERS = [f"user{number}@acme.example" for number in range(200)]

CONFIGURATION = """
listener "submission" {{ auth = "on"  upstream = "mta" }}
listener "mx" {{ auth = "off"  upstream_inbound = "mx" }}
organization "acme" {{ domains = {{"acme.example"}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "mta" {{ {mta} }}
upstream "mx" {{ {mx} }}
{more}
"""
ONE, TWO = 'server "one" { address = "127.0.0.1:10001" }', 'server "two" { address = "127.0.0.1:10002" }'


@pytest.fixture(scope="module")
def users():
    return {"users": users_alike(USERS, PASSWORD)}


@pytest.fixture
def start(scratch, users):
    """start(settings of the upstreams mta and mx) -> a running service."""
    with contextlib.ExitStack() as stack:
        def do(mta, mx=ONE, more=""):
            text = CONFIGURATION.format(mta=mta, mx=mx, more=more)
            return stack.enter_context(Mailreeve(scratch / "service", text, users, env={"LOCALDOMAIN": "."}))
        yield do


def listening(number, host="127.0.0.1"):
    """As much of a server as check = "tcp" wants; nobody takes what waits in its queue."""
    return socket.create_server((host, number), backlog=4096)


def port(service, user=USERS[0]):
    answer = service.ask(fastcgi.login(user, PASSWORD))
    return int(answer["Auth-Port"]) if answer.ok else None


def share(service, wanted, count=100):
    """How many percent of so many logins go to that port."""
    return Counter(port(service) for _ in range(count))[wanted] * 100 / count


def server(service, name, of="mta"):
    answer = service.ask({"DOCUMENT_URI": "/api/v1/upstreams", "REQUEST_METHOD": "GET"})
    return next(each for one in json.loads(answer.body) if one["name"] == of for each in one["servers"]
                if each["name"] == name)


def upstream(service, *words):
    done = mailreeve("upstream", words[0], "-c", service.path, *words[1:])
    assert done.returncode == EXIT_OK, done.stderr


def drain_and_resume(service, name):
    upstream(service, "drain", "mta", name)
    wait_until(lambda: server(service, name)["drained"], 10, "the drain to be heeded")
    upstream(service, "resume", "mta", name)
    wait_until(lambda: not server(service, name)["drained"], 10, "the server to be given back")


# Slow start lasts for an hour here, so that a busy machine changes nothing: a tenth at its beginning.

def test_without_slow_start_it_gets_all_of_it_at_once(start):
    service = start(f'check = "none"  {ONE} {TWO}')
    drain_and_resume(service, "one")
    assert share(service, 10001) == 50


def test_a_server_that_has_recovered_gets_a_tenth_of_its_share_at_first(start):
    one, two = free_port(), free_port()
    with listening(two):
        service = start('check = "tcp"  interval = 100ms  fall = 1  rise = 1  timeout = 90ms  slow_start = 1h'
                        f'  server "one" {{ address = "127.0.0.1:{one}" }} server "two" {{ address = "127.0.0.1:{two}" }}')
        wait_until(lambda: not server(service, "one")["up"], 10, "the server to be down")
        assert share(service, two, 20) == 100
        with listening(one):
            wait_until(lambda: server(service, "one")["up"], 10, "the server to be up")
            assert 5 <= share(service, one) <= 15


def test_with_hash_a_tenth_of_its_users_come_back_at_first_and_nobody_else_moves(start):
    service = start(f'balance = "hash"  check = "none"  slow_start = 1h  {ONE} {TWO}')
    before = {user: port(service, user) for user in USERS}
    own = [user for user in USERS if before[user] == 10001]
    drain_and_resume(service, "one")
    after = {user: port(service, user) for user in USERS}
    back = [user for user in own if after[user] == 10001]
    assert len(own) >= 70 and 1 <= len(back) <= len(own) * 0.25
    assert all(after[user] == 10002 for user in USERS if user not in back)


def test_a_reload_does_not_make_it_warm(start):
    service = start(f'check = "none"  slow_start = 1h  {ONE} {TWO}')
    drain_and_resume(service, "one")
    service.reload()
    assert 5 <= share(service, 10001) <= 15


@pytest.mark.skipif(not dns_is_usable(), reason="dnsmasq is not installed")
def test_the_addresses_of_a_name_share_its_sessions_and_the_dead_one_gets_none(start, scratch):
    number, hosts = free_port(), {"mta.acme.test": ["127.0.0.2", "127.0.0.3"]}
    with Dns(scratch / "dns", hosts, ttl_s=60) as dns, listening(number, "127.0.0.3"):
        service = start('check = "tcp"  interval = 100ms  fall = 1  rise = 1  timeout = 90ms'
                        f'  server "name" {{ address = "mta.acme.test:{number}" }}',
                        more=f'dns_servers = {{"{dns.address}"}}')

        def went_to(count=10):
            answers = [service.ask(fastcgi.login(USERS[0], PASSWORD)) for _ in range(count)]
            return Counter(answer["Auth-Server"] for answer in answers)

        def addresses():
            one = server(service, "name")
            return one["addresses"], one["addresses_up"]

        wait_until(lambda: addresses() == (2, 1), 10, "one of them to be down")
        assert server(service, "name")["up"] and went_to() == {"127.0.0.3": 10}
        with listening(number, "127.0.0.2"):
            wait_until(lambda: addresses() == (2, 2), 10, "both to be up")
            assert went_to() == {"127.0.0.2": 5, "127.0.0.3": 5}


def test_strangers_hear_that_no_server_is_there_for_now(start):
    """The upstream of strangers is down: they come again, and are never given the one of users, which is up."""
    service = start(f'check = "none"  {ONE}',
                    f'check = "tcp"  interval = 100ms  fall = 1  timeout = 90ms  '
                    f'server "gone" {{ address = "127.0.0.1:{free_port()}" }}')

    def recipient():
        return service.ask(fastcgi.recipient("MAIL FROM:<a@far.example>", f"RCPT TO:<{USERS[0]}>"))

    wait_until(lambda: not server(service, "gone", "mx")["up"], 10, "the server to be down")
    answer = recipient()
    assert (answer["Auth-Error-Code"], answer["Auth-Server"]) == ("451 4.4.1", None)
    assert service.decisions()[-1]["reason"] == "route.none"
    assert port(service) == 10001
