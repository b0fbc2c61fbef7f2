"""Redis servers, replicas and Sentinels of our own: scratch folders, free loopback ports and unix sockets, nothing on
disk. Ended by the id they were started with."""

import shutil
import socket
from pathlib import Path

from .process import OneProcess, Process, free_port, wait_until


def redis_is_usable():
    return shutil.which("redis-server") is not None


def sentinel_is_usable():
    return redis_is_usable() and shutil.which("redis-sentinel") is not None


class RedisError(AssertionError):
    """An error reply."""


def _read_reply(stream):
    line = stream.readline()
    kind, rest = line[:1], line[1:].rstrip(b"\r\n")
    if kind == b"-":
        raise RedisError(rest.decode())
    if kind == b"+":
        return rest
    if kind == b":":
        return int(rest)
    assert kind in (b"$", b"*"), f"odd reply {line!r}"
    if rest == b"-1":
        return None
    if kind == b"$":
        return stream.read(int(rest) + 2)[:-2]
    return [_read_reply(stream) for _ in range(int(rest))]


def ask(address, *commands, timeout_s=20):
    """Sends commands (each a list of words) and returns the reply to the last: bytes, number, None or list; RedisError
    for an error. address: (host, port) or the path of a socket."""
    family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(address if isinstance(address, tuple) else str(address))
        with connection.makefile("rb") as stream:
            reply = None
            for words in commands:
                encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
                connection.sendall(b"*%d\r\n" % len(encoded) + b"".join(
                    b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
                reply = _read_reply(stream)
            return reply


class Redis(OneProcess):
    """One server. `port`, `socket`, `url` (by port) and `unix_url`."""

    def __init__(self, folder, password=None, replica_of=None, port=None, users=(), settings=()):
        """password: of the default user; replica_of: another Redis; users: lines of ACL ("front on >pw ~mailreeve:*
        +@all"); settings: more words of the command line ("--maxmemory", "10mb")."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.socket = self.folder / "redis.sock"
        self.password = password
        self.url = f"redis://127.0.0.1:{self.port}"
        self.unix_url = f"unix:{self.socket}"
        words = ["--port", self.port, "--bind", "127.0.0.1", "--unixsocket", self.socket, "--save", "",
                 "--appendonly", "no", "--dir", self.folder, "--repl-diskless-sync-delay", "0"]
        if password:
            words += ["--requirepass", password, "--masterauth", password]
        if replica_of:
            words += ["--replicaof", "127.0.0.1", replica_of.port]
        for line in users:
            words += ["--user", *line.split()]
        self.process = Process(["redis-server", *words, *settings], self.folder / "redis.log", ready=self.answers)

    def ask(self, *words, db=0):
        """The reply to a command: bytes, number, None or list; RedisError for an error."""
        first = [["AUTH", self.password]] if self.password else []
        then = [["SELECT", db]] if db else []
        return ask(self.socket, *first, *then, words)

    def answers(self):
        try:
            return self.ask("PING") == b"PONG"
        except (OSError, AssertionError):
            return False

    def keys(self, pattern="*"):
        return sorted(self.ask("KEYS", pattern))

    def role(self):
        """b"master" or b"slave"."""
        return self.ask("ROLE")[0]

    def commands(self):
        """How many commands it has run so far, by name; those that scripts call are among them."""
        found = {}
        for line in self.ask("INFO", "commandstats").decode().splitlines():
            if line.startswith("cmdstat_"):
                name, values = line.removeprefix("cmdstat_").split(":", 1)
                found[name] = int(values.split(",")[0].removeprefix("calls="))
        return found

    def calls(self):
        """How many scripts it has run so far: each is one batch of the store, and one round trip."""
        found = self.commands()
        return found.get("evalsha", 0) + found.get("eval", 0)

    def kill(self):
        """As kill -9 does."""
        self.process.kill()
        self.socket.unlink(missing_ok=True)


class Sentinels:
    """So many Sentinels that watch a master under a name. `addresses` is what the setting `sentinels` holds."""

    def __init__(self, folder, master, count=3, name="mailreeve", down_after_ms=500):
        self.folder = Path(folder)
        self.master = master
        self.name = name
        self.count = count
        self.ports = [free_port() for _ in range(count)]
        self.addresses = [f"127.0.0.1:{port}" for port in self.ports]
        self.processes = [self._sentinel(port, down_after_ms) for port in self.ports]

    def _sentinel(self, port, down_after_ms):
        folder = self.folder / f"sentinel-{port}"
        folder.mkdir(parents=True)
        configuration = folder / "sentinel.conf"
        configuration.write_text(
            f'port {port}\nbind 127.0.0.1\ndir "{folder}"\n'
            f"sentinel monitor {self.name} 127.0.0.1 {self.master.port} {self.count // 2 + 1}\n"
            f"sentinel down-after-milliseconds {self.name} {down_after_ms}\n"
            f"sentinel failover-timeout {self.name} 3000\n")
        return Process(["redis-sentinel", configuration], folder / "sentinel.log",
                       ready=lambda: self._answers(port))

    def ask(self, *words, which=0):
        return ask(("127.0.0.1", self.ports[which]), words)

    def _answers(self, port):
        try:
            return ask(("127.0.0.1", port), ["PING"]) == b"PONG"
        except (OSError, AssertionError):
            return False

    def master_port(self):
        """Of the master, as the first Sentinel has it."""
        return int(self.ask("SENTINEL", "get-master-addr-by-name", self.name)[1])

    def know(self, replicas):
        """Waits until all of them know each other and so many replicas: before that none fails over."""
        def fields(which):
            words = self.ask("SENTINEL", "MASTER", self.name, which=which)
            return dict(zip(words[::2], words[1::2]))

        def do():
            return all(int(found[b"num-slaves"]) >= replicas and int(found[b"num-other-sentinels"]) == self.count - 1
                       for found in map(fields, range(self.count)))
        wait_until(do, 30, "sentinels to know each other and the replicas")

    def failover(self):
        """Makes them promote a replica, the master being well. Returns at once."""
        self.ask("SENTINEL", "FAILOVER", self.name)

    def start(self):
        for process in self.processes:
            process.start()
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        for process in self.processes:
            process.stop()
