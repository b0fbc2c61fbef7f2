"""A haproxy of our own: a load balancer in front of nginx, which says the clients' addresses as the head of
nginx-conf/balanced.conf tells it to."""

import shutil
import socket

from .process import Process, free_port, port_answers

CONFIGURATION = """
global
    stats socket {folder}/stats.sock level operator
defaults
    mode tcp
    timeout connect 5s
    timeout client 12m
    timeout server 12m
"""

# `inter`: a test does not wait for two seconds.
LISTEN = """
listen {name}
    bind 127.0.0.1:{port}
    source {address}
    {check}
    server front1 127.0.0.1:{to} {words} check inter 200ms
"""


def haproxy_is_usable():
    return shutil.which("haproxy") is not None


class Haproxy:
    """`ports` by name; it comes to its servers from `address`."""

    def __init__(self, folder, listens, address="127.0.0.50"):
        """listens: {name: (port of the server, words of its `server` line, its kind of check or "")}."""
        self.folder, self.address = folder, address
        folder.mkdir(parents=True)
        self.ports = {name: free_port() for name in listens}
        text = CONFIGURATION.format(folder=folder) + "".join(
            LISTEN.format(name=name, port=self.ports[name], address=address, to=to, words=words, check=check)
            for name, (to, words, check) in listens.items())
        (folder / "haproxy.cfg").write_text(text)
        self.process = Process(["haproxy", "-db", "-f", folder / "haproxy.cfg"], folder / "haproxy.log",
                               ready=lambda: all(map(port_answers, self.ports.values())))

    def server_state(self, name):
        """What it has found out about the server: ("UP", why), ("DOWN", why) and so on; why is "L7OK" or the like."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(10)
            asking.connect(str(self.folder / "stats.sock"))
            asking.sendall(b"show stat\n")
            with asking.makefile() as lines:
                keys, *rows = [line.rstrip("\n").lstrip("# ").split(",") for line in lines if line.strip()]
        row = next(dict(zip(keys, row)) for row in rows if row[:2] == [name, "front1"])
        return row["status"], row["check_status"].removeprefix("* ")

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.stop()
