"""Real clients log in through the whole front door of docs/demo and send, as users of a directory, of another SMTP
server and of the users file."""

import imaplib
import poplib
import smtplib
import ssl
import subprocess
from pathlib import Path

import pytest

from conftest import DOVECOT_USERS
from harness.command import EXIT_OK, mailreeve
from harness.door import FrontDoor
from harness.postfix import login_of
from harness.process import source_dir
from harness.slapd import Slapd, person, slapd_is_usable
from harness.submission_clients import CLIENTS, Failed, Submission

BASE = "dc=ldap,dc=example"
LENA, NINA, LEO = "lena@ldap.example", "nina@tenant.example", "leo@local.example"
STRANGER = "customer@far.example"


@pytest.fixture(scope="module")
def slapd(shared_scratch, authority):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    people = [person("lena", DOVECOT_USERS[LENA], BASE, mail=LENA)]
    # a directory that lets an empty password bind (RFC 4513 5.1.2), as many do
    with Slapd(shared_scratch / "slapd", people, BASE, authority.issue("slapd"), authority.ca,
               global_settings="allow bind_anon_dn") as server:
        yield server


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, postfix, dovecot, slapd, crypt_hash):
    """docs/demo/mailreeve.conf as it is."""
    environment = {
        "DEMO": shared_scratch, "LDAP_PORT": slapd.port, "LDAP_BIND_DN": slapd.service_dn, "LDAP_BASE": BASE,
        "TENANT_PORT": postfix.ports["tenant"], "RELAY_PORT": postfix.ports["relay"],
        "INBOUND_PORT": postfix.ports["inbound"], "IMAP_PORT": dovecot.ports["imap"],
        "POP3_PORT": dovecot.ports["pop3"],
    }
    files = {"users": f"{LEO}:{crypt_hash(DOVECOT_USERS[LEO])}\n", "ldap-password": slapd.service_password + "\n"}
    with FrontDoor(shared_scratch, *front_certificate, source_dir() / "docs" / "demo" / "mailreeve.conf", files,
                   env={name: str(value) for name, value in environment.items()}) as front:
        yield front


@pytest.fixture(autouse=True)
def forgiven(request):
    """Lets a test's wrong passwords not ban those behind it, who come from the same address."""
    yield
    if "door" in request.fixturenames:
        front = request.getfixturevalue("door")
        mailreeve("ban", "del", "127.0.0.1", "-c", front.configuration, env=front.environment)


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


PORTS = {"587": ("submission", False), "465": ("submissions", True)}
# all clients on all ports are in test_submission_clients.py
COMBINATIONS = [("swaks", "587", "PLAIN"), ("curl", "465", "LOGIN"), ("msmtp", "465", "PLAIN"),
                ("smtplib", "587", "LOGIN")]

counter = iter(range(1000))


@pytest.fixture
def send(door, authority, scratch):
    """send(client, port, method, user, password) -> the message's subject; Failed when refused."""
    def do(client, port, method, user, password):
        name, implicit = PORTS[port]
        subject = f"{client} {port} {method} {next(counter)}"
        CLIENTS[client](Submission(door.ports[name], implicit, authority.ca, scratch, method, user, password, STRANGER,
                                   subject))
        return subject
    return do


# --- logins -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("user", [LENA, NINA, LEO])
@pytest.mark.parametrize("client, port, method", COMBINATIONS)
def test_a_client_logs_in_and_its_message_arrives_with_its_login(send, postfix, client, port, method, user):
    subject = send(client, port, method, user, DOVECOT_USERS[user])
    message = postfix.wait_for_message(subject)
    assert login_of(message) == user
    assert message["X-Original-To"] == STRANGER


@pytest.mark.parametrize("user", [LENA, NINA, LEO, "nobody@ldap.example", "nobody@nowhere.example"])
@pytest.mark.parametrize("client, port, method", COMBINATIONS)
def test_a_wrong_password_and_an_unknown_user_are_refused_alike(send, client, port, method, user):
    with pytest.raises(Failed) as failed:
        send(client, port, method, user, "wrong")
    # msmtp and curl print the code, not always the whole line
    assert "535" in str(failed.value)
    if client in ("swaks", "smtplib"):
        assert "5.7.8" in str(failed.value)


def test_a_name_without_domain_gets_the_listeners(send, postfix):
    subject = send("smtplib", "587", "PLAIN", "leo", DOVECOT_USERS[LEO])
    assert login_of(postfix.wait_for_message(subject)) == LEO


def test_a_name_in_capitals_is_the_same_user(send, postfix):
    subject = send("smtplib", "587", "PLAIN", LENA.upper(), DOVECOT_USERS[LENA])
    assert login_of(postfix.wait_for_message(subject)) == LENA


def test_an_empty_password_is_refused_though_the_directory_would_bind(send, slapd):
    """RFC 4513 5.1.2: the directory says yes to an empty password, to anybody."""
    bound = subprocess.run(["ldapwhoami", "-x", "-H", slapd.uri, "-D", f"uid=lena,ou=people,{BASE}", "-y", "/dev/null"],
                           capture_output=True, text=True)
    assert (bound.returncode, bound.stdout.strip()) == (0, "anonymous")
    with pytest.raises(Failed) as failed:
        send("smtplib", "587", "PLAIN", LENA, "")
    assert "535" in str(failed.value) or "501" in str(failed.value)


def forget(door):
    """What the sources said before."""
    assert mailreeve("cache", "flush", "--socket", door.socket).returncode == EXIT_OK


