"""Attacks on an nginx mail front door, each against a naive backend first, to see it work, and then against
mailreeve-auth. nginx is real, the naive backends are what one writes from nginx's manual.

The upstream is a sink that writes down every line of nginx and lets everybody log in; it is also the
SMTP source behind organization "open", so that any name has a right password.
"""

import base64
import ssl

import pytest

from harness.door import FrontDoor
from harness.nginx import Nginx
from harness.postfix import login_of
from harness.responder import Responder
from harness.sink import Sink
from harness.smtp_talk import SmtpTalk, b64, plain

# boss@example.com has this password; no attacker below knows it.
BOSS = "boss@example.com"
BOSS_PASSWORD = "the boss's own"

CONFIGURATION = """
failure_delay = 1s
max_attempts = 3
listener "submission" {{ auth = "encrypted"  require_tls = true  require_auth = true  upstream = "sink" }}
listener "mx" {{ auth = "{mx_auth}"  upstream_inbound = "{inbound}" }}
listener "imap" {{ upstream = "sink" }}
listener "pop3" {{ upstream = "sink" }}
organization "example" {{ domains = {{"example.com"}}  sources = {{}} }}
organization "open" {{ domains = {{"open.example"}}  sources = {{"open"}} }}
source "users" {{ type = "users"  file = "users" }}
source "open" {{ type = "smtp"  server = {{"127.0.0.1:{sink}"}}  tls = "none"  mechanisms = {{"plain"}} }}
upstream "sink" {{ check = "none"  server "sink" {{ address = "127.0.0.1:{sink}" }} }}
upstream "postfix" {{ check = "none"  server "postfix" {{ address = "127.0.0.1:{postfix}" }} }}
"""


@pytest.fixture(scope="module")
def shared_sink():
    with Sink() as server:
        yield server


@pytest.fixture
def sink(shared_sink):
    shared_sink.clear()
    return shared_sink


@pytest.fixture(scope="module")
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


@pytest.fixture(scope="module")
def naive(shared_scratch, front_certificate, shared_sink):
    """nginx with a naive backend: naive.answer = function(params) -> headers."""
    folder = shared_scratch / "naive"
    folder.mkdir()

    class Naive:
        def answer(self, _):
            return {}

        def ok(self, **headers):
            return {"Auth-Status": "OK", "Auth-Server": "127.0.0.1", "Auth-Port": str(shared_sink.port),
                    **{name.replace("_", "-"): value for name, value in headers.items()}}

    backend = Naive()
    with Responder(folder / "auth.sock", lambda params: backend.answer(params)), \
            Nginx(folder / "nginx", folder / "auth.sock", *front_certificate) as nginx:
        backend.ports = nginx.ports
        yield backend


def front_door(folder, certificate, sink, users, mx_auth="off", inbound="sink", postfix=1, before=""):
    configuration = before + CONFIGURATION.format(sink=sink.port, mx_auth=mx_auth, inbound=inbound, postfix=postfix)
    return FrontDoor(folder, *certificate, configuration, files={"users": users})


@pytest.fixture(scope="module")
def users(crypt_hash):
    return f"{BOSS}:{crypt_hash(BOSS_PASSWORD)}\n"


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, shared_sink, users):
    with front_door(shared_scratch / "door", front_certificate, shared_sink, users) as front:
        yield front


# --- a failed login reaches the upstream as a login ---------------------------------------------------

FAILED_LOGIN_ATTACK = [
    "EHLO attacker.example",
    plain(BOSS, "a wrong password"),
    "MAIL FROM:<boss@example.com>",
    "RCPT TO:<victim@example.com>",
    "DATA",
    "Subject: pay this at once\r\n\r\nthe boss\r\n.",
]


def test_naive_backend_lets_a_failed_login_reach_the_upstream_as_a_login(naive, sink):
    """The backend checks every password and lets others' mail in for its own domain. It is not enough."""
    naive.answer = lambda asked: naive.ok() if asked["HTTP_AUTH_METHOD"] == b"none" else {
        "Auth-Status": "wrong password", "Auth-Error-Code": "535 5.7.8", "Auth-Wait": "1"}
    with SmtpTalk(naive.ports["smtp"]) as attacker:
        replies = attacker.say_all(FAILED_LOGIN_ATTACK)
    assert replies[1].startswith("535 ")
    assert replies[-1].startswith("250 ")
    [xclient] = sink.xclient()
    assert b"LOGIN=boss@example.com" in xclient.split(b" ")


