"""Servers of upstreams that are names in DNS: a real dnsmasq changes its mind, and sessions follow."""

import socket
import threading
from collections import Counter
from contextlib import contextmanager
from time import monotonic

import pytest

from harness import fastcgi
from harness.command import EXIT_PROBLEM, mailreeve
from harness.dns import Dns, dns_is_usable
from harness.mailreeve import Mailreeve
from harness.process import free_port, wait_until
from harness.setups import PASSWORD, USER, configuration, users_file

pytestmark = pytest.mark.skipif(not dns_is_usable(), reason="dnsmasq is not installed")

TTL_S = 1
# What a machine that is busy with other tests may add to it.
SLACK_S = 10
SERVICE = "_submission._tcp.acme.test"


@pytest.fixture
def dns(scratch):
    with Dns(scratch / "dns", ttl_s=TTL_S) as server:
        yield server


def site(servers, upstream='check = "none"', settings=""):
    text = configuration(settings)
    before, _, rest = text.partition('upstream "mta"')
    return before + f'upstream "mta" {{ {upstream} {servers} }}\n' + rest[rest.index("\n") + 1:]


def use(*servers):
    """The setting dns_servers."""
    return "dns_servers = {" + ", ".join(f'"{server}"' for server in servers) + "}\n"


@contextmanager
def running(scratch, text):
    # nobody's search domains are asked
    service = Mailreeve(scratch / "service", text, {"users": users_file()}, env={"LOCALDOMAIN": "."})
    with service:
        yield service


def login(service):
    return service.ask(fastcgi.login(USER, PASSWORD))


def sent_to(service, count=1):
    """Where so many logins were sent: {(address, port): how many}."""
    found = Counter()
    for _ in range(count):
        answer = login(service)
        found[answer["Auth-Server"], int(answer["Auth-Port"] or 0)] += 1
    return found


def wait_for(service, *wanted, timeout_s=TTL_S + SLACK_S):
    """Until logins go to all of these, and nowhere else. Returns how long that took."""
    began = monotonic()
    wait_until(lambda: set(sent_to(service, 2 * len(wanted))) == set(wanted), timeout_s, f"logins to go to {wanted}")
    return monotonic() - began


def servers_in_log(service):
    return {line["server"] for line in service.decisions() if line["verdict"] == "accept"}


