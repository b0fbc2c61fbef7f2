"""Everything that can go wrong between us and a server, at each step of a login and for each kind of source:
the verdict is "temporary" or right, what was disturbed works again by itself, and nothing is lost by it."""

import os
import ssl
import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from harness import chaos, fastcgi
from harness.certs import Authority
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import Mailreeve
from harness.postfix import Postfix, postfix_is_usable
from harness.process import wait_until
from harness.slapd import Slapd, person, slapd_is_usable

RIGHT, WRONG, TEMPORARY = "OK", "535 5.7.8", "454 4.7.0"
PASSWORD = "anna-secret-1"
BASE = "dc=acme,dc=example"

ROUNDS = 1000
# Sources of a kind: a server that has failed is left alone for a while, and meanwhile others are asked.
LANES = {"ldap-bind": 12, "ldap-fetch": 12, "smtp": 18, "imap": 14, "pop3": 14}
STEPS = 6   # of a conversation, each of which is disturbed
SEED = 20261122
POLL_S = 0.5

# A source's server is left alone for two seconds after a failure (SMTP: three). The longest that is borne is for a
# busy machine.
TWO_INTERVALS_S, NORMAL_AGAIN_S = 10, 90
# Dovecot takes half a second for each wrong password.
TIMEOUTS = {"ldap": "connect_timeout = 500ms  timeout = 700ms", "else": "connect_timeout = 500ms  timeout = 1500ms"}

HEAD = """
failure_delay = 0
session_timeout = 25s
listener "submission" { auth = "on"  upstream = "mta" }
upstream "mta" { check = "none"  server "mta1" { address = "127.0.0.1:10025" } }
"""

TENANT = """
organization "{name}" {{ domains = {{"{name}.example"}}  sources = {{"{name}"}} }}
source "{name}" {{ {settings}  ca_file = "{ca}"  {timeouts}  cache = 0  negative_cache = 0 }}
"""

LDAP = ('type = "ldap"  base = "{slapd.base}"  filter = "(uid=%n)"  bind_dn = "{slapd.service_dn}"  '
        'bind_password_file = "{slapd.service_password_file}"  connections = 2  ')

# kind: (settings with the proxy's port, whether TLS begins with the connection)
KINDS = {
    "ldap-bind": (LDAP + 'uri = {{"ldap://127.0.0.1:{port}"}}  starttls = true', False),
    "ldap-fetch": (LDAP + 'uri = {{"ldaps://127.0.0.1:{port}"}}  password = "fetch"', True),
    "smtp": ('type = "smtp"  server = {{"127.0.0.1:{port}"}}', False),
    "imap": ('type = "imap"  server = {{"127.0.0.1:{port}"}}', False),
    "pop3": ('type = "pop3"  server = {{"127.0.0.1:{port}"}}  tls = "implicit"', True),
}


class Lane:
    """One source, its tenant's user and the proxy before its server."""

    def __init__(self, kind, number, proxy):
        self.kind, self.name, self.proxy = kind, f"{kind}-{number}", proxy
        self.user = f"anna@{self.name}.example"

    def ask(self, service, password):
        began = time.monotonic()
        answer = service.ask(fastcgi.login(self.user, password))
        assert time.monotonic() - began < 20, f"{self.name} took {time.monotonic() - began:.1f} s"
        return RIGHT if answer.ok else answer["Auth-Error-Code"]

    def ask_both(self, service):
        """The answers to the right and a wrong password, neither of which is ever the other's."""
        with ThreadPoolExecutor(1) as beside:
            wrong = beside.submit(self.ask, service, "wrong")
            answers = self.ask(service, PASSWORD), wrong.result()
        assert answers[0] in (RIGHT, TEMPORARY) and answers[1] in (WRONG, TEMPORARY), (self.name, answers)
        return answers

    def await_normal(self, service):
        """Returns how long it took."""
        began = time.monotonic()
        while self.ask(service, PASSWORD) == TEMPORARY or self.ask_both(service) != (RIGHT, WRONG):
            took_s = time.monotonic() - began
            assert took_s < NORMAL_AGAIN_S, f"{self.name} is not back {took_s:.1f} s after all was well again"
            threading.Event().wait(POLL_S)
        return time.monotonic() - began


