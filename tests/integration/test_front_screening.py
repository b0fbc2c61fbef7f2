"""Dynamic screening through real nginx, by SMTP, POP3 and IMAP, from several loopback addresses; the passwords are
OpenLDAP's, so that it can be counted who reached it."""

import imaplib
import json
import poplib
import ssl
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import DOVECOT_USERS
from harness import fastcgi
from harness.door import FrontDoor
from harness.held_smtp import HeldSmtp
from harness.mailbox_clients import Imap, Pop
from harness.mailreeve import parse_logfmt
from harness.process import free_port, wait_until
from harness.sink import Sink
from harness.slapd import Slapd, person, slapd_is_usable
from harness.smtp_talk import SmtpTalk, plain

BASE = "dc=acme,dc=example"
ANNA, BERT, VICTIM = DOVECOT_USERS
# each is attacked by one protocol
TARGETS = [f"{protocol}@ldap.example" for protocol in ("smtp", "pop3", "imap")]
# the directory knows her by her uid, too, whatever the domain
CLARA, CLARAS_ALIAS = "clara@ldap.example", "clara@tenant.example"
PASSWORDS = DOVECOT_USERS | {target: "target's word" for target in (*TARGETS, CLARA)}

CONFIGURATION = """
failure_delay = 1s
screen {{ failures = 4  within = 1h  unknown_names = 3  bad_recipients = 3  ban = {{"1h"}}  never = "monitoring"
          account_failures = 6 }}
list "monitoring" {{ kind = "ip"  entries = {{"127.0.9.0/24"}} }}
alert "guesses" {{ events = {{"account-failures"}}  threshold = 6  command = "/usr/bin/tee -a '{told}'" }}
listener "mx" {{ auth = "off"  on_auth_when_off = "ban"  upstream_inbound = "sink" }}
listener "submission" {{ auth = "encrypted"  upstream = "sink" }}
listener "imap" {{ upstream = "imap" }}
listener "pop3" {{ upstream = "pop3" }}
organization "acme" {{ domains = {{"ldap.example", "local.example", "tenant.example"}}  sources = {{"directory"}}  recipients = "directory" }}
organization "slow" {{ domains = {{"slow.example"}}  sources = {{"slow"}} }}
source "directory" {{ type = "ldap"  uri = {{"{uri}"}}  bind_dn = "{dn}"  bind_password_file = "{file}"
                      base = "{base}"  username_attribute = "mail"  recipient_filter = "(mail=%u)"
                      cache = 0  negative_cache = 0 }}
source "slow" {{ type = "smtp"  server = {{"127.0.0.1:{held}"}}  tls = "none"  mechanisms = {{"plain"}}
                 cache = 0  negative_cache = 0 }}
upstream "sink" {{ server "sink" {{ address = "127.0.0.1:{sink}" }} }}
upstream "imap" {{ server "dovecot" {{ address = "127.0.0.1:{imap}" }} }}
upstream "pop3" {{ server "dovecot" {{ address = "127.0.0.1:{pop3}" }} }}
"""

# As the head of nginx-conf/status.conf says.
STATUS = """
server {{
    listen 127.0.0.1:{port};
    access_log off;
    include mailreeve/status.conf;
}}
"""

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

BANNED = "421 4.7.0 too many failures, try again later"
WRONG = "535 5.7.8"

counter = iter(range(2, 250))


@pytest.fixture
def client():
    """A loopback address that no other test comes from."""
    return f"127.0.3.{next(counter)}"


@pytest.fixture(scope="module")
def held():
    with HeldSmtp(is_right=lambda password: password.startswith("right")) as server:
        yield server


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, dovecot, held):
    people = [person(name.partition("@")[0], word, BASE, mail=name) for name, word in PASSWORDS.items()]
    with Slapd(shared_scratch / "slapd", people, base=BASE) as slapd, Sink() as sink:
        text = CONFIGURATION.format(uri=slapd.uri, dn=slapd.service_dn, file=slapd.service_password_file, base=BASE,
                                    sink=sink.port, held=held.port, told=shared_scratch / "told", **dovecot.ports)
        port = free_port()
        with FrontDoor(shared_scratch / "door", *front_certificate, text,
                       http_settings=STATUS.format(port=port)) as front:
            front.status_port, front.told = port, shared_scratch / "told"
            yield front


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


def events(door, name):
    return [parse_logfmt(line) for line in door.log.read_text().splitlines() if f" event={name} " in line]


def asked(door, source="directory"):
    """How often the directory was asked about a login."""
    answer = fastcgi.ask(door.socket, {"DOCUMENT_URI": "/api/v1/sources", "REQUEST_METHOD": "GET"})
    [stats] = [stats for stats in json.loads(answer.body) if stats["source"] == source]
    return sum(stats["logins"].values())


