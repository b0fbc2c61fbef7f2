"""Back-pressure: more sessions at a time than `max_sessions` wait in nginx (Auth-Status: WAIT). Nobody is refused, all
get through in the end, and at no time are more of them answered than the setting says."""

import re
import ssl
import threading

import pytest

from harness import fastcgi
from harness.door import FrontDoor
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.held_smtp import HeldSmtp
from harness.mailbox_talk import MailboxTalk
from harness.process import wait_until
from harness.sink import Sink
from harness.smtp_talk import SmtpTalk, plain

USER, PASSWORD = "zoe@slow.example", "zoe-secret"
AT_ONCE = 2
# of each kind
CLIENTS = 4

CONFIGURATION = """
max_sessions = {at_once}
failure_delay = 100ms
max_attempts = 2
listener "submission" {{ upstream = "mta" }}
listener "mx" {{ auth = "off"  upstream_inbound = "mx" }}
listener "imap" {{ upstream = "imap" }}
listener "pop3" {{ upstream = "pop3" }}
organization "slow" {{ domains = {{"slow.example"}}  sources = {{"slow"}} }}
source "slow" {{ type = "smtp"  server = {{"127.0.0.1:{source}"}}  tls = "none"  mechanisms = {{"plain"}}
                cache = 0  negative_cache = 0 }}
upstream "mta" {{ server "sink" {{ address = "127.0.0.1:{mta}" }} }}
upstream "mx" {{ server "sink" {{ address = "127.0.0.1:{mta}" }} }}
upstream "imap" {{ server "dovecot" {{ address = "127.0.0.1:{imap}" }} }}
upstream "pop3" {{ server "dovecot" {{ address = "127.0.0.1:{pop3}" }} }}
"""


@pytest.fixture(scope="module")
def held():
    """The only source: it answers when the test says so."""
    with HeldSmtp(lambda password: password == PASSWORD) as server:
        yield server


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, held):
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    with Dovecot(shared_scratch / "dovecot", {USER: PASSWORD}) as dovecot, Sink() as sink:
        text = CONFIGURATION.format(at_once=AT_ONCE, source=held.port, mta=sink.port, **dovecot.ports)
        with FrontDoor(shared_scratch / "door", *front_certificate, text) as front:
            yield front


@pytest.fixture(scope="module")
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


# --- clients: each returns the answer that decides its session ------------------------------------------------------

def submit(door, trust):
    with SmtpTalk(door.ports["submissions"], trust, implicit_tls=True, timeout_s=60) as talk:
        talk.say("EHLO client.example")
        return talk.say(plain(USER, PASSWORD))


def submit_at_second_try(door, trust):
    """The answers to both."""
    with SmtpTalk(door.ports["submissions"], trust, implicit_tls=True, timeout_s=60) as talk:
        talk.say("EHLO client.example")
        return " ".join(talk.say_all([plain(USER, "wrong"), plain(USER, PASSWORD)]))


def deliver(door, _):
    """Without a login, as another mail server."""
    with SmtpTalk(door.ports["smtp"], timeout_s=60) as talk:
        talk.say("EHLO mail.far.example")
        talk.say("MAIL FROM:<customer@far.example>")
        return talk.say(f"RCPT TO:<{USER}>")


def read_imap(door, trust):
    with MailboxTalk(door.ports["imaps"], trust, implicit_tls=True, timeout_s=60) as talk:
        return talk.say(f"a LOGIN {USER} {PASSWORD}".encode()).decode()


def read_pop3(door, trust):
    with MailboxTalk(door.ports["pop3s"], trust, implicit_tls=True, timeout_s=60) as talk:
        talk.say(b"USER " + USER.encode())
        return talk.say(b"PASS " + PASSWORD.encode()).decode()


KINDS = {submit: "235 ", deliver: "250 ", read_imap: "a OK ", read_pop3: "+OK "}


class Crowd:
    """Clients that all come at once, each in a thread; answers() waits for them."""

    def __init__(self, door, trust, clients):
        self._answers = [None] * len(clients)
        self._threads = [threading.Thread(target=self._run, args=(number, client, door, trust))
                         for number, client in enumerate(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, number, client, door, trust):
        try:
            self._answers[number] = client(door, trust)
        except OSError as error:
            self._answers[number] = repr(error)

    def has_answer(self):
        return any(self._answers)

    def answers(self):
        for thread in self._threads:
            thread.join()
        return self._answers


def waits(door):
    """How often a session was told to ask again."""
    text = fastcgi.ask(door.socket, {"DOCUMENT_URI": "/metrics", "REQUEST_METHOD": "GET"}).body.decode()
    return int(re.search(r"^\w*waits_total (\d+)$", text, re.MULTILINE).group(1))


def held_up(door, trust, held, clients):
    """They come while the first two hold up all others, until each of these has been told to wait a second time."""
    held.hold()
    before = waits(door)
    first = Crowd(door, trust, [submit] * AT_ONCE)
    held.wait_for(AT_ONCE)
    crowd = Crowd(door, trust, clients)
    wait_until(lambda: waits(door) >= before + 2 * len(clients), 20, "all to be told to wait, twice")
    assert held.waiting == AT_ONCE and not crowd.has_answer() and not first.has_answer()
    held.release()
    assert all(answer.startswith("235 ") for answer in first.answers())
    return crowd.answers()


def test_whoever_comes_above_max_sessions_waits_and_gets_through(door, trust, held):
    """Logins by SMTP, IMAP and POP3, and mail from other servers."""
    clients = list(KINDS) * CLIENTS
    answers = held_up(door, trust, held, clients)
    assert [answer[:len(KINDS[client])] for client, answer in zip(clients, answers)] == \
        [KINDS[client] for client in clients]


def test_to_wait_is_no_attempt(door, trust, held):
    """A wrong password is refused for being wrong, and there is one more attempt (max_attempts = 2)."""
    answers = held_up(door, trust, held, [submit_at_second_try] * CLIENTS)
    assert answers == CLIENTS * ["535 5.7.8 authentication failed 235 2.0.0 OK"]