class World:
    """The servers, the proxies before them and the service that asks them."""

    def __init__(self, folder, authority, proxies):
        self.kinds = [kind for kind in KINDS if kind != "smtp" or postfix_is_usable()]  # Postfix wants root
        self.servers = self._make_servers(folder, authority)
        self.lanes = [Lane(kind, number, proxies.proxy(self.port_of(kind), KINDS[kind][1]))
                      for kind in self.kinds for number in range(LANES[kind])]
        text = HEAD + "".join(self._tenant(lane, authority) for lane in self.lanes)
        self.service = Mailreeve(folder / "service", text)
        self.certificates = self._bad_certificates(folder, authority)

    def _make_servers(self, folder, authority):
        users = {f"anna@{kind}-{number}.example": PASSWORD for kind in KINDS for number in range(LANES[kind])}
        # Dovecot makes whoever gave wrong passwords wait longer and longer.
        settings = ("auth_failure_delay = 0\nmail_max_userip_connections = 1000\n"
                    "service anvil {\n unix_listener anvil-auth-penalty {\n mode = 0\n }\n}\n")
        dovecot = Dovecot(folder / "dovecot", users, True, *authority.issue("dovecot"), settings)
        slapd = Slapd(folder / "slapd", [person("anna", PASSWORD, BASE)], BASE, authority.issue("slapd"), authority.ca,
                      service_sees="read")
        servers = {"dovecot": dovecot, "slapd": slapd}
        if "smtp" in self.kinds:
            servers["postfix"] = Postfix(folder / "postfix", *authority.issue("postfix"), sasl=dovecot.sasl)
        return servers

    def port_of(self, kind):
        if kind == "smtp":
            return self.servers["postfix"].ports["tenant"]
        slapd, ports = self.servers["slapd"], self.servers["dovecot"].ports
        return {"ldap-bind": slapd.port, "ldap-fetch": slapd.tls_port, "imap": ports["imap"],
                "pop3": ports["pop3s"]}[kind]

    def _tenant(self, lane, authority):
        settings = KINDS[lane.kind][0].format(port=lane.proxy.port, slapd=self.servers["slapd"])
        return TENANT.format(name=lane.name, settings=settings, ca=authority.ca,
                             timeouts=TIMEOUTS["ldap" if lane.kind.startswith("ldap") else "else"])

    @staticmethod
    def _bad_certificates(folder, authority):
        """Server contexts with a certificate that has expired, one of another name and one of an unknown authority."""
        stranger = Authority(folder / "stranger")
        contexts = []
        for certificate in (authority.issue("expired", days="-1"), stranger.issue("stranger"),
                            authority.issue("another", names=("another.example",), addresses=())):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            contexts.append(context)
        return contexts

    def start(self):
        for server in self.servers.values():
            server.start()
        self.service.start()
        return self

    def stop(self):
        self.service.stop()
        for server in reversed(self.servers.values()):
            server.stop()


@pytest.fixture(scope="module")
def world(shared_scratch, authority):
    if not (dovecot_is_usable() and slapd_is_usable()):
        pytest.skip("Dovecot or slapd is not installed")
    with chaos.Chaos() as proxies:
        world = World(shared_scratch, authority, proxies)
        try:
            yield world.start()
        finally:
            world.stop()


def on_all(lanes, work):
    with ThreadPoolExecutor(len(lanes)) as pool:
        return list(pool.map(work, lanes))


def threads_of(process):
    return len(os.listdir(f"/proc/{process.pid}/task"))


