"""Alerts: a command of one's own hears what happened, as JSON; and whatever it does, sessions go on."""

import json
import os
import subprocess
import time
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from harness import fastcgi
from harness.command import EXIT_PROBLEM, mailreeve
from harness.mailreeve import Mailreeve
from harness.postfix import Postfix, postfix_is_usable
from harness.process import free_port, source_dir, wait_until
from harness.setups import PASSWORD, USER, users_file
from harness.sink import Sink

ALERT_MAIL = source_dir() / "scripts" / "alert-mail"
OTHER_USER = "jürgen.o'h$(id)`x`@acme.example"

CONFIGURATION = """
failure_delay = 0
session_timeout = 10s
auth_user_encoding = "xtext"
{settings}
screen {{ failures = 1000  unknown_names = 0  account_failures = 1000  same_password_once = false }}
{sections}
listener "submission" {{ upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
organization "far" {{ domains = {{"far.example"}}  sources = {{"far"}} }}
source "users" {{ type = "users"  file = "users" }}
source "far" {{ type = "smtp"  server = {{"127.0.0.1:{nobody}"}}  tls = "none"  mechanisms = {{"plain"}} }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:10025" }} }}
"""


class Alerted:
    """A service with alerts; `heard` is what the script that write() made was told."""

    def __init__(self, folder):
        self.folder = folder
        self.nobody = free_port()
        self.service = None

    def script(self, name, text):
        """Writes a command of an alert and returns its path; $HERE in it is the test's folder."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\nHERE={self.folder}\n{text}\n")
        path.chmod(0o755)
        return path

    def listening(self, name="hear"):
        """A command that writes down what it hears."""
        return self.script(name, f'line=$(cat); printf "%s\\n" "$line" >>$HERE/{name}.json')

    def text(self, sections, settings=""):
        return CONFIGURATION.format(sections=sections, settings=settings, nobody=self.nobody)

    def start(self, sections, settings=""):
        users = users_file(**{OTHER_USER: PASSWORD})
        self.service = Mailreeve(self.folder / "service", self.text(sections, settings), {"users": users}).start()
        return self.service

    def told(self, name="hear"):
        path = self.folder / f"{name}.json"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def wait_for(self, count, name="hear"):
        wait_until(lambda: len(self.told(name)) >= count, 20, f"{count} alerts")
        assert len(self.told(name)) == count
        return self.told(name)

    def fail(self, times=1, user=USER, client="192.0.2.1"):
        for number in range(times):
            assert self.service.ask(fastcgi.login(user, f"wrong {number}", client=client))["Auth-Error-Code"]


@pytest.fixture
def alerted(scratch):
    made = Alerted(scratch)
    yield made
    if made.service:
        made.service.stop()


def alert(name, events, command, settings=""):
    events = ", ".join(f'"{event}"' for event in events)
    return f'alert "{name}" {{ events = {{{events}}}  {settings}  command = "{command}" }}\n'


# what is told

def test_failed_logins_of_one_account_are_told_at_the_threshold(alerted):
    alerted.start(alert("guess", ["account-failures"], alerted.listening(), "threshold = 3"))
    alerted.fail(2)
    alerted.fail(2, user=OTHER_USER)
    alerted.fail(1, client="2001:db8::7")
    [told] = alerted.wait_for(1)
    assert (told["alert"], told["event"], told["subject"], told["count"]) == ("guess", "account-failures", USER, 3)
    assert told["client"] == "2001:db8::7" and told["since"] <= told["time"]
    assert told["host"] == os.uname().nodename


def test_one_message_in_at_most_every_and_the_next_says_what_came_meanwhile(alerted):
    alerted.start(alert("guess", ["account-failures"], alerted.listening(),
                        "threshold = 2  at_most_every = 2s"))
    failed = []

    def fail_again():
        failed.append(alerted.fail())
        return len(alerted.told()) > 1

    wait_until(fail_again, 20, "the second message")
    first, second = alerted.told()
    assert first["count"] == 2 and 2 < second["count"] <= len(failed) - 2
    assert seconds_between(first, second) >= 2


def seconds_between(first, second):
    times = [datetime.fromisoformat(told["time"].replace("Z", "+00:00")) for told in (first, second)]
    return (times[1] - times[0]).total_seconds()


def test_a_source_that_is_down_is_told_at_once(alerted):
    service = alerted.start(alert("down", ["source-down"], alerted.listening()))
    service.ask(fastcgi.login("anna@far.example", "x"))
    [told] = alerted.wait_for(1)
    assert (told["event"], told["subject"], told["server"]) == ("source-down", "far", f"127.0.0.1:{alerted.nobody}")
    assert "refused" in told["error"]


def test_an_upstream_that_is_down_when_the_service_starts_is_told(alerted):
    spare = f'server "spare1" {{ address = "127.0.0.1:{alerted.nobody}" }}'
    alerted.start(alert("down", ["upstream-down"], alerted.listening())
                  + f'upstream "spare" {{ check = "tcp"  {spare} }}')
    [told] = alerted.wait_for(1)
    assert (told["event"], told["subject"], told["server"]) == ("upstream-down", "spare", "spare1")


def test_a_store_that_is_down_is_told(alerted):
    service = alerted.start(alert("down", ["store-down"], alerted.listening())
                            + f'state {{ engine = "redis"  url = "unix:{alerted.folder}/nobody.sock" }}')
    service.ask(fastcgi.login(USER, PASSWORD))
    [told] = alerted.wait_for(1)
    assert (told["event"], told["subject"]) == ("store-down", "redis") and told["error"]


def test_an_account_that_is_used_from_too_many_addresses_is_told(alerted):
    service = alerted.start(alert("hijack", ["hijack"], alerted.listening())
                            + 'limits { addresses_per_user = "2/1h" }')
    for client in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        service.ask(fastcgi.login(USER, PASSWORD, client=client))
    [told] = alerted.wait_for(1)
    assert (told["subject"], told["client"], told["limit"]) == (USER, "192.0.2.3", 2)


def test_each_alert_hears_its_own_events(alerted):
    service = alerted.start(alert("a", ["source-down", "ban"], alerted.listening("a"))
                            + alert("b", ["source-down"], alerted.listening("b"))
                            + alert("c", ["ban"], alerted.listening("c")))
    service.ask(fastcgi.login("anna@far.example", "x"))
    assert alerted.wait_for(1, "a")[0]["alert"] == "a" and alerted.wait_for(1, "b")[0]["alert"] == "b"
    assert not alerted.told("c")


def test_what_an_attacker_chose_stays_a_value_of_the_json(alerted):
    alerted.start(alert("guess", ["account-failures"], alerted.listening(), "threshold = 1"))
    alerted.fail(1, user=OTHER_USER)
    [told] = alerted.wait_for(1)
    assert told["subject"] == OTHER_USER


@pytest.mark.parametrize("arguments, want", [
    ("one 'two three' \\\"four five\\\"", ["one", "two three", "four five"]),
    ("$HOME `id` *;>x | cat", ["$HOME", "`id`", "*;>x", "|", "cat"]),
])
def test_no_shell_reads_the_command(alerted, arguments, want):
    command = alerted.script("show", 'cat >/dev/null; printf "%s\\n" "$@" >$HERE/new; mv $HERE/new $HERE/shown')
    service = alerted.start(alert("a", ["source-down"], f"{command} {arguments}"))
    service.ask(fastcgi.login("anna@far.example", "x"))
    wait_until((alerted.folder / "shown").exists, 20, "the command")
    assert (alerted.folder / "shown").read_text().splitlines() == want


# whatever a command does

MISBEHAVIOURS = {
    "takes long": "sleep 300",
    "never reads": "exec 0<&-; sleep 300",
    "fails": "echo no mail today >&2; exit 75",
    "writes without end": "exec yes",
    "ignores signals and leaves children": "trap '' TERM INT HUP; sleep 300 & sleep 300 & wait",
}


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
def test_sessions_and_other_alerts_do_not_wait_for_a_command(alerted, misbehaviour):
    bad = alerted.script("bad", f"echo started >>$HERE/started\n{MISBEHAVIOURS[misbehaviour]}")
    every = "threshold = 1  at_most_every = 0"
    service = alerted.start(alert("bad", ["account-failures"], bad, every)
                            + alert("good", ["account-failures"], alerted.listening(), every))
    alerted.fail(1)
    wait_until((alerted.folder / "started").exists, 20, "the bad command")
    began = time.monotonic()
    alerted.fail(120)
    assert service.ask(fastcgi.login(USER, PASSWORD)).ok
    assert time.monotonic() - began < 60
    wait_until(lambda: alerted.told() and alerted.told()[-1]["failures"] >= 100, 30, "the good command to hear it all")
    began = time.monotonic()
    service.stop()
    assert time.monotonic() - began < 30, "the end waits for a command"
    assert not still_running(bad), "the bad command outlives the service"


def still_running(path):
    """The processes that run a script or were started by it: all have its session's name in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(path).encode() in entry.read_bytes():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found