@pytest.mark.parametrize("mx_auth, refusal", [("off", "502 5.5.1"), ("on", "535 5.7.8")])
def test_a_failed_login_reaches_the_upstream_without_a_name(
        scratch, front_certificate, sink, users, mx_auth, refusal):
    with front_door(scratch / "door", front_certificate, sink, users, mx_auth) as front, \
            SmtpTalk(front.ports["smtp"]) as attacker:
        replies = attacker.say_all(FAILED_LOGIN_ATTACK)
    assert replies[1].startswith(refusal)
    assert replies[-1].startswith("250 ")
    [xclient] = sink.xclient()
    assert b"LOGIN" not in xclient


def test_postfix_does_not_see_the_name_of_a_failed_login(scratch, front_certificate, sink, users, postfix):
    with front_door(scratch / "door", front_certificate, sink, users, "on", "postfix",
                    postfix.ports["inbound"]) as front, SmtpTalk(front.ports["smtp"]) as attacker:
        assert attacker.say_all(FAILED_LOGIN_ATTACK)[-1].startswith("250 ")
    assert login_of(postfix.wait_for_message("pay this at once")) is None


def test_naive_backend_shows_postfix_the_name_of_a_failed_login(naive, postfix):
    naive.answer = lambda asked: naive.ok(Auth_Port=str(postfix.ports["inbound"])) \
        if asked["HTTP_AUTH_METHOD"] == b"none" else {
            "Auth-Status": "wrong password", "Auth-Error-Code": "535 5.7.8", "Auth-Wait": "1"}
    with SmtpTalk(naive.ports["smtp"]) as attacker:
        session = [*FAILED_LOGIN_ATTACK[:-1], "Subject: pay the naive\r\n\r\nthe boss\r\n."]
        assert attacker.say_all(session)[-1].startswith("250 ")
    assert login_of(postfix.wait_for_message("pay the naive")) == BOSS


# --- the user name is written raw into XCLIENT ----------------------------------------------------------

SMUGGLED_COMMAND = b"u\r\nMAIL FROM:<x@y>"
SMUGGLED_ATTRIBUTE = b"u ADDR=6.6.6.6"


def test_naive_backend_lets_a_name_become_two_commands(naive, sink, trust):
    naive.answer = lambda asked: naive.ok()
    with SmtpTalk(naive.ports["submission"], tls=trust) as attacker:
        attacker.say_all(["EHLO attacker.example", plain(SMUGGLED_COMMAND, "any")])
    lines = sink.lines()
    at = next(i for i, line in enumerate(lines) if line.startswith(b"XCLIENT"))
    assert lines[at].endswith(b"LOGIN=u")
    assert lines[at + 1].startswith(b"MAIL FROM:<x@y>")


def test_naive_backend_lets_a_name_add_an_attribute(naive, sink, trust):
    naive.answer = lambda asked: naive.ok()
    with SmtpTalk(naive.ports["submission"], tls=trust) as attacker:
        attacker.say_all(["EHLO attacker.example", plain(SMUGGLED_ATTRIBUTE, "any")])
    [xclient] = sink.xclient()
    assert [b"ADDR=127.0.0.1", b"LOGIN=u", b"ADDR=6.6.6.6"] == xclient.split(b" ")[1:4]


@pytest.mark.parametrize("name", [
    SMUGGLED_COMMAND, SMUGGLED_COMMAND + b"@open.example", b"u@open.example\r\nMAIL FROM:<x@y>",
    SMUGGLED_ATTRIBUTE, SMUGGLED_ATTRIBUTE + b"@open.example", b"u@open.example ADDR=6.6.6.6",
    b"u\0@open.example", b"u\x7f@open.example", b"u\xff@open.example", b"u+x@open.example", b"u=x@open.example",
    b"\xc3\xbc@open.example", b"u\n@open.example", b"u\t@open.example"])
def test_a_name_that_could_be_more_than_a_name_never_reaches_anybody(door, sink, trust, name):
    """Neither the upstream nor the source, which would have let it in."""
    with SmtpTalk(door.ports["submission"], tls=trust) as attacker:
        attacker.say("EHLO attacker.example")
        # NUL separates the parts of PLAIN, so names with one come by LOGIN
        attacker.say(b"AUTH LOGIN " + b64(name))
        reply = attacker.say(b64("any"))
    assert reply.startswith(("501 5.5.2", "535 5.7.8"))
    assert sink.lines() == []


def test_a_plain_name_of_the_same_organization_gets_in(door, sink, trust):
    """The counter-proof for the table above: it is the name that is refused there."""
    with SmtpTalk(door.ports["submission"], tls=trust) as client:
        assert client.say_all(["EHLO client.example", plain("U.v-w@open.example", "any")])[-1].startswith("235")
    [xclient] = sink.xclient()
    assert b"LOGIN=u.v-w@open.example" in xclient.split(b" ")


