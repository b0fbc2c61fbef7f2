"""Who asks how long an answer takes does not learn which names there are."""

import statistics
import subprocess
import time

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, mailreeve
from harness.mailreeve import Mailreeve
from harness.setups import configuration

# Costly enough to be told from everything else that an answer takes.
ROUNDS = 150_000
ASKED = 5


def sha512(rounds):
    return subprocess.run(["openssl", "passwd", "-6", "-salt", f"rounds={rounds}$saltsalt", "-stdin"], input=b"right",
                          capture_output=True, check=True).stdout.decode().strip()


HASH = sha512(ROUNDS)


@pytest.fixture(scope="module")
def service(shared_scratch):
    users = f"anna@acme.example:{HASH}:\nolga@acme.example:{HASH}:disabled\n"
    with Mailreeve(shared_scratch / "service", configuration(), {"users": users}) as running:
        yield running


def processor_s(service):
    """The processor's time that the service has had so far: what else the machine does is not in it."""
    return time.clock_gettime((~service.process.pid << 3) | 2)  # clock_getcpuclockid(3), which Python has not


def seconds(service, user):
    """How long the service works to refuse that name with a wrong password."""
    took = []
    for _ in range(ASKED):
        began = processor_s(service)
        answer = service.ask(fastcgi.login(user, "wrong"))
        took.append(processor_s(service) - began)
        assert answer["Auth-Error-Code"] == "535 5.7.8"
    return min(took)


@pytest.mark.parametrize("user", ["nobody@acme.example", "olga@acme.example", "nobody@nowhere.example", "nobody"])
def test_a_name_that_cannot_log_in_takes_as_much_work_as_one_that_can(service, user):
    known = seconds(service, "anna@acme.example")
    assert known > 0.02, "the hash is too cheap for this test"
    assert known / 2 < seconds(service, user) < known * 2


# The distribution of the times: what half, a quarter and three quarters of all answers take. Those of names that
# nobody has and of names with a wrong password may differ by this share of the time that a hash takes.
DIFFERENCE_MAX = 0.15
SAMPLES = 60
# Chance and what else the machine does may make them differ once; a leak does each time.
TRIES = 4


def time_of(service, user, password="wrong"):
    began = time.monotonic()
    answer = service.ask(fastcgi.login(user, password))
    took = time.monotonic() - began
    assert answer["Auth-Error-Code"] == "535 5.7.8"
    return took


def difference(one, other):
    """The largest difference of the quartiles, as a share of the median."""
    quartiles = zip(statistics.quantiles(one, n=4), statistics.quantiles(other, n=4), strict=True)
    return max(abs(a - b) for a, b in quartiles) / statistics.median(one)


@pytest.mark.parametrize("kept", ["sha512", "yescrypt", "ssha256"])
def test_unknown_names_and_wrong_passwords_have_the_same_distribution_of_times(scratch, kept):
    users = scratch / "users"
    if kept == "sha512":
        users.write_text("".join(f"user{number}@acme.example:{sha512(20_000)}\n" for number in range(SAMPLES)))
    else:
        for number in range(4):
            done = mailreeve("user", "add", f"user{number}@acme.example", "--hash", kept, "--file", users,
                             stdin="right\n")
            assert done.returncode == EXIT_OK, done.stderr
    known = [line.split(":")[0] for line in users.read_text().splitlines()]
    with Mailreeve(scratch / "service", configuration(), {"users": users.read_text()}) as service:
        for attempt in range(TRIES):
            # In turns: whatever slows the machine down slows both.
            wrong, unknown = [], []
            for number in range(SAMPLES):
                wrong.append(time_of(service, known[number % len(known)]))
                unknown.append(time_of(service, f"nobody{attempt}-{number}@acme.example"))
            differs = difference(wrong, unknown)
            print(f"wrong password {statistics.median(wrong) * 1000:.2f} ms, unknown name "
                  f"{statistics.median(unknown) * 1000:.2f} ms, quartiles differ by {differs:.3f}")
            if differs < DIFFERENCE_MAX:
                return
    pytest.fail(f"the quartiles differ by {differs:.2f} of the time that a hash takes")


def test_unknown_names_cost_what_our_users_cost_where_these_differ(scratch):
    """Half of the users have a hash that is quick to check: so has about half of the names that nobody has, and
    a name takes the same work whenever it is asked about."""
    slow, fast, names = sha512(60_000), sha512(1000), 50
    users = "".join(f"user{number}@acme.example:{slow if number % 2 else fast}\n" for number in range(names))
    with Mailreeve(scratch / "service", configuration(), {"users": users}) as service:
        # The one is sixty times the other; their geometric mean is far from both.
        limit_s = (seconds(service, "user0@acme.example") * seconds(service, "user1@acme.example")) ** 0.5

        def is_slow(user):
            return seconds(service, user) > limit_s

        asked = [is_slow(f"nobody{number}@acme.example") for number in range(names)]
        assert names // 5 <= sum(asked) <= names * 4 // 5
        again = [is_slow(f"nobody{number}@acme.example") for number in range(8)]
        assert again == asked[:8]
