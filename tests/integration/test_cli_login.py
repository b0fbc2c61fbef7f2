"""`mailreeve login`: a real login at the real sources, with what each of them said."""

import json
import re

import pytest

from harness.command import EXIT_CONFIG, EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, EXIT_USAGE, mailreeve
from harness.process import free_port

PASSWORD = "open sesame"

CONFIG = """socket = "auth.sock"
listener "mx" { auth = "off"  upstream_inbound = "mta" }
listener "submission" { upstream = "mta" }
listener "nowhere" { auth = "on" }
listener "home" { upstream = "mta"  default_domain = "acme.example" }
organization "acme" { domains = {"acme.example"}  sources = {"directory"} }
source "users" { type = "users"  file = "users" }
source "directory" { type = "ldap"  uri = {"ldap://127.0.0.1:PORT"}  user_dn = "uid=%n,dc=acme,dc=example" }
upstream "mta" { check = "none"  server "one" { address = "127.0.0.1:25" } }
"""


@pytest.fixture(scope="module")
def config(shared_scratch):
    file = shared_scratch / "mailreeve.conf"
    file.write_text(CONFIG.replace("PORT", str(free_port())))
    for name, *options in [("anna@acme.example",), ("gone@acme.example", "--disabled"),
                           ("desk@acme.example", "--networks", "192.0.2.0/24", "--protocols", "smtp")]:
        done = mailreeve("user", "add", name, "-c", file, "--method", "sha256", *options, stdin=PASSWORD + "\n")
        assert done.returncode == EXIT_OK, done.stderr
    return file


def login(config, *args, password=PASSWORD):
    done = mailreeve("login", "-c", config, *args, stdin=password + "\n")
    assert password == "" or (password not in done.stdout and password not in done.stderr)
    return done


def lines_of(done):
    """The output with times taken out."""
    return re.sub(r"\d+\.\d ms", "N ms", done.stdout).splitlines()


def test_a_local_user_logs_in(config):
    done = login(config, "anna@acme.example")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    users = config.with_name("users")
    assert lines_of(done) == [
        "listener submission",
        "source users said ok in N ms",
        "took N ms",
        "verdict accept 235 2.7.0 authentication succeeded",
        "reason auth.ok",
        f'rule {users}:1 source "users"',
    ]


def test_a_wrong_password_is_the_source_s_word(config):
    done = login(config, "anna@acme.example", password="close sesame")
    assert done.returncode == EXIT_PROBLEM
    assert "source users said wrong password in N ms" in lines_of(done)
    assert "reason auth.bad-credentials" in done.stdout


def test_a_directory_that_is_down_is_named_with_the_reason(config):
    done = login(config, "bert@acme.example")
    assert done.returncode == EXIT_TEMPORARY
    users, directory = [line for line in lines_of(done) if line.startswith("source ")]
    assert users.startswith("source users said unknown user in N ms")
    assert directory.startswith("source directory said unavailable in N ms: ")
    assert "127.0.0.1" in directory
    assert "verdict defer 454 4.7.0 " in done.stdout and "reason auth.source-unavailable" in done.stdout


def test_a_name_of_nobody_is_asked_of_the_users_file_alone(config):
    done = login(config, "bert@other.example")
    assert done.returncode == EXIT_PROBLEM
    assert [line for line in lines_of(done) if line.startswith("source ")] == [
        "source users said unknown user in N ms"]


def test_a_disabled_account_is_told_to_the_operator(config):
    done = login(config, "gone@acme.example")
    assert done.returncode == EXIT_PROBLEM
    assert "source users said disabled in N ms" in lines_of(done)


CONTEXTS = [
    ("an account's networks hold", ["desk@acme.example"], EXIT_PROBLEM, "none of the account's networks"),
    ("from its network the account logs in", ["desk@acme.example", "--ip", "192.0.2.3"], EXIT_OK, "auth.ok"),
    ("an account's protocols hold", ["desk@acme.example", "--ip", "192.0.2.3", "--protocol", "imap"], EXIT_PROBLEM,
     "may not use imap"),
    ("without TLS the listener says no", ["anna@acme.example", "--tls", "off"], EXIT_PROBLEM, "auth.tls-required"),
    ("a listener without auth says no", ["anna@acme.example", "--listener", "mx"], EXIT_PROBLEM, "auth.off"),
    ("a listener without upstream has no route", ["anna@acme.example", "--listener", "nowhere"], EXIT_TEMPORARY,
     "route.none"),
    ("a listener's default domain is put behind the name", ["anna", "--listener", "home"], EXIT_OK, "auth.ok"),
    ("a malformed name is not asked about", ["an na"], EXIT_PROBLEM, "request.malformed"),
]


@pytest.mark.parametrize("args, status, want", [case[1:] for case in CONTEXTS], ids=[case[0] for case in CONTEXTS])
def test_the_rules_hold(config, args, status, want):
    done = login(config, *args)
    assert done.returncode == status, done.stdout
    assert want in done.stdout


def test_json(config):
    done = login(config, "bert@acme.example", "--json")
    assert done.returncode == EXIT_TEMPORARY
    answer = json.loads(done.stdout)
    assert [(step["source"], step["outcome"]) for step in answer["sources"]] == [
        ("users", "unknown user"), ("directory", "unavailable")]
    assert all(step["milliseconds"] >= 0 for step in answer["sources"])
    assert (answer["verdict"], answer["reason"], answer["listener"]) == (
        "defer", "auth.source-unavailable", "submission")


WRONG = [
    ("an unknown listener", ["anna", "--listener", "x"], "no such listener"),
    ("an address that is none", ["anna", "--ip", "x"], "--ip: "),
    ("a protocol that is none", ["anna", "--protocol", "x"], "--protocol: "),
    ("neither on nor off", ["anna", "--tls", "x"], "--tls: "),
]


@pytest.mark.parametrize("args, want", [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_context_is_a_usage_error(config, args, want):
    done = login(config, *args)
    assert done.returncode == EXIT_USAGE
    assert want in done.stderr
    assert done.stdout == ""


def test_no_password_is_a_problem(config):
    done = login(config, "anna@acme.example", password="")
    assert done.returncode == EXIT_PROBLEM
    assert done.stderr == "mailreeve login: the password is empty\n"


def test_a_broken_configuration_is_neither_yes_nor_no(scratch):
    file = scratch / "mailreeve.conf"
    file.write_text("listener\n")
    assert mailreeve("login", "-c", file, "anna", stdin="x\n").returncode == EXIT_CONFIG


def test_a_web_page_asks_for_a_login_and_for_no_upstream(config):
    done = login(config, "anna@acme.example", "--listener", "nowhere", "--protocol", "http")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert lines_of(done)[-3:] == ["verdict accept authentication succeeded", "reason auth.ok",
                                   f'rule {config.with_name("users")}:1 source "users"']
    done = login(config, "anna@acme.example", "--listener", "nowhere", "--protocol", "http", password="close sesame")
    assert done.returncode == EXIT_PROBLEM


def test_an_unknown_protocol_is_a_usage_error(config):
    done = mailreeve("login", "-c", config, "--protocol", "nntp", "anna@acme.example")
    assert done.returncode == EXIT_USAGE
    assert 'unknown protocol "nntp" (use smtp, pop3, imap or http)' in done.stderr
