"""What README.md promises can be done as it stands there: the configuration, the commands, the tour of the code."""

import os
import re
import subprocess

import pytest

from harness.command import EXIT_OK, mailreeve
from harness.process import source_dir
from test_server_audit import FIELDS

README = (source_dir() / "README.md").read_text()
TOUR = re.findall(r"^\| `(\S+/)` \| (.*?) \| (.*?) \|$", README, re.M)


def block_behind(text):
    """The indented block that follows a text."""
    _, found, rest = README.partition(text)
    assert found, f"README.md no longer says {text!r}"
    lines = rest[rest.index("\n\n") + 2:].split("\n")
    end = next(i for i, line in enumerate(lines) if line and not line.startswith("    "))
    return "\n".join(line[4:] for line in lines[:end]).strip() + "\n"


@pytest.fixture
def config(scratch):
    file = scratch / "mailreeve.conf"
    file.write_text(block_behind("Ten lines are a working front door"))
    password = scratch / "ldap-password"
    password.write_text("secret\n")
    password.chmod(0o600)
    return file


def test_the_configuration_has_ten_lines_and_is_good(config):
    assert len(config.read_text().splitlines()) == 10
    done = mailreeve("check", "-c", config)
    assert (done.returncode, done.stderr) == (EXIT_OK, "")


def test_the_configuration_does_what_the_text_says(config):
    def reason(*facts):
        return mailreeve("explain", "-c", config, *facts).stdout.splitlines()[1]

    outside = ("listener=mx", "method=none", "from=a@far.example")
    assert reason(*outside, "to=anna@acme.example") == "reason recipient.ok"
    assert reason(*outside, "to=b@elsewhere.example") == "reason relay.denied"
    assert reason("listener=mx", "user=anna@acme.example", "tls=on") == "reason auth.off"
    assert reason("listener=submission", "user=anna@acme.example") == "reason auth.tls-required"


def test_the_lines_for_sources_of_other_kinds_are_good(config):
    config.write_text(config.read_text() + block_behind("With sources of other kinds"))
    (config.parent / "users").write_text("")
    password = config.parent / "ad-password"
    password.write_text("secret\n")
    for file in (password, config.parent / "users"):
        file.chmod(0o600)
    done = mailreeve("check", "-c", config)
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    said = mailreeve("explain", "-c", config, "listener=phones", "method=external", "tls=on", "certificate=verified",
                     "subject=CN=Anna's phone,O=Acme").stdout.splitlines()
    assert said[:2] == ["verdict accept 235 2.7.0 authentication succeeded", "reason auth.ok"]


def test_the_lines_for_more_are_good_and_do_what_the_text_says(config):
    config.write_text(config.read_text() + block_behind("More lines for the configuration above")
                      + block_behind("And more:"))
    [delegated] = re.findall(r'^      auth_users = .*\n      list .*\n', README, re.M)
    (config.parent / "globex.conf").write_text(delegated)
    done = mailreeve("check", "-c", config)
    # what is installed with mailreeve need not be on this machine
    assert done.returncode == EXIT_OK
    assert all("alert-mail: No such file" in line for line in done.stderr.splitlines()), done.stderr

    def reason(*facts):
        return mailreeve("explain", "-c", config, *facts).stdout.splitlines()[1]

    office = ("listener=office", "tls=on")
    assert reason(*office, "user=jo@globex.example") == "reason auth.org-user-denied"
    abroad = (*office, "method=none", "from=anna@acme.example", "to=b@elsewhere.example")
    assert reason(*abroad) == "reason relay.denied"
    assert reason(*abroad, "ip=192.0.2.65") == "reason recipient.ok"
    outside = ("listener=mx", "method=none", "to=b@globex.example")
    assert reason(*outside, "from=a@sub.globex.example") == "reason sender.auth-required"
    assert reason(*outside, "from=a@far.example", "recipient=unknown") == "reason recipient.unknown"
    assert reason(*outside, "from=a@far.example", "ip=198.51.100.1") == "reason rule.lab"
    mail = ("listener=old-programs", "method=none", "tls=on", "from=anna@acme.example", "to=b@elsewhere.example")
    assert reason(*mail) == "reason session.auth-required"
    assert reason(*mail, "window=anna@acme.example") == "reason recipient.ok"
    web = ("listener=web", "protocol=http", "user=anna@acme.example", "tls=on")
    assert reason(*web, "ip=192.0.2.1") == "reason auth.ok"
    assert reason(*web, "ip=198.51.100.1") == "reason auth.ip-denied"


def test_the_lines_for_several_servers_are_good(config):
    config.write_text(config.read_text() + block_behind("More lines for several servers"))
    done = mailreeve("check", "-c", config)
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    said = mailreeve("explain", "-c", config, "--all", "listener=imap", "protocol=imap", "tls=on",
                     "user=anna@umbrella.example").stdout
    assert "imap-servers" in said


