"""Each account's mail is on a server of its own (route_attribute): nginx goes to that one, or to none."""

import imaplib
import socket
import ssl

import pytest

from harness.command import EXIT_OK, mailreeve
from harness.door import FrontDoor
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import parse_logfmt
from harness.process import free_port, wait_until
from harness.slapd import Slapd, person, slapd_is_usable
from harness.smtp_talk import plain

BASE = "dc=dir,dc=example"
NINA, SAM, WILMA, EVE, ODD, DEAD, ALL = (f"{name}@dir.example" for name in
                                         ("nina", "sam", "wilma", "eve", "odd", "dead", "all"))
PASSWORD = "everybody's secret"

CONFIGURATION = """
failure_delay = 1s
listener "submission" {{ upstream = "imap" }}
listener "mx" {{ auth = "off"  upstream_inbound = "imap" }}
listener "imap" {{ upstream = "imap" }}
listener "pop3" {{ upstream = "imap" }}
organization "dir" {{ domains = {{"dir.example"}}  sources = {{"directory"}} }}
source "directory" {{ type = "ldap"  uri = {{"{uri}"}}  ca_file = "{ca}"  bind_dn = "{bind_dn}"
                      bind_password_file = "ldap-password"  base = "{base}"  filter = "(mail=%u)"
                      username_attribute = "mail"  route_attribute = "departmentNumber" }}
upstream "imap" {{ check = "tcp"  interval = 200ms
    server "north" {{ address = "127.0.0.1:{north}" }}
    server "south.dir.example" {{ address = "127.0.0.1:{south}" }}
    server "dead" {{ address = "127.0.0.1:{dead}" }} }}
"""


@pytest.fixture(scope="module")
def dovecots(shared_scratch):
    """Nobody's mail is on two servers, but for ALL's."""
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    for name in ("north", "south"):
        (shared_scratch / name).mkdir()
    with Dovecot(shared_scratch / "north" / "d", {user: PASSWORD for user in (NINA, ALL)}) as north, \
         Dovecot(shared_scratch / "south" / "d", {user: PASSWORD for user in (SAM, WILMA, ALL)}) as south:
        yield {"north": north, "south": south}


@pytest.fixture(scope="module")
def slapd(shared_scratch, authority, dovecots):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    hosts = {NINA: "North", SAM: "SOUTH.dir.example", WILMA: f"127.0.0.1:{dovecots['south'].ports['imap']}",
             EVE: "imap.evil.example:143", ODD: 'north"x"south', DEAD: "dead"}
    people = [person(mail.split("@")[0], PASSWORD, BASE, mail=mail, departmentNumber=host) for mail, host in hosts.items()]
    people.append(person("all", PASSWORD, BASE, mail=ALL))
    with Slapd(shared_scratch / "slapd", people, BASE, authority.issue("slapd"), authority.ca) as server:
        yield server


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, authority, dovecots, slapd):
    text = CONFIGURATION.format(uri=slapd.tls_uri, ca=authority.ca, bind_dn=slapd.service_dn, base=BASE,
                                north=dovecots["north"].ports["imap"], south=dovecots["south"].ports["imap"],
                                dead=free_port())
    with FrontDoor(shared_scratch / "door", *front_certificate, text,
                   {"ldap-password": slapd.service_password + "\n"}) as front:
        yield front


def login(door, authority, user):
    """Logs in by IMAP; returns the audit line."""
    trust = ssl.create_default_context(cafile=authority.ca)
    client = imaplib.IMAP4_SSL("localhost", door.ports["imaps"], ssl_context=trust, timeout=40)
    try:
        client.login(user, PASSWORD)
        assert client.select()[0] == "OK"
    finally:
        client.shutdown()
    return last_decision(door)


def last_decision(door):
    return [parse_logfmt(line) for line in door.log.read_text().splitlines() if " event=decision " in line][-1]


@pytest.mark.parametrize("user, server", [(NINA, "north"), (SAM, "south.dir.example"), (WILMA, "south.dir.example")])
def test_a_session_goes_to_the_server_of_its_account(door, authority, user, server):
    """By its name, whatever its case, or by its address. Again and again, and not in turn."""
    for _ in range(4):
        assert login(door, authority, user)["server"] == server


def test_an_account_without_one_goes_to_any(door, authority):
    assert {login(door, authority, ALL)["server"] for _ in range(6)} == {"north", "south.dir.example"}


@pytest.mark.parametrize("user, rule", [
    (EVE, 'mail host imap.evil.example:143 is no server of upstream "imap"'),
    (ODD, r'mail host "north\"x\"south" is no server of upstream "imap"'),
    (DEAD, 'mail host dead cannot be used: server "dead": it is down')])
def test_no_other_server_is_gone_to(door, authority, user, rule):
    with pytest.raises(imaplib.IMAP4.error, match=r"\[UNAVAILABLE\]"):
        login(door, authority, user)
    line = last_decision(door)
    assert (line["verdict"], line["reason"], line["user"]) == ("defer", "route.none", user)
    assert "upstream" not in line and "server" not in line
    assert 'source "directory"' in line["rule"] and rule in line["rule"]


def submit(door, authority, user):
    """Logs in by SMTP, to Dovecots that nginx cannot speak SMTP with; returns the audit line."""
    trust = ssl.create_default_context(cafile=authority.ca)
    with socket.create_connection(("127.0.0.1", door.ports["submissions"]), timeout=40) as bare, \
            trust.wrap_socket(bare, server_hostname="localhost") as client:
        lines = client.makefile("rwb")
        assert lines.readline().startswith(b"220")
        lines.write(plain(user, PASSWORD) + b"\r\n")
        lines.flush()
        lines.readline()
    return last_decision(door)


def test_who_sends_gets_to_his_own_server_if_it_is_there_and_else_to_any(door, authority):
    assert {submit(door, authority, NINA)["server"] for _ in range(4)} == {"north"}
    for user in (EVE, DEAD):
        line = submit(door, authority, user)
        assert (line["verdict"], line["server"] in ("north", "south.dir.example")) == ("accept", True)


def test_a_server_that_goes_down_takes_its_accounts_along(door, authority, dovecots):
    dovecots["north"].stop()
    try:
        with pytest.raises(imaplib.IMAP4.error):
            for _ in range(100):
                login(door, authority, NINA)
        assert login(door, authority, SAM)["server"] == "south.dir.example"
    finally:
        dovecots["north"].start()


def test_a_drained_server_gets_nobody_not_even_its_own_accounts(door, authority):
    """Who wants to read is told to come later; mail goes to another server. Then all is as before."""
    def upstream(word):
        done = mailreeve("upstream", word, "-c", door.configuration, "imap", "north", env=door.environment)
        assert done.returncode == EXIT_OK, done.stderr

    def is_served():
        try:
            return login(door, authority, NINA)["server"] == "north"
        except imaplib.IMAP4.error:
            return False

    wait_until(is_served, 10, "the server to be up")
    upstream("drain")
    try:
        wait_until(lambda: not is_served(), 10, "the drain to be heeded")
        line = last_decision(door)
        assert (line["verdict"], line["reason"]) == ("defer", "route.none")
        assert 'mail host North cannot be used: server "north": it is drained' in line["rule"]
        assert submit(door, authority, NINA)["server"] == "south.dir.example"
        assert {login(door, authority, ALL)["server"] for _ in range(4)} == {"south.dir.example"}
    finally:
        upstream("resume")
    wait_until(is_served, 10, "the server to be given back")
