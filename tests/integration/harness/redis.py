"""Redis servers, replicas and Sentinels of our own: scratch folders, free loopback ports and unix sockets, nothing on
disk. Ended by the id they were started with."""

import shutil
import subprocess
from pathlib import Path

from .process import Process, free_port, wait_until


def redis_is_usable():
    return shutil.which("redis-server") is not None and shutil.which("redis-cli") is not None


def sentinel_is_usable():
    return redis_is_usable() and shutil.which("redis-sentinel") is not None


def cli(*words, port=None, socket=None, user=None, password=None, timeout_s=20):
    """What redis-cli prints for a command; an error reply is an AssertionError."""
    where = ["-s", socket] if socket else ["-h", "127.0.0.1", "-p", port]
    who = [*(["--user", user] if user else []), *(["-a", password, "--no-auth-warning"] if password else [])]
    done = subprocess.run(["redis-cli", "-e", *map(str, [*where, *who, *words])], capture_output=True, text=True,
                          timeout=timeout_s)
    assert done.returncode == 0, f"redis-cli {' '.join(map(str, words))}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


class Redis:
    """One server. `port`, `socket`, `url` (by port) and `unix_url`. Use as a context manager, or start() and stop()."""

    def __init__(self, folder, password=None, replica_of=None, port=None, users=(), settings=()):
        """password: of the default user; replica_of: another Redis; users: lines of ACL ("front on >pw ~mailreeve:* +@all");
        settings: more words of the command line ("--maxmemory", "10mb")."""
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

    def cli(self, *words):
        return cli(*words, socket=self.socket, password=self.password)

    def answers(self):
        try:
            return self.cli("PING") == "PONG"
        except (AssertionError, subprocess.TimeoutExpired):
            return False

    def keys(self, pattern="*"):
        return sorted(self.cli("--raw", "KEYS", pattern).splitlines())

    def role(self):
        return self.cli("--raw", "ROLE").splitlines()[0]

    def commands(self):
        """How many commands it has run so far, by name; those that scripts call are among them."""
        found = {}
        for line in self.cli("--raw", "INFO", "commandstats").splitlines():
            if line.startswith("cmdstat_"):
                name, values = line.removeprefix("cmdstat_").split(":", 1)
                found[name] = int(values.split(",")[0].removeprefix("calls="))
        return found

    def calls(self):
        """How many scripts it has run so far: each is one batch of the store, and one round trip."""
        found = self.commands()
        return found.get("evalsha", 0) + found.get("eval", 0)

    def start(self):
        self.process.start()
        return self

    def stop(self):
        self.process.stop()

    def kill(self):
        """As kill -9 does."""
        self.process.kill()
        self.socket.unlink(missing_ok=True)

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.alive():
            self.resume()
        self.process.stop()


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

    @staticmethod
    def _answers(port):
        try:
            return cli("PING", port=port) == "PONG"
        except AssertionError:
            return False

    def master_port(self, which=0):
        """Of the master, as a Sentinel has it."""
        return int(cli("--raw", "SENTINEL", "get-master-addr-by-name", self.name, port=self.ports[which]).splitlines()[1])

    def know(self, replicas):
        """Waits until all of them know each other and so many replicas: before that none fails over."""
        def fields(port):
            lines = cli("--raw", "SENTINEL", "MASTER", self.name, port=port).splitlines()
            return dict(zip(lines[::2], lines[1::2]))

        def do():
            return all(int(found["num-slaves"]) >= replicas and int(found["num-other-sentinels"]) == self.count - 1
                       for found in map(fields, self.ports))
        wait_until(do, 30, "sentinels to know each other and the replicas")

    def failover(self):
        """Makes them promote a replica, the master being well. Returns at once."""
        cli("SENTINEL", "FAILOVER", self.name, port=self.ports[0])

    def start(self):
        for process in self.processes:
            process.start()
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        for process in self.processes:
            process.stop()
