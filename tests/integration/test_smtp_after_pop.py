"""NetMail, "Authenticating SMTP Connections", sentence by sentence, and the dynamic screen of MDaemon's "SMTP
Authentication": through real nginx, with Dovecot's mailboxes, Postfix behind it, and both engines of the store."""

import imaplib
import itertools
import json
import poplib
import signal
import smtplib
import ssl
import time

import pytest

from conftest import DOVECOT_USERS
from harness.command import EXIT_OK, mailreeve
from harness.door import FrontDoor
from harness.mail_programs import MailProgram
from harness.mailreeve import parse_logfmt
from harness.postfix import login_of
from harness.process import wait_until
from harness.redis import Redis, redis_is_usable
from harness.smtp_talk import SmtpTalk, plain

LEO, NINA, GHOST = "leo@local.example", "nina@tenant.example", "ghost@local.example"
STRANGER = "customer@far.example"
OUTSIDE = "250 "
NO_RELAY = "550 5.7.1 relaying is not allowed"
BANNED = "421 4.7.0 too many failures, try again later"

CONFIGURATION = """
{state}
failure_delay = 1s
listener "submission" {{ relay_window = {window}  upstream = "relay"  upstream_inbound = "inbound" }}
listener "mx" {{ auth = "off"  on_auth_when_off = "{attempt}"  upstream_inbound = "inbound" }}
listener "imap" {{ upstream = "imap" }}
listener "pop3" {{ upstream = "pop3" }}
organization "local" {{ domains = {{"local.example"}}  sources = {{}} }}
organization "tenant" {{ domains = {{"tenant.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "relay" {{ server "postfix" {{ address = "127.0.0.1:{relay}" }} }}
upstream "inbound" {{ server "postfix" {{ address = "127.0.0.1:{inbound}" }} }}
upstream "imap" {{ server "dovecot" {{ address = "127.0.0.1:{imap}" }} }}
upstream "pop3" {{ server "dovecot" {{ address = "127.0.0.1:{pop3}" }} }}
"""

addresses = (f"127.0.{high}.{low}" for high, low in itertools.product(range(41, 60), range(2, 250)))


@pytest.fixture(scope="module")
def redis(shared_scratch):
    if not redis_is_usable():
        pytest.skip("redis-server is not installed")
    with Redis(shared_scratch / "redis") as server:
        yield server


@pytest.fixture(scope="module", params=["lmdb", "redis"])
def state_of(request, shared_scratch):
    """name -> the `state` section of a store of that name."""
    if request.param == "lmdb":
        return lambda name: f'state {{ path = "{shared_scratch / name}"  size = "4M"  timeout = 5s }}'
    server = request.getfixturevalue("redis")
    return lambda name: f'state {{ engine = "redis"  url = "{server.url}"  prefix = "{name}:"  timeout = 5s }}'


@pytest.fixture(scope="module")
def users(crypt_hash):
    return "".join(f"{user}:{crypt_hash(DOVECOT_USERS[user])}\n" for user in (LEO, NINA))


class Door(FrontDoor):
    """A front door, its commands and its log."""

    def command(self, *words):
        """Runs mailreeve on this configuration; returns what it printed."""
        group, verb, *rest = words
        done = mailreeve(group, verb, "-c", self.configuration, *rest)
        assert done.returncode == EXIT_OK, done.stderr
        return done.stdout

    def listed(self, group):
        """What `mailreeve GROUP list` prints: a list of dictionaries."""
        return json.loads(self.command(group, "list", "--json"))

    def last_decision(self):
        return [parse_logfmt(line) for line in self.log.read_text().splitlines() if " event=decision " in line][-1]


@pytest.fixture(scope="module")
def make_door(shared_scratch, front_certificate, postfix, dovecot, users, state_of):
    """make_door(relay_window, on_auth_when_off) -> the front door, started, with a store of its own."""
    doors = []

    def make(window="15min", attempt="ban"):
        name = f"door-{state_of('x').count('redis')}-{len(doors)}"
        text = CONFIGURATION.format(window=window, attempt=attempt, state=state_of(f"{name}-store"),
                                    **postfix.ports | dovecot.ports)
        doors.append(Door(shared_scratch / name, *front_certificate, text, {"users": users}))
        return doors[-1].start()

    yield make
    for door in doors:
        door.stop()


@pytest.fixture(scope="module")
def door(make_door):
    return make_door()


@pytest.fixture(scope="module")
def short_door(make_door):
    return make_door("1s")


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


