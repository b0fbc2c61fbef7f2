"""The front door behind a load balancer: haproxy before real nginx with nginx-conf/balanced.conf and mailreeve-auth. By
the PROXY protocol each knows who the client is, and nobody but the balancer is believed."""

import contextlib
import re
import smtplib
import ssl

import pytest

from conftest import DOVECOT_USERS
from harness.door import FrontDoor
from harness.haproxy import Haproxy, haproxy_is_usable
from harness.mailbox_clients import Imap, Pop
from harness.mailreeve import parse_logfmt
from harness.process import wait_until
from harness.proxied import ProxiedSMTP, connect, v1, v2
from harness.setups import cheap_hash
from harness.sink import Sink
from harness.smtp_talk import plain

NINA = "nina@tenant.example"
WORD = DOVECOT_USERS[NINA]
STRANGER = "customer@far.example"
BALANCER, FORGER = "127.0.0.50", "127.0.0.66"
FAILURES = 3

CONFIGURATION = """
failure_delay = 0
screen {{ failures = {failures}  within = 1h  ban = {{"1h"}}  same_password_once = false  never = "balancers" }}
list "balancers" {{ kind = "ip"  entries = {{"{balancer}"}} }}
listener "submission" {{ upstream = "relay"  upstream_inbound = "sink" }}
listener "mx" {{ auth = "off"  upstream_inbound = "sink" }}
listener "imap" {{ upstream = "imap" }}
listener "pop3" {{ upstream = "pop3" }}
organization "tenant" {{ domains = {{"tenant.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "relay" {{ server "mta" {{ address = "127.0.0.1:{relay}" }} }}
upstream "sink" {{ server "mta" {{ address = "127.0.0.1:{sink}" }} }}
upstream "imap" {{ server "dovecot" {{ address = "127.0.0.1:{imap}" }} }}
upstream "pop3" {{ server "dovecot" {{ address = "127.0.0.1:{pop3}" }} }}
"""

# The others do not hear the PROXY protocol.
BALANCED = ("submission", "imaps", "pop3s")

pytestmark = pytest.mark.skipif(not haproxy_is_usable(), reason="haproxy is not installed")

clients = iter(range(10, 250))


@pytest.fixture
def client():
    """A loopback address that no other test comes from."""
    return f"127.0.4.{next(clients)}"


@pytest.fixture(scope="module")
def sink():
    with Sink() as server:
        yield server


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, relay, dovecot, sink):
    text = CONFIGURATION.format(failures=FAILURES, balancer=BALANCER, relay=relay.port, sink=sink.port, **dovecot.ports)
    with FrontDoor(shared_scratch / "door", *front_certificate, text, {"users": f"{NINA}:{cheap_hash(WORD)}\n"},
                   balanced=BALANCED, balancers=(BALANCER,)) as front:
        yield front


@pytest.fixture(scope="module")
def balancer(shared_scratch, door):
    """Its ports: those of BALANCED by version 2 and, with -v1, by version 1; "blind" says nothing."""
    check = "option smtpchk EHLO haproxy.example"
    listens = {"submission": (door.ports["submission"], "send-proxy-v2 check-send-proxy", check),
               "submission-v1": (door.ports["submission"], "send-proxy check-send-proxy", check),
               "imaps": (door.ports["imaps"], "send-proxy-v2 check-send-proxy", ""),
               "imaps-v1": (door.ports["imaps"], "send-proxy check-send-proxy", ""),
               "pop3s": (door.ports["pop3s"], "send-proxy-v2 check-send-proxy", ""),
               "pop3s-v1": (door.ports["pop3s"], "send-proxy check-send-proxy", ""),
               "blind": (door.ports["submissions"], "", "")}
    with Haproxy(shared_scratch / "haproxy", listens, BALANCER) as running:
        yield running


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


@pytest.fixture
def decisions(door):
    """decisions(count): the audit lines since the test began, once there are so many."""
    def lines():
        return [parse_logfmt(line) for line in door.log.read_text().splitlines() if " event=decision " in line]

    before = len(lines())
    return lambda count: wait_until(lambda: len(lines()) >= before + count and lines()[before:], 10,
                                    f"{count} decisions in the log")


def submission(port, trust, client):
    smtp = smtplib.SMTP("localhost", port, timeout=20, source_address=(client, 0))
    smtp.starttls(context=trust)
    smtp.ehlo("client.example")
    return smtp


