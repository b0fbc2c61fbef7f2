"""Checks of real mail servers: a Dovecot and a Postfix that are killed, stopped and brought back, in clear, under
TLS from the first byte and by STARTTLS; out within fall x interval, back within rise x interval."""

import contextlib
import json
import statistics
import time

import pytest

from harness import fastcgi
from harness.certs import Authority
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import Mailreeve
from harness.postfix import Postfix, postfix_is_usable
from harness.process import wait_until
from harness.setups import PASSWORD, USER, configuration, users_file
from test_server_route import Greeter, configuration_with, server

INTERVAL_S, FALL, RISE = 2, 3, 2
OUT_S, BACK_S = FALL * INTERVAL_S, RISE * INTERVAL_S
# Half a second of these is left where nothing else runs. A busy machine may be late now and then; a service that checks
# too seldom is each time.
LATEST_S, TRIES = 60, 4
TIMING = f'interval = {INTERVAL_S}s  fall = {FALL}  rise = {RISE}  timeout = 1s'

# upstream: check, TLS, the server and its port
DOVECOT_CHECKS = {
    "imap": ("imap", "none", "imap"),
    "imap-starttls": ("imap", "starttls", "imap"),
    "imaps": ("imap", "implicit", "imaps"),
    "pop3": ("pop3", "none", "pop3"),
    "pop3-starttls": ("pop3", "starttls", "pop3"),
    "pop3s": ("pop3", "implicit", "pop3s"),
    "imaps-tcp": ("tcp", "implicit", "imaps"),
}
POSTFIX_CHECKS = {
    "smtp": ("smtp", "none", "relay"),
    "smtp-starttls": ("smtp", "starttls", "tenant"),
}


def upstream(name, check, tls, port, ca_file=None):
    ca = f'check_ca_file = "{ca_file}"' if ca_file and tls != "none" else ""
    return (f'upstream "{name}" {{ check = "{check}"  check_tls = "{tls}"  {ca}  {TIMING}\n'
            f'  server "{name}" {{ address = "127.0.0.1:{port}" }} }}\n')


class Watched:
    """The service, what it checks, and what it says about that."""

    def __init__(self, service):
        self.service = service

    def servers(self, wanted=None):
        """{upstream: what the status says about its one server}."""
        status = json.loads(self.service.ask({"DOCUMENT_URI": "/status", "REQUEST_METHOD": "GET"}).body)
        return {one["name"]: one["servers"][0] for one in status["upstreams"] if wanted is None or one["name"] in wanted}

    def are(self, wanted, up):
        return all(one["checked"] and one["up"] == up for one in self.servers(wanted).values())

    def seconds_until(self, wanted, up, limit_s):
        """Waits until all of them are up, or all are down; how long the last one took."""
        began = time.monotonic()
        word = "up" if up else "down"
        try:
            wait_until(lambda: self.are(wanted, up), limit_s, f"all of {list(wanted)} to be {word}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.servers(wanted)}") from None
        took = time.monotonic() - began
        print(f"{word} after {took:.2f} s")
        return took


def login(service, listener="submission", **more):
    return service.ask(fastcgi.login(USER, PASSWORD, listener=listener, **more))


@pytest.fixture(scope="module")
def dovecot(shared_scratch, front_certificate):
    if not dovecot_is_usable():
        pytest.skip("there is no dovecot here")
    certificate, key = front_certificate
    running = Dovecot(shared_scratch / "mailboxes", {USER: PASSWORD}, certificate=certificate, key=key)
    running.start()
    yield running
    running.process.kill()


@pytest.fixture(scope="module")
def postfix(shared_scratch, front_certificate, dovecot):
    """Its ports offer AUTH, by Dovecot: without that they greet nobody."""
    if not postfix_is_usable():
        pytest.skip("Postfix runs only as root")
    certificate, key = front_certificate
    running = Postfix(shared_scratch / "mta", certificate, key, sasl=dovecot.sasl)
    running.start()
    yield running
    running.process.kill()


@pytest.fixture
def watch(scratch):
    """watch(upstream sections) -> a service that checks these."""
    with contextlib.ExitStack() as stack:
        def do(sections):
            service = Mailreeve(scratch / "service", configuration() + sections, {"users": users_file()})
            return Watched(stack.enter_context(service))
        yield do


def lives_through(watched, names, process):
    """All that can happen to a server, and whether each change is noticed in time."""
    limits = [("killed", OUT_S), ("started", BACK_S), ("paused", OUT_S), ("resumed", BACK_S)]
    watched.seconds_until(names, True, LATEST_S)
    process.kill()
    seconds = [watched.seconds_until(names, False, LATEST_S)]
    process.start()
    seconds += [watched.seconds_until(names, True, LATEST_S)]
    process.pause()
    try:
        seconds += [watched.seconds_until(names, False, LATEST_S)]
    finally:
        process.resume()
    seconds += [watched.seconds_until(names, True, LATEST_S)]
    late = [f"{what}: {s:.2f} s of {limit_s}" for (what, limit_s), s in zip(limits, seconds) if s > limit_s]
    print("; ".join(late))
    return not late


