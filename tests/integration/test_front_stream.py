"""nginx-conf/stream.conf: limits of connections in front of real nginx's mail module, with the shipped numbers, and in
the place of mailreeve-auth a responder that records what it is asked."""

import contextlib
import resource
import smtplib
import ssl
import sys

import pytest

from harness.netns import NetworkNamespace, network_namespaces_are_usable
from harness.nginx import Nginx, has_ipv6, stream_is_usable
from harness.process import socket_answers, wait_until
from harness.proxied import ProxiedSMTP, connect, v1, v2
from harness.responder import Responder
from harness.smtp_talk import plain

IN_ALL, OF_ONE = 2000, 20
LIMITED = ("submission", "submissions")

pytestmark = pytest.mark.skipif(not stream_is_usable(), reason="nginx's stream module is not installed")


def refuse(_):
    return {"Auth-Status": "refused by the test", "Auth-Error-Code": "535 5.7.8"}


@pytest.fixture(scope="module")
def responder(shared_scratch):
    with Responder(shared_scratch / "auth.sock", refuse) as backend:
        yield backend


@pytest.fixture(scope="module")
def front(shared_scratch, front_certificate, responder):
    """As the head of stream.conf says: include mailreeve/stream.conf;"""
    with Nginx(shared_scratch / "nginx", responder.path, *front_certificate, limited=LIMITED) as nginx:
        yield nginx


@pytest.fixture(scope="module")
def balanced_front(shared_scratch, front_certificate, responder):
    """The same behind a balancer, whose address is 127.0.0.1."""
    with Nginx(shared_scratch / "balanced", responder.path, *front_certificate, limited=LIMITED,
               balanced=LIMITED) as nginx:
        yield nginx


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


@pytest.fixture
def crowd():
    """crowd(connection): keeps it open to the end of the test."""
    with contextlib.ExitStack() as stack:
        yield lambda connection: stack.enter_context(contextlib.closing(connection))


def is_greeted(connection):
    """Whether the other side greets; if not, it has closed without a word."""
    try:
        greeting = connection.recv(200)
    except ConnectionResetError:
        return False
    assert greeting == b"" or greeting.startswith(b"220 "), greeting
    return greeting != b""


def is_let_in(port, source="127.0.0.1", header=b""):
    with connect(port, header, source) as connection:
        return is_greeted(connection)


def fill(crowd, port, source, count=OF_ONE):
    """That many connections of one address, all of which are greeted, once those of before are forgotten."""
    return [crowd(wait_until(lambda: let_in(port, source), 10, "room for the test's own connections"))
            for _ in range(count)]


def let_in(port, source, header=b""):
    """A connection that was greeted, or None."""
    connection = connect(port, header, source)
    if is_greeted(connection):
        return connection
    connection.close()
    return None


# --- of one address ---------------------------------------------------------------------------------------------

def test_the_21st_connection_of_one_address_is_closed_and_other_addresses_are_served(front, crowd):
    port = front.ports["submission"]
    connections = fill(crowd, port, "127.0.0.2")
    assert not is_let_in(port, "127.0.0.2")
    assert is_let_in(port, "127.0.0.3")
    # the twenty are as alive as before
    for connection in connections:
        connection.sendall(b"NOOP\r\n")
        assert connection.recv(200).startswith(b"250 ")
    connections[0].close()
    wait_until(lambda: is_let_in(port, "127.0.0.2"), 10, "the place of one that went to be given away")


def test_the_connections_of_both_ports_are_counted_together(front, crowd, trust):
    fill(crowd, front.ports["submission"], "127.0.0.4", OF_ONE - 1)
    with submission(front, "submissions", trust, "127.0.0.4"):
        assert not is_let_in(front.ports["submission"], "127.0.0.4")


def test_ports_that_are_not_in_front_have_no_limit(front, crowd):
    fill(crowd, front.ports["smtp"], "127.0.0.5", OF_ONE + 5)


IPV6 = [f"2001:db8:0:1:{number:x}::{number:x}" for number in range(OF_ONE)]
MAPPED = [f"::ffff:203.0.113.{number}" for number in range(OF_ONE)]


@pytest.mark.parametrize("header", [v1, v2])
@pytest.mark.parametrize("clients, one_more, others", [
    (["192.0.2.1"] * OF_ONE, "192.0.2.1", ["192.0.2.2", "::ffff:192.0.2.3", "2001:db8::1"]),
    (IPV6, "2001:db8:0:1:ffff:ffff:ffff:ffff", ["2001:db8:0:2::1", "2001:db8:0:0:ffff::", "192.0.2.1"]),
    # bytes that mean something in regular expressions: a new line, a NUL, a dot
    ([f"2a0a:a:2e:0::{number:x}" for number in range(OF_ONE)], "2a0a:a:2e:0:a:a:a:a", ["2a0a:a:2e:1::", "2a0a:a:2f::"]),
    (["::ffff:203.0.113.7"] * OF_ONE, "::ffff:203.0.113.7", MAPPED[:3])],
    ids=["IPv4", "IPv6 /64", "IPv6 /64 of odd bytes", "IPv4 in IPv6"])
def test_behind_a_balancer_the_clients_addresses_are_counted(balanced_front, crowd, header, clients, one_more, others):
    port = balanced_front.ports["submission"]
    for client in clients:
        crowd(wait_until(lambda: let_in(port, "127.0.0.1", header(client)), 10, f"room for {client}"))
    assert not is_let_in(port, header=header(one_more))
    for client in others:
        assert is_let_in(port, header=header(client)), client