def log_in(port, trust, client, password=WORD):
    with submission(port, trust, client) as smtp:
        code, text = smtp.docmd(plain(NINA, password).decode())
    return f"{code} {text.decode()}"


# --- who the client is ------------------------------------------------------------------------------------------

VERSIONS = pytest.mark.parametrize("version", ["", "-v1"], ids=["version 2", "version 1"])


@VERSIONS
def test_behind_the_balancer_log_and_mail_server_know_the_client(door, balancer, relay, trust, client, decisions, version):
    with submission(balancer.ports[f"submission{version}"], trust, client) as smtp:
        smtp.login(NINA, WORD)
        smtp.sendmail(NINA, STRANGER, f"Subject: for {client}\r\n\r\ntext\r\n")
    [decision] = decisions(1)
    assert (decision["client"], decision["verdict"], decision["tls"]) == (client, "accept", "on")
    assert relay.login(f"for {client}") == NINA


@VERSIONS
def test_the_mail_server_writes_the_client_into_received(postfix, balancer, trust, client, version):
    with submission(balancer.ports[f"submission{version}"], trust, client) as smtp:
        smtp.login(NINA, WORD)
        smtp.sendmail(NINA, STRANGER, f"Subject: received from {client}\r\n\r\ntext\r\n")
    received = str(postfix.wait_for_message(f"received from {client}").get_all("Received")[0])
    assert re.search(r"\[([0-9.]+)\]\)", received).group(1) == client, received


@VERSIONS
def test_of_mail_without_a_login_they_know_it_too(balancer, sink, trust, client, decisions, version):
    with submission(balancer.ports[f"submission{version}"], trust, client) as smtp:
        smtp.mail(STRANGER)
        assert smtp.rcpt(NINA)[0] == 250
    [decision] = decisions(1)
    assert (decision["client"], decision["method"], decision["verdict"]) == (client, "none", "accept")
    assert sink.xclient()[-1].startswith(f"XCLIENT ADDR={client} ".encode())


@VERSIONS
def test_who_reads_mail_is_known_too(balancer, trust, client, decisions, version):
    imap = Imap(balancer.ports[f"imaps{version}"], client, trust)
    imap.login(NINA, WORD)
    assert imap.select()[0] == "OK"
    imap.shutdown()
    pop = Pop(balancer.ports[f"pop3s{version}"], client, trust)
    pop.user(NINA)
    pop.pass_(WORD)
    pop.close()
    assert [(line["client"], line["protocol"], line["verdict"]) for line in decisions(2)] == [
        (client, "imap", "accept"), (client, "pop3", "accept")]


# --- bans, and the list `never` ---------------------------------------------------------------------------------

@VERSIONS
def test_a_client_is_banned_and_others_behind_the_same_balancer_are_not(balancer, trust, client, version):
    port = balancer.ports[f"submission{version}"]
    for number in range(FAILURES):
        assert log_in(port, trust, client, f"wrong-{number}").startswith("535 ")
    assert log_in(port, trust, client).startswith("421 4.7.0")
    assert log_in(port, trust, f"127.0.4.{next(clients)}").startswith("235 ")


def test_a_balancer_that_says_nothing_is_never_banned(balancer, trust, client, decisions):
    """Then all its clients have its address: one who guesses must not shut all others out."""
    def attempt(password):
        with smtplib.SMTP_SSL("localhost", balancer.ports["blind"], timeout=20, context=trust,
                              source_address=(client, 0)) as smtp:
            smtp.ehlo()
            return smtp.docmd(plain(NINA, password).decode())[0]

    assert [attempt(f"wrong-{number}") for number in range(FAILURES + 2)] == [535] * (FAILURES + 2)
    assert attempt(WORD) == 235
    assert {line["client"] for line in decisions(FAILURES + 3)} == {BALANCER}


# --- the balancer's own checks ----------------------------------------------------------------------------------

@pytest.mark.parametrize("name, check", [("submission", "L7OK"), ("submission-v1", "L7OK"), ("imaps", "L4OK"),
                                         ("pop3s-v1", "L4OK"), ("blind", "L4OK")])
def test_the_balancer_finds_the_front_door_up(balancer, name, check):
    wait_until(lambda: balancer.server_state(name) == ("UP", check), 10, f"{name} to be up for the balancer")


# --- those who are no balancers ---------------------------------------------------------------------------------

