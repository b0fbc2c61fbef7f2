"""The rows of README's table of old mail servers for Exim and Sendmail, each with the real server behind the real
nginx: what it is told by which file of nginx-conf, and what people hear where the files do not fit."""

import re
import smtplib
import ssl

import pytest

from harness.door import FrontDoor
from harness.exim import Exim, why_exim_is_unusable
from harness.sendmail import Sendmail, why_sendmail_is_unusable
from harness.setups import cheap_hash
from harness.smtp_talk import SmtpTalk, plain

NINA, LEO, FAR = "nina@tenant.example", "leo@local.example", "customer@far.example"
WORD = "nina-secret-1"
CLIENT = "127.0.0.7"

NO_XCLIENT = "include mailreeve/no-xclient.conf;\n"
LOGIN = "include mailreeve/upstream-login.conf;\n"
PROXY = "include mailreeve/upstream-proxy-protocol.conf;\n"

# Leo's password at the servers behind is another one.
USERS = f"{NINA}:{cheap_hash(WORD)}\n{LEO}:{cheap_hash('elsewhere')}\n"

CONFIGURATION = """
failure_delay = 1s
listener "submission" {{ require_auth = true  upstream = "trusting"  {submission} }}
listener "mx" {{ auth = "off"  upstream_inbound = "strangers" }}
organization "ours" {{ domains = {{"tenant.example", "local.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "trusting" {{ check = "none"  server "mta" {{ address = "127.0.0.1:{trusting}" }} }}
upstream "strangers" {{ check = "none"  server "mta" {{ address = "127.0.0.1:{strangers}" }} }}
"""


@pytest.fixture(scope="module")
def exim(shared_scratch):
    if reason := why_exim_is_unusable():
        pytest.skip(reason)
    with Exim(shared_scratch / "exim", {NINA: WORD, LEO: "another"}) as server:
        yield server


@pytest.fixture(scope="module")
def make_sendmail(shared_scratch):
    if reason := why_sendmail_is_unusable():
        pytest.skip(reason)
    made = []

    def make(**how):
        made.append(Sendmail(shared_scratch / f"sendmail{len(made)}", **how))
        return made[-1].start()
    yield make
    for server in made:
        server.stop()


@pytest.fixture(scope="module")
def sendmail(make_sendmail):
    """One that relays for those who log in, also without TLS."""
    return make_sendmail(ports={"login": ""}, users={NINA: WORD, LEO: "another"})


@pytest.fixture(scope="module")
def trusting_sendmail(make_sendmail):
    """One whose access map has nginx's address."""
    return make_sendmail(ports={"any": ""}, relay=["127.0.0.1"])


@pytest.fixture(scope="module")
def make_door(shared_scratch, front_certificate):
    """make_door(file, trusting, strangers) -> a FrontDoor whose ports include that file."""
    made = []

    def make(file, trusting=9, strangers=9):
        text = CONFIGURATION.format(submission="proxy_smtp_auth = true" if LOGIN in file else "", trusting=trusting,
                                    strangers=strangers)
        made.append(FrontDoor(shared_scratch / f"door{len(made)}", *front_certificate, text, {"users": USERS},
                              port_settings={"submission": file, "smtp": file}))
        return made[-1].start()
    yield make
    for door in made:
        door.stop()


@pytest.fixture(scope="module")
def trust(authority):
    return ssl.create_default_context(cafile=authority.ca)


@pytest.fixture
def submit(trust):
    """submit(door) -> a session before its login, closed at the end."""
    made = []

    def make(door):
        made.append(SmtpTalk(door.ports["submission"], trust, client=CLIENT))
        made[-1].say("EHLO client.example")
        return made[-1]
    yield make
    for talk in made:
        talk.close()


def send(talk, subject, recipient=FAR):
    """What is said to each step of a message of Nina's."""
    return talk.say_all([f"MAIL FROM:<{NINA}>", f"RCPT TO:<{recipient}>", "DATA",
                         f"From: {NINA}\r\nSubject: {subject}\r\n\r\ntext\r\n."])


def codes(replies):
    return [int(reply[:3]) for reply in replies]


