"""`mailreeve ban`: networks shut out by hand, listed and let in again, on both engines, with and without a running
service."""

import json
import os
import re
import shutil
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from harness import fastcgi
from harness.command import EXIT_CONFIG, EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, EXIT_USAGE, mailreeve, program
from harness.mailreeve import Mailreeve
from harness.process import free_port
from harness.setups import PASSWORD, USER, configuration, users_file

SCREEN = """
list "own" { kind = "ip"  entries = {"192.0.2.9", "10.9.0.0/16"} }
screen { failures = 2  within = 1h  ban = {"1h", "2d"}  never = "own" }
"""


class Configured:
    """A configuration whose store nobody else has; `service` is not started."""

    def __init__(self, folder, state, screen=SCREEN):
        self.service = Mailreeve(folder, configuration(state + screen), {"users": users_file()})

    def ban(self, *words, **more):
        return mailreeve("ban", words[0], "-c", self.service.path, *words[1:], **more)

    def bans(self):
        done = self.ban("list", "--json")
        assert (done.returncode, done.stderr) == (EXIT_OK, "")
        return json.loads(done.stdout)

    def networks(self):
        return [ban["network"] for ban in self.bans()]

    def login(self, client, password=PASSWORD):
        answer = self.service.ask(fastcgi.login(USER, password, client=client))
        return "OK" if answer.ok else answer["Auth-Error-Code"]


@pytest.fixture
def configured(scratch, store_section):
    return Configured(scratch / "service", store_section)


@pytest.fixture
def local(scratch):
    """What does not depend on the engine."""
    return Configured(scratch / "service", "")


def parse_time(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")


def is_about(text, wanted):
    return abs(parse_time(text) - wanted) < timedelta(minutes=2)


BANNED = "421 4.7.0"


# --- what is stored and shown -----------------------------------------------------------------------------------

def test_a_ban_is_listed_and_ends_by_hand(configured):
    done = configured.ban("add", "192.0.2.1", "--for", "12h", "--reason", "spam run")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    now = datetime.now(timezone.utc)
    said = re.fullmatch(r"192\.0\.2\.1/32 is banned until (\S+)\n", done.stdout)
    assert is_about(said[1], now + timedelta(hours=12))
    [ban] = configured.bans()
    assert is_about(ban.pop("since"), now) and ban.pop("until") == said[1]
    offences = ban.pop("offences")
    assert ban == {"network": "192.0.2.1/32", "maker": "hand", "reason": "spam run"}
    assert configured.ban("list").stdout == f"192.0.2.1/32\t{said[1]}\t{offences}\thand\tspam run\n"

    done = configured.ban("del", "192.0.2.1")
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_OK, "192.0.2.1/32 is not banned any more\n", "")
    assert configured.bans() == [] and configured.ban("list").stdout == ""
    assert configured.ban("list", "--json").stdout == "[\n]\n"


def test_a_ban_for_ever(configured):
    done = configured.ban("add", "2001:db8::/32", "--forever")
    assert done.stdout == "2001:db8::/32 is banned for ever\n"
    [ban] = configured.bans()
    assert (ban["network"], ban["until"], ban["reason"]) == ("2001:db8::/32", None, "")
    assert configured.ban("list").stdout.startswith("2001:db8::/32\tforever\t")


def test_without_a_length_it_is_the_last_that_the_configuration_has(configured):
    assert configured.ban("add", "192.0.2.1").returncode == EXIT_OK
    assert is_about(configured.bans()[0]["until"], datetime.now(timezone.utc) + timedelta(days=2))


def test_a_later_order_replaces_an_earlier_one(configured):
    configured.ban("add", "192.0.2.1", "--forever", "--reason", "first")
    configured.ban("add", "192.0.2.1", "--for", "1h", "--reason", "second")
    [ban] = configured.bans()
    assert ban["reason"] == "second"
    assert is_about(ban["until"], datetime.now(timezone.utc) + timedelta(hours=1))