def test_a_stopped_directory_is_a_temporary_failure_and_its_return_is_noticed(send, slapd, postfix, door):
    service = door.service.pid
    send("smtplib", "587", "PLAIN", LENA, DOVECOT_USERS[LENA])
    slapd.stop()
    try:
        # what it said a moment ago is remembered
        send("smtplib", "587", "PLAIN", LENA, DOVECOT_USERS[LENA])
        forget(door)
        for client, port, method in (("swaks", "587", "PLAIN"), ("smtplib", "465", "LOGIN")):
            with pytest.raises(Failed) as failed:
                send(client, port, method, LENA, DOVECOT_USERS[LENA])
            assert "454" in str(failed.value) and "4.7.0" in str(failed.value)
        # those who are not in the directory do not notice
        send("smtplib", "587", "PLAIN", LEO, DOVECOT_USERS[LEO])
        send("smtplib", "587", "PLAIN", NINA, DOVECOT_USERS[NINA])
    finally:
        slapd.start()

    subject = send("smtplib", "587", "PLAIN", LENA, DOVECOT_USERS[LENA])
    assert login_of(postfix.wait_for_message(subject)) == LENA
    assert door.service.alive() and door.service.pid == service


# --- mail without a login -------------------------------------------------------------------------------------

def deliver(port, sender, recipient, subject):
    with smtplib.SMTP("localhost", port, timeout=40) as client:
        client.sendmail(sender, recipient, f"Subject: {subject}\r\n\r\nfrom outside\r\n")


def test_mail_for_our_domains_comes_in_without_a_login(door, postfix):
    deliver(door.ports["smtp"], STRANGER, LENA, "inbound")
    assert login_of(postfix.wait_for_message("inbound")) is None


def test_mail_for_other_domains_is_not_relayed_and_the_session_goes_on(door, postfix):
    with smtplib.SMTP("localhost", door.ports["smtp"], timeout=40) as client:
        client.ehlo()
        for _ in range(4):
            client.docmd(f"MAIL FROM:<{STRANGER}>")
            code, text = client.docmd("RCPT TO:<victim@elsewhere.example>")
            assert (code, text[:5]) == (550, b"5.7.1")
        client.rset()
        client.sendmail(STRANGER, NINA, "Subject: after refusals\r\n\r\nfrom outside\r\n")
    assert login_of(postfix.wait_for_message("after refusals")) is None


def test_submission_without_a_login_is_refused(door, trust):
    # an address from which nobody has read mail
    with smtplib.SMTP("localhost", door.ports["submission"], timeout=40, source_address=("127.0.0.7", 0)) as client:
        client.starttls(context=trust)
        client.ehlo()
        client.docmd(f"MAIL FROM:<{LEO}>")
        code, text = client.docmd(f"RCPT TO:<{STRANGER}>")
    assert (code, text[:5]) == (530, b"5.7.0")


# --- IMAP and POP3 ----------------------------------------------------------------------------------------------

def imap_login(door, trust, user, password):
    client = imaplib.IMAP4_SSL("localhost", door.ports["imaps"], ssl_context=trust, timeout=40)
    try:
        client.login(user, password)
        return client.select()[0]
    finally:
        client.shutdown()


def pop3_login(door, trust, user, password):
    client = poplib.POP3_SSL("localhost", door.ports["pop3s"], context=trust, timeout=40)
    try:
        client.user(user)
        client.pass_(password)
        return client.stat()
    finally:
        client.close()


@pytest.mark.parametrize("user", [LENA, NINA, LEO])
def test_mailboxes_open_by_imap_and_pop3(door, trust, user):
    assert imap_login(door, trust, user, DOVECOT_USERS[user]) == "OK"
    assert pop3_login(door, trust, user, DOVECOT_USERS[user]) == (0, 0)


def test_a_refused_imap_login_says_so_in_imaps_words(door, trust):
    with pytest.raises(imaplib.IMAP4.error, match=r"\[AUTHENTICATIONFAILED\] "):
        imap_login(door, trust, LEO, "wrong")


def test_a_refused_pop3_login_says_so_in_pop3s_words(door, trust):
    with pytest.raises(poplib.error_proto, match=r"-ERR \[AUTH\] "):
        pop3_login(door, trust, LEO, "wrong")


def test_an_outage_is_told_in_the_protocols_words(door, slapd, trust):
    slapd.stop()
    forget(door)
    try:
        with pytest.raises(imaplib.IMAP4.error, match=r"\[UNAVAILABLE\] "):
            imap_login(door, trust, LENA, DOVECOT_USERS[LENA])
        with pytest.raises(poplib.error_proto, match=r"-ERR \[SYS/TEMP\] "):
            pop3_login(door, trust, LENA, DOVECOT_USERS[LENA])
    finally:
        slapd.start()
    assert imap_login(door, trust, LENA, DOVECOT_USERS[LENA]) == "OK"


# --- secrets -----------------------------------------------------------------------------------------------------

def test_no_log_holds_a_password(door, postfix):
    """After all of the above: the logs of mailreeve-auth, nginx and Postfix."""
    logs = [door.log, postfix.log, *door.nginx.folder.glob("*.log"), *door.nginx.folder.glob("*.out")]
    for log in map(Path, logs):
        text = log.read_text(errors="replace")
        for password in DOVECOT_USERS.values():
            assert password not in text, log
    assert LENA in door.log.read_text()
