"""Whose an address is: 64 organizations with overlapping domains, all odd forms of addresses, and senders without one.

MAILREEVE_MODEL_SEED draws other ones.
"""

import os
import random
import re

import pytest

import policy_draw
import policy_values
from harness import fastcgi
from harness.explain_driver import ExplainDriver
from harness.mailreeve import Mailreeve

SEED = os.environ.get("MAILREEVE_MODEL_SEED", "3")
ORGANIZATIONS = 64
CLAIMS = 600
DOMAINS = 6000
SERVED = 300        # of the domains are asked of the running service too

# Few labels, so that most domains are below several claims.
LABELS = ["a", "b", "c", "ab", "b-a", "x_1", "ü", "A", "7"]
LOCALS = ["x", "Postmaster", "x.y", "a+b", "jürgen", '"x y"', '"x@a.b"', r'"\""', '"<>"', "x%a.b", "!#$&'*/=?^_`{|}~"]
HEADER_MAX_BYTES = 700


def drawn_domain(rng, least=1, most=6):
    return ".".join(rng.choice(LABELS) for _ in range(rng.randint(least, most)))


def drawn_claims(rng):
    """{claim: organization}, exact ones and wildcards, nested in each other."""
    claims = {}
    while len(claims) < CLAIMS:
        domain = policy_values.lower(drawn_domain(rng, least=2, most=4))
        claim = rng.choice(["", "*.", "*."]) + domain
        claims.setdefault(claim, f"org{rng.randrange(ORGANIZATIONS)}")
    return claims


def in_capitals(text):
    """ASCII letters only: what the others fold to depends on who is asked."""
    return "".join(c.upper() if c.isascii() else c for c in text)


def configuration_text(claims, rng):
    """A listener for mail, one for logins that refuses everybody by his organization, and one where senders must log
    in: each names the owner of what it was asked about."""
    lines = ['list "all" { kind = "user" entries = {"*"} }',
             'listener "mx" { auth = "off" upstream_inbound = "mx" }',
             'listener "login" { auth = "on" upstream = "mx" upstream_inbound = "mx" }',
             'upstream "mx" { check = "none" server "mx1" { address = "127.0.0.1:10025" } }']
    for organization in sorted(set(claims.values())):
        mine = [claim for claim, whose in claims.items() if whose == organization]
        spelled = ", ".join(f'"{in_capitals(claim) if rng.random() < 0.2 else claim}"' for claim in mine)
        lines.append(f'organization "{organization}" {{ domains = {{{spelled}}} auth_users = "deny all"'
                     ' authenticate_senders = "always" }')
    return "\n".join(lines) + "\n"


class Tenants:
    """The 64, and some thousand domains with their owners, found by looking at every claim."""

    def __init__(self, folder):
        rng = random.Random(f"{SEED}/tenants")
        self.rng = rng
        self.claims = drawn_claims(rng)
        self.text = configuration_text(self.claims, rng)
        self.path = folder / "tenants.conf"
        self.path.write_text(self.text)
        self.domains = [drawn_domain(rng) for _ in range(DOMAINS)]
        # Every claim itself, too, and what is directly below it.
        self.domains += [claim.removeprefix("*.") for claim in self.claims]
        self.domains += ["b." + claim.removeprefix("*.") for claim in self.claims]

    def owner(self, domain):
        return policy_values.owner(list(self.claims.items()), policy_values.lower(domain))

    def address(self, domain):
        return f"{self.rng.choice(LOCALS)}@{domain}"


@pytest.fixture(scope="module")
def tenants(shared_scratch):
    print(f"seed {SEED}")
    return Tenants(shared_scratch)


@pytest.fixture(scope="module")
def driver(tenants):
    with ExplainDriver() as asked:
        loaded, problems = asked.load(tenants.path)
        assert loaded, problems
        yield asked


def named_organization(rule):
    found = re.search(r' organization "(\w+)"', rule)
    return found and found[1]


def differences(tenants, answers):
    """Domains whose owner the engine sees otherwise: (domain, wanted, answer)."""
    return [(domain, tenants.owner(domain), answer) for domain, answer in answers
            if named_organization(answer.rule) != tenants.owner(domain)]


def test_the_draw_is_a_hard_one(tenants):
    owners = {tenants.owner(domain) for domain in tenants.domains}
    assert len(owners) == ORGANIZATIONS + 1, "all own something, and something is nobody's"
    claims = tenants.claims.items()
    contested = [domain for domain in tenants.domains
                 if len({whose for claim, whose in claims if policy_values.claim_holds(claim, domain)}) > 1]
    assert len(contested) > 1000


