"""`mailreeve window`: relay windows that logins by POP and IMAP opened are listed and closed, on both engines, with
and without a running service."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from harness import fastcgi
from harness.command import EXIT_CONFIG, EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, EXIT_USAGE, mailreeve
from harness.mailreeve import Mailreeve
from harness.process import free_port
from harness.setups import cheap_hash

ANNA, BERT = "anna@acme.example", "bert@acme.example"
STRANGER = "customer@far.example"

CONFIGURATION = """
listener "submission" {{ require_auth = true  relay_window = {window}  upstream = "mta" }}
listener "imap" {{ upstream = "mta"  default_domain = "acme.example" }}
organization "acme" {{ domains = {{"acme.example"}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:10025" }} }}
"""


class Configured:
    """A configuration whose store nobody else has; `service` is not started."""

    def __init__(self, folder, state):
        self.state = state
        users = f"{ANNA}:{cheap_hash('a')}:\n{BERT}:{cheap_hash('b')}:smtp_auth=matching-sender\n"
        self.service = Mailreeve(folder, state + CONFIGURATION.format(window="15min"), {"users": users})

    def window(self, *words):
        return mailreeve("window", words[0], "-c", self.service.path, *words[1:])

    def windows(self):
        done = self.window("list", "--json")
        assert (done.returncode, done.stderr) == (EXIT_OK, "")
        return json.loads(done.stdout)

    def clients(self):
        return [window["client"] for window in self.windows()]

    def read_mail(self, client, user=ANNA, password="a", protocol="imap"):
        assert self.service.ask(fastcgi.login(user, password, "imap", protocol, client=client)).ok

    def sends_as(self, client, sender=ANNA):
        """Who may send to strangers from there without AUTH: a name, or None."""
        answer = self.service.ask(fastcgi.recipient(f"MAIL FROM:<{sender}>", f"RCPT TO:<{STRANGER}>", "submission",
                                                    tls=True, client=client))
        assert answer.ok or answer["Auth-Error-Code"] == "530 5.7.0"
        return answer["Auth-User"] if answer.ok else None


@pytest.fixture
def configured(scratch, store_section):
    return Configured(scratch / "service", store_section)


@pytest.fixture
def local(scratch):
    return Configured(scratch / "service", "")


def is_about(text, wanted):
    return abs(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z") - wanted) < timedelta(minutes=2)


def test_an_open_window_is_listed(configured):
    with configured.service:
        configured.read_mail("192.0.2.2", "ANNA", "a")
        configured.read_mail("2001:db8::1", BERT, "b", "pop3")
        now = datetime.now(timezone.utc)
        anna, bert = configured.windows()
        for window in (anna, bert):
            assert is_about(window["opened"], now) and is_about(window["until"], now + timedelta(minutes=15))
        assert configured.window("list").stdout == "".join(
            f"{window['client']}\t{window['user']}\t{window['login']}\t{window['opened']}\t{window['until']}\n"
            for window in (anna, bert))
    for window in (anna, bert):
        del window["opened"], window["until"]
    assert anna == {"client": "192.0.2.2", "user": ANNA, "login": ANNA, "matching_sender": False}
    assert bert == {"client": "2001:db8::1", "user": BERT, "login": BERT, "matching_sender": True}


def test_no_window_is_an_empty_list(configured):
    assert configured.windows() == []
    assert configured.window("list").stdout == ""


def test_a_closed_window_lets_nobody_send(configured):
    with configured.service:
        configured.read_mail("192.0.2.1")
        configured.read_mail("192.0.2.2")
        assert configured.sends_as("192.0.2.1") is not None
        done = configured.window("close", "192.0.2.1")
        assert (done.returncode, done.stdout, done.stderr) == (EXIT_OK, "closed 1 window\n", "")
        assert configured.sends_as("192.0.2.1") is None
        assert configured.sends_as("192.0.2.2") is not None
        assert configured.clients() == ["192.0.2.2"]
        # a login opens it anew
        configured.read_mail("192.0.2.1")
        assert configured.sends_as("192.0.2.1") is not None


@pytest.mark.parametrize("name", [ANNA, "Anna@ACME.example"])
def test_all_windows_of_a_user_are_closed_and_no_others(configured, name):
    with configured.service:
        for client in ("192.0.2.1", "192.0.2.2", "2001:db8::1"):
            configured.read_mail(client)
        configured.read_mail("192.0.2.3", BERT, "b")
        done = configured.window("close", name)
        assert (done.returncode, done.stdout, done.stderr) == (EXIT_OK, "closed 3 windows\n", "")
        assert configured.clients() == ["192.0.2.3"]
        assert configured.sends_as("192.0.2.1") is None
        assert configured.sends_as("192.0.2.3", BERT) is not None


def test_windows_outlive_the_service_and_are_closed_without_it(configured):
    with configured.service:
        configured.read_mail("192.0.2.1")
        configured.read_mail("192.0.2.2")
    assert configured.clients() == ["192.0.2.1", "192.0.2.2"]
    assert configured.window("close", "192.0.2.1").returncode == EXIT_OK
    with configured.service:
        assert configured.sends_as("192.0.2.1") is None
        assert configured.sends_as("192.0.2.2") is not None


def test_a_window_that_no_listener_honours_any_more_is_not_listed(local):
    with local.service:
        local.read_mail("192.0.2.1")
    assert local.clients() == ["192.0.2.1"]
    local.service.configure(CONFIGURATION.format(window="0"))
    assert local.windows() == []


@pytest.mark.parametrize("whose", ["192.0.2.1", "2001:db8::1", ANNA, "nobody"])
def test_nothing_to_close_is_said(configured, whose):
    done = configured.window("close", whose)
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_PROBLEM, "", "no window is open\n")


def test_a_mapped_address_is_the_ipv4_address(local):
    with local.service:
        local.read_mail("192.0.2.1")
    assert local.window("close", "::ffff:192.0.2.1").returncode == EXIT_OK


WRONG = [
    ("a network", ["close", "192.0.2.0/24"], "192.0.2.0/24: a window is of one address, not of a network"),
    ("nobody", ["close", ""], '"": neither an address nor a user\'s name: '),
    ("two words", ["close", "anna bert"], '"anna bert": neither an address nor a user\'s name: '),
    ("bytes of a stranger", ["close", "a\x1b[2J"], '"a\\x1b[2J": neither an address nor a user\'s name: '),
    ("no operand", ["close"], "ADDRESS|USER is missing"),
    ("too many", ["close", "a", "b"], '"b" is one word too many'),
    ("an operand of list", ["list", "a"], '"a" is one word too many'),
]


@pytest.mark.parametrize("words, want", [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_command_line_is_a_usage_error(local, words, want):
    done = local.window(*words)
    assert (done.returncode, done.stdout) == (EXIT_USAGE, "")
    assert done.stderr.startswith(f"mailreeve window {words[0]}: {want}"), done.stderr
    assert done.stderr.count("\n") == 1


def test_a_store_or_a_configuration_that_cannot_be_asked_is_told(scratch):
    url = f"redis://127.0.0.1:{free_port()}"
    there = Configured(scratch / "service", f'state {{ engine = "redis"  url = "{url}" }}')
    for words in (["list"], ["close", "192.0.2.1"], ["close", ANNA]):
        done = there.window(*words)
        assert (done.returncode, done.stdout) == (EXIT_TEMPORARY, "")
        assert "the store failed: " in done.stderr
    there.service.path.write_text("upstraem {}\n")
    assert there.window("list").returncode == EXIT_CONFIG


@pytest.mark.parametrize("words", [("del",), ("set", "--disabled")], ids=lambda words: words[0])
def test_who_must_not_log_in_any_more_has_no_window(configured, words):
    with configured.service:
        configured.read_mail("192.0.2.1")
        configured.read_mail("192.0.2.2", BERT, "b")
        assert configured.sends_as("192.0.2.1") == ANNA
        done = mailreeve("user", words[0], "-c", configured.service.path, *words[1:], ANNA)
        assert (done.returncode, done.stderr) == (EXIT_OK, "")
        assert "and closed 1 relay window\n" in done.stdout
        assert configured.sends_as("192.0.2.1") is None
        assert configured.clients() == ["192.0.2.2"]


def test_a_user_is_removed_even_if_his_windows_cannot_be_closed(configured):
    broken = configured.service.path.parent / "broken.conf"
    broken.write_text(configured.service.path.read_text() + 'listener "web" { upstream = "nowhere" }\n')
    done = mailreeve("user", "del", "-c", broken, ANNA)
    assert done.returncode == EXIT_OK
    assert f"warning: relay windows of {ANNA} may be open still: {broken} does not load" in done.stderr
