"""The socket of mailreeve-milter, its own or the service manager's: how it is made and left, and what becomes of the
messages under way then. The mail server is the harness' own here."""

import os
import signal
import socket
import stat
import struct
import subprocess
import time

import pytest

from harness.guard import FRIEND, Guard, program
from harness.load import Load
from harness.milter import packet
from harness.process import free_port, socket_answers, wait_until
from harness.setups import USER, configuration, users_file

RESTARTING = "421 4.3.2 restarting, try again later"


@pytest.fixture
def guard(scratch):
    """Not started."""
    return Guard(scratch / "guard", configuration(), {"users": users_file()})


@pytest.fixture
def listening(guard):
    """The listening socket that systemd would hold, at the guard's own path."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(guard.socket))
        server.listen(1024)
        yield server


def fail_to_start(guard):
    done = subprocess.run([program(), "-c", guard.path], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    return done.stderr


def guard_section(place, more=""):
    return f'guard {{ socket = "{place}"  {more} }}\n' + configuration()


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
        assert guard.send() == "continue"


def test_live_socket_is_not_replaced(guard):
    with guard:
        text = fail_to_start(guard)
        assert f"make the socket {guard.socket}: another process answers on it (is mailreeve-milter running" in text
        assert guard.send() == "continue"


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
            assert guard.send() == "continue"


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
        assert guard.send() == "continue"


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
    assert time.monotonic() - began < 20
    assert guard.events("service.stopped")[0]["messages_lost"] == "0"


def test_idle_connections_delay_no_end(guard):
    guard.start()
    milters = [guard.milter().begin() for _ in range(50)]
    half = [guard.milter() for _ in range(10)]
    for milter in half:
        milter.socket.sendall(packet("O", bytes(12))[:9])
    began = time.monotonic()
    guard.stop()
    assert time.monotonic() - began < 20
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
        assert 2 < time.monotonic() - began < 20
    assert guard.events("service.stopped")[0]["messages_lost"] == "1"


def test_end_during_a_reload(guard):
    """A reload that takes longer than the rest of the end."""
    guard.start()
    guard.write_file("many", "".join(f"user{i}@acme.example\n" for i in range(300_000)))
    guard.configure(configuration() + 'list "many" { kind = "user"  file = "many" }\n')
    with begin_message(guard) as milter:
        guard.begin_reload()
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
    assert guard.send() == "continue"
    assert second.stop() == 0


def told_to_come_again(guard):
    """Messages one after the other, for Load; a session that ends before its message begins may come again."""
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
