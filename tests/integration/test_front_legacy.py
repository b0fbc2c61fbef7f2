"""Mail servers behind nginx that do not know XCLIENT: nginx-conf's no-xclient.conf, upstream-login.conf and
upstream-proxy-protocol.conf through real nginx and mailreeve-auth, before a server that writes down what it hears, and
before Postfix and Dovecot."""

import contextlib
import imaplib
import re
import smtplib
import ssl

import pytest

from conftest import DOVECOT_USERS
from harness.door import FrontDoor
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailbox_clients import Imap, Pop
from harness.postfix import Postfix, login_of, postfix_is_usable
from harness.nginx import has_ipv6
from harness.process import free_port, wait_until
from harness.proxied import ProxiedSMTP, v1
from harness.setups import cheap_hash
from harness.sink import Sink
from harness.smtp_talk import plain

NINA, LEO = "nina@tenant.example", "leo@local.example"
WORD = DOVECOT_USERS[NINA]
STRANGER = "customer@far.example"
CLIENT, DEVICE = "127.0.0.7", "127.0.0.8"

NO_XCLIENT = "include mailreeve/no-xclient.conf;\n"
LOGIN = "include mailreeve/upstream-login.conf;\n"
PROXY = "include mailreeve/upstream-proxy-protocol.conf;\n"

# Leo's password at the servers behind is another one.
USERS = f"{NINA}:{cheap_hash(WORD)}\n{LEO}:{cheap_hash('elsewhere')}\n"

CONFIGURATION = """
failure_delay = 1s
list "devices" {{ kind = "ip"  entries = {{"{device}"}} }}
listener "submission" {{ require_auth = true  relay_ips = "devices"  upstream = "trusting"  {submission} }}
listener "mx" {{ auth = "off"  upstream_inbound = "strangers" }}
listener "imap" {{ upstream = "imap" }}
listener "pop3" {{ upstream = "pop3" }}
organization "ours" {{ domains = {{"tenant.example", "local.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "trusting" {{ check = "none"  server "mta" {{ address = "127.0.0.1:{trusting}" }} }}
upstream "strangers" {{ check = "none"  server "mta" {{ address = "127.0.0.1:{strangers}" }} }}
upstream "imap" {{ {imap_check}  server "dovecot" {{ address = "{imap_host}:{imap}"  {check_port} }} }}
upstream "pop3" {{ check = "none"  server "dovecot" {{ address = "127.0.0.1:{pop3}" }} }}
"""

# Where nothing is to be asked.
NOWHERE = 9


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


@pytest.fixture
def make_door(scratch, front_certificate):
    """make_door(file, trusting, ...) -> a FrontDoor whose ports include that file."""
    with contextlib.ExitStack() as stack:
        def make(file, trusting=NOWHERE, strangers=NOWHERE, imap=NOWHERE, pop3=NOWHERE, imap_check='check = "none"',
                 check_port="", imap_host="127.0.0.1", **nginx):
            submission = "proxy_smtp_auth = true" if LOGIN in file else ""
            text = CONFIGURATION.format(device=DEVICE, submission=submission, trusting=trusting, strangers=strangers,
                                        imap=imap, pop3=pop3, imap_check=imap_check, check_port=check_port,
                                        imap_host=imap_host)
            ports = {name: file for name in ("submission", "submissions", "smtp", "imap", "imaps", "pop3", "pop3s")}
            return stack.enter_context(FrontDoor(scratch / "door", *front_certificate, text, {"users": USERS},
                                                 port_settings=ports, **nginx))
        yield make


def submission(door, trust, client=CLIENT):
    smtp = smtplib.SMTP("localhost", door.ports["submission"], timeout=20, source_address=(client, 0))
    smtp.starttls(context=trust)
    smtp.ehlo("client.example")
    return smtp


def send(smtp, sender, subject, recipient=STRANGER):
    smtp.sendmail(sender, recipient, f"Subject: {subject}\r\n\r\ntext\r\n")
    smtp.quit()


