"""Who gets which server: the least recent one, or by user and client, as running services answer."""

from collections import Counter

import pytest

from harness import fastcgi
from harness.mailreeve import Mailreeve
from harness.setups import users_alike

PASSWORD = "secret"
USERS = [f"user{number}@acme.example" for number in range(60)]
CLIENTS = [f"198.51.100.{number}" for number in range(1, 61)]
SERVERS = ("one", "two", "three", "four")

CONFIGURATION = """
failure_delay = 1s
listener "submission" {{ auth = "on"  upstream = "mta" }}
listener "mx" {{ auth = "off"  upstream_inbound = "mx" }}
organization "acme" {{ domains = {{"acme.example"}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "mta" {{
    balance = "{balance}"  check = "none"
{servers}
}}
upstream "mx" {{
    balance = "{balance}"  check = "none"
{inbound}
}}
"""


def configuration(balance, servers=SERVERS):
    """Each server's port tells which one it is."""
    def lines(port):
        return "\n".join(f'    server "{name}" {{ address = "127.0.0.1:{port + SERVERS.index(name)}"'
                         f'  weight = {1 + SERVERS.index(name)} }}' for name in servers)
    return CONFIGURATION.format(balance=balance, servers=lines(10001), inbound=lines(20001))


@pytest.fixture(scope="module")
def users():
    return {"users": users_alike(USERS, PASSWORD)}


@pytest.fixture
def start(scratch, users):
    """start(configuration) -> a running service of its own."""
    running = []

    def do(text):
        running.append(Mailreeve(scratch / f"node{len(running)}", text, users).start())
        return running[-1]
    yield do
    for service in running:
        service.stop()


def sent_to(answer):
    assert answer.ok, answer
    return SERVERS[int(answer["Auth-Port"]) % 10000 - 1]


def login(service, user=USERS[0], client=CLIENTS[0]):
    return sent_to(service.ask(fastcgi.login(user, PASSWORD, client=client)))


def servers_of_users(service):
    return {user: login(service, user) for user in USERS}


def servers_of_clients(service):
    return {client: sent_to(service.ask(fastcgi.recipient("MAIL FROM:<a@far.example>", f"RCPT TO:<{USERS[0]}>",
                                                          client=client))) for client in CLIENTS}


def test_the_least_recently_chosen_is_next_whatever_its_weight(start):
    service = start(configuration("least-recent"))
    assert [login(service) for _ in range(3 * len(SERVERS))] == 3 * list(SERVERS)


def test_all_nodes_send_a_user_to_the_same_server(start):
    """However his name is written, from wherever he comes, in whatever order the file names the servers."""
    one, other = start(configuration("hash")), start(configuration("hash", SERVERS[::-1]))
    chosen = servers_of_users(one)
    assert set(chosen.values()) == set(SERVERS)
    assert servers_of_users(other) == chosen
    for user in USERS[:10]:
        assert login(other, user.upper(), CLIENTS[1]) == chosen[user]


def test_strangers_stay_together_by_their_address(start):
    service = start(configuration("hash"))
    chosen = servers_of_clients(service)
    assert set(chosen.values()) == set(SERVERS)
    assert servers_of_clients(service) == chosen


def test_a_server_that_goes_moves_its_own_users_only(start):
    service = start(configuration("hash"))
    before = servers_of_users(service)
    service.configure(configuration("hash", [name for name in SERVERS if name != "three"]))
    assert service.reload().body == b""
    without = servers_of_users(service)
    assert {user for user in USERS if without[user] != before[user]} == {
        user for user in USERS if before[user] == "three"}
    assert Counter(without.values()).keys() == {"one", "two", "four"}
    service.configure(configuration("hash"))
    assert service.reload().body == b""
    assert servers_of_users(service) == before
