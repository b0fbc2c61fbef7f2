"""Logins against an LDAP directory with nothing remembered: mailreeve beside a bare libldap loop and Dovecot's auth
service. "bind" searches and binds, "fetch" reads the password's hash from the entry."""

import base64
import getpass
import grp
import hashlib
import os
import re
import subprocess

from measure import BIN, mailreeve_auth, print_rates, print_ratio, run_load, take_turns

from harness.process import Process, socket_answers
from harness.slapd import Slapd, person

ENTRIES = 20000
USERS = 1000  # of them who log in
CLIENTS = (1, 16, 64)
CONNECTIONS = max(CLIENTS)  # as many as the loop has
LOOP, DOVECOT = "bare libldap loop", "Dovecot auth"

MAILREEVE_CONFIGURATION = """
log_level = "warn"
listener "submission" {{ auth = "on"  upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{"directory"}} }}
source "directory" {{
    type = "ldap"
    uri = {{"{slapd.uri}"}}
    bind_dn = "{slapd.service_dn}"  bind_password_file = "{slapd.service_password_file}"
    base = "{slapd.base}"  filter = "(mail=%u)"  connections = {connections}
    password = "{password}"  cache = 0  negative_cache = 0
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
base = {slapd.base}
pass_filter = (mail=%u)
"""

DOVECOT_PASSWORDS = {
    "bind": "auth_bind = yes\npass_attrs = uid=user\n",
    "fetch": "auth_bind = no\npass_attrs = uid=user, userPassword=password\n",
}


def _hash(password):
    """As slappasswd makes it; the salt has no secret to keep here."""
    salt = hashlib.md5(password.encode()).digest()[:8]
    return "{SSHA}" + base64.b64encode(hashlib.sha1(password.encode() + salt).digest() + salt).decode()


def _dovecot(folder, slapd, password):
    folder.mkdir()
    user, group = "dovecot", "dovecot"
    if os.getuid() != 0:
        user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
    (folder / "ldap.conf").write_text(DOVECOT_LDAP.format(slapd=slapd) + DOVECOT_PASSWORDS[password])
    (folder / "dovecot.conf").write_text(DOVECOT_CONFIGURATION.format(folder=folder, user=user, group=group))
    return Process(["dovecot", "-F", "-c", folder / "dovecot.conf"], folder / "dovecot.out",
                   ready=lambda: socket_answers(folder / "clients"))


def _run_loop(slapd, password, threads, seconds):
    done = subprocess.run(
        [BIN / "bench_ldap_loop", password, slapd.uri, slapd.base, slapd.service_dn, slapd.service_password,
         str(threads), str(seconds)], capture_output=True, text=True, check=True)
    return float(re.match(r"logins/s (\S+)", done.stdout).group(1))


def _compare(folder, slapd, password, clients, seconds, rounds):
    print(f"LDAP logins by {password}, nothing remembered, one slapd with {ENTRIES} entries, {clients} clients:")

    def load(wanted, *target):
        return lambda: run_load(*target, seconds=seconds, clients=clients, wanted=wanted, name="user%d@acme.example",
                                users=USERS, password="pass%d")

    rates = take_turns(rounds, {
        LOOP: lambda: _run_loop(slapd, password, clients, seconds),
        DOVECOT: load("OK", "dovecot", folder / "dovecot" / "clients"),
        "mailreeve": load("Auth-Status: OK", "fcgi", folder / "ours" / "auth.sock", "submission"),
    })
    print_rates(rates)
    # The loop has no way to the service and back. Beside a fetch that is much (74 us of processor time to the loop's
    # and the directory's 87, measured), beside a bind less. One client waits for each process on the way.
    is_promised = password == "bind" and clients > 1
    print_ratio(rates, "mailreeve", LOOP, 0.8 if is_promised else None)
    print_ratio(rates, "mailreeve", DOVECOT, 2.5 if is_promised else None)


def ldap_logins(folder, seconds, rounds):
    folder.mkdir()
    slapd = Slapd(folder / "slapd", [person(f"user{i}", _hash(f"pass{i}"), "dc=acme,dc=example",
                                            f"user{i}@acme.example") for i in range(ENTRIES)], service_sees="read")
    with slapd:
        for password in ("bind", "fetch"):
            of_one = folder / password
            of_one.mkdir()
            configuration = MAILREEVE_CONFIGURATION.format(slapd=slapd, connections=CONNECTIONS, password=password)
            with mailreeve_auth(of_one / "ours", configuration), _dovecot(of_one / "dovecot", slapd, password):
                for clients in CLIENTS:
                    _compare(of_one, slapd, password, clients, seconds, rounds)
