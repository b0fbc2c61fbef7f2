"""POP3 and IMAP through the whole front door with Dovecot behind: what nginx announces in its place, and curl, mpop,
fetchmail and mbsync (isync) reading mail there by each way to log in."""

import base64
import imaplib
import poplib
import ssl

import pytest

from harness.door import FrontDoor
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailbox_programs import PROGRAMS, Failed, Mailbox
from harness.mailbox_talk import MailboxTalk, imap_capabilities, pop3_capabilities

ANNA, OTTO, CLARA, LOST, PLUS = (f"{name}@acme.example" for name in ("anna", "otto", "clara", "lost", "jürgen+home"))
# known in clear; with what programs have to quote; known as a hash alone; known by another password at Dovecot; with
# a name that XCLIENT needs encoded
PASSWORDS = {ANNA: "anna's Pa55wort", OTTO: 'ot"to \\ wörd {3}', CLARA: "clara-secret", LOST: "lost-secret",
             PLUS: "jürgen's"}
SUBJECTS = ["first of two", "second of two"]

CONFIGURATION = """
failure_delay = 100ms
listener "imap" {{ methods = {{"plain", "cram-md5"}}  upstream = "imap"  default_domain = "acme.example" }}
listener "pop3" {{ methods = {{"plain", "cram-md5", "apop"}}  upstream = "pop3"  default_domain = "acme.example" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "imap" {{ server "dovecot" {{ address = "127.0.0.1:{imap}" }} }}
upstream "pop3" {{ server "dovecot" {{ address = "127.0.0.1:{pop3}" }} }}
"""