def test_every_page_that_is_named_is_there():
    pages = [source_dir() / page for page in ("README.md", "docs/cluster.md", "docs/mail-programs.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text())]
    assert len(links) >= 20
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []


def test_each_line_for_the_store_is_good(config):
    ten_lines = config.read_text()
    lines = block_behind("## What is kept, and where\n\nBans").splitlines()
    assert len(lines) == 2
    for line in lines:
        config.write_text(ten_lines + line.partition("  #")[0] + "\n")
        done = mailreeve("check", "-c", config)
        assert (done.returncode, done.stderr) == (EXIT_OK, ""), line


def test_the_users_file_can_be_added(config):
    [source] = re.findall(r'`(source "users" \{.*?\})`', README, re.S)
    config.write_text(config.read_text() + source + "\n")
    done = mailreeve("user", "add", "anna@acme.example", "-c", config, "--method", "sha256", stdin="open sesame\n")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    done = mailreeve("check", "-c", config)
    assert (done.returncode, done.stderr) == (EXIT_OK, "")


def test_the_commands_exist(config):
    commands = [line.split("  #")[0].split() for line in README.splitlines() if line.startswith("    mailreeve ")]
    inner = [line.split() for line in README.splitlines() if line.startswith("      mailreeve upstream ")]
    assert {command[1] for command in commands + inner} == {
        "ban", "cache", "check", "explain", "login", "recipient", "reload", "status", "upstream", "window"}
    assert [command[2] for command in inner] == ["list", "drain", "resume"]
    assert all(mailreeve(*command[1:3], "--help").returncode == EXIT_OK for command in inner)
    for _, name, *words in commands:
        assert mailreeve(name, "--help").returncode == EXIT_OK
        if name in ("check", "explain"):  # the others ask somebody
            done = mailreeve(name, *[str(config) if word == "FILE" else word for word in words])
            assert (done.returncode, done.stderr) == (EXIT_OK, ""), name


def test_the_scripts_exist():
    scripts = set(re.findall(r"\./(scripts/[\w-]+\.sh)", README))
    assert {"scripts/demo.sh", "scripts/test.sh"} <= scripts
    for script in scripts:
        assert os.access(source_dir() / script, os.X_OK), script
    [line] = re.findall(r"^exec (.*)$", (source_dir() / ".ci" / "run").read_text(), re.M)
    assert line == "./scripts/test.sh"


@pytest.mark.parametrize("script", ["demo.sh", "install-dependencies.sh"])
def test_a_script_that_is_called_wrongly_says_how(script):
    done = subprocess.run([source_dir() / "scripts" / script, "--nonsense"], capture_output=True, text=True)
    assert done.returncode == 64
    assert script in done.stdout + done.stderr


def test_nothing_is_installed_where_nothing_is_missing(scratch):
    """Neither apt nor sudo is as much as called."""
    tools = {"dpkg-query": "echo installed"} | dict.fromkeys(("apt-get", "sudo", "debconf-set-selections"), "exit 99")
    for name, does in tools.items():
        (scratch / name).write_text(f"#!/bin/sh\necho {name} >>{scratch}/called\n{does}\n")
        (scratch / name).chmod(0o755)
    install = [source_dir() / "scripts" / "install-dependencies.sh", "test"]
    unpack = (source_dir() / "scripts" / "unpack-servers.sh").read_text()
    packages = re.search(r"^packages=\((.*?)\)", unpack, re.M | re.S)[1]
    (scratch / "packages").write_text(" ".join(packages.split()) + "\n")
    done = subprocess.run(install, capture_output=True, text=True, env={
        **os.environ, "PATH": f"{scratch}:{os.environ['PATH']}", "MAILREEVE_SERVERS": str(scratch)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert set((scratch / "called").read_text().split()) == {"dpkg-query"}


def test_links_and_the_tour_lead_somewhere():
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (source_dir() / link).exists(), link
    assert len(TOUR) >= 10
    for folder, _, start in TOUR:
        assert (source_dir() / folder).is_dir(), folder
        assert "its README" not in start or list((source_dir() / folder).glob("README*")), folder
        for file in re.findall(r"`([\w./-]+\.\w+)`", start):
            assert (source_dir() / folder / file).exists(), f"{folder}{file}"
    for file in re.findall(r"`([a-z-]+/[\w./-]+\.[ch])`", README):
        assert (source_dir() / file).exists(), file


def test_the_tour_names_every_folder_of_code():
    folders = {str(file.parent.relative_to(source_dir())) + "/" for top in ("policy", "backends", "fcgi-auth", "cli")
               for file in (source_dir() / top).rglob("*.c")}
    assert folders <= {folder for folder, _, _ in TOUR}


def test_the_line_of_the_log_has_the_fields_of_the_log():
    line = block_behind("rule, in the log as in `explain`")
    named = re.findall(r"(?:^|\s)([a-z]+)=", line.split(" rule=")[0]) + ["rule"]
    assert set(named) <= set(FIELDS) and named[0] == "event"


def test_the_licence_is_bsd_2_clause():
    text = (source_dir() / "LICENSE").read_text()
    assert "Redistribution and use in source and binary forms" in text
    assert len(re.findall(r"^ ?\d\. ", text, re.M)) == 2
    assert "BSD-2-Clause" in README
