"""Whether a recipient exists, asked of SMTP servers: a real Postfix, and scripted ones that refuse, drop and stall."""

import json
import smtplib
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from harness import fastcgi
from harness.door import FrontDoor
from harness.mailreeve import Mailreeve, parse_logfmt
from harness.process import free_port, wait_until
from harness.smtp_script import SmtpScript

ASKERS = 500
SESSION_TIMEOUT_S = 6

UNKNOWN, UNVERIFIABLE = "550 5.1.1", "450 4.1.1"

HEAD = """
session_timeout = {timeout_s}s
listener "mx" {{ auth = "off"  upstream_inbound = "mx" }}
upstream "mx" {{ check = "none"  server "mx1" {{ address = "127.0.0.1:{mx_port}" }} }}
"""

TENANT = """
organization "{name}" {{ domains = {{"{name}.example"}}  recipients = "{name}"  {settings} }}
source "{name}" {{ type = "smtp"  server = {{"{address}"}}  tls = "none"  {source} }}
"""


def head(timeout_s=SESSION_TIMEOUT_S, mx_port=10025):
    return HEAD.format(timeout_s=timeout_s, mx_port=mx_port)


def tenant(name, address, settings="", source=""):
    return TENANT.format(name=name, address=address, settings=settings, source=source)


def question(address):
    return fastcgi.recipient("MAIL FROM:<bob@far.example>", f"RCPT TO:<{address}>")


def code_of(answer):
    return "OK" if answer.ok else answer["Auth-Error-Code"]


def ask(service, address):
    return code_of(service.ask(question(address)))


def misconfigured(service, source):
    return [event for event in service.events("source.misconfigured") if event["source"] == source]


# ---- what a server does, and what the client is told

AT_RCPT = {
    "known": ("250 2.1.5 ok", "OK"),
    "forwarded": ("251 2.1.5 will forward", "OK"),
    "unverified": ("252 2.0.0 cannot tell but will take it", "OK"),
    "talkative-known": ("250-2.1.5 well\n250-2.1.5 well\n250 2.1.5 ok", "OK"),
    "unknown": ("550 5.1.1 no such user", UNKNOWN),
    "talkative-unknown": ("550-5.1.1 no\n550-5.1.1 such\n550 5.1.1 user", UNKNOWN),
    "bare": ("550 no", UNKNOWN),
    "moved": ("551 5.1.6 moved", UNKNOWN),
    "greylisted": ("450 4.2.0 later", UNVERIFIABLE),
    "busy": ("451 4.3.0 busy", UNVERIFIABLE),
    "going-down": ("421 4.3.2 going down", UNVERIFIABLE),
    "contradiction": ("550 4.1.1 later", UNVERIFIABLE),
    "policy": ("554 5.7.1 listed", UNVERIFIABLE),
    "wants-tls": ("530 5.7.0 STARTTLS first", UNVERIFIABLE),
    "wants-auth": ("530 authenticate", UNVERIFIABLE),
    "garbage": ("what", UNVERIFIABLE),
    "two-codes": ("250-yes\n550 5.1.1 no", UNVERIFIABLE),
    "dropped": ("close", UNVERIFIABLE),
    "stalled": ("stall", UNVERIFIABLE),
}