def test_who_is_no_balancer_is_counted_by_his_own_address(balanced_front, crowd):
    """Whatever he says that he is."""
    port = balanced_front.ports["submission"]
    for number in range(OF_ONE):
        crowd(let_in(port, "127.0.0.6", v1(f"192.0.2.{number}")))
    assert not is_let_in(port, "127.0.0.6", v1("192.0.2.200"))
    assert is_let_in(port, "127.0.0.1", v1("192.0.2.200"))


# Comes from each of these addresses in turn, keeps the connections, and says which ones were greeted.
IPV6_CLIENTS = """
import socket, sys
kept = []
for source in sys.argv[2:]:
    kept.append(socket.create_connection(("::1", int(sys.argv[1])), timeout=20, source_address=(source, 0)))
    try:
        print("greeted" if kept[-1].recv(200) else "closed")
    except ConnectionResetError:
        print("closed")
"""


def test_the_21st_connection_of_an_ipv6_network_is_closed_and_other_networks_are_served(scratch, front_certificate,
                                                                                        responder):
    if not network_namespaces_are_usable() or not has_ipv6():
        pytest.skip("only root can make a network namespace")
    same, other = IPV6 + ["2001:db8:0:1:ffff::"], "2001:db8:0:2::1"
    with NetworkNamespace(scratch, [*same, other]) as space:
        nginx = Nginx(scratch / "nginx", responder.path, *front_certificate, limited=LIMITED)
        nginx.process.argv = [*space.enter, *nginx.process.argv]
        # a path is the same in there, a port is not
        nginx.process.ready = lambda: socket_answers(nginx.question_socket)
        with nginx:
            done = space.run(sys.executable, "-c", IPV6_CLIENTS, nginx.ports["submission"], *same, other)
    assert done.stdout.split() == ["greeted"] * OF_ONE + ["closed", "greeted"]


# --- in all -----------------------------------------------------------------------------------------------------

def test_the_2001st_connection_in_all_is_closed(front, crowd):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < IN_ALL + 500:
        pytest.skip(f"this user may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IN_ALL + 500), hard))
    port = front.ports["submission"]
    try:
        greeted = [fill(crowd, port, f"127.1.{number}.1") for number in range(IN_ALL // OF_ONE)]
        assert not is_let_in(port, "127.0.0.8")
        # the rest of the front door goes on
        assert is_let_in(front.ports["smtp"], "127.0.0.8")
        greeted[0][0].close()
        wait_until(lambda: is_let_in(port, "127.0.0.8"), 10, "the place of one that went to be given away")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- all else is as before --------------------------------------------------------------------------------------

def submission(front, port, trust, source):
    if port == "submissions":
        client = smtplib.SMTP_SSL("localhost", front.ports[port], timeout=20, context=trust, source_address=(source, 0))
    else:
        client = smtplib.SMTP("localhost", front.ports[port], timeout=20, source_address=(source, 0))
        client.starttls(context=trust)
    client.ehlo("client.example")
    return client


@pytest.mark.parametrize("port", LIMITED)
def test_starttls_and_implicit_tls_go_on_and_the_client_is_who_he_is(front, responder, trust, port):
    with submission(front, port, trust, "127.0.0.9") as client:
        assert set(client.esmtp_features["auth"].split()) == {"PLAIN", "LOGIN"}
        assert "starttls" not in client.esmtp_features
        assert client.docmd(plain("joe@one.example", "word").decode())[0] == 535
    asked = responder.asked[-1]
    assert asked["HTTP_CLIENT_IP"] == b"127.0.0.9"
    assert asked["HTTP_X_LISTENER"] == b"submission"
    assert asked["HTTP_AUTH_SSL"] == b"on"
    assert asked["HTTP_AUTH_USER"] == b"joe@one.example"


def test_no_password_is_taken_before_starttls(front, responder):
    before = len(responder.asked)
    with smtplib.SMTP("localhost", front.ports["submission"], timeout=20) as client:
        client.ehlo()
        assert "starttls" in client.esmtp_features and "auth" not in client.esmtp_features
        assert client.docmd(plain("joe@one.example", "word").decode())[0] == 500
    assert len(responder.asked) == before


@pytest.mark.parametrize("header", [v1, v2])
@pytest.mark.parametrize("client, source, known_as", [
    ("192.0.2.1", "127.0.0.1", b"192.0.2.1"),
    ("2001:db8::7", "127.0.0.1", b"2001:db8::7"),
    ("192.0.2.1", "127.0.0.11", b"127.0.0.11"),
    (None, "127.0.0.1", b"127.0.0.1")],
    ids=["IPv4", "IPv6", "said by one who is no balancer", "the balancer's own check"])
def test_behind_a_balancer_and_the_limits_the_client_is_who_he_is(balanced_front, responder, trust, header, client,
                                                                  source, known_as):
    with ProxiedSMTP(balanced_front.ports["submission"], header(client), source) as smtp:
        smtp.starttls(context=trust)
        smtp.ehlo()
        assert smtp.docmd(plain("joe@one.example", "word").decode())[0] == 535
    assert responder.asked[-1]["HTTP_CLIENT_IP"] == known_as


def test_without_a_header_nobody_is_served_behind_a_balancer(balanced_front, responder):
    before = len(responder.asked)
    with connect(balanced_front.ports["submission"], b"EHLO client.example\r\n") as connection:
        assert not is_greeted(connection)
    assert len(responder.asked) == before
