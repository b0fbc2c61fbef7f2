"""`mailreeve user`: the users file edited by hand-written commands, many at a time, and killed in the middle."""

import json
import os
import pty
import random
import select
import signal
import stat
import subprocess
import termios
import threading
import time
import warnings

import pytest

from harness import fastcgi
from harness.command import EXIT_CONFIG, EXIT_OK, EXIT_PROBLEM, EXIT_USAGE, mailreeve, program
from harness.mailreeve import Mailreeve
from harness.process import wait_until
from harness.setups import PASSWORD, USER, configuration, users_file

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import crypt

# Cheap to make; nobody guesses these.
FAST = ("--method", "sha256")


def add(users, name, *options, password="open sesame"):
    return mailreeve("user", "add", name, "--file", users, *options, stdin=password + "\n")


def is_right(users, name, password):
    for line in users.read_text().splitlines():
        if line.startswith(name + ":"):
            hashed = line.split(":")[1]
            return crypt.crypt(password, hashed) == hashed
    return False


@pytest.fixture
def users(scratch):
    return scratch / "users"


def test_a_first_user_makes_a_file_that_others_cannot_read(users):
    old_mask = os.umask(0)
    try:
        done = add(users, "Anna@Acme.Example")
    finally:
        os.umask(old_mask)
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert stat.S_IMODE(users.stat().st_mode) == 0o640
    assert users.read_text().startswith("anna@acme.example:$y$")
    assert is_right(users, "anna@acme.example", "open sesame")
    assert not is_right(users, "anna@acme.example", "open")


@pytest.mark.parametrize("method, prefix", [("yescrypt", "$y$"), ("bcrypt", "$2b$"), ("sha512", "$6$"), ("sha256", "$5$")])
def test_the_hash_is_of_the_method_that_was_asked_for(users, method, prefix):
    assert add(users, "anna", "--method", method).returncode == EXIT_OK
    assert users.read_text().startswith("anna:" + prefix)
    assert is_right(users, "anna", "open sesame")


@pytest.mark.parametrize("method, prefix", [("ssha256", "{SSHA256}"), ("argon2", "{ARGON2}"), ("plain", "{PLAIN"),
                                            ("pbkdf2-sha256", "{PBKDF2-SHA256}")])
def test_a_password_is_kept_as_the_option_hash_says(users, method, prefix):
    assert add(users, "anna", "--hash", method, password="open: sesame").returncode == EXIT_OK
    assert users.read_text().startswith("anna:" + prefix)
    assert mailreeve("user", "list", "--file", users).stdout.startswith("anna\t")
    done = mailreeve("user", "passwd", "anna", "--file", users, "--hash", "sha512", stdin="other\n")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert is_right(users, "anna", "other")


def test_an_unknown_method_makes_no_user(users):
    assert add(users, "anna", "--method", "rot13").returncode == EXIT_PROBLEM
    assert not users.exists()


def test_options_are_written_and_listed(users):
    done = add(users, "printer@acme.example", *FAST, "--disabled", "--protocols", "smtp,imap",
               "--networks", "192.0.2.0/24,2001:db8::/32", "--comment", "third floor, left")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert users.read_text().split(":", 2)[2] == (
        "disabled,protocols=smtp imap,networks=192.0.2.0/24 2001:db8::/32,comment=third floor, left\n")
    add(users, "anna", *FAST, "--smtp-auth", "no")
    done = mailreeve("user", "list", "--file", users)
    assert done.stdout == (
        "printer@acme.example\tdisabled\tsmtp,imap\t192.0.2.0/24 2001:db8::/32\tany-sender\t0\tthird floor, left\n"
        "anna\tenabled\tall\tany\tno\t0\t\n")
    done = mailreeve("user", "list", "--file", users, "--json")
    assert json.loads(done.stdout) == [
        {"name": "printer@acme.example", "state": "disabled", "protocols": "smtp,imap",
         "networks": "192.0.2.0/24 2001:db8::/32", "smtp_auth": "any-sender", "app_passwords": 0,
         "comment": "third floor, left"},
        {"name": "anna", "state": "enabled", "protocols": "all", "networks": "any", "smtp_auth": "no",
         "app_passwords": 0, "comment": ""}]
    assert "$5$" not in done.stdout


