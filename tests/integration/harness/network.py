"""Hosts of a network of our own: network namespaces on one bridge, which reach each other and nothing else. Only root
can make them. What the test itself does at a host (connect, listen) it does within host.inside()."""

import ctypes
import itertools
import os
import shutil
import subprocess
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
PREFIX = "10.99.0."

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()


def _ip(*words):
    done = subprocess.run(["ip", *map(str, words)], capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(map(str, words))}: {done.stderr.strip()}")


def why_no_network():
    """Why there can be none here, or None."""
    if os.getuid() != 0:
        return "network namespaces can only be made by root"
    if not shutil.which("ip"):
        return "ip (iproute2) is not installed"
    name = f"mailreeve-{os.getpid()}-probe"
    try:
        _ip("netns", "add", name)
        _ip("netns", "del", name)
    except RuntimeError as error:
        return f"no network namespaces here: {error}"
    return None


def _enter(path_or_fd):
    fd = os.open(path_or_fd, os.O_RDONLY) if isinstance(path_or_fd, str) else path_or_fd
    try:
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path_or_fd}")
    finally:
        if isinstance(path_or_fd, str):
            os.close(fd)


class Host:
    """`address`, and `aliases` if it has more; `wrapper` is the command that runs another one there."""

    def __init__(self, namespace, addresses):
        self.namespace = namespace
        self.address, *self.aliases = addresses
        self.wrapper = ("ip", "netns", "exec", namespace)

    @contextmanager
    def inside(self):
        """Sockets that this thread makes meanwhile are this host's, and stay so."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _enter(f"/run/netns/{self.namespace}")
        try:
            yield
        finally:
            _enter(own)
            os.close(own)

    def unplug(self):
        """Nobody hears from it any more, as from a machine that has lost its power."""
        _ip("-n", self.namespace, "link", "set", "wire", "down")

    def plug_in(self):
        _ip("-n", self.namespace, "link", "set", "wire", "up")

    def take(self, process):
        """Makes a Process that is not started yet one of this host's."""
        is_ready = process.ready

        def is_ready_there():
            with self.inside():
                return is_ready()
        process.argv = [*self.wrapper, *process.argv]
        process.ready = is_ready_there if is_ready else None
        return process


class Network:
    """network["one"] is the Host of that name. Use as a context manager."""

    def __init__(self, **hosts):
        """hosts: {name: how many addresses}."""
        self._prefix = f"mailreeve-{os.getpid()}-{next(_numbers)}"
        self._switch = f"{self._prefix}-switch"
        numbers = itertools.count(1)
        self._hosts = {name: Host(f"{self._prefix}-{name}", [f"{PREFIX}{next(numbers)}" for _ in range(count)])
                       for name, count in hosts.items()}

    def __getitem__(self, name):
        return self._hosts[name]

    def __enter__(self):
        try:
            self._make()
        except RuntimeError:
            self.__exit__()
            raise
        return self

    def _make(self):
        _ip("netns", "add", self._switch)
        _ip("-n", self._switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", self._switch, "link", "set", "bridge", "up")
        for number, host in enumerate(self._hosts.values()):
            _ip("netns", "add", host.namespace)
            _ip("link", "add", "name", "wire", "netns", host.namespace, "type", "veth",
                "peer", "name", f"port{number}", "netns", self._switch)
            _ip("-n", self._switch, "link", "set", f"port{number}", "master", "bridge", "up")
            for address in (host.address, *host.aliases):
                _ip("-n", host.namespace, "addr", "add", f"{address}/24", "dev", "wire")
            for device in ("lo", "wire"):
                _ip("-n", host.namespace, "link", "set", device, "up")

    def __exit__(self, *_):
        for namespace in (self._switch, *(host.namespace for host in self._hosts.values())):
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, timeout=20)
