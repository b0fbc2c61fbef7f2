"""Names and passwords verified at a real Dovecot, by IMAP and POP3, with TLS from the start and by STARTTLS."""

import base64
import smtplib
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from harness import fastcgi
from harness.certs import Authority
from harness.door import FrontDoor
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.mailreeve import Mailreeve
from harness.process import free_port, wait_until
from harness.sink import Sink

RIGHT, WRONG, TEMPORARY = "OK", "535 5.7.8", "454 4.7.0"

# What stands in the way of a line of a protocol: quotes, backslash, spaces, braces, what is not ASCII.
PASSWORDS = {
    "anna": "right-1",
    "quotes": 'a"b\\c\\"d',
    "spaces": " two  words ",
    "braces": "x{5} x) LOGIN {3+}",
    "umlauts": "wörd-ß-€",
    "long": "p" * 900,
}
OFF = "off"  # may not log in, whatever the password

# How a source asks: type and settings, with the port's name in braces.
WAYS = {
    "imap-starttls": ("imap", 'server = {{"localhost:{imap}"}}'),
    "imap-implicit": ("imap", 'server = {{"localhost:{imaps}"}}  tls = "implicit"'),
    "imap-login": ("imap", 'server = {{"localhost:{imap}"}}  mechanisms = {{"login"}}'),
    "pop3-starttls": ("pop3", 'server = {{"localhost:{pop3}"}}'),
    "pop3-implicit": ("pop3", 'server = {{"localhost:{pop3s}"}}  tls = "implicit"'),
    "pop3-login": ("pop3", 'server = {{"localhost:{pop3}"}}  mechanisms = {{"login"}}'),
}
# Where TLS must not be trusted: the certificate names localhost alone.
MISTRUSTED = {
    "wrong-name-imap": ("imap", 'server = {{"127.0.0.1:{imap}"}}', "ca"),
    "wrong-name-imaps": ("imap", 'server = {{"127.0.0.1:{imaps}"}}  tls = "implicit"', "ca"),
    "wrong-name-pop3": ("pop3", 'server = {{"127.0.0.1:{pop3}"}}', "ca"),
    "unknown-ca-imap": ("imap", 'server = {{"localhost:{imap}"}}', "other"),
    "unknown-ca-imaps": ("imap", 'server = {{"localhost:{imaps}"}}  tls = "implicit"', "other"),
    "unknown-ca-pop3": ("pop3", 'server = {{"localhost:{pop3}"}}', "other"),
}

HEAD = """
failure_delay = 0
listener "submission" {{ auth = "on"  upstream = "mta" }}
listener "imap" {{ auth = "on"  upstream = "mta" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:{port}" }} }}
"""

TENANT = """
organization "{name}" {{ domains = {{"{name}.example"}}  sources = {{"{name}"}} }}
source "{name}" {{ type = "{type}"  {settings}  cache = 0  negative_cache = 0 }}
"""


def tenant(name, kind, settings):
    return TENANT.format(name=name, type=kind, settings=settings)


def users(more=()):
    """Everybody, in the domain of each tenant; more: of these, too."""
    tenants = (*WAYS, *MISTRUSTED, "patient", "hasty-imap", "hasty-pop3", "clear", "failover", "front-imap",
               "front-pop3", *more)
    found = {f"{name}@{tenant}.example": word for tenant in tenants for name, word in PASSWORDS.items()}
    return found | {f"{OFF}@{tenant}.example": "right-1::::::nologin=y reason=no" for tenant in tenants}


# Dovecot makes whoever gave wrong passwords wait longer and longer.
UNHURT = "auth_failure_delay = 0\nservice anvil {\n unix_listener anvil-auth-penalty {\n mode = 0\n }\n}\n"


def make_dovecot(folder, authority, settings=UNHURT, tenants=()):
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    certificate, key = authority.issue(f"dovecot-{folder.name}", addresses=())
    return Dovecot(folder, users(tenants), certificate=certificate, key=key, settings=settings)


@pytest.fixture(scope="module")
def server(shared_scratch, authority):
    with make_dovecot(shared_scratch / "dovecot", authority) as running:
        yield running