@pytest.mark.parametrize("name, login", [
    (b"u+x@open.example", b"u+2Bx@open.example"), (b"u=x@open.example", b"u+3Dx@open.example"),
    (b"\xc3\xbc@open.example", b"+C3+BC@open.example")])
def test_with_xtext_such_names_are_encoded(scratch, front_certificate, sink, users, trust, name, login):
    with front_door(scratch / "door", front_certificate, sink, users,
                    before='auth_user_encoding = "xtext"\n') as front, \
            SmtpTalk(front.ports["submission"], tls=trust) as client:
        assert client.say_all(["EHLO client.example", plain(name, "any")])[-1].startswith("235")
        assert b"LOGIN=" + login in sink.xclient()[-1].split(b" ")
        client.close()
        with SmtpTalk(front.ports["submission"], tls=trust) as attacker:
            reply = attacker.say_all(["EHLO attacker.example", plain(SMUGGLED_COMMAND, "any")])[-1]
        assert reply.startswith(("501 5.5.2", "535 5.7.8"))


# --- nginx takes methods that it does not offer -----------------------------------------------------------

def test_naive_backend_lets_in_by_auth_where_none_is_offered(naive, sink):
    naive.answer = lambda asked: naive.ok()
    with SmtpTalk(naive.ports["smtp"]) as client:
        assert client.say_all(["EHLO client.example", plain(BOSS, "any")])[-1].startswith("235")


def test_auth_where_the_listener_has_it_off_is_refused_even_with_the_right_password(door, sink):
    with SmtpTalk(door.ports["smtp"]) as client:
        assert client.say_all(["EHLO c.example", plain(BOSS, BOSS_PASSWORD)])[-1].startswith("502 5.5.1")
        assert client.say(b"AUTH LOGIN " + b64(BOSS)).startswith("334")
        assert client.say(b64(BOSS_PASSWORD)).startswith("502 5.5.1")
    assert sink.lines() == []


def test_auth_without_tls_is_refused_where_the_listener_wants_it_encrypted(
        scratch, front_certificate, sink, users, trust):
    with front_door(scratch / "door", front_certificate, sink, users, "encrypted") as front:
        with SmtpTalk(front.ports["smtp"]) as client:
            reply = client.say_all(["EHLO c.example", plain(BOSS, BOSS_PASSWORD)])[-1]
        assert reply.startswith("538 5.7.11")


EXTERNAL_ATTACK = ["EHLO attacker.example", b"AUTH PLAIN " + base64.b64encode(b"\0u@open.example\0wrong"),
                   b"AUTH EXTERNAL " + b64(BOSS)]


def test_naive_backend_hears_external_with_the_password_of_the_attempt_before(naive, sink, trust):
    asked_all = []

    def answer(asked):
        asked_all.append(asked)
        return {"Auth-Status": "wrong password", "Auth-Error-Code": "535 5.7.8", "Auth-Wait": "1"}

    naive.answer = answer
    with SmtpTalk(naive.ports["submission"], tls=trust) as attacker:
        attacker.say_all(EXTERNAL_ATTACK)
    assert asked_all[-1]["HTTP_AUTH_METHOD"] == b"external"
    assert asked_all[-1]["HTTP_AUTH_USER"] == BOSS.encode()
    assert asked_all[-1]["HTTP_AUTH_PASS"] == b"wrong"


def test_external_is_refused_whatever_was_said_before(scratch, front_certificate, sink, users, trust):
    with front_door(scratch / "door", front_certificate, sink, users) as front, \
            SmtpTalk(front.ports["submission"], tls=trust) as attacker:
        # the right password of the boss, refused for another reason: the name has a space
        session = ["EHLO attacker.example", plain("no name", BOSS_PASSWORD), b"AUTH EXTERNAL " + b64(BOSS)]
        assert attacker.say_all(session)[-1].startswith("504 5.5.4")
    assert sink.lines() == []


# --- `starttls only` says nothing about MAIL ----------------------------------------------------------------

WITHOUT_TLS = ["EHLO client.example", "MAIL FROM:<a@far.example>", "RCPT TO:<victim@example.com>"]


def test_naive_backend_takes_mail_without_tls(naive, sink):
    naive.answer = lambda asked: naive.ok()
    with SmtpTalk(naive.ports["submission"]) as client:
        assert client.say_all(WITHOUT_TLS)[-1].startswith("250")
    assert sink.lines() != []


def test_mail_without_tls_is_refused_where_the_listener_requires_tls(door, sink):
    with SmtpTalk(door.ports["submission"]) as client:
        reply = client.say_all(WITHOUT_TLS)[-1]
    assert reply.startswith("530 5.7.0")
    assert "TLS" in reply.upper()
    assert sink.lines() == []


# --- nginx never limits failed logins -----------------------------------------------------------------------