def test_a_dovecot_is_followed_by_imap_and_pop3(watch, dovecot, authority):
    sections = "".join(upstream(name, check, tls, dovecot.ports[port], authority.ca)
                       for name, (check, tls, port) in DOVECOT_CHECKS.items())
    watched = watch(sections)
    assert any(lives_through(watched, DOVECOT_CHECKS, dovecot.process) for _ in range(TRIES))


def test_a_postfix_is_followed_by_smtp(watch, postfix, authority):
    sections = "".join(upstream(name, check, tls, postfix.ports[port], authority.ca)
                       for name, (check, tls, port) in POSTFIX_CHECKS.items())
    watched = watch(sections)
    assert any(lives_through(watched, POSTFIX_CHECKS, postfix.process) for _ in range(TRIES))


def test_a_server_of_another_kind_or_name_is_down(watch, scratch, dovecot, authority):
    """What listens there is not what sessions need; without check_ca_file encryption is enough."""
    stranger = Authority(scratch / "stranger")
    sections = (upstream("trusted", "imap", "implicit", dovecot.ports["imaps"], authority.ca)
                + upstream("untrusted", "imap", "implicit", dovecot.ports["imaps"])
                + upstream("stranger", "imap", "implicit", dovecot.ports["imaps"], stranger.ca)
                + upstream("stranger-starttls", "pop3", "starttls", dovecot.ports["pop3"], stranger.ca)
                + upstream("wrong-protocol", "smtp", "none", dovecot.ports["imap"])
                + upstream("no-tls", "imap", "implicit", dovecot.ports["imap"]))
    watched = watch(sections)
    watched.seconds_until(("trusted", "untrusted"), True, LATEST_S)
    down = ("stranger", "stranger-starttls", "wrong-protocol", "no-tls")
    watched.seconds_until(down, False, LATEST_S)
    errors = {name: one["error"] for name, one in watched.servers(down).items()}
    assert "the certificate is refused" in errors["stranger"]
    assert "the certificate is refused" in errors["stranger-starttls"]
    assert "the server does not speak SMTP" in errors["wrong-protocol"]
    assert "TLS handshake" in errors["no-tls"]


def test_checks_go_to_a_port_of_their_own(scratch):
    """Sessions go to one port, where nobody greets; the other one says how the server is."""
    greeter = Greeter()
    text = configuration_with(f'check = "smtp"  interval = 200ms  fall = 1  rise = 1  timeout = 150ms\n'
                              f'server "mta" {{ address = "127.0.0.1:10099"  check_port = {greeter.port} }}')
    greeter.start()
    try:
        with Mailreeve(scratch / "service", text, {"users": users_file()}) as service:
            wait_until(lambda: Watched(service).are(("mta",), True), 20, "the first check")
            answer = login(service)
            assert answer.ok and answer["Auth-Port"] == "10099"
            greeter.stop()
            wait_until(lambda: not login(service).ok, 20, "the server to be out")
    finally:
        greeter.stop()


def test_all_down_is_told_at_once(scratch):
    """nobody waits for servers that are known to be down, and each protocol hears it in its words"""
    greeter = Greeter()
    text = configuration_with('check = "smtp"  interval = 200ms  fall = 1  timeout = 150ms\n'
                              + server("one", greeter.port) + server("two", greeter.port, "backup = true"))
    with Mailreeve(scratch / "service", text, {"users": users_file()}) as service:
        wait_until(lambda: not login(service).ok, 20, "both to be down")
        took_s = []
        for _ in range(20):
            began = time.monotonic()
            answer = login(service)
            took_s.append(time.monotonic() - began)
            assert (answer["Auth-Error-Code"], answer["Auth-Server"]) == ("451 4.4.1", None)
        last = service.decisions()[-1]
        assert last["reason"] == "route.none"
        usual_s = statistics.median(took_s)
        print(f"route.none within {usual_s * 1000:.0f} ms")
        assert usual_s < 0.5


def test_a_server_that_comes_and_goes_is_told_once(scratch):
    greeter = Greeter()
    text = configuration_with('check = "smtp"  interval = 100ms  fall = 1  rise = 1  timeout = 90ms\n'
                              + server("one", greeter.port))
    with Mailreeve(scratch / "service", text, {"users": users_file()}) as service:
        watched = Watched(service)
        try:
            for _ in range(5):
                greeter.start()
                wait_until(lambda: watched.are(("mta",), True), 20, "the server to be up")
                greeter.stop()
                wait_until(lambda: watched.are(("mta",), False), 20, "the server to be down")
            assert watched.servers()["mta"]["flapping"]
            assert len(wait_until(lambda: service.events("upstream.flapping"), 20, "a line")) == 1
            told = len(service.events("upstream.down")), len(service.events("upstream.up"))
            assert told[0] <= 3 and told[1] <= 2
            steady = wait_until(lambda: service.events("upstream.steady"), 20, "it to have kept its state")
            assert [(line["server"], line["state"]) for line in steady] == [("one", "down")]
            assert (len(service.events("upstream.down")), len(service.events("upstream.up"))) == told
            assert not watched.servers()["mta"]["flapping"]
            greeter.start()
            wait_until(lambda: len(service.events("upstream.up")) > told[1], 20, "changes to be told again")
        finally:
            greeter.stop()
