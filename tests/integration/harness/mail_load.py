"""Messages in masses: smtp-source to a Postfix that hands all on to an smtp-sink. It has a port without the guard, two
with it, and others with whatever milter a test names; they differ in nothing else, so what a milter costs is the
difference.
"""

import os
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from . import fastcgi
from .guard import Guard
from .mailreeve import Mailreeve
from .postfix import PostfixInstance
from .process import Process, free_port, port_answers, wait_until

HOSTNAME = "mta.example"

MAIN_CF = """\
smtpd_relay_restrictions = reject_unauth_destination
message_reject_characters = \\0
content_filter = smtp:[127.0.0.1]:{sink}
in_flow_delay = 0
milter_default_action = tempfail
"""

SERVICE = """\
127.0.0.1:{port} inet n - n - - smtpd
  -o syslog_name=postfix/{name}
  -o milter_macro_daemon_name={name}
  -o {{ smtpd_milters = {milters} }}
"""

# Two listeners, so that there is a choice: "mx" is strangers' and "submission" that of users by a relay window.
CONFIGURATION = """
guard {{ socket = "unix:{folder}/milter.sock"  socket_mode = "0666" }}
limits {{ messages_per_user = "1000000/1h"  recipients_per_user = "1000000/1h"  recipients_per_message = 100
          message_size = "10M" }}
list "robots" {{ kind = "user"  entries = {{"*@robots.example"}} }}
listener "mx" {{ auth = "off"  upstream_inbound = "mta" }}
listener "submission" {{ auth = "on"  require_auth = true  relay = "all"  relay_window = 7d  upstream = "mta" }}
upstream "mta" {{ check = "none"  server "mta1" {{ address = "127.0.0.1:25" }} }}
organization "acme" {{ domains = {{"acme.example"}}  match_sender = true  match_from = true }}
source "users" {{ type = "users"  file = "users" }}
rule "robots" {{ header_from = "robots"  action = "refuse"  code = "550 5.7.1"  text = "no robots" }}
"""
USER = "anna@acme.example"
STRANGER = "stranger@far.example"


class RelayingPostfix(PostfixInstance):
    """All that is taken goes to the port `sink`. milters: {name of a port: a milter, or "" for none}."""

    def __init__(self, folder, milters, sink):
        super().__init__(folder, milters, HOSTNAME)
        services = "".join(SERVICE.format(name=name, port=self.ports[name], milters=milter)
                           for name, milter in milters.items())
        self._write_files(MAIN_CF.format(sink=sink), services + "smtp unix - - n - - smtp\n")

    def queued(self):
        """Whether anything is on its way."""
        return any(files for name in ("incoming", "active", "deferred")
                   for _, _, files in os.walk(self.folder / "queue" / name))


class MailLoad:
    """The Postfix, the guard, and mailreeve-auth, by which USER logs in first: ports "alone", "mx" (mail of strangers)
    and "submission" (of USER). Use as a context manager."""

    def __init__(self, folder, more_milters=None):
        """more_milters: {name of a port: a milter as Postfix calls it}."""
        self.folder = Path(folder)
        self.folder.mkdir()
        configuration = CONFIGURATION.format(folder=self.folder)
        # "secret" by crypt(3)'s DES with the salt "ab"
        self.auth = Mailreeve(self.folder, configuration, {"users": f"{USER}:abNANd1rDfiNc:\n"})
        # what a sanitizer keeps of freed memory is no growth
        sanitizer = f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=1:thread_local_quarantine_size_kb=16"
        self.guard = Guard(self.folder, configuration, env={"ASAN_OPTIONS": sanitizer.lstrip(":")})
        ours = f"unix:{self.guard.socket}"
        port = free_port()
        self.sink = Process(["smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "1000"], self.folder / "sink.log",
                            ready=lambda: port_answers(port))
        self.postfix = RelayingPostfix(
            self.folder / "postfix", {"alone": "", "mx": ours, "submission": ours, **(more_milters or {})}, port)

    def __enter__(self):
        with ExitStack() as started:
            for server in (self.auth, self.guard, self.sink, self.postfix):
                started.enter_context(server)
            self._log_in()
            self._started = started.pop_all()
        return self

    def _log_in(self):
        login = fastcgi.login(USER, "secret", protocol="pop3", client="127.0.0.1")
        assert self.auth.ask(login).ok, self.auth.log

    def __exit__(self, *_):
        self._started.close()

    def send(self, port, messages, sessions=20, size=4096):
        """Hands so many messages in, each in a session of its own, so many side by side, until the last has gone on;
        returns messages a second. AssertionError if one is not taken."""
        sender, recipient = (USER, STRANGER) if port == "submission" else (STRANGER, USER)
        began = time.monotonic()
        done = subprocess.run(
            ["smtp-source", "-s", str(sessions), "-m", str(messages), "-l", str(size), "-f", sender, "-t", recipient,
             f"127.0.0.1:{self.postfix.ports[port]}"], capture_output=True, text=True, timeout=600, check=False)
        said = f"{done.stderr}{self.guard.process.tail()}{self.postfix.output()[-4000:]}"
        assert done.returncode == 0 and not done.stderr, said
        wait_until(lambda: not self.postfix.queued(), 120, "all messages to be handed on")
        return messages / (time.monotonic() - began)

    def guard_memory_kb(self):
        """What the guard has in memory of its own: not the store's pages, which are a file's."""
        status = Path(f"/proc/{self.guard.process.pid}/status").read_text()
        return int(status.split("RssAnon:")[1].split()[0])
