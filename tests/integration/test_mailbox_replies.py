"""What a POP3 and an IMAP client read through the real nginx when a login is refused: each reason's own words, to the
letter (RFC 2449 and 3206, RFC 5530), and whether the session goes on."""

import base64
import hashlib
import hmac

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, mailreeve
from harness.door import FrontDoor
from harness.mailbox_talk import MailboxTalk
from harness.mailreeve import parse_logfmt
from harness.process import free_port, wait_until
from harness.setups import cheap_hash

ANNA, DAN, ODD, ROBOT, LEAVER = (f"{name}@acme.example" for name in ("anna", "dan", "odd", "robot", "leaver"))
FAR, GONE, NEVER, LATER = "far@far.example", "gone@gone.example", "x@never.example", "x@later.example"
RIGHT, WRONG = "anna's secret", "wrong"
# is right, but in no header: nginx could not log in by it
UNTOLD = "ends with a space "

LISTENERS = {"plain": 'auth = "on"', "encrypted": 'auth = "encrypted"', "off": 'auth = "off"',
             "challenges": 'auth = "on"  methods = {"cram-md5", "apop"}',
             "networks": 'auth = "on"  auth_ips = "allow elsewhere"',
             "names": 'auth = "on"  auth_users = "deny robots"'}

CONFIGURATION = """
failure_delay = 100ms
max_attempts = 2
{listeners}
list "elsewhere" {{ kind = "ip"  entries = {{"192.0.2.0/24"}} }}
list "robots" {{ kind = "user"  entries = {{"{ROBOT}"}} }}
list "leavers" {{ kind = "user"  entries = {{"{LEAVER}"}} }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}}  auth_users = "deny leavers" }}
organization "far" {{ domains = {{"far.example"}}  sources = {{"nobody-there"}} }}
organization "gone" {{ domains = {{"gone.example"}}  sources = {{}}  upstream = "down" }}
organization "never" {{ domains = {{"never.example"}}  sources = {{}} }}
organization "later" {{ domains = {{"later.example"}}  sources = {{}} }}
rule "never" {{ organizations = {{"never"}}  action = "refuse"  code = "550 5.7.1"  text = "moved to another house" }}
rule "later" {{ organizations = {{"later"}}  action = "defer"  code = "451 4.7.1"  text = "come back at noon" }}
source "users" {{ type = "users"  file = "users" }}
source "nobody-there" {{ type = "smtp"  server = {{"127.0.0.1:{closed}"}}  tls = "none" }}
upstream "mail" {{ check = "none"  server "one" {{ address = "127.0.0.1:{closed}" }} }}
upstream "down" {{ check = "tcp"  interval = 1s  timeout = 1s  fall = 1
                   server "one" {{ address = "127.0.0.1:{closed}" }} }}
screen {{ failures = 100 }}
limits {{ logins_per_address = "6/1h" }}
"""


def users():
    known = {user: cheap_hash(RIGHT) for user in (ANNA, ROBOT, LEAVER, GONE, NEVER, LATER)}
    lines = [f"{user}:{known_hash}:\n" for user, known_hash in known.items()]
    odd = base64.b64encode(UNTOLD.encode()).decode()
    return "".join([*lines, f"{DAN}:{cheap_hash(RIGHT)}:disabled\n", f"{ODD}:{{PLAIN.B64}}{odd}\n"])


class Doors:
    """A port of each protocol for each listener, beside the shipped ones and without TLS."""

    def __init__(self):
        self.ports = {(protocol, name): free_port() for protocol in ("pop3", "imap") for name in LISTENERS}

    def settings(self):
        methods = {"pop3": "pop3_auth plain cram-md5 apop;", "imap": "imap_auth plain login cram-md5;"}
        return "".join(f"server {{ listen 127.0.0.1:{port};  protocol {protocol};  {methods[protocol]}"
                       f"  auth_http_header X-Listener {name}; }}\n" for (protocol, name), port in self.ports.items())


@pytest.fixture(scope="module")
def doors():
    return Doors()


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, doors):
    listeners = "".join(f'listener "{name}" {{ upstream = "mail"  {how} }}\n' for name, how in LISTENERS.items())
    text = CONFIGURATION.format(listeners=listeners, closed=free_port(), ROBOT=ROBOT, LEAVER=LEAVER)
    with FrontDoor(shared_scratch / "door", *front_certificate, text, {"users": users()},
                   mail_settings=doors.settings()) as front:
        yield front


