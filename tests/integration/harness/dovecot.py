"""A Dovecot of our own: SASL server for Postfix's tenant port, and IMAP and POP3 behind the front door."""

import getpass
import grp
import os
import shutil
import signal
from pathlib import Path

from .process import Process, free_port, port_answers, socket_answers

CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = mailreeve-{folder_name}
log_path = {folder}/dovecot.log
listen = 127.0.0.1
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
ssl = no
disable_plaintext_auth = no
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
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


def dovecot_is_usable():
    return shutil.which("dovecot") is not None


class Dovecot:
    """`sasl` is its auth socket for Postfix, `ports["imap"]` and `ports["pop3"]` where it serves mailboxes."""

    def __init__(self, folder, users, mailboxes=True):
        """users: {login: password}; mailboxes: also serve IMAP and POP3."""
        self.folder = Path(folder)
        self.sasl = self.folder / "sasl"
        self.ports = {"imap": free_port(), "pop3": free_port()} if mailboxes else {}
        self._write_configuration(users)
        self.process = Process(["dovecot", "-F", "-c", self.folder / "dovecot.conf"],
                               self.folder / "dovecot.out", ready=self._ready)

    def _write_configuration(self, users):
        me = getpass.getuser()
        root = os.getuid() == 0
        (self.folder / "mail").mkdir(parents=True)
        if root:
            (self.folder / "mail").chmod(0o777)
        (self.folder / "users").write_text("".join(f"{name}:{word}\n" for name, word in users.items()))
        (self.folder / "dovecot.conf").write_text(CONFIGURATION.format(
            folder=self.folder, folder_name=self.folder.parent.name,
            internal="dovecot" if root else me, login="dovenull" if root else me,
            group="dovecot" if root else grp.getgrgid(os.getgid()).gr_name, mail_user="nobody" if root else os.getuid(),
            mail_group="nogroup" if root else os.getgid(),
            protocols="imap pop3" if self.ports else "",
            imap=self.ports.get("imap", 0), pop3=self.ports.get("pop3", 0)))

    def _ready(self):
        return socket_answers(self.sasl) and all(port_answers(port) for port in self.ports.values())

    def start(self):
        self.process.start()
        return self

    def stop(self):
        self.process.stop(signal.SIGTERM)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
