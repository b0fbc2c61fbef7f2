"""App passwords for users of a directory, through real nginx: a phone logs in by a password of its own beside the
directory's (allow) or in its place (require), and sends."""

import base64
import hashlib
import os
import secrets
import smtplib
import ssl

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, mailreeve
from harness.door import FrontDoor
from harness.mailreeve import parse_logfmt
from harness.slapd import Slapd, person, slapd_is_usable

BASE = "dc=dir,dc=example"
ADA, ALIAS, RITA = "ada@allow.example", "lovelace@allow.example", "rita@require.example"
CLARA = "clara@local.example"
PASSWORDS = {ADA: "ada's own secret", RITA: "rita's own secret"}
STRANGER = "customer@far.example"

CONFIGURATION = """
failure_delay = 1s
listener "submission" {{ require_auth = true  upstream = "relay" }}
listener "mx" {{ auth = "off"  upstream_inbound = "relay" }}
listener "imap" {{ upstream = "relay" }}
listener "pop3" {{ upstream = "relay" }}
organization "allow" {{ domains = {{"allow.example"}}  sources = {{"allow"}} }}
organization "require" {{ domains = {{"require.example"}}  sources = {{"require"}} }}
organization "local" {{ domains = {{"local.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
source "allow" {{ {ldap}  app_passwords = "allow" }}
source "require" {{ {ldap}  app_passwords = "require" }}
upstream "relay" {{ server "postfix" {{ address = "127.0.0.1:{relay}" }} }}
"""

LDAP = """type = "ldap"  uri = {{"{uri}"}}  ca_file = "{ca}"  bind_dn = "{bind_dn}"  bind_password_file = "ldap-password"
          base = "{base}"  filter = "(mail=%u)"  username_attribute = "title"  cache = 0  negative_cache = 0"""

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def make_app_password():
    """23 characters at random and a checksum of two: the number that they are, base 32, modulo 1021."""
    plain = "".join(secrets.choice(ALPHABET) for _ in range(23))
    number = 0
    for character in plain:
        number = (number * 32 + ALPHABET.index(character)) % 1021
    plain += ALPHABET[number // 32] + ALPHABET[number % 32]
    return "-".join(plain[at:at + 5] for at in range(0, 25, 5))


def hashed(password):
    salt = os.urandom(8)
    digest = hashlib.sha256(password.replace("-", "").encode() + salt).digest()
    return "{SSHA256}" + base64.b64encode(digest + salt).decode()


APPS = {name: make_app_password() for name in ("phone", "away", "old", "future", "tablet", "revoked")}

USERS = (f"{ADA} phone:{hashed(APPS['phone'])}:comment=her own\n"
         f"{ADA} away:{hashed(APPS['away'])}:networks=203.0.113.0/24\n"
         f"{ADA} old:{hashed(APPS['old'])}:expires=2020-01-01\n"
         f"{ADA} future:{hashed(APPS['future'])}:expires=2999-01-01,networks=127.0.0.0/8\n"
         f"{RITA} tablet:{hashed(APPS['tablet'])}\n"
         f"{CLARA}:{{PLAIN}}clara's own secret\n"
         f"{CLARA} phone:{hashed(APPS['phone'])}\n")


@pytest.fixture(scope="module")
def slapd(shared_scratch, authority):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    people = [person("ada", PASSWORDS[ADA], BASE, mail=[ADA, ALIAS], title=ADA),
              person("rita", PASSWORDS[RITA], BASE, mail=RITA, title=RITA)]
    with Slapd(shared_scratch / "slapd", people, BASE, authority.issue("slapd"), authority.ca) as server:
        yield server


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, authority, relay, slapd):
    ldap = LDAP.format(uri=slapd.tls_uri, ca=authority.ca, bind_dn=slapd.service_dn, base=BASE)
    text = CONFIGURATION.format(ldap=ldap, relay=relay.port)
    with FrontDoor(shared_scratch / "door", *front_certificate, text,
                   {"users": USERS, "ldap-password": slapd.service_password + "\n"}) as front:
        yield front


@pytest.fixture
def send(door, relay, authority):
    """send(user, password) -> the login that the mail server saw; smtplib.SMTPAuthenticationError."""
    trust = ssl.create_default_context(cafile=authority.ca)

    def do(user, password):
        subject = f"app {secrets.token_hex(8)}"
        with smtplib.SMTP_SSL("localhost", door.ports["submissions"], context=trust, timeout=40) as client:
            client.ehlo()
            client.user, client.password = user, password
            client.auth("PLAIN", client.auth_plain)
            client.sendmail(ADA, STRANGER, f"Subject: {subject}\r\n\r\ntext\r\n")
        return relay.login(subject)
    return do


def last_decision(door):
    return [parse_logfmt(line) for line in door.log.read_text().splitlines() if " event=decision " in line
            and " method=plain " in line][-1]


@pytest.mark.parametrize("user, app, canonical", [
    (ADA, "phone", ADA), (ALIAS, "phone", ADA), (ADA.upper(), "phone", ADA), (ADA, "future", ADA), (RITA, "tablet", RITA)])