addresses = iter(f"127.0.3.{number}" for number in range(1, 255))


@pytest.fixture
def client():
    """An address that nobody has come from, so that nothing is counted against it."""
    return next(addresses)


def tries(door, client, count):
    for _ in range(count):
        fastcgi.ask(door.socket, fastcgi.login(ANNA, RIGHT, listener="plain", protocol="imap", client=client))


# --- a login in each protocol's words: sends it all but for the last answer ---------------------------------------

def cram_answer(challenge, user, password):
    digest = hmac.new(password.encode(), base64.b64decode(challenge), hashlib.md5).hexdigest()
    return base64.b64encode(f"{user} {digest}".encode())


def imap_login(talk, method, user, password):
    if method == "cram-md5":
        talk.send(cram_answer(talk.say(b"a AUTHENTICATE CRAM-MD5")[2:], user, password))
    else:
        talk.send(b"a LOGIN {%d+}\r\n%b {%d+}\r\n%b" % (len(user), user.encode(), len(password), password.encode()))


def pop3_login(talk, method, user, password):
    if method == "cram-md5":
        talk.send(cram_answer(talk.say(b"AUTH CRAM-MD5")[2:], user, password))
    elif method == "apop":
        stamp = talk.greeting.split()[-1]
        talk.send(f"APOP {user} {hashlib.md5(stamp + password.encode()).hexdigest()}".encode())
    else:
        assert talk.say(b"USER " + user.encode()) == b"+OK"
        talk.send(b"PASS " + password.encode())


LOGINS = {"imap": imap_login, "pop3": pop3_login}
GOES_ON = {"imap": (b"b NOOP", b"b OK completed"), "pop3": (b"NOOP", b"+OK")}
ANSWERS = {"imap": b"a NO [%b] %b", "pop3": b"-ERR [%b] %b"}

BAD = ("auth.bad-credentials", b"AUTH", b"AUTHENTICATIONFAILED", b"authentication failed")
DENIED = b"AUTHORIZATIONFAILED", b"authentication is not allowed"
LATER_TEXT = b"temporary failure, try again later"

# what is the matter: (listener, method, user, password), then reason, code of POP3, code of IMAP, text
CASES = {
    "the password is wrong": (("plain", "plain", ANNA, WRONG), BAD),
    "nobody has that name": (("plain", "plain", "nobody@acme.example", WRONG), BAD),
    "the domain is nobody's": (("plain", "plain", "nobody@nowhere.example", WRONG), BAD),
    "the account is disabled": (("plain", "plain", DAN, RIGHT), BAD),
    "the answer to a challenge is wrong": (("challenges", "cram-md5", ANNA, WRONG), BAD),
    "the name cannot be one": (
        ("plain", "plain", "anna+phone@acme.example", RIGHT),
        ("request.malformed", b"AUTH", b"CLIENTBUG", b"malformed name, password or address")),
    "there is no TLS": (
        ("encrypted", "plain", ANNA, RIGHT),
        ("auth.tls-required", b"AUTH", b"PRIVACYREQUIRED", b"encryption is required for authentication")),
    "nobody logs in here": (
        ("off", "plain", ANNA, RIGHT),
        ("auth.off", b"AUTH", b"AUTHENTICATIONFAILED", b"authentication is not available here")),
    "the method is another": (
        ("challenges", "plain", ANNA, RIGHT),
        ("auth.method", b"AUTH", b"AUTHENTICATIONFAILED", b"this authentication method is not available here")),
    "the address may not": (("networks", "plain", ANNA, RIGHT), ("auth.ip-denied", b"AUTH", *DENIED)),
    "the name may not": (("names", "plain", ROBOT, RIGHT), ("auth.user-denied", b"AUTH", *DENIED)),
    "the organization does not let the name": (
        ("plain", "plain", LEAVER, RIGHT), ("auth.org-user-denied", b"AUTH", *DENIED)),
    "a rule refuses": (
        ("plain", "plain", NEVER, RIGHT),
        ("rule.never", b"AUTH", b"AUTHORIZATIONFAILED", b"moved to another house")),
    "a rule defers": (
        ("plain", "plain", LATER, RIGHT),
        ("rule.later", b"SYS/TEMP", b"UNAVAILABLE", b"come back at noon")),
    "the source does not answer": (
        ("plain", "plain", FAR, RIGHT), ("auth.source-unavailable", b"SYS/TEMP", b"UNAVAILABLE", LATER_TEXT)),
    "no server is up": (
        ("plain", "plain", GONE, RIGHT),
        ("route.none", b"SYS/TEMP", b"UNAVAILABLE", b"no server is available, try again later")),
}