def descriptors_of(world):
    """What the service has open: connections by the name of the lane, and all the rest as None."""
    pid = world.service.process.pid
    lanes = {lane.proxy.port: lane.name for lane in world.lanes}
    peers = {}  # of sockets, by their inode
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        peers[f"socket:[{words[9]}]"] = int(words[2].split(":")[1], 16)
    counts = Counter()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            counts[lanes.get(peers.get(os.readlink(descriptor)))] += 1
    return counts


def is_as_before(world, before):
    """Connections stay only where they are kept for the next question; of those, one that has broken while nobody
    used it may stay for a minute."""
    now = descriptors_of(world)
    kept = {lane.name: 4 if lane.kind.startswith("ldap") else 0 for lane in world.lanes}
    return now[None] <= before[None] and all(now[name] <= most for name, most in kept.items())


def disturb(world, lane, fault, effects, took_s):
    """One round: the fault, both passwords, all well again."""
    lane.proxy.set(fault)
    try:
        answers = lane.ask_both(world.service)
    finally:
        lane.proxy.heal()
    if fault.kind in ("refuse", "drop", "bad-tls"):
        assert answers == (TEMPORARY, TEMPORARY), f"{lane.name}: {fault}: {answers}"
    effects[lane.kind, fault.kind, TEMPORARY in answers] += 1
    took_s.append(lane.await_normal(world.service))


@pytest.mark.timeout_s(900)
def test_whatever_fails_the_verdict_is_temporary_or_right(world):
    # its socket takes connections before its own threads are there; whoever asked whether it does may have left one
    # more that is idle
    wait_until(lambda: world.service.events("service.started"), 20, "the service to have started")
    idle_threads = threads_of(world.service.process)
    on_all(world.lanes, lambda lane: lane.await_normal(world.service))
    descriptors = descriptors_of(world)
    plans = {kind: deque(chaos.draw(world.certificates, STEPS, ROUNDS // len(world.kinds), f"{SEED}{kind}"))
             for kind in world.kinds}
    effects, took_s = Counter(), []

    def run(lane):
        while plans[lane.kind]:
            disturb(world, lane, plans[lane.kind].popleft(), effects, took_s)

    on_all(world.lanes, run)
    assert effects.total() == ROUNDS
    assert sorted(took_s)[ROUNDS // 2] < TWO_INTERVALS_S
    # each kind of fault was felt by each kind of source
    for kind in world.kinds:
        for fault in ("stall", "reset", "half"):
            assert effects[kind, fault, True] > 0, (kind, fault, effects)
    assert {lane.name: lane.proxy.leaked for lane in world.lanes if lane.proxy.leaked} == {}

    # nothing is lost
    wait_until(lambda: threads_of(world.service.process) <= idle_threads, 60, "idle threads to leave")
    wait_until(lambda: is_as_before(world, descriptors), 60, "descriptors to be closed")
    # one process from the first to the last
    assert len(world.service.events("service.started")) == 1


def test_a_server_that_stops_for_ten_seconds_or_is_killed_is_missed_only_meanwhile(world):
    lanes = [next(lane for lane in world.lanes if lane.kind == kind) for kind in world.kinds]
    on_all(lanes, lambda lane: lane.await_normal(world.service))

    def until(end, lane):
        answers = []
        while time.monotonic() < end:
            answers.append(lane.ask_both(world.service))
            threading.Event().wait(POLL_S)
        return answers

    for server in world.servers.values():
        server.process.pause()
    try:
        end = time.monotonic() + 10
        stopped = on_all(lanes, lambda lane: until(end, lane))
    finally:
        for server in world.servers.values():
            server.process.resume()
    assert all(set(answers) == {(TEMPORARY, TEMPORARY)} for answers in stopped), stopped
    on_all(lanes, lambda lane: lane.await_normal(world.service))

    for server in world.servers.values():
        server.process.kill()
    killed = on_all(lanes, lambda lane: lane.ask_both(world.service))
    assert set(killed) == {(TEMPORARY, TEMPORARY)}
    for server in world.servers.values():
        server.start()
    on_all(lanes, lambda lane: lane.await_normal(world.service))
    assert len(world.service.events("service.started")) == 1
