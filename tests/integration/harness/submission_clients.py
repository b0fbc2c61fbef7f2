"""Programs that submit mail as people have them: swaks, curl, msmtp, neomutt, Python's smtplib and nodemailer. Each is
a function that logs in and sends one message; Failed tells what the program said."""

import json
import os
import shutil
import smtplib
import ssl
import subprocess
from pathlib import Path

from .process import source_dir

TIMEOUT_S = 40


class Failed(Exception):
    """The program could not send; str() is what it said."""


class Submission:
    """Where and how a program is to send: the front door's port, with TLS from the first byte or by STARTTLS; ca: the
    authority that it is to trust; method: "PLAIN", "LOGIN"; folder: for the program's files; modules: a NODE_PATH with
    nodemailer in it. What is sent has the subject and goes to recipient, from user."""

    def __init__(self, port, implicit_tls, ca, folder, method, user, password, recipient, subject, modules=None):
        self.port, self.implicit_tls, self.ca, self.folder = port, implicit_tls, ca, Path(folder)
        self.method, self.user, self.password = method, user, password
        self.recipient, self.subject, self.modules = recipient, subject, modules

    def message(self, by):
        return f"From: <{self.user}>\r\nTo: <{self.recipient}>\r\nSubject: {self.subject}\r\n\r\nby {by}\r\n"

    def write(self, name, text):
        """A file that nobody else may read, as some programs demand."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def run(self, *command, stdin="", env=None):
        done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True,
                              errors="replace", timeout=60, env={**os.environ, **(env or {})})
        said = done.stdout + done.stderr
        if done.returncode != 0:
            raise Failed(f"{command[0]} ended with {done.returncode}\n{said}")
        return said


def swaks(job):
    job.run("swaks", "--server", "127.0.0.1", "--port", job.port, "--tls-on-connect" if job.implicit_tls else "--tls",
            "--tls-verify", "--tls-ca-path", job.ca, "--auth", job.method, "--auth-user", job.user,
            "--auth-password", job.password, "--from", job.user, "--to", job.recipient,
            "--header", f"Subject: {job.subject}", "--timeout", TIMEOUT_S)


def curl(job):
    job.run("curl", "-sS", "-v", f"{'smtps' if job.implicit_tls else 'smtp'}://127.0.0.1:{job.port}", "--ssl-reqd",
            "--cacert", job.ca, "--login-options", f"AUTH={job.method}", "--user", f"{job.user}:{job.password}",
            "--mail-from", job.user, "--mail-rcpt", job.recipient, "--upload-file",
            job.write("message", job.message("curl")), "--max-time", TIMEOUT_S)


def msmtp(job):
    job.write("msmtprc", f"""\
defaults
host localhost
port {job.port}
tls on
tls_starttls {"off" if job.implicit_tls else "on"}
tls_trust_file {job.ca}
auth {job.method.lower()}
user {job.user}
password "{job.password}"
from {job.user}
account default
""")
    job.run("msmtp", "-v", "--file", job.folder / "msmtprc", f"--timeout={TIMEOUT_S}", job.recipient,
            stdin=job.message("msmtp").replace("\r\n", "\n"))


def neomutt(job):
    """In batch mode: it sends what it reads on stdin. Its debug log has what the server said."""
    scheme = "smtps" if job.implicit_tls else "smtp"
    quoted = job.user.replace("@", "%40")
    job.write("neomuttrc", f"""\
set smtp_url = "{scheme}://{quoted}@localhost:{job.port}/"
set smtp_pass = "{job.password}"
set smtp_authenticators = "{job.method.lower()}"
set ssl_force_tls = yes
set ssl_starttls = yes
set ssl_usesystemcerts = no
set certificate_file = "{job.ca}"
set from = "{job.user}"
set use_envelope_from = yes
set copy = no
set record = ""
set folder = "{job.folder}"
set header_cache = ""
""")
    log = job.folder / "neomutt.log"
    try:
        job.run("neomutt", "-n", "-F", job.folder / "neomuttrc", "-d", "2", "-l", log, "-s", job.subject,
                "--", job.recipient, stdin="by neomutt\n", env={"HOME": str(job.folder), "TERM": "dumb", "LANG": "C"})
    except Failed as failed:
        raise Failed(f"{failed}{log.read_text(errors='replace') if log.exists() else ''}") from None


def python(job):
    """smtplib"""
    trust = ssl.create_default_context(cafile=job.ca)
    client = smtplib.SMTP_SSL("localhost", job.port, context=trust, timeout=TIMEOUT_S) if job.implicit_tls \
        else smtplib.SMTP("localhost", job.port, timeout=TIMEOUT_S)
    try:
        if not job.implicit_tls:
            client.starttls(context=trust)
        client.ehlo()
        client.user, client.password = job.user, job.password
        client.auth(job.method, client.auth_plain if job.method == "PLAIN" else client.auth_login)
        client.sendmail(job.user, job.recipient, job.message("smtplib"))
    except smtplib.SMTPException as error:
        raise Failed(str(error)) from None
    finally:
        client.close()


def nodemailer(job):
    timeout_ms = 1000 * TIMEOUT_S
    transport = {"host": "localhost", "port": job.port, "secure": job.implicit_tls, "requireTLS": True,
                 "authMethod": job.method, "auth": {"user": job.user, "pass": job.password},
                 "tls": {"ca": Path(job.ca).read_text()},
                 **{f"{what}Timeout": timeout_ms for what in ("connection", "greeting", "socket")}}
    message = {"from": job.user, "to": job.recipient, "subject": job.subject, "text": "by nodemailer"}
    job.run("node", source_dir() / "tests" / "integration" / "nodemailer" / "send.js",
            stdin=json.dumps({"transport": transport, "message": message}), env={"NODE_PATH": str(job.modules)})


# What npm says where it cannot reach its registry.
OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "ETIMEDOUT", "ERR_SOCKET_TIMEOUT")


class NotThere(Exception):
    """nodemailer cannot be had on this machine; str() says why."""


def install_nodemailer(folder):
    """The version that the lock file pins, from npm's registry, into a folder, never into the source tree. Returns the
    NODE_PATH; NotThere without npm or network."""
    if not shutil.which("npm") or not shutil.which("node"):
        raise NotThere("npm is not installed")
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source_dir() / "tests" / "integration" / "nodemailer" / name, folder)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-timeout=20000",
                           "--fetch-retries=1"], cwd=folder, capture_output=True, text=True, timeout=100)
    if done.returncode != 0 and any(word in done.stderr for word in OFFLINE):
        raise NotThere("npm's registry cannot be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "node_modules"


CLIENTS = {"swaks": swaks, "curl": curl, "msmtp": msmtp, "neomutt": neomutt, "smtplib": python,
           "nodemailer": nodemailer}