def decisions(door):
    return [parse_logfmt(line) for line in door.log.read_text().splitlines() if " event=decision " in line]


@pytest.fixture
def refused(door, doors, client):
    """refused(listener, method, user, password): who tries that by both protocols at once -> {protocol: (talk,
    answer)} and the reasons in the log."""
    talks = []

    def do(listener, method, user, password):
        seen = len(decisions(door))
        for protocol, login in LOGINS.items():
            talks.append(MailboxTalk(doors.ports[protocol, listener], client=client))
            login(talks[-1], method, user, password)
        answers = dict(zip(LOGINS, ((talk, talk.read()) for talk in talks[-len(LOGINS):])))
        wait_until(lambda: len(decisions(door)) == seen + len(LOGINS), 20, "the decisions in the log")
        return answers, [line["reason"] for line in decisions(door)[seen:]]
    yield do
    for talk in talks:
        talk.close()


def expect_words(answers, pop3_code, imap_code, text):
    codes = {"pop3": pop3_code, "imap": imap_code}
    assert {protocol: said for protocol, (_, said) in answers.items()} == \
        {protocol: ANSWERS[protocol] % (code, text) for protocol, code in codes.items()}


def route_is_down(door):
    """Whether the check of the server that does not answer has been made."""
    answer = fastcgi.ask(door.socket, fastcgi.login(GONE, RIGHT, listener="plain", protocol="imap"))
    return "no server" in answer["Auth-Status"]


@pytest.mark.parametrize("what", CASES)
def test_a_refusal_says_why_and_the_session_goes_on(door, refused, what):
    login, (reason, pop3_code, imap_code, text) = CASES[what]
    if reason == "route.none":
        wait_until(lambda: route_is_down(door), 20, "the check of a server that is down")
    answers, reasons = refused(*login)
    expect_words(answers, pop3_code, imap_code, text)
    assert reasons == [reason, reason]
    for protocol, (talk, _) in answers.items():
        command, answer = GOES_ON[protocol]
        assert talk.say(command) == answer


@pytest.mark.parametrize("listener, user, said, text", [
    ("challenges", ODD, WRONG, b"authentication failed"),
    # is known as a hash alone
    ("challenges", ANNA, RIGHT, b"authentication failed"),
    ("plain", ODD, UNTOLD, b"this authentication method is not available here")])
def test_apop_is_refused_in_pop3s_words(doors, client, listener, user, said, text):
    with MailboxTalk(doors.ports["pop3", listener], client=client) as talk:
        pop3_login(talk, "apop", user, said)
        assert talk.read() == b"-ERR [AUTH] " + text


def test_a_password_that_nginx_cannot_be_told_is_our_own_fault(refused):
    """No other attempt would help: the session ends."""
    answers, reasons = refused("challenges", "cram-md5", ODD, UNTOLD)
    expect_words(answers, b"SYS/TEMP", b"UNAVAILABLE", LATER_TEXT)
    assert reasons == 2 * ["internal"]
    assert all(talk.is_closed() for talk, _ in answers.values())


def test_a_banned_client_is_told_so_and_the_session_ends(door, refused, client):
    assert mailreeve("ban", "add", client, "--for", "1h", "-c", door.configuration).returncode == EXIT_OK
    answers, reasons = refused("plain", "plain", ANNA, RIGHT)
    expect_words(answers, b"LOGIN-DELAY", b"LIMIT", b"too many failures, try again later")
    assert reasons == 2 * ["auth.banned"]
    assert all(talk.is_closed() for talk, _ in answers.values())


def test_a_client_with_too_many_logins_is_told_so_and_the_session_ends(door, refused, client):
    tries(door, client, 6)
    answers, reasons = refused("plain", "plain", ANNA, RIGHT)
    expect_words(answers, b"LOGIN-DELAY", b"LIMIT", b"too many logins, try again later")
    assert reasons == 2 * ["auth.throttled"]
    assert all(talk.is_closed() for talk, _ in answers.values())


def test_the_last_attempt_ends_the_session(refused):
    """max_attempts = 2."""
    answers, _ = refused("plain", "plain", ANNA, WRONG)
    for protocol, (talk, _) in answers.items():
        LOGINS[protocol](talk, "plain", ANNA, "wrong again")
        assert b"authentication failed" in talk.read()
        assert talk.is_closed()
