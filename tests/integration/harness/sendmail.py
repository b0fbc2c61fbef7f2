"""A real Sendmail in one folder, from Debian's packages, unpacked: its sendmail.cf is made by m4 from sendmail.mc as
on any machine. Nothing leaves the machine, all messages of all domains go into one Maildir.

Sendmail relays for 127.0.0.1 whatever its configuration says. From there the tests' nginx comes, which stands for one
on another machine; so the rules that say it are taken out, unless a test wants them.
"""

import subprocess
from pathlib import Path

from .process import OneProcess, Process, free_port, port_answers
from .unpacked import Maildir, environment, give, owner, unpacked, why_unusable

PROGRAM = "usr/libexec/sendmail/sendmail"
LOOPBACK = ("R127.0.0.1\t", "Cwlocalhost\n")
OWN_DOMAINS = ("tenant.example", "local.example")

MC = r"""
define(`_CF_DIR_', `{cf}/')dnl
include(`{cf}/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`MAIL_SETTINGS_DIR', `{folder}/')dnl
define(`QUEUE_DIR', `{folder}/queue')dnl
define(`confPID_FILE', `{folder}/run/pid')dnl
define(`STATUS_FILE', `')dnl
define(`ALIAS_FILE', `')dnl
define(`HELP_FILE', `')dnl
define(`confDOMAIN_NAME', `{hostname}')dnl
define(`confSERVICE_SWITCH_FILE', `{folder}/switch')dnl
define(`confRUN_AS_USER', `{user}:{group}')dnl
define(`confTRUSTED_USER', `{user}')dnl
define(`confDEF_USER_ID', `{user}:{group}')dnl
define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit,GroupReadableSASLDBFile')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confHOSTS_FILE', `{folder}/nss/HOSTS')dnl
define(`confTO_IDENT', `0')dnl
define(`confREFUSE_LA', `100000')dnl
define(`confQUEUE_LA', `100000')dnl
define(`confDELAY_LA', `0')dnl
define(`confLOG_LEVEL', `14')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
{ports}
{settings}
LOCAL_CONFIG
{imported}
LOCAL_RULE_0
R$* <@ $* > $*	$#maildir $@ $2 $: $1@$2
MAILER_DEFINITIONS
Mmaildir, P={folder}/deliver, F=lsDFMnSX, S=0, R=0, A=deliver $u
MAILER(`smtp')dnl
"""

DELIVER = """#!/bin/sh
new=$(mktemp {mail}/tmp.XXXXXX) && {{ echo "Envelope-to: $1"; cat; }} >"$new" && mv "$new" {mail}/new/
"""

# "Log in before you may relay", as Sendmail's manual says it; no `p`, so that it is offered without TLS.
AUTH = """
define(`confAUTH_MECHANISMS', `LOGIN PLAIN')dnl
TRUST_AUTH_MECH(`LOGIN PLAIN')dnl
"""


def access(folder):
    """The lines of sendmail.mc for the access map."""
    return f"FEATURE(`access_db', `hash -T<TMPF> {folder}/access')dnl\n"


def why_sendmail_is_unusable():
    """None if it can run here."""
    return why_unusable(PROGRAM)


class Sendmail(OneProcess):
    """`ports` by name, `mail` is the Maildir, `log` its transcript."""

    def __init__(self, folder, ports, settings="", users=None, relay=(), trusts_loopback=False,
                 hostname="sendmail.example", domains=OWN_DOMAINS):
        """ports: the names of its daemons, {name: modifiers}; settings: more lines for sendmail.mc; users: {name:
        password} for AUTH; relay: addresses that the access map says RELAY of; trusts_loopback: it is left so;
        domains: those that it takes mail for from anybody."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.ports = {name: free_port() for name in ports}
        self.mail = Maildir(self.folder / "mail")
        give(self.folder / "queue", self.folder / "run", self.mail.folder, self.mail.folder / "new")
        (self.folder / "queue").chmod(0o700)
        (self.folder / "switch").write_text("hosts files\n")
        (self.folder / "deliver").write_text(DELIVER.format(mail=self.mail.folder))
        (self.folder / "deliver").chmod(0o755)
        self.environment = environment(self.folder / "nss", hostname, "smmta")
        if relay:
            settings += access(self.folder)
            self._make_map("access", "".join(f"Connect:{address} RELAY\n" for address in relay))
        if users:
            settings += AUTH
            self._make_users(users)
        settings += "".join(f"RELAY_DOMAIN(`{name}')dnl\n" for name in domains)
        self._write_configuration(ports, settings, hostname, trusts_loopback)
        self.log = self.folder / "run" / "transcript"
        self.log.touch()
        self.process = Process([unpacked(PROGRAM), "-C", self.folder / "sendmail.cf", "-bD", "-X", self.log],
                               self.folder / "sendmail.out", env=self.environment,
                               ready=lambda: all(map(port_answers, self.ports.values())))

    def _run(self, argv, text):
        done = subprocess.run([unpacked(argv[0]), *argv[1:]], input=text, capture_output=True, text=True,
                              env=self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _make_map(self, name, text):
        self._run(["usr/libexec/sendmail/makemap", "-C", "/dev/null", "hash", str(self.folder / name)], text)
        (self.folder / f"{name}.db").chmod(0o644)

    def _make_users(self, users):
        """A sasldb, of which libsasl2 reads in a file of Sendmail's name."""
        database = self.folder / "run" / "sasldb2"
        (self.folder / "Sendmail.conf").write_text(
            f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {database}\n")
        self.environment["SASL_CONF_PATH"] = str(self.folder)
        for name, password in users.items():
            user, _, realm = name.partition("@")
            self._run(["usr/sbin/saslpasswd2", "-c", "-p", "-f", str(database), "-u", realm, user], password)
        # libsasl2 opens it with the rights of owner()
        database.chmod(0o644)

    def _write_configuration(self, ports, settings, hostname, trusts_loopback):
        daemons = "".join(f"DAEMON_OPTIONS(`Family=inet, Name={name}, Port={self.ports[name]}, Addr=127.0.0.1{more}')dnl\n"
                          for name, more in ports.items())
        me = owner()
        mc = MC.format(cf=unpacked("usr/share/sendmail/cf"), folder=self.folder, hostname=hostname, user=me.pw_name,
                       group=me.pw_gid, ports=daemons, settings=settings,
                       imported="\n".join(f"E{name}" for name in self.environment))
        (self.folder / "sendmail.mc").write_text(mc)
        cf = self._run(["usr/bin/m4", str(self.folder / "sendmail.mc")], "")
        if not trusts_loopback:
            lines = cf.splitlines(keepends=True)
            cf = "".join(line for line in lines if not line.startswith(LOOPBACK))
        (self.folder / "sendmail.cf").write_text(cf)
