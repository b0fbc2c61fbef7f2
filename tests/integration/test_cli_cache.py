"""`mailreeve cache`: what the running service remembers of a real directory's answers is shown and forgotten."""

import json
import subprocess

import pytest

from harness import fastcgi
from harness.command import EXIT_CONFIG, EXIT_OK, EXIT_TEMPORARY, EXIT_USAGE, mailreeve
from harness.mailreeve import Mailreeve
from harness.slapd import Slapd, person, slapd_is_usable

BASE = "dc=dir,dc=example"
ANNA, BO = "anna@dir.example", "bo@dir.example"

CONFIGURATION = """
failure_delay = 1s
listener "submission" {{ upstream = "mta" }}
organization "dir" {{ domains = {{"dir.example"}}  sources = {{"directory"}} }}
source "directory" {{ type = "ldap"  uri = {{"{uri}"}}  bind_dn = "{bind_dn}"  bind_password_file = "ldap-password"
    base = "{base}"  filter = "(mail=%u)"  username_attribute = "uid"  recipient_filter = "(mail=%u)"
    cache = 1h  negative_cache = 1h }}
upstream "mta" {{ check = "none"  server "one" {{ address = "127.0.0.1:25" }} }}
"""


@pytest.fixture
def slapd(scratch):
    if not slapd_is_usable():
        pytest.skip("slapd is not installed")
    people = [person("anna", "first", BASE, mail=[ANNA, "alias@dir.example"]), person("bo", "bo's", BASE, mail=BO)]
    with Slapd(scratch / "slapd", people, BASE) as server:
        yield server


@pytest.fixture
def service(scratch, slapd):
    text = CONFIGURATION.format(uri=slapd.uri, bind_dn=slapd.service_dn, base=BASE)
    with Mailreeve(scratch / "service", text, {"ldap-password": slapd.service_password + "\n"}) as running:
        yield running


def logs_in(service, user, password):
    return service.ask(fastcgi.login(user, password)).ok