def test_a_recipient_is_of_the_organization_with_the_longest_claim(tenants, driver):
    questions = [("listener=mx", "method=none", "from=", f"to=<{tenants.address(domain)}>")
                 for domain in tenants.domains]
    answers = list(zip(tenants.domains, driver.ask_all(questions)))
    assert not differences(tenants, answers)[:3]
    assert all(answer.reason == ("recipient.ok" if tenants.owner(domain) else "relay.denied")
               for domain, answer in answers)


def test_a_sender_is_of_the_organization_with_the_longest_claim(tenants, driver):
    questions = [("listener=mx", "method=none", f"from=<{tenants.address(domain)}>", "to=x@nobody.example")
                 for domain in tenants.domains]
    answers = list(zip(tenants.domains, driver.ask_all(questions)))
    assert not differences(tenants, answers)[:3]
    assert all(answer.reason == ("sender.auth-required" if tenants.owner(domain) else "relay.denied")
               for domain, answer in answers)


def test_a_user_is_of_the_organization_with_the_longest_claim(tenants, driver):
    plain = [domain for domain in tenants.domains if domain.isascii()]
    questions = [("listener=login", f"user=x@{domain}") for domain in plain]
    answers = list(zip(plain, driver.ask_all(questions)))
    assert not differences(tenants, answers)[:3]
    assert all(answer.reason == ("auth.org-user-denied" if tenants.owner(domain) else "auth.bad-credentials")
               for domain, answer in answers)


@pytest.fixture(scope="module")
def service(tenants, shared_scratch):
    with Mailreeve(shared_scratch / "service", tenants.text) as running:
        yield running


def test_the_running_service_sees_the_same_owners(tenants, service):
    asked = tenants.rng.sample(tenants.domains, SERVED)
    before = len(service.decisions())
    with service.connect() as connection:
        answers = [connection.ask(fastcgi.recipient("MAIL FROM:<>", f"RCPT TO:<{tenants.address(domain)}>"))
                   for domain in asked]
    assert [answer.ok for answer in answers] == [tenants.owner(domain) is not None for domain in asked]
    audit = service.decisions()[before:]
    assert [named_organization(line["rule"]) for line in audit] == [tenants.owner(domain) for domain in asked]


# --------------------------------------------------------------------------------------- odd addresses

@pytest.fixture(scope="module")
def odd_cases(shared_scratch):
    """(configuration, path, sessions without AUTH) by the draw of the precedence test."""
    cases = []
    for number in range(40):
        draw = policy_draw.Draw(random.Random(f"{SEED}/odd/{number}"))
        configuration = draw.configuration()
        path = policy_draw.write(configuration, shared_scratch / "odd" / str(number))
        sessions = []
        while len(sessions) < 50:
            facts = draw.facts(configuration)
            if facts["method"] == "none":
                sessions.append(facts)
        cases.append((configuration, path, sessions))
    return cases


def ask_about(cases, changed):
    """The answers about all sessions with what `changed` makes of their facts."""
    with ExplainDriver() as asked:
        for configuration, path, sessions in cases:
            loaded, problems = asked.load(path)
            assert loaded, problems
            questions = [changed(facts) for facts in sessions]
            for facts, answer in zip(questions, asked.ask_all([policy_draw.words(facts) for facts in questions])):
                yield configuration, facts, answer


def test_a_bounce_is_never_refused_for_its_sender(odd_cases):
    reasons = set()
    for configuration, facts, answer in ask_about(odd_cases, lambda facts: facts | {"from": "MAIL FROM:<> SIZE=9"}):
        by_sender = {f"rule.{rule.name}" for rule in configuration.rules if rule["senders"]}
        by_sender |= {"sender.auth-required", "role.auth-required", "sender.mismatch"}
        assert answer.reason not in by_sender, facts
        reasons.add(answer.reason)
    assert {"recipient.ok", "relay.denied", "ip.auth-required", "recipient.unknown"} <= reasons


def test_what_the_world_knows_about_a_sender_does_not_matter_for_a_bounce(odd_cases):
    def bounce(elsewhere):
        return lambda facts: facts | {"from": "MAIL FROM:<>", "sender-elsewhere": elsewhere}

    told = [[answer for *_, answer in ask_about(odd_cases, bounce(word))] for word in ("yes", "no", "unavailable")]
    assert told[0] == told[1] == told[2]