def test_a_command_that_fails_is_logged_with_what_it_wrote_but_not_each_time(alerted):
    bad = alerted.script("bad", "cat >/dev/null; printf 'x\\nevent=decision \\033[2J' >&2; exit 75")
    service = alerted.start(alert("bad", ["account-failures"], bad, "threshold = 1  at_most_every = 0"))
    alerted.fail(5)
    wait_until(lambda: service.events("alert.failed"), 20, "the failure in the log")
    service.stop()
    [failed] = service.events("alert.failed")
    assert (failed["alert"], failed["about"], failed["error"]) == ("bad", "account-failures", "it ended with status 75")
    assert 'output="x\\nevent=decision \\x1b[2J"' in service.log


def test_a_command_that_is_missing_is_warned_of_and_logged(alerted):
    missing = alerted.folder / "missing"
    service = alerted.start(alert("a", ["source-down"], missing))
    done = mailreeve("check", "-c", service.path)
    assert done.returncode == 0
    assert f'alert "a": command: {missing}: No such file or directory' in done.stdout + done.stderr
    service.ask(fastcgi.login("anna@far.example", "x"))
    wait_until(lambda: service.events("alert.failed"), 20, "the failure in the log")
    assert service.events("alert.failed")[0]["error"] == f"start {missing}: No such file or directory"