def set_password(slapd, uid, password):
    done = subprocess.run(["ldappasswd", "-x", "-H", slapd.uri, "-D", f"cn=admin,{BASE}", "-w", "admin", "-s", password,
                           f"uid={uid},ou=people,{BASE}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def cache(service, *words):
    return mailreeve("cache", words[0], "-c", service.path, *words[1:])


@pytest.mark.parametrize("said", [ANNA, "ANNA@dir.example", "alias@dir.example", "anna"])
def test_a_changed_password_works_alone_once_the_old_one_is_forgotten(service, slapd, said):
    """By the name that was given, by another one of the account's, and by the account's own."""
    given = "alias@dir.example" if said.startswith("alias") else ANNA
    assert logs_in(service, given, "first") and logs_in(service, BO, "bo's")
    set_password(slapd, "anna", "second")
    # within its lifetime the old answer holds; another password is asked about
    assert logs_in(service, given, "first") and service.decisions()[-1]["cached"] == "yes"
    assert logs_in(service, given, "second")

    set_password(slapd, "anna", "third")
    assert logs_in(service, given, "second")
    done = cache(service, "flush", said)
    assert done.returncode == EXIT_OK and done.stderr == ""
    assert done.stdout.endswith(" forgotten\n") and not done.stdout.startswith("0 ")
    assert not logs_in(service, given, "second")
    assert logs_in(service, given, "third")
    # nobody else's was
    assert logs_in(service, BO, "bo's") and service.decisions()[-1]["cached"] == "yes"


def test_all_is_forgotten_without_a_name(service, slapd):
    assert logs_in(service, ANNA, "first") and logs_in(service, BO, "bo's")
    set_password(slapd, "bo", "bo's new one")
    assert logs_in(service, BO, "bo's")
    done = cache(service, "flush")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert int(done.stdout.split()[0]) >= 2
    assert not logs_in(service, BO, "bo's")
    assert cache(service, "flush").returncode == EXIT_OK


def test_a_name_that_nobody_has_is_forgotten_too(service):
    assert not logs_in(service, "late@dir.example", "x")
    assert not logs_in(service, "late@dir.example", "x") and service.decisions()[-1]["cached"] == "yes"
    assert cache(service, "flush", "late@dir.example").stdout == "1 answer forgotten\n"
    assert cache(service, "flush", "late@dir.example").stdout == "0 answers forgotten\n"
    assert not logs_in(service, "late@dir.example", "x") and "cached" not in service.decisions()[-1]


@pytest.mark.parametrize("name", ["a+b@dir.example", "a&user=b", "a b", "ä@dir.example", "100%", "x" * 200 + "@dir.example"])
def test_odd_names_arrive_as_they_are(service, name):
    assert cache(service, "flush", "--", name).stdout == "0 answers forgotten\n"
    assert service.events("cache.flushed")[-1]["user"] == name


def test_the_stats_are_json_for_programs(service):
    for _ in range(3):
        assert logs_in(service, ANNA, "first")
    assert not logs_in(service, ANNA, "wrong")
    done = cache(service, "show", "--json")
    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    [source] = json.loads(done.stdout)
    assert source["source"] == "directory"
    assert source["logins"]["ok"] == 3 and source["logins"]["wrong password"] == 1
    assert source["from_cache"] == 2 and source["logins_kept"] >= 1
    assert (source["servers"], source["servers_down"]) == (1, 0)
    assert set(source) == {"source", "logins", "took_us", "from_cache", "from_stale_cache", "logins_kept", "recipients",
                           "recipients_from_cache", "recipients_kept", "servers", "servers_down", "places", "inside",
                           "waiting"}
    cache(service, "flush")
    [source] = json.loads(cache(service, "show", "--json").stdout)
    assert source["logins_kept"] == 0 and source["logins"]["ok"] == 3


def test_the_stats_are_a_line_for_people(service):
    assert logs_in(service, ANNA, "first")
    [line] = cache(service, "show").stdout.splitlines()
    assert line.startswith('directory: logins 1, from the cache 0, kept 1; recipients 0,')
    assert "servers 1, down 0" in line


def test_the_socket_may_be_named(service):
    assert mailreeve("cache", "show", "--socket", service.socket).returncode == EXIT_OK
    assert mailreeve("cache", "flush", "--socket", service.socket).returncode == EXIT_OK


@pytest.mark.parametrize("path, method, query, status", [
    ("/api/v1/cache/flush", "GET", "", "405"), ("/api/v1/cache/flush", "POST", "user=", "400"),
    ("/api/v1/cache/flush", "POST", "user=a%4", "400"), ("/api/v1/cache/flush", "POST", "all", "400"),
    ("/api/v1/sources", "POST", "", "405")])
def test_other_questions_are_refused(service, path, method, query, status):
    """And none of the answers lets anybody log in, should nginx mail have been pointed here."""
    assert logs_in(service, ANNA, "first")
    answer = service.ask({"DOCUMENT_URI": path, "REQUEST_METHOD": method, "QUERY_STRING": query})
    assert answer["Status"].startswith(status) and not answer.ok
    assert logs_in(service, ANNA, "first") and service.decisions()[-1]["cached"] == "yes"


def test_nobody_there_is_temporary(service):
    service.process.stop()
    for words in (["flush"], ["show"]):
        done = cache(service, *words)
        assert done.returncode == EXIT_TEMPORARY and "is mailreeve-auth running?" in done.stderr


def test_the_command_line_is_checked(scratch):
    (scratch / "broken.conf").write_text("upstraem {}\n")
    assert mailreeve("cache", "flush", "-c", scratch / "broken.conf").returncode == EXIT_CONFIG
    assert mailreeve("cache", "flush", "").returncode == EXIT_USAGE
    assert mailreeve("cache", "flush", "a", "b").returncode == EXIT_USAGE
    assert mailreeve("cache").returncode == EXIT_USAGE
