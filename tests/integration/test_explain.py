"""`mailreeve explain` and the running service give the same answers: the cases of explain_cases/, one by one."""

import hashlib
import hmac
import json
import re
import shutil
from urllib.parse import quote

import pytest

from harness import explain_cases, fastcgi
from harness.command import EXIT_CONFIG, EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, EXIT_USAGE, mailreeve
from harness.explain_cases import FOLDER, explain, place
from harness.mailreeve import parse_logfmt
from harness.process import Process, build_dir, socket_answers

SALT = "<1896.697170952@mail.example>"
CASES = explain_cases.read_cases(FOLDER)


@pytest.fixture(scope="module")
def folder(shared_scratch):
    """The cases' configuration, in a place where a socket may be made."""
    copy = shared_scratch / "explain"
    shutil.copytree(FOLDER, copy)
    return copy


@pytest.fixture(scope="module")
def config(folder):
    return folder / "mailreeve.conf"


@pytest.fixture(scope="module")
def service(folder, config):
    """The running service: ask it with its method ask()."""
    socket = folder / "auth.sock"
    argv = [build_dir() / "bin" / "mailreeve-auth", "-c", config]
    with Process(argv, folder / "log", ready=lambda: socket_answers(socket)) as process:
        yield Service(socket, process)


class Service:
    def __init__(self, socket, process):
        self.socket = socket
        self.process = process

    def ask(self, params):
        """The answer's header fields and the words of its audit line."""
        before = len(self.process.output())
        answer = fastcgi.ask(self.socket, params)
        decisions = [line for line in self.process.output()[before:].splitlines() if "event=decision" in line]
        assert len(decisions) == 1, self.process.tail()
        return answer, parse_logfmt(decisions[0])


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_explain_says(folder, case):
    explain_cases.check(folder, case)


def command_line(verb, value):
    if value.upper().startswith(verb):
        return value
    return verb + (value if value.startswith("<") else f"<{value}>")


def proof(facts):
    """What the client sends in the place of a password, and what it was asked: RFC 2195 and RFC 1939 7."""
    password = b"right" if facts.get("password-ok", "yes") == "yes" else b"wrong"
    if facts.get("method") == "cram-md5":
        return {"HTTP_AUTH_SALT": SALT, "HTTP_AUTH_PASS": hmac.new(password, SALT.encode(), "md5").hexdigest()}
    if facts.get("method") == "apop":
        return {"HTTP_AUTH_SALT": SALT, "HTTP_AUTH_PASS": hashlib.md5(SALT.encode() + password).hexdigest()}
    return {"HTTP_AUTH_PASS": password.decode()}


def certificate(facts):
    """What nginx says about the client's certificate."""
    said = {"HTTP_AUTH_SSL_VERIFY": "SUCCESS" if facts.get("certificate") == "verified" else "NONE"}
    for name in ("fingerprint", "subject"):
        if name in facts:
            said[f"HTTP_AUTH_SSL_{name.upper()}"] = facts[name]
    return said


def nginx_params(facts):
    """The FastCGI parameters with which nginx would put the same question."""
    params = {
        "REQUEST_METHOD": "GET",
        "DOCUMENT_URI": "/auth",
        "HTTP_X_LISTENER": facts["listener"],
        "HTTP_AUTH_METHOD": facts.get("method", "plain"),
        "HTTP_AUTH_PROTOCOL": facts.get("protocol", "smtp"),
        "HTTP_AUTH_LOGIN_ATTEMPT": facts.get("attempt", "1"),
        "HTTP_CLIENT_IP": facts.get("ip", "127.0.0.1"),
    }
    if facts.get("tls") == "on":
        params["HTTP_AUTH_SSL"] = "on"
    if "user" in facts:
        params["HTTP_AUTH_USER"] = quote(facts["user"], safe="@")
        params.update(proof(facts))
    if facts.get("method") == "external":
        params = {"HTTP_AUTH_USER": ""} | params | certificate(facts)
    if facts.get("method") == "none":
        params["HTTP_AUTH_SMTP_FROM"] = command_line("MAIL FROM:", facts.get("from", ""))
        params["HTTP_AUTH_SMTP_TO"] = command_line("RCPT TO:", facts["to"])
    return params


def said_by(answer, protocol):
    """The service's answer as explain writes it: action, code and text."""
    status = answer["Auth-Status"]
    if status == "OK":
        return "accept"
    if protocol != "smtp":
        return status
    return answer["Auth-Error-Code"] + " " + status


SHARED = [case for case in CASES if not case.only_explain]


def test_there_are_enough_cases():
    assert len(SHARED) >= 60


@pytest.mark.parametrize("case", SHARED, ids=[case.name for case in SHARED])
def test_the_service_says_the_same(config, service, case):
    _, verdict, reason, rule = explain(config, *case.words)
    answer, audit = service.ask(nginx_params(case.facts))
    action, _, text = verdict.partition(" ")
    assert said_by(answer, case.facts.get("protocol", "smtp")) == ("accept" if action == "accept" else text)
    assert (audit["verdict"], audit["reason"]) == (action, reason)
    # A source that was really asked has more to say about why it is unavailable.
    assert audit["rule"].startswith(rule)


