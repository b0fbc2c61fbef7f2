"""A cluster on hosts of its own: front nodes "one" and "two" (nginx and mailreeve-auth), a Redis, and the Postfix
servers "mta1" to "mta3" behind; `world` is where the clients are. Only root can make one.

Each part can be killed, as kill -9 and a lost power supply do it, and started again, as systemd does that.
"""

import json
import re
import shlex
import stat
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

from .door import FrontDoor
from .fastcgi import ask
from .network import Network
from .postfix import PostfixInstance
from .process import port_answers, source_dir
from .redis import Redis

NODES, MTAS = ("one", "two"), ("mta1", "mta2", "mta3")
# nginx's ports, and those of Postfix behind them
PORTS = {"submission": 587, "mx": 25}
MTA_PORTS = {"submission": 10587, "mx": 10025}
CHECK = 'check = "smtp"  interval = 1s  fall = 2  rise = 2  timeout = 2s'

CONFIGURATION = """
failure_delay = 0
session_timeout = 10s
listener "submission" {{ auth = "encrypted"  require_auth = true  require_tls = true  upstream = "submission" }}
listener "mx" {{ auth = "off"  upstream_inbound = "mx" }}
organization "acme" {{ domains = {{"acme.example"}}  sources = {{}} }}
source "users" {{ type = "users"  file = "users" }}
screen {{ failures = 100000  unknown_names = 0  account_failures = 0 }}
state {{ engine = "redis"  url = "redis://{redis}"  timeout = 3s }}
"""

# What a killed Postfix could not deliver it tries again soon, not after five minutes.
MAIN_CF = """
smtpd_authorized_xclient_hosts = {nodes}
queue_run_delay = 1s
minimal_backoff_time = 1s
"""

# As postfix/master.cf has it, without the guard.
MASTER_CF = """\
{address}:{submission} inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=cyrus
  -o smtpd_sasl_path=smtpd
  -o smtpd_discard_ehlo_keywords=auth
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
{address}:{mx} inet n - n - - smtpd
  -o syslog_name=postfix/mx
  -o smtpd_relay_restrictions=reject_unauth_destination
"""


class Part:
    """What can be killed: `kill` and `start` are functions; `node` or `mta` is which it is of, if it is of one."""

    def __init__(self, kill, start, node=None, mta=None):
        self.kill, self.start, self.node, self.mta = kill, start, node, mta


class Mta(PostfixInstance):
    """A Postfix on a host of its own."""

    def __init__(self, name, host, folder, nodes):
        super().__init__(folder, (), f"{name}.example")
        self.name, self.host, self.ports = name, host, MTA_PORTS
        self._write_files(MAIN_CF.format(nodes=" ".join(nodes)), MASTER_CF.format(address=host.address, **MTA_PORTS))
        host.take(self.process)
        self._delivered = {}

    def _ready(self):
        return all(port_answers(port, self.host.address) for port in self.ports.values())

    def delivered(self):
        """(subject, who had logged in or None) of each message that it has delivered."""
        for path in self.maildir.glob("new/*"):
            if path.name not in self._delivered:
                text = path.read_text()
                login = re.search(r"\(Authenticated sender: (\S+)\)", text)
                self._delivered[path.name] = (re.search(r"^Subject: (\S+)$", text, re.M)[1], login and login[1])
        return list(self._delivered.values())

    def queued(self):
        """The files of messages that it has taken and not delivered. Others stay behind where it was killed before
        it had taken them: those cannot be executed."""
        found = []
        for queue in ("incoming", "active", "deferred"):
            for path in (self.folder / "queue" / queue).rglob("*"):
                with suppress(FileNotFoundError):
                    mode = path.stat().st_mode
                    found += [path] if stat.S_ISREG(mode) and mode & stat.S_IXUSR else []
        return found


class Node:
    """A front node."""

    def __init__(self, name, host, folder, certificate, configuration, users):
        self.name, self.host = name, host
        settings = {port: f"listen {host.address}:{number};" for port, number in (("smtp", 25), ("submission", 587))}
        self.door = FrontDoor(folder, *certificate, configuration, {"users": users}, port_settings=settings)
        self.service, self.nginx = self.door.service, self.door.nginx
        for process in (self.service, self.nginx.process):
            host.take(process)

    def upstreams(self):
        """What the running service says: {(upstream, server): everything about it}."""
        said = ask(self.door.socket, {"DOCUMENT_URI": "/api/v1/upstreams", "REQUEST_METHOD": "GET"})
        return {(upstream["name"], server["name"]): server
                for upstream in json.loads(said.body) for server in upstream["servers"]}

    def start_nginx(self):
        """As nginx's unit does it with docs/systemd/nginx-mailreeve.conf."""
        unit = (source_dir() / "docs/systemd/nginx-mailreeve.conf").read_text()
        for command in re.findall(r"^ExecStartPre=-?(.+)$", unit, re.M):
            words = shlex.split(command.replace("/run/nginx-mailreeve", str(self.nginx.question_socket.parent)))
            subprocess.run(words, check=True)
        self.nginx.start()

    def lose_power(self):
        self.host.unplug()
        self.nginx.process.kill()
        self.service.kill()

    def come_back(self):
        self.host.plug_in()
        self.service.start()
        self.start_nginx()


class Cluster:
    """Use as a context manager. nodes["one"], mtas["mta1"], redis; `parts` by name."""

    def __init__(self, folder, certificate, users):
        """certificate: (certificate, key) of the front door; users: text of the users file."""
        self._folder, self._certificate, self._users = Path(folder), certificate, users

    def __enter__(self):
        with ExitStack() as started:
            self.network = started.enter_context(Network(store=1, **dict.fromkeys((*NODES, *MTAS), 1), world=40))
            self.world = self.network["world"]
            self._start(started)
            self._started = started.pop_all()
        return self

    def _start(self, started):
        self.redis = self._make_redis()
        started.enter_context(self.redis)
        fronts = [self.network[name].address for name in NODES]
        self.mtas = {name: Mta(name, self.network[name], self._folder / name, fronts) for name in MTAS}
        text = CONFIGURATION.format(redis=f"{self.network['store'].address}:{self.redis.port}")
        text += "".join(self._upstream(name, port) for name, port in MTA_PORTS.items())
        self.nodes = {name: Node(name, self.network[name], self._folder / name, self._certificate, text, self._users)
                      for name in NODES}
        for server in (*self.mtas.values(), *(node.door for node in self.nodes.values())):
            started.enter_context(server)
        self.parts = self._make_parts()

    def _make_redis(self):
        """One that writes down what it is told, or a restart would forget all bans and drains."""
        host = self.network["store"]
        redis = Redis(self._folder / "redis", settings=(
            "--bind", host.address, "--protected-mode", "no", "--appendonly", "yes"))
        host.take(redis.process)
        return redis

    def _upstream(self, name, port):
        servers = "".join(f'    server "{mta}" {{ address = "{self.network[mta].address}:{port}" }}\n' for mta in MTAS)
        return f'upstream "{name}" {{\n    {CHECK}\n{servers}}}\n'

    def _make_parts(self):
        one, two = self.nodes["one"], self.nodes["two"]
        return {
            "nginx": Part(one.nginx.process.kill, one.start_nginx, node="one"),
            "mailreeve-auth": Part(two.service.kill, two.service.start, node="two"),
            "node": Part(one.lose_power, one.come_back, node="one"),
            "redis": Part(self.redis.kill, self.redis.start),
            **{name: Part(mta.process.kill, mta.start, mta=name) for name, mta in self.mtas.items()},
        }

    def __exit__(self, *_):
        self._started.close()
