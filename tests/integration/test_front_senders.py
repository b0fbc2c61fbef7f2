"""As whom a user may send who has read his mail (relay_window), through real nginx: as his own name, as the other
addresses of his directory entry (mail_attribute), or, SMG 18, as nobody else ("matching-sender")."""

import imaplib
import smtplib
import socket
import ssl
import subprocess

import pytest

from harness.door import FrontDoor
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import parse_logfmt
from harness.process import wait_until
from harness.setups import cheap_hash
from harness.slapd import Slapd, person, slapd_is_usable

BASE = "dc=dir,dc=example"
# in the directory: with aliases; in the users file
ADA, LOVELACE, COUNTESS, BO = "ada@dir.example", "lovelace@dir.example", "countess@dir.example", "bo@dir.example"
ANY, MATCHING, NONE = "any@acme.example", "matching@acme.example", "none@acme.example"
PASSWORD = "everybody's secret"
STRANGER = "customer@far.example"

CONFIGURATION = """
failure_delay = 1s
listener "submission" {{ require_auth = true  relay_window = 15min  upstream = "relay" }}
listener "mx" {{ auth = "off"  upstream_inbound = "relay" }}
listener "imap" {{ upstream = "imap" }}
listener "pop3" {{ upstream = "imap" }}
organization "dir" {{ domains = {{"dir.example"}}  sources = {{"directory"}}  match_sender = true }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}}  match_exempt_senders = "news" }}
list "news" {{ kind = "user"  entries = {{"news@acme.example"}} }}
source "users" {{ type = "users"  file = "users" }}
source "directory" {{ type = "ldap"  uri = {{"{uri}"}}  ca_file = "{ca}"  bind_dn = "{bind_dn}"
                      bind_password_file = "ldap-password"  base = "{base}"  filter = "(mail=%u)"
                      username_attribute = "title"  mail_attribute = {{"mail"}}  cache = 0  negative_cache = 0 }}
upstream "relay" {{ server "postfix" {{ address = "127.0.0.1:{relay}" }} }}
upstream "imap" {{ server "dovecot" {{ address = "127.0.0.1:{imap}" }} }}
"""

counter = iter(range(2, 250))


@pytest.fixture
def client():
    """A loopback address that no other test comes from."""
    return f"127.0.2.{next(counter)}"


@pytest.fixture(scope="module")
def dovecot(shared_scratch):
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    with Dovecot(shared_scratch / "dovecot", {user: PASSWORD for user in (ADA, BO, ANY, MATCHING, NONE)}) as server:
        yield server


@pytest.fixture(scope="module")
def slapd(shared_scratch, authority):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    people = [person("ada", PASSWORD, BASE, mail=[ADA, LOVELACE, "Countess@DIR.example"], title=ADA),
              person("bo", PASSWORD, BASE, mail=BO, title=BO)]
    with Slapd(shared_scratch / "slapd", people, BASE, authority.issue("slapd"), authority.ca) as server:
        yield server


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, authority, relay, dovecot, slapd):
    text = CONFIGURATION.format(uri=slapd.tls_uri, ca=authority.ca, bind_dn=slapd.service_dn, base=BASE,
                                relay=relay.port, imap=dovecot.ports["imap"])
    hashed = cheap_hash(PASSWORD)
    users = f"{ANY}:{hashed}\n{MATCHING}:{hashed}:smtp_auth=matching-sender\n{NONE}:{hashed}:smtp_auth=no\n"
    with FrontDoor(shared_scratch / "door", *front_certificate, text,
                   {"users": users, "ldap-password": slapd.service_password + "\n"}) as front:
        yield front


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)



def imap_login(door, trust, client, user):
    """From an address of the caller's, which opens the window."""
    class From(imaplib.IMAP4_SSL):
        def _create_socket(self, timeout):
            plain = socket.create_connection((self.host, self.port), timeout, source_address=(client, 0))
            return self.ssl_context.wrap_socket(plain, server_hostname=self.host)

    imap = From("localhost", door.ports["imaps"], ssl_context=trust, timeout=40)
    try:
        imap.login(user, PASSWORD)
    finally:
        imap.shutdown()


def send(door, trust, client, sender, recipient=STRANGER):
    """Sends without a login; returns the subject."""
    subject = f"as {sender} from {client} {next(counter)}"
    with smtplib.SMTP("localhost", door.ports["submission"], timeout=40, source_address=(client, 0)) as smtp:
        smtp.starttls(context=trust)
        smtp.sendmail(sender, recipient, f"Subject: {subject}\r\n\r\ntext\r\n")
    return subject