def test_all_shows_every_rule_that_was_asked(folder, config):
    words = ["listener=people", "user=robot@acme.example", "--all"]
    done = mailreeve("explain", "-c", config, *words)
    *asked, verdict, reason, rule = done.stdout.splitlines()
    assert done.returncode == EXIT_PROBLEM
    assert all(line.startswith("asked ") for line in asked)
    assert all(line.endswith(" : next") for line in asked[:-1])
    assert asked[-1] == "asked " + rule.removeprefix("rule ") + " : refuse"
    assert reason == "reason auth.user-denied"
    settings = [re.search(r'listener "people": (\w+)', line) for line in asked]
    assert [match.group(1) for match in settings if match] == [
        "malformed", "ban", "auth", "require_tls", "methods", "auth_ips", "auth_users"]


def test_all_shows_the_account_as_well(config):
    done = mailreeve("explain", "-c", config, "listener=clear", "user=desk@acme.example", "ip=192.0.2.9", "--all")
    asked = [line for line in done.stdout.splitlines() if line.startswith("asked ")]
    assert any(": networks: entry " in line and line.endswith(" : next") for line in asked), done.stdout
    assert asked[-1].endswith(" : accept")


# The order of the rules for a recipient (design "Precedence"), as --all shows them.
RECIPIENT_RULES = [
    'listener "lan": malformed request', 'listener "lan": ban', 'listener "lan": require_tls',
    'listener "lan": relay_window', 'listener "lan": require_auth', 'listener "lan": roles_must_auth',
    'organization "cloud": authenticate_senders', 'organization "cloud": authenticate_inbound',
    'listener "lan": trusted_ips', 'listener "lan": local_ips', 'listener "lan": relay',
    'organization "listed": recipients', 'rule "no-spam"', 'rule "vips-first"', 'rule "tagged"',
    'rule "closed-at-night"', 'rule "busy"', 'rule "known-only"', 'organization "listed": domains',
]


def test_all_shows_the_rules_for_a_recipient_in_their_order(folder, config):
    done = mailreeve("explain", "-c", config, "listener=lan", "method=none", "ip=10.1.0.1",
                     "from=anna@cloud.example", "to=clerk@listed.example", "--all")
    assert done.returncode == EXIT_OK
    asked = [line for line in done.stdout.splitlines() if line.startswith("asked ")]
    wanted = iter(RECIPIENT_RULES)
    rule = next(wanted)
    for line in asked:
        assert f"{folder}/mailreeve.conf:" in line
        while not re.search(rf"conf:\d+ {re.escape(rule)}( |:|$)", line):
            rule = next(wanted, None)
            assert rule is not None, line
    assert len(asked) == len(RECIPIENT_RULES), done.stdout
    assert all(line.endswith(" : next") for line in asked[:-1])
    assert asked[-1].endswith('organization "listed": domains : accept')


def test_all_ends_with_the_rule_section_that_decides(folder, config):
    done = mailreeve("explain", "-c", config, "listener=ruled", "method=none", "from=bob@other.example",
                     "to=anna@acme.example", "ip=203.0.113.7", "--all")
    assert done.returncode == EXIT_TEMPORARY
    rules = [line for line in done.stdout.splitlines() if ' rule "' in line and line.startswith("asked ")]
    assert [re.search(r' rule "([^"]+)"', line).group(1) for line in rules] == [
        "no-spam", "vips-first", "tagged", "closed-at-night"]
    assert [line.rpartition(" : ")[2] for line in rules] == ["next", "next", "next", "defer"]
    assert rules[0].endswith('senders: not in list "spammers" : next')
    assert "verdict defer 450 4.7.1 not now, try again later" in done.stdout


def test_json_gives_a_rule_section_s_own_code_and_text(folder, config):
    done = mailreeve("explain", "-c", config, "listener=ruled", "method=none", "from=x@spam.example",
                     "to=anna@acme.example", "--json")
    assert done.returncode == EXIT_PROBLEM
    answer = json.loads(done.stdout)
    assert [answer[key] for key in ("verdict", "code", "text", "reason")] == [
        "refuse", "554 5.7.9", "not from you", "rule.no-spam"]
    assert answer["rule"].startswith(place(folder, 'rule "no-spam"'))


def test_json_says_the_same(config):
    words = ["listener=people", "user=robot@acme.example"]
    _, verdict, reason, rule = explain(config, *words)
    done = mailreeve("explain", "-c", config, *words, "--json", "--all")
    assert done.returncode == EXIT_PROBLEM
    answer = json.loads(done.stdout)
    asked = answer.pop("asked")
    assert answer == {"verdict": "refuse", "code": "535 5.7.8", "text": verdict.removeprefix("refuse 535 5.7.8 "),
                      "reason": reason, "rule": rule}
    assert asked[-1] == {"rule": rule, "answer": "refuse"}


WRONG = [
    ("a key of a message", ["listener=mx", "user=anna", "auth=anna"], "auth= goes with stage=message only"),
    ("a mistyped key", ["listner=mx"], 'unknown key "listner": did you mean "listener"?'),
    ("a word that is no fact", ["mx"], '"mx" is not key=value'),
    ("an address that is none", ["listener=mx", "ip=300.1.1.1"], "ip: "),
]


@pytest.mark.parametrize("words, want", [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_fact_is_a_usage_error(config, words, want):
    done = mailreeve("explain", "-c", config, *words)
    assert done.returncode == EXIT_USAGE
    assert done.stderr.startswith(f"mailreeve explain: {want}")
    assert done.stdout == ""


def test_a_broken_configuration_is_neither_yes_nor_no(scratch):
    config = scratch / "mailreeve.conf"
    config.write_text('listener "mx" { auht = "on" }\n')
    done = mailreeve("explain", "-c", config, "listener=mx", "user=anna")
    assert done.returncode == EXIT_CONFIG
    assert f"{config}:1: " in done.stderr and "auht" in done.stderr
    assert done.stdout == ""
