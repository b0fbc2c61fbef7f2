"""The store in a Redis that is killed, stopped, flushed, failed over or answers errors: sessions go on, the status says
degraded, windows are closed, and what is counted resumes with the server. Real servers, through mailreeve-auth."""

import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import fastcgi
from harness.command import EXIT_OK, EXIT_PROBLEM, EXIT_TEMPORARY, mailreeve
from harness.mailreeve import Mailreeve
from harness.process import wait_until
from harness.redis import Redis, RedisError, Sentinels, redis_is_usable, sentinel_is_usable
from harness.setups import PASSWORD, USER, users_file

CONFIGURATION = """
failure_delay = 1s
{state}
screen {{ failures = 3  within = 1h  ban = {{{bans}}} }}
listener "submission" {{ require_auth = true  relay_window = 15min  upstream = "mta"  upstream_inbound = "mta" }}
listener "pop3" {{ upstream = "mta" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:10025" }} }}
"""

# What a session may take longer for a store that does not answer: its `timeout`, for each of the two questions.
TIMEOUT_S = 0.5
LONGEST_S = 2 * TIMEOUT_S + 1.5

pytestmark = pytest.mark.skipif(not redis_is_usable(), reason="redis-server is not installed")

addresses = (f"198.51.100.{last}" for last in range(1, 255))


@pytest.fixture
def client():
    """An address that no other test comes from."""
    return next(addresses)


@pytest.fixture
def redis(scratch):
    with Redis(scratch / "redis") as server:
        yield server


@pytest.fixture
def make_service(scratch):
    """make_service(url, settings of the section) -> the service, started. bans: how long the first one is, and so on."""
    services = []

    def make(url, settings="", files=None, bans='"1h"'):
        where = f'url = "{url}"' if url else ""
        state = f'state {{ engine = "redis"  {where}  {settings} }}'
        service = Mailreeve(scratch / f"service{len(services)}", CONFIGURATION.format(state=state, bans=bans),
                            {"users": users_file(), **(files or {})})
        services.append(service)
        return service.start()

    yield make
    for service in services:
        service.stop()


# --- what clients do, and what is seen of it ---------------------------------------------------------------------

def log_in(service, client, password=PASSWORD, listener="submission", protocol="smtp"):
    return service.ask(fastcgi.login(USER, password, listener, protocol, client=client))


def fail(service, client, times=3):
    """So many wrong passwords one after the other; the third bans."""
    return [log_in(service, client, f"wrong {i} {time.monotonic()}") for i in range(times)]


def open_window(service, client):
    assert log_in(service, client, listener="pop3", protocol="pop3").ok


def may_relay(service, client):
    """Whether somebody who does not log in may send to the world."""
    answer = service.ask(fastcgi.recipient(f"MAIL FROM:<{USER}>", "RCPT TO:<b@far.example>", "submission", tls=True,
                                           client=client))
    return answer.ok


def is_banned(service, client):
    answer = log_in(service, client)
    assert answer.ok or answer["Auth-Error-Code"].startswith("421"), answer
    return not answer.ok


def status(service):
    return json.loads(service.ask({"DOCUMENT_URI": "/status", "REQUEST_METHOD": "GET"}).body)


def store(service):
    return status(service)["store"]


def wait_for_store(service, up=True):
    """Waits until the store is up (or down); returns what the status says of it."""
    wait_until(lambda: store(service)["up"] == up, 20, f"the store to be {'up' if up else 'down'}")
    found = status(service)
    assert found["status"] == ("ok" if up else "degraded")
    return found["store"]


def assert_sessions_go_on(service, client):
    """With the store down: right passwords are right, wrong ones wrong, windows closed, and all of it in time."""
    for password, expected in ((PASSWORD, True), ("wrong", False), (PASSWORD, True)):
        began = time.monotonic()
        assert log_in(service, client, password).ok is expected
        assert time.monotonic() - began < LONGEST_S + (0 if expected else 1)
    began = time.monotonic()
    assert not may_relay(service, client)
    assert time.monotonic() - began < LONGEST_S


