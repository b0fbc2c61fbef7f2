"""scripts/bench.sh measures all that it promises, and no figure is off by an order of magnitude. Lists of a million
entries load in seconds and match in about the time of ten, and so do the decisions that ask them.

The bounds leave room for a machine that does other things; the targets are printed beside the figures. A list
that were looked through from end to end would take milliseconds.
"""

import re
import subprocess
import sys
import time

import pytest

from harness.command import EXIT_OK, mailreeve
from harness.dovecot import dovecot_is_usable
from harness.postfix import postfix_is_usable
from harness.process import build_dir, source_dir
from harness.redis import redis_is_usable
from harness.setups import users_file
from harness.slapd import slapd_is_usable

LOAD_MAX_S = 10
MATCH_MAX_NS = 10_000
DECISION_MAX_US = 20
CHOICE_MAX_NS = 10_000
SCREENING_MAX_US = 200
RATIO_MIN = 0.2
USERS_MEMORY_MAX_MB = 1000

CONFIGURATION = """socket = "auth.sock"
list "addresses" { kind = "ip"  file = "addresses" }
list "names" { kind = "user"  file = "names" }
listener "submission" { auth_ips = "deny addresses"  auth_users = "allow names"  upstream = "mta" }
organization "acme" { domains = {"acme.example"} }
source "users" { type = "users"  file = "users" }
upstream "mta" { check = "none"  server "one" { address = "127.0.0.1:25" } }
"""

pytestmark = pytest.mark.skipif(not (build_dir() / "bin" / "bench_list").exists(),
                                reason="time is measured in the Release build only")


@pytest.fixture(scope="module")
def printed():
    """What the bench prints when each measurement is taken once."""
    if not (slapd_is_usable() and dovecot_is_usable()):
        pytest.skip("slapd or Dovecot is not installed")
    bench = [sys.executable, "-B", source_dir() / "tests" / "bench" / "bench.py", "--seconds", "0.5", "--rounds", "1",
             "--messages", "1000"]
    done = subprocess.run(bench, capture_output=True, text=True, timeout=360)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_million_entries_match_in_the_time_of_ten(printed):
    rows = re.findall(r"list (\S+) +entries +(\d+) load +(\S+) s match +(\d+) ns no-match +(\d+) ns", printed)
    assert {(kind, int(entries)) for kind, entries, *_ in rows} >= {
        (kind, entries) for kind in ("ipv4-cidr", "ipv6-cidr", "name") for entries in (10, 1_000_000)}, printed
    for kind, entries, load_s, match_ns, no_match_ns in rows:
        assert float(load_s) < LOAD_MAX_S, (kind, entries)
        assert max(int(match_ns), int(no_match_ns)) < MATCH_MAX_NS, (kind, entries)


def test_a_decision_takes_no_longer_with_many_organizations_and_names(printed):
    rows = re.findall(r"^decision (\S+) +organizations +(\d+) names +(\d+) addresses +(\d+) +(\d+) ns$", printed, re.M)
    sizes = {("1", "1", "1"), ("1000", "1000000", "1"), ("1000", "1000000", "1000000")}
    assert {(kind, tuple(size)) for kind, *size, _ in rows} == {
        (kind, size) for kind in ("login", "recipient") for size in sizes}, printed
    more = re.findall(r"^decision (\S+) +takes (\S+) us more .*target under 2\), (\S+) with", printed, re.M)
    assert [kind for kind, *_ in more] == ["login", "recipient"], printed
    assert all(float(us) < DECISION_MAX_US for _, *both in more for us in both), printed


def test_choosing_takes_no_longer_with_a_thousand_servers(printed):
    rows = re.findall(r"^  (\S+) +servers +(\d+): +(\d+) ns \(target below 1000\), every", printed, re.M)
    assert {(balance, servers) for balance, servers, _ in rows} == {
        (balance, servers) for balance in ("round-robin", "least-recent", "hash", "first")
        for servers in ("10", "32", "1000")}, printed
    first_uses = re.findall(r"^  hash +servers +(\d+): +(\d+) ns at the first use of a slot", printed, re.M)
    assert [servers for servers, _ in first_uses] == ["10", "32", "1000"], printed
    assert all(int(ns) < CHOICE_MAX_NS for *_, ns in rows + first_uses), printed


