"""Every rule about a message through real nginx, Postfix and the guard, with LDAP and both engines of the store: who
is refused, in which words, and who is not. Each holds for the first message of a session and for the next, after a
RSET, and for each recipient."""

from dataclasses import dataclass, field

import pytest

from harness.guard_world import PASSWORD, configuration, directory, files
from harness.guarded_door import GuardedDoor, another_client, send
from harness.postfix import postfix_is_usable
from harness.process import wait_until
from harness.slapd import slapd_is_usable

MISMATCH = "553 5.7.1 the sender is not the authenticated user"
FORGED = "550 5.7.1 the From: header is not the authenticated user's"
TOO_LARGE = "552 5.3.4 the message is too large"
NO_RELAY = "550 5.7.1 relaying is not allowed"
UNKNOWN = "550 5.1.1 no such recipient"
UNVERIFIABLE = "450 4.1.1 the recipient cannot be verified now, try again later"
LOGIN_FIRST = "530 5.7.0 authentication is required for this sender"
SOME_TIME = "454 4.7.0 temporary failure, try again later"

REASONS = {
    MISMATCH: "sender.mismatch", FORGED: "from.mismatch", TOO_LARGE: "message.size", NO_RELAY: "relay.denied",
    UNKNOWN: "recipient.unknown", UNVERIFIABLE: "recipient.unverifiable", SOME_TIME: "internal",
}

BOB, ALICE, CAROL = "bob@acme.example", "alice@acme.example", "carol@acme.example"
URSULA, DAN, OLGA = "ursula@brief.example", "dan@detail.example", "olga@globex.example"
SCANNER, DEVICE = "scanner@globex.example", "device@globex.example"
NORA, FREELANCER, IVAN = "nora@norelay.example", "freelancer@nowhere.example", "ivan@broken.example"
FAR = "customer@far.example"


