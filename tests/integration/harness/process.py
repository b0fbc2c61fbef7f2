"""Ports, waiting, scratch folders and processes: what every other file of the harness stands on.

Nothing here sleeps to be in step with another process: wait_until() polls a condition and has an end.
Processes are ended by the id they were started with, never by name: other runs of the same servers may
be on the machine.
"""

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

# Servers are in sbin, which is not on a normal user's path in Debian.
os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"

# Below the kernel's ephemeral range, so that no outgoing connection can take a port between our look
# and the server's bind.
FIRST_PORT = 12000
LAST_PORT = 32000

_claims = []
_running = []


def _claimed(port):
    """Whether the port is now this run's until it ends. Other runs ask, too, by the same name in the kernel's abstract
    namespace, which holds no file and is let go with the process."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0mailreeve-test-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def free_port():
    """A loopback TCP port that nobody listens on; never the same one twice, nor that of a run beside this one."""
    for _ in range(1000):
        port = random.randint(FIRST_PORT, LAST_PORT)
        if not _claimed(port):
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("no free loopback port was found")


def wait_until(condition, timeout_s, what):
    """Polls condition() until it is true and returns its value; AssertionError naming `what` after timeout_s."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"waited {timeout_s} s in vain: {what}")
        time.sleep(0.02)


def port_answers(port, host="127.0.0.1"):
    """Whether somebody accepts TCP connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def socket_answers(path):
    """Whether somebody accepts connections on this unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
            return True
        except OSError:
            return False


def make_scratch(name="test"):
    """A new short folder that every user may enter: unix socket paths are limited to 107 bytes, and
    servers that give up root (nginx's workers, Postfix, slapd) must reach their files in it."""
    folder = Path(tempfile.mkdtemp(prefix=f"mailreeve-{name}-"))
    folder.chmod(0o755)
    return folder


def remove_scratch(folder):
    shutil.rmtree(folder, ignore_errors=True)


def build_dir():
    """The CMake build folder whose programs are tested: MAILREEVE_BUILD, set by ctest and the scripts."""
    folder = os.environ.get("MAILREEVE_BUILD")
    if not folder:
        raise RuntimeError("MAILREEVE_BUILD is not set (set it to the CMake build folder)")
    return Path(folder).resolve()


def source_dir():
    """The top of the source tree."""
    return Path(__file__).resolve().parents[3]


class Process:
    """One server in the foreground. Use as a context manager, or start() and stop()."""

    def __init__(self, argv, log, ready=None, timeout_s=60, env=None, cwd=None, user=None, pass_fds=()):
        """argv: the command; log: file that gets stdout and stderr (appended); ready: function that turns
        true when the server can be used; env: additions to the environment; user: runs as this user
        (only root can)."""
        self.argv = [str(arg) for arg in argv]
        self.log = Path(log)
        self.ready = ready
        self.timeout_s = timeout_s
        self.env = {**os.environ, **(env or {})}
        self.cwd = cwd
        self.user = user
        self.pass_fds = pass_fds
        self.child = None

    def start(self):
        """Starts it and waits until it is ready; AssertionError with the log's tail when it is not."""
        assert not self.alive(), f"{self.argv[0]} runs already"
        with open(self.log, "ab") as log:
            # Its own session: Ctrl-C at the demo must not end the servers before we stop them in order.
            self.child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=self.env,
                cwd=self.cwd, user=self.user, pass_fds=self.pass_fds, start_new_session=True)
        _running.append(self)
        if self.ready:
            try:
                wait_until(self._ready_or_dead, self.timeout_s, f"{self.argv[0]} to be ready")
            except AssertionError as error:
                self.kill()
                raise AssertionError(f"{error}\n{self.tail()}") from None
        return self

    def _ready_or_dead(self):
        if self.child.poll() is not None:
            raise AssertionError(f"{' '.join(self.argv)} ended with {self.child.returncode} before it was ready")
        return self.ready()

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def send_signal(self, number):
        """Sends a signal if it still runs."""
        if self.alive():
            self.child.send_signal(number)

    def pause(self):
        """Stops it and what it has forked, until the last of their threads stands still: one that ran on meanwhile
        might answer. resume() lets them go on."""
        os.killpg(self.child.pid, signal.SIGSTOP)
        wait_until(lambda: self._states() <= set("TZX"), 60, f"{self.argv[0]} to stop")

    def _states(self):
        """What the threads of its process group do, by the kernel's letters."""
        found = set()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # that has ended meanwhile
                if int((process / "stat").read_text().rpartition(")")[2].split()[2]) == self.child.pid:
                    found |= {(task / "stat").read_text().rpartition(")")[2].split()[0]
                              for task in (process / "task").iterdir()}
        return found

    def resume(self):
        os.killpg(self.child.pid, signal.SIGCONT)

    def wait(self, timeout_s=60):
        """Waits for its end and returns the exit status (negative: the signal that ended it)."""
        try:
            return self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.argv[0]} did not end in {timeout_s} s\n{self.tail()}") from None

    def stop(self, number=signal.SIGTERM, timeout_s=60):
        """Asks it to end, waits, and returns its exit status; kills it and fails when it does not end."""
        if self.child is None:
            return None
        self.send_signal(number)
        try:
            return self.wait(timeout_s)
        except AssertionError:
            self.kill()
            raise
        finally:
            self._forget()

    def kill(self):
        """Ends it and what it has forked at once; what it has forked listens on its sockets until it is gone."""
        if self.child is not None:
            if self.alive():
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
            wait_until(lambda: self._states() <= set("ZX"), 60, f"what {self.argv[0]} has forked to be gone")
            self._forget()

    def _forget(self):
        if self in _running:
            _running.remove(self)

    def ticks_of(self, thread):
        """The processor's time that its threads of that name have had, in clock ticks."""
        ticks = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
            ticks += sum(map(int, rest.split()[11:13])) if name == thread else 0
        return ticks

    def output(self):
        """Everything it has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines=30):
        """The last lines it wrote, for failure texts."""
        text = "\n".join(self.output().splitlines()[-lines:])
        return f"--- last lines of {self.log} ---\n{text}\n---"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class OneProcess:
    """A server whose `process` is all of it. Use as a context manager, or start() and stop()."""

    def start(self):
        self.process.start()
        return self

    def stop(self):
        self.process.stop()

    def pause(self):
        """It does not answer until resume()."""
        self.process.pause()

    def resume(self):
        self.process.resume()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.alive():
            self.resume()
        self.stop()


@atexit.register
def _end_all():
    for process in list(_running):
        process.kill()
