"""The ldap source against a real slapd, through ldap_driver: one process that is asked again and again, so that
connections, failures and returns can be seen. The same source behind nginx: test_front_*.py."""

import os
import re
import resource
import subprocess

import pytest

from harness.ldap_driver import Source
from harness.ldap_setup import BASE, PEOPLE, by_user_dn, directory, own_directory, own_name, searching, source
from harness.process import build_dir, wait_until
from harness.slapd import Slapd, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")


# What the directory says

def test_the_right_password_is_ok(source):
    assert source.verify("alice@acme.example", "alice's word").outcome == "ok"


def test_the_wrong_password_is_wrong_and_known_to_be_so(source):
    answer = source.verify("alice@acme.example", "bob's word")
    assert (answer.outcome, answer.may_be_unknown) == ("wrong", False)
    assert "Invalid credentials (49)" in answer.detail


def test_a_name_without_an_entry_is_unknown(source):
    assert source.verify("nobody@acme.example", "alice's word").outcome == "unknown"


def test_a_name_of_two_entries_is_ambiguous_even_with_the_right_password(source):
    assert source.verify("twins@acme.example", "same word").outcome == "ambiguous"


def test_an_empty_password_is_never_ok(source, by_user_dn):
    assert source.verify("alice@acme.example", "").outcome == "unavailable"
    assert by_user_dn.verify("alice@acme.example", "").outcome == "unavailable"


def test_an_entry_without_a_password_lets_nobody_in(source):
    for password in ("", "x", b"\0"):
        assert source.verify("nopassword@acme.example", password).outcome != "ok"


def test_a_password_is_taken_byte_by_byte(source):
    assert source.verify("alice", b"alice's word\0and more").outcome == "wrong"


def test_the_account_is_the_name_without_username_attribute(source):
    assert source.verify("al@acme.example", "alice's word").account == "al@acme.example"


def test_username_attribute_is_the_one_name_of_an_account_in_lower_case(shared_scratch, directory):
    with Source(shared_scratch, **searching(directory, username_attribute="mail")) as source:
        for name in ("alice", "al@acme.example", "alice@acme.example"):
            answer = source.verify(name, "alice's word")
            assert (answer.outcome, answer.account) == ("ok", "alice@acme.example")
        assert source.verify("alice", "wrong").account == "alice@acme.example"


def test_a_username_attribute_that_is_no_name_is_an_error_that_is_logged(shared_scratch, directory):
    with Source(shared_scratch, **searching(directory, username_attribute="employeeNumber")) as source:
        answer = source.verify("spaced@acme.example", "spaced's word")
        assert answer.outcome == "unavailable"
        assert "cannot be a login name" in answer.detail
        assert "has no employeeNumber" in source.verify("bob@acme.example", "bob's word").detail
        assert len(source.events("source.error")) == 1


def test_who_knows_whom(source, by_user_dn):
    assert source.knows("alice@acme.example") == "known"
    assert source.knows("twins@acme.example") == "known"
    assert source.knows("nobody@acme.example") == "unknown"
    assert by_user_dn.knows("alice@acme.example") == "cannot-tell"


def test_a_bind_by_user_dn_cannot_tell_wrong_from_unknown(by_user_dn):
    assert by_user_dn.verify("alice@acme.example", "alice's word").outcome == "ok"
    for name in ("alice", "nobody"):
        answer = by_user_dn.verify(f"{name}@acme.example", "wrong")
        assert (answer.outcome, answer.may_be_unknown) == ("wrong", True)


HOSTILE = ["*", "a*", "*)(uid=*", ")(uid=*", "alice)(|(uid=*", "\\2a", "\\", "alice\\", "(", ")", "&", "|", "!(uid=x)",
           "alice,ou=people", "alice+uid=bob", "#616c696365", "\"alice\"", "<alice>", "alice;", " alice x",
           "uid=alice", "%n", "%u", "\u0130", "\x01", "alice\x7f"]


@pytest.mark.parametrize("password", ["alice's word", "bob's word", "star's word"])
def test_a_hostile_name_is_nobody_elses(source, by_user_dn, password):
    for name in HOSTILE:
        for full in (name, f"{name}@acme.example"):
            assert source.verify(full, password).outcome == "unknown", full
            assert by_user_dn.verify(full, password).outcome in ("wrong", "unavailable"), full