class Listener:
    """A server that takes connections: as much as check = "tcp" wants."""

    def __init__(self, port=None):
        self.port = port or free_port()
        self._socket = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        try:
            while True:
                self._socket.accept()[0].close()
        except OSError:
            pass

    def stop(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        # or it would take connections of what has the same descriptor next
        self._thread.join()
        self._socket.close()


def test_a_changed_address_is_followed_within_its_ttl(scratch, dns):
    dns.set_hosts({"mta.test": ["127.0.0.1"]})
    with running(scratch, site('server "one" { address = "mta.test:10001" }', settings=use(dns.address))) as service:
        wait_for(service, ("127.0.0.1", 10001))
        dns.set_hosts({"mta.test": ["127.0.0.2"]})
        took_s = wait_for(service, ("127.0.0.2", 10001))
        print(f"followed after {took_s:.2f} s, the TTL being {TTL_S} s")
        dns.set_hosts({"mta.test": ["127.0.0.2", "127.0.0.3"]})
        wait_for(service, ("127.0.0.2", 10001), ("127.0.0.3", 10001))
        assert servers_in_log(service) == {"one"}


def test_a_name_that_is_gone_keeps_its_address(scratch, dns):
    dns.set_hosts({"gone.test": ["127.0.0.1"], "stays.test": ["127.0.0.1"]})
    servers = 'server "one" { address = "gone.test:10001" } server "two" { address = "stays.test:10002" }'
    with running(scratch, site(servers, settings=use(dns.address))) as service:
        wait_for(service, ("127.0.0.1", 10001), ("127.0.0.1", 10002))
        dns.set_hosts({"stays.test": ["127.0.0.2"]})
        wait_for(service, ("127.0.0.1", 10001), ("127.0.0.2", 10002))
        wait_until(lambda: service.events("name.unresolved"), SLACK_S, "a line about the name that is gone")
        line = service.events("name.unresolved")[0]
        assert (line["name"], line["error"]) == ("gone.test", "cannot resolve gone.test: there is no such name")


def test_dns_that_is_dead_is_temporary_at_first_and_harmless_later(scratch, dns):
    dns.set_hosts({"mta.test": ["127.0.0.1"]})
    dns.pause()
    with running(scratch, site('server "one" { address = "mta.test:10001" }', settings=use(dns.address))) as service:
        began = monotonic()
        answer = login(service)
        assert (answer["Auth-Error-Code"], answer["Auth-Server"]) == ("451 4.4.1", None)
        assert monotonic() - began < SLACK_S, "a session waited for DNS"
        dns.resume()
        wait_for(service, ("127.0.0.1", 10001), timeout_s=2 * SLACK_S)
        before = len(service.events("name.unresolved"))
        dns.pause()
        wait_until(lambda: len(service.events("name.unresolved")) > before, 2 * SLACK_S,
                   "a line about DNS that does not answer")
        assert set(sent_to(service, 3)) == {("127.0.0.1", 10001)}


def test_other_dns_servers_take_effect_with_a_reload(scratch, dns):
    dns.set_hosts({"mta.test": ["127.0.0.1"]})
    server = 'server "one" { address = "mta.test:10001" }'
    with Dns(scratch / "other", {"mta.test": ["127.0.0.9"]}, ttl_s=3600) as other:
        with running(scratch, site(server, settings=use(other.address))) as service:
            wait_for(service, ("127.0.0.9", 10001))
            # the other one's answer would hold for an hour
            service.configure(site(server, settings=use(f"127.0.0.1:{free_port()}", dns.address)))
            assert service.reload()["Status"].startswith("200")
            wait_for(service, ("127.0.0.1", 10001))


def test_the_servers_of_an_srv_record_share_by_weight_and_take_over_by_priority(scratch, dns):
    one, two, spare = (Listener() for _ in range(3))
    dns.set_hosts({f"{name}.acme.test": ["127.0.0.1"] for name in ("one", "two", "spare")})
    dns.set_services([(SERVICE, "spare.acme.test", spare.port, 20, 1), (SERVICE, "two.acme.test", two.port, 10, 1),
                      (SERVICE, "One.acme.test", one.port, 10, 3)])
    upstream = 'check = "tcp"  interval = 500ms  fall = 1  rise = 1'
    with running(scratch, site(f'server "all" {{ srv = "{SERVICE}" }}', upstream, use(dns.address))) as service:
        first, second, third = (("127.0.0.1", server.port) for server in (one, two, spare))
        wait_for(service, first, second)
        shares = sent_to(service, 40)
        # three to one, but for a check that this machine was too busy for
        assert set(shares) == {first, second} and 27 <= shares[first] <= 33, shares
        # a record's server is called by its host
        assert servers_in_log(service) == {"one.acme.test", "two.acme.test"}
        one.stop()
        wait_for(service, second)
        two.stop()
        wait_for(service, third)
        spare.stop()
        wait_until(lambda: not login(service).ok, SLACK_S, "nobody to be up")
        assert service.decisions()[-1]["reason"] == "route.none"
        again = Listener(two.port)
        wait_for(service, second)
        again.stop()


def test_a_changed_srv_record_is_followed(scratch, dns):
    dns.set_hosts({"one.acme.test": ["127.0.0.1"], "two.acme.test": ["127.0.0.2"]})
    dns.set_services([(SERVICE, "one.acme.test", 10001, 10, 0)])
    with running(scratch, site(f'server "all" {{ srv = "{SERVICE}" }}', settings=use(dns.address))) as service:
        wait_for(service, ("127.0.0.1", 10001))
        dns.set_services([(SERVICE, "one.acme.test", 10001, 10, 0), (SERVICE, "two.acme.test", 10002, 10, 0)])
        wait_for(service, ("127.0.0.1", 10001), ("127.0.0.2", 10002), timeout_s=2 * SLACK_S)
        # the target ".": there is no such service
        dns.set_services([(SERVICE,)])
        wait_until(lambda: not login(service).ok, 2 * SLACK_S, "a service that there is not to have no server")
        assert service.decisions()[-1]["reason"] == "route.none"


@pytest.mark.parametrize("setting, complaint", [
    ('dns_servers = {"dns.example"}', '"dns.example" is no address (write ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT)'),
    ('dns_servers = {' + ", ".join(f'"192.0.2.{i}"' for i in range(9)) + "}", "there are more than 8 DNS servers"),
])
def test_malformed_dns_servers_are_an_error(scratch, setting, complaint):
    path = scratch / "mailreeve.conf"
    (scratch / "users").write_text(users_file())
    (scratch / "users").chmod(0o600)
    path.write_text('socket = "auth.sock"\nstate { path = "state" }\n' + site('server "a" { address = "a.test:25" }',
                                                                              settings=setting + "\n"))
    done = mailreeve("check", "-c", path)
    assert done.returncode == EXIT_PROBLEM
    assert f"dns_servers: {complaint}" in done.stdout + done.stderr
