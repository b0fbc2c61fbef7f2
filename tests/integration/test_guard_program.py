"""mailreeve-milter as a program: its steps, its options, its signals, reload, and what a mail server may do to it. The
mail server is the harness' own here."""

import json
import random
import signal
import struct
import subprocess
import threading
from pathlib import Path

import pytest

from harness.guard import FRIEND, Guard, program
from harness.load import Load
from harness.mailreeve import Mailreeve
from harness.milter import Milter, milter_answers, packet, strings
from harness.process import wait_until
from harness.setups import USER, configuration, users_file

FAR = "customer@far.example"
NO_RELAY = "550 5.7.1 relaying is not allowed"

CLOSED = """
list "friends" { kind = "user"  entries = {"friend@acme.example"} }
rule "closed" { recipients = "friends"  action = "refuse"  code = "550 5.7.2"  text = "100% closed" }
"""


@pytest.fixture
def guard(scratch):
    """Not started."""
    return Guard(scratch / "guard", configuration(), {"users": users_file()})


@pytest.fixture
def running(guard):
    with guard:
        yield guard


def messages(guard):
    """Messages one after the other, each in a session of its own, for Load."""
    def one():
        answer = guard.send()
        return None if answer == "continue" else answer
    return one


def as_json(guard, event):
    """The lines of that event that are JSON."""
    lines = [json.loads(line) for line in guard.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def threads_of(service):
    """The names of its threads."""
    tasks = Path(f"/proc/{service.process.pid}/task").iterdir()
    return {(task / "comm").read_text().strip() for task in tasks}


# Steps and answers.

def test_message_passes_with_a_header_on_top(running):
    with running.milter() as milter:
        assert milter.begin().message(USER, FRIEND, user=USER) == "continue"
        assert milter.changes == [
            ("insert", 0, "Authentication-Results", f"mta.example; auth=pass smtp.auth={USER}")]


def test_forged_result_is_removed_by_its_number(running):
    with running.milter() as milter:
        milter.begin()
        milter.mail(FAR)
        milter.rcpt(FRIEND)
        for value in ("other.example; auth=pass", "mta.example; auth=pass smtp.auth=boss"):
            milter.header("Authentication-Results", value)
        milter.header("From", FAR)
        assert (milter.end_of_headers(), milter.body(b"x"), milter.end()) == (None, None, "continue")
        assert milter.changes == [("change", 2, "Authentication-Results", "")]


def test_second_message_and_second_client_are_their_own(running):
    with running.milter() as milter:
        milter.begin()
        assert milter.message(USER, FRIEND, user=USER) == "continue"
        assert milter.message(USER, FAR, user=USER) == "continue"
        assert milter.message(FAR, FAR) == NO_RELAY
        milter.change_client()
        milter.connect("192.0.2.2")
        milter.helo()
        assert milter.message(FAR, FAR) == NO_RELAY
        assert milter.message(FAR, FRIEND) == "continue"
    clients = [line["client"] for line in running.messages()]
    assert clients == ["192.0.2.1"] * 3 + ["192.0.2.2"] * 2


def test_macros_are_asked_for(running):
    """So that the mail server needs no setting for them."""
    with running.milter() as milter:
        macros = milter.negotiate().wanted_macros
    assert {"j", "{daemon_name}"} <= set(macros["connect"])
    assert {"{auth_authen}", "{auth_type}", "{tls_version}"} <= set(macros["mail"])
    assert "i" in macros["end"]


def test_body_is_asked_for_where_its_size_matters(running):
    with running.milter() as milter:
        milter.begin()
        assert milter.body(b"x") is None
    running.configure('limits { message_size = "1k" }\n' + configuration())
    running.reload_by_signal()
    assert running.send(body=b"x" * 512) == "continue"
    assert running.send(body=b"x" * 2048).startswith("552 5.3.4 ")


def test_percent_sign_is_no_macro_of_the_mail_server(running):
    running.configure(configuration() + CLOSED)
    running.reload_by_signal()
    assert running.send() == "550 5.7.2 100%% closed"


def test_header_as_long_as_postfix_has_them(running):
    headers = {"From": USER, "Subject": "x" * 102_000}
    assert running.send(headers=headers) == "continue"


def test_client_without_an_address(running):
    """A mail server's own user, by a pipe."""
    with running.milter() as milter:
        milter.negotiate()
        milter.step("C", strings("localhost") + b"U", {"j": "mta.example", "{daemon_name}": "submission"})
        milter.helo()
        assert milter.message(FAR, FAR) == NO_RELAY
        assert milter.message(USER, FAR, user=USER) == "continue"


# Options and signals.

def test_options(guard):
    def run(*args):
        return subprocess.run([program(), *args], capture_output=True, text=True, timeout=30)

    assert run("--help").stdout.startswith("usage: mailreeve-milter")
    assert run("--version").stdout.startswith("mailreeve-milter ")
    assert run("--nonsense").returncode == 2 and run("nonsense").returncode == 2
    assert run("-t", "-c", guard.path).returncode == 0
    guard.configure("nonsense = 1\n")
    broken = run("-t", "-c", guard.path)
    assert broken.returncode == 1 and f"{guard.path}:2:" in broken.stderr
    started = run("-c", guard.path)
    assert started.returncode == 1 and "it has errors" in started.stderr


def test_interrupt_ends_it(guard):
    guard.start()
    assert guard.process.stop(signal.SIGINT) == 0


def test_signals_are_not_for_libmilter(running):
    """Its own thread would stop everything at the first HUP that the main thread is not there for."""
    with running.milter() as milter:
        milter.begin()
        for _ in range(500):
            running.process.send_signal(signal.SIGHUP)
        running.reload_by_signal()
        assert milter.message(USER, FRIEND, user=USER) == "continue"
    assert running.send() == "continue"


def test_the_guard_checks_no_upstream(scratch):
    """It stands behind them; mailreeve-auth does, and tells who is down."""
    text = configuration() + 'upstream "far" { check = "tcp"  server "away" { address = "127.0.0.1:9" } }\n'
    users = {"users": users_file()}
    with Mailreeve(scratch / "auth", text, users) as auth, Guard(scratch / "guard", text, users) as guard:
        guard.reload_by_signal()
        wait_until(lambda: "checks" in threads_of(auth), 10, "checks to begin")
        assert "checks" not in threads_of(guard)


# Reload.

def test_reload_takes_effect_with_the_next_message(running):
    """Within a session too; the message under way keeps the configuration that it began with."""
    with running.milter() as milter:
        milter.begin()
        assert milter.mail(USER, user=USER) == "continue"
        running.configure(configuration() + CLOSED)
        running.reload_by_signal()
        assert milter.rcpt(FRIEND) == "continue"
        milter.header("From", USER)
        assert (milter.end_of_headers(), milter.end()) == (None, "continue")
        assert milter.message(USER, FRIEND, user=USER) == "550 5.7.2 100%% closed"
        assert milter.message(USER, "other@acme.example", user=USER) == "continue"


def test_broken_configuration_changes_nothing(running):
    running.configure(configuration() + CLOSED + 'listenr "mx2" {}\n')
    running.reload_by_signal()
    assert running.events("config.kept")
    assert any("listenr" in event["problem"] for event in running.events("config.problem"))
    assert running.send() == "continue"


def test_another_socket_needs_a_restart(running):
    running.configure(f'guard {{ socket = "unix:{running.folder / "other.sock"}" }}\n' + configuration())
    running.reload_by_signal()
    wanted = {"settings": "guard: socket, socket_mode, socket_group"}
    assert any(wanted.items() <= event.items() for event in running.events("config.needs-restart"))
    assert running.send() == "continue"


def test_reload_changes_how_the_log_is_written(running):
    running.configure(configuration('log_format = "json"\n'))
    running.process.send_signal(signal.SIGHUP)
    wait_until(lambda: as_json(running, "config.reloaded"), 20, "a reload that is told as JSON")
    assert running.send() == "continue"
    wait_until(lambda: as_json(running, "message"), 10, "a message that is told as JSON")
    assert as_json(running, "message")[0]["user"] == USER and not running.messages()


def test_reload_changes_what_is_logged(running):
    """A change of another kind tells when the reload is done, as a warning."""
    running.configure(f'guard {{ socket = "unix:{running.socket}"  socket_mode = "0600" }}\n'
                      + configuration('log_level = "warn"\n'))
    running.process.send_signal(signal.SIGHUP)
    wait_until(lambda: running.events("config.needs-restart"), 20, "a reload that is told as a warning")
    assert running.send() == "continue"
    running.configure(configuration() + CLOSED)
    running.reload_by_signal()
    assert running.send().startswith("550 5.7.2 ")
    wait_until(running.messages, 10, "a message that is told")
    assert [line["verdict"] for line in running.messages()] == ["refuse"]


def test_reloads_under_load_lose_no_message(running):
    with Load([messages(running)] * 6) as load:
        load.wait_for_more(50)
        for i in range(30):
            running.configure(configuration() + f"# {i}\n")
            running.reload_by_signal()
        load.wait_for_more(50)
    assert load.failures == []
    assert len(running.events("config.reloaded")) == 30


# What a mail server may do.

def test_many_connections_at_once(running):
    milters = [running.milter() for _ in range(400)]
    for milter in milters:
        milter.begin()
    failures = []

    def work(some):
        failures.extend(answer for milter in some if (answer := milter.message(USER, FRIEND, user=USER)) != "continue")

    threads = [threading.Thread(target=work, args=(milters[i::20],)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for milter in milters:
        milter.quit()
        assert milter.is_closed(5)
        milter.close()


def test_stalled_connections_hold_up_nobody(running):
    stalled = [running.milter() for _ in range(40)]
    for milter in stalled:
        milter.socket.sendall(packet("O", bytes(12))[:6])
    for _ in range(20):
        assert running.send() == "continue"
    for milter in stalled:
        milter.close()


def test_steps_out_of_order_pass_nothing(running):
    """Only what MAIL, RCPT and the header came before is let go on; libmilter answers some of these with silence."""
    data = {"M": strings(f"<{USER}>"), "R": strings(f"<{FRIEND}>"), "L": strings("From", USER), "B": b"hello"}
    user = b"M" + strings("{auth_type}", "XCLIENT", "{auth_authen}", USER)
    orders = ("R", "E", "N", "L", "LNE", "BE", "RLNE", "ME", "MNE", "MLNBE", "MARLNE", "MRALNE", "MMNE", "MRLNME")
    for steps in (*orders, "MRLNE", "MRLNEE", "MRLNENE"):
        with running.milter() as milter:
            milter.begin()
            milter.send("D", user)
            for step in steps:
                milter.send(step, data.get(step, b""))
            milter.quit()
            wait_until(lambda: milter.socket.recv(4096) == b"", 10, f"the end of {steps}")
    accepted = [line for line in running.messages() if line["verdict"] == "accept"]
    assert [line["recipients"] for line in accepted] == ["1"] * 3, "of the last three orders alone"
    assert running.send() == "continue"


def test_garbage_ends_that_connection_alone(running):
    """Bytes of no meaning, packets that are too long, too short or of no known kind, and parts of a session."""
    draw = random.Random(6)
    kinds = "ABCEHLMNOQRTUKX?"
    for _ in range(300):
        milter = Milter(running.place)
        try:
            if draw.random() < 0.5:
                milter.negotiate()
            for _ in range(draw.randrange(1, 6)):
                data = draw.randbytes(draw.randrange(0, 40))
                if draw.random() < 0.5:
                    data += b"\0"
                whole = packet(draw.choice(kinds), data)
                if draw.random() < 0.2:
                    whole = struct.pack("!I", draw.choice([0, 1, 2**31, 2**32 - 1, 5_000_000])) + whole[4:]
                milter.socket.sendall(whole)
        except (OSError, EOFError):
            pass
        milter.close()
    assert running.process.alive()
    assert running.send() == "continue"


def test_it_answers_after_the_mail_server_broke_off(running):
    """At every step of a message."""
    for count in range(1, 7):
        milter = running.milter().begin()
        steps = [lambda: milter.mail(USER, user=USER), lambda: milter.rcpt(FRIEND),
                 lambda: milter.header("From", USER), milter.end_of_headers, lambda: milter.send("E"), milter.quit]
        for step in steps[:count]:
            step()
        milter.close()
    assert milter_answers(running.place)
    assert running.send() == "continue"
