"""Whatever a source says of an account, the client hears the same refusal, in each protocol and through real nginx;
the log and `mailreeve login` tell it apart. Two entries and two sources of one name are among what is refused."""

import imaplib
import poplib
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.command import EXIT_OK, EXIT_PROBLEM, mailreeve
from harness.door import FrontDoor
from harness.mailreeve import parse_logfmt
from harness.setups import cheap_hash
from harness.slapd import Slapd, person, slapd_is_usable

BASE = "dc=dir,dc=example"
POLICY = f"cn=policy,{BASE}"
LONG_AGO = "20200101000000Z"
WORD = "the right word"

CONFIGURATION = """
failure_delay = 0
listener "submission" {{ auth = "on"  upstream = "mta" }}
listener "imap" {{ auth = "on"  upstream = "mta" }}
listener "pop3" {{ auth = "on"  upstream = "mta" }}
upstream "mta" {{ check = "none"  server "one" {{ address = "127.0.0.1:25" }} }}
organization "dir" {{ domains = {{"dir.example"}}  sources = {{"bind", "second"}} }}
organization "compare" {{ domains = {{"compare.example"}}  sources = {{"compare"}} }}
organization "first" {{ domains = {{"first.example"}}  sources = {{"bind", "second"}}  ambiguous_user = "first" }}
source "users" {{ type = "users"  file = "users" }}
source "bind" {{ {ldap}  filter = "(mail=%u)"  require_group = {{"cn=staff,{base}"}} }}
source "second" {{ {ldap}  filter = "(title=%u)" }}
source "compare" {{ {ldap}  filter = "(mail=%u)"  password = "compare" }}
"""

LDAP = """type = "ldap"  uri = {{"{uri}"}}  bind_dn = "{bind_dn}"  bind_password_file = "ldap-password"
    base = "{base}"  cache = 0  negative_cache = 0"""


def entry(uid, mail=None, **attributes):
    return person(uid, WORD, BASE, mail=mail or [f"{uid}@dir.example", f"{uid}@first.example"], **attributes)


STAFF = ("anna", "locked", "reset", "old", "twin1", "twin2", "both")

PEOPLE = [
    (POLICY, {"objectClass": ["device", "pwdPolicy"], "cn": "policy", "pwdAttribute": "userPassword",
              "pwdLockout": "TRUE", "pwdMustChange": "TRUE", "pwdMaxAge": "0"}),
    (f"cn=short,{BASE}", {"objectClass": ["device", "pwdPolicy"], "cn": "short", "pwdAttribute": "userPassword",
                          "pwdMaxAge": "86400"}),
    (f"cn=staff,{BASE}", {"objectClass": "groupOfNames", "cn": "staff",
                          "member": [f"uid={uid},ou=people,{BASE}" for uid in STAFF]}),
    entry("anna"),
    entry("locked", pwdAccountLockedTime=LONG_AGO),
    entry("reset", pwdReset="TRUE"),
    entry("old", pwdChangedTime=LONG_AGO, pwdPolicySubentry=f"cn=short,{BASE}"),
    entry("guest"),
    entry("twin1", mail=["twins@dir.example", "twins@first.example"]),
    entry("twin2", mail=["twins@dir.example", "twins@first.example"]),
    entry("both"),
    entry("other", title=["both@dir.example", "both@first.example"]),
    entry("ended", mail="ended@compare.example", pwdEndTime=LONG_AGO),
    entry("shut", mail="shut@compare.example", pwdAccountLockedTime="000001010000Z"),
]

