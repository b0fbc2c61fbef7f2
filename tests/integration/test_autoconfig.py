"""docs/autoconfig.xml, which Thunderbird and others read: each server in it is a port of the shipped nginx-conf, and
who does what it says gets in."""

import imaplib
import poplib
import re
import smtplib
import ssl
import urllib.request
import xml.etree.ElementTree as xml

import pytest

from harness.door import FrontDoor
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.process import free_port, source_dir
from harness.setups import cheap_hash
from harness.sink import Sink

USER, PASSWORD = "anna@acme.example", "anna-secret"
FILE = source_dir() / "docs" / "autoconfig.xml"
PROVIDER = xml.parse(FILE).getroot().find("emailProvider")
SERVERS = [*PROVIDER.findall("incomingServer"), *PROVIDER.findall("outgoingServer")]

CONFIGURATION = """
listener "submission" {{ require_auth = true  upstream = "mta" }}
listener "imap" {{ upstream = "imap" }}
listener "pop3" {{ upstream = "pop3" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "mta" {{ server "sink" {{ address = "127.0.0.1:{mta}" }} }}
upstream "imap" {{ server "dovecot" {{ address = "127.0.0.1:{imap}" }} }}
upstream "pop3" {{ server "dovecot" {{ address = "127.0.0.1:{pop3}" }} }}
"""


def says(server):
    """What is said of a server, with the address in the place of its placeholder."""
    said = {field.tag: field.text.replace("%EMAILADDRESS%", USER) for field in server}
    return said | {"type": server.get("type"), "port": int(said["port"])}


def shipped_ports():
    """{port: (its name in nginx-conf/site, whether TLS comes first)}"""
    found = {}
    for path in (source_dir() / "nginx-conf" / "site").glob("listen-*.conf"):
        port, tls = re.search(r"^listen (\d+)( ssl)?", path.read_text(), re.MULTILINE).groups()
        found[int(port)] = (path.stem.removeprefix("listen-"), bool(tls))
    return found


def smtp(port, implicit, trust):
    client = smtplib.SMTP_SSL("localhost", port, context=trust, timeout=40) if implicit \
        else smtplib.SMTP("localhost", port, timeout=40)
    if not implicit:
        client.starttls(context=trust)
    return client, client.login


def imap(port, implicit, trust):
    client = imaplib.IMAP4_SSL("localhost", port, ssl_context=trust, timeout=40) if implicit \
        else imaplib.IMAP4("localhost", port, timeout=40)
    if not implicit:
        client.starttls(trust)
    return client, client.login


def pop3(port, implicit, trust):
    client = poplib.POP3_SSL("localhost", port, context=trust, timeout=40) if implicit \
        else poplib.POP3("localhost", port, timeout=40)
    if not implicit:
        client.stls(trust)

    def login(user, password):
        client.user(user)
        client.pass_(password)
    return client, login


CLIENTS = {"smtp": smtp, "imap": imap, "pop3": pop3}


def location():
    """nginx's lines in its comment, with the path of the file itself."""
    [lines] = re.findall(r"^ +location .*?^ +}$", FILE.read_text(), re.MULTILINE | re.DOTALL)
    assert lines.count("/etc/nginx/mailreeve/site/autoconfig.xml;") == 1
    return lines.replace("/etc/nginx/mailreeve/site/autoconfig.xml;", f"{FILE};")


@pytest.fixture(scope="module")
def web_port():
    return free_port()


@pytest.fixture(scope="module")
def door(shared_scratch, front_certificate, web_port):
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    with Dovecot(shared_scratch / "dovecot", {USER: PASSWORD}) as dovecot, Sink() as sink:
        text = CONFIGURATION.format(mta=sink.port, **dovecot.ports)
        with FrontDoor(shared_scratch / "door", *front_certificate, text,
                       {"users": f"{USER}:{cheap_hash(PASSWORD)}:\n"},
                       http_settings=f"server {{ listen 127.0.0.1:{web_port};\n{location()} }}\n") as front:
            yield front


def test_nginx_serves_it_as_it_says_itself(door, web_port):
    with urllib.request.urlopen(f"http://127.0.0.1:{web_port}/mail/config-v1.1.xml?emailaddress={USER}") as answer:
        assert answer.headers["Content-Type"] == "text/xml"
        assert answer.read() == FILE.read_bytes()


def test_all_ports_for_people_are_in_it():
    """All but 25."""
    assert {says(server)["port"] for server in SERVERS} == set(shipped_ports()) - {25}


@pytest.mark.parametrize("server", SERVERS, ids=[str(says(server)["port"]) for server in SERVERS])
def test_who_does_what_it_says_gets_in(door, authority, server):
    said = says(server)
    name, implicit = shipped_ports()[said["port"]]
    assert said["socketType"] == ("SSL" if implicit else "STARTTLS")
    assert said["authentication"] == "password-cleartext"
    client, login = CLIENTS[said["type"]](door.ports[name], implicit, ssl.create_default_context(cafile=authority.ca))
    try:
        login(said["username"], PASSWORD)
        answer = client.noop()
        assert answer == b"+OK" or answer[0] in ("OK", 250)
    finally:
        client.shutdown() if said["type"] == "imap" else client.close()
