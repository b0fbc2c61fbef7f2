"""`mailreeve explain stage=message` and the running message guard give the same answers: the cases of
explain_cases/messages/, one by one."""

import json
import re
import shutil

import pytest

from harness import explain_cases
from harness.command import EXIT_OK, EXIT_PROBLEM, mailreeve
from harness.explain_cases import FOLDER
from harness.guard import program
from harness.mailreeve import parse_logfmt
from harness.milter import Milter, milter_answers
from harness.process import Process, wait_until

CASES = explain_cases.read_cases(FOLDER / "messages")


@pytest.fixture(scope="module")
def folder(shared_scratch):
    """The cases' configuration, in a place where a socket may be made."""
    copy = shared_scratch / "messages"
    shutil.copytree(FOLDER / "messages", copy)
    config = copy / "mailreeve.conf"
    config.write_text(config.read_text().replace("@FOLDER@", str(copy)))
    return copy


@pytest.fixture(scope="module")
def config(folder):
    return folder / "mailreeve.conf"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_explain_says(folder, case):
    explain_cases.check(folder, case)


# What the guard is told by a mail server; all else comes from stores and servers, which are asked in other tests.
TOLD = {"stage", "listener", "auth", "from", "to", "header-from", "header", "ip", "size", "messages", "tls"}
SHARED = [case for case in CASES if case.facts.keys() <= TOLD and ("ip", "unix:") not in case.pairs
          and ("tls", "off") not in case.pairs]


@pytest.fixture(scope="module")
def guard(folder, config):
    """The running guard: tell it of a case with its method play()."""
    socket = folder / "milter.sock"
    with Process([program(), "-c", config], folder / "log", ready=lambda: milter_answers(socket)) as process:
        yield PlayedGuard(socket, process)


def address(value):
    return value.removeprefix("<").removesuffix(">")


class PlayedGuard:
    def __init__(self, socket, process):
        self.socket = socket
        self.process = process

    def play(self, case):
        """The answer that ends the message, and the words of its audit line; None: there is none, as the message is
        neither refused nor complete."""
        before = len(self.process.output())
        with Milter(self.socket, timeout_s=10) as milter:
            answer, is_complete = self.steps(milter.negotiate(), case)
        if answer == "continue" and not is_complete:
            return answer, None

        def lines():
            return [line for line in self.process.output()[before:].splitlines() if "event=message " in line]

        wait_until(lines, 10, "the audit line")
        assert len(lines()) == 1, lines()
        return answer, parse_logfmt(lines()[0])

    def steps(self, milter, case):
        facts, all_facts = case.facts, case.pairs
        macros = {"{tls_version}": "TLSv1.3"} if facts.get("tls") == "on" else {}
        milter.connect(facts.get("ip", "127.0.0.1"), facts.get("listener", "smtpd"), **macros)
        milter.helo()
        sender, user = address(facts.get("from", "")), facts.get("auth")
        # A name without a domain that comes by XCLIENT is one that mailreeve-auth has noted.
        login_by = "XCLIENT" if user and "@" in user else "PLAIN"
        size = {"10k": 10240, "2k": 2048}.get(facts.get("size"), int(facts.get("size", "0").strip("k")))
        for _ in range(int(facts.get("messages", 0))):
            assert milter.mail(sender, user=user, login_by=login_by) == "continue"
            milter.abort()
        answer = milter.mail(sender, *([f"SIZE={size}"] if size else []), user=user, login_by=login_by)
        recipients = [address(value) for key, value in all_facts if key == "to"]
        # No mail server tells of headers before a recipient.
        for recipient in recipients or (["bert@acme.example"] if self.headers(case) else []):
            if answer == "continue":
                answer = milter.rcpt(recipient)
        if answer != "continue" or not (recipients or self.headers(case)):
            return answer, False
        headers = self.headers(case) or [("From", user or "nobody@elsewhere.example")]
        for name, value in headers:
            milter.header(name, value)
        milter.end_of_headers()
        used = sum(len(f"{name}: {value}\r\n") for name, value in headers) + len("\r\n")
        milter.body(b"x" * (size - used if size else 10))
        return milter.end(), bool(recipients)

    @staticmethod
    def headers(case):
        found = [("From", value) if key == "header-from" else tuple(value.split(": ", 1))
                 for key, value in case.pairs if key in ("header-from", "header")]
        return [(name, value.replace("\r\n", "\n")) for name, value in found]


def test_there_are_enough_shared_cases():
    assert len(SHARED) >= 60


