"""A network of its own: loopback and nothing else, made by the test and gone with it."""

import os
import shutil
import subprocess
import sys

from .process import Process

SERVER = """
import socket, sys
server = socket.create_server(("", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
print("listening", flush=True)
while True:
    server.accept()[0].close()
"""

CLIENT = """
import socket, sys
source, target, port = sys.argv[1:]
try:
    socket.create_connection((target, int(port)), timeout=0.5, source_address=(source, 0)).close()
    print("let in")
except TimeoutError:
    print("dropped")
"""


def network_namespaces_are_usable():
    """Whether this user may make one and use a packet filter in it."""
    if os.getuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "ip", "nft"))):
        return False
    done = subprocess.run(["unshare", "-n", "nft", "list", "ruleset"], capture_output=True)
    return done.returncode == 0


class NetworkNamespace:
    """`enter` is the command that runs another one inside. addresses: more of them on its loopback; ipv4: whether it
    has one of IPv4 at all."""

    def __init__(self, folder, addresses=(), ipv4=True):
        self.folder = folder
        self.addresses = addresses
        self.ipv4 = ipv4
        self.holder = Process(["unshare", "-n", "sh", "-c", "ip link set lo up && echo up && exec sleep 600"],
                              folder / "netns.log", ready=lambda: "up" in self.holder.output())
        self.servers = []

    @property
    def enter(self):
        return ("nsenter", f"--net=/proc/{self.holder.pid}/ns/net")

    def run(self, *argv, stdin=None, check=True, env=None):
        """Runs a command to its end inside. Returns what came of it."""
        done = subprocess.run([*self.enter, *map(str, argv)], input=stdin, capture_output=True, text=True, timeout=60,
                              env={**os.environ, **(env or {})})
        assert not check or done.returncode == 0, f"{argv}: {done.stderr}"
        return done

    def listen(self, port):
        """Somebody accepts connections there, on all addresses."""
        server = Process([*self.enter, sys.executable, "-c", SERVER, port], self.folder / f"port-{port}.log",
                         ready=lambda: "listening" in server.output())
        self.servers.append(server.start())

    def connect(self, source, port):
        """"let in" or "dropped"."""
        target = "::1" if ":" in source else "127.0.0.1"
        return self.run(sys.executable, "-c", CLIENT, source, target, port).stdout.strip()

    def __enter__(self):
        self.holder.start()
        if not self.ipv4:
            self.run("ip", "-4", "address", "flush", "dev", "lo")
        for address in self.addresses:
            self.run("ip", "address", "add", f"{address}/{128 if ':' in address else 32}", "dev", "lo")
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()
        self.holder.stop()
