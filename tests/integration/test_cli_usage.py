"""The command line: help, version, what is wrong with it, and the exit codes that scripts depend on."""

import subprocess

import pytest

from harness.command import EXIT_OK, EXIT_PROBLEM, EXIT_USAGE, mailreeve, program

COMMANDS = [
    [], ["check"], ["explain"], ["login"], ["recipient"], ["user"], ["user", "add"], ["user", "passwd"], ["user", "del"],
    ["user", "list"], ["ban"], ["ban", "add"], ["ban", "del"], ["ban", "list"], ["window"], ["window", "list"],
    ["window", "close"], ["reload"], ["status"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command):
    done = mailreeve(*command, "--help")
    assert done.returncode == EXIT_OK
    assert done.stdout.startswith("usage: " + " ".join(["mailreeve", *command]) + " ")
    assert "--config FILE" in done.stdout and "--help" in done.stdout
    assert done.stderr == ""
    assert mailreeve(*command, "-h").stdout == done.stdout


def test_the_help_of_explain_names_its_facts():
    said = mailreeve("explain", "--help").stdout
    for fact in ("listener=NAME", "to=ADDRESS", "window=USER", "recipient=exists|unknown|unverifiable",
                 "sender-elsewhere=yes|no|unavailable", "protocol=smtp|imap|pop3|http",
                 "stage=session|message", "auth=USER", "header-from=VALUE", "owns=ADDRESS", "size=BYTES"):
        assert f"\n  {fact} " in said


def test_version():
    done = mailreeve("--version")
    assert done.returncode == EXIT_OK
    name, version = done.stdout.split()
    assert name == "mailreeve" and version.count(".") == 2


WRONG = [
    ("no command", [], "mailreeve: which command? (see mailreeve --help)"),
    ("an unknown command", ["frobnicate"], 'mailreeve: unknown command "frobnicate" (see mailreeve --help)'),
    ("a mistyped command", ["chekc"],
     'mailreeve: unknown command "chekc": did you mean "check"? (see mailreeve --help)'),
    ("a mistyped command below a command", ["user", "lst"],
     'mailreeve user: unknown command "lst": did you mean "list"? (see mailreeve user --help)'),
    ("a mistyped option", ["explain", "--jsn", "user=a"],
     'mailreeve explain: unknown option "--jsn": did you mean "--json"? (see mailreeve explain --help)'),
    ("an option of another command", ["check", "--all"], 'mailreeve check: unknown option "--all"'),
    ("an unknown letter", ["check", "-x"],
     'mailreeve check: unknown option "-x" (see mailreeve check --help)'),
    ("an option without its value", ["check", "-c"], "mailreeve check: --config needs a value: FILE"),
    ("a flag with a value", ["check", "--print=yes"], "mailreeve check: --print takes no value"),
    ("a missing name", ["user", "add"], "mailreeve user add: NAME is missing"),
    ("a password on the command line", ["user", "add", "anna", "secret"],
     'mailreeve user add: "secret" is one word too many'),
    ("a missing address", ["recipient"], "mailreeve recipient: ADDRESS is missing"),
    ("no facts", ["explain"], "mailreeve explain: KEY=VALUE... is missing"),
]


@pytest.mark.parametrize("args, want", [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_command_line_is_a_usage_error(args, want):
    done = mailreeve(*args)
    assert done.returncode == EXIT_USAGE
    assert done.stderr.startswith(want), done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("args", [
    ["-c", "FILE", "check"], ["check", "-c", "FILE"], ["check", "-cFILE"], ["check", "--config", "FILE"],
    ["check", "--config=FILE"],
], ids=" ".join)
def test_the_configuration_can_be_named_anywhere(scratch, args):
    absent = str(scratch / "absent.conf")
    done = mailreeve(*[arg.replace("FILE", absent) for arg in args])
    assert done.returncode == EXIT_PROBLEM
    assert absent in done.stderr


def test_a_name_behind_two_dashes_is_no_option(scratch):
    done = mailreeve("user", "del", "--file", scratch / "users", "--", "-dash")
    assert done.returncode == EXIT_PROBLEM
    assert "unknown option" not in done.stderr


def test_output_that_cannot_be_written_is_a_problem():
    with open("/dev/full", "w") as full:
        done = subprocess.run([str(program()), "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == EXIT_PROBLEM
    assert "standard output" in done.stderr