@pytest.fixture(scope="module")
def service(shared_scratch, authority, server):
    """One service with a tenant for every way."""
    authorities = {"ca": authority, "other": Authority(shared_scratch / "other")}
    text = HEAD.format(port=10025)
    for name, (kind, settings) in WAYS.items():
        text += tenant(name, kind, f'{settings.format(**server.ports)}  ca_file = "{authority.ca}"')
    for name, (kind, settings, trusted) in MISTRUSTED.items():
        text += tenant(name, kind, f'{settings.format(**server.ports)}  ca_file = "{authorities[trusted].ca}"')
    text += tenant("clear", "imap", f'server = {{"127.0.0.1:{server.ports["imap"]}"}}  tls = "none"')
    with Mailreeve(shared_scratch / "service", text) as running:
        yield running


def ask(service, user, password):
    answer = service.ask(fastcgi.login(user, password))
    return RIGHT if answer.ok else answer["Auth-Error-Code"]


def last_decision(service):
    return service.decisions()[-1]


def ask_all(service, questions):
    """{(user, password): answer}, asked side by side: Dovecot takes half a second for each wrong one."""
    with ThreadPoolExecutor(32) as pool:
        return dict(zip(questions, pool.map(lambda question: ask(service, *question), questions)))


def test_right_passwords_are_right_and_others_wrong(service):
    wanted = {}
    for way in WAYS:
        for name, password in PASSWORDS.items():
            wanted[f"{name}@{way}.example", password] = RIGHT
            for other in (password + "x", password[:-1], password.upper() + "!"):
                wanted[f"{name}@{way}.example", other] = WRONG
    assert ask_all(service, list(wanted)) == wanted


def test_a_name_that_nobody_has_is_refused_like_a_wrong_password(service):
    wanted = {(f"nobody@{way}.example", "right-1"): WRONG for way in WAYS}
    assert ask_all(service, list(wanted)) == wanted


def test_who_may_not_log_in_is_refused(service):
    wanted = {(f"{OFF}@{way}.example", "right-1"): WRONG for way in WAYS}
    assert ask_all(service, list(wanted)) == wanted


def test_imap_says_that_an_account_is_disabled(service):
    ask(service, f"{OFF}@imap-implicit.example", "right-1")
    assert "NO [CONTACTADMIN]" in service.log


@pytest.mark.parametrize("name", MISTRUSTED)
def test_a_server_that_proves_nothing_gets_no_password(service, server, name):
    before = (server.folder / "dovecot.log").read_text()
    assert ask(service, f"anna@{name}.example", PASSWORDS["anna"]) == TEMPORARY
    assert last_decision(service)["reason"] == "auth.source-unavailable"
    down = [event for event in service.events("source.down") if event["source"] == name]
    assert "certificate" in down[0]["error"]
    assert f"anna@{name}.example" not in (server.folder / "dovecot.log").read_text()[len(before):]


def test_a_password_goes_in_clear_only_if_the_configuration_says_so(service):
    assert ask(service, "anna@clear.example", PASSWORDS["anna"]) == RIGHT
    assert ask(service, "anna@clear.example", "wrong") == WRONG


def test_no_proxy_of_the_environment_is_used(scratch, authority, server):
    text = HEAD.format(port=10025) + tenant("patient", "imap", f'server = {{"localhost:{server.ports["imap"]}"}}  '
                                            f'ca_file = "{authority.ca}"')
    proxy = f"http://127.0.0.1:{free_port()}"
    with Mailreeve(scratch / "service", text, env={"all_proxy": proxy, "ALL_PROXY": proxy}) as service:
        assert ask(service, "anna@patient.example", PASSWORDS["anna"]) == RIGHT


def test_a_server_that_thinks_about_a_wrong_password_is_waited_for(scratch, authority):
    """connect_timeout is about connecting, not about the login."""
    with make_dovecot(scratch / "dovecot", authority, UNHURT + "auth_failure_delay = 2 secs\n") as server:
        text = HEAD.format(port=10025) + tenant(
            "patient", "imap", f'server = {{"localhost:{server.ports["imap"]}"}}  ca_file = "{authority.ca}"  '
            "connect_timeout = 500ms  timeout = 20s")
        with Mailreeve(scratch / "service", text) as service:
            began = time.monotonic()
            assert ask(service, "anna@patient.example", "wrong") == WRONG
            assert time.monotonic() - began > 1.5


# ---- outages


