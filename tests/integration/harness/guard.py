"""mailreeve-milter alone, with a configuration text in a folder of its own and no mail server before it."""

import re

from .first_line import first_line
from .mailreeve import Mailreeve
from .milter import Milter, milter_answers
from .process import Process, build_dir
from .setups import USER

PROGRAM = "mailreeve-milter"

# of USER's organization
FRIEND = "friend@acme.example"

_GUARD = re.compile(r"(?:^|[\s\"}])guard\s*\{")


def program():
    return build_dir() / "bin" / PROGRAM


class Guard(Mailreeve):
    """`socket` is the path of its socket, `place` where it answers (the same, or (host, port)), `log` what it wrote.
    Use as a context manager, or start() and stop()."""

    def __init__(self, folder, configuration, files=None, env=None, socket=None, place=None, wrapper=()):
        """As Mailreeve takes them. A `guard` section of the configuration names another socket; place: where then."""
        super().__init__(folder, configuration, files, env, socket or folder / "milter.sock", wrapper)
        self.place = place or self.socket

    def _process(self, wrapper, ready=True, pass_fds=(), log="mailreeve-milter.log"):
        argv = [*wrapper, program(), "-c", self.path]
        return Process(argv, self.folder / log, ready=(lambda: milter_answers(self.place)) if ready else None,
                       env=self.env, pass_fds=pass_fds)

    def start_with_socket(self, listening, log="mailreeve-milter.log"):
        return super().start_with_socket(listening, log)

    def configure(self, configuration):
        """Writes another configuration; it takes effect with a reload."""
        line = first_line(self.folder / "auth.sock", self.folder, configuration)
        if not _GUARD.search(configuration):
            line += f'  guard {{ socket = "unix:{self.socket}" }}'
        self.path.write_text(f"{line}\n{configuration}")

    def milter(self):
        """A connection of a mail server."""
        return Milter(self.place)

    def send(self, recipient=FRIEND, **how):
        """A message of USER, who has logged in, in a session of its own. Returns the last answer."""
        with self.milter() as milter:
            return milter.begin().message(USER, recipient, user=USER, **how)

    def messages(self):
        """The audit lines."""
        return self.events("message")
