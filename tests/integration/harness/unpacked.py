"""Servers that Debian does not install beside Postfix, as scripts/unpack-servers.sh unpacks them: where they are, what
they need to run from there, and what the mail servers among them have in common.

They look for accounts that only their packages make, and for the machine's own name, which may have no domain; so
nss_wrapper tells them of both. They run as nobody where root starts them, else as who starts them.
"""

import os
import pwd
import subprocess
from email import message_from_bytes, policy
from pathlib import Path

from .process import wait_until

LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu",
             "usr/lib", "lib")

# The name of nginx' machine.
NGINX = "nginx.example"


def unpacked(path=""):
    """The path of a file of theirs."""
    usual = (Path("/var/cache") if os.getuid() == 0 else
             Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")) / "mailreeve-tests"
    return Path(os.environ.get("MAILREEVE_SERVERS") or usual) / path


def owner():
    """The account that the servers run as."""
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


def libraries():
    """What a program of theirs needs in its environment."""
    return {"LD_LIBRARY_PATH": ":".join(str(unpacked(path)) for path in LIBRARIES)}


def environment(folder, hostname, account):
    """What such a server needs in its environment: account is the name by which it knows owner()."""
    me = owner()
    texts = {
        "PASSWD": Path("/etc/passwd").read_text() + f"{account}:x:{me.pw_uid}:{me.pw_gid}::/nonexistent:/bin/false\n",
        "GROUP": Path("/etc/group").read_text() + f"{account}:x:{me.pw_gid}:\n",
        # who comes from 127.0.0.1 is nginx, and not the server itself
        "HOSTS": f"127.0.0.1 {NGINX} localhost\n127.0.0.2 {hostname}\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    wrapper = next((place for path in LIBRARIES if (place := unpacked(path) / "libnss_wrapper.so").exists()), None)
    return {**libraries(), "LD_PRELOAD": str(wrapper), "NSS_WRAPPER_HOSTNAME": hostname,
            **{f"NSS_WRAPPER_{name}": str(folder / name) for name in texts}}


def why_unusable(program):
    """The reason why this program of theirs does not run here; None if it does."""
    file = unpacked(program)
    if not file.exists():
        return f"{file} is not there: scripts/unpack-servers.sh could not get it"
    # not by running it: Sendmail sleeps for a minute where the machine has no domain
    needs = subprocess.run(["ldd", file], env={**os.environ, **libraries()}, capture_output=True, text=True).stdout
    lacks = [line.split()[0] for line in needs.splitlines() if "not found" in line]
    return f"{file} lacks {' '.join(lacks)}" if lacks else None


class Maildir:
    """What was delivered into a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def messages(self):
        """Every delivered message, oldest first, as email.message objects."""
        files = sorted(self.folder.glob("new/*"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]

    def wait_for_message(self, subject, timeout_s=20):
        """The delivered message with this subject."""
        def find():
            return next((m for m in self.messages() if m["Subject"] == subject), None)
        return wait_until(find, timeout_s, f"the message \"{subject}\" to be delivered")


def give(*folders):
    """Makes folders that the servers may write in."""
    me = owner()
    for folder in folders:
        folder.mkdir(parents=True)
        if os.getuid() == 0:
            os.chown(folder, me.pw_uid, me.pw_gid)
