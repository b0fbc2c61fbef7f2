"""mailreeve-milter beside a real Sendmail, by the lines of mailreeve-milter(8): behind nginx, which logs in there
(upstream-login.conf), and asked directly."""

import grp
import re
import signal
import ssl

import pytest

from harness.door import FrontDoor
from harness.process import Process, build_dir, socket_answers, source_dir
from harness.sendmail import Sendmail, why_sendmail_is_unusable
from harness.setups import users_alike
from harness.smtp_talk import SmtpTalk, plain
from harness.unpacked import owner

ANNA, BOB, PLUS = "anna@acme.example", "bob@acme.example", "anna+x@acme.example"
FAR, CLOSED, NOBODY = "customer@far.example", "closed@far.example", "nobody@acme.example"
USERS = (ANNA, BOB, PLUS)
WORD = "secret"
CLIENT = "127.0.5.1"

CONFIGURATION = """
guard {{ socket = "unix:{socket}"  socket_group = "{group}" }}
failure_delay = 1s
screen {{ bad_recipients = 3  never = "nginx" }}
list "nginx" {{ kind = "ip"  entries = {{"127.0.0.1"}} }}
listener "submission" {{ require_auth = true  proxy_smtp_auth = true  upstream = "submission" }}
listener "mx" {{ auth = "off"  upstream_inbound = "mx" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}}  match_sender = true  match_from = true
                       recipients = "users" }}
source "users" {{ type = "users"  file = "users" }}
upstream "submission" {{ check = "none"  server "mta" {{ address = "127.0.0.1:{submission}" }} }}
upstream "mx" {{ check = "none"  server "mta" {{ address = "127.0.0.1:{mx}" }} }}
list "closed" {{ kind = "user"  entries = {{"closed@far.example"}} }}
rule "closed" {{ recipients = "closed"  action = "refuse"  code = "550 5.7.2"  text = "a closed list" }}
"""


def manual_lines():
    """What mailreeve-milter(8) has people write into sendmail.mc."""
    manual = (source_dir() / "docs" / "man" / "mailreeve-milter.8").read_text()
    [block] = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", manual, re.M | re.S)
    return block


class World:
    """`front` is the FrontDoor, `sendmail` the Sendmail, `guard` the process of mailreeve-milter."""

    def __init__(self, folder, certificate, trust):
        self.trust = trust
        self.socket = folder / "guard.sock"
        self.sendmail = self._sendmail(folder / "sendmail")
        text = CONFIGURATION.format(socket=self.socket, group=grp.getgrgid(owner().pw_gid).gr_name,
                                    **self.sendmail.ports)
        files = {"submission": "include mailreeve/upstream-login.conf;\n", "smtp": "include mailreeve/no-xclient.conf;\n"}
        self.front = FrontDoor(folder / "front", *certificate, text, {"users": users_alike(USERS, WORD)},
                               port_settings=files)
        self.guard = Process([build_dir() / "bin" / "mailreeve-milter", "-c", self.front.configuration],
                             folder / "mailreeve-milter.log", ready=lambda: socket_answers(self.socket))

    def _sendmail(self, folder):
        """As the manual says, but for the socket and the ports."""
        lines = manual_lines()
        daemon = r"DAEMON_OPTIONS\(`Name=(\w+), Port=\d+, (M=\w)'\)\n"
        ports = {name: f", {modifiers}" for name, modifiers in re.findall(daemon, lines)}
        assert set(ports) == {"submission", "mx"} and lines.count("/run/mailreeve/milter.sock") == 1
        settings = re.sub(daemon, "", lines).replace("/run/mailreeve/milter.sock", str(self.socket))
        return Sendmail(folder, ports, settings, users=dict.fromkeys(USERS, WORD), domains=["acme.example"])

    def begin(self):
        """A session at nginx's submission port."""
        talk = SmtpTalk(self.front.ports["submission"], self.trust, client=CLIENT)
        talk.say("EHLO client.example")
        return talk

    def submit(self, user):
        """The same, logged in."""
        talk = self.begin()
        assert talk.say(plain(user, WORD)).startswith("235 ")
        return talk

    def deliver(self, client):
        """A session at nginx's port 25."""
        talk = SmtpTalk(self.front.ports["smtp"], client=client)
        talk.say("EHLO client.example")
        return talk


@pytest.fixture(scope="module")
def world(shared_scratch, authority, front_certificate):
    if reason := why_sendmail_is_unusable():
        pytest.skip(reason)
    made = World(shared_scratch / "world", front_certificate, ssl.create_default_context(cafile=authority.ca))
    with made.front, made.guard, made.sendmail:
        yield made
        # not 0 is a crash, or a leak that the sanitizer found
        assert made.guard.stop() == 0, made.guard.tail()