# name: (options of the server, what the client is told, whether a person is told)
SERVERS = {
    "drops-at-greeting": ({"close": "greeting"}, UNVERIFIABLE, False),
    "drops-at-ehlo": ({"close": "ehlo"}, UNVERIFIABLE, False),
    "drops-at-mail": ({"close": "mail"}, UNVERIFIABLE, False),
    "drops-at-rcpt": ({"close": "rcpt"}, UNVERIFIABLE, False),
    "stalls-at-greeting": ({"stall": "greeting"}, UNVERIFIABLE, False),
    "stalls-at-ehlo": ({"stall": "ehlo"}, UNVERIFIABLE, False),
    "stalls-at-mail": ({"stall": "mail"}, UNVERIFIABLE, False),
    "greets-with-421": ({"refuse": "greeting", "refusal": "421 4.3.2 too many"}, UNVERIFIABLE, False),
    "greets-with-554": ({"refuse": "greeting", "refusal": "554 5.7.1 go away"}, UNVERIFIABLE, True),
    "greets-with-550": ({"refuse": "greeting", "refusal": "550 5.1.1 no such user"}, UNVERIFIABLE, True),
    "refuses-ehlo": ({"refuse": "ehlo", "refusal": "550 5.1.1 no such user"}, UNVERIFIABLE, True),
    "refuses-mail": ({"refuse": "mail", "refusal": "550 5.1.1 no such user"}, UNVERIFIABLE, True),
    "defers-mail": ({"refuse": "mail", "refusal": "451 4.7.1 later"}, UNVERIFIABLE, False),
    "accepts-all": ({}, "OK", False),
    "tempfails-all": ({"recipient_reply": "450 4.2.0 greylisted"}, UNVERIFIABLE, False),
    "refuses-us": ({"recipient_reply": "550 5.7.1 your address is listed"}, UNVERIFIABLE, True),
}


@pytest.fixture(scope="module")
def many(shared_scratch):
    """One service with a tenant for each of SERVERS, one for AT_RCPT and one whose server is not there."""
    recipients = {f"{name}@rcpt.example": reply for name, (reply, _) in AT_RCPT.items()}
    servers = {name: SmtpScript(shared_scratch, **options) for name, (options, _, _) in SERVERS.items()}
    recipients["gone@lenient-rcpt.example"] = "550 5.1.1 no such user"
    recipients["later@lenient-rcpt.example"] = "450 4.2.0 later"
    servers["rcpt"] = SmtpScript(shared_scratch, recipients=json.dumps(recipients))
    text = head() + tenant("absent", f"127.0.0.1:{free_port()}")
    text += "".join(tenant(name, server.address) for name, server in servers.items())
    text += tenant("lenient", servers["refuses-mail"].address, 'unverifiable_recipient = "accept"')
    text += tenant("lenient-rcpt", servers["rcpt"].address, 'unverifiable_recipient = "accept"')
    started = []
    try:
        for server in servers.values():
            started.append(server.start())
        with Mailreeve(shared_scratch / "many", text) as service:
            yield service
    finally:
        for server in started:
            server.stop()


@pytest.mark.parametrize("name", AT_RCPT)
def test_what_a_server_says_to_rcpt(many, name):
    began = time.monotonic()
    assert ask(many, f"{name}@rcpt.example") == AT_RCPT[name][1]
    assert time.monotonic() - began < 2 * SESSION_TIMEOUT_S


@pytest.fixture(scope="module")
def answers(many):
    """{name of SERVERS: what three who ask it about three recipients hear}, with the seconds that it took them. All
    are asked at once, for those who stall take the session's whole time."""
    def heard(address):
        began = time.monotonic()
        return ask(many, address), time.monotonic() - began

    addresses = {name: [f"{local}@{name}.example" for local in ("one", "two", "three")] for name in SERVERS}
    with ThreadPoolExecutor(3 * len(SERVERS)) as pool:
        waiting = {name: [pool.submit(heard, address) for address in each] for name, each in addresses.items()}
        return {name: [one.result() for one in each] for name, each in waiting.items()}


@pytest.mark.parametrize("name", SERVERS)
def test_what_a_server_does(many, answers, name):
    _, want, is_said_loudly = SERVERS[name]
    assert [code for code, _ in answers[name]] == [want] * 3
    assert max(took_s for _, took_s in answers[name]) < 2 * SESSION_TIMEOUT_S
    assert len(misconfigured(many, name)) == is_said_loudly


def test_a_server_that_is_not_there(many):
    assert ask(many, "boss@absent.example") == UNVERIFIABLE


@pytest.mark.parametrize("address, want", [
    ("boss@lenient.example", "OK"), ("later@lenient-rcpt.example", "OK"), ("gone@lenient-rcpt.example", UNKNOWN)])