# Dovecot makes who was refused wait, and more so each time; here all come from one address. It takes names of ASCII
# alone, if nobody tells it otherwise.
DOVECOT = """
auth_failure_delay = 0
auth_username_chars =
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""

# 143 and 110 are as shipped; the others offer what needs passwords in clear, too
PORT_SETTINGS = {name: "include mailreeve/challenges.conf;" for name in ("imaps", "pop3s")}


def put_messages(dovecot, user, password):
    client = imaplib.IMAP4("127.0.0.1", dovecot.ports["imap"], timeout=40)
    try:
        client.login(user, password)
        for subject in SUBJECTS:
            text = f"From: <{ANNA}>\r\nTo: <{user}>\r\nSubject: {subject}\r\n\r\ntext\r\n"
            assert client.append("INBOX", None, None, text.encode())[0] == "OK"
    finally:
        client.shutdown()


@pytest.fixture(scope="module")
def dovecot(shared_scratch):
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    with Dovecot(shared_scratch / "dovecot", PASSWORDS | {LOST: "changed-at-dovecot"}, settings=DOVECOT) as server:
        for user in (ANNA, CLARA):
            put_messages(server, user, PASSWORDS[user])
        yield server


@pytest.fixture(scope="module")
def files(crypt_hash):
    users = "".join(f"{user}:{{PLAIN.B64}}{base64.b64encode(word.encode()).decode()}\n"
                    for user, word in PASSWORDS.items() if user != CLARA)
    users += f"{CLARA}:{crypt_hash(PASSWORDS[CLARA])}\n"
    return {"users": users}


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, dovecot, files):
    with FrontDoor(shared_scratch / "door", *front_certificate, CONFIGURATION.format(**dovecot.ports), files,
                   port_settings=PORT_SETTINGS) as front:
        yield front


@pytest.fixture(scope="module")
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


@pytest.fixture
def talk(door, trust):
    """talk(port): a raw client there, which is closed at the end."""
    opened = []

    def connect(port):
        opened.append(MailboxTalk(door.ports[port], trust, implicit_tls=port.endswith("s")))
        return opened[-1]
    yield connect
    for client in opened:
        client.close()


# --- what is announced ---------------------------------------------------------------------------------------------

LOGINS_IMAP = {"AUTH=PLAIN", "AUTH=LOGIN"}
IMAP = {"IMAP4rev1", "SASL-IR", "LITERAL+", "ENABLE", "IDLE", "NAMESPACE", "CHILDREN", "UNSELECT", "UIDPLUS", "MOVE"}
POP3 = {"TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE"}


def test_imap_on_143_announces_logins_only_once_there_is_tls(talk):
    client = talk("imap")
    assert imap_capabilities(client) == IMAP | {"STARTTLS", "LOGINDISABLED"}
    assert client.say(b"s STARTTLS").startswith(b"s OK")
    client.start_tls()
    assert imap_capabilities(client) == IMAP | LOGINS_IMAP


def test_pop3_on_110_announces_logins_only_once_there_is_tls(talk):
    client = talk("pop3")
    assert pop3_capabilities(client) == POP3 | {"STLS"}
    assert client.say(b"STLS").startswith(b"+OK")
    client.start_tls()
    assert pop3_capabilities(client) == POP3 | {"USER", "SASL PLAIN LOGIN"}


def test_993_and_995_announce_the_challenges_that_they_include(talk):
    assert imap_capabilities(talk("imaps")) == IMAP | LOGINS_IMAP | {"AUTH=CRAM-MD5"}
    client = talk("pop3s")
    assert pop3_capabilities(client) == POP3 | {"USER", "SASL PLAIN LOGIN CRAM-MD5"}
    # APOP is announced by the time stamp in the greeting alone (RFC 1939)
    assert client.greeting.endswith(b"@mail.example.com>")
    assert b"<" not in talk("pop3").greeting


@pytest.mark.parametrize("line", [b"a LOGIN anna@acme.example secret", b"a AUTHENTICATE PLAIN",
                                  b"a AUTHENTICATE PLAIN AGFubmFAYWNtZS5leGFtcGxlAHNlY3JldA=="])
def test_imap_takes_no_login_before_tls(talk, door, line):
    before = door.log.read_text()
    assert talk("imap").say(line).startswith(b"a BAD")
    assert door.log.read_text() == before


@pytest.mark.parametrize("line", [b"USER anna@acme.example", b"AUTH PLAIN", b"AUTH LOGIN",
                                  b"APOP anna@acme.example 00000000000000000000000000000000"])
def test_pop3_takes_no_login_before_tls(talk, line):
    assert talk("pop3").say(line).startswith(b"-ERR")


@pytest.mark.parametrize("port, start, smuggled, probe, answer", [
    ("imap", b"s STARTTLS", b"x CAPABILITY", b"y NOOP", b"y OK"), ("pop3", b"STLS", b"CAPA", b"NOOP", b"+OK")])
def test_what_was_said_in_clear_is_not_heard_once_there_is_tls(talk, port, start, smuggled, probe, answer):
    """Whoever sits between could put commands there (CVE-2011-0411): the first answer is to what TLS protects."""
    client = talk(port)
    client.send(start, smuggled)
    assert b"OK" in client.read()
    client.start_tls()
    first = client.say(probe)
    assert first.startswith(answer) and b"apabilit" not in first


def test_nothing_is_announced_that_dovecot_lacks_after_the_login(talk):
    client = talk("imaps")
    client.send(b'a LOGIN "%b" "%b"' % (ANNA.encode(), PASSWORDS[ANNA].encode()))
    [ok] = client.read_until(b"a ")
    assert ok.startswith(b"a OK [CAPABILITY ")
    assert IMAP <= imap_capabilities(client)
    client = talk("pop3s")
    assert client.say(b"USER " + ANNA.encode()).startswith(b"+OK")
    assert client.say(b"PASS " + PASSWORDS[ANNA].encode()).startswith(b"+OK")
    assert POP3 | {"PIPELINING"} <= pop3_capabilities(client)


# --- what is announced is there ------------------------------------------------------------------------------------

def test_sasl_ir_and_both_kinds_of_literal_log_in(talk):
    """Of what nginx has to do itself: RFC 4959, RFC 7888, and RFC 3501's own literals."""
    user, password = ANNA.encode(), PASSWORDS[ANNA].encode()
    initial = base64.b64encode(b"\0" + user + b"\0" + password)
    assert talk("imaps").say(b"a AUTHENTICATE PLAIN " + initial).startswith(b"a OK")
    assert talk("imaps").say(b"b LOGIN %b {%d+}\r\n%b" % (user, len(password), password)).startswith(b"b OK")
    client = talk("imaps")
    assert client.say(b"c LOGIN {%d}" % len(user)).startswith(b"+ ")
    assert client.say(b"%b {%d}" % (user, len(password))).startswith(b"+ ")
    assert client.say(password).startswith(b"c OK")


def test_id_is_not_announced_for_nginx_has_none(talk):
    """If nginx learns it one day, it is to be announced."""
    assert talk("imaps").say(b"a ID NIL").startswith(b"a BAD")