def inbound(door, recipient=NINA):
    """What is said to the first recipient of a stranger."""
    with smtplib.SMTP("localhost", door.ports["smtp"], timeout=20, source_address=(CLIENT, 0)) as smtp:
        smtp.ehlo("far.example")
        smtp.mail(STRANGER)
        return smtp.rcpt(recipient)


# --- what nginx says there --------------------------------------------------------------------------------------

PROXIED = r"PROXY TCP4 127\.0\.0\.\d 127\.0\.0\.1 \d+ \d+"
SAYS = {
    # what it knows of somebody who has logged in, of a device that may relay without, and of a stranger
    "as shipped": ("", [r"EHLO mail\.example\.com", rf"XCLIENT ADDR={CLIENT} LOGIN={NINA}\b.*", r"EHLO client\.example"],
                   [r"EHLO mail\.example\.com", rf"XCLIENT ADDR={DEVICE} NAME=\S+", r"EHLO client\.example"],
                   [r"EHLO mail\.example\.com", rf"XCLIENT ADDR={CLIENT} NAME=\S+", r"EHLO far\.example"]),
    "no-xclient.conf": (NO_XCLIENT, *[[r"EHLO mail\.example\.com"]] * 3),
    "upstream-login.conf": (LOGIN, [r"EHLO mail\.example\.com", re.escape(plain(NINA, WORD).decode())],
                            *[[r"EHLO mail\.example\.com"]] * 2),
    "upstream-proxy-protocol.conf": (
        PROXY, [PROXIED, r"EHLO mail\.example\.com", rf"XCLIENT ADDR={CLIENT} LOGIN={NINA}\b.*", r"EHLO client\.example"],
        [PROXIED, r"EHLO mail\.example\.com", rf"XCLIENT ADDR={DEVICE} NAME=\S+", r"EHLO client\.example"],
        [PROXIED, r"EHLO mail\.example\.com", rf"XCLIENT ADDR={CLIENT} NAME=\S+", r"EHLO far\.example"]),
    "upstream-proxy-protocol.conf and no-xclient.conf": (PROXY + NO_XCLIENT, *[[PROXIED, r"EHLO mail\.example\.com"]] * 3),
    "upstream-proxy-protocol.conf and upstream-login.conf": (
        PROXY + LOGIN, [PROXIED, r"EHLO mail\.example\.com", re.escape(plain(NINA, WORD).decode())],
        *[[PROXIED, r"EHLO mail\.example\.com"]] * 2),
}


def preface(session):
    """What was said before the first message."""
    lines = [line.decode() for line in session]
    return lines[:next(number for number, line in enumerate(lines) if line.upper().startswith("MAIL"))]


@pytest.mark.parametrize("file, of_nina, of_device, of_stranger", SAYS.values(), ids=SAYS)
def test_what_the_server_behind_is_told(make_door, trust, file, of_nina, of_device, of_stranger):
    with Sink(proxied=PROXY in file) as sink:
        door = make_door(file, trusting=sink.port, strangers=sink.port)
        with submission(door, trust) as smtp:
            # in her own spelling, which is not what is told
            smtp.login(NINA.upper(), WORD)
            send(smtp, NINA, "from nina")
        with submission(door, trust, DEVICE) as smtp:
            send(smtp, NINA, "from a device")
        assert inbound(door)[0] == 250
        for session, want in zip(sink.sessions, (of_nina, of_device, of_stranger), strict=True):
            said = preface(session)
            assert len(said) == len(want) and all(map(re.fullmatch, want, said)), said


def test_the_address_of_the_client_and_the_one_that_he_connected_to_are_told(make_door, trust):
    with Sink(proxied=True) as sink:
        door = make_door(PROXY, strangers=sink.port)
        inbound(door)
        port = door.ports["smtp"]
        assert re.fullmatch(rb"PROXY TCP4 127\.0\.0\.7 127\.0\.0\.1 \d+ %d" % port, sink.sessions[0][0])


