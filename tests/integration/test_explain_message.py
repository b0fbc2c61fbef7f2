"""`mailreeve explain stage=message`: the cases of explain_cases/messages/, one by one."""

import json
import re
import shutil

import pytest

from harness import explain_cases
from harness.command import EXIT_OK, EXIT_PROBLEM, mailreeve
from harness.explain_cases import FOLDER

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
