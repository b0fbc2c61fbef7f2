"""nginx-conf as it is shipped: every file is where its head says that it is to be included, taken by nginx, and in use in
a test."""

import grp
import os
import re
import shutil
import smtplib
import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from harness.nginx import Nginx, load_modules, stream_is_usable
from harness.process import free_port, source_dir
from harness.responder import Responder
from harness.smtp_talk import plain

SHIPPED = source_dir() / "nginx-conf"


def refuse(_):
    return {"Auth-Status": "refused by the test", "Auth-Error-Code": "535 5.7.8"}


def shipped_files():
    """All of them, by their paths in the folder."""
    return {str(path.relative_to(SHIPPED)) for path in SHIPPED.rglob("*") if path.is_file()}


def head_of(file):
    """The lines that the comment at the head of a file says to write elsewhere."""
    head = (SHIPPED / file).read_text().split("\n\n", 1)[0] if file == "stream.conf" else (SHIPPED / file).read_text()
    return [line[6:] for line in head.splitlines() if line.startswith("#     ")]


def install(scratch, certificate, additions):
    """The folder as shipped, but for the paths of the machine, which nginx -t would open; additions: {file: text that
    it ends with}, or for what it is as a whole where its name has = before it."""
    shutil.copytree(SHIPPED, scratch / "mailreeve")
    shutil.copy(SHIPPED / "nginx.conf", scratch)
    load_modules(scratch / "modules-enabled", "mail", "stream")
    for name, text in additions.items():
        path = scratch / name.lstrip("=")
        before = "" if name.startswith("=") else path.read_text()
        # what belongs to the http block comes before its end
        ending = "}\n" if name == "nginx.conf" else ""
        path.write_text(f"{before.removesuffix(ending)}{text}\n{ending}")
    for path in (scratch / "mailreeve" / "site").iterdir():
        text = path.read_text()
        text = text.replace("/etc/ssl/certs/mail.example.com.pem", str(certificate[0]))
        text = text.replace("/etc/ssl/private/mail.example.com.key", str(certificate[1]))
        for machine in ("/run/nginx-mailreeve", "/var/log/nginx", "/run/"):
            text = text.replace(machine, f"{scratch}/")
        path.write_text(text)


SUBMISSION, SUBMISSIONS, IMAP = (f"mailreeve/site/listen-{name}.conf" for name in ("submission", "submissions", "imap"))
PAGE = """
server {
    listen 127.0.0.1:9443;
    access_log off;
    include mailreeve/auth-request.conf;
    location / {
        include mailreeve/protected.conf;
        proxy_set_header X-Auth-User $mailreeve_user;
    }
}"""

# What the head of each file says where it is to be included.
PLACES = {
    "challenges.conf": {SUBMISSION: "include mailreeve/challenges.conf;"},
    "client-certificates.conf": {SUBMISSIONS: "include mailreeve/client-certificates.conf;"},
    "no-xclient.conf": {SUBMISSION: "include mailreeve/no-xclient.conf;"},
    "upstream-login.conf": {SUBMISSION: "include mailreeve/upstream-login.conf;"},
    "upstream-proxy-protocol.conf": {IMAP: "include mailreeve/upstream-proxy-protocol.conf;",
                                     SUBMISSION: "include mailreeve/upstream-proxy-protocol.conf;\n"
                                                 "include mailreeve/no-xclient.conf;",
                                     SUBMISSIONS: "include mailreeve/upstream-login.conf;\n"
                                                  "include mailreeve/upstream-proxy-protocol.conf;"},
    "balanced.conf": {f"={SUBMISSION}": "\n".join(head_of("balanced.conf")[:2])},
    "stream.conf": {"mailreeve/site/main.conf": head_of("stream.conf")[0],
                    f"={SUBMISSION}": "\n".join(head_of("stream.conf")[1:3]),
                    f"={SUBMISSIONS}": "\n".join(head_of("stream.conf")[3:5])},
    "auth-policy.conf": {"nginx.conf": "include mailreeve/auth-policy.conf;"},
    "auth-request.conf": {"nginx.conf": PAGE},
    "protected.conf": {"nginx.conf": PAGE},
    "status.conf": {"nginx.conf": "server { listen 127.0.0.1:9155; access_log off; include mailreeve/status.conf; }"},
}
# What every nginx here reads, and what nginx does not.
PLAIN = {"nginx.conf", "mail.conf", "http.conf", "tls.conf"}
OTHERS = {"tmpfiles.conf"}