def test_who_accepts_the_unverifiable_still_refuses_the_unknown(many, address, want):
    assert ask(many, address) == want


def test_the_audit_line_says_who_was_asked_and_what_came_of_it(many):
    ask(many, "talkative-unknown@rcpt.example")
    line = many.decisions()[-1]
    assert (line["reason"], line["code"], line["source"]) == ("recipient.unknown", UNKNOWN, "rcpt")


def test_a_refused_recipient_leaves_the_session_open(many):
    for address in ("unknown@rcpt.example", "greylisted@rcpt.example"):
        assert many.ask(question(address))["Auth-Wait"] == "1"


# ---- the words on the wire

def test_addresses_arrive_as_the_rfc_wants_them(scratch):
    addresses = {
        "anna.b+c@acme.example": "TO:<anna.b+c@acme.example>",
        '"anna b"@acme.example': 'TO:<"anna b"@acme.example>',
        '"a> SIZE=1"@acme.example': 'TO:<"a> size=1"@acme.example>',
        "a..b@acme.example": 'TO:<"a..b"@acme.example>',
        "jürgen@acme.example": "TO:<jürgen@acme.example>",
        "Anna@ACME.example": "TO:<anna@acme.example>",
    }
    with SmtpScript(scratch, offers="SMTPUTF8") as server, \
            Mailreeve(scratch / "service", head() + tenant("acme", server.address)) as service:
        for address in addresses:
            assert ask(service, address) == "OK"
        assert server.stats()["asked"] == list(addresses.values())


@pytest.mark.parametrize("line", [b'RCPT TO:<"a\r\nRCPT TO:<b@acme.example>\r\nX"@acme.example>',
                                  b'RCPT TO:<"a\nb"@acme.example>', b'RCPT TO:<"a\0b"@acme.example>',
                                  b"RCPT TO:<a@acme.example\r\nDATA>"])
def test_an_address_is_never_two_commands(scratch, line):
    with SmtpScript(scratch) as server, \
            Mailreeve(scratch / "service", head() + tenant("acme", server.address)) as service:
        answer = service.ask(fastcgi.recipient("MAIL FROM:<bob@far.example>", line))
        assert not answer.ok
        assert server.stats()["asked"] == []


def test_a_name_beyond_ascii_is_not_asked_where_it_is_not_understood(scratch):
    with SmtpScript(scratch) as server, \
            Mailreeve(scratch / "service", head() + tenant("acme", server.address)) as service:
        assert ask(service, "jürgen@acme.example") == UNVERIFIABLE
        assert server.stats()["mails"] == 0


# ---- caches

def test_a_second_question_makes_no_connection(scratch):
    recipients = json.dumps({"gone@acme.example": "550 5.1.1 no", "later@acme.example": "450 4.2.0 later"})
    with SmtpScript(scratch, recipients=recipients) as server, \
            Mailreeve(scratch / "service", head() + tenant("acme", server.address)) as service:
        for address, code, want_asked in (("anna", "OK", 1), ("gone", UNKNOWN, 1), ("later", UNVERIFIABLE, 2)):
            before = server.stats()["mails"]
            assert ask(service, f"{address}@acme.example") == code
            assert ask(service, f"{address.upper()}@ACME.example") == code
            assert server.stats()["mails"] - before == want_asked, address


def test_what_is_unknown_is_forgotten_sooner(scratch):
    recipients = json.dumps({"gone@acme.example": "550 5.1.1 no"})
    source = 'recipient_cache = 1h  recipient_negative_cache = 500ms'
    with SmtpScript(scratch, recipients=recipients) as server, \
            Mailreeve(scratch / "service", head() + tenant("acme", server.address, source=source)) as service:
        def asked_again():
            assert ask(service, "gone@acme.example") == UNKNOWN
            assert ask(service, "anna@acme.example") == "OK"
            return server.stats()["asked"].count("TO:<gone@acme.example>") == 2
        wait_until(asked_again, 20, "the unknown recipient to be asked about again")
        assert server.stats()["asked"].count("TO:<anna@acme.example>") == 1