@pytest.mark.parametrize("command, complaint", [
    ("alert-mail me", '"alert-mail" is no absolute path'),
    ("/bin/cat 'a", "a ' is not closed"),
    ("' '", '" " is no absolute path'),
])
def test_a_command_that_cannot_be_is_an_error(alerted, command, complaint):
    path = alerted.folder / "mailreeve.conf"
    path.write_text(alerted.text(alert("a", ["ban"], command)))
    (alerted.folder / "users").write_text("")
    (alerted.folder / "users").chmod(0o600)
    done = mailreeve("check", "-c", path)
    assert done.returncode == EXIT_PROBLEM
    assert complaint in done.stdout + done.stderr


def test_a_reload_keeps_what_was_counted_and_takes_the_new_command(alerted):
    section = "threshold = 3"
    service = alerted.start(alert("a", ["account-failures"], alerted.listening("before"), section))
    alerted.fail(2)
    service.configure(alerted.text(alert("a", ["account-failures"], alerted.listening("after"), section)))
    service.reload_by_signal()
    alerted.fail(1)
    assert alerted.wait_for(1, "after")[0]["count"] == 3
    assert not alerted.told("before")


def test_a_command_under_way_outlives_a_reload(alerted):
    slow = alerted.script("slow", "cat >/dev/null; touch $HERE/begun\n"
                                  "until [ -e $HERE/go ]; do sleep 0.05; done; touch $HERE/done")
    service = alerted.start(alert("a", ["source-down"], slow))
    service.ask(fastcgi.login("anna@far.example", "x"))
    wait_until((alerted.folder / "begun").exists, 20, "the command")
    service.configure(alerted.text(""))
    service.reload_by_signal()
    (alerted.folder / "go").touch()
    wait_until((alerted.folder / "done").exists, 20, "the command's end")
    wait_until(lambda: service.events("alert.sent"), 20, "its line in the log")


