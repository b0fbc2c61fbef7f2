"""Logins through nginx: what mailreeve costs beside a do-nothing FastCGI responder that nginx asks in its place."""

from measure import BIN, mailreeve_auth, null_responder, print_rates, print_ratio, run_load, take_turns

from harness.door import FrontDoor
from harness.nginx import Nginx
from harness.process import Process, free_port, port_answers
from harness.slapd import Slapd, person

CLIENTS = 32
USERS = 100
NOTHING = "do-nothing libfcgi responder"
TARGET = 0.95
# crypt(3) by DES, the cheapest that libcrypt has: "secret" with the salt "ab".
CHEAP_HASH = "abNANd1rDfiNc"

STATIC_ANSWER = """
include mailreeve/site/http.conf;
server {
    include mailreeve/site/auth-server.conf;
    access_log off;
    keepalive_timeout 0;
    location / {
        add_header Auth-Status "Authentication failed" always;
        add_header Auth-Error-Code "535 5.7.8" always;
        return 204;
    }
}
"""

REFUSING_CONFIGURATION = """
max_attempts = 1
log_level = "warn"
list "staff" { kind = "user"  file = "staff" }
list "thieves" { kind = "ip"  file = "thieves" }
listener "mx" { auth = "on"  auth_ips = "deny thieves"  auth_users = "allow staff" }
source "users" { type = "users"  file = "users" }
"""

REMEMBERING_CONFIGURATION = """
log_level = "warn"
listener "mx" {{ auth = "on"  upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{"directory"}} }}
source "directory" {{
    type = "ldap"
    uri = {{"{slapd.uri}"}}
    bind_dn = "{slapd.service_dn}"  bind_password_file = "{slapd.service_password_file}"
    base = "{slapd.base}"  filter = "(mail=%u)"  cache = 5min
}}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:{port}" }} }}
"""


def _load(seconds, wanted, password, *target):
    return lambda: run_load(*target, seconds=seconds, clients=CLIENTS, wanted=wanted, name="user%d@acme.example",
                            users=USERS, password=password)


def _through(nginx):
    return "smtp", "127.0.0.1", nginx.ports["smtp"]


def refused_logins(folder, certificate, key, seconds, rounds):
    print(f"Refused logins through nginx (plain SMTP, one session each), {CLIENTS} clients:")
    folder.mkdir()
    files = {
        "users": "".join(f"user{i}@acme.example:{CHEAP_HASH}:\n" for i in range(USERS)),
        "staff": "".join(f"user{i}@acme.example\n" for i in range(10000)),
        "thieves": "".join(f"203.0.{i // 256}.{i % 256}\n" for i in range(10000)),
    }
    static = Nginx(folder / "static", folder / "unused.sock", certificate, key)
    (folder / "static" / "mailreeve" / "http.conf").write_text(STATIC_ANSWER)
    responder = null_responder(folder / "responder")
    null = Nginx(folder / "null", folder / "responder" / "null.sock", certificate, key)
    ours = FrontDoor(folder / "ours", certificate, key, REFUSING_CONFIGURATION, files)

    def load(nginx):
        return _load(seconds, "535 5.7.8", "wrong", *_through(nginx))

    with static, responder, null, ours:
        rates = take_turns(rounds, {"static answer": load(static), NOTHING: load(null), "mailreeve": load(ours.nginx)})
    print_rates(rates)
    print_ratio(rates, "mailreeve", NOTHING, TARGET)


def cached_logins(folder, certificate, key, seconds, rounds):
    """Accepted logins that a source remembers. Through nginx, as clients see them, both sides pay for the same
    way to the same upstream; nothing is promised of the question alone, on the service's own socket, where a
    responder that does nothing has nothing to do but system calls."""
    folder.mkdir()
    slapd = Slapd(folder / "slapd", [person(f"user{i}", f"pass{i}", "dc=acme,dc=example", f"user{i}@acme.example")
                                     for i in range(USERS)])
    port = free_port()
    sink = Process([BIN / "bench_sink", port], folder / "sink.log", ready=lambda: port_answers(port))
    configuration = REMEMBERING_CONFIGURATION.format(slapd=slapd, port=port)
    service = mailreeve_auth(folder / "service", configuration)
    ours = Nginx(folder / "ours", folder / "service" / "auth.sock", certificate, key)
    responder = null_responder(folder / "responder", port)
    null = Nginx(folder / "null", folder / "responder" / "null.sock", certificate, key)

    def through(nginx):
        return _load(seconds, "235 ", "pass%d", *_through(nginx))

    def alone(socket):
        return _load(seconds, "Auth-Status: OK", "pass%d", "fcgi", folder / socket, "mx")

    with slapd, sink, service, responder, ours, null:
        print(f"Cached logins through nginx (plain SMTP, one accepted session each), {CLIENTS} clients:")
        rates = take_turns(rounds, {NOTHING: through(null), "mailreeve": through(ours)})
        print_rates(rates)
        print_ratio(rates, "mailreeve", NOTHING, TARGET)
        print(f"The same without nginx (questions on kept FastCGI connections), {CLIENTS} clients:")
        rates = take_turns(rounds, {NOTHING: alone("responder/null.sock"), "mailreeve": alone("service/auth.sock")})
        print_rates(rates)
        print_ratio(rates, "mailreeve", NOTHING)