def test_every_file_has_its_place():
    files = {file for file in shipped_files() if not file.startswith("site/")}
    assert files == set(PLACES) | PLAIN | OTHERS


@pytest.mark.skipif(os.getuid() != 0, reason="the shipped site/ listens on ports below 1024: only root may")
@pytest.mark.parametrize("file", [None, *PLACES])
def test_the_shipped_files_are_valid(scratch, front_certificate, authority, file):
    with open("/proc/net/protocols") as protocols:
        if "TCPv6" not in protocols.read():
            pytest.skip("no IPv6 on this machine")
    if file == "stream.conf" and not stream_is_usable():
        pytest.skip("nginx's stream module is not installed")
    install(scratch, front_certificate, PLACES.get(file, {}))
    shutil.copy(authority.ca, scratch / "mailreeve" / "site" / "client-ca.pem")
    done = subprocess.run(["nginx", "-T", "-c", scratch / "nginx.conf", "-e", scratch / "error.log"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr
    assert file is None or f"# configuration file {scratch}/mailreeve/{file}:" in done.stdout


def test_every_file_is_tested_live():
    """By a test that includes it into the nginx that it runs; this file is about others' syntax."""
    texts = [path.read_text() for path in Path(__file__).parent.rglob("*.py") if path != Path(__file__)]
    untested = [file for file in PLACES if not any(f"include mailreeve/{file};" in text for text in texts)]
    assert untested == []


@pytest.mark.skipif(not stream_is_usable(), reason="nginx's stream module is not installed")
def test_an_nginx_that_reads_every_file_serves_clients(scratch, front_certificate, authority):
    page = PAGE.replace("9443", str(free_port()))
    status = PLACES["status.conf"]["nginx.conf"].replace("9155", str(free_port()))
    ports = {"submission": "include mailreeve/challenges.conf;\ninclude mailreeve/upstream-login.conf;\n",
             "submissions": "include mailreeve/client-certificates.conf;\n",
             "smtp": "include mailreeve/no-xclient.conf;\ninclude mailreeve/upstream-proxy-protocol.conf;\n"}
    with Responder(scratch / "auth.sock", refuse) as responder, \
            Nginx(scratch / "nginx", responder.path, *front_certificate, port_settings=ports, client_ca=authority.ca,
                  http_settings=f"include mailreeve/auth-policy.conf;\n{page}\n{status}\n",
                  balanced=("submissions",), limited=("submission", "submissions")) as front:
        done = subprocess.run(["nginx", "-T", "-c", front.folder / "nginx.conf"], capture_output=True, text=True)
        read = set(re.findall(rf"^# configuration file {front.folder}/mailreeve/(\S+):$", done.stdout, re.M))
        # Nginx puts nginx.conf beside the folder
        assert read | {"nginx.conf"} == shipped_files() - OTHERS
        with smtplib.SMTP("localhost", front.ports["submission"], timeout=20) as client:
            client.starttls(context=ssl.create_default_context(cafile=authority.ca))
            client.ehlo()
            assert client.docmd(plain("joe@one.example", "word").decode())[0] == 535
        assert responder.asked[-1]["HTTP_AUTH_USER"] == b"joe@one.example"


@pytest.mark.skipif(os.getuid() != 0, reason="the folder belongs to root")
def test_the_sockets_folder_is_made_for_nginx_alone(scratch):
    if not shutil.which("systemd-tmpfiles"):
        pytest.skip("systemd-tmpfiles is not installed")
    (scratch / "etc").mkdir()
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", scratch / "etc")
    # the folder's name in the file is that of the shipped sockets
    sockets = {path for name in ("auth-server.conf", "mail.conf", "stream-doors.conf")
               for path in re.findall(r"unix:(/[^:; ]+)", (SHIPPED / "site" / name).read_text())}
    assert {os.path.dirname(path) for path in sockets} == {"/run/nginx-mailreeve"}
    subprocess.run(["systemd-tmpfiles", "--create", f"--root={scratch}", SHIPPED / "tmpfiles.conf"], check=True,
                   capture_output=True)
    made = os.stat(scratch / "run" / "nginx-mailreeve")
    assert (stat.S_IMODE(made.st_mode), made.st_uid) == (0o750, 0)
    assert made.st_gid == grp.getgrnam("www-data").gr_gid
