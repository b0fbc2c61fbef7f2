"""A tenant whose directory is dead does not slow another tenant: both on one service, with real directories."""

import statistics
import threading
import time

import pytest

from harness import fastcgi
from harness.mailreeve import Mailreeve
from harness.process import wait_until
from harness.slapd import Slapd, person, slapd_is_usable

pytestmark = pytest.mark.skipif(not slapd_is_usable(), reason="slapd is not installed")

CROWD = 300
LOGINS = 120

CONFIGURATION = """
failure_delay = 0s
listener "submission" {{ auth = "on"  upstream = "mta" }}
organization "well" {{ domains = {{"well.example"}}  sources = {{"well"}} }}
organization "dead" {{ domains = {{"dead.example"}}  sources = {{"dead"}} }}
source "well" {{
    type = "ldap"  uri = {{"{well.uri}"}}  base = "{well.base}"  filter = "(mail=%u)"  cache = 0  negative_cache = 0
    bind_dn = "{well.service_dn}"  bind_password_file = "{well.service_password_file}"
}}
source "dead" {{
    type = "ldap"  uri = {{"{dead.uri}"}}  base = "{dead.base}"  filter = "(mail=%u)"  cache = 0  negative_cache = 0
    bind_dn = "{dead.service_dn}"  bind_password_file = "{dead.service_password_file}"
    connections = 8  connect_timeout = 1s  timeout = 1s
}}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:10025" }} }}
"""

UNAVAILABLE = "454 4.7.0"
# Half of the other tenant's logins may take so many times as long as when all was quiet, or 20 ms where that is more:
# hundreds of clients use up the machine's time for a moment, however little each asks for.
SLOWER_MAX = 5
NOISE_S = 0.02


class Crowd:
    """Clients of the dead tenant, who come back half a second after each answer. `answers` counts what they were told."""

    def __init__(self, service):
        self.answers = {}
        self.slowest_s = 0.0
        self._service = service
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(CROWD)]

    def _run(self, number):
        while not self._stop.is_set():
            began = time.monotonic()
            answer = self._service.ask(fastcgi.login(f"user{number}@dead.example", "secret"))
            took = time.monotonic() - began
            told = "OK" if answer.ok else answer["Auth-Error-Code"]
            with self._lock:
                self.answers[told] = self.answers.get(told, 0) + 1
                self.slowest_s = max(self.slowest_s, took)
            self._stop.wait(0.5)

    def told(self):
        with self._lock:
            return sum(self.answers.values())

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def login_times(service):
    """How long each of the other tenant's logins takes; all of them must be accepted."""
    took = []
    with service.connect() as connection:
        for _ in range(LOGINS):
            began = time.monotonic()
            answer = connection.ask(fastcgi.login("anna@well.example", "secret"))
            took.append(time.monotonic() - began)
            assert answer.ok, answer
            refused = connection.ask(fastcgi.login("anna@well.example", "wrong"))
            assert refused["Auth-Error-Code"] == "535 5.7.8", refused
    return took


def logs_in(service, user):
    return service.ask(fastcgi.login(user, "secret")).ok


def test_a_dead_directory_does_not_slow_another_tenant(scratch):
    well = Slapd(scratch / "well", [person("anna", "secret", "dc=acme,dc=example", "anna@well.example")])
    dead = Slapd(scratch / "dead", [person("user0", "secret", "dc=acme,dc=example", "user0@dead.example")])
    with well, dead:
        with Mailreeve(scratch / "service", CONFIGURATION.format(well=well, dead=dead)) as service:
            assert logs_in(service, "user0@dead.example")
            quiet_s = statistics.median(login_times(service))
            dead.pause()
            try:
                with Crowd(service) as crowd:
                    beside_line = login_times(service)
                    wait_until(lambda: crowd.told() > CROWD, 30, "answers to all of the dead tenant's clients")
                    beside_refused = login_times(service)
            finally:
                dead.resume()
            # Nobody knows whose password was right; nobody is told that it was wrong.
            assert set(crowd.answers) == {UNAVAILABLE}
            assert crowd.slowest_s < 10, "the dead tenant's own clients wait no longer than its timeouts"
            wait_until(lambda: logs_in(service, "user0@dead.example"), 30, "the dead tenant's directory back in use")
    busy_s = [statistics.median(took) for took in (beside_line, beside_refused)]
    print(f"{CROWD} clients of the dead tenant: {crowd.told()} answers, the slowest after {crowd.slowest_s:.1f} s; the "
          f"other tenant's logins: {quiet_s * 1000:.1f} ms quiet, {busy_s[0] * 1000:.1f} ms while those wait, "
          f"{busy_s[1] * 1000:.1f} ms while they are turned away")
    assert max(busy_s) < max(SLOWER_MAX * quiet_s, NOISE_S)