def both_ends(facts, change):
    """The same with a change to the sender's command and to that of each recipient."""
    to = facts["to"]
    return facts | {"from": change(facts["from"]),
                    "to": [change(line) for line in to] if isinstance(to, list) else change(to)}


def routed(line):
    """The same path with a source route."""
    return re.sub("<(?=[^@>][^>]*@)", "<@relay.example,@acme.example:", line, count=1)


def test_a_source_route_changes_nothing(odd_cases):
    plain = [answer for *_, answer in ask_about(odd_cases, lambda facts: facts)]
    changed = [answer for *_, answer in ask_about(odd_cases, lambda facts: both_ends(facts, routed))]
    assert plain == changed


def needless_quotes(line):
    """The same address, its local part in quotes though it needs none."""
    return re.sub(r"<(\w+)@", r'<"\1"@', line, count=1)


def test_quotes_that_are_not_needed_change_nothing(odd_cases):
    plain = [answer for *_, answer in ask_about(odd_cases, lambda facts: facts)]
    changed = [answer for *_, answer in ask_about(odd_cases, lambda facts: both_ends(facts, needless_quotes))]
    assert plain == changed


def test_capitals_change_nothing(odd_cases):
    plain = [answer for *_, answer in ask_about(odd_cases, lambda facts: facts)]
    changed = [answer for *_, answer in ask_about(odd_cases, lambda facts: both_ends(facts, in_capitals))]
    assert plain == changed


# 64 and 255 bytes are the most of a local part and a domain, and 256 the most of a path (RFC 5321 4.5.3.1).
LONG_DOMAIN = ".".join(["d" * 63] * 3 + ["e" * 61, "a"])
LONG = [
    ("the longest path", "x" * 250 + "@a.b", "relay.denied"),
    ("one byte more", "x" * 251 + "@a.b", "request.malformed"),
    ("the longest path in letters of two bytes", "ü" * 125 + "@a.b", "relay.denied"),
    ("one letter more", "ü" * 126 + "@a.b", "request.malformed"),
    ("320 characters, each part of its longest", "x" * 64 + "@" + LONG_DOMAIN, "request.malformed"),
    ("320 characters in quotes", '"' + "x y" * 20 + 'zz"@' + LONG_DOMAIN, "request.malformed"),
    ("320 characters of which most are local", "x" * 316 + "@a.b", "request.malformed"),
    ("320 letters of two bytes", "ü" * 316 + "@a.b", "request.malformed"),
    ("a long domain", "x@" + LONG_DOMAIN[:252].strip("."), "relay.denied"),
    ("2,000 characters", "x" * 2000 + "@a.b", "request.malformed"),
]
LONG_CONFIGURATION = """
listener "mx" { auth = "off" upstream_inbound = "mx" }
listener "submission" { auth = "on" upstream = "mx" }
upstream "mx" { check = "none" server "mx1" { address = "127.0.0.1:10025" } }
"""


@pytest.fixture(scope="module")
def plain_service(shared_scratch):
    with Mailreeve(shared_scratch / "plain", LONG_CONFIGURATION) as running:
        yield running


@pytest.mark.parametrize("address, want", [case[1:] for case in LONG], ids=[case[0] for case in LONG])
def test_a_long_address_is_answered(plain_service, address, want):
    for mail_from, rcpt_to in (("MAIL FROM:<>", f"RCPT TO:<{address}>"), (f"MAIL FROM:<{address}>", "RCPT TO:<a@b.c>")):
        answer = plain_service.ask(fastcgi.recipient(mail_from, rcpt_to))
        assert plain_service.decisions()[-1]["reason"] == want
        assert answer["Auth-Error-Code"] == {"relay.denied": "550 5.7.1", "request.malformed": "501 5.5.2"}[want]
        assert len(answer.header) < HEADER_MAX_BYTES


def test_the_long_addresses_are_as_long_as_they_say():
    lengths = {name: len(address) for name, address, _ in LONG}
    assert all(length == 320 for name, length in lengths.items() if name.startswith("320")), lengths
    assert lengths["the longest path"] == 254


@pytest.mark.parametrize("name", ["x" * 320, "x" * 64 + "@" + LONG_DOMAIN, "x" * 316 + "@a.b", "x" * 4000 + "@a.b"])
def test_a_login_name_of_320_characters_reaches_no_source(plain_service, name):
    answer = plain_service.ask(fastcgi.login(name, "password"))
    assert plain_service.decisions()[-1]["reason"] == "request.malformed"
    assert answer["Auth-Error-Code"] == "501 5.5.2" and len(answer.header) < HEADER_MAX_BYTES