@pytest.mark.parametrize("name, password", [("star*", "star's word"), ("a,b+c=#", "comma's word"),
                                            ("#hash", "hash's word")])
def test_a_name_with_special_letters_finds_its_own_entry(source, by_user_dn, name, password):
    assert source.verify(name, password).outcome == "ok"
    assert by_user_dn.verify(name, password).outcome == "ok"


# Our own errors

def test_a_refused_service_account_is_unavailable_and_loud(shared_scratch, directory):
    wrong = shared_scratch / "wrong-password"
    wrong.write_text("not the secret\n")
    wrong.chmod(0o600)
    with Source(shared_scratch, **searching(directory, bind_password_file=wrong)) as source:
        answer = source.verify("alice", "alice's word")
        assert answer.outcome == "unavailable"
        assert "bind_dn" in answer.detail and "(49)" in answer.detail
        (event,) = source.events("source.down")
        assert "level=error" in event
        assert "not the secret" not in source.log.read_text()


def test_a_base_that_does_not_exist_is_unavailable_and_loud(shared_scratch, directory):
    with Source(shared_scratch, **searching(directory, base="ou=nowhere,dc=acme,dc=example")) as source:
        answer = source.verify("alice", "alice's word")
        assert answer.outcome == "unavailable"
        assert "(32)" in answer.detail and "ou=nowhere" in answer.detail
        assert len(source.events("source.error")) == 1


def test_a_server_that_shows_less_than_there_is_cannot_tell(shared_scratch):
    with Slapd(shared_scratch / own_name("slapd"), PEOPLE, base=BASE, settings="sizelimit 1") as server:
        with Source(shared_scratch, **searching(server)) as source:
            assert source.verify("alice", "alice's word").outcome == "ok"
            answer = source.verify("twins@acme.example", "same word")
            assert answer.outcome == "unavailable"
            assert "(4)" in answer.detail


@pytest.mark.parametrize("settings, problem", [
    ({"uri": ["ldap.acme.example"]}, "uri"),
    ({"uri": []}, "uri"),
    ({"uri": ["ldaps://127.0.0.1"], "starttls": True}, "starttls"),
    ({"filter": "(uid=%n"}, "filter"),
    ({"filter": "(uid=%n)(x=y)"}, "filter"),
    ({"filter": "(uid=alice)"}, "filter"),
    ({"user_dn": "uid=%n,dc=acme,dc=example"}, "filter"),
    ({"base": "not a name"}, "base"),
    ({"bind_dn": "not a name"}, "bind_dn"),
    ({"bind_password_file": None}, "bind_dn"),
    ({"bind_password_file": "/nonexistent/password"}, "bind_password_file"),
    ({"base": None}, "base"),
    ({"username_attribute": "mail,uid"}, "username_attribute"),
    ({"connections": 1}, "connections"),
    ({"password": "digest"}, "password"),
    ({"password": "fetch", "directory": "domino"}, "password"),
    ({"uri": ["ldaps://127.0.0.1"], "cert_file": "/nonexistent/us.pem"}, "cert_file"),
    ({"uri": ["ldaps://127.0.0.1"], "ca_file": "/nonexistent/ca.pem"}, "ca_file"),
])
def test_a_wrong_setting_is_found_when_the_source_is_opened(shared_scratch, directory, settings, problem):
    given = {name: value for name, value in searching(directory, **settings).items() if value is not None}
    with Source(shared_scratch, **given) as source:
        assert not source.opened
        assert f'source "acme": {problem}: ' in source.log.read_text()


def test_a_password_file_that_others_may_read_is_refused(shared_scratch, directory):
    open_file = shared_scratch / "open-password"
    open_file.write_text("secret\n")
    open_file.chmod(0o644)
    with Source(shared_scratch, **searching(directory, bind_password_file=open_file)) as source:
        assert not source.opened
        assert "chmod" in source.log.read_text()


def test_passwords_in_clear_text_over_the_network_are_warned_about(shared_scratch, directory):
    with Source(shared_scratch, **searching(directory, uri=["ldap://ldap.acme.example"])) as source:
        assert source.opened
        assert "clear text" in source.log.read_text()
    with Source(shared_scratch, **searching(directory)) as source:
        assert "clear text" not in source.log.read_text()


# What is left behind