def test_bans_are_listed_in_the_order_of_their_networks(configured):
    networks = ["2001:db8::1/128", "10.1.0.0/24", "192.0.2.1/32", "10.1.0.0/16", "9.255.0.0/16", "2001:db8::/32"]
    for network in networks:
        assert configured.ban("add", network).returncode == EXIT_OK
    assert configured.networks() == ["9.255.0.0/16", "10.1.0.0/16", "10.1.0.0/24", "192.0.2.1/32", "2001:db8::/32",
                                     "2001:db8::1/128"]


def test_a_mapped_address_is_the_ipv4_address(local):
    local.ban("add", "::ffff:192.0.2.1")
    assert local.networks() == ["192.0.2.1/32"]
    assert local.ban("del", "192.0.2.1/32").returncode == EXIT_OK


def test_an_ended_ban_is_not_listed(configured):
    assert configured.ban("add", "192.0.2.1", "--for", "1ms").returncode == EXIT_OK
    assert configured.bans() == []
    assert configured.ban("del", "192.0.2.1").returncode == EXIT_PROBLEM


def test_nothing_to_end_is_said(configured):
    done = configured.ban("del", "192.0.2.1")
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_PROBLEM, "", "192.0.2.1/32 is not banned\n")


def test_a_wider_ban_that_still_holds_is_named(configured):
    configured.ban("add", "192.0.2.0/24")
    done = configured.ban("del", "192.0.2.1")
    assert (done.returncode, done.stdout) == (EXIT_PROBLEM, "")
    assert done.stderr == "192.0.2.1/32 is not banned\nbut 192.0.2.0/24 is banned, and has it\n"
    configured.ban("add", "192.0.2.1")
    done = configured.ban("del", "192.0.2.1")
    assert (done.returncode, done.stdout) == (EXIT_OK, "192.0.2.1/32 is not banned any more\n")
    assert done.stderr == "but 192.0.2.0/24 is banned, and has it\n"


@pytest.mark.parametrize("reason", ['"quoted" \\ and,', "grüße – \u65e5\u672c", "a;b}#c", "x" * 79, "--force", ""])
def test_any_printable_reason_is_kept_as_it_is(configured, reason):
    assert configured.ban("add", "192.0.2.1", f"--reason={reason}").returncode == EXIT_OK
    assert configured.bans()[0]["reason"] == reason
    assert configured.ban("list").stdout.split("\t")[4] == f"{reason}\n"


# --- what is refused --------------------------------------------------------------------------------------------

WRONG = [
    ("host bits", ["192.0.2.1/24"],
     "192.0.2.1/24: the address has bits set behind its first 24 (perhaps 192.0.2.0/24)"),
    ("host bits of IPv6", ["2001:db8::1/32"],
     "2001:db8::1/32: the address has bits set behind its first 32 (perhaps 2001:db8::/32)"),
    ("a name", ["mail.example.com"], "mail.example.com: not an IPv4 or IPv6 address"),
    ("nothing", [""], '"": not an IPv4 or IPv6 address'),
    ("a bad length", ["192.0.2.0/33"], "192.0.2.0/33: the length behind the slash is not a number from 0 to 32"),
    ("a zone", ["fe80::1%eth0"], "fe80::1%eth0: an address with a zone has no meaning here"),
    ("bytes of a stranger", ["192.0.2.1\x1b[2J\n"], '"192.0.2.1\\x1b[2J\\n": not an IPv4 or IPv6 address'),
    ("a time that is none", ["192.0.2.1", "--for", "soon"], "--for soon: "),
    ("a time of nothing", ["192.0.2.1", "--for", "0"], "--for 0: a ban of no length is none"),
    ("a time beyond all", ["192.0.2.1", "--for", "36601d"], "--for 36601d: longer than a hundred years"),
    ("two times", ["192.0.2.1", "--for", "1h", "--forever"], "--for and --forever exclude each other"),
    ("a control character", ["192.0.2.1", "--reason", "a\x1b[2J"], "--reason: it must be UTF-8 without control"),
    ("two lines", ["192.0.2.1", "--reason", "a\nb"], "--reason: it must be UTF-8 without control"),
    ("broken UTF-8", ["192.0.2.1", "--reason", "a\udcff"], "--reason: it must be UTF-8 without control"),
    ("a long reason", ["192.0.2.1", "--reason", "ü" * 40], "--reason: it has 80 bytes (at most 79)"),
    ("everybody", ["0.0.0.0/0"], "a network of so many addresses shuts out your own users too (--force"),
    ("everybody with IPv6", ["::/0"], "a network of so many addresses"),
    ("half of everybody", ["128.0.0.0/1"], "a network of so many addresses"),
    ("a continent", ["2a00::/12"], "a network of so many addresses"),
    ("two networks", ["192.0.2.1", "192.0.2.2"], '"192.0.2.2" is one word too many'),
]