# ---- one question for many askers

class Crowd:
    """Many sessions that ask about one address at once, each on a connection of its own."""

    def __init__(self, service, address, count=ASKERS):
        self.connections = [fastcgi.Connection(service.socket, keep=False, timeout_s=60).open() for _ in range(count)]
        request = fastcgi.encode_request(question(address))
        for connection in self.connections:
            connection.send(request)
        # one asks, all others wait for his answer
        wait_until(lambda: self._waiting(service) == count - 1, 60, "the crowd to wait for one answer")

    @staticmethod
    def _waiting(service):
        metrics = service.ask({"DOCUMENT_URI": "/metrics", "REQUEST_METHOD": "GET"}).body.decode()
        return sum(int(line.split()[-1]) for line in metrics.splitlines()
                   if line.startswith("mailreeve_source_recipients_waiting{"))

    def answers(self):
        codes = [code_of(connection.read_answer()) for connection in self.connections]
        for connection in self.connections:
            connection.close()
        return codes


@pytest.mark.parametrize("reply, code", [
    ("250 2.1.5 ok", "OK"), ("550 5.1.1 no", UNKNOWN), ("450 4.2.0 later", UNVERIFIABLE), ("close", UNVERIFIABLE),
    ("stall", UNVERIFIABLE)])
def test_five_hundred_askers_of_one_address_make_one_connection(scratch, reply, code):
    held = scratch / "go-on"
    timeout_s = 12 if reply == "stall" else 60
    with SmtpScript(scratch, recipient_reply=reply, hold=held) as server, \
            Mailreeve(scratch / "service", head(timeout_s) + tenant("acme", server.address)) as service:
        before = server.stats()["connections"]
        crowd = Crowd(service, "boss@acme.example")
        held.touch()
        assert crowd.answers() == [code] * ASKERS
        after = server.stats()
        assert after["asked"] == ["TO:<boss@acme.example>"]
        assert after["connections"] == before + 2  # one is this one, which counts


def test_a_reload_leaves_those_who_wait_alone(scratch):
    """They have the configuration that they began with, with its source, until the last of them has his answer."""
    held = scratch / "go-on"
    with SmtpScript(scratch, hold=held) as old, SmtpScript(scratch, recipient_reply="550 5.1.1 no") as new, \
            Mailreeve(scratch / "service", head(60) + tenant("acme", old.address)) as service:
        crowd = Crowd(service, "boss@acme.example", 100)
        for _ in range(10):
            service.configure(head(60) + tenant("acme", new.address))
            assert service.reload()["Status"].startswith("200")
            assert ask(service, "boss@acme.example") == UNKNOWN
        service.configure(head(60))
        service.reload_by_signal()
        assert ask(service, "boss@acme.example") == "550 5.7.1"  # nobody's any more
        held.touch()
        assert crowd.answers() == ["OK"] * 100
        assert old.stats()["asked"] == ["TO:<boss@acme.example>"]


# ---- one tenant's server that stalls

def test_a_stalling_server_holds_no_more_than_its_connections_and_no_other_tenant(scratch):
    timeout_s, cap, many_addresses = 8, 3, 40
    with SmtpScript(scratch, stall="rcpt") as slow, SmtpScript(scratch) as quick:
        text = head(timeout_s) + tenant("slow", slow.address, source=f"connections = {cap}")
        text += tenant("quick", quick.address)
        with Mailreeve(scratch / "service", text) as service, ThreadPoolExecutor(many_addresses) as pool:
            waiting = [pool.submit(ask, service, f"user{i}@slow.example") for i in range(many_addresses)]
            wait_until(lambda: slow.stats()["asking"] == cap, 20, "the server to be asked")
            began = time.monotonic()
            for i in range(20):
                assert ask(service, f"user{i}@quick.example") == "OK"
            assert time.monotonic() - began < timeout_s / 2
            assert {answer.result() for answer in waiting} == {UNVERIFIABLE}
            assert slow.stats()["most_asking"] == cap


