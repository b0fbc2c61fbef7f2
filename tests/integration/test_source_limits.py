"""connect_timeout, timeout and connections of each kind of source that is asked over the network, against a server
that lets nobody in and one that lets everybody in and says nothing."""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import fastcgi
from harness.mailreeve import Mailreeve

KINDS = ("ldap", "imap", "pop3", "smtp")

HEAD = """
failure_delay = 0
listener "submission" { auth = "on"  upstream = "mta" }
upstream "mta" { check = "none"  server "one" { address = "127.0.0.1:25" } }
"""

TENANT = """
organization "{kind}" {{ domains = {{"{kind}.example"}}  sources = {{"{kind}"}} }}
source "{kind}" {{ type = "{kind}"  {server}  {limits}  cache = 0  negative_cache = 0 }}
"""


def configuration(ports, limits):
    server = {kind: f'server = {{"127.0.0.1:{port}"}}  tls = "none"' for kind, port in ports.items()}
    server["ldap"] = f'uri = {{"ldap://127.0.0.1:{ports["ldap"]}"}}  base = "dc=example"'
    return HEAD + "".join(TENANT.format(kind=kind, server=server[kind], limits=limits) for kind in KINDS)


def ask(service, kind, name="anna"):
    """What was answered, and after how many seconds."""
    began = time.monotonic()
    answer = service.ask(fastcgi.login(f"{name}@{kind}.example", "word"))
    return answer["Auth-Error-Code"], time.monotonic() - began


@contextlib.contextmanager
def full_port():
    """A port that answers no more connections: nobody accepts those that wait."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


class Silent:
    """Takes every connection and says nothing; `most` were open at a time."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listening.getsockname()[1]
        self.held, self.most = [], 0
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                connection.setblocking(False)
                self.held = [other for other in self.held if self.is_open(other)] + [connection]
                self.most = max(self.most, len(self.held))

    @staticmethod
    def is_open(connection):
        """What the other side closed before it connected anew is seen to be closed by then."""
        try:
            while connection.recv(4096):
                pass
        except BlockingIOError:
            return True
        except OSError:
            pass
        connection.close()
        return False

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listening.close()
        for connection in self.held:
            connection.close()


def test_connecting_takes_no_longer_than_its_own_limit(scratch):
    with full_port() as port:
        text = configuration(dict.fromkeys(KINDS, port), "connect_timeout = 300ms  timeout = 20s")
        with Mailreeve(scratch / "service", text) as service, ThreadPoolExecutor(len(KINDS)) as pool:
            for kind, (code, took_s) in zip(KINDS, pool.map(lambda kind: ask(service, kind), KINDS)):
                assert code == "454 4.7.0" and 0.25 < took_s < 8, (kind, code, took_s)


@pytest.fixture
def silent():
    servers = {kind: Silent() for kind in KINDS}
    yield servers
    for server in servers.values():
        server.close()


def test_a_silent_server_has_its_time_and_no_more_connections_than_allowed(scratch, silent):
    # an ldap source has as many to search as to bind
    text = configuration({kind: server.port for kind, server in silent.items()},
                         "connect_timeout = 20s  timeout = 1s  connections = 2")
    with Mailreeve(scratch / "service", text) as service, ThreadPoolExecutor(32) as pool:
        asked = [(kind, f"user{number}") for number in range(8) for kind in KINDS]
        answers = list(pool.map(lambda which: ask(service, *which), asked))
    for (kind, name), (code, took_s) in zip(asked, answers):
        assert code == "454 4.7.0" and took_s < 12, (kind, name, code, took_s)
    assert {kind: server.most for kind, server in silent.items()} == {"ldap": 1, "imap": 2, "pop3": 2, "smtp": 2}
