"""One tenant's slow mail server must not slow down another tenant's directory."""

import re
import resource
import subprocess
from pathlib import Path

import pytest

from harness.door import FrontDoor
from harness.process import build_dir, wait_until
from harness.slapd import Slapd, person, slapd_is_usable
from harness.sink import Sink
from harness.smtp_script import SmtpScript

SLOW_SESSIONS = 2000
# nginx holds four for each: the client, the question, its answering end, and FastCGI.
DESCRIPTORS = 5 * SLOW_SESSIONS
LOAD = build_dir() / "bin" / "bench_load"

CONFIGURATION = """
max_attempts = 1
listener "mx" {{ auth = "on"  upstream = "mta" }}
organization "quick" {{ domains = {{"quick.example"}}  sources = {{"directory"}} }}
organization "slow" {{ domains = {{"slow.example"}}  sources = {{"slow"}} }}
source "directory" {{
    type = "ldap"  uri = {{"{slapd.uri}"}}
    bind_dn = "{slapd.service_dn}"  bind_password_file = "{slapd.service_password_file}"
    base = "{slapd.base}"  filter = "(mail=%u)"  cache = 0  negative_cache = 0
}}
source "slow" {{
    type = "smtp"  server = {{"{slow.address}"}}  tls = "none"  connections = {connections}  cache = 0  negative_cache = 0
}}
upstream "mta" {{ check = "none"  server "sink" {{ address = "127.0.0.1:{sink.port}" }} }}
"""


def start_load(port, name, wanted, clients, seconds):
    return subprocess.Popen(
        # A name for each: many logins of one name at a time, from the host of the slow server, look like a loop.
        [LOAD, "-c", str(clients), "-u", str(clients), "-s", str(seconds), "-n", name, "-p", "secret", "-w", wanted, "smtp", "127.0.0.1",
         str(port)], stdout=subprocess.PIPE, text=True)


def result_of(load):
    """(logins done, 99th percentile in ms, failures, the whole text)"""
    text, _ = load.communicate(timeout=90)
    rate, p99_us, failures = re.search(r"(\d+) logins/s .* p99 (\d+) us failures (\d+)", text).groups()
    return int(rate), int(p99_us) / 1000, int(failures), text


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))


@pytest.fixture
def many_descriptors():
    """Lets what the test starts have as many as this user may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        pytest.skip(f"a process may have {hard} descriptors here, the test takes {DESCRIPTORS}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(not LOAD.exists(), reason="memory and time are measured in the Release build only")
@pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")
def test_two_thousand_slow_sessions_do_not_slow_down_a_directory(scratch, front_certificate, many_descriptors):
    slow = SmtpScript(scratch, delay=5, password="another")
    slapd = Slapd(scratch / "slapd", [person("anna", "secret", "dc=acme,dc=example", "anna@quick.example")])
    with slow, slapd, Sink() as sink:
        text = CONFIGURATION.format(slapd=slapd, slow=slow, sink=sink, connections=SLOW_SESSIONS)
        with FrontDoor(scratch / "door", *front_certificate, text) as door:
            port, pid = door.ports["smtp"], door.service.pid
            _, quiet_ms, failures, output = result_of(start_load(port, "anna@quick.example", "235", 4, 4))
            assert failures == 0, output
            before_kib = resident_kib(pid)

            # Each session takes five seconds and ends in 535; the load starts the next one until its time is up.
            crowd = start_load(port, "user%d@slow.example", "535", SLOW_SESSIONS, 12)
            wait_until(lambda: slow.stats()["open"] > SLOW_SESSIONS, 30, "all sessions at the slow server")
            waiting_kib = (resident_kib(pid) - before_kib) / SLOW_SESSIONS
            _, busy_ms, failures, output = result_of(start_load(port, "anna@quick.example", "235", 4, 4))
            assert failures == 0, output

            _, _, crowd_failures, crowd_output = result_of(crowd)
            assert crowd_failures == 0, crowd_output
    print(f"p99 of the directory's logins: {quiet_ms:.1f} ms quiet, {busy_ms:.1f} ms beside {SLOW_SESSIONS} sessions; "
          f"{waiting_kib:.1f} KiB a waiting session")
    assert busy_ms < 10 * quiet_ms
    assert waiting_kib < 64