def failed_logins(port, trust, limit):
    """How many wrong passwords one session may try, at most limit."""
    with SmtpTalk(port, tls=trust) as attacker:
        attacker.say("EHLO attacker.example")
        for attempt in range(1, limit + 1):
            if not attacker.say(plain(BOSS, f"guess {attempt}")).startswith("535"):
                return attempt - 1
    return limit


def test_naive_backend_lets_a_session_guess_for_ever(naive, trust):
    naive.answer = lambda asked: {"Auth-Status": "wrong password", "Auth-Error-Code": "535 5.7.8", "Auth-Wait": "1"}
    assert failed_logins(naive.ports["submission"], trust, 6) == 6


def test_a_session_ends_with_max_attempts(door, trust):
    assert failed_logins(door.ports["submission"], trust, 6) == 3


# --- the whole answer must fit into 1024 bytes ---------------------------------------------------------------

def test_naive_backends_long_answer_hangs_the_client_or_fails_him(naive, sink, trust):
    """As the kernel happens to cut the answer; with a short name the same client is let in."""
    def login(timeout_s):
        with SmtpTalk(naive.ports["submission"], tls=trust, timeout_s=timeout_s) as client:
            client.say("EHLO client.example")
            try:
                return client.say(plain("joe@open.example", "any"))
            except TimeoutError:
                return "no answer"

    naive.answer = lambda asked: naive.ok(Auth_User="u" * 1024)
    assert login(10).startswith(("no answer", "451"))
    naive.answer = lambda asked: naive.ok(Auth_User="u" * 100)
    assert login(40).startswith("235")


@pytest.mark.parametrize("name", [
    b"n" * (254 - len("@open.example")) + b"@open.example", b"n" * 4000 + b"@open.example", b"n" * 4000,
    b"n@" + b"d" * 4000, b"%" * 4000], ids=["the longest allowed", "too long", "no domain", "long domain", "percents"])
@pytest.mark.parametrize("password", [b"w", b"w" * 4000], ids=["short", "long"])
def test_names_and_passwords_of_any_length_are_answered_at_once(door, sink, trust, name, password):
    with SmtpTalk(door.ports["submission"], tls=trust, timeout_s=30) as client:
        reply = client.say_all(["EHLO client.example", plain(name, password)])[-1]
    assert reply.startswith(("235", "501", "535"))


@pytest.mark.parametrize("line", [
    "MAIL FROM:<" + "a" * 4000 + "@far.example>", "MAIL FROM:<@" + "b." * 1900 + "example:a@c>"],
    ids=["long local part", "long route"])
def test_paths_of_any_length_are_answered_at_once(door, sink, line):
    with SmtpTalk(door.ports["smtp"], timeout_s=30) as client:
        replies = client.say_all(["EHLO c.example", line, "RCPT TO:<victim@example.com>"])
    assert replies[-1].startswith(("250", "501", "550"))


# --- nginx ignores the status of HTTP ---------------------------------------------------------------------------

def test_naive_backend_logs_in_with_an_error(naive, sink, trust):
    naive.answer = lambda asked: naive.ok(Status="500 Internal Server Error")
    with SmtpTalk(naive.ports["submission"], tls=trust) as client:
        assert client.say_all(["EHLO client.example", plain(BOSS, "any")])[-1].startswith("235")


def test_what_goes_wrong_inside_is_temporary_and_never_a_login(scratch, front_certificate, sink, users, trust):
    """No listener of that name, and then no service at all, with the right password."""
    listeners = 'listener "other" { upstream = "sink" }\n'
    rest = CONFIGURATION[CONFIGURATION.index("organization"):].format(sink=sink.port, postfix=1)
    with FrontDoor(scratch / "door", *front_certificate, listeners + rest, files={"users": users}) as front:
        with SmtpTalk(front.ports["submission"], tls=trust) as client:
            reply = client.say_all(["EHLO client.example", plain(BOSS, BOSS_PASSWORD)])[-1]
        assert reply.startswith("454 4.7.0")
        front.service.kill()
        with SmtpTalk(front.ports["submission"], tls=trust) as client:
            reply = client.say_all(["EHLO client.example", plain(BOSS, BOSS_PASSWORD)])[-1]
        assert reply.startswith("454 4.7.0")
        front.service.start()
    assert sink.lines() == []


def test_the_right_password_of_the_boss_gets_in(door, sink, trust):
    """The counter-proof for all refusals above."""
    with SmtpTalk(door.ports["submission"], tls=trust) as client:
        assert client.say_all(["EHLO client.example", plain(BOSS, BOSS_PASSWORD)])[-1].startswith("235")
    [xclient] = sink.xclient()
    assert b"LOGIN=boss@example.com" in xclient.split(b" ")
