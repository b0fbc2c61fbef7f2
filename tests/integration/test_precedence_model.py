"""The engine decides as policy_model.py does: 100,000 drawn sessions in drawn configurations, without a difference.

MAILREEVE_MODEL_SEED draws other ones, MAILREEVE_MODEL_CONFIGURATIONS more of them; MAILREEVE_KEEP=1 keeps them.
"""

import itertools
import os
import random
import re
import subprocess
from collections import Counter

import pytest

import policy_draw
import policy_facts
import policy_message
import policy_model
from policy_rules import rule_sections
from harness.process import build_dir

SEED = os.environ.get("MAILREEVE_MODEL_SEED", "3")
CONFIGURATIONS = int(os.environ.get("MAILREEVE_MODEL_CONFIGURATIONS", "520"))
SESSIONS = 240      # in each of them
SHOWN = 5           # differences in a failure's text


class Case:
    """A drawn session in a drawn configuration, and what the model says about it."""

    def __init__(self, number, configuration, path, facts):
        self.number, self.configuration, self.path, self.facts = number, configuration, path, facts
        self.is_message = "stage" in facts
        self.want = (policy_message if self.is_message else policy_model).decide(configuration, facts)
        rule = next((rule for rule in configuration.rules if self.want.reason == f"rule.{rule.name}"), None)
        self.rule_action = rule and rule["action"]
        self.text = text_of_rule(rule) if rule and self.want.action != "accept" else None

    def differs(self, got):
        """What is wrong with the engine's line, or None."""
        fields = got.split("\t")
        if len(fields) != 6:
            return "not an answer"
        action, code, text, reason, rule, upstream = ["" if field == "-" else field for field in fields]
        want = self.want
        if (action, code, reason, upstream) != (want.action, want.code, want.reason, want.upstream or ""):
            return "another decision"
        if self.text and text != self.text:
            return "another text"
        return None if is_at(want.where, rule) else "another rule"

    def __str__(self):
        return f"configuration {self.number} ({self.path}): {' '.join(map(repr, policy_draw.words(self.facts)))}"


def text_of_rule(rule):
    return rule["text"] or {"refuse": "refused by local policy", "defer": "not now, try again later"}[rule["action"]]


def is_at(where, rule):
    """Whether the engine's words name that place, that section and that setting, and the entry if one decided."""
    name = f' "{where.name}"' if where.name else ""
    begin = f"{where.file}:{where.line}" + (f" {where.kind}{name}" if where.kind else "")
    begin += f": {where.setting}" if where.setting else ""
    begin += f': entry "{where.entry}" at ' if where.entry else ""
    if not rule.startswith(begin):
        return False
    rest = re.match(r"(?:: (\w+))?", rule[len(begin):])
    return where.setting is not None or rest[1] not in policy_facts.DEFAULTS.get(where.kind, {})


def draw(number, folder):
    """One configuration and its sessions."""
    draw = policy_draw.Draw(random.Random(f"{SEED}/{number}"))
    configuration = draw.configuration()
    path = policy_draw.write(configuration, folder / str(number))
    return [Case(number, configuration, path, draw.facts(configuration)) for _ in range(SESSIONS)]