@pytest.mark.parametrize("words, want", [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_cannot_be_meant_is_a_usage_error_and_bans_nobody(local, words, want):
    done = local.ban("add", *words)
    assert (done.returncode, done.stdout) == (EXIT_USAGE, "")
    assert done.stderr.startswith(f"mailreeve ban add: {want}"), done.stderr
    assert done.stderr.count("\n") == 1
    assert local.bans() == []


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "10.0.0.0/7"])
def test_whoever_means_it_shuts_out_everybody(local, network):
    if network == "10.0.0.0/7":
        assert local.ban("add", network, "--force").returncode == EXIT_OK
    else:
        assert local.ban("add", network, "--force", "--for", "1h").returncode == EXIT_OK
    assert local.networks() == [network]


def test_an_address_that_no_ban_holds_for_is_refused(local):
    for address in ("192.0.2.9", "10.9.1.1"):
        done = local.ban("add", address)
        assert (done.returncode, done.stdout) == (EXIT_PROBLEM, "")
        assert done.stderr.startswith("no ban holds for this address: ")
    assert local.bans() == []
    assert local.ban("add", "192.0.2.0/24").returncode == EXIT_OK


@pytest.mark.parametrize("words", [["del", "192.0.2.1/24"], ["del", "x"], ["del"], ["add"], ["list", "x"],
                                   ["list", "--json", "--nginx"], []], ids=" ".join)
def test_other_wrong_command_lines_are_usage_errors(local, words):
    done = mailreeve("ban", *words, "-c", local.service.path)
    assert (done.returncode, done.stdout) == (EXIT_USAGE, "") and done.stderr.count("\n") == 1


def test_a_configuration_that_does_not_load_is_told(local):
    local.service.path.write_text("upstraem {}\n")
    for words in (["add", "192.0.2.1"], ["del", "192.0.2.1"], ["list"]):
        assert local.ban(*words).returncode == EXIT_CONFIG


# --- a store that cannot be asked -------------------------------------------------------------------------------

def test_a_redis_that_nobody_answers_at_is_temporary(scratch):
    url = f"redis://127.0.0.1:{free_port()}"
    there = Configured(scratch / "service", f'state {{ engine = "redis"  url = "{url}" }}')
    for words in (["add", "192.0.2.1"], ["del", "192.0.2.1"], ["list"], ["list", "--nginx"]):
        done = there.ban(*words)
        assert (done.returncode, done.stdout) == (EXIT_TEMPORARY, ""), words
        assert "the store failed: " in done.stderr


def test_a_store_of_another_user_is_told_and_whose_it_is(local):
    """The operator has forgotten sudo."""
    if os.getuid() != 0:
        pytest.skip("only root can be two users")
    assert local.ban("add", "192.0.2.1").returncode == EXIT_OK
    folder = local.service.folder
    (folder / "users").chmod(0o644)
    copy = folder / "mailreeve"
    shutil.copy(program(), copy)
    for words in (["add", "192.0.2.2"], ["del", "192.0.2.1"], ["list"]):
        done = subprocess.run([copy, "ban", *words, "-c", local.service.path], text=True, capture_output=True,
                              user="nobody", group="nogroup", extra_groups=[])
        assert (done.returncode, done.stdout) == (EXIT_TEMPORARY, ""), done.stderr
        assert f"{folder}/state belongs to the user root: run this as that user or as root\n" in done.stderr
    assert local.networks() == ["192.0.2.1/32"]


