"""`mailreeve app-password`: passwords for devices, made, listed, used and revoked."""

import datetime
import json
import re
import stat

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, EXIT_PROBLEM, EXIT_USAGE, mailreeve
from harness.mailreeve import Mailreeve
from harness.process import wait_until
from harness.setups import PASSWORD, USER, configuration, users_file

FORM = re.compile(r"([a-z2-7]{5}-){4}[a-z2-7]{5}")
HASH = "{SSHA256}+E+iFJ27Yu1ODPH1UNKUmzOmUT06dwfghQJRHHnMsO5zYWx0"


@pytest.fixture
def users(scratch):
    return scratch / "users"


def add(users, user, app, *options):
    return mailreeve("app-password", "add", user, app, "--file", users, *options)


def listed(users, *more):
    done = mailreeve("app-password", "list", *more, "--file", users, "--json")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert "SSHA" not in done.stdout and "$1$" not in done.stdout
    return json.loads(done.stdout)


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


def parse_time(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")


def test_the_new_password_is_shown_once_and_kept_as_a_hash(users):
    done = add(users, "Anna@Acme.example", "Phone")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    password = done.stdout.rstrip("\n")
    assert FORM.fullmatch(password)
    text = users.read_text()
    assert text.startswith("anna@acme.example Phone:{SSHA256}")
    assert password not in text and password.replace("-", "") not in text
    assert stat.S_IMODE(users.stat().st_mode) & 0o007 == 0
    assert add(users, "anna@acme.example", "tablet").stdout != done.stdout


def test_a_program_gets_json(users):
    done = add(users, "anna", "phone", "--json", "--expires", "2999-01-31")
    answer = json.loads(done.stdout)
    assert FORM.fullmatch(answer.pop("password"))
    assert answer == {"user": "anna", "app": "phone", "expires": "2999-01-31"}
    assert json.loads(add(users, "anna", "tablet", "--json").stdout)["expires"] is None


def test_comments_order_and_users_stay(users):
    users.write_text(f"# mine\nanna:{HASH}:disabled\n\n# end")
    add(users, "anna", "phone", "--networks", "192.0.2.0/24,::1", "--comment", "a, b")
    lines = users.read_text().splitlines()
    assert lines[:4] == ["# mine", f"anna:{HASH}:disabled", "", "# end"] and len(lines) == 5
    assert re.fullmatch(r"anna phone:\{SSHA256\}[^:]+:networks=192.0.2.0/24 ::1,"
                        r"created=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ,comment=a, b", lines[4])
    assert mailreeve("app-password", "revoke", "anna", "phone", "--file", users).returncode == EXIT_OK
    assert users.read_text() == f"# mine\nanna:{HASH}:disabled\n\n# end\n"


REFUSED = [
    ("a user name with a space", ["an na", "phone"]), ("no user name", ["", "phone"]),
    ("a user name that is a comment", ["#anna", "phone"]), ("a user name with a colon", ["an:na", "phone"]),
    ("no app name", ["anna", ""]), ("an app name of two words", ["anna", "my phone"]),
    ("an app name with a colon", ["anna", "my:phone"]), ("an app name with a tab", ["anna", "my\tphone"]),
    ("an app name with a line break", ["anna", "phone\nboss"]), ("an app name that is too long", ["anna", "x" * 65]),
    ("a control character", ["anna", "phone\x1b[2J"]), ("a bad network", ["anna", "phone", "--networks", "10.0.0.1/8"]),
    ("a line break in a comment", ["anna", "phone", "--comment", "x\ny"]),
    ("networks of a script that found none", ["anna", "phone", "--networks", ""]),
]


@pytest.mark.parametrize("words", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_names_and_options_that_cannot_be_used_are_refused(users, words):
    users.write_text("# mine\n")
    done = add(users, *words)
    assert (done.returncode, done.stdout) == (EXIT_PROBLEM, "") and done.stderr
    assert "SSHA" not in done.stderr
    assert users.read_text() == "# mine\n"


def test_a_name_that_the_configuration_does_not_let_in_is_refused(scratch):
    config = scratch / "mailreeve.conf"
    config.write_text('socket = "auth.sock"\nsource "users" { type = "users" file = "users" }\n')
    done = mailreeve("app-password", "add", "anna+x@acme.example", "phone", "-c", config)
    assert done.returncode == EXIT_PROBLEM
    done = mailreeve("app-password", "add", "anna@acme.example", "phone", "-c", config)
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert (scratch / "users").read_text().startswith("anna@acme.example phone:")


def test_a_name_is_there_once_in_any_case(users):
    add(users, "anna", "phone")
    before = users.read_text()
    done = add(users, "ANNA", "Phone")
    assert (done.returncode, done.stdout) == (EXIT_PROBLEM, "")
    assert done.stderr == f'{users}:1: "anna" has an app password "phone" already (revoke it first)\n'
    assert users.read_text() == before
    assert add(users, "bert", "phone").returncode == EXIT_OK


def test_the_end_is_a_day_or_a_time_from_now(users):
    assert add(users, "anna", "day", "--expires", "2999-01-31").returncode == EXIT_OK
    assert add(users, "anna", "span", "--expires", "90d").returncode == EXIT_OK
    day, span = listed(users)
    assert day["expires"] == "2999-01-31T00:00:00Z"
    left = parse_time(span["expires"]) - utc_now()
    assert datetime.timedelta(days=89, hours=23) < left <= datetime.timedelta(days=90)


@pytest.mark.parametrize("when", ["2001-01-01", "2999-02-30", "tomorrow", "0s", ""])
def test_an_end_that_makes_no_sense_is_refused(users, when):
    done = add(users, "anna", "phone", "--expires", when)
    assert (done.returncode, done.stdout) == (EXIT_USAGE, "")
    assert not users.exists()


def test_all_of_it_is_listed_but_the_hash(users):
    users.write_text(f"anna phone:{HASH}:networks=10.0.0.0/8 ::1,created=2026-01-02,comment=a, b\n"
                     f"bert:{HASH}\n"
                     f"bert old:{HASH}:expires=2026-01-01\n"
                     f"Anna tablet:{HASH}:created=2026-01-02\n")
    users.chmod(0o600)
    (users.parent / "users.used").write_text(
        "anna phone 2026-03-04T05:06:07Z\nbert old 2025-12-31T00:00:00Z\n"
        "anna tablet 2026-01-01T23:59:59Z\n")  # an older one of that name: this one was made later
    assert listed(users) == [
        {"user": "anna", "app": "phone", "state": "valid", "networks": "10.0.0.0/8 ::1",
         "created": "2026-01-02T00:00:00Z", "expires": None, "last_use": "2026-03-04T05:06:07Z", "comment": "a, b"},
        {"user": "bert", "app": "old", "state": "expired", "networks": "any", "created": None,
         "expires": "2026-01-01T00:00:00Z", "last_use": "2025-12-31T00:00:00Z", "comment": ""},
        {"user": "anna", "app": "tablet", "state": "valid", "networks": "any", "created": "2026-01-02T00:00:00Z",
         "expires": None, "last_use": None, "comment": ""}]
    assert [app["app"] for app in listed(users, "ANNA")] == ["phone", "tablet"]
    assert listed(users, "nobody") == []
    done = mailreeve("app-password", "list", "bert", "--file", users)
    assert done.stdout == "bert\told\texpired\tany\tunknown\t2026-01-01T00:00:00Z\t2025-12-31T00:00:00Z\t\n"
    done = mailreeve("app-password", "list", "anna", "--file", users)
    assert "\tnever\tnever\t\n" in done.stdout and "$1$" not in done.stdout


def test_revoking(users):
    users.write_text("# mine\n")
    users.chmod(0o600)
    for user in ("anna", "bert"):
        for app in ("phone", "tablet", "printer"):
            add(users, user, app)
    done = mailreeve("app-password", "revoke", "Anna", "PHONE", "--file", users)
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_OK, "revoked 1 app password\n", "")
    assert [app["app"] for app in listed(users, "anna")] == ["tablet", "printer"]
    done = mailreeve("app-password", "revoke", "anna", "phone", "--file", users)
    assert (done.returncode, done.stderr) == (EXIT_PROBLEM, '"anna" has no app password "phone"\n')
    done = mailreeve("app-password", "revoke", "anna", "--all", "--file", users)
    assert (done.returncode, done.stdout) == (EXIT_OK, "revoked 2 app passwords\n")
    done = mailreeve("app-password", "revoke", "anna", "--all", "--file", users)
    assert (done.returncode, done.stderr) == (EXIT_PROBLEM, '"anna" has no app passwords\n')
    assert len(listed(users, "bert")) == 3
    assert users.read_text().startswith("# mine\nbert phone:")


@pytest.mark.parametrize("words", [["anna"], ["anna", "phone", "--all"], ["anna", "phone", "more"], []])
def test_revoke_must_be_told_what(users, words):
    users.write_text(f"anna phone:{HASH}\n")
    done = mailreeve("app-password", "revoke", *words, "--file", users)
    assert done.returncode == EXIT_USAGE
    assert users.read_text() == f"anna phone:{HASH}\n"


@pytest.fixture(scope="module")
def service(shared_scratch):
    settings = configuration().replace("failure_delay = 1s", "failure_delay = 0s")
    with Mailreeve(shared_scratch / "service", settings, {"users": users_file()}) as running:
        yield running


def log_in(service, password, ip="192.0.2.9"):
    return service.ask(fastcgi.login(USER, password, client=ip)).ok


def test_a_device_logs_in_until_its_password_is_revoked(service):
    users = service.folder / "users"
    phone = add(users, USER, "phone").stdout.rstrip("\n")
    tablet = add(users, USER, "tablet", "--networks", "198.51.100.0/24").stdout.rstrip("\n")
    wait_until(lambda: log_in(service, phone), 20, "the service to read the file")
    assert log_in(service, PASSWORD)
    assert log_in(service, phone.replace("-", "")) and log_in(service, phone.replace("-", " ").upper())
    assert log_in(service, tablet, "198.51.100.7") and not log_in(service, tablet)
    assert not log_in(service, phone[:-1])
    wait_until(lambda: listed(users, USER)[0]["last_use"], 20, "the last use")
    assert utc_now() - parse_time(listed(users, USER)[0]["last_use"]) < datetime.timedelta(minutes=2)

    # The tablet's use came within the same minute: it is written when the configuration is loaded again.
    service.reload()
    wait_until(lambda: listed(users, USER)[1]["last_use"], 20, "the last use of the second one")
    assert log_in(service, phone)

    assert mailreeve("app-password", "revoke", USER, "phone", "--file", users).returncode == EXIT_OK
    wait_until(lambda: not log_in(service, phone), 20, "the service to read the file")
    assert log_in(service, tablet, "198.51.100.7")
    assert phone not in service.log and phone.replace("-", "") not in service.log


def test_a_password_that_is_over_lets_nobody_in(service):
    users = service.folder / "users"
    printer = add(users, USER, "printer", "--expires", "3s").stdout.rstrip("\n")
    wait_until(lambda: log_in(service, printer), 20, "the service to read the file")
    wait_until(lambda: not log_in(service, printer), 20, "the end of the app password")
    assert [app["state"] for app in listed(users, USER) if app["app"] == "printer"] == ["expired"]


def test_the_last_use_is_kept_and_read_where_the_configuration_says(scratch):
    text = configuration().replace('file = "users" }', 'file = "users"  last_use = "elsewhere" }')
    assert "elsewhere" in text
    with Mailreeve(scratch / "service", text, {"users": users_file()}) as service:
        phone = add(service.folder / "users", USER, "phone").stdout.rstrip("\n")
        wait_until(lambda: log_in(service, phone), 20, "the service to read the file")
        wait_until((service.folder / "elsewhere").exists, 20, "the last use")
        done = mailreeve("app-password", "list", "-c", service.path, "--json")
        assert (done.returncode, done.stderr) == (EXIT_OK, "")
        [app] = json.loads(done.stdout)
        assert utc_now() - parse_time(app["last_use"]) < datetime.timedelta(minutes=2)
    assert not (service.folder / "users.used").exists()


@pytest.mark.parametrize("taken, own, app", [("no", True, False), ("allow", True, True), ("require", False, True)])
def test_the_users_file_takes_what_app_passwords_says(scratch, taken, own, app):
    text = configuration().replace('file = "users" }', f'file = "users"  app_passwords = "{taken}" }}')
    assert "app_passwords" in text
    files = {"users": users_file()}
    folder = scratch / "service"
    folder.mkdir()
    (folder / "users").write_text(files["users"])
    phone = add(folder / "users", USER, "phone").stdout.rstrip("\n")
    files["users"] = (folder / "users").read_text()
    with Mailreeve(folder, text, files) as service:
        assert (log_in(service, PASSWORD), log_in(service, phone)) == (own, app)
