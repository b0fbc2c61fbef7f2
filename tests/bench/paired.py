"""What a second mailreeve-auth behind the same nginx brings: logins a second with one and with two, which share the
store of the machine."""

from measure import BIN, mailreeve_auth, print_rates, print_ratio, run_load, take_turns

from front import CHEAP_HASH
from harness.nginx import Nginx
from harness.process import Process, free_port, port_answers

CLIENTS = 32
USERS = 100
SERVERS = 1000

ONE, TWO = "one mailreeve", "two mailreeve"

CONFIGURATION = """
log_level = "warn"
state {{ path = "{state}" }}
screen {{}}
listener "mx" {{ auth = "on"  upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "mta" {{
    check = "none"
    {servers}
}}
"""


def _service(folder, port, state):
    servers = "\n    ".join(f'server "mta{i}" {{ address = "127.0.0.1:{port}" }}' for i in range(SERVERS))
    service = mailreeve_auth(folder, CONFIGURATION.format(state=state, servers=servers))
    users = folder / "users"
    users.write_text("".join(f"user{i}@acme.example:{CHEAP_HASH}:\n" for i in range(USERS)))
    users.chmod(0o600)
    return service


def paired_logins(folder, certificate, key, seconds, rounds):
    folder.mkdir()
    port = free_port()
    services = {name: _service(folder / name, port, folder / f"state-{name[0]}") for name in ("a", "b1", "b2")}
    sockets = {name: folder / name / "auth.sock" for name in services}
    doors = {ONE: Nginx(folder / "one", sockets["a"], certificate, key),
             TWO: Nginx(folder / "two", sockets["b1"], certificate, key, more_sockets=[sockets["b2"]])}
    sink = Process([BIN / "bench_sink", port], folder / "sink.log", ready=lambda: port_answers(port))
    started = []
    try:
        for thing in [sink, *services.values(), *doors.values()]:
            started.append(thing.start())
        print(f"Logins through one nginx (plain SMTP, one accepted session each), {SERVERS} servers, "
              f"{CLIENTS} clients:", flush=True)
        rates = take_turns(rounds, {name: lambda nginx=nginx: run_load(
            "smtp", "127.0.0.1", nginx.ports["smtp"], seconds=seconds, clients=CLIENTS, wanted="235 ",
            name="user%d@acme.example", users=USERS, password="secret") for name, nginx in doors.items()})
        print_rates(rates)
        print_ratio(rates, TWO, ONE)
    finally:
        for thing in reversed(started):
            thing.stop()
