"""POP and IMAP servers that are not behind this nginx report their logins: a real Dovecot with the settings that are
shipped for it, weakforced's JSON by curl, both through real nginx with nginx-conf/auth-policy.conf. What they report
counts at the front door, and what the front door knows holds for them."""

import imaplib
import json
import os
import poplib
import shlex
import smtplib
import socket
import ssl
import subprocess
from contextlib import contextmanager

import pytest

from harness.door import FrontDoor
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import parse_logfmt
from harness.policy_reports import CONFIGURATION, DONE, GO_ON, LEO, NINA, NO, PASSWORDS, login, users
from harness.process import source_dir, wait_until
from harness.smtp_talk import plain

STRANGER = "customer@far.example"
KEY = "0123456789abcdef0123456789abcdef"

# Dovecot delays those who fail, by address and for longer and longer.
IMPATIENT = """
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""

BANNED = "421 4.7.0 too many failures, try again later"
NEEDS_LOGIN = "530 5.7.0 authentication is required"

counter = iter(range(2, 250))


@pytest.fixture
def client():
    """A loopback address that no other test comes from."""
    return f"127.0.1.{next(counter)}"


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, relay, users):
    text = CONFIGURATION.format(relay=relay.port, screen="failures = 3")
    with FrontDoor(shared_scratch / "door", *front_certificate, text, {"users": users}, policy_keys=f'"{KEY}" 1;',
                   http_settings="include mailreeve/auth-policy.conf;\n") as one:
        yield one


def dovecot_settings(port):
    """As shipped, but for the port, the key and the nonce."""
    text = (source_dir() / "docs" / "dovecot-auth-policy.conf").read_text()
    for shipped, ours in (("127.0.0.1:4001", f"127.0.0.1:{port}"), ("change-me", "4711"),
                          (f"#auth_policy_server_api_header = X-API-Key: {KEY}",
                           f"auth_policy_server_api_header = X-API-Key: {KEY}")):
        assert text.count(shipped) == 1
        text = text.replace(shipped, ours)
    return text + IMPATIENT


@pytest.fixture(scope="module")
def mailbox(shared_scratch, door):
    """The Dovecot that is not behind nginx."""
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    server = Dovecot(shared_scratch / "elsewhere", PASSWORDS, settings=dovecot_settings(door.nginx.policy_port))
    path = server.folder / "dovecot.conf"
    text, passdb = path.read_text(), "  args = scheme=PLAIN"
    assert text.count(passdb) == 1
    path.write_text(text.replace(passdb, f"  result_internalfail = return-fail\n{passdb}"))
    with server:
        yield server


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


# --- mail programs, each at a client's address -----------------------------------------------------------------

class Pop(poplib.POP3):
    def __init__(self, port, client):
        self.connected = socket.create_connection(("127.0.0.1", port), timeout=40, source_address=(client, 0))
        super().__init__("localhost", port, timeout=40)

    def _create_socket(self, timeout):
        return self.connected


class Imap(imaplib.IMAP4):
    def __init__(self, port, client):
        self.connected = socket.create_connection(("127.0.0.1", port), timeout=40, source_address=(client, 0))
        super().__init__("localhost", port, timeout=40)

    def _create_socket(self, timeout):
        return self.connected


def imap_login(mailbox, client, user=LEO, password=None):
    """"" or what Dovecot says in refusing."""
    imap = Imap(mailbox.ports["imap"], client)
    try:
        imap.login(user, PASSWORDS.get(user) if password is None else password)
        return ""
    except imaplib.IMAP4.error as error:
        return str(error)
    finally:
        imap.shutdown()


def pop_login(mailbox, client, user=LEO, password=None):
    pop = Pop(mailbox.ports["pop3"], client)
    try:
        pop.user(user)
        pop.pass_(PASSWORDS.get(user) if password is None else password)
        return ""
    except poplib.error_proto as error:
        return str(error)
    finally:
        pop.close()


def submit(door, client, trust):
    smtp = smtplib.SMTP("localhost", door.ports["submission"], timeout=40, source_address=(client, 0))
    smtp.starttls(context=trust)
    smtp.ehlo()
    return smtp


def auth(door, client, trust, password):
    """The answer to an AUTH at the front door."""
    with submit(door, client, trust) as smtp:
        code, text = smtp.docmd(plain(LEO, password).decode())
    return f"{code} {text.decode()}"


def rcpt(door, client, trust, sender=LEO):
    """The answer to the first recipient of who does not log in."""
    with submit(door, client, trust) as smtp:
        smtp.mail(sender)
        code, text = smtp.rcpt(STRANGER)
    return f"{code} {text.decode()}"


def lines(door, event):
    return [parse_logfmt(line) for line in door.log.read_text().splitlines() if f" event={event} " in line]


def reports(door, client, count):
    """The reports about a client, once there are so many: Dovecot does not wait for the answer to one."""
    def find():
        found = [line for line in lines(door, "policy.report") if line.get("client") == client]
        return found if len(found) >= count else None
    return wait_until(find, 20, f"{count} reports about {client}")


# --- Dovecot: bans ---------------------------------------------------------------------------------------------

def test_wrong_passwords_at_dovecot_ban_the_client_everywhere(door, mailbox, trust, client):
    for i in range(3):
        assert "AUTHENTICATIONFAILED" in imap_login(mailbox, client, password=f"wrong {i}")
        reports(door, client, i + 1)
    # at the front door, with and without AUTH, and at Dovecot itself, with the right password
    assert rcpt(door, client, trust) == BANNED
    assert auth(door, client, trust, PASSWORDS[LEO]) == BANNED
    assert "too many failures, try again later" in imap_login(mailbox, client)
    assert "too many failures, try again later" in pop_login(mailbox, client, user=NINA)
    # which are no failures of his
    assert [line.get("refused_by") for line in reports(door, client, 5)] == [None, None, None, "us", "us"]
    banned = [line for line in lines(door, "client.banned") if line["client"] == client]
    assert [(line["reason"], line["seconds"], line["offence"]) for line in banned] == \
        [("auth.bad-credentials", "3600", "1")]


def test_a_ban_of_the_front_door_holds_at_dovecot(door, mailbox, trust, client):
    for i in range(3):
        assert auth(door, client, trust, f"wrong {i}").startswith("535 ")
    assert "too many failures" in imap_login(mailbox, client)
    assert imap_login(mailbox, f"127.0.2.{client.rpartition('.')[2]}") == ""


def test_failures_at_both_doors_add_up(door, mailbox, trust, client):
    imap_login(mailbox, client, password="wrong 1")
    pop_login(mailbox, client, password="wrong 2")
    reports(door, client, 2)
    assert rcpt(door, client, trust) == NEEDS_LOGIN
    assert auth(door, client, trust, "wrong 3").startswith("535 ")
    assert rcpt(door, client, trust) == BANNED


def test_an_old_password_that_is_tried_again_and_again_counts_once(door, mailbox, trust, client):
    for i in range(6):
        assert "AUTHENTICATIONFAILED" in imap_login(mailbox, client, password="last year's")
        reports(door, client, i + 1)
    assert rcpt(door, client, trust) == NEEDS_LOGIN


def test_a_login_takes_off_the_typing_errors_before_it(door, mailbox, trust, client):
    for i in range(4):
        imap_login(mailbox, client, password=f"wrong {i}")
        if i == 1:
            assert imap_login(mailbox, client) == ""
        reports(door, client, i + 1 + (i > 0))
    assert rcpt(door, client, trust) != BANNED


@contextmanager
def unreadable(path):
    """A users file that can be seen and not opened, by root either, and comes back newer than it was: Dovecot looks
    at the time of it."""
    text, was = path.read_bytes(), path.stat().st_mtime
    path.unlink()
    with socket.socket(socket.AF_UNIX) as place:
        place.bind(str(path))
        yield
    path.unlink()
    path.write_bytes(text)
    os.utime(path, (was + 60, was + 60))


def test_an_outage_of_dovecots_passdb_is_nobodys_failure(door, mailbox, trust, client):
    with unreadable(mailbox.users):
        wait_until(lambda: "UNAVAILABLE" in imap_login(mailbox, client), 20, "Dovecot to miss its users file")
        for i in range(5):
            assert "UNAVAILABLE" in imap_login(mailbox, client, password=f"any {i}")
        told = [line for line in reports(door, client, 6) if line["success"] == "no"]
        assert {line["outcome"] for line in told} == {"unavailable"}
    wait_until(lambda: imap_login(mailbox, client) == "", 20, "Dovecot to find its users file")
    reports(door, client, 7)
    assert rcpt(door, client, trust).startswith("250 ")


# --- Dovecot: relay windows ------------------------------------------------------------------------------------

@pytest.mark.parametrize("log_in", [imap_login, pop_login])
def test_a_login_at_dovecot_opens_a_relay_window(door, mailbox, relay, trust, client, log_in):
    other = f"127.0.2.{client.rpartition('.')[2]}"
    assert rcpt(door, client, trust) == NEEDS_LOGIN
    assert log_in(mailbox, client, LEO.upper(), PASSWORDS[LEO]) == ""
    assert reports(door, client, 1)[0]["window"] == "on"
    subject = f"after a login elsewhere, from {client}"
    with submit(door, client, trust) as smtp:
        smtp.sendmail(LEO, STRANGER, f"Subject: {subject}\r\n\r\nafter POP\r\n")
    assert relay.login(subject) == LEO
    assert rcpt(door, other, trust) == NEEDS_LOGIN
    assert rcpt(door, client, trust, sender=NINA).startswith("553 5.7.1 ")


def test_a_failed_login_at_dovecot_opens_none(door, mailbox, trust, client):
    imap_login(mailbox, client, password="wrong")
    assert "window" not in reports(door, client, 1)[0]
    assert rcpt(door, client, trust) == NEEDS_LOGIN


def test_each_question_and_each_report_is_a_line_in_the_log(door, mailbox, client):
    assert imap_login(mailbox, client) == ""
    report = reports(door, client, 1)[0]
    allowed = [line for line in lines(door, "policy.allow") if line["client"] == client]
    # before the password is verified, and after it was right
    assert [line["status"] for line in allowed] == ["0", "0"]
    for line in (*allowed, report):
        assert (line["login"], line["user"], line["organization"]) == (LEO, LEO, "local")
        assert (line["listener"], line["server"]) == ("policy", "127.0.0.1")
        assert (line["protocol"], line["tls"]) == ("imap", "off")
        assert line["session"] == report["session"] != ""
    assert (report["success"], report["outcome"]) == ("yes", "ok")


# --- weakforced's JSON by curl ---------------------------------------------------------------------------------

def curl(door, command, body=None, *more, key=KEY):
    """(HTTP status, the answer's object; its text if it is none)."""
    argv = ["curl", "-sS", "-w", "\n%{http_code}", f"http://127.0.0.1:{door.nginx.policy_port}/?command={command}",
            "-H", "Content-Type: application/json", *(["-H", f"X-API-Key: {key}"] if key else []), *more]
    if body is not None:
        argv += ["--data-binary", "@-"]
    done = subprocess.run(argv, input=body if isinstance(body, (str, type(None))) else json.dumps(body), text=True,
                          capture_output=True, check=True, timeout=40)
    text, _, status = done.stdout.rpartition("\n")
    try:
        return int(status), json.loads(text)
    except ValueError:
        return int(status), text


def test_weakforceds_reports_ban_too(door, trust, client):
    for i in range(3):
        assert curl(door, "allow", login(client)) == GO_ON
        assert curl(door, "report", login(client, pwhash=f"000{i}", success="false")) == DONE
    assert curl(door, "allow", login(client)) == NO
    assert rcpt(door, client, trust) == BANNED


def test_a_name_without_a_domain_is_the_policy_listeners(door, client):
    assert curl(door, "report", login(client, login="LEO", success=True, protocol="imap")) == DONE
    line = reports(door, client, 1)[0]
    assert (line["login"], line["user"], line["organization"], line["window"]) == ("LEO", LEO, "local", "on")


def test_no_mail_is_read_by_smtp_or_sieve_so_no_window_opens(door, trust, client):
    for protocol in ("smtp", "sieve", ""):
        assert curl(door, "report", login(client, success=True, protocol=protocol)) == DONE
    assert rcpt(door, client, trust) == NEEDS_LOGIN


def test_asking_counts_nothing(door, client):
    for _ in range(10):
        assert curl(door, "allow", login(client)) == GO_ON


def test_a_name_that_cannot_log_in_is_nobodys(door, trust, client):
    for i in range(5):
        assert curl(door, "report", login(client, login=f"a b {i}", pwhash=f"{i}", success=False)) == DONE
    assert reports(door, client, 5)[0]["error"] == "the user name has a space"
    assert rcpt(door, client, trust) == NEEDS_LOGIN
    assert curl(door, "allow", login(client, login="a b")) == GO_ON


def test_what_a_server_sends_cannot_forge_a_line_of_the_log(door, client):
    name = "x\" event=decision\nverdict=accept \x1b[31m"
    assert curl(door, "report", login(client, login=name, session_id="s\nevent=decision x", success=False)) == DONE
    line = next(line for line in door.log.read_text().splitlines() if client in line and "policy.report" in line)
    assert line.count("event=decision") == 2 and "\x1b" not in line  # both in quotes
    assert "verdict" not in shlex.split(line)[0]
    assert parse_logfmt(line)["event"] == "policy.report"


def test_ping(door):
    assert curl(door, "ping") == DONE
    assert curl(door, "ping", {}) == DONE


@pytest.mark.parametrize("command, body, status, reason", [
    ("allow", "{", 400, "read the body: its end is missing (line 1, column 1)"),
    ("report", '{"login":"a","login":"b"}', 400, "read the body: a name comes twice in one object (line 1, column 20)"),
    ("report", {"login": LEO, "remote": "192.0.2.1"}, 400,
     "read the body: success is missing, or neither true nor false"),
    ("allow", {"login": LEO, "remote": "nowhere"}, 400, "read the body: remote is missing or no address"),
    ("allow", '{"login":"a\\u0000b","remote":""}', 400, "read the body: a text holds a NUL (line 1, column 19)"),
    ("allow", '{"a":' + "[" * 20 + "]" * 20 + "}", 400, "read the body: objects in objects go deeper than 16"),
    ("allow", "", 400, "read the body: there is none"),
    ("reset", {"login": LEO}, 400, "unknown command (there are allow, report and ping)"),
    ("allow&command=report", login("192.0.2.1"), 400, "unknown command (there are allow, report and ping)"),
    ("allow", None, 405, "use POST"),
])
def test_what_is_wrong_is_said(door, command, body, status, reason):
    assert curl(door, command, body) == (status, {"status": "failure", "reason": reason})
    assert lines(door, "policy.refused")[-1]["error"] == reason


def test_another_method_is_refused(door):
    assert curl(door, "allow", None, "-X", "DELETE")[0] == 405


# --- who may come ----------------------------------------------------------------------------------------------

def test_nobody_comes_without_the_key(door, client):
    assert curl(door, "report", login(client, success=True), key=None)[0] == 403
    assert curl(door, "report", login(client, success=True), key=KEY[:-1])[0] == 403
    assert curl(door, "ping", None, "-H", f"Authorization: {KEY}", key=None) == DONE


def test_nobody_comes_from_elsewhere(door, client):
    assert curl(door, "ping", None, "--interface", client)[0] == 403


def test_nothing_else_is_to_be_had_there(door):
    url = f"http://127.0.0.1:{door.nginx.policy_port}"
    for path in ("/auth", "/status", "/api/v1/reload", "/auth-policy?command=ping"):
        done = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"X-API-Key: {KEY}", "-X",
                               "POST", url + path], text=True, capture_output=True, check=True, timeout=40)
        assert done.stdout == "404", path


def test_nginx_takes_no_more_than_64_kib(door):
    padded = {"login": LEO, "remote": "192.0.2.1", "padding": ""}
    padded["padding"] = "x" * (64 * 1024 - len(json.dumps(padded)))
    assert curl(door, "allow", padded) == GO_ON
    padded["padding"] += "x"
    assert curl(door, "allow", padded)[0] == 413


def test_as_shipped_no_key_is_asked_for(scratch, front_certificate, users):
    text = CONFIGURATION.format(relay=9, screen="")
    with FrontDoor(scratch / "door", *front_certificate, text, {"users": users},
                   http_settings="include mailreeve/auth-policy.conf;\n") as one:
        assert curl(one, "ping", key=None) == DONE
        assert curl(one, "ping", None, "--interface", "127.0.0.2", key=None)[0] == 403