# --- a login by each protocol: what the client hears ----------------------------------------------------------------

def by_smtp(door, trust, client, user, password):
    with SmtpTalk(door.ports["submission"], tls=trust, client=client) as talk:
        talk.say("EHLO client.example")
        reply = talk.say(plain(user, password))
        assert not reply.startswith("421") or talk.is_closed()
        return reply


def by_pop3(door, trust, client, user, password):
    pop = Pop(door.ports["pop3s"], client, trust)
    try:
        pop.user(user)
        return pop.pass_(password).decode()
    except poplib.error_proto as error:
        return error.args[0].decode()
    finally:
        pop.close()


def by_imap(door, trust, client, user, password):
    imap = Imap(door.ports["imaps"], client, trust)
    try:
        return imap.login(user, password)[0]
    except imaplib.IMAP4.error as error:
        return str(error)
    finally:
        imap.shutdown()


@pytest.mark.parametrize("login, target, wrong, banned", [
    (by_smtp, TARGETS[0], WRONG, "421 4.7.0 too many failures"),
    (by_pop3, TARGETS[1], "-ERR [AUTH]", "-ERR [LOGIN-DELAY] too many failures"),
    (by_imap, TARGETS[2], "[AUTHENTICATIONFAILED]", "[LIMIT] too many failures")], ids=["smtp", "pop3", "imap"])
def test_an_address_is_banned_exactly_after_so_many_failures_and_nobody_is_asked_any_more(
        door, trust, client, login, target, wrong, banned):
    before = asked(door)
    replies = [login(door, trust, client, target, f"{client} {i}") for i in range(4)]
    assert all(wrong in reply for reply in replies), replies
    assert asked(door) == before + 4
    after = {login(door, trust, client, user, password) for user, password in (
        (target, "more"), (target, PASSWORDS[target]), ("nobody@ldap.example", "x"))}
    assert len(after) == 1 and banned in after.pop()
    assert asked(door) == before + 4
    assert [ban["offence"] for ban in events(door, "client.banned") if ban["client"] == client] == ["1"]


def test_the_ban_holds_on_every_port(door, trust, client):
    for i in range(4):
        by_imap(door, trust, client, "x" + BERT, f"wrong {i}")
    assert by_smtp(door, trust, client, ANNA, PASSWORDS[ANNA]) == BANNED
    assert "[LOGIN-DELAY]" in by_pop3(door, trust, client, ANNA, PASSWORDS[ANNA])
    with SmtpTalk(door.ports["smtp"], client=client) as talk:
        assert talk.say_all(["EHLO c.example", "MAIL FROM:<a@far.example>", f"RCPT TO:<{ANNA}>"])[-1] == BANNED


def test_one_session_is_told_no_in_its_three_attempts_and_then_banned_in_the_next(door, trust, client):
    """failures 4: three in one connection, as max_attempts allows, and one more."""
    with SmtpTalk(door.ports["submission"], tls=trust, client=client) as talk:
        talk.say("EHLO client.example")
        replies = [talk.say(plain("y" + BERT, f"wrong {i}")) for i in range(3)]
        assert all(reply.startswith(WRONG) for reply in replies)
        assert talk.is_closed()
    assert by_smtp(door, trust, client, "y" + BERT, "wrong 3").startswith(WRONG)
    assert by_smtp(door, trust, client, "y" + BERT, "wrong 4") == BANNED


def test_the_same_wrong_password_does_not_ban(door, trust, client):
    for _ in range(8):
        assert "[AUTHENTICATIONFAILED]" in by_imap(door, trust, client, ANNA, "the old one")
    assert by_imap(door, trust, client, ANNA, PASSWORDS[ANNA]) == "OK"
    assert [ban for ban in events(door, "client.banned") if ban["client"] == client] == []


def test_spraying_over_names_that_nobody_has_bans(door, trust, client):
    for i in range(3):
        assert by_smtp(door, trust, client, f"no{i}@ldap.example", "Summer2026").startswith(WRONG)
    assert by_smtp(door, trust, client, ANNA, PASSWORDS[ANNA]) == BANNED


def test_guessing_recipients_bans(door, trust, client):
    with SmtpTalk(door.ports["smtp"], client=client) as talk:
        talk.say_all(["EHLO c.example", "MAIL FROM:<a@far.example>"])
        replies = [talk.say(f"RCPT TO:<guess{i}@ldap.example>") for i in range(4)]
        assert [reply[:9] for reply in replies] == ["550 5.1.1"] * 3 + ["421 4.7.0"]
        assert talk.is_closed()
    assert [ban["reason"] for ban in events(door, "client.banned") if ban["client"] == client] == ["recipient.unknown"]


