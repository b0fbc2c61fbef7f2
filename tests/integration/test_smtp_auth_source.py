"""Names and passwords verified by AUTH at a real Postfix with Dovecot's SASL: each mechanism, TLS and what must not be
trusted, our own certificate, XCLIENT, several servers, and a server that goes away and comes back."""

import re
import smtplib
import subprocess
import time

import pytest

from harness import fastcgi
from harness.certs import Authority
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import Mailreeve
from harness.postfix import Postfix, postfix_is_usable
from harness.process import free_port, wait_until

RIGHT, WRONG, TEMPORARY = "OK", "535 5.7.8", "454 4.7.0"
PASSWORD = "open sesame ß"
CLIENT = "192.0.2.1"
BANNED = "192.0.2.66"

HEAD = """
failure_delay = 0
listener "submission" {{ auth = "on"  upstream = "mta" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:{port}" }} }}
"""
TENANT = """
organization "{name}" {{ domains = {{"{name}.example"}}  sources = {{"{name}"}} }}
source "{name}" {{ type = "smtp"  {settings}  {cache} }}
"""
NO_CACHE = "cache = 0  negative_cache = 0"

# The ports of Postfix; {names} are files.
TLS = ["smtpd_tls_security_level = may", "smtpd_tls_auth_only = yes"]
IMPLICIT = ["smtpd_tls_wrappermode = yes"]
XCLIENT = ["smtpd_authorized_xclient_hosts = 127.0.0.1", "inet_protocols = all"]
PORTS = {
    "clear": ["broken_sasl_auth_clients = yes"],
    "starttls": TLS,
    "implicit": IMPLICIT,
    "wrong-name": [*TLS, "smtpd_tls_chain_files = {wrong_name}"],
    "wrong-name-implicit": [*IMPLICIT, "smtpd_tls_chain_files = {wrong_name}"],
    "expired": [*TLS, "smtpd_tls_chain_files = {expired}"],
    "strict": [*TLS, "smtpd_tls_security_level = encrypt", "smtpd_tls_req_ccert = yes", "smtpd_tls_CAfile = {ca}"],
    "xclient": [*TLS, *XCLIENT],
    "xclient-clear": [*XCLIENT],
    "picky": [*XCLIENT, "smtpd_delay_reject = no",
              f"smtpd_client_restrictions = check_client_access inline:{{{{{BANNED} = 554 5.7.1 not you}}}}"],
}

# name: (the port, how it is asked, the mechanism that Postfix then sees)
WAYS = {
    "starttls-plain": ("starttls", 'mechanisms = {"plain"}', "PLAIN"),
    "starttls-login": ("starttls", 'mechanisms = {"login"}', "LOGIN"),
    "starttls-cram-md5": ("starttls", 'mechanisms = {"cram-md5"}', "CRAM-MD5"),
    "starttls-usual": ("starttls", "", "PLAIN"),
    "implicit-plain": ("implicit", 'tls = "implicit"  mechanisms = {"plain"}', "PLAIN"),
    "implicit-cram-md5": ("implicit", 'tls = "implicit"  mechanisms = {"cram-md5"}', "CRAM-MD5"),
    "clear-plain": ("clear", 'tls = "none"  mechanisms = {"plain"}', "PLAIN"),
    "clear-login": ("clear", 'tls = "none"  mechanisms = {"login"}', "LOGIN"),
    "clear-usual": ("clear", 'tls = "none"', "CRAM-MD5"),
    "own-certificate": ("strict", 'cert_file = "{own}"  key_file = "{own_key}"', "PLAIN"),
    "own-certificate-in-one-file": ("strict", 'cert_file = "{own_both}"', "PLAIN"),
    "xclient": ("xclient", "forward_client = true", "PLAIN"),
    "xclient-clear": ("xclient-clear", 'tls = "none"  forward_client = true', "CRAM-MD5"),
    "xclient-not-offered": ("starttls", "forward_client = true", "PLAIN"),
}

# name: (the port, how it is asked, a part of what the log says)
NOT_TRUSTED = {
    "unknown-ca": ("starttls", 'ca_file = "{other_ca}"', "the certificate is refused: unable to get local issuer"),
    "unknown-ca-implicit": ("implicit", 'tls = "implicit"  ca_file = "{other_ca}"',
                            "the certificate is refused: unable to get local issuer"),
    "wrong-name": ("wrong-name", "", "the certificate is refused: IP address mismatch"),
    "wrong-name-implicit": ("wrong-name-implicit", 'tls = "implicit"', "the certificate is refused: IP address mismatch"),
    "expired": ("expired", "", "the certificate is refused: certificate has expired"),
    "no-starttls": ("clear", "", "does not offer STARTTLS"),
    "no-own-certificate": ("strict", "", "No client certificate presented"),
    "own-certificate-of-a-stranger": ("strict", 'cert_file = "{stranger}"  key_file = "{stranger_key}"',
                                      "Client certificate not trusted"),
}