def ask_engine(cases, folder):
    """The driver's lines about them: it reads a file and writes one, so nobody waits for anybody."""
    questions, answers = folder / "questions", folder / "answers"
    with open(questions, "w", errors="surrogateescape") as to:
        path = None
        for case in cases:
            if case.path != path:
                path = case.path
                to.write(f"config {path}\n")
            to.write("\t".join(["facts", *policy_draw.words(case.facts)]) + "\n")
    with open(questions) as stdin, open(answers, "w") as stdout:
        done = subprocess.run([build_dir() / "bin" / "explain_driver"], stdin=stdin, stdout=stdout,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return answers.read_text(errors="surrogateescape").splitlines()


def without_loading(lines):
    """Only the answers; every configuration must have been a good one."""
    answers, loading = [], False
    for line in lines:
        assert line != "broken", "\n".join(lines[lines.index(line):][:20])
        if line == "loaded":
            loading = True
        elif line == "end":
            loading = False
        elif not loading:
            answers.append(line)
    return answers


@pytest.fixture(scope="module")
def cases(shared_scratch):
    print(f"seed {SEED}: {CONFIGURATIONS} configurations")
    return [case for number in range(CONFIGURATIONS) for case in draw(number, shared_scratch / "drawn")]


def test_the_engine_decides_as_the_model_does(cases, shared_scratch):
    answers = without_loading(ask_engine(cases, shared_scratch))
    assert len(answers) == len(cases)
    found = [(case, case.differs(got), got) for case, got in zip(cases, answers)]
    different = [each for each in found if each[1]]
    told = [f"{wrong}: {case}\n  model  {case.want}\n  engine {got}" for case, wrong, got in different[:SHOWN]]
    assert not different, f"seed {SEED}: {len(different)} of {len(cases)} differ:\n" + "\n".join(told)


def test_there_are_enough_cases(cases):
    assert len(cases) >= 100_000 or "MAILREEVE_MODEL_CONFIGURATIONS" in os.environ


# What every rule can say, and where: (reason, section, setting); of a `rule` section: its action. "own": the setting
# stands in a tenant's own file.
ORGANIZATION_SETTINGS = [
    ("auth.org-user-denied", "auth_users"), ("sender.auth-required", "authenticate_senders"),
    ("sender.auth-required", "authenticate_inbound"), ("sender.mismatch", "match_sender"),
    ("auth.source-unavailable", "match_sender"), ("internal", "auth_exempt_ips"),
    ("from.mismatch", "match_from"), ("auth.source-unavailable", "match_from")]
POSITIONS = [
    ("request.malformed", None, "malformed request"), ("request.malformed", "listener", "malformed request"),
    ("auth.banned", None, "ban"), ("auth.banned", "listener", "ban"), ("auth.throttled", "listener", "throttle"),
    ("internal", "listener", None), ("internal", "listener", "auth_ips"), ("internal", "listener", "relay_ips"),
    ("internal", "listener", "local_ips"), ("internal", "organization", "delegated"), ("internal", "rule", "clients"),
    ("internal", "source", "networks"),
    ("auth.off", "listener", "auth"), ("auth.tls-required", "listener", "auth"),
    ("auth.tls-required", "listener", "require_tls"), ("auth.method", "listener", "methods"),
    ("auth.bad-credentials", "listener", "certificates"), ("internal", "listener", "certificates"),
    ("auth.ip-denied", "listener", "auth_ips"), ("auth.user-denied", "listener", "auth_users"),
    ("auth.bad-credentials", "source", None), ("auth.bad-credentials", "source", "networks"),
    ("auth.bad-credentials", "source", "protocols"), ("auth.bad-credentials", "source", "smtp_auth"),
    ("auth.bad-credentials", "organization", "sources"),
    ("auth.source-unavailable", "source", None), ("auth.source-unavailable", "organization", "sources"),
    ("auth.source-unavailable", "organization", "shared_with"),
    ("auth.ok", "source", None), ("auth.ok", "organization", "sources"),
    ("auth.ok", "listener", "certificates"),
    ("session.tls-required", "listener", "require_tls"), ("session.auth-required", "listener", "require_auth"),
    ("sender.mismatch", "listener", "smtp_auth"), ("auth.source-unavailable", "listener", "smtp_auth"),
    ("role.auth-required", "listener", "roles_must_auth"), ("ip.auth-required", "listener", "local_ips"),
    ("relay.denied", "listener", "relay"), ("recipient.unknown", "organization", "recipients"),
    ("recipient.unverifiable", "organization", "unverifiable_recipient"),
    ("recipient.ok", "organization", "domains"), ("recipient.ok", "listener", "relay"),
    ("recipient.ok", "listener", "relay_ips"),
    ("message.ok", "listener", None), ("internal", "listener", "login"),
    ("session.messages", "limits", "messages_per_session"), ("message.size", "limits", "message_size"),
    ("message.recipients", "limits", "recipients_per_message"), ("user.throttled", "limits", "messages_per_user"),
    ("user.throttled", "limits", "recipients_per_user"),
    ("route.none", "listener", "upstream"), ("route.none", "listener", "upstream_inbound"),
    *[(reason, kind, setting) for reason, setting in ORGANIZATION_SETTINGS for kind in ("organization", "own")],
    *[("rule", action, None) for action in ("accept", "refuse", "defer", "tag")],
]
OFTEN = 10


def position(case):
    where = case.want.where
    if case.rule_action:
        return "rule", case.rule_action, None
    return case.want.reason, "own" if where.file.endswith(".own") else where.kind, where.setting


def test_every_rule_decides_often_enough(cases):
    found = Counter(map(position, cases))
    assert set(found) <= set(POSITIONS), "the model says what no list here names"
    assert not {key: found[key] for key in POSITIONS if found[key] < OFTEN}
    assert {reason for reason, *_ in POSITIONS} == {*policy_facts.CODES, "rule"}


NOTHING_ELSE_CAN_BE_ASKED = {"malformed", "malformed_mail", "unknown_listener", "identity"}
CANNOT_MEET = {
    # one is about those who have not logged in, the other about those who have
    ("require_auth", "sender_match"), ("role", "sender_match"), ("sender_auth", "sender_match"),
    ("sender_match", "local_address"),
    ("require_auth", "user_limit"), ("sender_always", "sender_match"),
    # one is about recipients of others, the other about ours
    ("relay", "recipient_exists"),
}


def pairs(rules):
    """Each two rules, the earlier one first, that can both be a reason to stop the same session."""
    names = [rule.__name__ for rule in rules if rule.__name__ not in ("relay_window", "postmaster")]
    for pair in itertools.combinations(names, 2):
        if pair not in CANNOT_MEET and not NOTHING_ELSE_CAN_BE_ASKED & set(pair):
            yield pair


def test_every_two_rules_meet_in_some_sessions(cases):
    """So their order is seen: were they the other way round, the engine and the model would differ."""
    met = {True: Counter(), False: Counter()}   # with and without AUTH
    for case in [case for case in cases if not case.is_message][::2]:
        names = policy_model.all_that_stop(case.configuration, case.facts)
        met[case.facts["method"] != "none"].update(itertools.combinations(names, 2))
    for is_login, rules in ((True, policy_model.AUTH_RULES + policy_model.LOGIN_RULES),
                            (False, policy_model.RECIPIENT_RULES)):
        wanted = [("malformed", "banned"), ("banned", "unknown_listener"), *pairs([*rules, rule_sections])]
        assert not {pair: met[is_login][pair] for pair in wanted if met[is_login][pair] < OFTEN // 2}


@pytest.mark.parametrize("stage", ["mail", "rcpt", "header", "end"])
def test_every_two_rules_of_a_message_meet(cases, stage):
    met = Counter()
    for case in [case for case in cases if case.is_message and (stage != "header" or case.facts["from-shown"])]:
        names = policy_message.all_that_stop(case.configuration, case.facts, stage)
        met.update(itertools.combinations(names, 2))
    wanted = list(pairs(policy_message.RULES[stage]))
    assert not {pair: met[pair] for pair in wanted if met[pair] < OFTEN // 2}
