"""The store in a Redis that is killed, stopped, flushed or answers errors: sessions go on, the status says degraded,
windows are closed, and what is counted resumes with the server. Real servers, through mailreeve-auth."""

import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.command import EXIT_OK, EXIT_TEMPORARY, mailreeve
from harness.process import wait_until
from harness.redis import Redis, RedisError, redis_is_usable
from harness.redis_store import (LONGEST_S, assert_sessions_go_on, client, connections, fail, is_banned, log_in,
                                 make_service, may_relay, open_window, redis, store, wait_for_store)

pytestmark = pytest.mark.skipif(not redis_is_usable(), reason="redis-server is not installed")

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


def connected_to(port):
    """Who on this machine is."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {local for _, local, remote, state, *_ in lines if remote.endswith(f":{port:04X}") and state == "01"}


def test_idle_connections_that_the_server_closed_are_no_outage(make_service, redis, client):
    service = make_service(redis.url)
    with ThreadPoolExecutor(8) as pool:
        assert all(answer.ok for answer in pool.map(lambda _: log_in(service, client), range(16)))
    for _ in range(5):
        before = connected_to(redis.port)
        redis.ask("CLIENT", "KILL", "TYPE", "normal")
        wait_until(lambda: not before & connected_to(redis.port), 20, "the kernel to have told of it")
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
        # or it would take connections of the next one, whose descriptor has the same number
        self.threads[0].join()
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
