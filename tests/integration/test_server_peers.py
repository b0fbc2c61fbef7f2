"""Web servers that stall, talk nonsense, keep connections open, and more of them than there are sessions."""

import os
import struct
import threading
import time

import pytest

from harness import fastcgi
from harness.fastcgi import Closed
from harness.held_smtp import HeldSmtp
from harness.mailreeve import Mailreeve
from harness.process import wait_until
from harness.setups import PASSWORD, USER, configuration, users_file

# what one request may take on its connection (workers.c), with room for a busy machine
PEER_LIMIT_S = 10
ROOM_S = 8


@pytest.fixture(scope="module")
def held():
    with HeldSmtp() as server:
        yield server


@pytest.fixture(scope="module")
def service(shared_scratch, held):
    text = configuration("max_sessions = 4\n", held.port)
    with Mailreeve(shared_scratch / "service", text, {"users": users_file()}) as running:
        yield running


def login_works(service):
    return service.ask(fastcgi.login(USER, PASSWORD)).ok


def test_kept_connection_serves_many(service):
    with service.connect() as connection:
        for _ in range(200):
            assert connection.ask(fastcgi.login(USER, PASSWORD)).ok
        assert connection.asked == 200


def test_body_is_skipped(service):
    with service.connect() as connection:
        assert connection.ask(fastcgi.login(USER, PASSWORD), body=b"x" * 5000).ok
        assert connection.ask(fastcgi.login(USER, PASSWORD)).ok


def test_request_in_small_pieces(service):
    request = fastcgi.encode_request(fastcgi.login(USER, PASSWORD))
    with service.connect() as connection:
        for at in range(len(request)):
            connection.send(request[at:at + 1])
        assert connection.read_answer().ok


def test_many_idle_connections_hold_no_sessions(service):
    """Far more kept connections than sessions and threads: each is served, and the next one too."""
    connections = [service.connect().open() for _ in range(100)]
    for _ in range(2):
        for connection in connections:
            assert connection.ask(fastcgi.login(USER, PASSWORD)).ok
            assert connection.asked > 0
    assert login_works(service)
    for connection in connections:
        connection.close()


def test_silent_connections_hold_no_sessions(service):
    silent = [service.connect().open() for _ in range(100)]
    assert login_works(service)
    for connection in silent:
        connection.close()