def connections(redis):
    """The ids of those that have run scripts."""
    return {line.split()[0] for line in redis.ask("CLIENT", "LIST").decode().splitlines() if "cmd=evalsha" in line}


# --- outages -----------------------------------------------------------------------------------------------------

def test_bans_and_windows_are_in_the_server(make_service, redis, client):
    service = make_service(redis.url)
    other = make_service(redis.url)
    open_window(service, client)
    assert may_relay(other, client)
    fail(service, client)
    assert is_banned(other, client)
    wait_until(lambda: (store(other)["bans"], store(other)["windows"]) == (1, 1), 10, "the status to count them")


def test_a_killed_server_is_no_obstacle_and_counting_resumes_with_it(make_service, redis, client):
    service = make_service(redis.url)
    open_window(service, client)
    assert may_relay(service, client)
    redis.kill()
    assert_sessions_go_on(service, client)
    down = wait_for_store(service, up=False)
    assert f"cannot connect to 127.0.0.1:{redis.port}" in down["error"] or "closed the connection" in down["error"]
    fail(service, client)
    assert not is_banned(service, client)

    redis.start()
    wait_for_store(service)
    assert not may_relay(service, client)  # the server has lost its memory
    fail(service, client)
    assert is_banned(service, client)
    assert len(service.events("store.down")) == 1 and len(service.events("store.up")) == 1


def test_a_service_starts_without_its_server_and_finds_it_later(make_service, redis, client):
    redis.kill()
    service = make_service(redis.url)
    assert_sessions_go_on(service, client)
    redis.start()
    wait_for_store(service)
    fail(service, client)
    assert is_banned(service, client)


def test_a_stopped_server_costs_its_timeout_once_and_nothing_is_forgotten(make_service, redis, client):
    service = make_service(redis.url)
    open_window(service, client)
    fail(service, "203.0.113.9")
    redis.pause()
    try:
        assert_sessions_go_on(service, client)
        wait_for_store(service, up=False)
        began = time.monotonic()
        with ThreadPoolExecutor(20) as pool:
            assert all(answer.ok for answer in pool.map(lambda _: log_in(service, client), range(40)))
        assert time.monotonic() - began < LONGEST_S
    finally:
        redis.resume()
    wait_for_store(service)
    assert may_relay(service, client)
    assert is_banned(service, "203.0.113.9")


def test_a_flushed_server_is_begun_anew(make_service, redis, client):
    service = make_service(redis.url)
    open_window(service, client)
    fail(service, "203.0.113.9")
    salt = redis.ask("GET", "mailreeve:salt")
    redis.ask("FLUSHALL")
    redis.ask("SCRIPT", "FLUSH")
    assert not may_relay(service, client)
    assert not is_banned(service, "203.0.113.9")
    fail(service, client)
    assert is_banned(service, client)
    wait_until(lambda: redis.ask("EXISTS", "mailreeve:salt"), 10, "the salt")
    assert redis.ask("GET", "mailreeve:salt") == salt  # digests of before mean the same
    assert store(service)["up"] and store(service)["failures"] == 0


def test_idle_connections_that_the_server_closed_are_no_outage(make_service, redis, client):
    service = make_service(redis.url)
    with ThreadPoolExecutor(8) as pool:
        assert all(answer.ok for answer in pool.map(lambda _: log_in(service, client), range(16)))
    for _ in range(5):
        redis.ask("CLIENT", "KILL", "TYPE", "normal")
        assert log_in(service, client).ok
    assert store(service)["up"] and "store.down" not in service.log


def test_a_loop_of_somebody_elses_script_is_an_outage(make_service, redis, client):
    redis.ask("CONFIG", "SET", "busy-reply-threshold", "50")
    service = make_service(redis.url)
    assert log_in(service, client).ok
    with ThreadPoolExecutor(1) as pool:
        loop = pool.submit(pytest.raises, RedisError, redis.ask, "EVAL", "while true do end", 0)
        wait_for_store(service, up=False)
        assert_sessions_go_on(service, client)
        wait_until(lambda: "BUSY" in (store(service)["error"] or ""), 20, "the error to be told")
        redis.ask("SCRIPT", "KILL")
        loop.result(20)
    wait_for_store(service)
    fail(service, client)
    assert is_banned(service, client)


