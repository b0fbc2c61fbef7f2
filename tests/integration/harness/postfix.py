"""A Postfix of our own behind the front door: three ports on loopback, one folder, nothing leaves the machine.

  relay    for authenticated sessions: takes mail to anywhere, but only from who came with a login by XCLIENT
  inbound  for mail without a login: relays for nobody; it trusts nginx's XCLIENT too, and must not for LOGIN
  tenant   a mail server that offers AUTH itself, for sources of type smtp (needs a Dovecot as SASL server)
  choosy   a mail server that takes mail for KNOWN_RECIPIENTS alone, and offers STARTTLS

All deliver every message of every domain into one Maildir: read it with messages().
Postfix changes users itself and runs only as root.
"""

import os
import pwd
import shutil
import subprocess
from email import message_from_bytes, policy
from pathlib import Path

from .process import OneProcess, Process, free_port, port_answers, wait_until

# What the choosy port takes; what it says to others that are not simply unknown there.
KNOWN_RECIPIENTS = ("anna@choosy.example", '"anna banana"@choosy.example', "jürgen@choosy.example")
SPECIAL_RECIPIENTS = {
    "later@choosy.example": "450 4.2.0 greylisted",
    "policy@choosy.example": "554 5.7.1 listed",
}

# What every Postfix here has: all domains are its own, and nothing leaves it.
COMMON_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {log}
maillog_file_prefixes = {folder}
myhostname = {hostname}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
smtputf8_enable = no
# Every domain is here: into one Maildir, and no way out.
virtual_mailbox_domains = static:all
virtual_mailbox_base = {folder}
virtual_mailbox_maps = static:mail/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
smtpd_sasl_authenticated_header = yes
smtpd_peername_lookup = no
"""

MAIN_CF = """\
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_sasl_type = dovecot
smtpd_sasl_path = {sasl}
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
"""

# `smtpd_sasl_exceptions_networks = static:all`: logins come by XCLIENT and no client is to be offered AUTH,
# yet permit_sasl_authenticated needs smtpd_sasl_auth_enable.
MASTER_CF = """\
127.0.0.1:{relay} inet n - n - - smtpd
  -o syslog_name=postfix/relay
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_exceptions_networks=static:all
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:{inbound} inet n - n - - smtpd
  -o syslog_name=postfix/inbound
  -o smtpd_relay_restrictions=reject_unauth_destination
127.0.0.1:{tenant} inet n - n - - smtpd
  -o syslog_name=postfix/tenant
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_security_level=may
  -o smtpd_tls_auth_only=yes
  -o smtpd_authorized_xclient_hosts=
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:{choosy} inet n - n - - smtpd
  -o syslog_name=postfix/choosy
  -o smtputf8_enable=yes
  -o smtpd_tls_security_level=may
  -o virtual_mailbox_maps=texthash:{folder}/etc/known
  -o smtpd_recipient_restrictions=check_recipient_access,texthash:{folder}/etc/special
  -o smtpd_relay_restrictions=reject_unauth_destination
  -o smtpd_authorized_xclient_hosts=
