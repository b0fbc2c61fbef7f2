"""NetMail, SMTP-after-POP: "If both SMTP-after-POP and SMTP authentication are enabled, they function as an either/or
option. If a mail client does not authenticate through POP or IMAP when downloading mail, it must authenticate using
ESMTP before it can send remote messages." Through real nginx, with Dovecot's mailboxes and Postfix behind it."""

import base64
import imaplib
import poplib
import smtplib
import ssl

import pytest

from conftest import DOVECOT_USERS
from harness import fastcgi
from harness.door import FrontDoor
from harness.mailbox_clients import Imap, Pop
from harness.mailreeve import Mailreeve, parse_logfmt
from harness.postfix import login_of
from harness.process import wait_until
from harness.slapd import Slapd, person, slapd_is_usable

LEO, NINA = "leo@local.example", "nina@tenant.example"
READER = "reader@local.example"
STRANGER = "customer@far.example"

CONFIGURATION = """
failure_delay = 1s
listener "submission" {{ require_auth = true  relay_window = {window}  upstream = "relay"  upstream_inbound = "inbound"
                         default_domain = "local.example" }}
listener "mx" {{ auth = "off"  {mx}  upstream_inbound = "inbound" }}
listener "imap" {{ upstream = "imap" }}
listener "pop3" {{ upstream = "pop3"  default_domain = "local.example" }}
listener "web" {{ }}
organization "local" {{ domains = {{"local.example"}}  sources = {{}}  match_sender = true }}
organization "tenant" {{ domains = {{"tenant.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "relay" {{ server "postfix" {{ address = "127.0.0.1:{relay}" }} }}
upstream "inbound" {{ server "postfix" {{ address = "127.0.0.1:{inbound}" }} }}
upstream "imap" {{ server "dovecot" {{ address = "127.0.0.1:{imap}" }} }}
upstream "pop3" {{ server "dovecot" {{ address = "127.0.0.1:{pop3}" }} }}
"""

counter = iter(range(2, 250))


@pytest.fixture
def client():
    """A loopback address that no other test comes from."""
    return f"127.0.1.{next(counter)}"


@pytest.fixture(scope="module")
def users(crypt_hash):
    hashes = {user: crypt_hash(DOVECOT_USERS[user]) for user in (LEO, NINA)}
    return "".join(f"{user}:{text}\n" for user, text in hashes.items()) + \
        f"{READER}:{hashes[LEO]}:protocols=pop3 imap\n"


@pytest.fixture(scope="module")
def make_door(shared_scratch, front_certificate, postfix, dovecot, users):
    """make_door(relay_window, settings of mx) -> the front door, started."""
    doors = []

    def make(window, mx=""):
        text = CONFIGURATION.format(window=window, mx=mx, **postfix.ports | dovecot.ports)
        door = FrontDoor(shared_scratch / f"door{len(doors)}", *front_certificate, text, {"users": users})
        doors.append(door)
        return door.start()

    yield make
    for door in doors:
        door.stop()


@pytest.fixture(scope="module")
def door(make_door):
    return make_door("15min")


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


# --- mail programs, each at a client's address -----------------------------------------------------------------

def pop_login(door, client, trust, user=LEO, password=None):
    """Reads mail by POP3; raises poplib.error_proto where that is refused."""
    pop = Pop(door.ports["pop3s"], client, trust)
    try:
        pop.user(user)
        pop.pass_(password or DOVECOT_USERS[user])
        return pop.stat()
    finally:
        pop.close()


def imap_login(door, client, trust, user=LEO, password=None):
    imap = Imap(door.ports["imaps"], client, trust)
    try:
        imap.login(user, password or DOVECOT_USERS[user])
        return imap.select()[0]
    finally:
        imap.shutdown()


def submit(door, client, trust, sender=LEO):
    """The session of a mail program that does not log in."""
    smtp = smtplib.SMTP("localhost", door.ports["submission"], timeout=40, source_address=(client, 0))
    smtp.starttls(context=trust)
    smtp.ehlo()
    smtp.mail(sender)
    return smtp