def refusal(door, trust, client, sender):
    with pytest.raises(smtplib.SMTPException) as refused:
        send(door, trust, client, sender)
    error = refused.value
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [(code, text)] = error.recipients.values()
        return code, text.split()[0].decode()
    return error.smtp_code, error.smtp_error.split()[0].decode()


def last_decision(door):
    return [parse_logfmt(line) for line in door.log.read_text().splitlines() if " event=decision " in line][-1]


@pytest.mark.parametrize("sender", [ADA, LOVELACE, COUNTESS, LOVELACE.upper()])
@pytest.mark.parametrize("login", [ADA, LOVELACE])
def test_all_addresses_of_an_entry_are_its_users_own(door, trust, client, relay, login, sender):
    """However he logged in; the mail server sees the account's one name."""
    imap_login(door, trust, client, login)
    assert relay.login(send(door, trust, client, sender)) == ADA


@pytest.mark.parametrize("sender", [BO, "nobody@dir.example", "lovelace@dir.example.evil.example"])
def test_others_addresses_are_not(door, trust, client, sender):
    imap_login(door, trust, client, ADA)
    assert refusal(door, trust, client, sender) == (553, "5.7.1")
    assert last_decision(door)["reason"] == "sender.mismatch"


def test_a_user_without_aliases_owns_his_name_alone(door, trust, client, relay):
    imap_login(door, trust, client, BO)
    assert relay.login(send(door, trust, client, BO)) == BO
    assert refusal(door, trust, client, LOVELACE) == (553, "5.7.1")


def test_when_the_directory_cannot_say_it_is_not_now(door, trust, client, relay, slapd):
    imap_login(door, trust, client, ADA)
    slapd.stop()
    try:
        code, _ = refusal(door, trust, client, LOVELACE)
        assert code in (450, 451, 454)
        # his own name needs no directory
        assert relay.login(send(door, trust, client, ADA)) == ADA
    finally:
        slapd.start()

    def sends():
        try:
            return send(door, trust, client, LOVELACE)
        except smtplib.SMTPRecipientsRefused:
            return None

    # a directory that was down is asked again after a short while
    assert relay.login(wait_until(sends, 20, "the directory to be asked again")) == ADA


def test_an_entry_that_lost_an_alias_owns_it_no_more(door, trust, client, slapd):
    """Asked for each mail, not remembered from the login."""
    imap_login(door, trust, client, ADA)
    change = (f"dn: uid=ada,ou=people,{BASE}\nchangetype: modify\n{{}}: mail\nmail: {LOVELACE}\n")

    def modify(verb):
        done = subprocess.run(["ldapmodify", "-x", "-H", slapd.uri, "-D", f"cn=admin,{BASE}", "-w", "admin"],
                              input=change.format(verb), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    modify("delete")
    try:
        assert refusal(door, trust, client, LOVELACE) == (553, "5.7.1")
    finally:
        modify("add")
    send(door, trust, client, LOVELACE)


# --- SMG 18 -----------------------------------------------------------------------------------------------------

def test_any_sender_sends_as_his_organization_lets_him(door, trust, client, relay):
    imap_login(door, trust, client, ANY)
    assert relay.login(send(door, trust, client, "other@acme.example")) == ANY


def test_matching_sender_sends_as_himself_only_though_his_organization_would_let_him(door, trust, client, relay):
    imap_login(door, trust, client, MATCHING)
    assert relay.login(send(door, trust, client, MATCHING)) == MATCHING
    for sender in ("other@acme.example", ANY, "somebody@far.example"):
        assert refusal(door, trust, client, sender) == (553, "5.7.1")
    # but for those that his organization exempts
    assert relay.login(send(door, trust, client, "news@acme.example")) == MATCHING


def test_an_account_that_cannot_be_used_for_smtp_reads_mail_and_opens_no_window(door, trust, client):
    imap_login(door, trust, client, NONE)
    assert refusal(door, trust, client, NONE) == (530, "5.7.0")


def test_nor_does_it_log_in_by_smtp(door, trust, client):
    with smtplib.SMTP("localhost", door.ports["submission"], timeout=40, source_address=(client, 0)) as smtp:
        smtp.starttls(context=trust)
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            smtp.login(NONE, PASSWORD)
    assert (refused.value.smtp_code, refused.value.smtp_error) == (535, b"5.7.8 authentication failed")
    assert "smtp_auth" in last_decision(door)["rule"]