def test_an_empty_file_has_an_empty_list(users):
    users.write_text("# nobody yet\n")
    assert mailreeve("user", "list", "--file", users).stdout == ""
    assert json.loads(mailreeve("user", "list", "--file", users, "--json").stdout) == []


REFUSED_NAMES = [
    ("a space", "an na"), ("a colon", "an:na"), ("a comment sign in front", "#anna"), ("nothing", ""),
    ("a line break", "anna\nboss"), ("no local part", "@acme.example"), ("no domain", "anna@"),
    ("a control character", "anna\x1b[2J"), ("too many bytes", "a" * 255), ("DEL", "anna\x7f"),
]


@pytest.mark.parametrize("name", [case[1] for case in REFUSED_NAMES], ids=[case[0] for case in REFUSED_NAMES])
def test_a_name_that_could_not_log_in_is_refused(users, name):
    users.write_text("# mine\n")
    done = add(users, name, *FAST)
    assert done.returncode == EXIT_PROBLEM
    assert done.stderr
    assert users.read_text() == "# mine\n"


REFUSED_OPTIONS = [
    ("a network that is none", ["--networks", "192.0.2.0/33"]),
    ("a network with host bits", ["--networks", "192.0.2.1/24"]),
    ("a protocol that is none", ["--protocols", "nntp"]),
    ("a line break in a comment", ["--comment", "x\nboss:hash"]),
    ("an option inside a list", ["--networks", "192.0.2.0/24,comment=x"]),
    ("a sender that is none", ["--smtp-auth", "everybody"]),
    ("a sender who cannot match", ["--smtp-auth", "matching-sender"]),  # "anna" has no domain
    ("networks of a script that found none", ["--networks", ""]),
    ("protocols of a script that found none", ["--protocols", ""]),
    ("a sender of a script that found none", ["--smtp-auth", ""]),
]


@pytest.mark.parametrize("options", [case[1] for case in REFUSED_OPTIONS], ids=[case[0] for case in REFUSED_OPTIONS])
def test_an_option_that_the_service_would_refuse_is_refused(users, options):
    users.write_text("# mine\n")
    done = add(users, "anna", *FAST, *options)
    assert done.returncode == EXIT_PROBLEM
    assert done.stderr
    assert users.read_text() == "# mine\n"


def test_a_name_is_there_once_in_any_case(users):
    add(users, "anna@acme.example", *FAST)
    before = users.read_text()
    done = add(users, "ANNA@acme.example", *FAST)
    assert done.returncode == EXIT_PROBLEM
    assert done.stderr == (f'{users}:1: "anna@acme.example" is there already '
                           "(user passwd changes the password)\n")
    assert users.read_text() == before


def test_comments_and_order_stay(users):
    add(users, "one", *FAST)
    line_one = users.read_text()
    users.write_text("# who may log in\n\n" + line_one + "# end\n")
    add(users, "two", *FAST, "--comment", "x")
    lines = users.read_text().splitlines()
    line_two = lines[4]
    assert lines[:4] == ["# who may log in", "", line_one.strip(), "# end"] and line_two.startswith("two:")

    done = mailreeve("user", "passwd", "ONE", "--file", users, *FAST, stdin="other\n")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    lines = users.read_text().splitlines()
    assert lines[0] == "# who may log in" and lines[3:] == ["# end", line_two]
    assert is_right(users, "one", "other") and not is_right(users, "one", "open sesame")

    assert mailreeve("user", "del", "one", "--file", users).returncode == EXIT_OK
    assert users.read_text() == "# who may log in\n\n# end\n" + line_two + "\n"


CHANGED = [
    ("networks", "", ["--networks", "10.0.0.0/8,::1"], ":networks=10.0.0.0/8 ::1"),
    ("disabled", "", ["--disabled"], ":disabled"),
    ("enabled again", ":disabled,comment=x", ["--enabled"], ":comment=x"),
    ("the others stay", ":comment=a, b", ["--protocols", "imap"], ":protocols=imap,comment=a, b"),
    ("no limit of protocols", ":protocols=imap,networks=::1", ["--protocols", "all"], ":networks=::1"),
    ("no limit of networks", ":protocols=imap,networks=::1", ["--networks", "any"], ":protocols=imap"),
    ("who he may send as", "", ["--smtp-auth", "matching-sender"], ":smtp_auth=matching-sender"),
    ("anybody again", ":smtp_auth=no", ["--smtp-auth", "any-sender"], ""),
    ("no comment", ":comment=x", ["--comment", ""], ""),
    ("several at once", ":comment=x", ["--comment", "y", "--disabled", "--smtp-auth", "no"],
     ":disabled,smtp_auth=no,comment=y"),
]


