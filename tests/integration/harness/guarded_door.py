"""Everything that a message passes: nginx, mailreeve-auth, Postfix with the files of postfix/, and mailreeve-milter
beside it, in one folder."""

import contextlib
import itertools
import signal
import ssl

from . import fastcgi
from .door import FrontDoor
from .guarded_postfix import GuardedPostfix
from .mailreeve import parse_logfmt
from .process import Process, build_dir, socket_answers, wait_until
from .smtp_talk import SmtpTalk, plain

# `guard` as postfix/site/main.cf advises; the ports of postfix/master.cf as upstreams of their names. In the first
# line, so that those of the configuration keep their numbers.
FIRST_LINE = ('guard {{ socket = "unix:{socket}"  socket_mode = "0660"  socket_group = "postfix" }}  '
              'upstream "submission" {{ check = "none"  server "postfix" {{ address = "127.0.0.1:{submission}" }} }}  '
              'upstream "mx" {{ check = "none"  server "postfix" {{ address = "127.0.0.1:{mx}" }} }}  ')

_addresses = (f"127.0.{high}.{low}" for high, low in itertools.product(range(100, 250), range(2, 250)))


def another_client():
    """A loopback address that nobody has come from yet."""
    return next(_addresses)


class GuardedDoor:
    """`front` is the FrontDoor, `postfix` the GuardedPostfix, `guard` the process of mailreeve-milter."""

    def __init__(self, folder, authority, certificate, configuration, files=None, postfix_settings="", env=None,
                 **site):
        """configuration and files: as FrontDoor takes them; the upstreams "submission" and "mx" and the section
        `guard` are there. site: for postfix/site/main.cf, as GuardedPostfix takes it."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.folder = folder
        self.socket = folder / "guard.sock"
        self.trust = ssl.create_default_context(cafile=authority.ca)
        self.postfix = GuardedPostfix(folder / "postfix", f"unix:{self.socket}", postfix_settings, **site)
        self.first_line = FIRST_LINE.format(socket=self.socket, **self.postfix.ports)
        self.front = FrontDoor(folder / "front", *certificate, self.first_line + configuration, files, env)
        self.guard = Process([build_dir() / "bin" / "mailreeve-milter", "-c", self.front.configuration],
                             folder / "mailreeve-milter.log", ready=lambda: socket_answers(self.socket), env=env)
        self._stack = contextlib.ExitStack()

    def start(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.front)
            stack.enter_context(self.postfix)
            self.guard.start()
            stack.callback(self._stop_guard)
            self._stack = stack.pop_all()
        return self

    def _stop_guard(self):
        if self.guard.child is not None:
            # not 0 is a crash, or a leak that the sanitizer found
            assert self.guard.stop(signal.SIGTERM, timeout_s=40) == 0, self.guard.tail()

    def stop(self):
        self._stack.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def submit(self, user, password, client=None):
        """A session at nginx's submission port, logged in."""
        talk = SmtpTalk(self.front.ports["submission"], self.trust, client=client or another_client())
        talk.say("EHLO client.example")
        reply = talk.say(plain(user, password))
        assert reply.startswith("235 "), f"{user}: {reply}"
        return talk

    def submit_without_login(self, client):
        """The same without a login: from an address that may send without, or has a relay window."""
        talk = SmtpTalk(self.front.ports["submission"], self.trust, client=client)
        talk.say("EHLO client.example")
        return talk

    def deliver(self, client=None):
        """A session at nginx's port 25."""
        talk = SmtpTalk(self.front.ports["smtp"], client=client or another_client())
        talk.say("EHLO client.example")
        return talk

    def go_round(self, port, client=None):
        """A session at Postfix's own port, as of somebody who has found a way past nginx."""
        talk = SmtpTalk(self.postfix.ports[port], client=client or another_client())
        talk.say("EHLO client.example")
        return talk

    def open_window(self, user, password, client):
        """Tells mailreeve-auth of a login by POP3, as nginx does."""
        answer = fastcgi.ask(self.front.socket, fastcgi.login(user, password, "pop3", "pop3", client=client))
        assert answer.ok, answer.fields

    def lines(self, **wanted):
        """The guard's audit lines that say all this, as dictionaries."""
        # parsing is the slow part
        texts = [text for text in self.guard.output().splitlines()
                 if " event=message " in text and all(value in text for value in wanted.values())]
        return [line for line in map(parse_logfmt, texts) if wanted.items() <= line.items()]

    def wait_for_line(self, **wanted):
        """The first of them, which may be a little later in the log than at the client."""
        return wait_until(lambda: self.lines(**wanted), 10, f"a line {wanted} in\n{self.guard.tail()}")[0]


def send(talk, sender, to, header, body="hello", parameters=""):
    """One message, until it is refused. Returns where that was ("mail", "rcpt" or "end") and the last reply; header is
    a text of whole lines."""
    reply = talk.say(f"MAIL FROM:<{sender}>{parameters}")
    if not reply.startswith("250 "):
        return "mail", reply
    for recipient in to:
        reply = talk.say(f"RCPT TO:<{recipient}>")
        if not reply.startswith("250 "):
            talk.say("RSET")
            return "rcpt", reply
    reply = talk.say("DATA")
    assert reply.startswith("354 "), reply
    lines = [*header.rstrip("\n").split("\n"), "", *body.split("\n"), "."]
    return "end", talk.say("\r\n".join(lines).encode("utf-8"))