def inbound(door, *recipients):
    """What a stranger hears to each recipient."""
    with SmtpTalk(door.ports["smtp"], client=CLIENT) as talk:
        return talk.say_all(["EHLO far.example", f"MAIL FROM:<{FAR}>", *(f"RCPT TO:<{to}>" for to in recipients)])[2:]


def came_from(server, subject):
    """The address in the Received header that the server has put on top."""
    received = str(server.mail.wait_for_message(subject).get_all("Received")[0])
    return re.search(r"\[([0-9.]+)\]", received).group(1)


# --- the default: XCLIENT ---------------------------------------------------------------------------------------

def test_exim_does_not_know_xclient(make_door, submit, exim):
    door = make_door("", trusting=exim.ports["trusting"], strangers=exim.ports["strangers"])
    assert submit(door).say(plain(NINA, WORD)) == "500 unrecognized command"
    assert inbound(door, NINA) == ["500 unrecognized command"]


def test_sendmail_does_not_know_xclient(make_door, submit, trusting_sendmail, sendmail):
    door = make_door("", trusting=trusting_sendmail.ports["any"], strangers=sendmail.ports["login"])
    unknown = '500 5.5.1 Command unrecognized: "XCLIENT ADDR=127.0.0.7 '
    assert submit(door).say(plain(NINA, WORD)).startswith(unknown)
    assert inbound(door, NINA)[0].startswith(unknown)


# --- no-xclient.conf --------------------------------------------------------------------------------------------

def test_exim_with_nginx_in_relay_from_hosts_takes_mail_of_who_logs_in(make_door, submit, exim):
    door = make_door(NO_XCLIENT, trusting=exim.ports["trusting"], strangers=exim.ports["strangers"])
    talk = submit(door)
    assert talk.say(plain(NINA, WORD)) == "235 2.0.0 OK"
    assert codes(send(talk, "relay_from_hosts")) == [250, 250, 354, 250]
    assert came_from(exim, "relay_from_hosts") == "127.0.0.1"
    assert inbound(door, NINA, FAR) == ["250 Accepted", "550 relay not permitted"]
    # the test of README for who takes one server for both
    wrong = make_door(NO_XCLIENT, strangers=exim.ports["trusting"])
    assert inbound(wrong, NINA, FAR) == ["250 Accepted", "250 Accepted"]


def test_sendmail_with_nginx_in_the_access_map_takes_mail_of_who_logs_in(make_door, submit, trusting_sendmail, sendmail):
    door = make_door(NO_XCLIENT, trusting=trusting_sendmail.ports["any"], strangers=sendmail.ports["login"])
    talk = submit(door)
    assert talk.say(plain(NINA, WORD)) == "235 2.0.0 OK"
    assert codes(send(talk, "access map")) == [250, 250, 354, 250]
    assert came_from(trusting_sendmail, "access map") == "127.0.0.1"
    refusal = f"550 5.7.1 <{FAR}>... Relaying denied. Proper authentication required."
    assert inbound(door, NINA, FAR) == [f"250 2.1.5 <{NINA}>... Recipient ok", refusal]
    wrong = make_door(NO_XCLIENT, strangers=trusting_sendmail.ports["any"])
    assert codes(inbound(wrong, NINA, FAR)) == [250, 250]


def test_sendmail_relays_for_loopback_whatever_it_is_told(make_door, make_sendmail):
    """The reason for reaching it by another address where nginx is on its machine."""
    server = make_sendmail(ports={"any": ""}, trusts_loopback=True)
    door = make_door(NO_XCLIENT, strangers=server.ports["any"])
    assert codes(inbound(door, NINA, FAR)) == [250, 250]