def rcpt(door, client, trust, sender=LEO, recipient=STRANGER):
    """The answer to the first recipient, "550 5.7.1 ..."."""
    with submit(door, client, trust, sender) as smtp:
        code, text = smtp.rcpt(recipient)
    return f"{code} {text.decode()}"


def send(door, postfix, client, trust, sender=LEO):
    """Sends a message to somebody outside; returns what Postfix delivered."""
    subject = f"from {client}"
    with submit(door, client, trust, sender) as smtp:
        assert smtp.rcpt(STRANGER)[0] == 250
        smtp.data(f"Subject: {subject}\r\n\r\nafter POP\r\n")
    return postfix.wait_for_message(subject)


def decisions(door):
    return [parse_logfmt(line) for line in door.log.read_text().splitlines() if " event=decision " in line]


NEEDS_LOGIN = "530 5.7.0 authentication is required"


# --- either ... or ----------------------------------------------------------------------------------------------

def test_without_a_pop_login_mail_without_auth_is_refused(door, trust, client):
    assert rcpt(door, client, trust) == NEEDS_LOGIN


def test_after_a_pop_login_mail_without_auth_is_relayed_as_that_user(door, postfix, trust, client):
    assert pop_login(door, client, trust) == (0, 0)
    message = send(door, postfix, client, trust)
    assert message["X-Original-To"] == STRANGER
    assert login_of(message) == LEO


def test_an_imap_login_does_as_well(door, postfix, trust, client):
    assert imap_login(door, client, trust) == "OK"
    assert login_of(send(door, postfix, client, trust)) == LEO


def test_auth_needs_no_pop_login(door, postfix, trust, client):
    with smtplib.SMTP("localhost", door.ports["submission"], timeout=40, source_address=(client, 0)) as smtp:
        smtp.starttls(context=trust)
        smtp.login(LEO, DOVECOT_USERS[LEO])
        smtp.sendmail(LEO, STRANGER, f"Subject: auth from {client}\r\n\r\nby AUTH\r\n")
    assert login_of(postfix.wait_for_message(f"auth from {client}")) == LEO
    assert rcpt(door, client, trust) == NEEDS_LOGIN  # and opens no window


def test_the_name_is_the_accounts_however_it_was_typed(door, postfix, trust, client):
    imap_login(door, client, trust, user=LEO.upper(), password=DOVECOT_USERS[LEO])
    assert login_of(send(door, postfix, client, trust)) == LEO


def test_the_log_says_that_it_was_a_window_and_whose(door, trust, client):
    pop_login(door, client, trust)
    rcpt(door, client, trust)
    line = decisions(door)[-1]
    assert (line["method"], line["window"], line["user"], line["organization"]) == ("none", "on", LEO, "local")
    assert (line["client"], line["upstream"], line["reason"]) == (client, "relay", "recipient.ok")


# --- whose, and for how long --------------------------------------------------------------------------------------

def test_another_address_has_no_window(door, trust, client):
    pop_login(door, client, trust)
    assert rcpt(door, f"127.0.2.{client.rpartition('.')[2]}", trust) == NEEDS_LOGIN
    assert rcpt(door, client, trust).startswith("250 ")


@pytest.mark.parametrize("read, error", [(pop_login, poplib.error_proto), (imap_login, imaplib.IMAP4.error)])
def test_a_failed_login_opens_nothing(door, trust, client, read, error):
    with pytest.raises(error):
        read(door, client, trust, password="wrong")
    assert rcpt(door, client, trust) == NEEDS_LOGIN


def test_a_failed_login_does_not_close_the_window_of_another(door, postfix, trust, client):
    pop_login(door, client, trust)
    with pytest.raises(poplib.error_proto):
        pop_login(door, client, trust, user=NINA, password="wrong")
    assert login_of(send(door, postfix, client, trust)) == LEO


def test_the_last_login_of_an_address_is_who_it_is(door, postfix, trust, client):
    pop_login(door, client, trust, user=LEO)
    pop_login(door, client, trust, user=NINA)
    assert login_of(send(door, postfix, client, trust, sender=NINA)) == NINA


def test_a_window_ends(make_door, trust, client):
    door = make_door("1s")
    pop_login(door, client, trust)
    wait_until(lambda: rcpt(door, client, trust) == NEEDS_LOGIN, 20, "the end of the window")
    asked = [line for line in decisions(door) if line["method"] == "none"]
    assert asked[-1]["reason"] == "session.auth-required" and "window" not in asked[-1]