def test_every_promised_figure_is_printed(printed):
    directories = 6  # by bind and by fetch, with 1, 16 and 64 clients
    for what, times in {"static answer": 1, "do-nothing libfcgi responder": 3, "mailreeve": 3 + directories,
                        "bare libldap loop": directories, "Dovecot auth": directories}.items():
        rates = re.findall(rf"^  {what} +(\d+) /s$", printed, re.M)
        assert len(rates) == times and all(int(rate) > 0 for rate in rates), printed
    assert "failures" not in printed
    guard = 5 if postfix_is_usable() else 0
    assert len(re.findall(r"^  ratio to ", printed, re.M)) == 3 + 4 + 1 + 2 * directories + guard
    ratios = re.findall(r"^  ratio to ([^:]*): (\S+) \(target at least (\S+)\)$", printed, re.M)
    assert sorted((to, target) for to, _, target in ratios) == sorted(
        [("mailreeve with screening", "0.95"), ("do-nothing libfcgi responder", "0.95"),
         ("bare libldap loop", "0.8"), ("Dovecot auth", "2.5")] * 2
        + [("Postfix alone", "0.9"), ("with a do-nothing milter", "0.9")] * (2 if guard else 0))
    assert all(float(ratio) > RATIO_MIN for _, ratio, _ in ratios), printed


def test_screening_is_measured_with_and_without_a_million_bans(printed):
    rows = re.findall(r"^screening (\S+) +bans +(\d+) +(\S+) us \((\S+) us elapsed\) ", printed, re.M)
    assert [(kind, bans) for kind, bans, *_ in rows] == [
        (kind, bans) for bans in ("0", "1000000") for kind in ("login", "failure", "recall")], printed
    assert all(0 < float(us) < SCREENING_MAX_US for *_, us, _ in rows), printed
    told = re.findall(r"^screening (\S+) +takes \S+ us, \S+ with a million bans \(target under 10\)$", printed, re.M)
    assert told == ["login", "failure", "recall"], printed
    for name in ("without screening", "with screening", "with a million bans"):
        rates = re.findall(rf"^  mailreeve {name} +(\d+) /s$", printed, re.M)
        assert len(rates) == 2 and all(int(rate) > 0 for rate in rates), printed


def test_a_session_asks_redis_once_for_each_phase(printed):
    if not redis_is_usable():
        pytest.skip("Redis is not installed")
    told = re.findall(r"^  (\S+): (\S+) \(target (\d): one for each phase\)$", printed, re.M)
    assert told == [("login", "2.00", "2"), ("recipient", "1.00", "1")], printed


def test_the_guard_is_measured_beside_postfix_alone(printed):
    if not postfix_is_usable():
        pytest.skip("Postfix is not installed, or this is not root")
    for name in ("Postfix alone", "with a do-nothing milter", "with the guard, mail of strangers",
                 "with the guard, mail of users"):
        rates = re.findall(rf"^  {name} +(\d+) /s$", printed, re.M)
        assert len(rates) == 1 and int(rates[0]) > 0, printed
    before, after, more = map(int, re.search(r"memory of the guard: (\d+) kB before, (\d+) kB after "
                                             r"\(target at most (\d+) kB more\)", printed).groups())
    assert after - before <= more, printed


def test_the_users_file_is_measured_with_a_million_users(printed):
    rows = re.findall(r"^users +(\d+) app passwords +(\d+) file +\d+ MB load +(\S+) s memory +(\d+) MB "
                      r"find +(\d+) ns unknown +(\d+) ns$", printed, re.M)
    assert [(users, apps) for users, apps, *_ in rows] == [("10", "1"), ("1000000", "100000")], printed
    for *_, load_s, memory_mb, find_ns, unknown_ns in rows:
        assert float(load_s) < LOAD_MAX_S and int(memory_mb) < USERS_MEMORY_MAX_MB
        assert max(int(find_ns), int(unknown_ns)) < MATCH_MAX_NS


def test_a_configuration_with_two_million_entries_is_read_in_seconds(scratch):
    (scratch / "mailreeve.conf").write_text(CONFIGURATION)
    (scratch / "addresses").write_text("".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}/32\n" for i in range(1_000_000)))
    (scratch / "names").write_text("".join(f"user{i}@acme.example\n" for i in range(1_000_000)))
    (scratch / "users").write_text(users_file(**{"user999999@acme.example": "any"}))
    (scratch / "users").chmod(0o600)
    began = time.monotonic()
    done = mailreeve("explain", "-c", scratch / "mailreeve.conf", "listener=submission", "tls=on",
                     "user=user999999@acme.example", "ip=192.0.2.1")
    assert time.monotonic() - began < 2 * LOAD_MAX_S
    assert done.returncode == EXIT_OK, done.stdout + done.stderr
    done = mailreeve("explain", "-c", scratch / "mailreeve.conf", "listener=submission", "tls=on",
                     "user=user999999@acme.example", "ip=10.15.66.63")
    assert "reason auth.ip-denied" in done.stdout
    assert f"{scratch}/addresses:1000000" in done.stdout
