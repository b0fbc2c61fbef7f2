"""Fixtures that every integration test may use. What takes seconds to start is started once a file.

MAILREEVE_KEEP=1 keeps the scratch folders (and says where they are).
"""

import os
import signal
import subprocess
import sys

import pytest

from harness.certs import Authority
from harness.dovecot import Dovecot, dovecot_is_usable
from harness.postfix import Postfix, postfix_is_usable
from harness.process import make_scratch, remove_scratch
from harness.redis import Redis, redis_is_usable
from harness.relay import PostfixRelay, SinkRelay
from harness.sink import Sink

# No test may hang, and none is to fail for a machine that is several times as slow: the slowest takes less than a fifth.
TEST_TIMEOUT_S = 300

DOVECOT_USERS = {
    "nina@tenant.example": "nina-secret-1",
    "leo@local.example": "leo-secret-2",
    "lena@ldap.example": "lena-secret-3",
}


def _end_in_order(*_):
    sys.exit("ended from outside")


def pytest_configure(config):
    # ctest and people end a run by SIGTERM: fixtures then still end their servers.
    signal.signal(signal.SIGTERM, _end_in_order)
    # A shell ignores SIGINT for what it runs in the background, and so would all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "timeout_s(seconds): another limit than the usual one")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    marker = item.get_closest_marker("timeout_s")
    limit_s = marker.args[0] if marker else TEST_TIMEOUT_S

    def too_long(*_):
        pytest.fail(f"the test took more than {limit_s} s")

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(limit_s)
    yield
    signal.alarm(0)


def _scratch(name):
    folder = make_scratch(name)
    yield folder
    if os.environ.get("MAILREEVE_KEEP"):
        print(f"kept: {folder}")
    else:
        remove_scratch(folder)


@pytest.fixture
def scratch():
    """A folder for one test, with a short path that every user may enter."""
    yield from _scratch("test")


@pytest.fixture(scope="module")
def shared_scratch():
    """A folder for what the tests of one file share."""
    yield from _scratch("file")


@pytest.fixture(scope="session")
def crypt_hash():
    """password -> a crypt(3) hash for a users file."""
    def make(password):
        return subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True,
                              text=True, check=True).stdout.strip()
    return make


@pytest.fixture(scope="module")
def authority(shared_scratch):
    """A certificate authority."""
    return Authority(shared_scratch / "certs")


@pytest.fixture(scope="module")
def front_certificate(authority):
    """(certificate, key) of the front door."""
    return authority.issue("front", names=("localhost", "mail.example.com"))


@pytest.fixture(scope="module")
def dovecot(shared_scratch):
    """Mailboxes and a SASL server that know DOVECOT_USERS."""
    if not dovecot_is_usable():
        pytest.skip("Dovecot is not installed")
    with Dovecot(shared_scratch / "dovecot", DOVECOT_USERS) as server:
        yield server


@pytest.fixture(scope="module")
def postfix(shared_scratch, authority, dovecot):
    """The mail servers behind the front door."""
    if not postfix_is_usable():
        pytest.skip("Postfix can only be started by root")
    certificate, key = authority.issue("postfix")
    with Postfix(shared_scratch / "postfix", certificate, key, sasl=dovecot.sasl) as server:
        yield server


@pytest.fixture(scope="module")
def relay(request):
    """The mail server behind the front door for those who have logged in."""
    if postfix_is_usable():
        yield PostfixRelay(request.getfixturevalue("postfix"))
        return
    with Sink() as sink:
        yield SinkRelay(sink)


@pytest.fixture(scope="module")
def redis_server(shared_scratch):
    """A Redis for the stores of what a file tests."""
    if not redis_is_usable():
        pytest.skip("redis-server is not installed")
    with Redis(shared_scratch / "redis") as server:
        yield server


@pytest.fixture(params=["lmdb", "redis"])
def store_section(request, scratch):
    """The `state` section of a store that nobody else has: the test runs on both engines."""
    if request.param == "lmdb":
        return 'state { path = "state"  size = "4M"  timeout = 5s }'
    server = request.getfixturevalue("redis_server")
    return f'state {{ engine = "redis"  url = "{server.url}"  prefix = "{scratch.name}:"  timeout = 5s }}'
