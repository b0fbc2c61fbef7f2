"""The end of the service: what has begun is finished, what waits is left to the next process."""

import signal
import socket
import threading
import time

import pytest

from harness import fastcgi
from harness.fastcgi import Connection
from harness.held_smtp import HeldSmtp
from harness.load import Load, fastcgi_logins
from harness.mailreeve import Mailreeve
from harness.process import wait_until
from harness.setups import PASSWORD, USER, configuration, users_file


@pytest.fixture(scope="module")
def held():
    with HeldSmtp() as server:
        yield server


def login():
    return fastcgi.login(USER, PASSWORD)


def make_service(folder, held, settings=""):
    return Mailreeve(folder, configuration(settings, held.port), {"users": users_file()})


@pytest.fixture
def listening(scratch):
    """The listening socket that systemd would hold; the service's own path is the same."""
    (scratch / "service").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(scratch / "service" / "auth.sock"))
        server.listen(1024)
        yield server


def begin_slow_login(path, held):
    """A login that is under way until held.release(). Returns (thread, answers)."""
    answers = []

    def run():
        try:
            answers.append(fastcgi.ask(path, fastcgi.login("zoe@slow.example", "x")))
        except Exception as error:  # reported by the test, in its own thread
            answers.append(error)

    held.hold()
    thread = threading.Thread(target=run)
    thread.start()
    held.wait_for(1)
    return thread, answers


def test_session_under_way_is_finished(scratch, held):
    service = make_service(scratch / "service", held).start()
    thread, answers = begin_slow_login(service.socket, held)
    service.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not service.socket.exists(), 10, "the socket to go")
    assert service.process.alive()
    held.release()
    thread.join()
    assert answers[0].ok
    assert service.process.wait() == 0
    assert service.events("service.stopped")[0]["sessions_lost"] == "0"


def test_idle_connections_do_not_delay_the_end(scratch, held):
    service = make_service(scratch / "service", held).start()
    connections = [service.connect().open() for _ in range(50)]
    for connection in connections[:25]:
        assert connection.ask(fastcgi.login(USER, PASSWORD)).ok
    began = time.monotonic()
    service.stop()
    assert time.monotonic() - began < 20
    for connection in connections:
        assert connection.is_closed(1)
        connection.close()


def test_request_that_has_been_sent_is_answered(scratch, held):
    """Connected and asked before SIGTERM, though nobody had looked at it yet."""
    service = make_service(scratch / "service", held).start()
    connections = [service.connect(keep=False).open() for _ in range(100)]
    for connection in connections:
        connection.send(fastcgi.encode_request(fastcgi.login(USER, PASSWORD)))
    service.process.send_signal(signal.SIGTERM)
    for connection in connections:
        assert connection.read_answer().ok
        connection.close()
    assert service.process.wait() == 0


def test_end_has_a_limit(scratch, held):
    """A session that outlives its time is given up: the process ends after session_timeout."""
    service = make_service(scratch / "service", held, "session_timeout = 3s\n").start()
    stalled = service.connect().open()
    stalled.send(fastcgi.encode_request(fastcgi.login(USER, PASSWORD))[:50])
    wait_until(lambda: service.ask(fastcgi.login(USER, PASSWORD)).ok, 10, "a login")
    began = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    status = service.process.wait()
    assert 2 < time.monotonic() - began < 20
    assert status == 1 and service.events("service.stopped")[0]["sessions_lost"] == "1"
    stalled.close()


def test_end_during_a_reload(scratch, held):
    """A reload that takes longer than the rest of the end: it finds everything that it tells about itself."""
    service = make_service(scratch / "service", held).start()
    service.write_file("many", "".join(f"user{i}@acme.example\n" for i in range(300_000)))
    service.configure(configuration("", held.port) + 'list "many" { kind = "user"  file = "many" }\n')
    service.begin_reload()
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait() == 0, service.process.tail(80)
    assert service.events("config.reloaded")


def test_inherited_socket_stays(scratch, held, listening):
    service = make_service(scratch / "service", held)
    process = service.start_with_socket(listening)
    assert service.ask(fastcgi.login(USER, PASSWORD)).ok
    assert process.stop() == 0
    assert service.socket.exists()
    with Connection(service.socket, keep=False) as waiting:
        waiting.send(fastcgi.encode_request(fastcgi.login(USER, PASSWORD)))
        process = service.start_with_socket(listening, log="second.log")
        assert waiting.read_answer().ok
    assert process.stop() == 0


def test_restarts_under_load_fail_no_login(scratch, held, listening):
    """Must hold: SIGTERM under load with socket activation and a new process. The old process ends before
    the new one begins, as systemd does it; a long session runs across the first restart."""
    service = make_service(scratch / "service", held)
    process = service.start_with_socket(listening)
    with Load(fastcgi_logins(service.socket, login)) as load:
        load.wait_for_more(100)
        thread, answers = begin_slow_login(service.socket, held)
        for i in range(10):
            process.send_signal(signal.SIGTERM)
            if i == 0:
                held.release()
            assert process.wait() == 0, process.tail()
            process = service.start_with_socket(listening, log=f"{i}.log")
            load.wait_for_more(100)
        thread.join()
        assert answers[0].ok
    print(f"{load.done} logins, the slowest took {load.slowest_s:.3f} s")
    assert load.failures == []
    assert process.stop() == 0


def test_overlapping_processes_fail_no_login(scratch, held, listening):
    """The same where the new process begins before the old one ends."""
    service = make_service(scratch / "service", held)
    old = service.start_with_socket(listening)
    with Load(fastcgi_logins(service.socket, login)) as load:
        for i in range(10):
            load.wait_for_more(50)
            new = service.start_with_socket(listening, log=f"{i}.log")
            assert old.stop() == 0, old.tail()
            old = new
        load.wait_for_more(50)
    assert load.failures == []
    assert old.stop() == 0