# --- Postfix behind ---------------------------------------------------------------------------------------------

PORTS = {
    # an old server: nginx's address may relay, XCLIENT is not known
    "old": ["smtpd_sasl_auth_enable=no", "mynetworks=127.0.0.1", "smtpd_relay_restrictions=permit_mynetworks,reject"],
    "older": ["smtpd_sasl_auth_enable=no", "mynetworks=127.0.0.1", "smtpd_relay_restrictions=permit_mynetworks,reject",
              "smtpd_discard_ehlo_keywords=dsn"],
    # the same for mail from outside
    "old_inbound": ["smtpd_sasl_auth_enable=no", "smtpd_relay_restrictions=reject_unauth_destination"],
    # one that relays for those who log in
    "login": [],
    "proxied": ["smtpd_upstream_proxy_protocol=haproxy", "smtpd_authorized_xclient_hosts=static:all"],
    "proxied_login": ["smtpd_upstream_proxy_protocol=haproxy"],
    # XCLIENT, and what Postfix knows of IPv6
    "ipv4": ["smtpd_authorized_xclient_hosts=127.0.0.1", "inet_protocols=ipv4"],
    "all": ["smtpd_authorized_xclient_hosts=127.0.0.1", "inet_protocols=all"],
}


@pytest.fixture(scope="module")
def postfix(shared_scratch, authority, dovecot):
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    with Postfix(shared_scratch / "postfix", *authority.issue("postfix"), sasl=dovecot.sasl,
                 more_ports=PORTS) as server:
        yield server


def received(postfix, subject):
    """Postfix' own Received header of that message: (the address that it came from, the login or None)."""
    message = postfix.wait_for_message(subject)
    return re.search(r"\[([0-9.]+)\]\)", str(message.get_all("Received")[0])).group(1), login_of(message)


def test_an_old_server_that_trusts_nginx_takes_mail_of_who_logs_in_without_xclient(make_door, trust, postfix):
    door = make_door(NO_XCLIENT, trusting=postfix.ports["old"], strangers=postfix.ports["old_inbound"])
    with submission(door, trust) as smtp:
        smtp.login(NINA, WORD)
        send(smtp, NINA, "old server")
    assert received(postfix, "old server") == ("127.0.0.1", None)
    assert inbound(door)[0] == 250
    # which the front door has to refuse, as the server would take it
    with submission(door, trust) as smtp:
        assert smtp.mail(NINA)[0] == 250
        assert smtp.rcpt(STRANGER) == (530, b"5.7.0 authentication is required")


def test_an_old_server_takes_nothing_while_nginx_says_xclient(make_door, trust, postfix):
    """The reason for no-xclient.conf."""
    door = make_door("", trusting=postfix.ports["old"], strangers=postfix.ports["old_inbound"])
    with submission(door, trust) as smtp:
        with pytest.raises(smtplib.SMTPException):
            smtp.login(NINA, WORD)
    assert inbound(door) == (550, b"5.7.0 Error: insufficient authorization")


@pytest.mark.parametrize("port, code", [("old", 250), ("older", 501)])
def test_an_old_server_refuses_what_nginx_announces_in_its_place_and_it_has_not(make_door, trust, postfix, port, code):
    """The reason for taking words out of smtp_capabilities."""
    door = make_door(NO_XCLIENT, trusting=postfix.ports[port])
    with submission(door, trust) as smtp:
        assert smtp.has_extn("dsn")
        smtp.login(NINA, WORD)
        assert smtp.mail(NINA, ["RET=HDRS"])[0] == code


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
def test_an_old_server_where_nginx_logs_in_knows_who_it_is(make_door, trust, postfix, method):
    door = make_door(LOGIN, trusting=postfix.ports["login"])
    with submission(door, trust) as smtp:
        smtp.user, smtp.password = NINA.upper(), WORD
        smtp.auth(method, smtp.auth_plain if method == "PLAIN" else smtp.auth_login)
        send(smtp, NINA, f"logged in by {method}")
    assert received(postfix, f"logged in by {method}") == ("127.0.0.1", NINA)


