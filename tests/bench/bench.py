#!/usr/bin/env python3
"""Measures mailreeve beside what it stands on, in one run, and prints ratios: scripts/bench.sh calls it.

Absolute numbers belong to the machine; the ratios are what we promise. What is compared takes turns, round by
round; a ratio is taken within each round, so that a machine that slows down slows both sides down. Medians
are printed.
"""

import argparse
import getpass
import grp
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from harness.certs import Authority  # noqa: E402
from harness.door import FrontDoor  # noqa: E402
from harness.nginx import Nginx  # noqa: E402
from harness.process import Process, build_dir, make_scratch, remove_scratch, socket_answers  # noqa: E402
from harness.slapd import Slapd, person  # noqa: E402

BIN = build_dir() / "bin"
USERS = 100
# crypt(3) by DES, the cheapest that libcrypt has: "secret" with the salt "ab".
CHEAP_HASH = "abNANd1rDfiNc"
LDAP_ENTRIES = 20000
LDAP_USERS = 1000  # of them who log in
LDAP_CONNECTIONS = 16  # threads of the bare loop, each with one connection to search and one to bind
LOOP_LOGINS = 1000  # of each connection of the bare loop


def run_load(*args, seconds, clients, wanted, name, users, password):
    done = subprocess.run(
        [BIN / "bench_load", "-c", str(clients), "-s", str(seconds), "-w", wanted, "-n", name, "-u", str(users),
         "-p", password, *map(str, args)], capture_output=True, text=True, check=True)
    match = re.match(r"(\d+) logins/s p50 (\d+) us p99 (\d+) us failures (\d+)", done.stdout)
    rate, p50, p99, failures = map(int, match.groups())
    if failures:
        print(f"  {failures} failures: {done.stdout.splitlines()[-1]}")
    return rate


def take_turns(rounds, contestants):
    """contestants: {name: function that measures once}. Returns {name: a rate for each round}."""
    results = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, measure in contestants.items():
            results[name].append(measure())
    return results


def print_rates(rates):
    width = max(map(len, rates))
    for name, values in rates.items():
        print(f"  {name:{width}}  {statistics.median(values):8.0f} /s")


def print_ratio(rates, ours, theirs, target):
    ratio = statistics.median(a / b for a, b in zip(rates[ours], rates[theirs]))
    print(f"  ratio to {theirs}: {ratio:.2f} (target at least {target})")


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

FRONT_CONFIGURATION = """
max_attempts = 1
log_level = "warn"
list "staff" { kind = "user"  file = "staff" }
list "thieves" { kind = "ip"  file = "thieves" }
listener "mx" { auth = "on"  auth_ips = "deny thieves"  auth_users = "allow staff" }
source "users" { type = "users"  file = "users" }
"""


def front_door(folder, seconds, rounds):
    print("Refused logins through nginx (plain SMTP, one session each), 32 clients:")
    certificate, key = Authority(folder / "ca").issue("front")
    files = {
        "users": "".join(f"user{i}@acme.example:{CHEAP_HASH}:\n" for i in range(USERS)),
        "staff": "".join(f"user{i}@acme.example\n" for i in range(10000)),
        "thieves": "".join(f"203.0.{i // 256}.{i % 256}\n" for i in range(10000)),
    }
    static = Nginx(folder / "static", folder / "unused.sock", certificate, key)
    (folder / "static" / "mailreeve" / "http.conf").write_text(STATIC_ANSWER)
    null_socket = folder / "null.sock"
    null_responder = Process([BIN / "bench_null_responder", null_socket, 64], folder / "null.log",
                             ready=lambda: socket_answers(null_socket))
    null = Nginx(folder / "null", null_socket, certificate, key)
    ours = FrontDoor(folder / "ours", certificate, key, FRONT_CONFIGURATION, files)

    def measure(nginx):
        return lambda: run_load("smtp", "127.0.0.1", nginx.ports["smtp"], seconds=seconds, clients=32, wanted="535 5.7.8",
                                name="user%d@acme.example", users=USERS, password="wrong")

    with static, null_responder, null, ours:
        rates = take_turns(rounds, {"static answer": measure(static), "do-nothing libfcgi responder": measure(null),
                                    "mailreeve": measure(ours.nginx)})
    print_rates(rates)
    print_ratio(rates, "mailreeve", "do-nothing libfcgi responder", 0.95)


