"""An open relay neither starts nor is it reloaded into, unless the configuration says that it is meant."""

import subprocess

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, EXIT_PROBLEM, mailreeve
from harness.mailreeve import Mailreeve, program
from harness.setups import PASSWORD, USER, configuration, users_file

EVERYBODY = 'list "everybody" { kind = "ip"  entries = {"0.0.0.0/1", "128.0.0.0/1"} }\n'
MEANT = "i_know_this_is_an_open_relay = true\n"
COMPLAINT = 'relay_ips: list "everybody" holds every IPv4 address: this is an open relay'


def open_relay():
    text = configuration()
    opened = text.replace('listener "submission" {', 'listener "submission" { relay_ips = "everybody" ', 1)
    assert opened != text
    return EVERYBODY + opened


@pytest.fixture
def service(scratch):
    """Not started."""
    return Mailreeve(scratch / "service", configuration(), {"users": users_file()})


def test_an_open_relay_does_not_start(service):
    service.configure(open_relay())
    for command in ("-t",), ():
        done = subprocess.run([program(), "-c", service.path, *command], capture_output=True, text=True, timeout=60)
        assert done.returncode == EXIT_PROBLEM
        assert COMPLAINT in done.stderr.replace('\\"', '"')
    checked = mailreeve("check", "-c", service.path)
    assert checked.returncode == EXIT_PROBLEM and COMPLAINT in checked.stderr
    assert "warning" not in checked.stderr


def test_an_open_relay_that_is_meant_starts(service):
    service.configure(MEANT + open_relay())
    checked = mailreeve("check", "-c", service.path)
    assert checked.returncode == EXIT_OK and f"warning: listener \"submission\": {COMPLAINT}" in checked.stderr
    with service:
        assert service.ask(fastcgi.login(USER, PASSWORD)).ok


def test_a_reload_into_an_open_relay_changes_nothing(service):
    with service:
        service.configure(open_relay())
        answer = service.reload()
        assert answer["Status"].startswith("409") and COMPLAINT in answer.body.decode()
        assert service.events("config.kept") and not service.events("config.reloaded")
        assert service.ask(fastcgi.login(USER, PASSWORD)).ok

        service.configure(MEANT + open_relay())
        assert service.reload()["Status"].startswith("200")