def message(talk, subject, sender=ANNA, to=(FAR,), header=f"From: {ANNA}"):
    """One message, until it is refused: the last reply."""
    for line in (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{address}>" for address in to), "DATA"):
        reply = talk.say(line)
        if reply[0] not in "23":
            return reply
    return talk.say(f"{header}\r\nSubject: {subject}\r\n\r\ntext\r\n.")


def test_the_login_is_sendmails_and_the_message_is_marked(world):
    forged = "Authentication-Results: sendmail.example; auth=pass smtp.auth=boss@acme.example"
    other = "Authentication-Results: elsewhere.example; spf=pass"
    with world.submit(ANNA) as talk:
        assert message(talk, "marked", header=f"{forged}\r\n{other}\r\nFrom: {ANNA}").startswith("250 2.0.0 ")
    found = world.sendmail.mail.wait_for_message("marked").get_all("Authentication-Results")
    assert [str(value) for value in found] == [f"sendmail.example; auth=pass smtp.auth={ANNA}",
                                               "elsewhere.example; spf=pass"]


def test_what_the_guard_refuses_sendmail_refuses_in_its_words(world):
    """In one session, which goes on after each."""
    with world.submit(ANNA) as talk:
        for how, words in (
                ({"sender": BOB}, f"553 5.7.1 <{BOB}>... the sender is not the authenticated user"),
                ({"header": f"From: {BOB}"}, "550 5.7.1 the From: header is not the authenticated user's"),
                ({"header": f"From: {ANNA}\0, {BOB}"}, "550 5.7.1 the From: header is not the authenticated user's"),
                ({"to": (CLOSED,)}, f"550 5.7.2 <{CLOSED}>... a closed list"),
                ({"to": (BOB, NOBODY)}, f"550 5.1.1 <{NOBODY}>... no such recipient")):
            assert message(talk, "refused", **how) == words
            assert talk.say("RSET").startswith("250 ")
        for subject in ("the first", "the second"):
            assert message(talk, subject).startswith("250 2.0.0 ")
        assert message(talk, "refused", sender=BOB).startswith("553 5.7.1 ")
    for subject in ("the first", "the second"):
        world.sendmail.mail.wait_for_message(subject)
    assert not [found for found in world.sendmail.mail.messages() if found["Subject"] == "refused"]


def test_a_name_that_sendmail_tells_in_xtext_is_its_users(world):
    """As he logs in with Sendmail itself: nginx has such names with auth_user_encoding alone."""
    with SmtpTalk(world.sendmail.ports["submission"], client=CLIENT) as talk:
        assert talk.say_all(["EHLO client.example", plain(PLUS, WORD)])[1].startswith("235 ")
        assert message(talk, "a plus", sender=ANNA, header=f"From: {PLUS}").startswith("553 5.7.1 ")
        assert message(talk, "a plus", sender=PLUS, header=f"From: {PLUS}").startswith("250 2.0.0 ")


def test_who_has_not_logged_in_goes_by_the_port(world):
    with SmtpTalk(world.sendmail.ports["submission"], client=CLIENT) as talk:
        assert talk.say_all(["EHLO client.example", f"MAIL FROM:<{ANNA}>"])[1] == "530 5.7.0 Authentication required"
    with world.deliver("127.0.5.2") as talk:
        assert message(talk, "from outside", FAR, (ANNA,), f"From: {FAR}").startswith("250 2.0.0 ")
    assert world.sendmail.mail.wait_for_message("from outside")["Authentication-Results"] is None


def test_no_recipient_is_a_way_to_another(world):
    with world.deliver("127.0.5.3") as talk:
        talk.say_all([f"MAIL FROM:<{FAR}>", f"RCPT TO:<{ANNA}>"])
        for local in ("x%far.example", "far.example!x", '"x@far.example"', '"x%far.example"'):
            assert talk.say(f"RCPT TO:<{local}@acme.example>").startswith("550 "), local


def test_one_client_that_guesses_recipients_does_not_ban_nginx(world):
    """The reason for `never`: nginx' address is all that the guard is told."""
    with world.deliver("127.0.5.4") as talk:
        replies = talk.say_all([f"MAIL FROM:<{FAR}>", f"RCPT TO:<{ANNA}>", *[f"RCPT TO:<{NOBODY}>"] * 5])
        assert {reply[:9] for reply in replies[2:]} == {"550 5.1.1"}
    with world.deliver("127.0.5.5") as talk:
        assert message(talk, "from another", FAR, (ANNA,), f"From: {FAR}").startswith("250 2.0.0 ")


def test_without_the_guard_mail_waits_until_it_is_back(world):
    """F=T. The last test: it ends the guard."""
    with world.submit(ANNA) as talk:
        assert message(talk, "guarded").startswith("250 ")
        world.guard.stop(signal.SIGKILL)
        assert message(talk, "unguarded").startswith("451 4.3.2 ")
    try:
        with world.begin() as talk:
            assert talk.say(plain(ANNA, WORD)).startswith("454 4.3.0 ")
        with world.deliver("127.0.5.6") as talk:
            assert message(talk, "unguarded", FAR, (ANNA,), f"From: {FAR}").startswith("451 4.3.2 ")
    finally:
        world.guard.start()
    with world.submit(ANNA) as talk:
        assert message(talk, "guarded again").startswith("250 ")
    world.sendmail.mail.wait_for_message("guarded again")
    assert not [found for found in world.sendmail.mail.messages() if found["Subject"] == "unguarded"]
