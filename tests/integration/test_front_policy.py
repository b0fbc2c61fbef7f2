"""The tables of tests/policy through real servers: nginx, mailreeve-auth, Postfix, OpenLDAP and Dovecot. Each case
with a line `front` is a client's conversation; after a refusal it goes on with what is allowed."""

import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Queue

import pytest

from harness.dovecot import Dovecot, dovecot_is_usable
from harness.policy_cases import PASSWORD, WANTED_OF_ALL, people, read_cases, rule_fits
from harness.policy_front import FAR, NEAR, PolicyDoor, Player
from harness.postfix import Postfix, login_of, postfix_is_usable
from harness.process import wait_until
from harness.slapd import Slapd, person, slapd_is_usable
from harness.smtp_talk import SmtpTalk

CASES = [case for case in read_cases() if case.front]
BASE = "dc=acme,dc=example"

# A world is a configuration: the cases of one are played side by side, the worlds one after the other at each door.
DOORS = 6
CLIENTS = 8

# The networks that may relay without a login (relay-addresses.case).
PRINTERS = "127.0.6.0/24"


class PolicyPostfix(Postfix):
    """Its inbound port takes mail for the domains of the cases only, and for nobody@ nowhere; the printers may use
    its relay port."""

    def __init__(self, *args, domains, **more):
        self.domains = domains
        super().__init__(*args, **more)

    def _write_configuration(self, *args):
        super()._write_configuration(*args)
        master = self.folder / "etc" / "master.cf"
        known = ", ".join([*(f"{domain}=OK" for domain in self.domains),
                           "{nobody@acme.example = 550 5.1.1 nobody is here}"])
        # 554 5.7.1 is Postfix's own word for relaying
        inbound = f"{{ smtpd_relay_restrictions = check_recipient_access inline:{{ {known} }}, reject }}"
        text = master.read_text()
        for old, new in (
                ("postfix/inbound\n  -o smtpd_relay_restrictions=reject_unauth_destination",
                 f"postfix/inbound\n  -o {inbound}"),
                ("-o smtpd_sasl_exceptions_networks=static:all\n  -o smtpd_relay_restrictions=",
                 f"-o smtpd_sasl_exceptions_networks=static:all\n  -o mynetworks={PRINTERS}\n"
                 "  -o smtpd_relay_restrictions=permit_mynetworks,")):
            assert text.count(old) == 1, f"master.cf of the harness has changed: {old}"
            text = text.replace(old, new)
        master.write_text(text)


def domains_of_all():
    """The domains of all organizations of all cases."""
    found = set()
    for case in CASES:
        for (kind, _), section in case.configuration.sections.items():
            if kind == "organization":
                found |= {word for word in section.settings["domains"].split('"') if "." in word and "*" not in word}
    return sorted(found)


@pytest.fixture(scope="module")
def dovecot(shared_scratch):
    """The tenant's passwords, and mailboxes of those who log in by POP."""
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    logins = {case.facts["window"] for case in CASES if "window" in case.facts} | {"nina@tenant.example"}
    with Dovecot(shared_scratch / "dovecot", dict.fromkeys(logins, PASSWORD)) as server:
        yield server


@pytest.fixture(scope="module")
def postfix(shared_scratch, authority, dovecot):
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    certificate, key = authority.issue("postfix")
    with PolicyPostfix(shared_scratch / "postfix", certificate, key, sasl=dovecot.sasl,
                       domains=domains_of_all()) as server:
        yield server


@pytest.fixture(scope="module")
def slapd(shared_scratch):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    entries = [person(addresses[0].replace("@", "-"), PASSWORD, BASE, mail=addresses) for addresses in people()]
    with Slapd(shared_scratch / "slapd", entries, BASE, service_sees="read") as server:
        yield server


@pytest.fixture(scope="module")
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


@pytest.fixture(scope="module")
def doors(shared_scratch, front_certificate, postfix, dovecot, slapd):
    environment = {name: str(port) for name, port in {
        "DIRECTORY_PORT": slapd.port, "MAIL_SERVER_PORT": postfix.ports["tenant"],
        "INBOUND_PORT": postfix.ports["inbound"], "RELAY_PORT": postfix.ports["relay"],
        "POP3_PORT": dovecot.ports["pop3"]}.items()}
    made = [PolicyDoor(shared_scratch / f"door{number}", front_certificate, environment, slapd.service_password)
            for number in range(DOORS)]
    started = []
    try:
        for door in made:
            started.append(door.__enter__())
        yield started
    finally:
        for door in started:
            door.__exit__()


class Played:
    """What came of a case: error is None or what went wrong; decisions are the audit lines of its world, rules
    are what the case's rule may be there."""

    def __init__(self):
        self.error = self.delivered = None
        self.decisions, self.rules = [], []


def play_world(door, trust, cases, played):
    world = door.load(cases[0].configuration, cases[0].files)
    begin = door.log_size()

    def play(case):
        player = Player(door, trust, case)
        try:
            player.play()
        except Exception as error:  # told by the case's own test
            played[case].error = error
        played[case].delivered = player.delivered

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(play, cases))
    decisions = door.decisions(begin)
    for case in cases:
        played[case].rules = world.rules_of_the_service(case.rule)
        played[case].decisions = decisions