@pytest.mark.parametrize("before, options, after", [case[1:] for case in CHANGED], ids=[case[0] for case in CHANGED])
def test_set_changes_what_is_named(users, before, options, after):
    hashed = "$1$saltsalt$Yo6tRKYGO/jWyb1etwHDS/"
    users.write_text(f"# x\nAnna@acme.example:{hashed}{before}\nbert:{hashed}\n")
    users.chmod(0o600)
    done = mailreeve("user", "set", "anna@acme.example", "--file", users, *options)
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_OK, "", "")
    assert users.read_text() == f"# x\nAnna@acme.example:{hashed}{after}\nbert:{hashed}\n"


@pytest.mark.parametrize("options, status", [
    ([], EXIT_USAGE), (["--disabled", "--enabled"], EXIT_USAGE), (["--networks", "10.0.0.1/8"], EXIT_PROBLEM),
    (["--networks", ""], EXIT_PROBLEM), (["--protocols", ""], EXIT_PROBLEM), (["--smtp-auth", ""], EXIT_PROBLEM),
    (["--smtp-auth", "matching-sender"], EXIT_PROBLEM), (["--comment", "x\ny"], EXIT_PROBLEM)])
def test_set_refuses_what_makes_no_sense(users, options, status):
    add(users, "anna", *FAST)
    before = users.read_text()
    done = mailreeve("user", "set", "anna", "--file", users, *options)
    assert done.returncode == status and done.stderr
    assert users.read_text() == before


def test_the_files_mode_and_owner_stay(users):
    add(users, "anna", *FAST)
    users.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(users, 12345, 23456)
    before = users.stat()
    for command in (["set", "anna", "--disabled"], ["passwd", "anna", *FAST], ["add", "bert", *FAST], ["del", "anna"]):
        assert mailreeve("user", *command, "--file", users, stdin="x\n").returncode == EXIT_OK
        after = users.stat()
        assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_removing_a_user_removes_his_app_passwords(users):
    for name in ("anna", "bert"):
        add(users, name, *FAST)
        for app in ("phone", "tablet"):
            assert mailreeve("app-password", "add", name, app, "--file", users).returncode == EXIT_OK
    bert = [line for line in users.read_text().splitlines() if line.startswith("bert")]
    assert "\t2\t" in mailreeve("user", "list", "--file", users).stdout
    done = mailreeve("user", "del", "ANNA", "--file", users)
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_OK, "and 2 app passwords\n", "")
    assert users.read_text().splitlines() == bert


@pytest.mark.parametrize("command", ["passwd", "del", "set"])
def test_a_user_who_is_not_there_cannot_be_changed(users, command):
    add(users, "anna", *FAST)
    before = users.read_text()
    more = ["--disabled"] if command == "set" else []
    done = mailreeve("user", command, "bert", "--file", users, *more, stdin="x\n")
    assert (done.returncode, done.stderr) == (EXIT_PROBLEM, 'no user is called "bert"\n')
    assert users.read_text() == before


def test_a_broken_file_is_not_edited(users):
    users.write_text("anna\nbert:notahash\n")
    done = add(users, "carl", *FAST)
    assert done.returncode == EXIT_PROBLEM
    assert f"{users}:1: " in done.stderr and f"{users}:2: " in done.stderr
    assert users.read_text() == "anna\nbert:notahash\n"
    assert mailreeve("user", "list", "--file", users).returncode == EXIT_PROBLEM


@pytest.mark.parametrize("password", ["", "x" * 1025, "a\tb"], ids=["empty", "too long", "control character"])
def test_a_password_that_cannot_be_used_is_refused(users, password):
    done = add(users, "anna", *FAST, password=password)
    assert done.returncode == EXIT_PROBLEM
    assert done.stderr.startswith("mailreeve user: the password ")
    assert not users.exists()


