"""A dnsmasq of our own on a loopback port: what it answers can be changed while it runs. It asks nobody else."""

import shutil
import signal
from pathlib import Path

from .process import OneProcess, Process, free_port, port_answers


def dns_is_usable():
    return shutil.which("dnsmasq") is not None


class Dns(OneProcess):
    """`address` is what the setting `dns_servers` holds. It knows everything about .test: what it was not told of is not
    there."""

    def __init__(self, folder, hosts=None, services=(), ttl_s=1):
        """hosts: {name: [addresses]}; services: (service, host, port, priority, weight) each."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.ttl_s = ttl_s
        self.services = list(services)
        self._hosts = self.folder / "hosts"
        self._configuration = self.folder / "dnsmasq.conf"
        self._write_hosts(hosts or {})
        self.process = Process(
            ["dnsmasq", "--no-daemon", f"--conf-file={self._configuration}"], self.folder / "dnsmasq.log",
            ready=lambda: port_answers(self.port))

    def _write_hosts(self, hosts):
        # renamed into place, so that no half of it is read
        new = self.folder / "hosts.new"
        new.write_text("".join(f"{address} {name}\n" for name, addresses in hosts.items() for address in addresses))
        new.chmod(0o644)
        new.rename(self._hosts)

    def set_hosts(self, hosts):
        """Other addresses from now on."""
        self._write_hosts(hosts)
        self.process.send_signal(signal.SIGHUP)

    def set_services(self, services):
        """Other SRV records; for that it has to start anew, on the same port."""
        self.services = list(services)
        self.stop()
        self.start()

    def _write_configuration(self):
        lines = [f"port={self.port}", "listen-address=127.0.0.1", "bind-interfaces", "no-resolv", "no-hosts", "pid-file=",
                 "local=/test/", f"local-ttl={self.ttl_s}", f"addn-hosts={self._hosts}", "log-queries"]
        lines += ["srv-host=" + ",".join(map(str, record)) for record in self.services]
        self._configuration.write_text("\n".join(lines) + "\n")

    def asked(self, name):
        """How often it was asked for a name."""
        return self.process.output().count(f"] {name} from ")

    def start(self):
        self._write_configuration()
        return super().start()