@pytest.fixture(scope="module")
def played(doors, trust):
    """All cases, played: each refusal takes the second that nginx waits with it, so they are played side by side."""
    worlds = {}
    for case in CASES:
        worlds.setdefault(case.world, []).append(case)
    queue = Queue()
    for cases in worlds.values():
        queue.put(cases)
    results = {case: Played() for case in CASES}

    def serve(door):
        while True:
            try:
                cases = queue.get_nowait()
            except Empty:
                return
            play_world(door, trust, cases, results)

    with ThreadPoolExecutor(DOORS) as pool:
        list(pool.map(serve, doors))
    return results


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_client_meets_what_the_table_says(played, case):
    result = played[case]
    if result.error:
        raise result.error
    wanted = (case.wanted.reason, case.facts.get("ip", "127.0.0.1"))
    assert any((line["reason"], line["client"]) == wanted and any(rule_fits(line["rule"], rule) for rule in result.rules)
               for line in result.decisions), f"{wanted} by {result.rules} is not among {result.decisions}"


@pytest.fixture(scope="module")
def arrived(played, postfix):
    """The messages that were sent, by their subjects."""
    subjects = {result.delivered[0] for result in played.values() if result.delivered}

    def messages():
        found = {message["Subject"]: message for message in postfix.messages()}
        return found if subjects <= set(found) else None
    return wait_until(messages, 60, "all messages to be delivered")


DELIVERED = [case for case in CASES if case.front == "delivered"]


@pytest.mark.parametrize("case", DELIVERED, ids=[case.id for case in DELIVERED])
def test_the_message_arrives_with_its_login(played, arrived, case):
    assert played[case].error is None
    subject, login = played[case].delivered
    assert login_of(arrived[subject]) == login


def test_refused_recipients_do_not_keep_the_message_from_the_others(doors, postfix):
    case = next(case for case in CASES if case.file.stem == "netmail")
    doors[0].load(case.configuration, case.files)
    with SmtpTalk(doors[0].ports["smtp"], client="127.0.9.1") as talk:
        assert talk.say("EHLO client.example").startswith("250")
        assert talk.say(f"MAIL FROM:<{FAR}>").startswith("250")
        for stranger in ("a@third.example", "b@third.example"):
            assert talk.say(f"RCPT TO:<{stranger}>").startswith("550 5.7.1 ")
        assert talk.say("NOOP").startswith("250")
        assert talk.say("RSET").startswith("250")
        assert talk.say("RCPT TO:<bert@acme.example>").startswith("503")
        assert talk.say(f"MAIL FROM:<{FAR}>").startswith("250")
        assert talk.say("RCPT TO:<c@third.example>").startswith("550 5.7.1 ")
        assert talk.say(f"RCPT TO:<{NEAR}>").startswith("250 2.1.5")
        assert talk.say("DATA").startswith("354")
        assert talk.say("Subject: to one\r\n\r\nof four\r\n.").startswith("250")
    postfix.wait_for_message("to one")
    recipients = [message["X-Original-To"] for message in postfix.messages() if message["Subject"] == "to one"]
    assert recipients == [NEAR]


def test_auth_is_not_offered_on_the_smtp_port(doors, trust):
    """MDaemon: "AUTH will not be offered in the EHLO response"."""
    offers = {}
    for name in ("smtp", "submission"):
        with smtplib.SMTP("localhost", doors[0].ports[name], timeout=20) as client:
            client.starttls(context=trust)
            client.ehlo()
            offers[name] = client.has_extn("auth")
    assert offers == {"smtp": False, "submission": True}


# What no message's headers decide: those nginx never sees.
AT_THE_DOOR = [case for case in read_cases() if case.facts.get("stage") != "message"]


@pytest.mark.parametrize("manual", [name for name in WANTED_OF_ALL if name in {case.manual for case in AT_THE_DOOR}])
def test_every_setting_is_played_both_ways(manual):
    actions = {case.wanted.action for case in CASES if case.manual == manual}
    assert {"accept", "refuse"} <= actions


def test_every_refusal_of_the_tables_is_played():
    """But for the temporary failure of a client without an address, which nginx's TCP ports do not have."""
    tables = {case.wanted.reason for case in AT_THE_DOOR if case.wanted.action in ("refuse", "defer")}
    rules = {reason for reason in tables if reason.startswith("rule.")}
    # heard by the one who comes back (`after`)
    assert tables - rules - {"auth.banned"} <= {case.wanted.reason for case in CASES}


def test_who_logs_in_by_pop_has_an_address_of_his_own():
    addresses = [case.facts["ip"] for case in CASES if "window" in case.facts]
    assert len(set(addresses)) == len(addresses)
    others = {case.facts.get("ip", "127.0.0.1") for case in CASES if "window" not in case.facts}
    assert others.isdisjoint(addresses)