def tenant(name, server, settings="", cache=NO_CACHE):
    if "ca_file" not in settings and 'tls = "none"' not in settings:
        settings += '  ca_file = "{ca}"'
    servers = ", ".join(f'"{address}"' for address in ([server] if isinstance(server, str) else server))
    return TENANT.format(name=name, settings=f"server = {{{servers}}}  {settings}", cache=cache)


def with_files(text, files):
    for name, path in files.items():
        text = text.replace(f"{{{name}}}", str(path))
    return text


def expired_certificate(authority):
    """(certificate, key) that was good until yesterday."""
    certificate, key = authority.issue("expired")
    subprocess.run(["openssl", "x509", "-req", "-in", authority.folder / "expired.csr", "-CA", authority.ca, "-CAkey",
                    authority.folder / "ca.key", "-CAcreateserial", "-days", "-1", "-extfile",
                    authority.folder / "expired.ext", "-out", certificate], check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def files(shared_scratch, authority):
    """What the settings call {name}, as paths."""
    other = Authority(shared_scratch / "other-certs")
    own, own_key = authority.issue("own", names=("front.example",))
    stranger, stranger_key = other.issue("own", names=("front.example",))
    for key in (own_key, stranger_key):
        key.chmod(0o600)

    def both(name, pair):
        path = shared_scratch / name
        path.write_text("".join(part.read_text() for part in reversed(pair)))
        path.chmod(0o600)
        return path

    return {
        "ca": authority.ca, "other_ca": other.ca, "own": own, "own_key": own_key, "stranger": stranger,
        "stranger_key": stranger_key, "own_both": both("own-both.pem", (own, own_key)),
        "wrong_name": both("wrong-name.pem", authority.issue("wrong", names=("other.example",), addresses=("127.0.0.2",))),
        "expired": both("expired.pem", expired_certificate(authority)),
    }


TENANTS = (*WAYS, *NOT_TRUSTED, "picky", "cached", "cached-by-client", "failover", "lone")


@pytest.fixture(scope="module")
def sasl(shared_scratch):
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    users = {f"{user}@{name}.example": f"{PASSWORD}::::::nodelay=y" for name in TENANTS for user in ("anna", "bo")}
    # Without what Dovecot holds back: wrong passwords, and whoever comes from where they came from.
    settings = ("auth_mechanisms = plain login cram-md5\nauth_failure_delay = 0\n"
                "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n")
    with Dovecot(shared_scratch / "dovecot", users, mailboxes=False, settings=settings) as server:
        yield server.sasl


@pytest.fixture(scope="module")
def mta(shared_scratch, authority, files, sasl):
    certificate, key = authority.issue("postfix")
    ports = {name: [with_files(line, files) for line in lines] for name, lines in PORTS.items()}
    with Postfix(shared_scratch / "postfix", certificate, key, sasl=sasl, more_ports=ports) as server:
        yield server


@pytest.fixture(scope="module")
def service(shared_scratch, files, mta):
    """One service with a tenant for each case."""
    def at(port):
        return f"127.0.0.1:{mta.ports[port]}"

    text = HEAD.format(port=mta.ports["relay"])
    for name, (port, settings, _) in (WAYS | NOT_TRUSTED).items():
        text += tenant(name, at(port), settings)
    text += tenant("picky", at("picky"), 'tls = "none"  forward_client = true')
    text += tenant("cached", at("clear"), 'tls = "none"', cache="")
    text += tenant("cached-by-client", at("xclient-clear"), 'tls = "none"  forward_client = true', cache="")
    text += tenant("failover", [f"127.0.0.1:{free_port()}", at("starttls")])
    with Mailreeve(shared_scratch / "service", with_files(text, files)) as running:
        yield running


def login(service, name, password=PASSWORD, user="anna", client=CLIENT):
    answer = service.ask(fastcgi.login(f"{user}@{name}.example", password, client=client))
    return RIGHT if answer.ok else answer["Auth-Error-Code"]


def failures(mta, port):
    """(client, mechanism) of each AUTH that Postfix refused at a port."""
    return re.findall(rf"postfix/{port}/smtpd\[\d+\]: warning: \w+\[([^]]+)\]: SASL (\S+) authentication failed",
                      mta.output())


def sessions(mta, port):
    """(client, what it did) of each session that ended at a port."""
    return re.findall(rf"postfix/{port}/smtpd\[\d+\]: disconnect from \w+\[([^]]+)\] (.*)", mta.output())


@pytest.mark.parametrize("name", WAYS)
def test_a_password_is_right_or_wrong(service, mta, name):
    port, settings, mechanism = WAYS[name]
    client = CLIENT if "forward" in settings and port.startswith("xclient") else "127.0.0.1"
    before = failures(mta, port).count((client, mechanism))
    assert login(service, name) == RIGHT
    assert failures(mta, port).count((client, mechanism)) == before
    assert login(service, name, PASSWORD + "?") == WRONG
    assert login(service, name, user="nobody") == WRONG
    wait_until(lambda: failures(mta, port).count((client, mechanism)) == before + 2, 10, "Postfix's log of two refusals")


@pytest.mark.parametrize("name", NOT_TRUSTED)
def test_a_server_that_cannot_be_trusted_gets_no_password(service, mta, name):
    port, _, detail = NOT_TRUSTED[name]
    assert login(service, name) == TEMPORARY
    assert login(service, name, PASSWORD + "?") == TEMPORARY
    assert detail in service.log
    assert not [done for _, done in sessions(mta, port) if "auth=" in done and port in NOT_TRUSTED]


@pytest.mark.parametrize("client", ["192.0.2.77", "2001:db8::77"])
def test_postfix_hears_by_xclient_who_logs_in(service, mta, client):
    assert login(service, "xclient", client=client) == RIGHT
    done = wait_until(lambda: [what for who, what in sessions(mta, "xclient") if who == client], 10,
                      "Postfix's log of the session")
    assert "xclient=" in done[0] and "auth=1" in done[0], done
    assert login(service, "xclient", PASSWORD + "?", client=client) == WRONG
    wait_until(lambda: (client, "PLAIN") in failures(mta, "xclient"), 10, "Postfix's log of the refusal")


def test_a_client_that_postfix_refuses_is_temporary_and_shuts_nobody_out(service):
    for _ in range(3):
        assert login(service, "picky", client=BANNED) == TEMPORARY
        assert login(service, "picky") == RIGHT
    events = [event for event in service.events("source.misconfigured") if event["source"] == "picky"]
    assert len(events) == 1 and "554 5.7.1" in events[0]["error"] and "forward_client" in events[0]["hint"], events


def wait_until_all_is_logged(mta, port):
    """Until the log, which lags behind, has the end of each session there was at a port."""
    source = "127.0.0.99"
    with smtplib.SMTP("127.0.0.1", mta.ports[port], timeout=40, source_address=(source, 0)):
        pass

    def is_all():
        ended = sessions(mta, port)
        begun = re.findall(rf"postfix/{port}/smtpd\[\d+\]: connect from", mta.output())
        return len(begun) == len(ended) and source in {client for client, _ in ended}

    wait_until(is_all, 20, "Postfix's log of all sessions")


def test_what_was_right_is_remembered_and_what_is_new_is_asked(service, mta):
    def asked():
        return len([done for _, done in sessions(mta, "clear") if "auth=" in done])

    def asks(times, *words):
        before = asked()
        result = login(service, "cached", *words)
        wait_until(lambda: asked() >= before + times, 10, "Postfix's log of the session")
        assert asked() == before + times
        return result

    wait_until_all_is_logged(mta, "clear")
    assert asks(1) == RIGHT
    assert asks(0) == RIGHT
    assert asks(1, PASSWORD + "?") == WRONG
    assert asks(0, PASSWORD + "?") == WRONG
    assert asks(0) == RIGHT


def test_an_answer_that_a_server_gave_about_one_client_holds_for_that_one(service, mta):
    def asked():
        return [who for who, done in sessions(mta, "xclient-clear") if "auth=" in done and who.startswith("198.51.100.")]

    for client in ("198.51.100.1", "198.51.100.1", "198.51.100.2", "198.51.100.1"):
        assert login(service, "cached-by-client", client=client) == RIGHT
    wait_until(lambda: len(asked()) >= 2, 10, "Postfix's log of the sessions")
    assert sorted(asked()) == ["198.51.100.1", "198.51.100.2"]


def test_the_second_server_is_asked_where_the_first_is_down(service):
    assert login(service, "failover") == RIGHT
    assert login(service, "failover", PASSWORD + "?") == WRONG
    assert [event["server"] for event in service.events("source.down") if event["source"] == "failover"]


def test_a_server_that_is_killed_is_temporary_until_it_is_back(scratch, authority, files, sasl):
    certificate, key = authority.issue("lone")
    with Postfix(scratch / "postfix", certificate, key, sasl=sasl, more_ports={"lone": TLS}) as mta:
        text = HEAD.format(port=mta.ports["relay"]) + tenant("lone", f"127.0.0.1:{mta.ports['lone']}")
        with Mailreeve(scratch / "service", with_files(text, files)) as service:
            assert login(service, "lone") == RIGHT
            mta.process.kill()
            begin = time.monotonic()
            assert [login(service, "lone", word) for word in (PASSWORD, PASSWORD + "?", PASSWORD)] == [TEMPORARY] * 3
            assert time.monotonic() - begin < 8  # each would wait for connect_timeout, 3 s
            assert [event["source"] for event in service.events("source.down")] == ["lone"]
            mta.start()
            wait_until(lambda: login(service, "lone") == RIGHT, 20, "the source to work again")
            assert login(service, "lone", PASSWORD + "?") == WRONG
            assert [event["source"] for event in service.events("source.up")] == ["lone"]
