"""A machine that nobody has set up: no `state` section and no folder for one. The service works from its first command
on, with a store of its own that goes with it."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, EXIT_TEMPORARY, mailreeve
from harness.mailreeve import Mailreeve
from harness.process import wait_until
from harness.setups import PASSWORD, USER, users_file

USUAL = Path("/var/lib/mailreeve")

CONFIGURATION = """
failure_delay = 0
screen { failures = 2 }
listener "submission" { auth = "on"  upstream = "mta" }
organization "acme" { domains = {"acme.example"}  sources = {} }
source "users" { type = "users"  file = "users" }
upstream "mta" { check = "none"  server "mta1" { address = "127.0.0.1:10025" } }
"""


def unconfigured(folder):
    service = Mailreeve(folder, CONFIGURATION, {"users": users_file()})
    service.path.write_text(f'socket = "{service.socket}"\n{CONFIGURATION}')
    return service


@pytest.fixture
def service(scratch):
    if USUAL.exists():
        pytest.skip(f"{USUAL} is there, so this machine has been set up")
    with unconfigured(scratch) as service:
        yield service
    assert not USUAL.exists()


def code_of(service, password, client="192.0.2.7"):
    answer = service.ask(fastcgi.login(USER, password, HTTP_CLIENT_IP=client))
    return "OK" if answer.ok else answer["Auth-Error-Code"]


def open_files(process):
    files = set()
    for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            files.add(Path(os.readlink(descriptor)))
    return files


def folder_of(service):
    def look():
        return {file.parent for file in open_files(service.process) if file.name == "state.mdb"}
    [folder] = wait_until(look, 20, "the store was not opened")
    return folder


def test_it_bans_all_the_same_and_leaves_nothing_behind(service):
    assert [code_of(service, password) for password in ("a", "b", PASSWORD)] == ["535 5.7.8", "535 5.7.8", "421 4.7.0"]
    assert code_of(service, PASSWORD, "192.0.2.8") == "OK"
    folder = folder_of(service)
    assert folder.stat().st_mode & 0o777 == 0o700
    [said] = service.events("store.private")
    assert said["level"] == "warn" and said["folder"] == str(USUAL)
    service.stop()
    assert not folder.exists()
    service.start()
    assert code_of(service, PASSWORD) == "OK"


def test_what_a_killed_one_left_the_next_one_removes_and_nothing_else(service):
    killed = folder_of(service)
    service.process.kill()
    number = f"{os.getpid() % 100000:05}"
    empty, link = (killed.with_name(f"mailreeve-auth-{letter}{number}") for letter in "el")
    elsewhere = service.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "state.lock").touch()
    empty.mkdir()
    link.symlink_to(elsewhere)
    try:
        with unconfigured(service.folder / "first") as first:
            assert not killed.exists()
            assert empty.exists() and (elsewhere / "state.lock").exists()
            with unconfigured(service.folder / "second") as second:
                assert folder_of(first).exists() and folder_of(second) != folder_of(first)
    finally:
        link.unlink()
        empty.rmdir()
    service.start()


def test_a_command_says_where_it_would_have_looked_and_makes_nothing(service):
    for command in (("ban", "list"), ("ban", "add", "192.0.2.9"), ("window", "list")):
        done = mailreeve(*command, "-c", service.path)
        assert (done.returncode, done.stdout) == (EXIT_TEMPORARY, "")
        assert f"{USUAL} is not there" in done.stderr
    assert mailreeve("check", "-c", service.path).returncode == EXIT_OK