LDAP_CONFIGURATION = """
socket = "{folder}/auth.sock"
log_level = "warn"
listener "submission" {{ auth = "on"  upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{"directory"}} }}
source "directory" {{
    type = "ldap"
    uri = {{"{slapd.uri}"}}
    bind_dn = "{slapd.service_dn}"  bind_password_file = "{slapd.service_password_file}"
    base = "{slapd.base}"  filter = "(mail=%u)"  connections = {connections}
}}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:25" }} }}
"""

DOVECOT_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
auth_failure_delay = 0
passdb {{
  driver = ldap
  args = {folder}/ldap.conf
}}
userdb {{
  driver = static
  args = uid=1 gid=1 home=/nonexistent
}}
service auth {{
  client_limit = 4096
  unix_listener {folder}/clients {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""

DOVECOT_LDAP = """
uris = {slapd.uri}
dn = {slapd.service_dn}
dnpass = {slapd.service_password}
auth_bind = yes
base = {slapd.base}
pass_filter = (mail=%u)
pass_attrs = uid=user
"""


def dovecot_auth(folder, slapd):
    folder.mkdir()
    user, group = "dovecot", "dovecot"
    if os.getuid() != 0:
        user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
    (folder / "ldap.conf").write_text(DOVECOT_LDAP.format(slapd=slapd))
    (folder / "dovecot.conf").write_text(DOVECOT_CONFIGURATION.format(folder=folder, user=user, group=group))
    return Process(["dovecot", "-F", "-c", folder / "dovecot.conf"], folder / "dovecot.out",
                   ready=lambda: socket_answers(folder / "clients"))


def ldap_logins(folder, seconds, rounds, clients):
    print(f"Search-and-bind logins on one slapd with {LDAP_ENTRIES} entries, {clients} clients:")
    folder.mkdir()
    slapd = Slapd(folder / "slapd", [person(f"user{i}", f"pass{i}", "dc=acme,dc=example", f"user{i}@acme.example")
                                     for i in range(LDAP_ENTRIES)])
    configuration = folder / "mailreeve.conf"
    configuration.write_text(LDAP_CONFIGURATION.format(folder=folder, slapd=slapd, connections=2 * LDAP_CONNECTIONS))
    ours = Process([BIN / "mailreeve-auth", "-c", configuration], folder / "mailreeve.log",
                   ready=lambda: socket_answers(folder / "auth.sock"))
    dovecot = dovecot_auth(folder / "dovecot", slapd)

    def load(wanted, *target):
        return lambda: run_load(*target, seconds=seconds, clients=clients, wanted=wanted,
                                name="user%d@acme.example", users=LDAP_USERS, password="pass%d")

    def bare_loop():
        done = subprocess.run(
            [BIN / "bench_ldap_loop", slapd.uri, slapd.base, slapd.service_dn, slapd.service_password,
             str(LDAP_CONNECTIONS), str(LOOP_LOGINS)], capture_output=True, text=True, check=True)
        return float(re.match(r"logins/s (\S+)", done.stdout).group(1))

    with slapd, ours, dovecot:
        rates = take_turns(rounds, {
            "bare libldap loop": bare_loop,
            "Dovecot auth": load("OK", "dovecot", folder / "dovecot" / "clients"),
            "mailreeve": load("Auth-Status: OK", "fcgi", folder / "auth.sock", "submission"),
        })
    print_rates(rates)
    print_ratio(rates, "mailreeve", "bare libldap loop", 0.8)
    print_ratio(rates, "mailreeve", "Dovecot auth", 2.5)




def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=9, help="measurements of each")
    options = parser.parse_args()

    folder = make_scratch("bench")
    try:
        print("Lists:")
        subprocess.run([BIN / "bench_list"], check=True)
        print("Users file:")
        subprocess.run([BIN / "bench_users"], check=True)
        print("Decisions:")
        subprocess.run([BIN / "bench_decision"], check=True)
        front_door(folder / "front", options.seconds, options.rounds)
        for clients in (16, 64):
            ldap_logins(folder / f"ldap{clients}", options.seconds, options.rounds, clients)
    finally:
        remove_scratch(folder)


if __name__ == "__main__":
    main()
