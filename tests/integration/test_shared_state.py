"""What one service knows the others know: two mailreeve-auth on one LMDB file, and two hosts, each with nginx and
mailreeve-auth of its own, on one Redis. A ban or a window that one makes holds at the other from the next session."""

import poplib
import signal
import smtplib
import socket
import ssl

import pytest

from harness import fastcgi
from harness.command import mailreeve
from harness.door import FrontDoor
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import Mailreeve
from harness.network import Network, why_no_network
from harness.process import wait_until
from harness.redis import Redis, redis_is_usable
from harness.setups import cheap_hash
from harness.sink import Sink
from harness.smtp_talk import plain

LEO, NINA = "leo@local.example", "nina@local.example"
PASSWORD = "leo-secret-2"
STRANGER = "customer@far.example"

CONFIGURATION = """
failure_delay = 1s
listener "submission" {{ auth = "on"  require_auth = true  relay_window = 15min  upstream = "relay"
                         upstream_inbound = "relay" }}
listener "pop3" {{ auth = "on"  upstream = "pop3" }}
organization "local" {{ domains = {{"local.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "relay" {{ check = "none"  server "mta" {{ address = "127.0.0.1:{relay}" }} }}
upstream "pop3" {{ check = "none"  server "dovecot" {{ address = "127.0.0.1:{pop3}" }} }}
screen {{ failures = 3  ban = {{"1h"}} }}
state {{ {state} }}
"""

BANNED, NEEDS_LOGIN = "421 4.7.0", "530 5.7.0"


@pytest.fixture(scope="module")
def users():
    return "".join(f"{user}:{cheap_hash(PASSWORD)}\n" for user in (LEO, NINA))


# --- two processes on one LMDB file ----------------------------------------------------------------------------

@pytest.fixture
def pair(scratch, users):
    """Two services, started one after the other."""
    text = CONFIGURATION.format(relay=9, pop3=9, state=f'path = "{scratch}/state"  size = "4M"  timeout = 5s')
    services = [Mailreeve(scratch / name, text, {"users": users}) for name in ("one", "two")]
    for service in services:
        service.start()
    yield services
    for service in services:
        service.stop()


def log_in(service, password=PASSWORD, protocol="smtp", user=LEO, client="192.0.2.1"):
    """The answer's status: "OK", or the code of the refusal."""
    listener = "pop3" if protocol == "pop3" else "submission"
    answer = service.ask(fastcgi.login(user, password, listener=listener, protocol=protocol, client=client))
    return "OK" if answer.ok else answer["Auth-Error-Code"]


def send(service, client="192.0.2.1"):
    """Who the client may send as without a login, or the code of the refusal."""
    answer = service.ask(fastcgi.recipient(f"MAIL FROM:<{LEO}>", f"RCPT TO:<{STRANGER}>", listener="submission",
                                           client=client, tls=True))
    return answer["Auth-User"] if answer.ok else answer["Auth-Error-Code"]


def test_a_ban_of_one_process_holds_at_the_other(pair):
    one, two = pair
    assert [log_in(one, f"wrong {i}") for i in range(3)] == ["535 5.7.8"] * 3
    assert (log_in(two), send(two)) == (BANNED, BANNED)
    assert log_in(two, client="192.0.2.2") == "OK"


def test_failures_at_both_processes_add_up(pair):
    one, two = pair
    for i, service in enumerate((one, two, one)):
        assert log_in(service, f"wrong {i}") == "535 5.7.8"
    assert (log_in(one), log_in(two)) == (BANNED, BANNED)


def test_the_same_wrong_password_is_known_at_both_processes(pair):
    one, two = pair
    for service in (one, two) * 3:
        assert log_in(service, "last year's") == "535 5.7.8"
    assert log_in(one) == "OK"


def test_a_window_of_one_process_is_open_at_the_other(pair):
    one, two = pair
    assert send(two) == NEEDS_LOGIN
    log_in(one, protocol="pop3")
    assert send(two) == LEO
    log_in(two, protocol="pop3", user=NINA)
    assert send(one) == NINA
    assert send(one, client="192.0.2.2") == NEEDS_LOGIN


def test_the_command_tells_both_processes(pair):
    one, two = pair
    log_in(one, protocol="pop3")
    done = mailreeve("ban", "add", "-c", one.path, "192.0.2.0/24", "--reason", "tests")
    assert done.returncode == 0, done.stderr
    assert (send(one), log_in(two)) == (BANNED, BANNED)
    done = mailreeve("ban", "del", "-c", two.path, "192.0.2.0/24")
    assert done.returncode == 0, done.stderr
    assert (send(one), send(two)) == (LEO, LEO)
    done = mailreeve("window", "close", "-c", two.path, "192.0.2.1")
    assert done.returncode == 0, done.stderr
    assert (send(one), send(two)) == (NEEDS_LOGIN, NEEDS_LOGIN)


def test_a_killed_process_takes_nothing_with_it(pair):
    one, two = pair
    log_in(one, protocol="pop3", client="192.0.2.9")
    for i in range(3):
        log_in(one, f"wrong {i}")
    one.process.send_signal(signal.SIGKILL)
    one.process.wait()
    assert (log_in(two), send(two, client="192.0.2.9")) == (BANNED, LEO)
    for i in range(3):
        log_in(two, f"wrong {i}", client="192.0.2.3")
    one.start()
    assert (log_in(one), log_in(one, client="192.0.2.3"), send(one, client="192.0.2.9")) == (BANNED, BANNED, LEO)


# --- two hosts on one Redis ------------------------------------------------------------------------------------

