"""The socket of mailreeve-auth and what answers on it."""

import os
import signal
import socket
import stat
import subprocess

import pytest

from harness import fastcgi
from harness.mailreeve import Mailreeve, program
from harness.process import socket_answers
from harness.setups import PASSWORD, USER, configuration, users_file


@pytest.fixture
def service(scratch):
    return Mailreeve(scratch / "service", configuration(), {"users": users_file()})


def make_stale_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    assert path.exists()


def fail_to_start(service):
    done = subprocess.run([program(), "-c", service.path], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    return done.stderr


def test_login_on_the_socket(service):
    with service:
        answer = service.ask(fastcgi.login(USER, PASSWORD))
        assert answer.ok and answer["Auth-User"] == USER
        assert (answer["Auth-Server"], answer["Auth-Port"]) == ("127.0.0.1", "10025")
        refused = service.ask(fastcgi.login(USER, "wrong"))
        assert (refused["Auth-Error-Code"], refused["Auth-Wait"]) == ("535 5.7.8", "1")
        assert service.ask(fastcgi.login("nobody@acme.example", "x")).header == refused.header
    assert [d["verdict"] for d in service.decisions()] == ["accept", "refuse", "refuse"]


def test_stale_socket_is_replaced(service):
    make_stale_socket(service.socket)
    with service:
        assert service.ask(fastcgi.login(USER, PASSWORD)).ok


def test_live_socket_is_not_replaced(service):
    with service:
        text = fail_to_start(service)
        assert f"make the socket {service.socket}: another process answers on it" in text
        assert service.ask(fastcgi.login(USER, PASSWORD)).ok
    assert not service.socket.exists()


def test_other_file_is_not_replaced(service):
    service.socket.write_text("precious")
    assert "there is a file of another kind" in fail_to_start(service)
    assert service.socket.read_text() == "precious"


def test_folder_that_is_not_there_is_named(service):
    service.socket = service.folder / "nowhere" / "auth.sock"
    service.configure(configuration())
    assert f"make the socket {service.socket}: No such file or directory" in fail_to_start(service)


def test_unknown_group_is_named(service):
    service.configure(configuration('socket_group = "no-such-group"\n'))
    assert 'find the group "no-such-group"' in fail_to_start(service)


def test_mode_and_group(service):
    group = os.getgroups()[0] if os.getgroups() else os.getgid()
    name = subprocess.run(["getent", "group", str(group)], capture_output=True, text=True).stdout.split(":")[0]
    service.configure(configuration(f'socket_mode = "0620"\nsocket_group = "{name}"\n'))
    with service:
        status = service.socket.stat()
        assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o620, group)
    assert not list(service.folder.glob(".mr*"))


def test_socket_of_another_process_is_left_alone(service):
    """A process that ends removes its own socket only, not one that was put in its place."""
    service.start()
    service.socket.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(service.socket))
        other.listen()
        service.stop()
        assert socket_answers(service.socket)


def test_inherited_socket_must_be_listening(service):
    with socket.socket(socket.AF_UNIX) as unfit:
        unfit.bind(str(service.socket))
        with pytest.raises(AssertionError):
            service.start_with_socket(unfit)
    assert "is not a listening unix stream socket" in service.log


def test_sockets_for_another_process_are_not_ours(service):
    """LISTEN_PID names another process: its variables came down to us by accident."""
    service.process.env.update(LISTEN_FDS="1", LISTEN_PID="1")
    with service:
        assert service.ask(fastcgi.login(USER, PASSWORD)).ok


def test_unknown_path_is_no_login(service):
    with service:
        for path in ("/", "/auth/", "/auth?x", "/nowhere"):
            answer = service.ask({**fastcgi.login(USER, PASSWORD), "DOCUMENT_URI": path})
            assert answer["Status"].startswith("404") and not answer.ok and answer["Auth-Server"] is None
        nameless = fastcgi.login(USER, PASSWORD)
        del nameless["DOCUMENT_URI"]
        assert service.ask(nameless)["Status"].startswith("404")
        assert service.ask({**nameless, "SCRIPT_NAME": "/auth"}).ok


def test_reload_wants_post(service):
    with service:
        answer = service.ask({"DOCUMENT_URI": "/api/v1/reload", "REQUEST_METHOD": "GET"})
        assert answer["Status"].startswith("405") and not answer.ok


def test_options(service):
    def run(*args):
        return subprocess.run([program(), *args], capture_output=True, text=True, timeout=30)

    assert run("--help").stdout.startswith("usage: mailreeve-auth")
    assert run("--version").stdout.startswith("mailreeve-auth ")
    assert run("--nonsense").returncode == 2
    assert run("-t", "-c", service.path).returncode == 0
    service.configure("nonsense = 1\n")
    broken = run("-t", "-c", service.path)
    assert broken.returncode == 1 and f"{service.path}:2:" in broken.stderr


def test_interrupt_ends_it(service):
    service.start()
    assert service.process.stop(signal.SIGINT) == 0
