"""mailreeve-milter as a program: its socket, its options, its signals, reload and end, and what a mail server may do to
it. The mail server is the harness' own here."""

import os
import random
import signal
import socket
import stat
import struct
import subprocess
import threading
import time

import pytest

from harness.guard import Guard, program
from harness.load import Load
from harness.milter import Milter, milter_answers, packet, strings
from harness.process import free_port, socket_answers, wait_until
from harness.setups import USER, configuration, users_file

FRIEND = "friend@acme.example"
FAR = "customer@far.example"
NO_RELAY = "550 5.7.1 relaying is not allowed"
RESTARTING = "421 4.3.2 restarting, try again later"

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


@pytest.fixture
def listening(guard):
    """The listening socket that systemd would hold, at the guard's own path."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(guard.socket))
        server.listen(1024)
        yield server


def send(guard, recipient=FRIEND, **how):
    """A message of its own session, by a user who has logged in."""
    with guard.milter() as milter:
        return milter.begin().message(USER, recipient, user=USER, **how)


def messages(guard):
    """Messages one after the other, each in a session of its own, for Load."""
    def one():
        answer = send(guard)
        return None if answer == "continue" else answer
    return one


def fail_to_start(guard):
    done = subprocess.run([program(), "-c", guard.path], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    return done.stderr


def guard_section(place, more=""):
    return f'guard {{ socket = "{place}"  {more} }}\n' + configuration()


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
    assert send(running, body=b"x" * 512) == "continue"
    assert send(running, body=b"x" * 2048).startswith("552 5.3.4 ")


def test_percent_sign_is_no_macro_of_the_mail_server(running):
    running.configure(configuration() + CLOSED)
    running.reload_by_signal()
    assert send(running) == "550 5.7.2 100%% closed"


def test_header_as_long_as_postfix_has_them(running):
    headers = {"From": USER, "Subject": "x" * 102_000}
    assert send(running, headers=headers) == "continue"


def test_client_without_an_address(running):
    """A mail server's own user, by a pipe."""
    with running.milter() as milter:
        milter.negotiate()
        milter.step("C", strings("localhost") + b"U", {"j": "mta.example", "{daemon_name}": "submission"})
        milter.helo()
        assert milter.message(FAR, FAR) == NO_RELAY
        assert milter.message(USER, FAR, user=USER) == "continue"


# The socket.

def test_mode_and_group(guard):
    group = os.getgroups()[0] if os.getgroups() else os.getgid()
    name = subprocess.run(["getent", "group", str(group)], capture_output=True, text=True).stdout.split(":")[0]
    guard.configure(guard_section(f"unix:{guard.socket}", f'socket_mode = "0620"  socket_group = "{name}"'))
    with guard:
        status = guard.socket.stat()
        assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o620, group)
    assert not guard.socket.exists() and not list(guard.folder.glob(".mr*"))


def test_stale_socket_is_replaced(guard):
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(guard.socket))
    with guard:
        assert send(guard) == "continue"


def test_live_socket_is_not_replaced(running):
    text = fail_to_start(running)
    assert f"make the socket {running.socket}: another process answers on it (is mailreeve-milter running" in text
    assert send(running) == "continue"