def lines(length):
    """A text of so many bytes at least."""
    return "\n".join(["x" * 62] * (length // 64 + 1))


@dataclass
class Rule:
    """A rule, and two messages of one user that differ in what it looks at: the good one passes, the bad one is
    refused where it says. What is not given is the user's own: sender, From:, a recipient of Acme."""
    sentence: str
    user: str | None
    bad: dict
    where: str
    reply: str
    good: dict = field(default_factory=dict)

    @property
    def reason(self):
        """What the guard's audit line says."""
        kind, _, what = self.sentence.partition(": ")
        if kind == "rule":
            return f"rule.{RULE_SECTIONS[what]}"
        return REASONS.get(self.reply) or {"roles_must_auth": "role.auth-required"}.get(kind, "sender.auth-required")

    def message(self, **changes):
        own = self.user or FAR
        message = {"sender": own, "to": [ALICE], "body": "hello", "parameters": "", **changes}
        message.setdefault("header", f"From: {own}")
        return message


# By the condition of each.
RULE_SECTIONS = {"recipients": "closed", "defer": "busy", "authenticated": "staff", "senders": "pests",
                 "size_over": "phone", "recipients_over": "party", "header_from": "shouters"}


def sender(sentence, user, bad, good=None, reply=MISMATCH):
    return Rule(sentence, user, {"sender": bad}, "mail", reply, {"sender": good} if good is not None else {})


def recipient(sentence, user, bad, reply, good=ALICE, **both):
    return Rule(sentence, user, {"to": [bad], **both}, "rcpt", reply, {"to": [good], **both})


def shown(sentence, user, bad, good=None):
    return Rule(sentence, user, {"header": bad}, "end", FORGED, {"header": good} if good else {})


RULES = [
    sender("match_sender: the sender is not the user's", BOB, ALICE, "BOB@Acme.Example"),
    sender("mail_attribute: an address that the directory does not give him", BOB, "builder@acme.example",
           "bob.builder@acme.example"),
    sender("match_sender: a sender of nobody's domain", BOB, "bob@far.example", "news@far.example"),
    sender("match_sender: a bounce has no sender", BOB, CAROL, ""),
    sender("mail_attribute: not believed about another tenant's domain", BOB, "bob@brief.example"),
    sender("sender_owners: not believed about another tenant's domain", BOB, OLGA),
    sender("sender_owners: not an owner", CAROL, "sales@acme.example", CAROL),
    sender("sender_owners: an owner", BOB, "sale@acme.example", "sales@acme.example"),
    sender("sender_owners: a sender of nobody's domain", BOB, "lists@free.example", "list@free.example"),
    sender("sender_owners: another tenant's user may be an owner", OLGA, "news2@acme.example", "sales@acme.example"),
    sender("match_sender: of another tenant's domain, for a user without it", OLGA, ALICE, FAR),
    sender("match_sender: of a tenant's domain, for a user of no tenant", FREELANCER, ALICE, FAR),
    sender("match_sender: an account without a domain has its addresses", URSULA, "ursuline@brief.example",
           "u.smith@brief.example"),
    sender("match_detail: +detail of one's own", DAN, "dana+news@detail.example", "dan+news@detail.example"),
    sender("match_detail: not where it is off", BOB, "bob+news@acme.example"),
    sender("smtp_auth: matching-sender", SCANNER, OLGA, SCANNER),
    sender("smtp_auth: any-sender, but not another tenant's", DEVICE, ALICE, OLGA),
    Rule("a broken delegated file", OLGA, {"sender": IVAN}, "mail", SOME_TIME),
    Rule("message_size: as the client declares it", BOB, {"parameters": " SIZE=20481"}, "mail", TOO_LARGE,
         {"parameters": " SIZE=20480"}),
    Rule("message_size: as it is", BOB, {"body": lines(20481)}, "end", TOO_LARGE, {"body": lines(18000)}),

    recipient("relay: a user of an organization without the right", NORA, FAR, NO_RELAY),
    recipient("relay: a user of no organization", FREELANCER, FAR, NO_RELAY),
    recipient("relay: nobody without a login", None, "other@far.example", NO_RELAY),
    recipient("recipients: known to the directory", BOB, "nobody@acme.example", UNKNOWN, "bob.builder@acme.example"),
    recipient("recipients: for mail from outside, too", None, "nobody@acme.example", UNKNOWN),
    recipient("recipients: cannot be told", BOB, "anybody@unsure.example", UNVERIFIABLE, "anybody@patient.example"),
    recipient("rule: recipients", BOB, "closed@norelay.example", "550 5.7.2 a closed list"),
    recipient("rule: defer", BOB, "busy@norelay.example", "450 4.2.1 busy just now"),
    recipient("rule: authenticated", None, "staff@norelay.example", "550 5.7.3 members only"),
    recipient("rule: senders", OLGA, "staff@norelay.example", "550 5.7.4 not from you", sender="pest@far.example"),
    recipient("authenticate_senders: unless-local", None, "other@far.example", LOGIN_FIRST, sender=OLGA),
    recipient("authenticate_inbound: always", None, "a@inbound.example", LOGIN_FIRST, sender="b@inbound.example"),

    Rule("authenticate_senders: always", None, {"sender": BOB}, "mail", LOGIN_FIRST),
    Rule("roles_must_auth", None, {"sender": "Abuse@globex.example"}, "mail", LOGIN_FIRST, {"sender": OLGA}),

    shown("match_from: another user", BOB, f"From: {ALICE}", "From: Bob Builder <BOB@acme.example>"),
    shown("match_from: a stranger", BOB, f"From: {FAR}", "From: <bob.builder@acme.example> (Bob)"),
    shown("match_from: nobody", BOB, "To: a@b.example", "From: =?utf-8?q?B=C3=B6b?= <bob@acme.example>"),
    shown("match_from: a second From:", BOB, f"From: {BOB}\nFrom: {ALICE}", f"From: {BOB}\nTo: {ALICE}"),
    shown("match_from: a second mailbox", BOB, f"From: {BOB}, {ALICE}", f"From: {BOB}, bob.builder@acme.example"),
    shown("match_from: a mailbox in a group", BOB, f"From: friends: {BOB}, {ALICE};", f"From: bobs: {BOB};"),
    shown("match_from: a name that shows an address", BOB, f'From: "{ALICE}" <{BOB}>', f'From: "{BOB}" <{BOB}>'),
    shown("match_from: an encoded name that shows one", BOB,
          f"From: =?utf-8?b?YWxpY2VAYWNtZS5leGFtcGxl?= <{BOB}>"),
    shown("match_from: a folded header", BOB, f"From: Bob\n <{ALICE}>", f"From: Bob\n <{BOB}>"),
    shown("match_from: Sender:", BOB, f"From: {BOB}\nSender: {ALICE}",
          f"From: {BOB}\nSender: bob.builder@acme.example"),
    shown("match_from: Resent-From:", BOB, f"Resent-From: {ALICE}\nFrom: {BOB}", f"Resent-From: {BOB}\nFrom: {BOB}"),
    shown("match_from: sender_owners", BOB, "From: sale@acme.example", "From: sales@acme.example"),
    shown("match_from: match_exempt_from", BOB, f"From: news@far.example, {FAR}", "From: news@far.example"),
    shown("match_from: +detail", DAN, "From: dana+x@detail.example", "From: dan+x@detail.example"),
    shown("match_from: of another tenant's domain, for a user without it", OLGA, f"From: {ALICE}", f"From: {FAR}"),
    shown("match_from: of a tenant's domain, for a user of no tenant", FREELANCER, f"From: {ALICE}",
          "From: news@acme.example"),
    shown("match_from: a directory is not believed about another tenant's domain", BOB, "From: bob@brief.example"),
    shown("match_from: an account without a domain", URSULA, "From: ursula@globex.example", f"From: {URSULA}"),

    Rule("rule: size_over", BOB, {"to": ["phone@norelay.example"], "body": lines(3000)}, "end",
         "552 5.3.5 it is a phone", {"to": ["phone@norelay.example"], "body": lines(1000)}),
    Rule("rule: recipients_over", BOB, {"to": ["party@norelay.example", ALICE]}, "end", "451 4.5.4 come alone",
         {"to": ["party@norelay.example"]}),
    Rule("rule: header_from", None, {"header": "From: Shouter@far.example"}, "end", "550 5.7.5 do not shout",
         {"header": "From: whisperer@far.example"}),
]


@pytest.fixture(scope="module")
def slapd(shared_scratch):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    with directory(shared_scratch / "slapd") as server:
        yield server


@pytest.fixture(scope="module", params=["lmdb", "redis"])
def world(request, shared_scratch, authority, front_certificate, slapd):
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    state = ""
    if request.param == "redis":
        state = f'state {{ engine = "redis"  url = "{request.getfixturevalue("redis_server").url}"  timeout = 5s }}'
    with GuardedDoor(shared_scratch / request.param, authority, front_certificate, configuration(slapd, state),
                     files(slapd)) as door:
        yield door


class Play:
    """One rule in sessions of its own; tells the refused messages from those that must arrive by their subjects."""

    def __init__(self, world, rule):
        self.world, self.rule = world, rule
        self.client = another_client()
        self.name = f"{rule.sentence} ({self.client})"
        self.count = 0

    def session(self):
        rule = self.rule
        return self.world.submit(rule.user, PASSWORD, self.client) if rule.user else self.world.deliver(self.client)

    def send(self, talk, changes):
        """Returns what send() returns, and the subject."""
        self.count += 1
        message = self.rule.message(**changes)
        subject = f"{self.count} {self.name}"
        message["header"] += f"\nSubject: {subject}"
        return send(talk, **message), subject

    def refused(self, talk, where=None):
        heard, subject = self.send(talk, self.rule.bad)
        assert heard == (where or self.rule.where, self.rule.reply)
        return subject

    def passes(self, talk):
        heard, subject = self.send(talk, self.rule.good)
        assert heard[0] == "end" and heard[1].startswith("250 2.0.0 "), heard
        return subject

    def give_up(self, talk):
        """A good message as far as its recipients, and a RSET."""
        message = self.rule.message(**self.rule.good)
        assert talk.say(f"MAIL FROM:<{message['sender']}>").startswith("250 ")
        for address in message["to"]:
            assert talk.say(f"RCPT TO:<{address}>").startswith("250 ")
        assert talk.say("RSET").startswith("250 ")

    def arrived(self, passed, refused):
        for subject in passed:
            self.world.postfix.wait_for_message(subject)
        assert not {message["Subject"] for message in self.world.postfix.messages()} & set(refused)


@pytest.mark.parametrize("rule", RULES, ids=[rule.sentence for rule in RULES])
def test_a_rule_holds_for_each_message_of_a_session(world, rule):
    play = Play(world, rule)
    passed, refused = [], []
    with play.session() as talk:
        # the first message; without a login nginx asks about it at RCPT
        at_once = rule.where if rule.user or rule.where == "end" else "rcpt"
        refused.append(play.refused(talk, at_once))
        passed.append(play.passes(talk))
        refused.append(play.refused(talk))
        play.give_up(talk)
        refused.append(play.refused(talk))
        passed.append(play.passes(talk))
    play.arrived(passed, refused)
    stage = "header" if rule.reply == FORGED else rule.where
    world.wait_for_line(client=play.client, reason=rule.reason, stage=stage)


OF_RECIPIENTS = [rule for rule in RULES if rule.where == "rcpt"]


@pytest.mark.parametrize("rule", OF_RECIPIENTS, ids=[rule.sentence for rule in OF_RECIPIENTS])
def test_a_refused_recipient_does_not_keep_the_message_from_the_others(world, rule):
    play = Play(world, rule)
    good, bad = rule.message(**rule.good), rule.message(**rule.bad)["to"][0]
    with play.session() as talk:
        assert talk.say(f"MAIL FROM:<{good['sender']}>").startswith("250 ")
        assert talk.say(f"RCPT TO:<{good['to'][0]}>").startswith("250 ")
        assert talk.say(f"RCPT TO:<{bad}>") == rule.reply
        assert talk.say(f"RCPT TO:<{CAROL}>").startswith("250 ")
        assert talk.say(f"RCPT TO:<{bad}>") == rule.reply
        assert talk.say("DATA").startswith("354 ")
        assert talk.say(f"{good['header']}\r\nSubject: {play.name}\r\n\r\nhello\r\n.").startswith("250 2.0.0 ")

    def recipients():
        found = [message for message in world.postfix.messages() if message["Subject"] == play.name]
        return sorted(message["X-Original-To"] for message in found)
    wait_until(lambda: len(recipients()) == 2, 20, "two recipients to have it")
    assert recipients() == sorted([good["to"][0], CAROL])