# The name, the password, and what `mailreeve login` and the log say of it.
REFUSED = [
    ("anna@dir.example", "wrong", "wrong password"),
    ("nobody@dir.example", WORD, "unknown user"),
    ("locked@dir.example", WORD, "locked"),
    ("reset@dir.example", WORD, "password must be changed"),
    ("old@dir.example", WORD, "password expired"),
    ("guest@dir.example", WORD, "not allowed"),
    ("twins@dir.example", WORD, "ambiguous"),
    ("both@dir.example", WORD, "ambiguous"),
    ("ended@compare.example", WORD, "account expired"),
    ("shut@compare.example", WORD, "disabled"),
    ("gone@local.example", WORD, "disabled"),
]


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    with Slapd(shared_scratch / "slapd", PEOPLE, BASE, service_sees="compare",
               overlays={"ppolicy": f"ppolicy_default {POLICY}\nppolicy_use_lockout"}) as slapd:
        ldap = LDAP.format(uri=slapd.uri, bind_dn=slapd.service_dn, base=BASE)
        files = {"users": f"gone@local.example:{cheap_hash(WORD)}:disabled\n",
                 "ldap-password": slapd.service_password + "\n"}
        with FrontDoor(shared_scratch / "door", *front_certificate, CONFIGURATION.format(ldap=ldap, base=BASE),
                       files) as front:
            yield front


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


def smtp_refusal(door, trust, user, password):
    with smtplib.SMTP_SSL("localhost", door.ports["submissions"], context=trust, timeout=40) as client:
        client.ehlo()
        client.user, client.password = user, password
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.auth("PLAIN", client.auth_plain)
    return refused.value.args


def imap_refusal(door, trust, user, password):
    client = imaplib.IMAP4_SSL("localhost", door.ports["imaps"], ssl_context=trust, timeout=40)
    try:
        with pytest.raises(imaplib.IMAP4.error) as refused:
            client.login(user, password)
    finally:
        client.shutdown()
    return str(refused.value)


def pop3_refusal(door, trust, user, password):
    client = poplib.POP3_SSL("localhost", door.ports["pop3s"], context=trust, timeout=40)
    try:
        client.user(user)
        with pytest.raises(poplib.error_proto) as refused:
            client.pass_(password)
    finally:
        client.close()
    return str(refused.value)


def decisions(door):
    return [parse_logfmt(line) for line in door.log.read_text().splitlines() if " event=decision " in line]


@pytest.mark.parametrize("refusal", [smtp_refusal, imap_refusal, pop3_refusal])
def test_the_client_hears_the_same_whatever_was_said_of_the_account(door, trust, refusal):
    before = len(decisions(door))
    # side by side: nginx waits a second before it says no
    with ThreadPoolExecutor(len(REFUSED)) as pool:
        heard = list(pool.map(lambda case: refusal(door, trust, *case[:2]), REFUSED))
    assert len(set(heard)) == 1, heard
    lines = {line["login"]: line for line in decisions(door)[before:]}
    assert {line["reason"] for line in lines.values()} == {"auth.bad-credentials"}
    # the operator is told
    assert {user: line["outcome"] for user, line in lines.items()} == {user: outcome for user, _, outcome in REFUSED}
    assert all(line["rule"].endswith(f": {line['outcome']}") for line in lines.values()), lines


def login(door, user, password):
    return mailreeve("login", "-c", door.configuration, user, stdin=password + "\n")


@pytest.mark.parametrize("user, password, outcome", REFUSED, ids=[f"{user} {said}" for user, _, said in REFUSED])
def test_mailreeve_login_names_what_was_said_of_the_account(door, user, password, outcome):
    done = login(door, user, password)
    assert done.returncode == EXIT_PROBLEM, done.stdout
    assert "verdict refuse 535 5.7.8 authentication failed\nreason auth.bad-credentials\n" in done.stdout
    [rule] = [line for line in done.stdout.splitlines() if line.startswith("rule ")]
    assert rule.endswith(f": {outcome}"), done.stdout


def test_who_has_none_of_it_logs_in(door):
    assert login(door, "anna@dir.example", WORD).returncode == EXIT_OK


@pytest.mark.parametrize("user, status, said", [
    ("both@dir.example", EXIT_PROBLEM, "ambiguous"), ("both@first.example", EXIT_OK, "auth.ok"),
    ("twins@dir.example", EXIT_PROBLEM, "ambiguous"), ("twins@first.example", EXIT_PROBLEM, "ambiguous")])
def test_a_name_in_two_sources_is_the_firsts_only_where_that_is_said(door, user, status, said):
    """Of two entries in one source there is no first."""
    done = login(door, user, WORD)
    assert (done.returncode, said in done.stdout) == (status, True), done.stdout