class FrontHost:
    """A host with a front door of its own; a mail program comes to its address."""

    def __init__(self, host, folder, front_certificate, users, redis):
        self.host = host
        with host.inside():
            self.relay = Sink()
        self.mailbox = Dovecot(folder / "dovecot", {LEO: PASSWORD, NINA: PASSWORD})
        host.take(self.mailbox.process)
        state = f'engine = "redis"  url = "{redis}"  timeout = 5s'
        text = CONFIGURATION.format(relay=self.relay.port, pop3=self.mailbox.ports["pop3"], state=state)
        self.door = FrontDoor(folder / "door", *front_certificate, text, {"users": users},
                              port_settings={"submission": f"listen {host.address}:587;",
                                             "pop3s": f"listen {host.address}:995 ssl;"})
        for process in (self.door.service, self.door.nginx.process):
            host.take(process)

    def __enter__(self):
        self.relay.__enter__()
        self.mailbox.start()
        self.door.start()
        return self

    def __exit__(self, *_):
        self.door.stop()
        self.mailbox.stop()
        self.relay.__exit__()


class Client:
    """A mail program on a host of its own, at one of its addresses."""

    def __init__(self, host, address, trust):
        self.host, self.address, self.trust = host, address, trust

    def _connect(self, front, port):
        with self.host.inside():
            return socket.create_connection((front.host.address, port), 40, source_address=(self.address, 0))

    def submission(self, front):
        connected = self._connect(front, 587)

        class Smtp(smtplib.SMTP):
            def _get_socket(self, *_):
                return connected
        smtp = Smtp("localhost", 587)
        smtp.starttls(context=self.trust)
        smtp.ehlo()
        return smtp

    def log_in(self, front, password=PASSWORD):
        """The answer's code."""
        with self.submission(front) as smtp:
            return smtp.docmd(plain(LEO, password).decode())[0]

    def read(self, front, user=LEO):
        """Reads mail by POP3."""
        connected = self._connect(front, 995)
        pop_socket = self.trust.wrap_socket(connected, server_hostname="localhost")

        class Pop(poplib.POP3):
            def _create_socket(self, timeout):
                return pop_socket
        pop = Pop("localhost", 995)
        try:
            pop.user(user)
            pop.pass_(PASSWORD)
            return pop.stat()
        finally:
            pop.close()

    def send(self, front):
        """Who the mail server was told that it is, or the code of nginx's answer to the first recipient."""
        with self.submission(front) as smtp:
            smtp.mail(LEO)
            code = smtp.rcpt(STRANGER)[0]
        words = front.relay.xclient()[-1].decode().split() if code == 250 else []
        return next((word.partition("=")[2] for word in words if word.startswith("LOGIN=")), code)


@pytest.fixture(scope="module")
def network():
    reason = why_no_network()
    if reason:
        pytest.skip(reason)
    if not redis_is_usable() or not dovecot_is_usable():
        pytest.skip("Redis or Dovecot is not installed")
    with Network(store=1, one=1, two=1, world=30) as made:
        yield made


@pytest.fixture(scope="module")
def redis(network, shared_scratch):
    """On a host of its own."""
    store = network["store"]
    server = Redis(shared_scratch / "redis", settings=("--bind", store.address, "--protected-mode", "no"))
    store.take(server.process)
    with server.process:
        yield server


@pytest.fixture(scope="module")
def fronts(network, redis, shared_scratch, front_certificate, users):
    """Two hosts."""
    url = f"redis://{network['store'].address}:{redis.port}"
    with FrontHost(network["one"], shared_scratch / "one", front_certificate, users, url) as one, \
            FrontHost(network["two"], shared_scratch / "two", front_certificate, users, url) as two:
        yield one, two


@pytest.fixture
def client(network, authority):
    """At an address that no other test comes from."""
    world = network["world"]
    return Client(world, world.aliases.pop(), ssl.create_default_context(cafile=authority.ca))


def test_a_ban_of_one_host_holds_at_the_other(fronts, client):
    one, two = fronts
    assert [client.log_in(one, f"wrong {i}") for i in range(3)] == [535] * 3
    assert (client.log_in(two), client.send(two), client.send(one)) == (421, 421, 421)


def test_failures_at_both_hosts_add_up(fronts, client):
    one, two = fronts
    assert [client.log_in(front, f"wrong {i}") for i, front in enumerate((one, two, one))] == [535] * 3
    assert (client.log_in(one), client.log_in(two)) == (421, 421)


def test_a_window_of_one_host_is_open_at_the_other(fronts, client, network):
    one, two = fronts
    neighbour = Client(network["world"], network["world"].address, client.trust)
    assert client.send(two) == 530
    client.read(one)
    assert client.send(two) == LEO
    client.read(two, user=NINA)
    assert client.send(one) == NINA
    assert (neighbour.send(one), neighbour.send(two)) == (530, 530)


def test_the_command_of_one_host_tells_the_other(fronts, client, network):
    """As root of that host runs it."""
    one, two = fronts

    def run(front, *words):
        with front.host.inside():
            done = mailreeve(*words[:2], "-c", front.door.configuration, *words[2:])
        assert done.returncode == 0, done.stderr
        return done.stdout
    run(one, "ban", "add", client.address, "--reason", "tests")
    assert (client.log_in(two), client.log_in(one)) == (421, 421)
    assert client.address in run(two, "ban", "list")
    run(two, "ban", "del", client.address)
    assert client.log_in(one) == 235


def test_a_host_that_starts_anew_has_forgotten_nothing(fronts, client):
    one, two = fronts
    for i in range(3):
        client.log_in(one, f"wrong {i}")
    assert two.door.service.stop() == 0
    two.door.service.start()
    wait_until(lambda: client.log_in(two) == 421, 20, "the ban at the host that has started anew")
