"""A Dovecot of our own: SASL server for Postfix's tenant port, and IMAP and POP3 behind the front door."""

import getpass
import grp
import os
import shutil
from pathlib import Path

from .process import OneProcess, Process, free_port, port_answers, socket_answers

CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = mailreeve-{folder_name}
log_path = {folder}/dovecot.log
listen = 127.0.0.1
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
{tls}
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
protocols = {protocols}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={mail_user} gid={mail_group} home={folder}/mail/%u
}}
service anvil {{
  chroot =
}}
service auth {{
  unix_listener {folder}/sasl {{
    mode = 0666
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
"""

WITHOUT_TLS = """\
ssl = no
disable_plaintext_auth = no"""

WITH_TLS = """\
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = yes"""


def dovecot_is_usable():
    return shutil.which("dovecot") is not None


class Dovecot(OneProcess):
    """`sasl` is its auth socket for Postfix, `ports["imap"]` and `ports["pop3"]` where it serves mailboxes, and with
    a certificate "imaps" and "pop3s"."""

    def __init__(self, folder, users, mailboxes=True, certificate=None, key=None, settings=""):
        """users: {login: password}, which may have extra fields behind "::::::"; mailboxes: also serve IMAP and POP3;
        settings: more lines of the configuration."""
        self.folder = Path(folder)
        self.sasl = self.folder / "sasl"
        self.users = self.folder / "users"
        served = ("imap", "pop3", *(("imaps", "pop3s") if certificate else ())) if mailboxes else ()
        self.ports = {name: free_port() for name in served}
        self._write_configuration(users, certificate, key, settings)
        self.process = Process(["dovecot", "-F", "-c", self.folder / "dovecot.conf"],
                               self.folder / "dovecot.out", ready=self._ready)

    def _write_configuration(self, users, certificate, key, settings):
        me = getpass.getuser()
        root = os.getuid() == 0
        (self.folder / "mail").mkdir(parents=True)
        if root:
            (self.folder / "mail").chmod(0o777)
        self.users.write_text("".join(f"{name}:{word}\n" for name, word in users.items()))
        (self.folder / "dovecot.conf").write_text(CONFIGURATION.format(
            folder=self.folder, folder_name=self.folder.parent.name,
            internal="dovecot" if root else me, login="dovenull" if root else me,
            group="dovecot" if root else grp.getgrgid(os.getgid()).gr_name, mail_user="nobody" if root else os.getuid(),
            mail_group="nogroup" if root else os.getgid(),
            protocols="imap pop3" if self.ports else "",
            tls=WITH_TLS.format(certificate=certificate, key=key) if certificate else WITHOUT_TLS,
            **{name: self.ports.get(name, 0) for name in ("imap", "pop3", "imaps", "pop3s")}) + settings)

    def _ready(self):
        return socket_answers(self.sasl) and all(port_answers(port) for port in self.ports.values())