def test_an_account_that_may_only_read_opens_none(door, trust, client):
    """Its own limits hold for a login in the place of AUTH as for AUTH."""
    # Dovecot does not know it: what counts is that mailreeve let it in
    with pytest.raises(poplib.error_proto):
        pop_login(door, client, trust, user=READER, password=DOVECOT_USERS[LEO])
    accepted = decisions(door)[-1]
    assert (accepted["user"], accepted["verdict"], accepted["protocol"]) == (READER, "accept", "pop3")
    assert rcpt(door, client, trust, sender=READER) == NEEDS_LOGIN


def test_a_window_is_for_listeners_that_take_notice_of_it(door, trust, client):
    pop_login(door, client, trust)
    with smtplib.SMTP("localhost", door.ports["smtp"], timeout=40, source_address=(client, 0)) as smtp:
        smtp.ehlo()
        smtp.mail(LEO)
        assert smtp.rcpt(STRANGER)[0] == 550
    assert "window" not in decisions(door)[-1]


# --- what a window does not override ----------------------------------------------------------------------------

def test_the_sender_must_be_the_windows_user(door, trust, client):
    pop_login(door, client, trust)
    assert rcpt(door, client, trust, sender="boss@local.example").startswith("553 5.7.1 ")
    assert rcpt(door, client, trust, sender="").startswith("250 ")


def test_a_refused_auth_as_somebody_else_leaves_the_windows_user(door, postfix, trust, client):
    """nginx still has the refused name when it asks about the recipient."""
    pop_login(door, client, trust)
    with smtplib.SMTP("localhost", door.ports["submission"], timeout=40, source_address=(client, 0)) as smtp:
        smtp.starttls(context=trust)
        smtp.ehlo()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login("boss@local.example", "wrong")
        smtp.sendmail(LEO, STRANGER, f"Subject: after a refused AUTH {client}\r\n\r\n\r\n")
    assert login_of(postfix.wait_for_message(f"after a refused AUTH {client}")) == LEO


def test_a_ban_shuts_out_whoever_has_a_window(make_door, trust, client):
    door = make_door("15min", mx='on_auth_when_off = "ban"')
    pop_login(door, client, trust)
    assert rcpt(door, client, trust).startswith("250 ")
    with smtplib.SMTP("localhost", door.ports["smtp"], timeout=40, source_address=(client, 0)) as smtp:
        smtp.ehlo()
        assert smtp.docmd("AUTH PLAIN AGEAYg==")[0] == 502
    assert rcpt(door, client, trust).startswith("421 4.7.0 ")


# --- without nginx ----------------------------------------------------------------------------------------------

@pytest.fixture
def service(scratch, users):
    ports = {"relay": 9, "inbound": 9, "imap": 9, "pop3": 9}
    with Mailreeve(scratch / "service", CONFIGURATION.format(window="15min", mx="", **ports), {"users": users}) as one:
        yield one


def ask_recipient(service, client="192.0.2.1"):
    return service.ask(fastcgi.recipient(f"MAIL FROM:<{LEO}>", f"RCPT TO:<{STRANGER}>", listener="submission",
                                         client=client, tls=True))


def log_in(service, protocol="pop3", client="192.0.2.1"):
    answer = service.ask(fastcgi.login(LEO, DOVECOT_USERS[LEO], listener=protocol, protocol=protocol, client=client))
    assert answer.ok
    return answer


def test_the_answer_names_the_user_and_takes_back_a_password(service):
    assert ask_recipient(service)["Auth-Error-Code"] == "530 5.7.0"
    log_in(service)
    answer = ask_recipient(service)
    assert answer.ok
    assert (answer["Auth-User"], answer["Auth-Pass"], answer["Auth-Port"]) == (LEO, "", "9")


