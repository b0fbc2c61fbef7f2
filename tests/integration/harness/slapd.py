"""An OpenLDAP server of our own: one scratch folder, loopback ports, entries loaded from LDIF before it starts.

Only the service account may search; everybody may bind, and nobody reads passwords. So a search on a connection that is bound as a user
finds nothing, and a test that relies on one fails. A bind without a password succeeds, as it does elsewhere.
"""

import base64
import os
import shutil
import signal
import subprocess
from pathlib import Path

from .process import Process, free_port, port_answers

CONFIGURATION = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
{schemas}
pidfile {folder}/slapd.pid
# The default, stats, is a syslog(3) call for each operation, under one lock: half of the throughput.
loglevel 0
modulepath /usr/lib/ldap
moduleload back_mdb
{modules}
threads 4
idletimeout {idle_timeout_s}
# As Active Directory and others do: a bind without a password succeeds (RFC 4513 5.1.2).
allow bind_anon_dn
{global_settings}
{tls}
database mdb
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw admin
directory {folder}/data
maxsize 268435456
# A test's data need not survive the machine.
dbnosync
# Without objectClass slapd answers 250 searches a second instead of 18,000.
index objectClass eq
index mail,uid eq
access to attrs=userPassword by anonymous auth by dn.exact="{service_dn}" {service_sees} by * none
access to * by dn.exact="{service_dn}" read by * none
{settings}
"""

TLS = """\
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSVerifyClient {verify_client}
"""


def slapd_is_usable():
    return shutil.which("slapd", path=os.environ["PATH"] + ":/usr/sbin") is not None


def _program(name):
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")


def person(uid, password, base, mail=None, **attributes):
    """One inetOrgPerson below ou=people as an entry for Slapd: (dn, {attribute: value or list of values}).
    password None: the entry has none."""
    dn = f"uid={uid},ou=people,{base}"
    given = {"userPassword": password, "mail": mail, **attributes}
    return dn, {"objectClass": "inetOrgPerson", "uid": uid, "cn": uid, "sn": uid,
                **{name: value for name, value in given.items() if value is not None}}


def ldif(entries):
    """Entries as LDIF; every value in base64, so that it may hold any byte."""
    def line(attribute, value):
        raw = value if isinstance(value, bytes) else str(value).encode()
        return f"{attribute}:: {base64.b64encode(raw).decode()}\n"

    text = []
    for dn, attributes in entries:
        text.append(line("dn", dn))
        for attribute, values in attributes.items():
            for value in values if isinstance(values, list) else [values]:
                text.append(line(attribute, value))
        text.append("\n")
    return "".join(text)


class Slapd:
    """`uri`, `tls_uri`, `base`, `service_dn`, `service_password`, `service_password_file`."""

    def __init__(self, folder, entries=(), base="dc=acme,dc=example", certificate=None, ca=None, idle_timeout_s=0,
                 settings="", port=None, global_settings="", modules=(), schemas=(), overlays=None, service_sees="none",
                 verify_client="never"):
        """entries: what person() makes, or any (dn, attributes); certificate: (file, key) for StartTLS and
        ldaps, ca its authority's file; settings: more lines for the database, global_settings: for the server.
        modules and schemas of slapd's own ("pw-sha2", "nis"); overlays: {name: its lines}, loaded too.
        service_sees: the service account's right to userPassword ("read" for what fetches or compares).
        verify_client: "demand" for a certificate of every client."""
        self.folder = Path(folder)
        self.base = base
        self.port = port or free_port()
        self.tls_port = free_port() if certificate else None
        self.uri = f"ldap://127.0.0.1:{self.port}"
        self.tls_uri = f"ldaps://127.0.0.1:{self.tls_port}" if certificate else None
        self.service_dn = f"cn=mailreeve,{base}"
        self.service_password = "the service's own secret"
        self.service_password_file = self.folder / "service-password"
        (self.folder / "data").mkdir(parents=True)
        self.service_password_file.write_text(self.service_password + "\n")
        self.service_password_file.chmod(0o600)
        tls = TLS.format(ca=ca, certificate=certificate[0], key=certificate[1],
                         verify_client=verify_client) if certificate else ""
        self.configuration = self.folder / "slapd.conf"
        self.configuration.write_text(CONFIGURATION.format(
            folder=self.folder, base=base, service_dn=self.service_dn, idle_timeout_s=idle_timeout_s, tls=tls,
            service_sees=service_sees,
            settings=settings + "".join(f"\noverlay {name}\n{lines}" for name, lines in (overlays or {}).items()),
            global_settings=global_settings,
            modules="\n".join(f"moduleload {module}" for module in [*modules, *(overlays or {})]),
            schemas="\n".join(f"include /etc/ldap/schema/{schema}.schema" for schema in schemas)))
        self._load(entries)
        listeners = " ".join(uri for uri in (self.uri, self.tls_uri) if uri)
        # -d keeps it in the foreground.
        self.process = Process([_program("slapd"), "-d", "0", "-f", self.configuration, "-h", listeners],
                               self.folder / "slapd.log", ready=self._ready)

    def _load(self, entries):
        domain = self.base.split(",")[0].split("=")[1]
        own = [
            (self.base, {"objectClass": ["dcObject", "organization"], "dc": domain, "o": domain}),
            (f"ou=people,{self.base}", {"objectClass": "organizationalUnit", "ou": "people"}),
            (self.service_dn, {"objectClass": "person", "cn": "mailreeve", "sn": "service",
                               "userPassword": self.service_password}),
        ]
        done = subprocess.run([_program("slapadd"), "-q", "-f", self.configuration],
                              input=ldif([*own, *entries]), capture_output=True, text=True)
        assert done.returncode == 0, f"slapadd: {done.stderr}"

    def add(self, entries):
        """Adds entries while it runs: overlays that keep something up to date see them."""
        done = subprocess.run(["ldapadd", "-x", "-H", self.uri, "-D", f"cn=admin,{self.base}", "-w", "admin"],
                              input=ldif(entries), capture_output=True, text=True)
        assert done.returncode == 0, f"ldapadd: {done.stderr}"

    def replace(self, dn, attribute, values):
        """Puts values in the place of those that an entry has; [] removes the attribute."""
        lines = [f"dn: {dn}", "changetype: modify", f"replace: {attribute}", *(f"{attribute}: {v}" for v in values)]
        done = subprocess.run(["ldapmodify", "-x", "-H", self.uri, "-D", f"cn=admin,{self.base}", "-w", "admin"],
                              input="\n".join(lines) + "\n", capture_output=True, text=True)
        assert done.returncode == 0, f"ldapmodify: {done.stderr}"

    def values(self, dn, attribute):
        """The values of an attribute of an entry now, for what slapd itself writes."""
        done = subprocess.run(["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", self.uri, "-s", "base", "-b", dn,
                               "-D", f"cn=admin,{self.base}", "-w", "admin", attribute],
                              capture_output=True, text=True)
        assert done.returncode == 0, f"ldapsearch: {done.stderr}"
        return [line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.lower().startswith(attribute.lower())]

    def _ready(self):
        return all(port_answers(port) for port in (self.port, self.tls_port) if port)

    def start(self):
        self.process.start()
        return self

    def stop(self):
        """Ends it; start() starts it again on the same ports with the same entries."""
        self.resume()
        self.process.stop(signal.SIGTERM)

    def pause(self):
        """From now on it accepts connections (the kernel does) and says nothing."""
        self.process.pause()

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def connections(self):
        """How many clients are connected now."""
        inode_lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        ports = {f"{port:04X}" for port in (self.port, self.tls_port) if port}
        return sum(1 for line in inode_lines
                   if line.split()[1].split(":")[1] in ports and line.split()[3] == "01")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
