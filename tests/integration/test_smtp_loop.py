"""A source of type smtp, imap or pop3 that leads back to the very nginx that asks: each question would make another.
It is answered as temporary, at once and not when the first of them times out, it is logged, and it ends with a reload.
The same of a mail server that asks the guard."""

import contextlib
import socketserver
import ssl
import threading
import time

import pytest

from harness import fastcgi
from harness.guard import Guard
from harness.mailreeve import Mailreeve
from harness.nginx import Nginx
from harness.smtp_script import SmtpScript
from harness.smtp_talk import SmtpTalk, plain

USER, PASSWORD = "anna@acme.example", "secret"
ADDRESS = "bo@acme.example"
AT_ONCE_S = 8  # a source waits for 20 s
LONGEST_CHAIN = 4
MAILBOX_CHAIN = 9

CONFIGURATION = """
failure_delay = 0
listener "submission" {{ auth = "on"  upstream = "mta" }}
listener "mx" {{ auth = "off"  upstream_inbound = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{"logins"}}  recipients = "mailboxes" }}
source "logins" {{ type = "smtp"  server = {{"{logins}"}}  {settings}  cache = 0  negative_cache = 0 }}
source "mailboxes" {{ type = "smtp"  server = {{"{mailboxes}"}}  tls = "none" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "{mta}" }} }}
"""


@pytest.fixture(scope="module")
def server(shared_scratch):
    """The mail server that should have been asked."""
    with SmtpScript(shared_scratch, password=PASSWORD) as running:
        yield running


@pytest.fixture(scope="module")
def nginx(shared_scratch, front_certificate):
    with Nginx(shared_scratch / "nginx", shared_scratch / "service" / "auth.sock", *front_certificate) as running:
        yield running


def of_a_loop(nginx, server, authority, more=""):
    return CONFIGURATION.format(logins=f"localhost:{nginx.ports['submission']}",
                                settings=f'ca_file = "{authority.ca}"  {more}',
                                mailboxes=f"127.0.0.1:{nginx.ports['smtp']}", mta=server.address)


def mended(server):
    return CONFIGURATION.format(logins=server.address, settings='tls = "none"', mailboxes=server.address,
                                mta=server.address)


@pytest.fixture
def service(shared_scratch, nginx, server, authority):
    """A service whose sources lead back to it."""
    with Mailreeve(shared_scratch / "service", of_a_loop(nginx, server, authority)) as running:
        yield running
    running.process.log.unlink()


def login(nginx, client):
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with SmtpTalk(nginx.ports["submission"], tls=tls, client=client) as talk:
        talk.say("EHLO phone.example")
        return talk.say(plain(USER, PASSWORD))


def recipient(nginx):
    with SmtpTalk(nginx.ports["smtp"]) as talk:
        return talk.say_all(["EHLO far.example", "MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>"])[-1]


def timed(function, *args):
    begin = time.monotonic()
    return function(*args), time.monotonic() - begin


@pytest.mark.parametrize("client, chain", [("127.0.0.2", 2), ("127.0.0.1", LONGEST_CHAIN)])
@pytest.mark.parametrize("more", ["", "connections = 1"])
def test_a_login_that_comes_back_is_temporary_at_once(service, nginx, server, authority, client, chain, more):
    service.configure(of_a_loop(nginx, server, authority, more))
    assert service.reload()["Status"] == "200 OK"
    answer, took_s = timed(login, nginx, client)
    assert answer.startswith("454 4.7.0"), answer
    assert took_s < AT_ONCE_S
    decisions = service.decisions()
    assert len(decisions) == (min(chain, 2) if more else chain), decisions
    assert decisions[0]["reason"] == "internal", decisions
    assert {decision["reason"] for decision in decisions[1:]} == {"auth.source-unavailable"}, decisions
    loops = service.events("source.loop")
    assert len(loops) == 1 and loops[0]["level"] == "error" and loops[0]["subject"] == USER, loops


def test_a_recipient_that_comes_back_is_temporary_at_once(service, nginx):
    answer, took_s = timed(recipient, nginx)
    assert answer.startswith("45"), answer
    assert took_s < AT_ONCE_S
    decisions = service.decisions()
    assert len(decisions) == 2 and all(decision["verdict"] == "defer" for decision in decisions), decisions
    loops = service.events("source.loop")
    assert len(loops) == 1 and loops[0]["level"] == "error" and loops[0]["subject"] == ADDRESS, loops