def test_a_file_that_everybody_can_read_is_warned_about(users):
    users.write_text("")
    users.chmod(0o644)
    done = add(users, "anna", *FAST)
    assert done.returncode == EXIT_OK
    assert f"{users}: warning: everybody on this machine can read it (chmod o-r {users})" in done.stderr
    assert stat.S_IMODE(users.stat().st_mode) == 0o644


CONFIG = """
socket = "auth.sock"
source "users" { type = "users" file = "users" }
"""


def test_the_file_is_the_one_of_the_configuration(scratch, users):
    config = scratch / "mailreeve.conf"
    config.write_text(CONFIG)
    done = mailreeve("user", "add", "anna", "-c", config, *FAST, stdin="x\n")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert users.read_text().startswith("anna:")

    config.write_text(CONFIG + 'source "more" { type = "users" file = "more" }\n')
    done = mailreeve("user", "add", "bert", "-c", config, *FAST, stdin="x\n")
    assert done.returncode == EXIT_CONFIG
    assert "it has several sources of type" in done.stderr
    done = mailreeve("user", "add", "bert", "-c", config, "--source", "more", *FAST, stdin="x\n")
    assert done.returncode == EXIT_OK
    assert (scratch / "more").read_text().startswith("bert:")
    done = mailreeve("user", "list", "-c", config, "--source", "mroe")
    assert done.returncode == EXIT_CONFIG
    done = mailreeve("user", "list", "-c", config, "--source", "more", "--file", users)
    assert done.returncode == EXIT_USAGE


def test_a_name_that_the_configuration_does_not_let_in_is_refused(scratch, users):
    config = scratch / "mailreeve.conf"
    config.write_text(CONFIG)
    done = mailreeve("user", "add", "anna+x@acme.example", "-c", config, *FAST, stdin="x\n")
    assert done.returncode == EXIT_PROBLEM
    config.write_text('auth_user_encoding = "xtext"\n' + CONFIG)
    done = mailreeve("user", "add", "anna+x@acme.example", "-c", config, *FAST, stdin="x\n")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")