def test_pop3s_pipelining_is_not_announced_for_nginx_has_room_for_128_bytes(talk):
    """What comes at once above that is lost, and the session with it. If nginx mends that, it is to be announced."""
    client = talk("pop3s")
    client.send(*40 * [b"NOOP"])
    assert len(client.read_until(b"-ERR invalid command")) < 40
    assert client.is_closed()


@pytest.mark.parametrize("length, fits", [(121, True), (122, False)])
def test_nginx_takes_pop3_passwords_of_121_bytes(talk, length, fits):
    """As mail.conf says: what is longer is not even asked about."""
    client = talk("pop3s")
    assert client.say(b"USER nobody@acme.example").startswith(b"+OK")
    assert client.say(b"PASS " + length * b"x").startswith(b"-ERR [AUTH]" if fits else b"-ERR invalid command")


@pytest.mark.parametrize("initial, length, fits", [
    (True, 82, True), (True, 83, False), (False, 91, True), (False, 92, False)])
def test_nginx_takes_pop3_sasl_names_and_passwords_of_82_or_91_bytes(talk, initial, length, fits):
    client = talk("pop3s")
    response = base64.b64encode(b"\0nobody\0" + (length - len("nobody")) * b"x")
    if not initial:
        assert client.say(b"AUTH PLAIN").startswith(b"+ ")
    answer = client.say(b"AUTH PLAIN " + response if initial else response)
    assert answer.startswith(b"-ERR [AUTH]" if fits else b"-ERR invalid command")


def test_imap_commands_in_one_write_are_all_answered_also_across_a_login(talk):
    client = talk("imaps")
    client.send(b"a NOOP", b'b LOGIN "%b" "wrong"' % ANNA.encode(),
                b'c LOGIN "%b" "%b"' % (ANNA.encode(), PASSWORDS[ANNA].encode()), b"d SELECT INBOX", b"e LOGOUT")
    tagged = [line[:4] for line in client.read_until(b"e ") if not line.startswith(b"* ")]
    assert tagged == [b"a OK", b"b NO", b"c OK", b"d OK", b"e OK"]


@pytest.mark.parametrize("quoted", [True, False])
def test_imap_takes_any_password_quoted_or_as_a_literal(talk, quoted):
    """Quotes and backslashes are escaped in a quoted string (RFC 3501 4.3), and are themselves to Dovecot."""
    password = PASSWORDS[OTTO].encode()
    if quoted:
        said = b'"' + password.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    else:
        said = b"{%d+}\r\n%b" % (len(password), password)
    assert talk("imaps").say(b"a LOGIN %b %b" % (OTTO.encode(), said)).startswith(b"a OK")


def test_pop3_takes_any_password(talk):
    client = talk("pop3s")
    assert client.say(b"USER " + OTTO.encode()).startswith(b"+OK")
    assert client.say(b"PASS " + PASSWORDS[OTTO].encode()).startswith(b"+OK")


@pytest.mark.parametrize("name", ["anna", "Anna@ACME.example"])
def test_dovecot_hears_the_canonical_name(talk, name):
    """It knows nobody without a domain."""
    assert talk("imaps").say(f'a LOGIN {name} "{PASSWORDS[ANNA]}"'.encode()).startswith(b"a OK")
    client = talk("pop3s")
    assert client.say(f"USER {name}".encode()).startswith(b"+OK")
    assert client.say(f"PASS {PASSWORDS[ANNA]}".encode()).startswith(b"+OK")


def test_a_name_that_xclient_needs_in_xtext_is_itself_to_dovecot(scratch, front_certificate, dovecot, files, trust):
    text = 'auth_user_encoding = "xtext"\n' + CONFIGURATION.format(**dovecot.ports)
    with FrontDoor(scratch / "door", *front_certificate, text, files) as front:
        with MailboxTalk(front.ports["imaps"], trust, implicit_tls=True) as client:
            assert client.say(f'a LOGIN "{PLUS}" "{PASSWORDS[PLUS]}"'.encode()).startswith(b"a OK")
        with MailboxTalk(front.ports["pop3s"], trust, implicit_tls=True) as client:
            assert client.say(f"USER {PLUS}".encode()).startswith(b"+OK")
            assert client.say(f"PASS {PASSWORDS[PLUS]}".encode()).startswith(b"+OK")


