"""A host without any address of IPv4: what both services ask is at addresses of IPv6, and what they find out there holds.
Servers and services run in a network of their own; what they listen to by a path is asked from outside."""

import json
import sys

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, mailreeve
from harness.dns import dns_is_usable
from harness.guard import Guard
from harness.mailreeve import Mailreeve
from harness.netns import NetworkNamespace, network_namespaces_are_usable
from harness.nginx import has_ipv6
from harness.process import Process, free_port, wait_until
from harness.redis import Redis, redis_is_usable
from harness.setups import PASSWORD, USER, users_file

FAR = "zoe@far.test"  # whose password the SMTP server knows
ADDRESS = "2001:db8::25"

# A mail server at ::1 and ADDRESS that takes the login of anybody.
SMTP = """
import socket, socketserver, sys
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 six ESMTP\\r\\n")
        for line in self.rfile:
            word = line.split()[0].upper()
            said = {b"EHLO": "250-six\\r\\n250 AUTH PLAIN", b"AUTH": "235 2.7.0 in", b"QUIT": "221 bye"}
            self.wfile.write(said.get(word, "250 2.0.0 ok").encode() + b"\\r\\n")
            if word == b"QUIT":
                return
class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    daemon_threads = allow_reuse_address = True
with Server(("::", int(sys.argv[1])), Handler) as server:
    print("listening", flush=True)
    server.serve_forever()
"""

CONFIGURATION = """
failure_delay = 1s
dns_servers = {{"[::1]:{dns}"}}
listener "submission" {{ auth = "on"  upstream = "by-address" }}
listener "by-name" {{ auth = "on"  upstream = "by-name" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
organization "far" {{ domains = {{"far.test"}}  sources = {{"six"}} }}
source "users" {{ type = "users"  file = "users" }}
source "six" {{ type = "smtp"  server = {{"[{address}]:{smtp}"}}  tls = "none"  mechanisms = {{"plain"}} }}
upstream "by-address" {{ check = "smtp"  interval = 100ms  server "six" {{ address = "[::1]:{smtp}" }} }}
upstream "by-name" {{ check = "smtp"  interval = 100ms  server "six" {{ address = "six.test:{smtp}" }} }}
screen {{ failures = 3  ban = {{"1h"}} }}
state {{ engine = "redis"  url = "redis://[::1]:{redis}"  timeout = 5s }}
"""


@pytest.fixture(scope="module")
def six(shared_scratch):
    """(the network, the configuration's text): a mail server, DNS and Redis are in there."""
    if not network_namespaces_are_usable() or not has_ipv6():
        pytest.skip("only root can make a network namespace, and it takes IPv6")
    if not redis_is_usable() or not dns_is_usable():
        pytest.skip("redis-server or dnsmasq is not installed")
    smtp_port, dns_port = free_port(), free_port()
    with NetworkNamespace(shared_scratch, [ADDRESS], ipv4=False) as space:
        assert "127.0.0.1" not in space.run("ip", "address").stdout
        smtp = Process([*space.enter, sys.executable, "-c", SMTP, smtp_port], shared_scratch / "smtp.log",
                       ready=lambda: "listening" in smtp.output())
        dns = Process([*space.enter, "dnsmasq", "--no-daemon", f"--port={dns_port}", "--listen-address=::1",
                       "--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file=", "--local=/test/",
                       f"--host-record=six.test,{ADDRESS}", "--conf-file=/dev/null"], shared_scratch / "dns.log",
                      ready=lambda: "started" in dns.output())
        redis = Redis(shared_scratch / "redis", settings=["--bind", "::1"])
        redis.process.argv = [*space.enter, *redis.process.argv]
        with smtp, dns, redis:
            yield space, CONFIGURATION.format(dns=dns_port, smtp=smtp_port, redis=redis.port, address=ADDRESS)


@pytest.fixture(scope="module")
def service(six, shared_scratch):
    space, text = six
    with Mailreeve(shared_scratch / "service", text, {"users": users_file()}, wrapper=space.enter) as running:
        yield running


def status(service):
    return json.loads(service.ask({"DOCUMENT_URI": "/status", "REQUEST_METHOD": "GET"}).body)


def test_the_store_and_all_servers_are_up(service):
    wait_until(lambda: status(service)["status"] == "ok", 30, "the status to be ok")
    said = mailreeve("status", "-c", service.path)
    assert said.returncode == EXIT_OK and "store redis: up" in said.stdout, said.stdout
    assert said.stdout.count(": six up") == 2, said.stdout


@pytest.mark.parametrize("listener, server", [("submission", "::1"), ("by-name", ADDRESS)])
@pytest.mark.parametrize("user", [USER, FAR])
def test_a_login_is_handed_to_its_server(service, user, listener, server):
    wait_until(lambda: status(service)["status"] == "ok", 30, "the status to be ok")
    answer = service.ask(fastcgi.login(user, PASSWORD, listener=listener, client="2001:db8:1::7"))
    assert answer.ok and answer["Auth-Server"] == server, answer


def test_a_ban_is_of_the_clients_network(service):
    for number in range(3):
        service.ask(fastcgi.login(USER, f"wrong {number}", client=f"2001:db8:2::{number}"))
    answer = service.ask(fastcgi.login(USER, PASSWORD, client="2001:db8:2::ffff"))
    assert answer["Auth-Error-Code"] == "421 4.7.0"
    assert "2001:db8:2::/64" in service.log


def test_the_guard_lets_a_users_message_pass(six, shared_scratch):
    space, text = six
    text = text.replace('listener "by-name" { auth = "on"  upstream = "by-name" }', "")
    with Guard(shared_scratch / "guard", text, {"users": users_file()}, wrapper=space.enter) as guard:
        assert guard.send() == "continue"
        assert not guard.events("store.down")