def test_many_that_come_back_at_a_time_hold_up_nobody_else(service, nginx):
    """By the socket, as from many clients: each is a chain of its own."""
    connections = [service.connect() for _ in range(100)]
    begin = time.monotonic()
    for number, connection in enumerate(connections):
        connection.open().send(fastcgi.encode_request(
            fastcgi.login(f"user{number}@acme.example", PASSWORD, client=f"192.0.2.{number}"), keep=True))
    answers = [connection.read_answer()["Auth-Error-Code"] for connection in connections]
    assert set(answers) == {"454 4.7.0"}
    assert time.monotonic() - begin < AT_ONCE_S
    for connection in connections:
        connection.close()


def test_all_is_well_once_the_configuration_is_mended(service, nginx, server):
    assert login(nginx, "127.0.0.1").startswith("454 4.7.0")
    assert recipient(nginx).startswith("45")
    service.configure(mended(server))
    service.reload()
    assert service.ask(fastcgi.login(USER, PASSWORD)).ok
    assert service.ask(fastcgi.recipient("MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>")).ok
    assert service.ask(fastcgi.login(USER, "wrong"))["Auth-Error-Code"] == "535 5.7.8"


MAILBOXES = """
failure_delay = 0
listener "imap" {{ auth = "on"  upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{"logins"}} }}
source "logins" {{ type = "imap"  server = {{"localhost:{port}"}}  ca_file = "{ca}"  cache = 0  negative_cache = 0 }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "{mta}" }} }}
"""


def test_a_mailbox_login_that_comes_back_is_temporary_after_some_rounds(service, nginx, server, authority):
    """By a chain that is longer than what webmail beside us asks at a time; nginx waits a second for each round."""
    service.configure(MAILBOXES.format(port=nginx.ports["imap"], ca=authority.ca, mta=server.address))
    assert service.reload()["Status"] == "200 OK"
    answer = service.ask(fastcgi.login(USER, PASSWORD, listener="imap", protocol="imap"))
    assert "UNAVAILABLE" in answer["Auth-Status"], answer
    decisions = service.decisions()
    assert len(decisions) == MAILBOX_CHAIN, decisions
    assert decisions[0]["reason"] == "internal", decisions
    assert {decision["reason"] for decision in decisions[1:]} == {"auth.source-unavailable"}, decisions
    loops = service.events("source.loop")
    assert len(loops) == 1 and "a source of type imap asks this very service" in loops[0]["error"], loops


class GuardedServer(socketserver.ThreadingTCPServer):
    """As much of a mail server as a question about a recipient takes: it asks the guard about each."""

    daemon_threads = True
    guard = None

    class RequestHandlerClass(socketserver.StreamRequestHandler):
        def handle(self):
            with contextlib.suppress(ConnectionError), self.server.guard.milter() as milter:
                milter.negotiate()
                milter.connect("127.0.0.1", daemon="mx")
                self.say("220 mail.example")
                for line in self.rfile:
                    verb, _, rest = line.decode().strip().partition(" ")
                    address = rest.partition("<")[2].rstrip(">")
                    steps = {"EHLO": lambda: milter.helo(rest), "MAIL": lambda: milter.mail(address),
                             "RCPT": lambda: milter.rcpt(address)}
                    answer = steps.get(verb, lambda: "continue")()
                    self.say("250 2.0.0 Ok" if answer in ("continue", None) else answer)

        def say(self, text):
            self.wfile.write(text.encode() + b"\r\n")

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.address = f"127.0.0.1:{self.server_address[1]}"

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


GUARDED = """
listener "mx" {{ auth = "off"  upstream_inbound = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  recipients = "mailboxes" }}
source "mailboxes" {{ type = "smtp"  server = {{"{asked}"}}  tls = "none" }}
upstream "mta" {{ server "mta1" {{ address = "{asked}" }} }}
"""


def test_a_recipient_that_comes_back_to_the_guard_is_temporary_at_once(scratch, server):
    with GuardedServer() as mta, Guard(scratch / "guard", GUARDED.format(asked=mta.address)) as guard:
        mta.guard = guard

        def ask():
            with guard.milter() as milter:
                milter.begin(daemon="mx")
                assert milter.mail("customer@far.example") == "continue"
                return timed(milter.rcpt, ADDRESS)

        answer, took_s = ask()
        assert answer.startswith("450 4.1.1 "), answer
        assert took_s < AT_ONCE_S
        loops = guard.events("source.loop")
        assert len(loops) == 1 and loops[0]["level"] == "error" and loops[0]["subject"] == ADDRESS, loops
        assert {"internal", "recipient.unverifiable"} <= {line["reason"] for line in guard.messages()}
        guard.configure(GUARDED.format(asked=server.address))
        guard.reload_by_signal()
        assert ask()[0] == "continue"