# alert-mail

ALERT = {"alert": "guess", "event": "account-failures", "subject": USER, "time": "2026-11-22T02:40:00.123Z",
         "host": "front.example", "count": 12, "since": "2026-11-22T02:30:00.000Z", "client": "192.0.2.1", "failures": 40}


@pytest.fixture
def sendmail(scratch):
    """send(alert, arguments) -> (what came of alert-mail, the mail that a sendmail in the PATH was given)."""
    program = scratch / "bin" / "sendmail"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{scratch}/argv\ncat >{scratch}/mail\n')
    program.chmod(0o755)

    def send(told, *arguments):
        done = subprocess.run([ALERT_MAIL, *(arguments or ("postmaster@acme.example",))],
                              input=told if isinstance(told, (str, bytes)) else json.dumps(told), capture_output=True,
                              text=not isinstance(told, bytes), timeout=60,
                              env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"})
        mail = scratch / "mail"
        return done, mail.read_bytes() if mail.exists() else b""

    send.argv = lambda: (scratch / "argv").read_text().splitlines()
    return send


def parsed(mail):
    return message_from_bytes(mail, policy=policy.default)


def test_a_mail_says_what_happened(sendmail):
    done, raw = sendmail(ALERT, "postmaster@acme.example", "noc@acme.example")
    assert done.returncode == 0, done.stderr
    assert sendmail.argv() == ["-i", "-t"]
    mail = parsed(raw)
    assert mail["To"] == "postmaster@acme.example, noc@acme.example"
    assert mail["Subject"] == f"[mailreeve] failed logins of {USER}"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    for expected in ("front.example", USER, "12, since 2026-11-22T02:30:00.000Z", "client:       192.0.2.1",
                     "failures:     40", 'alert "guess"'):
        assert expected in text
    assert b"\r" not in raw


@pytest.mark.parametrize("hostile", [
    "x\r\nBcc: all@victim.example\r\n\r\nhello", "x\nBcc: all@victim.example", "x\u2028Bcc: a@b", "\x00\x1b[2J", "jürgen",
    "x" * 5000, "=?utf-8?q?=0ABcc:_a@b?=", ".\n.\n", "\ud800", "a\u202eb", "<script>", "%s%n", "x\rBcc: y@z", "",
])
def test_bytes_of_an_attacker_make_no_header_and_no_recipient(sendmail, hostile):
    for keys in (["event"], [key for key in ALERT if key != "event"], [*ALERT]):
        check_mail(*sendmail(json.dumps({**ALERT, **{key: hostile for key in keys}, hostile: hostile})))


def check_mail(done, raw):
    assert done.returncode == 0, done.stderr
    head, _, body = raw.partition(b"\n\n")
    names = [line.split(b":")[0] for line in head.split(b"\n") if not line.startswith((b" ", b"\t"))]
    assert sorted(names) == sorted([b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"Precedence",
                                    b"Content-Type", b"Content-Transfer-Encoding", b"MIME-Version"])
    assert parsed(raw)["To"] == "postmaster@acme.example" and parsed(raw)["Bcc"] is None
    assert head.isascii() and body.isascii() and b"\r" not in raw
    assert all(len(line) < 998 for line in raw.split(b"\n"))
    assert all(c == "\n" or c.isprintable() for c in parsed(raw).get_content())


@pytest.mark.parametrize("text", ["", "no json", "[1]", '"x"', b'{"event": "\xff"}'])
def test_what_is_no_alert_is_no_mail(sendmail, text):
    done, mail = sendmail(text)
    assert done.returncode == 1 and not mail
    assert "Traceback" not in str(done.stderr) and "standard input is no alert" in str(done.stderr)


@pytest.mark.parametrize("address", ["-oQ/tmp", "a b@c", "a@b,c@d", "a@b\nBcc: c@d", "", "<a@b>"])
def test_an_address_that_is_none_is_refused(sendmail, address):
    done, mail = sendmail(ALERT, "--", address)
    assert done.returncode == 2 and not mail


def test_a_sendmail_that_fails_is_told(sendmail, scratch):
    (scratch / "bin" / "sendmail").write_text("#!/bin/sh\ncat >/dev/null\nexit 75\n")
    done, _ = sendmail(ALERT)
    assert done.returncode == 1 and "could not be sent" in done.stderr and "Traceback" not in done.stderr


def test_a_mail_goes_by_smtp_where_sendmail_cannot_be_used():
    with Sink() as sink:
        done = subprocess.run([ALERT_MAIL, "--smtp", f"127.0.0.1:{sink.port}", "--from", "front@acme.example",
                               "postmaster@acme.example"], input=json.dumps(ALERT), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        lines = [line.upper().split(b" SIZE")[0] for line in sink.lines()]
        assert b"MAIL FROM:<FRONT@ACME.EXAMPLE>" in lines and b"RCPT TO:<POSTMASTER@ACME.EXAMPLE>" in lines


def test_by_smtp_nobody_is_named_whom_the_server_could_refuse():
    """The message guard takes no sender without a domain, and demands a login of those in its own domains."""
    with Sink() as sink:
        done = subprocess.run([ALERT_MAIL, "--smtp", f"127.0.0.1:{sink.port}", "postmaster@acme.example"],
                              input=json.dumps(ALERT), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert b"MAIL FROM:<>" in [line.upper().split(b" SIZE")[0] for line in sink.lines()]


def test_the_services_alert_arrives_as_a_mail(alerted, front_certificate):
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    with Postfix(alerted.folder / "postfix", *front_certificate) as postfix:
        to = "lena@local.example"
        command = f"{ALERT_MAIL} --smtp 127.0.0.1:{postfix.ports['inbound']} --from front@acme.example {to}"
        service = alerted.start(alert("guess", ["account-failures"], command, "threshold = 2"))
        alerted.fail(2, user=OTHER_USER)
        wait_until(lambda: service.events("alert.sent") or service.events("alert.failed"), 30, "the alert")
        assert not service.events("alert.failed"), service.log
        mail = postfix.wait_for_message(f"[mailreeve] failed logins of {OTHER_USER}")
        assert OTHER_USER in mail.get_content()


def test_postfixs_own_sendmail_takes_the_mail(scratch, front_certificate):
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    with Postfix(scratch / "postfix", *front_certificate) as postfix:
        told = {**ALERT, "subject": "x\r\nBcc: all@victim.example\n.\n"}
        done = subprocess.run([ALERT_MAIL, "--from", "front@acme.example", "postmaster@acme.example"], text=True,
                              input=json.dumps(told), capture_output=True, timeout=60,
                              env={**os.environ, "MAIL_CONFIG": str(postfix.folder / "etc")})
        assert done.returncode == 0, done.stderr
        [queued] = (postfix.folder / "queue" / "maildrop").iterdir()
        shown = subprocess.run(["postcat", "-c", postfix.folder / "etc", "-ehb", queued], capture_output=True,
                               text=True).stdout
        recipients = [line for line in shown.splitlines() if line.startswith("recipient: ")]
    assert recipients == ["recipient: postmaster@acme.example"]
    assert "Subject: [mailreeve] failed" in shown and "\nfailures:     40\n" in shown, shown
