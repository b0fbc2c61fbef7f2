"""`mailreeve check`: every problem in one run, what is in effect, and the manual page's settings."""

import json
import os
import re
import shutil
import subprocess

import pytest

from harness.command import EXIT_OK, EXIT_PROBLEM, EXIT_USAGE, mailreeve
from harness.process import build_dir, source_dir

GOOD = """socket = "auth.sock"
list "office" { kind = "ip" entries = {"192.0.2.0/24"} }
listener "submission" { auth_ips = "allow office"  upstream = "mta" }
listener "mx" { auth = "off"  upstream_inbound = "mx" }
organization "acme" { domains = {"acme.example"} }
source "users" { type = "users"  file = "users" }
upstream "mta" { check = "none"  server "one" { address = "127.0.0.1:25" } }
upstream "mx" { check = "none"  server "one" { address = "127.0.0.1:26" } }
"""


@pytest.fixture
def config(scratch):
    (scratch / "users").write_text("")
    (scratch / "users").chmod(0o640)
    file = scratch / "mailreeve.conf"
    file.write_text(GOOD)
    return file


def test_a_good_configuration_is_counted(config):
    done = mailreeve("check", "-c", config)
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert done.stdout == f"{config}: ok (2 listeners, 1 organization, 1 source, 2 upstreams, 1 list)\n"


def test_every_problem_is_named_in_one_run(config):
    config.write_text(GOOD.replace("allow office", "allow offcie")
                          .replace('auth = "off"', 'auht = "off"')
                          .replace("192.0.2.0/24", "192.0.2.1/24"))
    done = mailreeve("check", "-c", config)
    assert done.returncode == EXIT_PROBLEM
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "3", "4"], done.stderr
    assert all(line.startswith(f"{config}:") for line in lines)
    assert 'listener "mx": auht' in done.stderr and "auth" in lines[2]


def test_a_missing_file_is_a_problem(scratch):
    done = mailreeve("check", "-c", scratch / "absent.conf")
    assert done.returncode == EXIT_PROBLEM
    assert "absent.conf" in done.stderr


def test_a_truncated_file_is_a_problem(config):
    config.write_text(GOOD.rstrip().removesuffix("}"))
    assert mailreeve("check", "-c", config).returncode == EXIT_PROBLEM


def test_what_is_printed_means_the_same(config):
    done = mailreeve("check", "-c", config, "--print")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert 'listener "submission" {' in done.stdout
    assert re.search(r"max_attempts = 3 +# default", done.stdout)
    config.write_text(done.stdout)
    again = mailreeve("check", "-c", config, "--print")
    assert again.returncode == EXIT_OK, again.stderr
    assert without_comments(again.stdout) == without_comments(done.stdout)


def test_an_empty_list_is_printed_as_such(config):
    config.write_text(GOOD + 'list "nobody" { kind = "user"  entries = {} }\n')
    done = mailreeve("check", "-c", config, "--print")
    assert "    entries = {}\n" in done.stdout
    config.write_text(done.stdout)
    assert mailreeve("check", "-c", config, "--print").returncode == EXIT_OK


def without_comments(text):
    return [line.split("  #")[0].rstrip() for line in text.splitlines()]


def test_json_has_the_problems(config):
    answer = json.loads(mailreeve("check", "-c", config, "--json").stdout)
    assert answer == {"file": str(config), "ok": True, "problems": [], "listeners": 2, "organizations": 1,
                      "sources": 1, "upstreams": 2, "lists": 1}
    config.write_text(GOOD.replace("allow office", "allow offcie"))
    done = mailreeve("check", "-c", config, "--json")
    assert done.returncode == EXIT_PROBLEM
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert len(answer["problems"]) == 1 and answer["problems"][0].startswith(f"{config}:3: ")
    assert mailreeve("check", "-c", config, "--json", "--print").returncode == EXIT_USAGE


def test_nobody_is_asked(config):
    """A directory that does not exist is no problem of the configuration."""
    config.write_text(GOOD + 'source "far" { type = "ldap"  uri = {"ldaps://nowhere.invalid"}  base = "dc=x"'
                             '  filter = "(uid=%n)" }\n')
    done = mailreeve("check", "-c", config, timeout_s=10)
    assert done.returncode == EXIT_OK
    assert done.stderr == f'{config}:9: warning: source "far": is never used\n'


def test_warnings_are_told_and_no_problem(config):
    config.write_text(GOOD + 'list "idle" { kind = "ip"  entries = {"192.0.2.1"} }\n')
    done = mailreeve("check", "-c", config)
    assert done.returncode == EXIT_OK
    assert f"{config}:9: warning: " in done.stderr
    assert done.stdout.startswith(f"{config}: ok (")


def test_the_manual_page_has_every_setting_in_effect(config):
    manual = mailreeve("check", "--manual")
    assert (manual.returncode, manual.stderr) == (EXIT_OK, "")
    page = manual.stdout.replace("\\-", "-")
    printed = mailreeve("check", "-c", config, "--print").stdout
    settings = set(re.findall(r"^ *(?:# )?([a-z_]+) (?:=|is not set)", printed, re.M))
    assert len(settings) > 20
    for setting in settings:
        assert re.search(rf"\b{setting}\b", page), setting


def test_the_example_of_the_manual_page_is_good(scratch):
    shutil.copy(source_dir() / "docs" / "man" / "example.conf", scratch / "mailreeve.conf")
    (scratch / "users").write_text("")
    done = mailreeve("check", "-c", scratch / "mailreeve.conf")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")


def test_the_manual_page_is_that_of_this_program():
    page = build_dir() / "docs" / "mailreeve.conf.5"
    if not page.exists():
        pytest.skip("the manual page is not built")
    assert mailreeve("check", "--manual").stdout.strip() in page.read_text()


@pytest.mark.skipif(not os.access(os.environ.get("MAILREEVE_BUILD", "."), os.W_OK),
                    reason="CMake notes in the build folder what it installed, and that belongs to somebody else")
def test_an_installation_is_whole(scratch):
    done = subprocess.run(["cmake", "--install", str(build_dir()), "--prefix", str(scratch / "usr")],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    files = {str(file.relative_to(scratch / "usr")) for file in (scratch / "usr").rglob("*") if file.is_file()}
    assert {"bin/mailreeve", "sbin/mailreeve-auth", "share/man/man8/mailreeve.8", "share/man/man8/mailreeve-auth.8",
            "share/man/man5/mailreeve.conf.5", "lib/systemd/system/mailreeve-auth.service",
            "lib/systemd/system/mailreeve-auth.socket", "share/mailreeve/nginx-conf/mail.conf",
            "share/mailreeve/postfix/master.cf", "share/mailreeve/postfix/site/main.cf"} <= files