# name: (what breaks the server, the error's text, what mends it)
ERRORS = {
    "a replica now": ([("REPLICAOF", "127.0.0.1", "1")], r"is no master but a replica|READONLY",
                      [("REPLICAOF", "NO", "ONE")]),
    "too few replicas": ([("CONFIG", "SET", "min-replicas-to-write", "1")], r"NOREPLICAS",
                         [("CONFIG", "SET", "min-replicas-to-write", "0")]),
    "no rights": ([("ACL", "SETUSER", "default", "-@all", "+ping", "+acl", "+config", "+info")], r"NOPERM",
                  [("ACL", "SETUSER", "default", "+@all")]),
    "others' keys": ([("DEL", "mailreeve:bans", "mailreeve:salt"), ("HSET", "mailreeve:bans", "a", "b"),
                      ("HSET", "mailreeve:salt", "a", "b")], r"WRONGTYPE .*set another",
                     [("DEL", "mailreeve:bans", "mailreeve:salt")]),
    "a short salt": ([("SET", "mailreeve:salt", "short")], r"what nobody asked for", [("DEL", "mailreeve:salt")]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_an_outage_and_end_with_it(make_service, redis, client, name):
    breaking, error, mending = ERRORS[name]
    service = make_service(redis.url)
    assert log_in(service, client).ok
    for words in breaking:
        redis.ask(*words)
    # a pulse that only reads tells nothing of what cannot be written: somebody fails
    wait_until(lambda: fail(service, client, 1) and not store(service)["up"], 20, "the store to be down")
    wait_until(lambda: re.search(error, store(service)["error"] or ""), 20, f"the error {error}")
    assert_sessions_go_on(service, client)
    for words in mending:
        redis.ask(*words)
    wait_for_store(service)
    fail(service, client)
    assert is_banned(service, client)


def test_a_connection_that_was_not_answered_as_it_should_is_not_used_again(make_service, redis, client):
    """What comes on it later may be the answer to what was asked before."""
    service = make_service(redis.url, "connections = 1")
    for breaking, mending in [(redis.pause, redis.resume),
                              (lambda: redis.ask("CONFIG", "SET", "min-replicas-to-write", "1"),
                               lambda: redis.ask("CONFIG", "SET", "min-replicas-to-write", "0"))]:
        assert log_in(service, client).ok
        [before] = connections(redis)
        breaking()
        fail(service, client, 1)
        mending()
        wait_for_store(service)
        assert log_in(service, client).ok
        assert before not in connections(redis)


# --- a server that is full ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("policy", ["volatile-lru", "volatile-ttl", "volatile-random"])
def test_what_floods_a_server_evicts_no_ban(make_service, scratch, client, policy):
    """Bans must outlive what ends later than they do, and is used as little."""
    with Redis(scratch / "small", settings=["--maxmemory", "4mb", "--maxmemory-policy", policy]) as redis:
        service = make_service(redis.url)
        fail(service, client)
        open_window(service, "203.0.113.9")
        redis.ask("EVAL", "for i = 1, 30 do redis.call('SET', 'soon:' .. i, 'x', 'PX', 60000) end", 0)
        for i in range(40):
            redis.ask("EVAL", "for i = 1, 1000 do redis.call('SET', ARGV[1] .. i, string.rep('x', 100), 'EX', 864000) "
                      "end", 0, f"later:{i}:")
        evicted = re.search(r"evicted_keys:(\d+)", redis.ask("INFO", "stats").decode())
        assert int(evicted[1]) > 10000
        assert is_banned(service, client)
        assert client in mailreeve("ban", "list", "-c", service.path).stdout
        fail(service, "203.0.113.10")
        assert is_banned(service, "203.0.113.10")
        wait_until(lambda: store(service)["bans"] == 2, 10, "both to be counted")
        assert store(service)["failures"] == 0 and not service.events("store.full")


@pytest.fixture
def full(scratch):
    """A server that has no room and evicts nothing."""
    with Redis(scratch / "full", settings=["--maxmemory", "8mb"]) as redis:
        yield redis


def fill(redis):
    """Beyond its bound, so that no connection that ends gives room."""
    with pytest.raises(RedisError, match="OOM"):
        for i in range(100):
            redis.ask("EVAL", "redis.call('SET', ARGV[1], string.rep('x', 500000))", 0, f"filler:{i}")


def empty(redis):
    redis.ask("DEL", *redis.keys("filler:*"))


def test_a_full_server_lets_no_banned_client_guess_on(make_service, full, client):
    service = make_service(full.url, "connections = 1")
    fail(service, client)
    open_window(service, "203.0.113.9")
    [connection] = connections(full)
    fill(full)
    for i in range(20):
        fail(service, f"203.0.113.{20 + i}", 1)  # what cannot be counted ...
        assert log_in(service, "203.0.113.99").ok
        assert is_banned(service, client)  # ... is no reason to let him in
    fail(service, "203.0.113.20")
    assert not is_banned(service, "203.0.113.20")
    assert may_relay(service, "203.0.113.9")
    assert connections(full) == {connection}
    wait_until(lambda: status(service)["status"] == "degraded", 10, "the status to say so")
    found = status(service)
    assert found["degraded"] == [{"store": "redis"}] and found["store"]["up"] and found["store"]["full"]
    assert re.search(r"OOM .*\(raise its maxmemory, or set maxmemory-policy volatile-lru\)", found["store"]["error"])
    wait_until(lambda: (store(service)["bans"], store(service)["windows"]) == (1, 1), 10, "the status to count them")
    assert not service.events("store.down") and len(service.events("store.full")) == 1
    assert "raise its maxmemory" in service.log
    said = mailreeve("status", "-c", service.path).stdout
    assert said.startswith("status degraded: store redis\n") and "raise its maxmemory" in said

    empty(full)
    wait_until(lambda: status(service)["status"] == "ok", 10, "the status to be well again")
    assert store(service)["error"] is None and not store(service)["full"]
    fail(service, "203.0.113.20")
    assert is_banned(service, "203.0.113.20")
    assert "event=store.up" not in service.log


def test_bans_by_hand_and_a_full_server(make_service, full, client):
    service = make_service(full.url)
    fail(service, client)
    fill(full)
    before = full.keys()
    done = mailreeve("ban", "add", "-c", service.path, "192.0.2.1")
    assert done.returncode == EXIT_TEMPORARY and "OOM" in done.stderr and "raise its maxmemory" in done.stderr
    assert full.keys() == before
    assert client in mailreeve("ban", "list", "-c", service.path).stdout
    assert mailreeve("ban", "del", "-c", service.path, client).returncode == EXIT_OK
    assert not is_banned(service, client)


def test_bans_that_are_over_give_room_to_a_full_server(make_service, full, client):
    service = make_service(full.url, bans='"1s"')
    fail(service, client)
    fill(full)
    wait_until(lambda: not full.keys("mailreeve:b*") and not full.keys("mailreeve:offences"), 20, "them to be swept")
    assert store(service)["up"] and store(service)["full"]


def test_a_service_starts_with_a_full_server_that_is_new_to_it(make_service, full, client):
    fill(full)
    service = make_service(full.url)
    fail(service, client)
    assert not is_banned(service, client) and store(service)["up"] and store(service)["full"]
    empty(full)
    wait_until(lambda: full.ask("EXISTS", "mailreeve:salt"), 10, "the salt")
    fail(service, client)
    assert is_banned(service, client)


def test_bans_that_are_over_and_forgotten_are_swept(make_service, redis, client):
    services = [make_service(redis.url, bans='"1s"') for _ in range(2)]
    fail(services[0], client)
    assert mailreeve("ban", "add", "-c", services[0].path, "192.0.2.1", "--for", "1h").returncode == EXIT_OK
    [key] = redis.keys("mailreeve:b:4/32/c6*")
    copies = """for i = 1, 5000 do
        local name = string.format('4/32/0a00%04x', i)
        redis.call('SET', 'mailreeve:b:' .. name, redis.call('GET', ARGV[1]))
        for _, index in ipairs({'mailreeve:bans', 'mailreeve:offences'}) do
            redis.call('ZADD', index, redis.call('ZSCORE', index, string.sub(ARGV[1], 13)), name)
        end
    end"""
    redis.ask("EVAL", copies, 0, key)
    assert len(redis.keys("mailreeve:b:*")) == 5002
    wait_until(lambda: redis.keys("mailreeve:b:*") == [b"mailreeve:b:4/32/c0000201"], 30, "the others to be swept")
    assert redis.ask("ZRANGE", "mailreeve:bans", 0, -1) == redis.ask("ZRANGE", "mailreeve:offences", 0, -1)
    assert is_banned(services[1], "192.0.2.1") and not is_banned(services[1], client)
    assert all(store(service)["failures"] == 0 for service in services)


# --- others that listen there ------------------------------------------------------------------------------------------

# name: what it sends to whoever connects (None: it closes at once), and whether it goes on for ever
NONSENSE = {
    "a web server": (b"HTTP/1.1 400 Bad Request\r\n\r\n", False),
    "closes": (None, False),
    "says nothing": (b"", False),
    "OK to everything": (b"+OK\r\n", True),
    "an array without end": (b"*16384\r\n", True),
    "an array wider than memory": (b"*2147483647\r\n", False),
    "a text without end": (b"$536870912\r\n" + b"x" * 65536, True),
    "one byte after the other": (b"*", True),
    "refuses and repeats the password": (b"-ERR unknown command 'AUTH', with args: 'hush-hush'\r\n", True),
    "is protected": (b"-DENIED Redis is running in protected mode\r\n", False),
    "zeros": (bytes(1000), True),
}


class Impostor:
    """Whatever it is that listens where a Redis should be."""

    def __init__(self, sends, for_ever):
        self.sends, self.for_ever = sends, for_ever
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self):
        while not self.is_over.is_set():
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, connection):
        with connection:
            try:
                if self.sends is None:
                    return
                connection.sendall(self.sends)
                while self.for_ever and not self.is_over.wait(0.001):
                    connection.sendall(self.sends)
                connection.settimeout(20)
                while connection.recv(4096):
                    pass
            except OSError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