@pytest.mark.parametrize("case", SHARED, ids=[case.name for case in SHARED])
def test_the_guard_says_the_same(config, guard, case):
    _, verdict, reason, rule = explain_cases.explain(config, *case.words)
    answer, audit = guard.play(case)
    action, _, text = verdict.partition(" ")
    assert answer == ("continue" if action == "accept" else text)
    if audit is None:
        return
    assert (audit["verdict"], audit["reason"]) == (action, reason)
    # The guard has more to say about who the user is and which listener's rules hold.
    assert audit["rule"].startswith(rule.split(" ")[0] if reason == "internal" else rule)


def asked(config, *words):
    """The rules that --all shows, without their places, and their answers."""
    done = mailreeve("explain", "-c", config, "stage=message", *words, "--all")
    lines = [line for line in done.stdout.splitlines() if line.startswith("asked ")]
    return done, [re.sub(r"^asked (\S+:\d+|built-in) ", "", line) for line in lines]


def test_all_shows_the_rules_of_every_step(config):
    done, rules = asked(config, "listener=home", "from=bob@other.example", "to=bert@acme.example",
                        "header-from=bob@other.example", "size=1k")
    assert done.returncode == EXIT_OK
    # MAIL, RCPT, the header and the end each begin with what was sent.
    assert [rule.endswith("malformed request : next") for rule in rules].count(True) == 4
    assert [rule for rule in rules if rule.endswith(" : accept")] == [
        'listener "home" : accept', 'organization "acme": domains : accept', 'listener "home" : accept',
        'listener "home" : accept']
    assert any(rule.startswith('rule "shop": the message guard decides : next') for rule in rules)
    assert any(rule.startswith('rule "shop": header_from: ') for rule in rules)


def test_all_ends_with_the_step_that_refuses(config):
    done, rules = asked(config, "listener=home", "auth=anna@acme.example", "from=bert@acme.example",
                        "to=bert@acme.example", "header-from=bert@acme.example")
    assert done.returncode == EXIT_PROBLEM
    assert rules[-1].startswith('organization "acme": match_sender: ') and rules[-1].endswith(" : refuse")
    assert [rule.endswith("malformed request : next") for rule in rules].count(True) == 1


def test_json_says_the_same(config):
    words = ["stage=message", "listener=submission", "auth=anna@acme.example", "from=bert@acme.example"]
    _, verdict, reason, rule = explain_cases.explain(config, *words)
    done = mailreeve("explain", "-c", config, *words, "--json")
    assert done.returncode == EXIT_PROBLEM
    assert json.loads(done.stdout) == {
        "verdict": "refuse", "code": "553 5.7.1", "text": verdict.removeprefix("refuse 553 5.7.1 "),
        "reason": reason, "rule": rule}


# Without listener= it is found as the guard finds it; from= is one that the listener's settings tell apart.
LISTENERS = """
source "local" {{ type = "users"  file = "users" }}
upstream "mta" {{ check = "none"  server "one" {{ address = "127.0.0.1:10025" }} }}
organization "acme" {{ domains = {{"acme.example"}} }}
{listeners}
{guard}
"""
SUBMISSION = 'listener "submission" { auth = "on"  require_auth = true  upstream = "mta" }'
OTHER = 'listener "other" { auth = "on"  upstream = "mta" }'
MX = 'listener "mx" { auth = "off"  upstream_inbound = "mta" }'
FOUND = [
    ("the only one there is", [SUBMISSION], "", [], "session.auth-required"),
    ("the one with auth, for who has logged in", [SUBMISSION, MX], "", ["auth=a@acme.example"], "submission"),
    ("the one without auth, for others", [SUBMISSION, MX], "", [], "mx"),
    ("none of several", [SUBMISSION, OTHER, MX], "", ["auth=a@acme.example"], "internal"),
    ("the one that the section guard names", [SUBMISSION, OTHER, MX], 'guard { listener = "other" }', [], "other"),
    ("the one that is given before all", [SUBMISSION, OTHER, MX], 'guard { listener = "other" }', ["listener=mx"],
     "mx"),
]


@pytest.mark.parametrize("listeners, guard, words, want", [case[1:] for case in FOUND],
                         ids=[case[0] for case in FOUND])
def test_the_listener_is(scratch, listeners, guard, words, want):
    (scratch / "users").write_text("")
    config = scratch / "mailreeve.conf"
    config.write_text(LISTENERS.format(listeners="\n".join(listeners), guard=guard))
    _, _, reason, rule = explain_cases.explain(config, "stage=message", *words)
    if reason == "message.ok":
        assert rule.endswith(f' listener "{want}"')
    else:
        assert reason == want