class Client:
    """A user's machine: an address, and a mail program there that knows DOVECOT_USERS."""

    def __init__(self, door, trust, address=None):
        self.door, self.trust = door, trust
        self.address = address or next(addresses)
        self.program = MailProgram(door.ports, self.address, trust)

    def at(self, door):
        return Client(door, self.trust, self.address)

    def log_in(self, by="pop3", user=LEO, password=None):
        read = {"pop3": self.program.pop, "imap": self.program.imap}[by]
        return read(user, password or DOVECOT_USERS[user])

    def rcpt(self, sender=LEO, recipient=STRANGER):
        return self.program.rcpt(sender, recipient)

    def send(self, postfix, sender=LEO, headers="", **login):
        """Sends to a remote recipient; returns what was delivered."""
        subject = f"from {self.address} {time.monotonic_ns()}"
        self.program.send(sender, STRANGER, f"{headers}Subject: {subject}\r\n\r\nhello\r\n", **login)
        return postfix.wait_for_message(subject)


@pytest.fixture
def client(door, trust):
    """One at an address that no other test comes from."""
    return Client(door, trust)


REFUSED = {"pop3": poplib.error_proto, "imap": imaplib.IMAP4.error}
both_protocols = pytest.mark.parametrize("protocol", ["pop3", "imap"])


# --- "Authenticating SMTP Connections" ---------------------------------------------------------------------------

@both_protocols
def test_mail_clients_must_always_authenticate_before_they_access_mailboxes(client, door, protocol):
    """"By default, POP3 and IMAP mail clients must always authenticate their users with the mail server before they
    access the users' mailboxes." """
    with pytest.raises(REFUSED[protocol]):
        client.log_in(protocol, password="wrong")
    assert client.address not in [window["client"] for window in door.listed("window")]
    assert client.log_in(protocol) in ((0, 0), "OK")


def test_mail_clients_need_not_authenticate_before_they_send_to_local_users(client):
    """"However, mail clients do not automatically need to authenticate their users before sending messages through the
    mail server." """
    assert client.rcpt(STRANGER, recipient=NINA).startswith("250 ")


def test_outside_users_cannot_use_the_server_to_relay(client):
    """"If a mail system does not require some kind of SMTP authentication, outside users can use the mail server to
    relay messages." """
    assert client.rcpt(STRANGER) == NO_RELAY
    assert client.rcpt("") == NO_RELAY


# --- "SMTP Authentication" ---------------------------------------------------------------------------------------

def test_who_authenticates_by_esmtp_may_send_to_remote_recipients(client, postfix):
    """"If selected, the e-mail client must authenticate through the ESMTP protocol before the SMTP Agent relays its
    messages to remote recipients." """
    assert login_of(client.send(postfix, user=LEO, password=DOVECOT_USERS[LEO])) == LEO


def test_a_user_who_is_not_listed_does_not_get_in(client):
    """"If the user is not listed in the context list, the SMTP Agent does not accept the user's connection." """
    with client.program.submission() as smtp, pytest.raises(smtplib.SMTPAuthenticationError):
        smtp.login(GHOST, "any")
    with pytest.raises(REFUSED["pop3"]):
        client.log_in("pop3", GHOST, "any")
    assert client.rcpt(GHOST) == NO_RELAY


# --- "they function as an either/or option" ----------------------------------------------------------------------

def test_pop_is_enough(client, postfix):
    client.log_in("pop3")
    assert login_of(client.send(postfix)) == LEO


def test_authentication_is_enough_and_opens_no_window(client, postfix):
    """"An authenticated user will not need to check his or her email before sending messages." (MDaemon)"""
    client.send(postfix, user=NINA, sender=NINA, password=DOVECOT_USERS[NINA])
    assert client.rcpt(NINA) == NO_RELAY


def test_neither_is_not_enough(client, postfix):
    """"If a mail client does not authenticate through POP or IMAP when downloading mail, it must authenticate using
    ESMTP before it can send remote messages." """
    assert client.rcpt() == NO_RELAY
    client.send(postfix, user=LEO, password=DOVECOT_USERS[LEO])


def test_with_both_it_is_the_one_who_authenticates(client, postfix):
    client.log_in("pop3", LEO)
    assert login_of(client.send(postfix, NINA, user=NINA, password=DOVECOT_USERS[NINA])) == NINA
    assert login_of(client.send(postfix)) == LEO


# --- "SMTP-after-POP" --------------------------------------------------------------------------------------------