@pytest.mark.parametrize("name", NONSENSE)
def test_what_is_no_redis_is_an_outage(make_service, client, name):
    with Impostor(*NONSENSE[name]) as impostor:
        service = make_service(f"redis://:hush-hush@127.0.0.1:{impostor.port}")
        assert_sessions_go_on(service, client)
        down = wait_for_store(service, up=False)
        assert f"127.0.0.1:{impostor.port}" in down["error"], down
        assert "hush-hush" not in service.log and "hush-hush" not in down["error"]


# --- who is asked, and as whom -----------------------------------------------------------------------------------

def test_more_sessions_than_connections_wait_for_one(make_service, redis, client):
    service = make_service(redis.url, 'connections = 1  timeout = 5s')
    with ThreadPoolExecutor(30) as pool:
        assert all(answer.ok for answer in pool.map(lambda _: log_in(service, client), range(120)))
    assert store(service)["failures"] == 0
    clients = redis.ask("CLIENT", "LIST", "TYPE", "normal").decode().splitlines()
    assert len([line for line in clients if " addr=127.0.0.1:" in line]) == 1


def test_the_unix_socket_a_database_and_a_prefix(make_service, redis, client):
    by_socket = make_service(redis.unix_url, 'prefix = "north:"')
    fail(by_socket, client)
    assert is_banned(by_socket, client)
    by_port = make_service(f"{redis.url}/3", 'prefix = "north:"')
    assert not is_banned(by_port, client)
    fail(by_port, client)
    assert is_banned(by_port, client)
    south = make_service(redis.unix_url, 'prefix = "south:"')
    assert not is_banned(south, client)
    assert {key.split(b":")[0] for key in redis.keys()} == {b"north", b"south"}
    assert redis.ask("EXISTS", "north:bans", db=3)


