"""What is remembered of each kind of source that is asked over the network, and for how long it helps: real slapd and
Dovecot, and an SMTP server; each is stopped, and with `cache_when_down` a password that was right is right still,
another one and another name are not, and nothing else lets anybody in."""

import pytest

from harness import fastcgi
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import Mailreeve
from harness.process import wait_until
from harness.slapd import Slapd, person, slapd_is_usable
from harness.smtp_script import SmtpScript

BASE = "dc=dir,dc=example"
WORD = "the right word"
RIGHT, WRONG, TEMPORARY = "OK", "535 5.7.8", "454 4.7.0"

# The settings of a tenant of each kind of source: what it remembers.
REMEMBERS = {
    "kept": "cache = 1h  negative_cache = 1h",
    "usual": "",
    "fresh": "cache = 0  negative_cache = 0",
    "bridged": "cache = 0  negative_cache = 0  cache_when_down = true",
}
KINDS = ("ldap", "imap", "pop3", "smtp")

HEAD = """
failure_delay = 0
listener "submission" { auth = "on"  upstream = "mta" }
upstream "mta" { check = "none"  server "one" { address = "127.0.0.1:25" } }
"""

TENANT = """
organization "{name}" {{ domains = {{"{name}.example"}}  sources = {{"{name}"}} }}
source "{name}" {{ type = "{kind}"  {settings}  {remembers} }}
"""


def user(kind, remembers, name="anna"):
    return f"{name}@{kind}-{remembers}.example"


USERS = [user(kind, remembers, name) for kind in KINDS for remembers in REMEMBERS for name in ("anna", "bo")]


class Servers:
    """All servers that are asked, to be stopped and started together."""

    def __init__(self, folder):
        self.slapd = Slapd(folder / "slapd", [person("anna", WORD, BASE, mail=[u for u in USERS if u.startswith("anna")]),
                                              person("bo", WORD, BASE, mail=[u for u in USERS if u.startswith("bo")])], BASE)
        self.dovecot = Dovecot(folder / "dovecot", dict.fromkeys(USERS, f"{WORD}::::::nodelay=y"), settings=(
            "auth_failure_delay = 0\nservice anvil {\n unix_listener anvil-auth-penalty {\n mode = 0\n }\n}\n"))
        self.smtp = SmtpScript(folder, password=WORD)
        at = self.dovecot.ports
        self.settings = {
            "ldap": f'uri = {{"{self.slapd.uri}"}}  bind_dn = "{self.slapd.service_dn}"  filter = "(mail=%u)"  '
                    f'bind_password_file = "{self.slapd.service_password_file}"  base = "{BASE}"',
            "imap": f'server = {{"127.0.0.1:{at["imap"]}"}}  tls = "none"',
            "pop3": f'server = {{"127.0.0.1:{at["pop3"]}"}}  tls = "none"',
            "smtp": f'server = {{"{self.smtp.address}"}}  tls = "none"',
        }

    def start(self):
        for server in (self.slapd, self.dovecot, self.smtp):
            server.start()

    def stop(self):
        for server in (self.slapd, self.dovecot, self.smtp):
            server.stop()


@pytest.fixture(scope="module")
def servers(shared_scratch):
    if not slapd_is_usable() or not dovecot_is_usable():
        pytest.skip("slapd or Dovecot is not installed")
    running = Servers(shared_scratch)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def service(scratch, servers):
    text = HEAD + "".join(TENANT.format(name=f"{kind}-{name}", kind=kind, settings=servers.settings[kind],
                                        remembers=remembers)
                          for kind in KINDS for name, remembers in REMEMBERS.items())
    with Mailreeve(scratch / "service", text) as running:
        yield running


def ask(service, name, password=WORD):
    """The answer, and whether it was remembered."""
    answer = service.ask(fastcgi.login(name, password))
    return (RIGHT if answer.ok else answer["Auth-Error-Code"]), "cached" in service.decisions()[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_remembered_as_the_settings_say(service, kind):
    for remembers, is_kept in (("kept", True), ("usual", True), ("fresh", False), ("bridged", False)):
        for password, answer in ((WORD, RIGHT), ("wrong", WRONG)):
            assert ask(service, user(kind, remembers), password) == (answer, False), remembers
            assert ask(service, user(kind, remembers), password) == (answer, is_kept), remembers


def test_while_no_server_answers_a_right_password_is_right_only_where_that_is_said(service, servers):
    for kind in KINDS:
        for remembers in REMEMBERS:
            assert ask(service, user(kind, remembers))[0] == RIGHT
    servers.stop()
    try:
        for kind in KINDS:
            assert ask(service, user(kind, "bridged")) == (RIGHT, True), kind
            # another password, and a name that nobody has asked about
            assert ask(service, user(kind, "bridged"), "wrong")[0] == TEMPORARY, kind
            assert ask(service, user(kind, "bridged", "bo"))[0] == TEMPORARY, kind
            assert ask(service, user(kind, "bridged")) == (RIGHT, True), kind
            assert ask(service, user(kind, "fresh"))[0] == TEMPORARY, kind
            assert ask(service, user(kind, "kept")) == (RIGHT, True), kind
            assert ask(service, user(kind, "kept"), "wrong")[0] == TEMPORARY, kind
    finally:
        servers.start()
    for kind in KINDS:
        wait_until(lambda: ask(service, user(kind, "bridged", "bo"))[0] == RIGHT, 10, f"{kind} to be asked again")
        assert ask(service, user(kind, "bridged"), "wrong") == (WRONG, False)
        assert ask(service, user(kind, "bridged")) == (RIGHT, False)