# --- upstream-login.conf ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
def test_exim_where_nginx_logs_in_knows_who_it_is(make_door, trust, exim, method):
    door = make_door(LOGIN, trusting=exim.ports["login"])
    with smtplib.SMTP("localhost", door.ports["submission"], timeout=20, source_address=(CLIENT, 0)) as smtp:
        smtp.starttls(context=trust)
        smtp.ehlo("client.example")
        smtp.user, smtp.password = NINA.upper(), WORD
        smtp.auth(method, smtp.auth_plain if method == "PLAIN" else smtp.auth_login)
        smtp.sendmail(NINA, FAR, f"Subject: by {method}\r\n\r\ntext\r\n")
    assert came_from(exim, f"by {method}") == "127.0.0.1"
    assert f"A=plain:{NINA}" in exim.log.read_text()


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
def test_sendmail_where_nginx_logs_in_knows_who_it_is(make_door, trust, sendmail, method):
    door = make_door(LOGIN, trusting=sendmail.ports["login"])
    with smtplib.SMTP("localhost", door.ports["submission"], timeout=20, source_address=(CLIENT, 0)) as smtp:
        smtp.starttls(context=trust)
        smtp.ehlo("client.example")
        smtp.user, smtp.password = NINA.upper(), WORD
        smtp.auth(method, smtp.auth_plain if method == "PLAIN" else smtp.auth_login)
        smtp.sendmail(NINA, FAR, f"Subject: by {method}\r\n\r\ntext\r\n")
    assert "(authenticated bits=0)" in str(sendmail.mail.wait_for_message(f"by {method}").get_all("Received")[0])


def test_a_login_that_the_server_behind_refuses_is_refused_in_its_words(make_door, submit, exim, sendmail):
    for server, words in ((exim, "535 Incorrect authentication data"), (sendmail, "535 5.7.0 authentication failed")):
        door = make_door(LOGIN, trusting=server.ports["login"])
        assert submit(door).say(plain(LEO, "elsewhere")) == words


def test_a_server_that_offers_no_auth_to_nginx_refuses_every_login(make_door, submit, exim, make_sendmail):
    """As where it wants TLS first."""
    careful = make_sendmail(ports={"any": ""}, users={NINA: WORD}, settings="define(`confAUTH_OPTIONS', `A p')dnl\n")
    for port, words in ((exim.ports["strangers"], "503 AUTH command used when not advertised"),
                        (careful.ports["any"], "504 5.3.3 AUTH mechanism PLAIN not available")):
        door = make_door(LOGIN, trusting=port)
        assert submit(door).say(plain(NINA, WORD)) == words


# --- upstream-proxy-protocol.conf -------------------------------------------------------------------------------

def test_exim_with_nginx_in_hosts_proxy_knows_the_address_and_the_login(make_door, submit, exim):
    door = make_door(PROXY + LOGIN, trusting=exim.ports["proxied"], strangers=exim.ports["proxied"])
    talk = submit(door)
    assert talk.say(plain(NINA, WORD)) == "235 2.0.0 OK"
    assert codes(send(talk, "proxied")) == [250, 250, 354, 250]
    assert came_from(exim, "proxied") == CLIENT
    assert inbound(door, NINA, FAR) == ["250 Accepted", "550 relay not permitted"]


def test_exim_with_nginx_in_hosts_proxy_does_not_find_it_in_relay_from_hosts(make_door, submit, exim):
    """Which looks at the client's own address then."""
    door = make_door(PROXY + NO_XCLIENT, trusting=exim.ports["trusting_proxied"])
    talk = submit(door)
    talk.say(plain(NINA, WORD))
    assert send(talk, "not proxied")[1] == "550 relay not permitted"


# --- what nginx announces in their place ------------------------------------------------------------------------

def test_exim_refuses_what_nginx_announces_in_its_place_and_it_has_not(make_door, submit, exim):
    """The reason for taking words out of smtp_capabilities."""
    with smtplib.SMTP("localhost", exim.ports["trusting"], timeout=20) as smtp:
        smtp.ehlo("client.example")
        assert smtp.has_extn("size") and not smtp.has_extn("dsn")
    talk = submit(make_door(NO_XCLIENT, trusting=exim.ports["trusting"]))
    talk.say(plain(NINA, WORD))
    assert codes(talk.say_all([f"MAIL FROM:<{NINA}> RET=HDRS", f"RCPT TO:<{FAR}> NOTIFY=SUCCESS"])) == [250, 501]