def without_end(redis):
    return {key.removeprefix(b"mailreeve:") for key in redis.keys("mailreeve:*") if redis.ask("TTL", key) == -1}


def test_every_key_has_an_end_but_for_bans_and_lists(make_service, redis, client):
    service = make_service(redis.url)
    fail(service, client)
    open_window(service, "203.0.113.8")
    done = mailreeve("ban", "add", "-c", service.path, "192.0.2.128/25", "--for", "1h")
    assert done.returncode == EXIT_OK, done.stderr
    keys = redis.keys("mailreeve:*")
    assert len(keys) > 5 and keys == redis.keys()
    banned = b"b:4/32/" + socket.inet_aton(client).hex().encode()
    stays = {b"salt", b"bans", b"offences", b"lengths4", b"windows"}
    assert without_end(redis) == {banned, b"b:4/25/c000028", *stays}
    done = mailreeve("ban", "del", "-c", service.path, "192.0.2.128/25")
    assert done.returncode == EXIT_OK, done.stderr
    assert without_end(redis) == {banned, *stays}


def test_passwords(make_service, scratch, client):
    # as mailreeve.conf(5) says
    acl = "front on >front-word ~mailreeve:* +@read +@write +@scripting +select +role"
    with Redis(scratch / "closed", password="hush", users=[acl]) as redis:
        in_url = make_service(f"redis://:hush@127.0.0.1:{redis.port}")
        fail(in_url, client)
        in_file = make_service(redis.unix_url, f'password_file = "{scratch / "word"}"', {"../word": "hush\n"})
        assert is_banned(in_file, client)
        of_user = make_service(f"redis://front@127.0.0.1:{redis.port}", f'password_file = "{scratch / "front"}"',
                               {"../front": "front-word\n"})
        assert is_banned(of_user, client)
        assert mailreeve("ban", "list", "-c", of_user.path).returncode == EXIT_OK

        wrong = make_service(f"redis://front:hush@127.0.0.1:{redis.port}")
        none = make_service(redis.url)
        assert "refused user and password" in wait_for_store(wrong, up=False)["error"]
        assert "NOAUTH" in wait_for_store(none, up=False)["error"]
        assert_sessions_go_on(wrong, client)
        redis.ask("ACL", "SETUSER", "front", ">hush")
        wait_for_store(wrong)
        assert is_banned(wrong, client)
    for service in (in_url, in_file, of_user, wrong, none):
        assert "hush" not in service.log and "front-word" not in service.log