def test_a_device_logs_in_by_its_own_password(door, send, user, app, canonical):
    """By an alias of the directory too: the mail server sees the account's one name."""
    assert send(user, APPS[app]) == canonical
    line = last_decision(door)
    assert (line["verdict"], line["user"], line["app"]) == ("accept", canonical, app)
    assert APPS[app] not in door.log.read_text()


@pytest.mark.parametrize("typed", [str.upper, lambda text: text.replace("-", ""), lambda text: text.replace("-", " ")])
def test_however_it_was_typed(send, typed):
    assert send(ADA, typed(APPS["phone"])) == ADA


def test_allow_takes_the_directorys_password_as_well(door, send):
    assert send(ADA, PASSWORDS[ADA]) == ADA
    assert "app" not in last_decision(door)


@pytest.mark.parametrize("user, password, outcome", [
    (ADA, APPS["revoked"], "wrong password"), (ADA, APPS["tablet"], "wrong password"),
    (ADA, APPS["old"], "password expired"), (RITA, PASSWORDS[RITA], "wrong password"),
    (RITA, APPS["phone"], "wrong password"), (ADA, "wrong", "wrong password"),
    ("nobody@allow.example", APPS["phone"], "unknown user"), ("nobody@require.example", APPS["phone"], "unknown user")])
def test_all_others_are_refused_alike(door, send, user, password, outcome):
    """Revoked, another's, expired, the directory's own where an app password is required."""
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        send(user, password)
    assert (refused.value.smtp_code, refused.value.smtp_error) == (535, b"5.7.8 authentication failed")
    line = last_decision(door)
    assert (line["reason"], line["outcome"]) == ("auth.bad-credentials", outcome)


def test_an_app_password_works_from_its_networks_only(door, send):
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        send(ADA, APPS["away"])
    assert (refused.value.smtp_code, refused.value.smtp_error) == (535, b"5.7.8 authentication failed")
    assert "networks" in last_decision(door)["rule"]
    answer = fastcgi.ask(door.socket, fastcgi.login(ADA, APPS["away"], client="203.0.113.9"))
    assert answer.ok and answer["Auth-User"] == ADA


@pytest.mark.parametrize("user, protocol, given, handed_on", [
    (CLARA, "imap", "phone", "clara's own secret"), (CLARA, "pop3", "phone", "clara's own secret"),
    (CLARA, "smtp", "phone", None), (CLARA, "imap", "clara's own secret", None), (ADA, "imap", "phone", None)])
def test_nginx_logs_in_at_a_mailbox_by_the_accounts_own_password_where_it_is_known(door, user, protocol, given, handed_on):
    listener = "submission" if protocol == "smtp" else protocol
    answer = fastcgi.ask(door.socket, fastcgi.login(user, APPS.get(given, given), listener=listener, protocol=protocol))
    assert (answer["Auth-Status"], answer["Auth-Pass"]) == ("OK", handed_on)


def test_a_revoked_one_is_wrong_from_the_next_login_on(door, send):
    """In the place of `mailreeve app-password revoke`: the line is taken out."""
    users = door.folder / "users"
    assert send(ADA, APPS["future"]) == ADA
    users.write_text("".join(line + "\n" for line in USERS.splitlines() if " future:" not in line))
    assert mailreeve("reload", "-c", door.configuration).returncode == EXIT_OK
    try:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            send(ADA, APPS["future"])
        assert send(ADA, APPS["phone"]) == ADA
    finally:
        users.write_text(USERS)
        assert mailreeve("reload", "-c", door.configuration).returncode == EXIT_OK


def test_what_comes_from_the_command_works_at_once(door, send):
    made = mailreeve("app-password", "add", "-c", door.configuration, RITA, "laptop")
    assert made.returncode == EXIT_OK, made.stderr
    [password] = [word for word in made.stdout.split() if word.count("-") == 4 and len(word) == 29]
    assert mailreeve("reload", "-c", door.configuration).returncode == EXIT_OK
    assert send(RITA, password) == RITA
    gone = mailreeve("app-password", "revoke", "-c", door.configuration, RITA, "laptop")
    assert gone.returncode == EXIT_OK, gone.stderr
    assert mailreeve("reload", "-c", door.configuration).returncode == EXIT_OK
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(RITA, password)


def test_an_outage_of_the_directory_is_temporary_for_devices_too(door, send, slapd):
    """Whether the account is still there, only the directory knows."""
    slapd.stop()
    try:
        for user, app in ((ADA, "phone"), (RITA, "tablet")):
            with pytest.raises(smtplib.SMTPAuthenticationError) as deferred:
                send(user, APPS[app])
            assert deferred.value.smtp_code == 454
    finally:
        slapd.start()
    assert send(ADA, APPS["phone"]) == ADA


def test_no_log_holds_a_password(door):
    for log in (door.log, *door.nginx.folder.glob("*.log"), *door.nginx.folder.glob("*.out")):
        text = log.read_text(errors="replace")
        for password in (*PASSWORDS.values(), *APPS.values(), *(app.replace("-", "") for app in APPS.values())):
            assert password not in text, log