def test_each_outage_is_temporary_and_ends_by_itself(scratch, authority):
    kinds = ("imap", "pop3")
    questions = [(f"anna@hasty-{kind}.example", password)
                 for kind in kinds for password in (PASSWORDS["anna"], "wrong")]

    def settle(*wanted):
        """Within bounds: a server's gate stays shut for two seconds after a failure."""
        def is_settled():
            answers = list(ask_all(service, questions).values())
            assert WRONG not in answers[::2] and RIGHT not in answers[1::2]
            return answers == [*wanted, *wanted]
        wait_until(is_settled, 60, f"right and wrong password: {wanted}")

    with make_dovecot(scratch / "dovecot", authority) as server, ExitStack() as stack:
        text = HEAD.format(port=10025)
        for kind in kinds:
            text += tenant(f"hasty-{kind}", kind, f'server = {{"localhost:{server.ports[kind]}"}}  '
                           f'ca_file = "{authority.ca}"  connect_timeout = 500ms  timeout = 1500ms')
        service = stack.enter_context(Mailreeve(scratch / "service", text))
        settle(RIGHT, WRONG)
        server.process.pause()
        try:
            settle(TEMPORARY, TEMPORARY)
        finally:
            server.process.resume()
        settle(RIGHT, WRONG)
        server.process.kill()
        settle(TEMPORARY, TEMPORARY)
        server.start()
        settle(RIGHT, WRONG)
        for kind in kinds:
            for change in ("source.down", "source.up"):
                assert [event for event in service.events(change) if event["source"] == f"hasty-{kind}"]


def test_the_next_server_is_asked_if_one_is_down(scratch, authority, server):
    servers = f'server = {{"localhost:{free_port()}", "localhost:{server.ports["imap"]}"}}'
    text = HEAD.format(port=10025) + tenant("failover", "imap", f'{servers}  ca_file = "{authority.ca}"')
    with Mailreeve(scratch / "service", text) as service:
        assert ask(service, "anna@failover.example", PASSWORDS["anna"]) == RIGHT
        assert ask(service, "anna@failover.example", "wrong") == WRONG


def test_a_server_that_wants_our_certificate_gets_it(scratch, authority):
    own, key = authority.issue("front-door")
    key.chmod(0o600)
    demands = f"{UNHURT}ssl_ca = <{authority.ca}\nssl_verify_client_cert = yes\nauth_ssl_require_client_cert = yes\n" \
              "ssl_require_crl = no\n"
    shown = {"shown": f'cert_file = "{own}"  key_file = "{key}"', "hidden": ""}
    with make_dovecot(scratch / "demanding", authority, demands,
                      [f"{kind}-{name}" for kind in ("imap", "pop3") for name in shown]) as server:
        text = HEAD.format(port=10025) + "".join(
            tenant(f"{kind}-{name}", kind,
                   f'server = {{"localhost:{server.ports[kind]}"}}  ca_file = "{authority.ca}"  {certificate}')
            for kind in ("imap", "pop3") for name, certificate in shown.items())
        with Mailreeve(scratch / "service", text) as service:
            for kind in ("imap", "pop3"):
                assert ask(service, f"anna@{kind}-shown.example", PASSWORDS["anna"]) == RIGHT, service.decisions()
                assert ask(service, f"anna@{kind}-hidden.example", PASSWORDS["anna"]) != RIGHT, service.decisions()


# ---- the whole front door

def test_mail_clients_log_in_through_nginx(scratch, authority, front_certificate, server):
    trust = ssl.create_default_context(cafile=authority.ca)
    with Sink() as sink, ExitStack() as stack:
        text = HEAD.format(port=sink.port)
        for kind in ("imap", "pop3"):
            text += tenant(f"front-{kind}", kind, f'server = {{"localhost:{server.ports[kind]}"}}  '
                           f'ca_file = "{authority.ca}"')
        door = stack.enter_context(FrontDoor(scratch / "door", *front_certificate, text))
        for user in ("quotes@front-imap.example", "umlauts@front-pop3.example"):
            password = PASSWORDS[user.split("@")[0]]
            with smtplib.SMTP("127.0.0.1", door.ports["submission"], timeout=30) as client:
                client.starttls(context=trust)
                client.ehlo()
                with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
                    client.login(user, "wrong", initial_response_ok=True)
                assert refused.value.smtp_code == 535
            with smtplib.SMTP("127.0.0.1", door.ports["submission"], timeout=30) as client:
                client.starttls(context=trust)
                client.ehlo()
                code, _ = client.docmd("AUTH", "PLAIN " + in_base64(f"\0{user}\0{password}"))
                assert code == 235
            assert any(user.encode() in line for line in sink.sessions[-1])


def in_base64(text):
    return base64.b64encode(text.encode()).decode()