@pytest.mark.parametrize("port, lines, answer", [
    ("imaps", [b'a LOGIN "%b" "%b"' % (LOST.encode(), PASSWORDS[LOST].encode())], b"a NO [AUTHENTICATIONFAILED]"),
    ("pop3s", [b"USER " + LOST.encode(), b"PASS " + PASSWORDS[LOST].encode()], b"-ERR [AUTH]")])
def test_whom_dovecot_does_not_let_in_hears_so_in_its_words(talk, port, lines, answer):
    """A password that Dovecot knows otherwise than mailreeve: nginx passes on what Dovecot says."""
    client = talk(port)
    for line in lines:
        said = client.say(line)
    assert said.startswith(answer)


# --- programs ------------------------------------------------------------------------------------------------------

# port, {program: its names of the methods}
SHIPPED = {"pop3": {"curl": ["PLAIN", "LOGIN"], "mpop": ["user", "plain", "login"], "fetchmail": ["password"]},
           "imap": {"curl": ["PLAIN", "LOGIN"], "mbsync": ["LOGIN", "*"], "fetchmail": ["password"]}}
CHALLENGES = {"pop3": {"curl": ["+APOP", "CRAM-MD5"], "mpop": ["apop", "cram-md5"], "fetchmail": ["apop"]},
              "imap": {"curl": ["CRAM-MD5"], "mbsync": ["CRAM-MD5"], "fetchmail": ["cram-md5"]}}


def ways(methods):
    return [(program, protocol, method) for protocol, programs in methods.items()
            for program, names in programs.items() for method in names]


@pytest.fixture
def read(door, authority, scratch):
    """read(program, protocol, implicit, method, user, password) -> subjects; Failed when refused."""
    def do(program, protocol, implicit, method, user=ANNA, password=PASSWORDS[ANNA]):
        port = door.ports[protocol + ("s" if implicit else "")]
        return PROGRAMS[program](Mailbox(protocol, port, implicit, authority.ca, scratch, user, password), method)
    return do


def expect_read(subjects, program):
    # curl asks for one message
    assert subjects == SUBJECTS[:1] if program == "curl" else sorted(subjects) == SUBJECTS


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
@pytest.mark.parametrize("program, protocol, method", ways(SHIPPED))
def test_a_program_reads_mail(read, program, protocol, method, implicit):
    expect_read(read(program, protocol, implicit, method), program)


@pytest.mark.parametrize("program, protocol, method", ways(CHALLENGES))
def test_a_program_reads_mail_by_a_challenge(read, program, protocol, method):
    expect_read(read(program, protocol, True, method), program)


@pytest.mark.parametrize("program, protocol, method", [
    ("curl", "pop3", "PLAIN"), ("mpop", "pop3", "plain"), ("mpop", "pop3", "apop"), ("fetchmail", "pop3", "password"),
    ("curl", "imap", "PLAIN"), ("mbsync", "imap", "LOGIN"), ("mbsync", "imap", "CRAM-MD5"),
    ("fetchmail", "imap", "password")])
def test_a_program_is_told_that_the_password_is_wrong(read, program, protocol, method):
    with pytest.raises(Failed) as failed:
        read(program, protocol, True, method, password="wrong")
    code = {"pop3": "[AUTH] authentication failed", "imap": "[AUTHENTICATIONFAILED] authentication failed"}[protocol]
    assert code in str(failed.value)


@pytest.mark.parametrize("program, protocol, method", ways(CHALLENGES))
def test_a_challenge_is_refused_to_whose_password_is_known_as_a_hash_alone(read, program, protocol, method):
    with pytest.raises(Failed):
        read(program, protocol, True, method, CLARA, PASSWORDS[CLARA])


def test_whose_password_is_known_as_a_hash_alone_reads_mail_by_saying_it(read):
    expect_read(read("mpop", "pop3", True, "plain", CLARA, PASSWORDS[CLARA]), "mpop")


def test_pythons_own_clients_read_mail_by_starttls(door, trust):
    imap = imaplib.IMAP4("localhost", door.ports["imap"], timeout=40)
    try:
        imap.starttls(trust)
        imap.login(ANNA, PASSWORDS[ANNA])
        assert imap.select() == ("OK", [b"2"])
    finally:
        imap.shutdown()
    pop = poplib.POP3("localhost", door.ports["pop3"], timeout=40)
    try:
        pop.stls(trust)
        pop.user(ANNA)
        pop.pass_(PASSWORDS[ANNA])
        assert pop.stat()[0] == 2
    finally:
        pop.close()
