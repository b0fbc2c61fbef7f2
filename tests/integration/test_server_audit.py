"""One line of the log for each decision, with all that was known, in logfmt and in JSON."""

import json

import pytest

from harness import fastcgi
from harness.load import Load, fastcgi_logins
from harness.mailreeve import Mailreeve, parse_logfmt
from harness.setups import PASSWORD, USER, configuration, users_file
from harness.sink import Sink

# The line's own two fields in front, then what belongs to the decision, in this order. A field that has no
# value is left out.
FIELDS = ["time", "level", "event", "session", "listener", "protocol", "method", "login", "user", "app", "window",
          "client", "from", "to", "recipient_user", "organization", "tls", "verdict", "code", "reason", "rule", "tag", "ban",
          "source", "outcome", "cached", "detail", "upstream", "server", "ms"]

HOSTILE = b"x\" event=decision verdict=accept\r\n\x1b[2J\xff@acme.example"


@pytest.fixture(params=["logfmt", "json"])
def audit(request, scratch):
    """ask(params) -> (the answer, the one line that came of it as {field: text})."""
    text = configuration(f'log_format = "{request.param}"\n')
    with Mailreeve(scratch / "service", text, {"users": users_file()}) as service:
        def lines():
            found = []
            for line in service.log.splitlines():
                if request.param == "logfmt":
                    found.append(parse_logfmt(line))
                else:
                    event = json.loads(line, object_pairs_hook=check_no_duplicates)
                    found.append({name: str(value) for name, value in event.items()})
            return [line for line in found if line["event"] == "decision"]

        def ask(params):
            before = len(lines())
            answer = service.ask(params)
            [line] = lines()[before:]
            assert [name for name in FIELDS if name in line] == list(line)
            return answer, line

        ask.service, ask.lines = service, lines
        yield ask