@pytest.mark.parametrize("login, same, other", [
    ("2001:db8::1", "2001:db8::1", "2001:db8::2"), ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2")])
def test_a_window_belongs_to_one_address(service, login, same, other):
    log_in(service, client=login)
    assert ask_recipient(service, same).ok
    assert not ask_recipient(service, other).ok


def test_a_client_without_an_address_has_no_window(service):
    log_in(service, client="unix:")
    assert not ask_recipient(service, "unix:").ok


@pytest.mark.parametrize("reload", [Mailreeve.reload, Mailreeve.reload_by_signal])
def test_a_window_survives_a_reload_that_leaves_it_its_time(service, reload):
    log_in(service)
    reload(service)
    assert ask_recipient(service)["Auth-User"] == LEO
    service.configure(service.path.read_text().split("\n", 1)[1].replace("relay_window = 15min", "relay_window = 0"))
    reload(service)
    assert ask_recipient(service)["Auth-Error-Code"] == "530 5.7.0"


@pytest.mark.parametrize("end", [Mailreeve.stop, lambda service: service.process.kill()], ids=["stop", "kill"])
def test_a_window_outlives_the_process(service, end):
    log_in(service)
    end(service)
    service.start()
    assert ask_recipient(service)["Auth-User"] == LEO
    assert not ask_recipient(service, "192.0.2.2").ok


def test_a_login_that_finds_no_server_opens_none(service):
    """It was not accepted in the end, so nobody has logged in."""
    service.configure(service.path.read_text().split("\n", 1)[1].replace('upstream = "pop3"', ""))
    service.reload()
    answer = service.ask(fastcgi.login(LEO, DOVECOT_USERS[LEO], listener="pop3", protocol="pop3"))
    assert answer["Auth-Status"].startswith("[SYS/TEMP]")
    assert not ask_recipient(service).ok


def test_a_login_at_a_web_page_opens_none(service):
    credentials = f"{LEO}:{DOVECOT_USERS[LEO]}".encode()
    answer = service.ask({"DOCUMENT_URI": "/auth-request", "HTTP_X_LISTENER": "web", "REMOTE_ADDR": "192.0.2.1",
                          "HTTPS": "on", "HTTP_AUTHORIZATION": b"Basic " + base64.b64encode(credentials)})
    assert answer["Status"] == "204 No Content"
    assert not ask_recipient(service).ok


# --- a directory that names its accounts without a domain -------------------------------------------------------

ANNA, BOSS, BASE = "anna@local.example", "boss@local.example", "dc=local,dc=example"

DIRECTORY = """
organization "local" {{ domains = {{"local.example"}}  sources = {{"directory"}}  match_sender = true }}
organization "tenant" {{ domains = {{"tenant.example"}}  sources = {{}} }}
source "directory" {{ type = "ldap"  uri = {{"{uri}"}}  bind_dn = "{dn}"  bind_password_file = "{file}"
                      base = "{base}"  username_attribute = "uid" }}
"""


@pytest.fixture
def directory(scratch):
    entries = [person(uid, f"{uid}'s word", BASE, mail=f"{uid}@local.example") for uid in ("anna", "boss")]
    with Slapd(scratch / "slapd", entries, base=BASE) as server:
        yield server


@pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")
def test_a_name_without_a_domain_stays_its_organizations(directory, scratch):
    """What the organization demands of its users holds for whoever logged in as one of them, and the upstream is
    told the account's one name."""
    ports = {"relay": 9, "inbound": 9, "imap": 9, "pop3": 9}
    listeners, _, rest = CONFIGURATION.format(window="15min", mx="", **ports).partition("organization")
    upstreams = rest[rest.index("upstream \"relay\" {"):]
    organizations = DIRECTORY.format(uri=directory.uri, dn=directory.service_dn, base=BASE,
                                     file=directory.service_password_file)
    with Mailreeve(scratch / "service", listeners + organizations + upstreams) as service:
        assert service.ask(fastcgi.login(ANNA, "anna's word", listener="imap", protocol="imap"))["Auth-User"] == "anna"

        def ask(sender):
            return service.ask(fastcgi.recipient(f"MAIL FROM:<{sender}>", f"RCPT TO:<{STRANGER}>",
                                                 listener="submission", tls=True))
        assert ask(BOSS)["Auth-Error-Code"] == "553 5.7.1"
        answer = ask(ANNA)
        assert answer.ok and answer["Auth-User"] == "anna"
