"""`mailreeve reload`: the running service takes a new configuration, or says why not."""

import os
import socket
import stat
import threading

import pytest

from harness.command import EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, mailreeve
from harness.process import Process, build_dir, socket_answers

CONFIG = """socket = "auth.sock"  state { path = "state"  size = "1M" }
listener "mx" { auth = "off"  upstream_inbound = "mta" }
upstream "mta" { check = "none"  server "one" { address = "127.0.0.1:25" } }
"""


@pytest.fixture
def config(scratch):
    file = scratch / "mailreeve.conf"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def service(scratch, config):
    argv = [build_dir() / "bin" / "mailreeve-auth", "-c", config]
    with Process(argv, scratch / "log", ready=lambda: socket_answers(scratch / "auth.sock")) as process:
        yield process


def test_a_good_configuration_is_taken(config, service):
    done = mailreeve("reload", "-c", config)
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_OK, "reloaded\n", "")


def test_a_broken_configuration_is_not_even_asked_about(config, service):
    config.write_text(CONFIG + 'upstraem "x" {}\n')
    done = mailreeve("reload", "-c", config)
    assert done.returncode == EXIT_PROBLEM
    assert f"{config}:4: " in done.stderr
    assert "not asked, the service keeps its configuration" in done.stderr


def test_what_only_the_service_finds_is_told(config, service):
    config.write_text(CONFIG.replace('upstream_inbound = "mta"', 'upstream_inbound = "mat"'))
    for args in [["-c", config], ["--socket", config.with_name("auth.sock")]]:
        done = mailreeve("reload", *args)
        assert done.returncode == EXIT_PROBLEM
        assert f"{config}:2: " in done.stderr and "mat" in done.stderr
        assert done.stderr.endswith("refused, the service keeps its configuration\n")
    assert service.alive()
    config.write_text(CONFIG)
    assert mailreeve("reload", "-c", config).returncode == EXIT_OK


def test_nobody_there_is_temporary(config):
    done = mailreeve("reload", "-c", config)
    assert done.returncode == EXIT_TEMPORARY
    assert "is mailreeve-auth running?" in done.stderr


def test_somebody_else_there_is_temporary(scratch):
    """Whoever listens there is no FastCGI service."""
    path = scratch / "other.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(path))
        other.listen(1)

        def greet():
            peer, _ = other.accept()
            with peer:
                peer.sendall(b"220 mail.example ESMTP\r\n")
                peer.recv(4096)

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        done = mailreeve("reload", "--socket", path)
        thread.join(20)
    assert done.returncode == EXIT_TEMPORARY
    assert "it is not FastCGI" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may connect to every socket")
def test_who_may_not_connect_is_told(config, service):
    path = config.with_name("auth.sock")
    path.chmod(stat.S_IRUSR)
    done = mailreeve("reload", "-c", config)
    assert done.returncode == EXIT_TEMPORARY
    assert "Permission denied" in done.stderr
