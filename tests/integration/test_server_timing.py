"""Who asks how long an answer takes does not learn which names there are."""

import subprocess
import time

import pytest

from harness import fastcgi
from harness.mailreeve import Mailreeve
from harness.setups import configuration

# Costly enough to be told from everything else that an answer takes.
ROUNDS = 150_000
ASKED = 5

HASH = subprocess.run(["openssl", "passwd", "-6", "-salt", f"rounds={ROUNDS}$saltsalt", "-stdin"], input=b"right",
                      capture_output=True, check=True).stdout.decode().strip()


@pytest.fixture(scope="module")
def service(shared_scratch):
    users = f"anna@acme.example:{HASH}:\nolga@acme.example:{HASH}:disabled\n"
    with Mailreeve(shared_scratch / "service", configuration(), {"users": users}) as running:
        yield running


def seconds(service, user):
    """How long the service takes to refuse that name with a wrong password."""
    took = []
    for _ in range(ASKED):
        began = time.monotonic()
        answer = service.ask(fastcgi.login(user, "wrong"))
        took.append(time.monotonic() - began)
        assert answer["Auth-Error-Code"] == "535 5.7.8"
    return min(took)


@pytest.mark.parametrize("user", ["nobody@acme.example", "olga@acme.example", "nobody@nowhere.example", "nobody"])
def test_a_name_that_cannot_log_in_takes_as_long_as_one_that_can(service, user):
    known = seconds(service, "anna@acme.example")
    assert known > 0.02, "the hash is too cheap for this test"
    assert known / 2 < seconds(service, user) < known * 2