def test_auth_on_port_25_bans_at_once(door, client):
    with SmtpTalk(door.ports["smtp"], client=client) as talk:
        talk.say("EHLO c.example")
        assert talk.say(plain(ANNA, "x")).startswith("502 5.5.1")
        assert talk.is_closed()
    with SmtpTalk(door.ports["smtp"], client=client) as talk:
        assert talk.say_all(["EHLO c.example", "MAIL FROM:<a@far.example>", f"RCPT TO:<{ANNA}>"])[-1] == BANNED


def test_monitoring_is_never_banned(door, trust):
    for i in range(6):
        assert "[AUTHENTICATIONFAILED]" in by_imap(door, trust, "127.0.9.1", f"no{i}@ldap.example", f"wrong {i}")
    assert by_imap(door, trust, "127.0.9.1", BERT, PASSWORDS[BERT]) == "OK"


def test_an_account_under_attack_is_closed_to_strangers_and_its_owner_reads_his_mail(door, trust, client):
    """From many addresses, so that none is banned: six failures close the account."""
    assert by_imap(door, trust, client, VICTIM, PASSWORDS[VICTIM]) == "OK"
    for i in range(6):
        by_pop3(door, trust, f"127.0.4.{i + 1}", VICTIM, f"guess {i}")
    stranger = "127.0.4.100"
    assert "[LIMIT]" in by_imap(door, trust, stranger, VICTIM, PASSWORDS[VICTIM])
    assert by_smtp(door, trust, stranger, VICTIM, PASSWORDS[VICTIM]).startswith("421 4.7.0")
    assert by_imap(door, trust, client, VICTIM, PASSWORDS[VICTIM]) == "OK"
    assert by_smtp(door, trust, client, VICTIM, PASSWORDS[VICTIM]).startswith("235")


def test_guesses_at_an_alias_count_for_the_account_and_are_told_of_it(door, trust):
    for i in range(6):
        by_smtp(door, trust, f"127.0.5.{i + 1}", (CLARA, CLARAS_ALIAS)[i % 2], f"guess {i}")
    for i, name in enumerate((CLARA, CLARAS_ALIAS)):
        assert by_smtp(door, trust, f"127.0.5.{i + 100}", name, PASSWORDS[CLARA]).startswith("421 4.7.0")

    def told():
        return [json.loads(line)["subject"] for line in door.told.read_text().splitlines()]
    wait_until(lambda: door.told.exists() and CLARA in told(), 20, "the alert")
    assert CLARAS_ALIAS not in told()


# --- many at a time -------------------------------------------------------------------------------------------------

def test_an_office_behind_one_address_logs_in_side_by_side(door, trust, client, held):
    """More than `failures` at a time: nginx asks again for those who have to wait, and all are let in."""
    held.hold()
    with ThreadPoolExecutor(12) as pool:
        logins = [pool.submit(by_smtp, door, trust, client, f"u{i}@slow.example", f"right {i}") for i in range(12)]
        held.wait_for(4)
        held.release()
        assert {login.result(60)[:3] for login in logins} == {"235"}


def test_guesses_side_by_side_get_no_further_than_one_after_the_other(door, trust, client, held):
    held.hold()
    before = held.asked
    with ThreadPoolExecutor(20) as pool:
        logins = [pool.submit(by_smtp, door, trust, client, "u@slow.example", f"guess {i}") for i in range(20)]
        held.wait_for(4)
        held.release()
        replies = [login.result(60) for login in logins]
    assert held.asked == before + 4
    assert sorted(reply[:9] for reply in replies) == ["421 4.7.0"] * 16 + [WRONG] * 4


def test_status_and_metrics_can_be_had_through_nginx_and_nothing_else(door):
    def get(path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{door.status_port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
    code, text = get("/status")
    assert code == 200 and json.loads(text)["store"]["up"]
    assert get("/status?format=text")[1].startswith("status ")
    code, text = get("/metrics")
    assert code == 200 and "# TYPE mailreeve_bans_total counter\n" in text
    assert {get(path)[0] for path in ("/auth", "/api/v1/sources", "/metrics/../api/v1/sources")} == {404}


def test_nothing_that_was_typed_is_in_the_log(door):
    """After all of the above."""
    wait_until(lambda: events(door, "decision"), 10, "decisions")
    text = door.log.read_text()
    for secret in ("Summer2026", "guess 1", "the old one", *PASSWORDS.values()):
        assert secret not in text