def check_no_duplicates(pairs):
    assert len({name for name, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def line_of(service, text):
    """FILE:LINE of the line of the configuration that begins with text."""
    lines = service.path.read_text().splitlines()
    return f"{service.path}:{next(i for i, line in enumerate(lines, 1) if line.startswith(text))}"


def test_an_accepted_login_has_all_that_is_known(audit):
    answer, line = audit(fastcgi.login("Anna@ACME.example", PASSWORD, client="2001:db8::1"))
    assert answer.ok
    assert float(line.pop("ms")) >= 0
    assert line.pop("time") and line.pop("session")
    assert str(audit.service.folder / "users") + ":1" in line.pop("rule")
    line.pop("detail", None)
    assert line == {
        "level": "info", "event": "decision", "listener": "submission", "protocol": "smtp", "method": "plain",
        "login": "Anna@ACME.example", "user": USER, "client": "2001:db8::1", "organization": "acme", "tls": "on",
        "verdict": "accept", "code": "235 2.7.0", "reason": "auth.ok", "source": "users", "upstream": "mta", "server": "mta1"}


def test_a_refused_login_names_the_source_that_said_no(audit):
    answer, line = audit(fastcgi.login(USER, "wrong", tls=False))
    assert line["code"] == answer["Auth-Error-Code"] == "535 5.7.8"
    assert (line["verdict"], line["reason"], line["tls"]) == ("refuse", "auth.bad-credentials", "off")
    assert (line["source"], line["user"], line["outcome"]) == ("users", USER, "wrong password")
    assert "upstream" not in line and "server" not in line


def test_an_outage_is_deferred_and_named(audit):
    answer, line = audit(fastcgi.login("zoe@slow.example", "any"))
    assert line["code"] == answer["Auth-Error-Code"] == "454 4.7.0"
    assert (line["verdict"], line["reason"]) == ("defer", "auth.source-unavailable")
    assert (line["source"], line["organization"]) == ("slow", "slow")
    assert "127.0.0.1:9" in line["detail"]


def test_a_rule_is_named_with_its_line(audit):
    _, line = audit(fastcgi.login(USER, PASSWORD, listener="encrypted", tls=False))
    assert (line["code"], line["reason"]) == ("538 5.7.11", "auth.tls-required")
    assert line["rule"].startswith(f'{line_of(audit.service, "listener " + chr(34) + "encrypted")} listener "encrypted"')
    assert "source" not in line


def test_imap_has_its_own_code(audit):
    answer, line = audit(fastcgi.login(USER, "wrong", listener="imap", protocol="imap"))
    assert line["protocol"] == "imap"
    assert line["code"] and answer["Auth-Status"].startswith(line["code"])


def test_a_recipient_has_both_command_lines(audit):
    answer, line = audit(fastcgi.recipient("MAIL FROM:<a@far.example> SIZE=1", "RCPT TO:<b@acme.example>"))
    assert answer.ok
    assert (line["method"], line["verdict"], line["reason"]) == ("none", "accept", "recipient.ok")
    assert (line["from"], line["to"]) == ("MAIL FROM:<a@far.example> SIZE=1", "RCPT TO:<b@acme.example>")
    assert (line["upstream"], line["organization"]) == ("mx", "acme")
    assert "login" not in line and "user" not in line
    _, line = audit(fastcgi.recipient("MAIL FROM:<>", "RCPT TO:<b@elsewhere.example>"))
    assert (line["verdict"], line["code"], line["reason"]) == ("refuse", "550 5.7.1", "relay.denied")


def reconfigure(audit, *lines, mx=""):
    """Adds sections, and settings of the listener mx."""
    text = audit.service.path.read_text().split("\n", 1)[1].replace('listener "mx" {', f'listener "mx" {{ {mx} ')
    audit.service.configure("\n".join([text, *lines]))
    assert audit.service.reload()["Status"] == "200 OK"


def test_a_recipient_that_was_looked_up_names_the_source(audit):
    with Sink() as sink:
        reconfigure(audit, f'''
            source "callahead" {{ type = "smtp"  server = {{"127.0.0.1:{sink.port}"}}  tls = "none" }}
            organization "asked" {{ domains = {{"asked.example"}}  recipients = "callahead" }}''')
        question = fastcgi.recipient("MAIL FROM:<a@far.example>", "RCPT TO:<b@asked.example>")
        for cached in ("no", "yes"):
            answer, line = audit(question)
            assert answer.ok
            assert (line["source"], line["cached"], line["reason"]) == ("callahead", cached, "recipient.ok")
            assert "recipient_user" not in line  # SMTP does not tell it


def test_a_rule_has_its_own_name_code_and_tag(audit):
    reconfigure(audit, '''
        list "bulk" { kind = "user"  entries = {"*@bulk.example"} }
        list "press" { kind = "user"  entries = {"press@*"} }
        rule "no-bulk" { senders = "bulk"  action = "refuse"  code = "554 5.7.26"  text = "not by this door" }
        rule "to-the-press" { recipients = "press"  action = "tag" }''')
    answer, line = audit(fastcgi.recipient("MAIL FROM:<x@bulk.example>", "RCPT TO:<b@acme.example>"))
    assert (answer["Auth-Status"], answer["Auth-Error-Code"]) == ("not by this door", "554 5.7.26")
    assert (line["verdict"], line["code"], line["reason"]) == ("refuse", "554 5.7.26", "rule.no-bulk")
    assert "tag" not in line
    answer, line = audit(fastcgi.recipient("MAIL FROM:<x@far.example>", "RCPT TO:<press@acme.example>"))
    assert answer.ok
    assert (line["verdict"], line["tag"]) == ("accept", "to-the-press")


def test_a_ban_and_a_window_are_in_the_line(audit):
    reconfigure(audit, mx='on_auth_when_off = "ban"  relay_window = 1h  upstream = "mta"')
    assert audit(fastcgi.login(USER, PASSWORD, listener="imap", protocol="imap"))[0].ok
    answer, line = audit(fastcgi.recipient(f"MAIL FROM:<{USER}>", "RCPT TO:<b@far.example>"))
    assert (answer["Auth-User"], line["user"], line["window"]) == (USER, USER, "on")
    _, line = audit(fastcgi.login(USER, PASSWORD, listener="mx"))
    assert (line["reason"], line["ban"]) == ("auth.off", "3600")


def test_what_a_client_sends_stays_one_field_of_one_line(audit):
    _, line = audit(fastcgi.login(HOSTILE, "any"))
    assert (line["verdict"], line["reason"]) == ("refuse", "request.malformed")
    assert "event=decision verdict=accept" in line["login"]
    lines = audit.service.process.log.read_bytes().split(b"\n")
    assert all(0x20 <= byte < 0x7f for line in lines for byte in line)


def test_our_own_fault_is_an_error(audit):
    answer, line = audit(fastcgi.login(USER, PASSWORD, listener="nowhere"))
    assert answer["Auth-Error-Code"] == line["code"] == "454 4.7.0"
    assert (line["level"], line["verdict"], line["reason"]) == ("error", "defer", "internal")


def test_each_decision_has_one_line_of_its_own_under_load(audit):
    with Load(fastcgi_logins(audit.service.socket, lambda: fastcgi.login(USER, PASSWORD))) as load:
        load.wait_for_more(300)
    assert load.failures == []
    lines = audit.lines()
    assert len(lines) == load.done
    assert len({line["session"] for line in lines}) == load.done
    assert {line["verdict"] for line in lines} == {"accept"}