def test_socket_that_is_none_of_its_own_is_left_alone(scratch):
    """One that whoever starts the guard has forgotten to close."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(scratch / "other.sock"))
        other.listen()
        inherit = f"import os, sys; os.dup2({other.fileno()}, 3); os.execv(sys.argv[1], sys.argv[1:])"
        wrapper = ("/usr/bin/python3", "-c", inherit)
        guard = Guard(scratch / "guard", configuration(), {"users": users_file()}, wrapper=wrapper)
        guard.process.pass_fds = (other.fileno(),)
        with guard:
            assert send(guard) == "continue"


def test_other_file_is_not_replaced(guard):
    guard.socket.write_text("precious")
    assert "there is a file of another kind" in fail_to_start(guard)
    assert guard.socket.read_text() == "precious"


def test_socket_of_another_process_is_left_alone(guard):
    guard.start()
    guard.socket.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(guard.socket))
        other.listen()
        guard.stop()
        assert socket_answers(guard.socket)


def test_what_cannot_be_opened_is_named(guard):
    nowhere = guard.folder / "nowhere" / "milter.sock"
    guard.configure(guard_section(f"unix:{nowhere}"))
    assert f"make the socket {nowhere}: No such file or directory" in fail_to_start(guard)
    guard.configure(guard_section(f"unix:{guard.socket}", 'socket_group = "no-such-group"'))
    assert "no-such-group" in fail_to_start(guard)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        guard.configure(guard_section(f"inet:{port}@127.0.0.1"))
        assert f"listen on {port}@127.0.0.1: Address already in use" in fail_to_start(guard)
    guard.configure(guard_section("inet:1025@no-such-host.invalid"))
    assert "listen on 1025@no-such-host.invalid: find the host: " in fail_to_start(guard)


@pytest.mark.parametrize("place", ["inet:{}@127.0.0.1", "inet:{}@localhost", "inet:{}@[127.0.0.1]"])
def test_port(scratch, place):
    port = free_port()
    text = guard_section(place.format(port))
    with Guard(scratch / "guard", text, {"users": users_file()}, place=("127.0.0.1", port)) as guard:
        assert send(guard) == "continue"


@pytest.mark.parametrize("place", ["inet6:{}@::1", "inet6:{}@[::1]"])
def test_port_of_ipv6(guard, place):
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("there is no IPv6 here")
        port = probe.getsockname()[1]
    guard.configure(guard_section(place.format(port)))
    guard.process.ready = lambda: "event=service.started" in guard.log
    with guard, socket.create_connection(("::1", port), timeout=10) as client:
        client.sendall(packet("O", struct.pack("!III", 6, 0x1FF, 0x1FFFFF)))
        assert client.recv(5)[4:] == b"O"


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
    assert "it has errors" in fail_to_start(guard)


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
    assert send(running) == "continue"


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
    assert running.events("config.kept") and "listenr" in running.events("config.problem")[0]["problem"]
    assert send(running) == "continue"


def test_another_socket_needs_a_restart(running):
    running.configure(guard_section(f"unix:{running.folder / 'other.sock'}"))
    running.reload_by_signal()
    wanted = {"settings": "guard: socket, socket_mode, socket_group"}
    assert any(wanted.items() <= event.items() for event in running.events("config.needs-restart"))
    assert send(running) == "continue"


@pytest.mark.timeout_s(180)
def test_reloads_under_load_lose_no_message(running):
    with Load([messages(running)] * 6) as load:
        load.wait_for_more(50)
        for i in range(30):
            running.configure(configuration() + f"# {i}\n")
            running.reload_by_signal()
        load.wait_for_more(50)
    assert load.failures == []
    assert len(running.events("config.reloaded")) == 30


# The end.

def begin_message(guard):
    milter = guard.milter().begin()
    assert milter.mail(USER, user=USER) == "continue"
    return milter


def finish_message(milter):
    assert milter.rcpt(FRIEND) == "continue"
    milter.header("From", USER)
    milter.end_of_headers()
    return milter.end()


def test_message_under_way_is_finished_and_none_begins(guard):
    guard.start()
    with begin_message(guard) as busy, guard.milter() as idle:
        idle.begin()
        guard.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not guard.socket.exists(), 10, "the socket to go")
        assert idle.mail(USER, user=USER) == RESTARTING
        assert idle.mail(USER, user=USER) == RESTARTING
        assert finish_message(busy) == "continue"
        assert guard.process.wait() == 0, guard.process.tail()
        assert busy.is_closed(1) and idle.is_closed(1)
    assert guard.events("service.stopped")[0]["messages_lost"] == "0"


@pytest.mark.parametrize("how", ["abort", "close", "refused"])
def test_message_that_comes_to_nothing_delays_no_end(guard, how):
    guard.start()
    with begin_message(guard) as milter:
        guard.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not guard.socket.exists(), 10, "the socket to go")
        began = time.monotonic()
        if how == "refused":
            assert milter.rcpt(FRIEND) == "continue"
            milter.header("Subject", "no sender")
            milter.end_of_headers()
        getattr(milter, "abort" if how == "refused" else how)()
        assert guard.process.wait() == 0, guard.process.tail()
    assert time.monotonic() - began < 10
    assert guard.events("service.stopped")[0]["messages_lost"] == "0"


def test_idle_connections_delay_no_end(guard):
    guard.start()
    milters = [guard.milter().begin() for _ in range(50)]
    half = [guard.milter() for _ in range(10)]
    for milter in half:
        milter.socket.sendall(packet("O", bytes(12))[:9])
    began = time.monotonic()
    guard.stop()
    assert time.monotonic() - began < 8
    for milter in milters + half:
        assert milter.is_closed(1)
        milter.close()


def test_end_has_a_limit(guard):
    guard.configure("session_timeout = 3s\n" + configuration())
    guard.start()
    with begin_message(guard):
        began = time.monotonic()
        guard.process.send_signal(signal.SIGTERM)
        assert guard.process.wait() == 0, guard.process.tail()
        assert 2 < time.monotonic() - began < 9
    assert guard.events("service.stopped")[0]["messages_lost"] == "1"


def test_end_during_a_reload(guard):
    """A reload that takes longer than the rest of the end."""
    guard.start()
    guard.write_file("many", "".join(f"user{i}@acme.example\n" for i in range(300_000)))
    guard.configure(configuration() + 'list "many" { kind = "user"  file = "many" }\n')
    with begin_message(guard) as milter:
        guard.process.send_signal(signal.SIGHUP)
        guard.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not guard.socket.exists(), 10, "the socket to go")
        assert finish_message(milter) == "continue"
    assert guard.process.wait() == 0, guard.process.tail(80)
    assert guard.events("config.reloaded")


# The service manager's socket.

def test_sessions_wait_in_the_socket_for_the_next_process(guard, listening):
    """While the first one still finishes a message, too."""
    first = guard.start_with_socket(listening)
    with begin_message(guard) as busy:
        first.send_signal(signal.SIGTERM)
        # libmilter may still take one that comes while it looks at the socket
        wait_until(lambda: "event=service.stopping" in first.output(), 10, "the first one to leave the socket")
        with guard.milter() as waiting:
            waiting.send("O", struct.pack("!III", 6, 0x1FF, 0x1FFFFF))
            assert finish_message(busy) == "continue"
            assert first.wait() == 0, first.tail()
            assert guard.socket.exists()
            second = guard.start_with_socket(listening, log="second.log")
            assert waiting.receive()[0] == "O"
    assert send(guard) == "continue"
    assert second.stop() == 0


def told_to_come_again(guard):
    """As messages(), but a session that ends before its message begins may come again."""
    def one():
        for _ in range(20):
            with guard.milter() as milter:
                try:
                    milter.begin()
                    answer = milter.mail(USER, user=USER)
                except (EOFError, ConnectionError):
                    continue
                if answer != RESTARTING:
                    return None if finish_message(milter) == "continue" else "lost"
        return "never taken"
    return one


@pytest.mark.timeout_s(180)
def test_restarts_under_load_lose_no_message(guard, listening):
    process = guard.start_with_socket(listening)
    with Load([told_to_come_again(guard)] * 6) as load:
        for i in range(5):
            load.wait_for_more(50)
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0, process.tail()
            process = guard.start_with_socket(listening, log=f"{i}.log")
        load.wait_for_more(50)
    assert load.failures == []
    assert process.stop() == 0


def test_unfit_socket_is_refused(guard):
    with socket.socket(socket.AF_UNIX) as unfit:
        unfit.bind(str(guard.socket))
        with pytest.raises(AssertionError):
            guard.start_with_socket(unfit)
    assert "is not a listening unix stream socket" in guard.log


# What a mail server may do.

@pytest.mark.timeout_s(180)
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
        assert send(running) == "continue"
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
    assert send(running) == "continue"


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
    assert send(running) == "continue"


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
    assert send(running) == "continue"