def test_what_root_writes_the_services_user_can_read(local):
    if os.getuid() != 0:
        pytest.skip("only root can give files away")
    folder = local.service.folder / "state"
    folder.mkdir(mode=0o700)
    shutil.chown(folder, "nobody", "nogroup")
    assert local.ban("add", "192.0.2.1").returncode == EXIT_OK
    assert len(list(folder.iterdir())) > 1
    for path in [folder, *folder.iterdir()]:
        assert path.owner() == "nobody" and path.stat().st_mode & 0o077 == 0, path


# --- a running service ------------------------------------------------------------------------------------------

def test_the_next_session_meets_a_ban_and_its_end(configured):
    with configured.service:
        assert configured.login("192.0.2.1") == "OK"
        assert configured.ban("add", "192.0.2.0/24", "--reason", "spam run").returncode == EXIT_OK
        assert configured.login("192.0.2.1") == BANNED
        assert configured.login("198.51.100.1") == "OK"
        assert configured.login("192.0.2.9") == "OK"  # of `never`
        assert "192.0.2.0/24" in configured.service.log and "spam run" in configured.service.log
        assert configured.ban("del", "192.0.2.0/24").returncode == EXIT_OK
        assert configured.login("192.0.2.1") == "OK"


def test_a_ban_that_a_count_made_is_listed_and_ends_with_its_counts(configured):
    with configured.service:
        assert [configured.login("192.0.2.1", f"wrong {i}") for i in range(3)] == ["535 5.7.8"] * 2 + [BANNED]
        [ban] = configured.bans()
        assert (ban["network"], ban["offences"], ban["maker"], ban["reason"]) == (
            "192.0.2.1/32", 1, "count", "auth.bad-credentials")
        assert configured.ban("del", "192.0.2.1").returncode == EXIT_OK
        # one more failure is one, not the third
        assert configured.login("192.0.2.1", "wrong again") == "535 5.7.8"
        assert configured.login("192.0.2.1") == "OK"


def test_with_a_ban_by_hand_ends_what_was_counted_before(configured):
    with configured.service:
        assert configured.login("192.0.2.1", "wrong") == "535 5.7.8"
        configured.ban("add", "192.0.2.1")
        assert configured.login("192.0.2.1") == BANNED
        configured.ban("del", "192.0.2.1")
        assert configured.login("192.0.2.1", "wrong again") == "535 5.7.8"
        assert configured.login("192.0.2.1", "and again") == "535 5.7.8"
        assert configured.login("192.0.2.1") == BANNED


def test_an_order_given_while_the_service_is_down_holds_when_it_starts(configured):
    configured.ban("add", "192.0.2.1")
    with configured.service:
        assert configured.login("192.0.2.1") == BANNED
    assert configured.networks() == ["192.0.2.1/32"]
    configured.ban("del", "192.0.2.1")
    with configured.service:
        assert configured.login("192.0.2.1") == "OK"


# --- for nginx --------------------------------------------------------------------------------------------------

def test_nginx_gets_lines_that_deny(configured):
    for network in ("192.0.2.1", "2001:db8::/32", "10.0.0.0/8"):
        configured.ban("add", network, "--reason", "x; allow all")
    done = configured.ban("list", "--nginx")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert done.stdout == "deny 10.0.0.0/8;\ndeny 192.0.2.1/32;\ndeny 2001:db8::/32;\n"


def test_nginx_denies_nobody_whom_the_service_lets_in(local):
    """Bans by count hold in the mode enforce only, and none for an address of `never`."""
    with local.service:
        for i in range(2):
            local.login("192.0.2.1", f"wrong {i}")
    local.ban("add", "192.0.2.2")
    assert local.ban("list", "--nginx").stdout == "deny 192.0.2.1/32;\ndeny 192.0.2.2/32;\n"
    for screen, want in [('screen { mode = "monitor" }', "deny 192.0.2.2/32;\n"),
                         ("", "deny 192.0.2.2/32;\n"),
                         ('list "two" { kind = "ip" entries = {"192.0.2.2"} }\nscreen { never = "two" }',
                          "deny 192.0.2.1/32;\n")]:
        local.service.configure(configuration(screen))
        assert local.ban("list", "--nginx").stdout == want
        assert local.networks() == ["192.0.2.1/32", "192.0.2.2/32"]