def test_no_password_stays_in_memory(shared_scratch, directory, authority):
    # Resolving a function late saves registers, and what memcpy had in them, on the stack.
    env = {"LD_BIND_NOW": "1"}
    for settings in ({}, {"uri": [directory.tls_uri], "ca_file": authority.ca}):
        with Source(shared_scratch, env=env, **searching(directory, **settings)) as source:
            for password in ("alice's word", "wrong guess"):
                source.verify("alice", password)
                memory = source.memory()
                assert password.encode().hex().encode() in memory  # the question as it was put: the search works
                assert password.encode() not in memory


def test_descriptors_above_1024_work(shared_scratch, directory, authority):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2000:
        pytest.skip("this user may not open 2000 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2000, hard))
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:
        with Source(shared_scratch, pass_fds=files, **searching(directory, uri=[directory.tls_uri],
                                                        ca_file=authority.ca)) as source:
            assert source.verify("alice", "alice's word").outcome == "ok"
    finally:
        for file in files:
            os.close(file)


# Many at once

@pytest.mark.parametrize("tls", [False, True])
def test_64_threads_share_16_connections(shared_scratch, directory, authority, tls):
    uri = directory.tls_uri if tls else directory.uri
    with Source(shared_scratch, **searching(directory, uri=[uri], ca_file=authority.ca, connections=16)) as source:
        counts = source.storm(64, 100)
        assert counts["ok"] == 5760 and counts["wrong"] == 640, counts
        # idle ones are kept for a minute; those of the test before may still be going
        wait_until(lambda: directory.connections() <= 16, 10, "16 connections at most")
        print(f"{6400 / counts['seconds']:.0f} logins/s, tls={tls}")


@pytest.mark.parametrize("password", ["compare", "fetch"])
def test_many_compare_and_fetch_at_once(shared_scratch, password):
    with Slapd(shared_scratch / own_name("readable"), PEOPLE, base=BASE, service_sees="read") as server, \
            Source(shared_scratch, **searching(server, password=password)) as source:
        counts = source.storm(32, 50)
        assert counts["ok"] == 1440 and counts["wrong"] == 160, counts


def test_a_restart_under_load_fails_for_a_moment_only(shared_scratch, own_directory):
    with Source(shared_scratch, **searching(own_directory)) as source:
        assert source.storm(16, 20)["ok"] == 288
        own_directory.stop()
        down = source.storm(16, 20)
        assert down["unavailable"] == 320 and down["seconds"] < 5
        own_directory.start()
        wait_until(lambda: source.verify("alice", "alice's word").outcome == "ok", 10, "logins to work again")
        assert source.storm(16, 20)["ok"] == 288


# The command

CONFIGURATION = """\
socket = "auth.sock"
source "acme-ldap" {{
  type = "ldap"
  uri = {{"{server.uri}"}}
  bind_dn = "{server.service_dn}"
  bind_password_file = "{server.service_password_file}"
  base = "{server.base}"
  username_attribute = "mail"
}}
organization "acme" {{ domains = {{"acme.example"}} sources = {{"acme-ldap"}} }}
listener "submission" {{ upstream = "mta" }}
upstream "mta" {{ server "mta1" {{ address = "127.0.0.1:2525" }} }}
"""


def test_mailreeve_login_tells_what_the_directory_said(shared_scratch, own_directory):
    configuration = shared_scratch / "mailreeve.conf"
    configuration.write_text(CONFIGURATION.format(server=own_directory))

    def login(user, password):
        done = subprocess.run([build_dir() / "bin" / "mailreeve", "login", "-c", configuration, user],
                              input=password + "\n", capture_output=True, text=True)
        return done.returncode, done.stdout

    for user, password, status, said in [
            ("al@acme.example", "alice's word", 0, f"ok in .* ms: uid=alice,ou=people,{BASE}"),
            ("alice@acme.example", "wrong", 1, "wrong password in"),
            ("nobody@acme.example", "wrong", 1, "unknown user in"),
            ("twins@acme.example", "same word", 1, "ambiguous in")]:
        returned, output = login(user, password)
        assert returned == status, output
        assert re.search(f"source acme-ldap said {said}", output), output
    own_directory.stop()
    returned, output = login("alice@acme.example", "alice's word")
    assert returned == 75, output
    assert "Connection refused" in output
