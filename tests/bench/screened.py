"""What dynamic screening costs the service: logins a second without it, with it, and with it and a million bans; and
how often a session asks a Redis."""

import subprocess

from measure import BIN, mailreeve_auth, print_rates, print_ratio, run_load, take_turns

from front import CHEAP_HASH
from harness import fastcgi
from harness.nginx import Nginx
from harness.process import Process, free_port, port_answers
from harness.redis import Redis, redis_is_usable

CLIENTS = 32
USERS = 100
BANS = 1_000_000
STORE_BYTES = 1 << 30
WITHIN_NOISE = 0.95
ASKED = 500

OFF, ON, BANNED = "mailreeve without screening", "mailreeve with screening", "mailreeve with a million bans"

CONFIGURATION = """
log_level = "warn"
{state}
{screen}
listener "mx" {{ auth = "on"  upstream = "mta"  upstream_inbound = "mta" }}
organization "acme" {{ domains = {{"acme.example"}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:{port}" }} }}
"""
LMDB = 'state {{ path = "state"  size = "{size}" }}'
REDIS = 'state {{ engine = "redis"  url = "{url}" }}'


def _service(folder, port, screen, state):
    service = mailreeve_auth(folder, CONFIGURATION.format(state=state, screen=screen, port=port))
    users = folder / "users"
    users.write_text("".join(f"user{i}@acme.example:{CHEAP_HASH}:\n" for i in range(USERS)))
    users.chmod(0o600)
    return service


def _load(seconds, wanted, *target):
    return lambda: run_load(*target, seconds=seconds, clients=CLIENTS, wanted=wanted, name="user%d@acme.example",
                            users=USERS, password="secret")


def screened_logins(folder, certificate, key, seconds, rounds):
    """Accepted logins of a users file whose hashes cost nothing: what is left to compare is screening, of
    whole sessions as clients see them, and of the questions alone."""
    folder.mkdir()
    port = free_port()
    state = LMDB.format(size=STORE_BYTES)
    screens = {OFF: "", ON: "screen {}", BANNED: "screen {}"}
    services = {name: _service(folder / f"service{i}", port, screen, state)
                for i, (name, screen) in enumerate(screens.items())}
    folders = {name: folder / f"service{i}" for i, name in enumerate(screens)}
    subprocess.run([BIN / "bench_fill", folders[BANNED] / "state", str(STORE_BYTES), str(BANS)], check=True)
    doors = {name: Nginx(folder / f"nginx{i}", folders[name] / "auth.sock", certificate, key)
             for i, name in enumerate(screens)}
    sink = Process([BIN / "bench_sink", port], folder / "sink.log", ready=lambda: port_answers(port))
    started = []
    try:
        for thing in [sink, *services.values(), *doors.values()]:
            started.append(thing.start())
        print(f"Screened logins through nginx (plain SMTP, one accepted session each), {CLIENTS} clients:")
        rates = take_turns(rounds, {name: _load(seconds, "235 ", "smtp", "127.0.0.1", doors[name].ports["smtp"])
                                    for name in screens})
        _print(rates)
        print(f"The same without nginx (questions on kept FastCGI connections), {CLIENTS} clients:")
        rates = take_turns(rounds, {name: _load(seconds, "Auth-Status: OK", "fcgi", folders[name] / "auth.sock", "mx")
                                    for name in screens})
        _print(rates)
    finally:
        for thing in reversed(started):
            thing.stop()


def _print(rates):
    print_rates(rates)
    print_ratio(rates, ON, OFF)
    print_ratio(rates, BANNED, ON, WITHIN_NOISE)


def round_trips(folder):
    """Commands that a Redis runs for each phase of a session."""
    if not redis_is_usable():
        print("Redis is not installed")
        return
    folder.mkdir()
    with Redis(folder / "redis") as redis:
        state = REDIS.format(url=redis.url)
        with _service(folder / "service", 25, "screen {}", state):
            login = fastcgi.login("user1@acme.example", "secret", "mx", client="198.18.0.1")
            recipient = fastcgi.recipient("MAIL FROM:<a@far.example>", "RCPT TO:<user1@acme.example>", "mx")
            print("Commands that Redis runs for a session:")
            for name, params, phases in (("login", login, 2), ("recipient", recipient, 1)):
                _count_commands(redis, folder / "service" / "auth.sock", name, params, phases)


def _count_commands(redis, socket, name, params, phases):
    with fastcgi.Connection(socket) as connection:
        assert connection.ask(params).ok  # connects, loads the script
        before = redis.calls()
        for _ in range(ASKED):
            assert connection.ask(params).ok
        calls = redis.calls() - before
    print(f"  {name}: {calls / ASKED:.2f} (target {phases}: one for each phase)", flush=True)