def test_fifty_commands_at_once_lose_nothing(users):
    def command(number):
        group = number % 5
        return [["user", "add", f"new{number}", *FAST], ["user", "del", f"old{number}"],
                ["user", "set", f"old{number}", "--comment", "set"],
                ["app-password", "add", f"old{number}", "phone"],
                ["app-password", "revoke", f"old{number}", "tablet"]][group] + ["--file", str(users)]

    hashed, quick = "$1$saltsalt$Yo6tRKYGO/jWyb1etwHDS/", "{SSHA256}mawpkfNze21cebJxTyol+4rI1K6KHfRAoSr3QayjlFtzYWx0c2FsdA=="
    users.write_text("# who may log in\n" + "".join(
        f"old{number}:{hashed}\nold{number} tablet:{quick}\n" for number in range(50)))
    password = users.parent / "password"
    password.write_text("open sesame\n")
    running = []
    for number in range(50):
        with password.open() as stdin:
            running.append(subprocess.Popen([str(program()), *command(number)], text=True, stdin=stdin,
                                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    for process in running:
        text = process.stdout.read()
        assert process.wait(60) == EXIT_OK, text
    assert users.read_text().startswith("# who may log in\n")
    want_users, want_apps = {}, set()
    for number in range(50):
        group = number % 5
        if group == 0:
            want_users[f"new{number}"] = ""
        if group != 1:
            want_users[f"old{number}"] = "set" if group == 2 else ""
            want_apps |= {f"old{number} tablet"} if group != 4 else set()
        want_apps |= {f"old{number} phone"} if group == 3 else set()
    listed = json.loads(mailreeve("user", "list", "--file", users, "--json").stdout)
    assert {user["name"]: user["comment"] for user in listed} == want_users
    listed = json.loads(mailreeve("app-password", "list", "--file", users, "--json").stdout)
    assert {f"{app['user']} {app['app']}" for app in listed} == want_apps


def test_no_login_is_refused_while_the_file_is_edited(scratch):
    settings = configuration().replace("failure_delay = 1s", "failure_delay = 0s")
    with Mailreeve(scratch / "service", settings, {"users": users_file()}) as service:
        users = service.folder / "users"
        over = threading.Event()
        answers = []

        def log_in():
            with service.connect() as connection:
                while not over.is_set():
                    answers.append(connection.ask(fastcgi.login(USER, PASSWORD)).ok)

        sessions = [threading.Thread(target=log_in) for _ in range(4)]
        for session in sessions:
            session.start()
        for number in range(8):
            assert add(users, f"user{number}", *FAST).returncode == EXIT_OK
        # As an editor does that writes over the file, for longer than the service waits between two looks.
        text = users.read_text()
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            users.write_text("# half of i")
            heard = len(answers)
            wait_until(lambda: len(answers) > heard + 4, 20, "more logins")
        users.write_text(text)
        assert add(users, "last", *FAST).returncode == EXIT_OK
        over.set()
        for session in sessions:
            session.join()
        assert len(answers) > 20 and all(answers)
        wait_until(lambda: service.ask(fastcgi.login("last", "open sesame")).ok, 20, "the last user")


def test_a_kill_in_the_middle_leaves_the_old_or_the_new_file(users):
    users.write_text("# who may log in\n" + "# filler\n" * 20000)
    add(users, "first", *FAST)
    took_s = min(time_of(add, users, f"probe{number}", *FAST) for number in range(3))
    chance = random.Random(7)
    killed = 0
    for number in range(40):
        before = users.read_text()
        process = subprocess.Popen(
            [str(program()), "user", "add", f"user{number}", "--file", str(users), *FAST], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process.stdin.write("open sesame\n")
        process.stdin.close()
        try:
            process.wait(took_s * chance.uniform(0.2, 1.2))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
        after = users.read_text()
        assert after == before or (after.startswith(before) and after[len(before):].startswith(f"user{number}:")
                                   and after.endswith("\n"))
    assert killed > 0
    done = mailreeve("user", "list", "--file", users)
    assert done.returncode == EXIT_OK
    # A lock that its holder took to the grave is no lock.
    assert add(users, "last", *FAST).returncode == EXIT_OK


def time_of(function, *args):
    start = time.monotonic()
    function(*args)
    return time.monotonic() - start


class Terminal:
    """The command at a terminal of its own."""

    def __init__(self, *args):
        self.master, self.slave = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen([str(program()), *map(str, args)], stdin=self.slave, stdout=self.slave,
                                        stderr=self.slave, start_new_session=True)

    def wait_for(self, text):
        def arrived():
            while select.select([self.master], [], [], 0)[0]:
                self.text += os.read(self.master, 4096).decode()
            return text in self.text
        wait_until(arrived, 20, f"{text!r} on the terminal, which shows {self.text!r}")

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        status = self.process.wait(20)
        self.wait_for("")
        os.close(self.master)
        os.close(self.slave)
        return status


def test_a_terminal_asks_twice_and_shows_nothing(users):
    terminal = Terminal("user", "add", "anna", "--file", users, *FAST)
    terminal.wait_for("New password: ")
    assert not terminal.echoes()
    terminal.type("open sesame\n")
    terminal.wait_for("Once more: ")
    terminal.type("open sesame\n")
    assert terminal.end() == EXIT_OK
    assert "sesame" not in terminal.text
    assert is_right(users, "anna", "open sesame")


def test_a_typing_error_at_the_terminal_is_noticed(users):
    terminal = Terminal("user", "add", "anna", "--file", users, *FAST)
    terminal.wait_for("New password: ")
    terminal.type("open sesame\n")
    terminal.wait_for("Once more: ")
    terminal.type("open seasme\n")
    terminal.wait_for("the two passwords differ")
    assert terminal.end() == EXIT_PROBLEM
    assert not users.exists()


def test_an_interrupted_question_gives_the_echo_back(users):
    terminal = Terminal("user", "add", "anna", "--file", users, *FAST)
    terminal.wait_for("New password: ")
    assert not terminal.echoes()
    terminal.process.send_signal(signal.SIGINT)
    terminal.process.wait(20)
    assert terminal.echoes()
    assert terminal.end() == -signal.SIGINT
    assert not users.exists()