HEADERS = pytest.mark.parametrize("header", [v1, v2], ids=["version 1", "version 2"])
DOUBT = "the PROXY header names another client"


@HEADERS
@pytest.mark.parametrize("claimed", ["192.0.2.1", "2001:db8::7", BALANCER], ids=["IPv4", "IPv6", "the balancer's"])
def test_a_forged_header_is_refused_whatever_the_password(door, trust, decisions, header, claimed):
    with ProxiedSMTP(door.ports["submission"], header(claimed), FORGER) as smtp:
        smtp.starttls(context=trust)
        smtp.ehlo()
        assert smtp.docmd(plain(NINA, WORD).decode())[0] == 454
    with ProxiedSMTP(door.ports["submission"], header(claimed), FORGER) as smtp:
        smtp.ehlo()
        smtp.mail(STRANGER)
        assert smtp.rcpt(NINA)[0] in (451, 454)
    for line in decisions(2):
        assert (line["client"], line["verdict"], line["reason"]) == (FORGER, "defer", "internal")
        assert DOUBT in line["rule"]


@HEADERS
def test_a_forged_header_is_refused_to_who_reads_mail(door, trust, decisions, header):
    with trust.wrap_socket(connect(door.ports["imaps"], header("192.0.2.1"), FORGER), server_hostname="localhost") as imap:
        imap.recv(500)
        imap.sendall(f"a LOGIN {NINA} {WORD}\r\n".encode())
        assert imap.recv(500).startswith(b"a NO [UNAVAILABLE]")
    with trust.wrap_socket(connect(door.ports["pop3s"], header("192.0.2.1"), FORGER), server_hostname="localhost") as pop:
        pop.recv(500)
        pop.sendall(f"USER {NINA}\r\n".encode())
        pop.recv(500)
        pop.sendall(f"PASS {WORD}\r\n".encode())
        assert pop.recv(500).startswith(b"-ERR [SYS/TEMP]")
    assert {line["client"] for line in decisions(2)} == {FORGER}


@HEADERS
def test_nobody_is_banned_in_the_name_of_somebody_else(door, balancer, trust, client, header):
    for number in range(FAILURES + 1):
        with ProxiedSMTP(door.ports["submission"], header(client), FORGER) as smtp:
            smtp.starttls(context=trust)
            smtp.ehlo()
            smtp.docmd(plain(NINA, f"wrong-{number}").decode())
    assert log_in(balancer.ports["submission"], trust, client).startswith("235 ")


def test_who_names_nobody_is_himself(door, trust, client, decisions):
    for header in (v1(None), v2(None)):
        with ProxiedSMTP(door.ports["submission"], header, client) as smtp:
            smtp.starttls(context=trust)
            smtp.ehlo()
            assert smtp.docmd(plain(NINA, WORD).decode())[0] == 235
    assert [line["client"] for line in decisions(2)] == [client] * 2


@pytest.mark.parametrize("said", [b"EHLO client.example\r\n", b"PROXY\r\n", b"PROXY TCP4 1.2.3\r\n"])
def test_without_a_header_nobody_is_served_behind_a_balancer(door, said):
    with connect(door.ports["submission"], said, BALANCER) as connection:
        # it closes without reading on, or resets the connection
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(500) == b""


@pytest.mark.parametrize("port, said", [
    ("smtp", rb"220 .*\r\n5\d\d .*\r\n"), ("imap", rb"\* OK .*\r\nPROXY BAD .*\r\n"), ("pop3", rb"\+OK .*\r\n-ERR .*\r\n")])
def test_where_no_balancer_comes_the_header_is_a_command_like_others_that_do_not_exist(door, port, said):
    with connect(door.ports[port], v1("192.0.2.1"), FORGER) as connection:
        answer = b""
        while answer.count(b"\r\n") < 2:
            answer += (more := connection.recv(500))
            assert more, answer
    assert re.fullmatch(said, answer), answer


def test_who_says_a_header_where_no_balancer_comes_is_himself(door, client, decisions):
    with smtplib.SMTP("localhost", door.ports["smtp"], timeout=20, source_address=(client, 0)) as smtp:
        smtp.docmd(v1("192.0.2.1").decode().rstrip())
        smtp.ehlo()
        smtp.mail(STRANGER)
        assert smtp.rcpt(NINA)[0] == 250
    assert [line["client"] for line in decisions(1)] == [client]
