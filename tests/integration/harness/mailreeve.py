"""mailreeve-auth alone, with a configuration text in a folder of its own and no nginx before it."""

import shlex
import signal
from pathlib import Path

from . import fastcgi
from .first_line import first_line
from .process import OneProcess, Process, build_dir, socket_answers, wait_until

PROGRAM = "mailreeve-auth"


def program():
    return build_dir() / "bin" / PROGRAM


class Mailreeve(OneProcess):
    """`socket` is the path of its socket, `log` what it wrote. Use as a context manager, or start() and stop()."""

    def __init__(self, folder, configuration, files=None, env=None, socket=None, wrapper=()):
        """configuration: the text of mailreeve.conf without `socket`; if it has no `state` section the store is in
        FOLDER/state; files: {name: text} that it names, readable by nobody else; socket: another path than
        FOLDER/auth.sock; wrapper: command that runs the program."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = Path(socket or self.folder / "auth.sock")
        self.path = self.folder / "mailreeve.conf"
        for name, text in (files or {}).items():
            self.write_file(name, text)
        self.configure(configuration)
        self.wrapper = tuple(wrapper)
        self.env = env
        self.process = self._process(self.wrapper)

    def _process(self, wrapper, ready=True, pass_fds=(), log="mailreeve-auth.log"):
        argv = [*wrapper, program(), "-c", self.path]
        return Process(argv, self.folder / log, ready=(lambda: socket_answers(self.socket)) if ready else None,
                       env=self.env, pass_fds=pass_fds)

    def configure(self, configuration):
        """Writes another configuration; it takes effect with a reload."""
        self.path.write_text(f"{first_line(self.socket, self.folder, configuration)}\n{configuration}")

    def write_file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def start_with_socket(self, listening, log="mailreeve-auth.log"):
        """As systemd starts it: the listening socket is descriptor 3. Returns the process; several may share
        the socket, so there is no telling by the socket when it is ready: its log says so."""
        number = listening.fileno()
        shell = f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&{number}'
        process = self._process((*self.wrapper, "bash", "-c", shell, "bash"), ready=False, pass_fds=(number,), log=log)
        process.ready = lambda: "event=service.started" in process.output()
        return process.start()

    def stop(self, timeout_s=40):
        """Asks it to end; what a sanitizer found makes the status another than 0."""
        status = self.process.stop(timeout_s=timeout_s)
        assert status == 0, f"ended with {status}\n{self.process.tail(80)}"

    def ask(self, params, body=b"", timeout_s=30):
        return fastcgi.ask(self.socket, params, body, timeout_s)

    def connect(self, keep=True):
        return fastcgi.Connection(self.socket, keep)

    def reload(self):
        """By the socket, as `mailreeve reload` does it. Returns the answer."""
        return self.ask({"DOCUMENT_URI": "/api/v1/reload", "REQUEST_METHOD": "POST"})

    def reload_by_signal(self):
        """By SIGHUP; waits until it says what came of it."""
        before = self._reloads()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self._reloads() > before, 20, "the end of a reload")

    def _reloads(self):
        log = self.log
        return log.count(" event=config.reloaded ") + log.count(" event=config.kept ")

    @property
    def log(self):
        return self.process.output()

    def begin_reload(self):
        """By SIGHUP, until the thread that reloads is at work: to be used with a configuration that takes it a while."""
        before = self.process.ticks_of("reload")
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.process.ticks_of("reload") > before, 10, "a reload to begin")

    def events(self, name):
        """The lines of one event, as dictionaries."""
        return [parse_logfmt(line) for line in self.log.splitlines() if f" event={name} " in line]

    def decisions(self):
        """The audit lines."""
        return self.events("decision")


def parse_logfmt(line):
    """time=... level=... event=...: {key: text}; {} for a line that is none (a sanitizer's)."""
    try:
        words = shlex.split(line)
    except ValueError:
        return {}
    return dict(word.split("=", 1) for word in words if "=" in word)
