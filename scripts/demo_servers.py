"""The servers of the demo, and the users whose mailboxes and passwords they have."""

import subprocess
import textwrap

from harness.certs import Authority
from harness.door import FrontDoor
from harness.dovecot import Dovecot
from harness.guarded_postfix import GuardedPostfix
from harness.page import Page
from harness.postfix import Postfix
from harness.process import Process, build_dir, free_port, socket_answers, source_dir
from harness.slapd import Slapd, person

# The users of each company, and who knows the password. The mailboxes are all on one Dovecot, which is also
# the SASL server of the tenant's mail server.
LENA = ("lena@ldap.example", "lena-password")
LARS = ("lars@ldap.example", "lars-password")
NINA = ("nina@tenant.example", "nina-password")
LEO = ("leo@local.example", "leo-password")
LDAP_BASE = "dc=ldap,dc=example"

# A web server of one's own, as the head of nginx-conf/auth-request.conf says.
WEB = """
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    access_log off;
    include mailreeve/auth-request.conf;
    location / {{
        include mailreeve/protected.conf;
        proxy_pass http://127.0.0.1:{page};
        proxy_set_header X-Auth-User $mailreeve_user;
        proxy_set_header Authorization "";
    }}
}}
"""


def say(text="", indent=0):
    for paragraph in text.split("\n"):
        print(textwrap.fill(paragraph, 100, initial_indent=" " * indent, subsequent_indent=" " * indent), flush=True)


class Servers:
    """All in one scratch folder; they are running, and each is stopped when the stack unwinds."""

    def __init__(self, scratch, stack):
        self.scratch = scratch
        authority = Authority(self.scratch / "certs")
        self.ca = authority.ca
        people = [person(name.split("@")[0], password, LDAP_BASE, mail=name) for name, password in (LENA, LARS)]
        self.slapd = stack.enter_context(Slapd(self.scratch / "slapd", people, LDAP_BASE,
                                               authority.issue("slapd"), authority.ca))
        say("slapd      the directory of the company \"directory\" (ldap.example)", 2)
        self.dovecot = stack.enter_context(Dovecot(self.scratch / "dovecot", dict([LENA, LARS, NINA, LEO])))
        say("Dovecot    mailboxes of all, and the passwords of the company \"tenant\" (tenant.example)", 2)
        certificate, key = authority.issue("postfix")
        self.tenant = stack.enter_context(
            Postfix(self.scratch / "tenant", certificate, key, sasl=self.dovecot.sasl))
        say("Postfix    the tenant's own mail server", 2)
        socket = self.scratch / "guard.sock"
        self.postfix = stack.enter_context(GuardedPostfix(self.scratch / "postfix", f"unix:{socket}"))
        say("Postfix    the mail server behind the front door", 2)
        self.page = stack.enter_context(Page())
        say("a page     a web application that shows what it was asked", 2)
        self.door = stack.enter_context(self._front_door(authority))
        say("mailreeve  who decides", 2)
        say("nginx      the front door", 2)
        self.guard = Process([build_dir() / "bin" / "mailreeve-milter", "-c", self.door.configuration],
                             self.scratch / "mailreeve-milter.log", ready=lambda: socket_answers(socket),
                             env=self.door.environment)
        self.guard.start()
        stack.callback(self._end_guard)
        say("mailreeve's guard, beside that Postfix: who sees every message", 2)

    def _end_guard(self):
        if self.guard.child is not None:
            self.guard.stop()

    def _front_door(self, authority):
        hashed = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=LEO[1], capture_output=True, text=True,
                                check=True).stdout.strip()
        environment = {
            "DEMO": str(self.scratch), "LDAP_PORT": str(self.slapd.port), "LDAP_BIND_DN": self.slapd.service_dn,
            "LDAP_BASE": LDAP_BASE, "TENANT_PORT": str(self.tenant.ports["tenant"]),
            "RELAY_PORT": str(self.postfix.ports["submission"]), "INBOUND_PORT": str(self.postfix.ports["mx"]),
            "IMAP_PORT": str(self.dovecot.ports["imap"]), "POP3_PORT": str(self.dovecot.ports["pop3"]),
        }
        certificate, key = authority.issue("front", names=("localhost", "mail.example.com"))
        self.web_port = free_port()
        web = WEB.format(port=self.web_port, certificate=certificate, key=key, page=self.page.port)
        return FrontDoor(
            self.scratch, certificate, key, source_dir() / "docs" / "demo" / "mailreeve.conf",
            files={"users": f"{LEO[0]}:{hashed}\n", "ldap-password": self.slapd.service_password + "\n"},
            env=environment, user="www-data", http_settings=web)