def test_a_login_that_the_server_behind_refuses_is_refused_in_its_words(make_door, trust, postfix):
    door = make_door(LOGIN, trusting=postfix.ports["login"])
    with submission(door, trust) as smtp:
        code, text = smtp.docmd(plain(LEO, "elsewhere").decode())
    assert code == 535 and text.startswith(b"5.7.8 Error: authentication failed")


def test_without_a_login_nginx_does_not_log_in_either(make_door, trust, postfix):
    """A device of relay_ips: the server that relays for those who log in does not relay for it."""
    door = make_door(LOGIN, trusting=postfix.ports["login"])
    with submission(door, trust, DEVICE) as smtp:
        smtp.mail("device@local.example")
        assert smtp.rcpt(STRANGER) == (554, b"5.7.1 <customer@far.example>: Recipient address rejected: Access denied")


@pytest.mark.parametrize("file, port", [(PROXY, "proxied"), (PROXY + LOGIN, "proxied_login")],
                         ids=["beside XCLIENT", "beside upstream-login.conf"])
def test_postfix_is_told_the_address_by_the_proxy_protocol(make_door, trust, postfix, file, port):
    door = make_door(file, trusting=postfix.ports[port])
    with submission(door, trust) as smtp:
        smtp.login(NINA, WORD)
        send(smtp, NINA, f"proxied to {port}")
    assert received(postfix, f"proxied to {port}") == (CLIENT, NINA)


@pytest.mark.parametrize("client, code", [("192.0.2.1", 235), ("::ffff:192.0.2.1", 421)])
def test_postfix_takes_no_line_of_the_proxy_protocol_with_two_kinds_of_addresses(make_door, trust, postfix, client, code):
    """The reason for a balancer that says IPv4 as IPv4 (haproxy without v4v6): nginx is connected to by IPv4."""
    door = make_door(PROXY, trusting=postfix.ports["proxied"], balanced=("submission",))
    with ProxiedSMTP(door.ports["submission"], v1(client)) as smtp:
        smtp.starttls(context=trust)
        smtp.ehlo("client.example")
        assert smtp.docmd(plain(NINA, WORD).decode())[0] == code


@pytest.mark.parametrize("port, answer", [
    ("ipv4", (501, b"5.5.4 Bad ADDR syntax: IPV6:2001:db8::7")), ("all", (235, b"2.0.0 OK"))])
def test_postfix_takes_clients_of_ipv6_only_where_it_knows_ipv6_itself(make_door, trust, postfix, port, answer):
    """The reason for inet_protocols = all."""
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    door = make_door("", trusting=postfix.ports[port], balanced=("submission",))
    with ProxiedSMTP(door.ports["submission"], v1("2001:db8::7")) as smtp:
        smtp.starttls(context=trust)
        smtp.ehlo("client.example")
        assert smtp.docmd(plain(NINA, WORD).decode()) == answer


# --- Dovecot behind ---------------------------------------------------------------------------------------------

PROXIED_DOVECOT = """
haproxy_trusted_networks = 127.0.0.1
service imap-login {{
  inet_listener imap_proxied {{
    port = {imap}
    haproxy = yes
  }}
}}
service pop3-login {{
  inet_listener pop3_proxied {{
    port = {pop3}
    haproxy = yes
  }}
}}
"""


@pytest.fixture(scope="module")
def proxied_dovecot(shared_scratch):
    """Beside its usual ports it has "imap_proxied" and "pop3_proxied"."""
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    proxied = {name: free_port() for name in ("imap", "pop3")}
    with Dovecot(shared_scratch / "proxied", DOVECOT_USERS, settings=PROXIED_DOVECOT.format(**proxied)) as server:
        server.ports |= {f"{name}_proxied": port for name, port in proxied.items()}
        yield server