def test_a_password_that_nobody_wants_is_said(make_service, redis):
    service = make_service(f"redis://:hush@127.0.0.1:{redis.port}")
    assert "wants no password" in wait_for_store(service, up=False)["error"]


def test_tls_is_refused_with_the_two_ways_out(scratch):
    service = Mailreeve(scratch / "tls", CONFIGURATION.format(
        state='state { engine = "redis"  url = "rediss://:hush@127.0.0.1:6379" }', bans='"1h"'), {"users": users_file()})
    done = mailreeve("check", "-c", service.path)
    assert done.returncode == EXIT_PROBLEM, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert "unix:/PATH" in said and "stunnel" in said and "hush" not in said


def test_a_replica_is_not_asked(make_service, redis, scratch, client):
    with Redis(scratch / "replica", replica_of=redis) as replica:
        service = make_service(replica.url)
        assert "is no master but a replica" in wait_for_store(service, up=False)["error"]
        assert_sessions_go_on(service, client)


def test_a_command_says_that_the_server_is_not_there(make_service, redis):
    service = make_service(redis.url)
    redis.kill()
    done = mailreeve("ban", "list", "-c", service.path)
    assert done.returncode == EXIT_TEMPORARY and "cannot connect to" in done.stderr


# --- Sentinel ----------------------------------------------------------------------------------------------------