"""

COMMON_MASTER_CF = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

SERVICE = """\
127.0.0.1:{port} inet n - n - - smtpd
  -o syslog_name=postfix/{name}
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_authorized_xclient_hosts=
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_error_sleep_time=0
"""


def postfix_is_usable():
    """Whether this user and machine can run a Postfix."""
    return os.getuid() == 0 and shutil.which("postfix") is not None


def last_of_each(main_cf):
    """Without the settings that later lines override. Postfix would only warn of them, but each of its processes does
    so as it starts: that is more than the socket of its log holds at once, and postlogd, who warns as well, then waits
    for itself for ever."""
    settings, name = {}, None
    for line in main_cf.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            name = line.partition("=")[0].strip()
            settings[name] = []
        settings[name].append(line)
    return "".join(f"{line}\n" for lines in settings.values() for line in lines)


class PostfixInstance(OneProcess):
    """A Postfix in one folder, root's. `ports` by name; messages() reads what was delivered. The classes below say
    what is in its configuration."""

    def __init__(self, folder, ports, hostname):
        """ports: their names, each of which a service of master.cf listens on."""
        self.folder = Path(folder)
        self.log = self.folder / "postfix.log"
        self.maildir = self.folder / "mail"
        self.hostname = hostname
        self.ports = {name: free_port() for name in ports}
        # Not `postfix start-fg`: there the master is the child of a shell, and ending that ends nothing.
        self.process = Process(["/usr/lib/postfix/sbin/master", "-c", self.folder / "etc", "-s"],
                               self.folder / "postfix.out", ready=self._ready)

    def _write_files(self, main_cf, master_cf):
        """main_cf and master_cf: more than what all have."""
        owner, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        places = {name: self.folder / name for name in ("etc", "queue", "data")}
        for place in (*places.values(), self.maildir):
            place.mkdir(parents=True)
        os.chown(places["data"], owner.pw_uid, owner.pw_gid)
        os.chown(self.maildir, nobody.pw_uid, nobody.pw_gid)
        common = COMMON_MAIN_CF.format(
            folder=self.folder, queue=places["queue"], data=places["data"], log=self.log, hostname=self.hostname,
            uid=nobody.pw_uid, gid=nobody.pw_gid)
        (places["etc"] / "main.cf").write_text(last_of_each(common + main_cf))
        (places["etc"] / "master.cf").write_text(master_cf + COMMON_MASTER_CF)

    def _ready(self):
        return all(port_answers(port) for port in self.ports.values())

    def messages(self):
        """Every delivered message, oldest first, as email.message objects; Postfix adds X-Original-To."""
        files = sorted(self.maildir.glob("new/*"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]

    def wait_for_message(self, subject, timeout_s=20):
        """The delivered message with this subject."""
        def find():
            return next((m for m in self.messages() if m["Subject"] == subject), None)
        return wait_until(find, timeout_s, f"the message \"{subject}\" to be delivered")

    def output(self):
        """Its log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def start(self):
        # Makes the folders of the queue, with the owners that Postfix wants.
        done = subprocess.run(["postfix", "-c", str(self.folder / "etc"), "check"], capture_output=True, text=True)
        assert done.returncode == 0, f"postfix check: {done.stderr}{self.output()}"
        self.process.start()
        return self


class Postfix(PostfixInstance):
    """`ports["relay"]`, `ports["inbound"]`, `ports["tenant"]`, `ports["choosy"]`, and those of more_ports."""

    def __init__(self, folder, certificate, key, sasl="nobody-offers-auth", hostname="mta.example", more_ports=None):
        """sasl: the unix socket of a Dovecot auth service, for the tenant port; more_ports: {name: [settings]}, each
        a line of main.cf for a port that offers AUTH as tenant does, but without TLS."""
        more_ports = more_ports or {}
        super().__init__(folder, ("relay", "inbound", "tenant", "choosy", *more_ports), hostname)
        self._write_configuration(certificate, key, sasl, more_ports)

    def _write_configuration(self, certificate, key, sasl, more_ports):
        more = "".join(SERVICE.format(name=name, port=self.ports[name]) + "".join(f"  -o {{ {line} }}\n" for line in lines)
                       for name, lines in more_ports.items())
        self._write_files(MAIN_CF.format(sasl=sasl, certificate=certificate, key=key),
                          more + MASTER_CF.format(folder=self.folder, **self.ports))
        etc = self.folder / "etc"
        (etc / "known").write_text("".join(f"{address} mail/\n" for address in KNOWN_RECIPIENTS))
        (etc / "special").write_text("".join(f"{address} {reply}\n" for address, reply in SPECIAL_RECIPIENTS.items()))


def login_of(message):
    """The login that Postfix recorded in its own (topmost) Received header; None where there was none."""
    received = str(message.get_all("Received")[0])
    mark = "(Authenticated sender: "
    if mark not in received:
        return None
    return received.split(mark, 1)[1].split(")", 1)[0]