def read_by_imap(door, trust):
    imap = Imap(door.ports["imaps"], CLIENT, trust)
    try:
        imap.login(NINA, WORD)
        return imap.select()[0]
    finally:
        imap.shutdown()


@pytest.mark.parametrize("file, client", [(PROXY, CLIENT), ("", "127.0.0.1")], ids=["with the file", "without it"])
def test_dovecot_knows_the_client_by_the_proxy_protocol(make_door, proxied_dovecot, trust, file, client):
    log = proxied_dovecot.folder / "dovecot.log"
    before = len(log.read_text())
    imap, pop3 = (proxied_dovecot.ports[f"{name}{'_proxied' if file else ''}"] for name in ("imap", "pop3"))
    door = make_door(file, imap=imap, pop3=pop3)
    assert read_by_imap(door, trust) == "OK"
    pop = Pop(door.ports["pop3s"], CLIENT, trust)
    pop.user(NINA)
    pop.pass_(WORD)
    assert pop.stat() == (0, 0)
    pop.close()
    for protocol in ("imap", "pop3"):
        wait_until(lambda: re.search(rf"{protocol}-login: Info: Login: user=<{NINA}>.* rip={client},",
                                     log.read_text()[before:]), 10, f"Dovecot's line about the login by {protocol}")


# As Dovecot comes. 127.0.0.2 is another machine to it.
SHY = "disable_plaintext_auth = yes\nlisten = 127.0.0.1, 127.0.0.2\n"


@pytest.mark.parametrize("file, settings, is_taken", [
    (PROXY, "", False), (PROXY, "login_trusted_networks = 127.0.0.1\n", False),
    ("", "", False), ("", "login_trusted_networks = 127.0.0.1\n", True)],
    ids=["PROXY", "PROXY, nginx trusted", "from afar", "from afar, nginx trusted"])
def test_whose_login_dovecot_takes_without_tls_by_default(make_door, shared_scratch, trust, file, settings, is_taken):
    """The reason for disable_plaintext_auth = no with the PROXY protocol, for login_trusted_networks without."""
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    proxied = {name: free_port() for name in ("imap", "pop3")}
    settings += PROXIED_DOVECOT.format(**proxied) + SHY
    with Dovecot(shared_scratch / f"shy-{free_port()}", DOVECOT_USERS, settings=settings) as dovecot:
        door = make_door(file, imap=proxied["imap"] if file else dovecot.ports["imap"], imap_host="127.0.0.2")
        if is_taken:
            assert read_by_imap(door, trust) == "OK"
        else:
            with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
                read_by_imap(door, trust)


FAST_CHECK = 'check = "{}"  interval = 200ms  timeout = 1s  fall = 2'


@pytest.mark.parametrize("check, has_port", [("imap", True), ("tcp", False)])
def test_mailreeve_can_check_such_a_server(make_door, proxied_dovecot, trust, check, has_port):
    """By a port without the protocol, or by connecting only."""
    check_port = f"check_port = {proxied_dovecot.ports['imap']}" if has_port else ""
    log = proxied_dovecot.folder / "dovecot.log"
    before = log.read_text().count("imap-login:")
    door = make_door(PROXY, imap=proxied_dovecot.ports["imap_proxied"], imap_check=FAST_CHECK.format(check),
                     check_port=check_port)
    # more of them than `fall`
    wait_until(lambda: log.read_text().count("imap-login:") - before >= 4, 20, "Dovecot's lines about four checks")
    assert read_by_imap(door, trust) == "OK"


def test_mailreeve_cannot_check_it_at_the_port_with_the_protocol(make_door, proxied_dovecot, trust):
    door = make_door(PROXY, imap=proxied_dovecot.ports["imap_proxied"], imap_check=FAST_CHECK.format("imap"))

    def is_down():
        try:
            return read_by_imap(door, trust) != "OK"
        except imaplib.IMAP4.error as error:
            return "UNAVAILABLE" in str(error)

    wait_until(is_down, 20, "the server to be found down")