# ---- a real Postfix

@pytest.fixture(scope="module")
def real(shared_scratch, postfix, authority, front_certificate):
    """The front door before Postfix, with tenants whose recipients Postfix knows."""
    choosy = f"localhost:{postfix.ports['choosy']}"
    text = head(mx_port=postfix.ports["inbound"])
    text += tenant("choosy", choosy).replace('tls = "none"', f'tls = "starttls"  ca_file = "{authority.ca}"')
    gone = f"127.0.0.1:{free_port()}"
    text += tenant("lenient", gone, 'unverifiable_recipient = "accept"') + tenant("strict", gone)
    with FrontDoor(shared_scratch / "door", *front_certificate, text) as door:
        yield door


def session(door):
    client = smtplib.SMTP("localhost", door.ports["smtp"], timeout=30)
    client.ehlo("client.example")
    assert client.docmd("MAIL FROM:<bob@far.example>")[0] == 250
    return client


@pytest.mark.parametrize("address, want", [
    ("anna@choosy.example", (250, b"2.1.5")),
    ("ANNA@Choosy.Example", (250, b"2.1.5")),
    ('"anna banana"@choosy.example', (250, b"2.1.5")),
    ("gone@choosy.example", (550, b"5.1.1")),
    ('"gone banana"@choosy.example', (550, b"5.1.1")),
    ("later@choosy.example", (450, b"4.1.1")),
    ("policy@choosy.example", (450, b"4.1.1")),
    ("boss@strict.example", (450, b"4.1.1")),
    ("boss@lenient.example", (250, b"2.1.5")),
])
def test_through_nginx_and_postfix(real, address, want):
    client = session(real)
    code, text = client.docmd(f"RCPT TO:<{address}>")
    assert (code, text.split()[0]) == want
    client.close()


def test_a_session_goes_on_to_its_next_recipient(real, postfix):
    client = session(real)
    for address, want in (("gone", 550), ("later", 450), ("gone", 550), ("anna", 250)):
        assert client.docmd(f"RCPT TO:<{address}@choosy.example>")[0] == want
    assert client.data("Subject: behind refused ones\r\n\r\nbody\r\n")[0] == 250
    client.quit()
    assert postfix.wait_for_message("behind refused ones")["X-Original-To"] == "anna@choosy.example"


@pytest.mark.parametrize("address, want", [("jürgen@choosy.example", "OK"), ("jörgen@choosy.example", UNKNOWN)])
def test_names_beyond_ascii_at_postfix(real, address, want):
    assert code_of(fastcgi.ask(real.socket, question(address))) == want


def test_postfix_saw_empty_senders_and_tls(real, postfix):
    fastcgi.ask(real.socket, question("nobody-else-asked@choosy.example"))
    seen = wait_until(lambda: [line for line in postfix.output().splitlines()
                               if "to=<nobody-else-asked@choosy.example>" in line], 20, "a line of Postfix' log")
    assert len(seen) == 1 and "from=<>" in seen[0]
    log = real.log.read_text()
    assert "does not offer STARTTLS" not in log and "source.down source=choosy" not in log


def test_what_postfix_thinks_of_us_is_said_loudly_once_a_minute(real):
    for _ in range(3):
        assert code_of(fastcgi.ask(real.socket, question("policy@choosy.example"))) == UNVERIFIABLE
    events = [parse_logfmt(line) for line in real.log.read_text().splitlines() if " event=source.misconfigured " in line]
    assert {event["source"] for event in events} == {"choosy"} and "554 5.7.1" in events[0]["error"]
    times = [datetime.fromisoformat(event["time"].rstrip("Z")).timestamp() for event in events]
    assert all(later - earlier > 59 for earlier, later in zip(times, times[1:]))
