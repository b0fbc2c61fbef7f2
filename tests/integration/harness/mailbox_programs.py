"""Programs that fetch mail by POP3 and IMAP as people have them: curl, mpop, fetchmail and isync's mbsync. Each is a
function that reads all of a mailbox and returns the subjects of its messages; Failed tells what the program said."""

import re
import subprocess


class Failed(Exception):
    """The program could not read the mail; str() is what it said."""


class Mailbox:
    """Where a program is to read: the front door's `port` of a protocol ("pop3", "imap"), by TLS from the first byte
    or by STARTTLS, as user; ca: the authority that it is to trust; folder: an empty one for the program's files."""

    def __init__(self, protocol, port, implicit_tls, ca, folder, user, password):
        self.protocol, self.port, self.implicit_tls, self.ca = protocol, port, implicit_tls, ca
        self.folder, self.user, self.password = folder, user, password

    def write(self, name, text):
        """A file that nobody else may read, as most of the programs demand."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path


def _run(box, *command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace", timeout=60,
                          stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "HOME": str(box.folder), "LANG": "C"})
    said = done.stdout + done.stderr
    if done.returncode != 0:
        raise Failed(f"{command[0]} ended with {done.returncode}\n{said}")
    return said


def _subjects(text):
    return re.findall(r"^Subject: (.*?)\r?$", text, re.MULTILINE)


def curl(box, method):
    """method: a SASL mechanism, or "+APOP". It asks for the first message alone."""
    scheme = box.protocol + ("s" if box.implicit_tls else "")
    message = "1" if box.protocol == "pop3" else "INBOX;MAILINDEX=1"
    return _subjects(_run(box, "curl", "-sS", "-v", f"{scheme}://localhost:{box.port}/{message}", "--ssl-reqd",
                          "--cacert", box.ca, "--login-options", f"AUTH={method}", "--user",
                          f"{box.user}:{box.password}", "--max-time", "40"))


def mpop(box, method):
    """method: a SASL mechanism, "user" or "apop"."""
    box.write("mpoprc", f"""\
defaults
timeout 40
tls on
tls_starttls {"off" if box.implicit_tls else "on"}
tls_trust_file {box.ca}
auth {method}
keep on
uidls_file {box.folder}/uidls
delivery mbox {box.folder}/mbox
account default
host localhost
port {box.port}
user {box.user}
password "{box.password}"
""")
    _run(box, "mpop", "-d", "-C", box.folder / "mpoprc")
    return _subjects((box.folder / "mbox").read_text())


def fetchmail(box, method):
    """method: "password", "cram-md5", or "apop", which is a protocol to fetchmail."""
    protocol = "apop" if method == "apop" else box.protocol
    how = "" if method == "apop" else f"auth {method}"
    box.write("fetchmailrc", f"""\
set idfile "{box.folder}/ids"
set pidfile "{box.folder}/pid"
poll localhost protocol {protocol} port {box.port} {how} timeout 40
  user "{box.user}" password "{box.password}"
  {"ssl" if box.implicit_tls else ""} sslproto "TLS1.2+" sslcertck sslcertfile "{box.ca}"
  fetchall keep mda "cat >>{box.folder}/mbox"
""")
    _run(box, "fetchmail", "-v", "-v", "--nodetach", "-f", box.folder / "fetchmailrc")
    return _subjects((box.folder / "mbox").read_text())


def mbsync(box, method):
    """method: a SASL mechanism, "LOGIN" for IMAP's own command, "*" for what suits it best."""
    (box.folder / "near").mkdir()
    box.write("mbsyncrc", f"""\
SyncState *
IMAPAccount front
Host localhost
Port {box.port}
User {box.user}
Pass "{box.password}"
SSLType {"IMAPS" if box.implicit_tls else "STARTTLS"}
SystemCertificates no
CertificateFile {box.ca}
AuthMechs {method}
Timeout 40

IMAPStore far
Account front

MaildirStore near
Path {box.folder}/near/
Inbox {box.folder}/near/INBOX

Channel front
Far :far:
Near :near:
Sync Pull
Create Near
""")
    _run(box, "mbsync", "-c", box.folder / "mbsyncrc", "-D", "front")
    texts = [path.read_text() for path in (box.folder / "near" / "INBOX").glob("*/*")]
    return [subject for text in texts for subject in _subjects(text)]


PROGRAMS = {"curl": curl, "mpop": mpop, "fetchmail": fetchmail, "mbsync": mbsync}
