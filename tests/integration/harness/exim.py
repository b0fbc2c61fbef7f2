"""A real Exim in one folder, from Debian's package exim4-daemon-heavy, unpacked: nothing leaves the machine, all
messages of all domains go into one Maildir. Its ports, each as an Exim of its own would be configured:

  trusting  nginx's address is in relay_from_hosts
  strangers relays for nobody
  login     relays for those who log in, and offers PLAIN without TLS
  proxied   the same, with nginx in hosts_proxy
  trusting_proxied  as trusting, with nginx in hosts_proxy
"""

from pathlib import Path

from .process import OneProcess, Process, free_port, port_answers
from .unpacked import Maildir, environment, give, unpacked, why_unusable

PROGRAM = "usr/sbin/exim4"
PORTS = ("trusting", "strangers", "login", "proxied", "trusting_proxied")
OWN_DOMAINS = ("tenant.example", "local.example")

# Options are chosen by the port, where Exim expands them.
CONFIGURATION = r"""
keep_environment = *
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/log/pid
primary_hostname = {hostname}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {all_ports}
deliver_drop_privilege = true
local_from_check = false
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
hostlist relay_from_hosts = ${{if inlist{{$received_port}}{{{trusting}:{trusting_proxied}}}{{127.0.0.1}}}}
hosts_proxy = ${{if inlist{{$received_port}}{{{proxied}:{trusting_proxied}}}{{127.0.0.1}}}}
auth_advertise_hosts = ${{if inlist{{$received_port}}{{{login}:{proxied}}}{{*}}}}
acl_smtp_rcpt = recipient
acl_smtp_data = accept

begin acl
recipient:
  accept hosts = +relay_from_hosts
  accept authenticated = *
  require message = relay not permitted
          domains = {domains}
  accept

begin routers
all:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  envelope_to_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{ {{!eq{{$auth2}}{{}}}} \
    {{eq{{$auth3}}{{${{lookup{{$auth2}}lsearch{{{folder}/passwords}}}}}}}} }}}}
  server_set_id = $auth2
"""


def why_exim_is_unusable():
    """None if it can run here."""
    return why_unusable(PROGRAM)


class Exim(OneProcess):
    """`ports` by name, `mail` is the Maildir, `log` its main log."""

    def __init__(self, folder, users, hostname="exim.example"):
        """users: {name: password}"""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.ports = {name: free_port() for name in PORTS}
        give(*(self.folder / name for name in ("spool", "log", "mail")))
        (self.folder / "passwords").write_text("".join(f"{name}: {word}\n" for name, word in users.items()))
        configuration = self.folder / "exim.conf"
        configuration.write_text(CONFIGURATION.format(
            program=unpacked(PROGRAM), folder=self.folder, hostname=hostname, domains=" : ".join(OWN_DOMAINS),
            all_ports=" : ".join(map(str, self.ports.values())), **self.ports))
        # only root's or its own may be given with -C without losing rights
        configuration.chmod(0o644)
        self.mail = Maildir(self.folder / "mail")
        self.log = self.folder / "log" / "mainlog"
        self.process = Process([unpacked(PROGRAM), "-C", configuration, "-bdf"], self.folder / "exim.out",
                               ready=lambda: all(map(port_answers, self.ports.values())),
                               env=environment(self.folder / "nss", hostname, "Debian-exim"))
