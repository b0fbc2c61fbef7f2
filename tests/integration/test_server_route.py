"""Where sessions are sent: weights, backups, servers that are down, as the running service answers."""

import contextlib
import socketserver
import threading
from collections import Counter

import pytest

from harness import fastcgi
from harness.mailreeve import Mailreeve
from harness.process import free_port, wait_until
from harness.setups import PASSWORD, USER, configuration, users_file

# A round of the weights below, often enough to tell a rule from luck.
ROUND = 4
ROUNDS = 25


class _Greeter(socketserver.StreamRequestHandler):
    """As much SMTP as the check wants to hear."""

    def handle(self):
        # a check may leave without a word
        with contextlib.suppress(ConnectionError):
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 here\r\n")


class _Listening(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class Greeter:
    """A mail server that can be down: start() and stop(), always on the same port."""

    def __init__(self):
        self.port = free_port()
        self._server = None

    def start(self):
        self._server = _Listening(("127.0.0.1", self.port), _Greeter)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@pytest.fixture
def servers():
    """Three that are up."""
    made = [Greeter() for _ in range(3)]
    for server in made:
        server.start()
    yield made
    for server in made:
        server.stop()


def configuration_with(upstream):
    text = configuration()
    before, _, rest = text.partition('upstream "mta"')
    return before + f'upstream "mta" {{ {upstream} }}\n' + rest[rest.index("\n") + 1:]


def server(name, port, more="", host="127.0.0.1"):
    return f'server "{name}" {{ address = "{host}:{port}"  {more} }}'


@pytest.fixture
def start(scratch):
    """start(upstream's settings) -> the running service."""
    running = []

    def do(upstream):
        running.append(Mailreeve(scratch / "service", configuration_with(upstream), {"users": users_file()}).start())
        return running[-1]
    yield do
    for service in running:
        service.stop()


def login(service):
    return service.ask(fastcgi.login(USER, PASSWORD))


def ports(service, count=ROUND * ROUNDS):
    """How many of that many logins were sent to which port."""
    found = Counter()
    for _ in range(count):
        answer = login(service)
        assert answer.ok and answer["Auth-Server"] == "127.0.0.1"
        found[int(answer["Auth-Port"])] += 1
    return found


def test_weights_are_kept_exactly(start):
    service = start('check = "none"\n' + server("one", 10001, "weight = 3") + server("two", 10002)
                    + server("spare", 10003, "backup = true"))
    assert ports(service) == {10001: 3 * ROUNDS, 10002: ROUNDS}
    assert {line["server"] for line in service.decisions()} == {"one", "two"}


def test_first_is_the_first_as_long_as_it_is_up(start):
    service = start('balance = "first"  check = "none"\n' + server("one", 10001) + server("two", 10002))
    assert ports(service) == {10001: ROUND * ROUNDS}


@pytest.mark.parametrize("check", ["tcp", "smtp"])
def test_who_is_down_gets_nobody_and_the_backup_helps_out(start, servers, check):
    one, two, spare = servers
    service = start(f'check = "{check}"  interval = 1s  timeout = 1s  fall = 1  rise = 1\n' + server("one", one.port)
                    + server("two", two.port) + server("spare", spare.port, "backup = true"))

    def sent_to(*wanted):
        return wait_until(lambda: set(ports(service, 6)) == {server.port for server in wanted}, 20,
                          f"logins to go to {[server.port for server in wanted]}")

    assert sent_to(one, two)
    one.stop()
    assert sent_to(two)
    two.stop()
    assert sent_to(spare)
    spare.stop()
    wait_until(lambda: not login(service).ok, 20, "nobody to be up")
    answer = login(service)
    assert (answer["Auth-Error-Code"], answer["Auth-Server"]) == ("451 4.4.1", None)
    assert service.decisions()[-1]["reason"] == "route.none"
    imap = service.ask(fastcgi.login(USER, PASSWORD, listener="imap", protocol="imap"))
    assert imap["Auth-Status"].startswith("[UNAVAILABLE] ")
    pop3 = service.ask(fastcgi.login(USER, PASSWORD, listener="imap", protocol="pop3"))
    assert pop3["Auth-Status"].startswith("[SYS/TEMP] ")

    two.start()
    wait_until(lambda: login(service).ok, 20, "somebody to be up")
    assert sent_to(two)
    one.start()
    assert sent_to(one, two)
    assert {event["server"] for event in service.events("upstream.down")} == {"one", "two", "spare"}
    assert {event["server"] for event in service.events("upstream.up")} == {"one", "two"}


def test_a_name_becomes_an_address(start):
    """nginx takes nothing else in Auth-Server."""
    service = start('check = "none"\n' + server("one", 10001, host="localhost"))
    wait_until(lambda: login(service).ok, 20, "localhost to be resolved")
    assert login(service)["Auth-Server"] in ("127.0.0.1", "::1")


def test_a_name_without_an_address_is_temporary(start):
    service = start('check = "none"\n' + server("one", 10001, host="nowhere.invalid"))
    answer = login(service)
    assert (answer["Auth-Error-Code"], answer["Auth-Server"]) == ("451 4.4.1", None)