@both_protocols
def test_the_message_names_who_authenticated_however_it_is_faked(client, postfix, protocol):
    """"The SMTP-after-POP feature includes the username of the person who authenticated with the messaging system in
    the message header. This helps track spammers who authenticate with a valid username but fake the message header to
    mask their identity." """
    client.log_in(protocol, NINA)
    message = client.send(postfix, GHOST, headers=f"From: Boss <{LEO}>\r\nSender: {GHOST}\r\n")
    assert message["From"] == f"Boss <{LEO}>"
    assert login_of(message) == NINA


@both_protocols
def test_stage_1_a_login_sends_the_username_and_the_clients_address(client, door, protocol):
    """"When a user logs in to your NetMail system by way of a POP3 or IMAP4 e-mail client, the POP or IMAP Agent sends
    the username and the client's IP address through UDP port 689 to the Connection Manager." """
    client.log_in(protocol)
    [window] = [window for window in door.listed("window") if window["client"] == client.address]
    assert window["user"] == LEO


def test_stage_2_it_is_stored_for_a_configurable_amount_of_time(short_door, client):
    """"The Connection Manager stores the username and IP address for a configurable amount of time." """
    client.log_in("pop3")
    short = client.at(short_door)
    short.log_in("pop3")
    wait_until(lambda: short.rcpt() == NO_RELAY, 20, "the end of the window")
    assert client.rcpt().startswith(OUTSIDE)


def test_stage_2_each_login_begins_the_time_anew(make_door, trust):
    client = Client(make_door("3s"), trust)

    def is_open_after_a_while():
        client.log_in("pop3")
        begun = time.monotonic()
        while time.monotonic() < begun + 4:     # the first login's time is over then
            last = time.monotonic()
            client.log_in("imap")
        if client.rcpt().startswith(OUTSIDE):
            return True
        assert time.monotonic() - last > 3, "the window has ended too early"
        return False

    wait_until(is_open_after_a_while, 60, "a machine quick enough to look within three seconds")


def test_stage_3_and_4_the_senders_address_is_looked_up_when_he_writes_to_outside(client, door):
    """"Later, the user tries to send a message to a user who is outside the local NetMail system. ... When the SMTP
    Agent receives the outgoing message, it queries the Connection Manager ... to verify that the sender's IP address is
    valid." """
    client.log_in("pop3")
    assert client.rcpt().startswith(OUTSIDE)
    line = door.last_decision()
    assert (line["client"], line["window"], line["user"]) == (client.address, "on", LEO)


def test_stage_4_another_address_is_not_valid(client, door, trust):
    client.log_in("pop3")
    other = Client(door, trust)
    assert other.rcpt() == NO_RELAY
    other.log_in("imap", NINA)
    assert client.rcpt().startswith(OUTSIDE) and door.last_decision()["user"] == LEO
    assert other.rcpt().startswith(OUTSIDE) and door.last_decision()["user"] == NINA


def test_stage_4_the_last_who_logged_in_from_an_address_is_who_it_is(client, postfix):
    client.log_in("pop3", NINA)
    client.log_in("imap", LEO)
    assert login_of(client.send(postfix)) == LEO
    client.log_in("pop3", NINA)
    assert login_of(client.send(postfix)) == NINA


def test_stage_5_a_valid_users_message_leaves_the_system(client, postfix):
    """"If the sender is identified as a valid user, the Connection Manager confirms that the SMTP Agent can send the
    remote message and the SMTP Agent transfers the message out of the NetMail system." """
    client.log_in("imap")
    message = client.send(postfix)
    assert (message["X-Original-To"], login_of(message)) == (STRANGER, LEO)


def test_stage_5_who_is_no_longer_recognized_must_log_in_again(make_door, trust):
    """"If the sender's IP address is no longer recognized by the Connection Manager, the user is required to
    re-authenticate to the NetMail system through POP3 or IMAP4 before he or she can send remote messages." """
    door = make_door("2s")
    clients = {protocol: Client(door, trust) for protocol in ("pop3", "imap")}
    for client in clients.values():
        client.log_in("pop3")

    def is_open_again(protocol, client):
        wait_until(lambda: client.rcpt() == NO_RELAY, 20, "the end of the window")
        client.log_in(protocol)
        return client.rcpt().startswith(OUTSIDE)

    for protocol, client in clients.items():
        # again where two seconds had passed before the look
        wait_until(lambda: is_open_again(protocol, client), 60, f"a window by {protocol}")


