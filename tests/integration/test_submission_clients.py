"""The programs that people submit mail with, each by PLAIN and LOGIN, on 587 with STARTTLS and on 465: swaks, curl,
msmtp, neomutt, Python's smtplib and nodemailer."""

import pytest

from harness.door import FrontDoor
from harness.process import free_port
from harness.setups import cheap_hash
from harness.submission_clients import CLIENTS, Failed, NotThere, Submission, install_nodemailer

USER, PASSWORD = "anna@acme.example", "anna's Pa55 wort"
STRANGER = "customer@far.example"

CONFIGURATION = """
failure_delay = 100ms
max_attempts = 1
listener "submission" {{ require_tls = true  require_auth = true  upstream = "relay" }}
listener "mx" {{ auth = "off"  upstream_inbound = "nobody" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "relay" {{ server "mta" {{ address = "127.0.0.1:{relay}" }} }}
upstream "nobody" {{ server "mta" {{ address = "127.0.0.1:{closed}" }} }}
"""

PORTS = {"587": ("submission", False), "465": ("submissions", True)}


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, relay):
    text = CONFIGURATION.format(relay=relay.port, closed=free_port())
    with FrontDoor(shared_scratch / "door", *front_certificate, text,
                   {"users": f"{USER}:{cheap_hash(PASSWORD)}:\n"}) as front:
        yield front


@pytest.fixture(scope="module")
def modules(shared_scratch):
    """Where node finds nodemailer; the reason where there is none."""
    try:
        return install_nodemailer(shared_scratch / "nodemailer")
    except NotThere as reason:
        return reason


counter = iter(range(1000))


@pytest.fixture
def send(door, authority, scratch, modules):
    """send(client, port, method, password) -> the message's subject; Failed when refused."""
    def do(client, port, method, password):
        if client == "nodemailer" and isinstance(modules, NotThere):
            pytest.skip(str(modules))
        name, implicit = PORTS[port]
        subject = f"{client} {port} {method} {next(counter)}"
        CLIENTS[client](Submission(door.ports[name], implicit, authority.ca, scratch, method, USER, password, STRANGER,
                                   subject, modules))
        return subject
    return do


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_sends_and_is_told_that_a_password_is_wrong(send, relay, client, port, method):
    subject = send(client, port, method, PASSWORD)
    assert relay.login(subject) == USER
    with pytest.raises(Failed) as failed:
        send(client, port, method, "wrong")
    # curl prints the code alone
    assert ("535" if client == "curl" else "5.7.8 authentication failed") in str(failed.value)
