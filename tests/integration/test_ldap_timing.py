"""An unknown name and a wrong password take the same time: against a slapd that hashes with next to no cost ({SSHA})
and one that hashes for milliseconds ({CRYPT} with many rounds), for bind, compare and fetch.

The threshold: whoever knows both samples and draws the best line between them is right about at most 70 % of all
answers (a coin is right about 50 %, and that line about 57 % for two samples of this size that are alike; hashes that
took a millisecond for the known alone would make it 100 %). Questions of both kinds take turns, so that what else the
machine does meets both alike. What fails is measured once more, for a machine that is busy with something else.
"""

import bisect
import statistics
import subprocess
import time

import pytest

from harness.ldap_driver import Source
from harness.ldap_setup import BASE, searching
from harness.slapd import Slapd, person, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

SAMPLES = 200
WARM_UP = 80
LINE_RIGHT_AT_MOST = 0.70


def ssha(password):
    return subprocess.run(["/usr/sbin/slappasswd", "-h", "{SSHA}", "-s", password], capture_output=True, text=True,
                          check=True).stdout.strip()


def slow_crypt(password):
    """Some milliseconds."""
    salt = "$6$rounds=8000$saltsaltsalt"
    code = "import crypt, sys; print(crypt.crypt(sys.argv[1], sys.argv[2]))"
    return "{CRYPT}" + subprocess.run(["/usr/bin/python3", "-W", "ignore", "-c", code, password, salt],
                                      capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module", params=[ssha, slow_crypt], ids=["cheap", "slow"])
def directory(request, shared_scratch):
    hashed = request.param("a word")
    people = [person(f"user{i}", hashed, BASE, mail=f"user{i}@acme.example") for i in range(SAMPLES + WARM_UP)]
    # pytest may come back to one of them: a folder for each time.
    folder = shared_scratch / f"{request.param.__name__}-{time.monotonic_ns()}"
    with Slapd(folder, people, base=BASE, service_sees="read") as server:
        yield server


def best_line(first, second):
    """How many answers the best single line between two samples puts on the right side."""
    def share_below(sample, line):
        return bisect.bisect_left(sample, line) / len(sample)

    first, second = sorted(first), sorted(second)
    widest = max(abs(share_below(first, line) - share_below(second, line)) for line in [*first, *second])
    return 0.5 + widest / 2


def measure(source):
    """(microseconds of wrong passwords, of unknown names); the first ones only warm up."""
    took = {"wrong": [], "unknown": []}
    for i in range(SAMPLES + WARM_UP):
        names = {"wrong": f"user{i}", "unknown": f"none{i}"}
        # What comes second may find a cache warm, or its memory used up: each is as often the second.
        for kind in ("wrong", "unknown") if i % 2 else ("unknown", "wrong"):
            answer = source.login(names[kind], f"wrong {i}")
            assert answer.outcome in (kind, "wrong")
            took[kind].append(answer.took_us)
    known, unknown = took.values()
    return known[WARM_UP:], unknown[WARM_UP:]


def are_alike(source):
    known, unknown = measure(source)
    right = best_line(known, unknown)
    medians = statistics.median(known), statistics.median(unknown)
    print(f"the best line is right about {right:.0%}; medians {medians[0]:.0f} and {medians[1]:.0f} us")
    return right <= LINE_RIGHT_AT_MOST


@pytest.mark.parametrize("password", ["bind", "compare", "fetch"])
def test_an_unknown_name_takes_the_time_of_a_wrong_password(shared_scratch, directory, password):
    with Source(shared_scratch, **searching(directory, password=password)) as source:
        assert are_alike(source) or are_alike(source)


@pytest.mark.parametrize("directory", [slow_crypt], indirect=True, ids=["slow"])
def test_a_name_without_an_entry_takes_the_same_time_with_user_dn(shared_scratch, directory):
    """There the server does not say which names it knows; once a password was right, we know what one costs. Where
    it costs next to nothing the difference is some 20 us, and nothing is done about it."""
    with Source(shared_scratch, uri=[directory.uri], user_dn=f"uid=%n,ou=people,{BASE}") as source:
        for i in range(10):
            assert source.login(f"user{i}", "a word").outcome == "ok"
        assert are_alike(source) or are_alike(source)


@pytest.mark.parametrize("password", ["bind", "fetch"])
def test_an_unknown_name_does_not_wait_for_as_long_as_nobody_asked_about_one(shared_scratch, directory, password):
    """Strangers who ask about nobody hold a thread each: not for longer than an answer takes."""
    known_only_s, short_us = 1, 500_000
    with Source(shared_scratch, **searching(directory, password=password)) as source:
        def is_short():
            for i in range(WARM_UP):
                source.login(f"none{i}", "x")
            until_s, asked = time.monotonic() + known_only_s, 0
            while time.monotonic() < until_s or asked < WARM_UP:
                assert source.login(f"user{asked % SAMPLES}", f"wrong {asked}").outcome == "wrong"
                asked += 1
            return source.login("nobody", "x").took_us < short_us

        # a machine that is held up may make it long once
        assert any(is_short() for _ in range(3))


def test_the_line_tells_apart_what_differs():
    """The measure itself: samples that are apart, half apart, alike."""
    assert best_line(range(100), range(100, 200)) == pytest.approx(1)
    assert best_line(range(100), range(50, 150)) == pytest.approx(0.75)
    assert best_line(range(100), range(100)) == pytest.approx(0.5)