GARBAGE = {
    "no FastCGI at all": b"GET /auth HTTP/1.0\r\n\r\n",
    "an unknown version": b"\x02" + fastcgi.encode_request({})[1:],
    "zeros": bytes(4096),
    "all ones": b"\xff" * 4096,
    "parameters before the beginning": fastcgi.record(fastcgi.PARAMS, b"\x01\x01ab"),
    "a beginning of the wrong size": fastcgi.record(fastcgi.BEGIN_REQUEST, b"\0\1\0"),
    "an unknown role": fastcgi.record(fastcgi.BEGIN_REQUEST, struct.pack(">HB5x", 77, 0)),
    "a name longer than the parameters": fastcgi.record(fastcgi.BEGIN_REQUEST, struct.pack(">HB5x", 1, 0))
    + fastcgi.record(fastcgi.PARAMS, b"\xe0\x00\x00\x00\x01ab") + fastcgi.record(fastcgi.PARAMS, b""),
    "a body without an end of parameters": fastcgi.record(fastcgi.BEGIN_REQUEST, struct.pack(">HB5x", 1, 0))
    + fastcgi.record(fastcgi.STDIN, b"x"),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_is_dropped(service, what):
    with service.connect() as connection:
        connection.send(GARBAGE[what])
        connection._socket.shutdown(1)
        with pytest.raises((Closed, ConnectionError)):
            connection.read_answer()
    assert login_works(service)


def test_endless_body_is_dropped(service):
    with service.connect() as connection:
        whole = fastcgi.encode_request(fastcgi.login(USER, PASSWORD), body=b"x" * 60000)
        with pytest.raises((Closed, ConnectionError)):
            connection.send(whole[:-8] + fastcgi.record(fastcgi.STDIN, b"x" * 60000) * 20 + whole[-8:])
            connection.read_answer()
    assert login_works(service)


def test_broken_off_requests(service):
    """The peer goes away in the middle of a request, at each place."""
    request = fastcgi.encode_request(fastcgi.login(USER, PASSWORD))
    for at in range(len(request)):
        with service.connect() as connection:
            connection.send(request[:at])
    assert login_works(service)


def test_stalled_request_is_ended(service):
    """Half a request holds its thread for a bounded time, and all others go on.

    There are more of them than threads (max_sessions and 16 spare ones), so some have to wait for a first
    round before their own time begins, and any of them may be among these.
    """
    half = fastcgi.encode_request(fastcgi.login(USER, PASSWORD))[:40]
    stalled = [service.connect().open() for _ in range(30)]
    began = time.monotonic()
    for connection in stalled:
        connection.send(half)
    for connection in stalled:
        assert connection.is_closed(2 * PEER_LIMIT_S + ROOM_S)
        connection.close()
    assert PEER_LIMIT_S - 2 < time.monotonic() - began
    assert login_works(service)


def test_trickling_request_is_ended(service):
    """A byte now and then does not win time."""
    request = fastcgi.encode_request(fastcgi.login(USER, PASSWORD))
    with service.connect() as connection:
        began = time.monotonic()
        for byte in request[:100]:
            try:
                connection.send(bytes([byte]))
            except ConnectionError:
                break
            if connection.is_closed(0.5):
                break
        assert PEER_LIMIT_S - 2 < time.monotonic() - began < PEER_LIMIT_S + ROOM_S


def hold_sessions(service, held, count):
    """That many logins under way at the slow source. Returns (threads, answers)."""
    answers = []

    def run():
        answers.append(service.ask(fastcgi.login("zoe@slow.example", "x")))

    held.hold()
    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    held.wait_for(count)
    return threads, answers


def test_above_max_sessions_is_asked_to_wait(service, held):
    threads, answers = hold_sessions(service, held, 4)
    with service.connect() as kept:
        for ask in [service.ask, kept.ask] * 20:
            answer = ask(fastcgi.login(USER, PASSWORD))
            assert (answer["Auth-Status"], answer["Auth-Wait"]) == ("WAIT", "1")
        held.release()
        for thread in threads:
            thread.join()
        assert all(answer.ok for answer in answers) and len(answers) == 4
        assert kept.ask(fastcgi.login(USER, PASSWORD)).ok


def test_idle_connections_do_not_keep_others_waiting_while_crowded(service, held):
    """All sessions are taken and far more kept connections than spare threads are open."""
    threads, _ = hold_sessions(service, held, 4)
    connections = [service.connect().open() for _ in range(60)]
    began = time.monotonic()
    for connection in connections * 2:
        assert connection.ask(fastcgi.login(USER, PASSWORD))["Auth-Status"] == "WAIT"
    assert time.monotonic() - began < 10
    held.release()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()


def test_threads_leave_when_idle(service, held):
    """Sessions' threads go after ten idle seconds."""
    def tasks():
        return os.listdir(f"/proc/{service.process.pid}/task")

    sessions, _ = hold_sessions(service, held, 4)
    busy = len(tasks())
    held.release()
    for thread in sessions:
        thread.join()
    wait_until(lambda: len(tasks()) <= busy - 4, 10 + ROOM_S, "idle threads to leave")


def test_nothing_is_carried_over_on_a_kept_connection(service):
    with service.connect() as connection:
        assert connection.ask(fastcgi.login(USER, PASSWORD)).ok
        assert not connection.ask(fastcgi.login(USER, "")).ok
        nameless = fastcgi.login(USER, PASSWORD)
        del nameless["HTTP_AUTH_USER"], nameless["HTTP_AUTH_PASS"]
        assert not connection.ask(nameless).ok
        answer = connection.ask(fastcgi.recipient("MAIL FROM:<a@b.example>", "RCPT TO:<c@acme.example>"))
        assert answer.ok and answer.fields["Auth-User"] == "" and answer.fields["Auth-Pass"] == ""