@pytest.fixture
def cluster(scratch, redis):
    """A master, its replica and three Sentinels that know each other."""
    if not sentinel_is_usable():
        pytest.skip("redis-sentinel is not installed")
    with Redis(scratch / "replica", replica_of=redis) as replica, Sentinels(scratch, redis) as sentinels:
        sentinels.know(replicas=1)
        yield redis, replica, sentinels


def by_sentinels(sentinels, name=None):
    listed = ", ".join(f'"{address}"' for address in sentinels.addresses)
    return f'sentinels = {{{listed}}}  master = "{name or sentinels.name}"'


def wait_for_copies(master, replica, pattern):
    wait_until(lambda: replica.keys(pattern) == master.keys(pattern), 10, "the replica to have it")


def test_a_failover_costs_a_moment_and_bans_hold(make_service, cluster, client):
    master, replica, sentinels = cluster
    service = make_service(None, by_sentinels(sentinels))
    open_window(service, client)
    fail(service, "203.0.113.9")
    wait_for_copies(master, replica, "mailreeve:*")
    master.kill()
    assert_sessions_go_on(service, client)
    wait_until(lambda: sentinels.master_port() == replica.port, 30, "the failover")
    wait_for_store(service)
    assert may_relay(service, client)
    assert is_banned(service, "203.0.113.9")
    fail(service, client)
    assert is_banned(service, client)
    assert replica.calls() > 0


def test_a_master_that_steps_down_is_left(make_service, cluster, client):
    master, replica, sentinels = cluster
    service = make_service(None, by_sentinels(sentinels))
    assert log_in(service, client).ok
    wait_for_copies(master, replica, "mailreeve:*")
    sentinels.processes[2].kill()  # one of them may be gone
    sentinels.failover()
    wait_until(lambda: replica.role() == b"master", 30, "the failover")

    def is_asked():
        fail(service, client, 1)
        return replica.calls() > 0
    wait_until(is_asked, 20, "the new master to be asked")
    wait_for_store(service)
    fail(service, "203.0.113.7")
    assert is_banned(service, "203.0.113.7")


def clients(redis):
    """Those that come by its port and are no Sentinels."""
    listed = redis.ask("CLIENT", "LIST", "TYPE", "normal").decode().splitlines()
    return [line for line in listed if " addr=127.0.0.1:" in line and " name=sentinel-" not in line]


def test_a_master_that_the_sentinels_have_left_behind_is_left(make_service, redis, scratch, client):
    """One that is cut off from them goes on as a master, and we may still reach it."""
    if not sentinel_is_usable():
        pytest.skip("redis-sentinel is not installed")
    with Redis(scratch / "other") as other, Sentinels(scratch, redis, count=1) as sentinels:
        service = make_service(None, by_sentinels(sentinels))
        assert log_in(service, client).ok and redis.calls() > 0
        sentinels.ask("SENTINEL", "REMOVE", sentinels.name)
        sentinels.ask("SENTINEL", "MONITOR", sentinels.name, "127.0.0.1", other.port, 1)
        wait_until(lambda: log_in(service, client).ok and other.calls() > 0 and not clients(redis), 20,
                   "the other master to be asked, and no other")
        before = redis.calls()
        fail(service, client)
        assert is_banned(service, client)
        assert redis.calls() == before and redis.role() == b"master"


def test_sentinels_that_do_not_know_the_master_or_are_not_there(make_service, cluster, client):
    _, _, sentinels = cluster
    unknown = make_service(None, by_sentinels(sentinels, "another"))
    assert "it knows no such master" in wait_for_store(unknown, up=False)["error"]
    assert_sessions_go_on(unknown, client)

    service = make_service(None, by_sentinels(sentinels))
    for process in sentinels.processes:
        process.kill()
    assert log_in(service, client).ok and store(service)["up"]  # what is connected stays so
    late = make_service(None, by_sentinels(sentinels))
    assert "sentinel 127.0.0.1:" in wait_for_store(late, up=False)["error"]
    assert_sessions_go_on(late, client)