@pytest.mark.parametrize("whose", ["address", "user"])
def test_stage_5_nor_is_who_was_closed_out(make_door, trust, whose):
    door = make_door()
    client = Client(door, trust)
    client.log_in("pop3")
    door.command("window", "close", client.address if whose == "address" else LEO)
    assert client.rcpt() == NO_RELAY
    client.log_in("pop3")
    assert client.rcpt().startswith(OUTSIDE)


def test_where_it_is_off_a_login_helps_nobody(make_door, trust):
    client = Client(make_door("0"), trust)
    client.log_in("pop3")
    assert client.rcpt() == NO_RELAY


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_what_is_stored_survives_a_restart(make_door, trust, postfix, end):
    door = make_door()
    client = Client(door, trust)
    client.log_in("pop3")
    door.service.stop(end)
    door.service.start()
    assert login_of(client.send(postfix)) == LEO


# --- MDaemon: "Do not allow authentication on the SMTP port", "...add their IP to the Dynamic Screen" ------------

def deliver(client):
    """The reply to the first recipient of a session on the SMTP port, and whether the connection is closed then."""
    with SmtpTalk(client.door.ports["smtp"], client=client.address) as talk:
        reply = talk.say_all(["EHLO client.example", f"MAIL FROM:<{STRANGER}>", f"RCPT TO:<{LEO}>"])[-1]
        return reply, not reply.startswith("2") and talk.is_closed()


def attempt(client):
    """AUTH on the SMTP port: the reply, and whether the connection is closed then."""
    with SmtpTalk(client.door.ports["smtp"], client=client.address) as talk:
        talk.say("EHLO client.example")
        return talk.say(plain(LEO, DOVECOT_USERS[LEO])), talk.is_closed()


def test_auth_is_not_offered_on_the_smtp_port(client):
    """"AUTH will not be offered in the EHLO response, and will be treated as an unknown command" """
    with smtplib.SMTP("localhost", client.door.ports["smtp"], timeout=40, source_address=(client.address, 0)) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("auth")
    with client.program.submission() as smtp:
        assert smtp.has_extn("auth")


def test_who_attempts_it_is_hung_up_on_and_on_the_screen(client, door):
    """"this option will add to the Dynamic Screen any IP address of any client that attempts to authenticate on the
    SMTP port anyway. The connection will also be immediately terminated." """
    assert deliver(client) == ("250 2.1.5 Ok", False)
    assert attempt(client) == ("502 5.5.1 authentication is not available here", True)
    assert deliver(client) == (BANNED, True)
    [ban] = [ban for ban in door.listed("ban") if ban["network"] == f"{client.address}/32"]
    assert (ban["maker"], ban["reason"]) == ("listener", "auth.off")


def test_without_the_option_he_hears_the_same_and_is_not_on_the_screen(make_door, trust):
    """"...add their IP to the Dynamic Screen if they attempt it anyway" is an option of its own."""
    door = make_door(attempt="refuse")
    client = Client(door, trust)
    with SmtpTalk(door.ports["smtp"], client=client.address) as talk:
        talk.say("EHLO client.example")
        assert talk.say(plain(LEO, DOVECOT_USERS[LEO])) == "502 5.5.1 authentication is not available here"
        assert talk.say("NOOP").startswith("250 ")
    assert deliver(client) == ("250 2.1.5 Ok", False)
    assert door.listed("ban") == []


@both_protocols
def test_who_is_on_the_screen_cannot_read_mail_either(client, protocol):
    attempt(client)
    with pytest.raises(REFUSED[protocol], match={"pop3": "LOGIN-DELAY", "imap": "LIMIT"}[protocol]):
        client.log_in(protocol)


def test_who_is_on_the_screen_cannot_send_though_he_has_logged_in(client, door):
    client.log_in("pop3")
    attempt(client)
    assert client.rcpt() == BANNED
    door.command("ban", "del", client.address)
    assert client.rcpt().startswith(OUTSIDE)


def test_nobody_else_is_on_the_screen(client, door, trust, postfix):
    """"...in configurations where all legitimate accounts are using the MSA or other port to submit authenticated
    mail." """
    attempt(client)
    other = Client(door, trust)
    assert deliver(other)[0].startswith("250 ")
    assert login_of(other.send(postfix, user=LEO, password=DOVECOT_USERS[LEO])) == LEO


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_screen_survives_a_restart(make_door, trust, end):
    door = make_door()
    client = Client(door, trust)
    attempt(client)
    door.service.stop(end)
    door.service.start()
    assert deliver(client) == (BANNED, True)
