"""The real nginx with the files of nginx-conf/ as they are; only nginx-conf/site/ is written anew, as an
administrator would: ports, certificate, sockets."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from .process import Process, free_port, port_answers, socket_answers, source_dir

PORTS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s")
TLS_PORTS = {"submissions", "imaps", "pop3s"}


def load_mail_module(folder):
    """Writes what Debian's libnginx-mod-mail puts into modules-enabled/; an nginx of another maker, first in
    the path, has the module built in."""
    folder.mkdir()
    about = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=True).stderr
    path = re.search(r"--modules-path=(\S+)", about)
    if path and "--with-mail=dynamic" in about:
        (folder / "mail.conf").write_text(f"load_module {path.group(1)}/ngx_mail_module.so;\n")


class Nginx:
    """`ports["submission"]` and so on are the loopback ports of the front door; `question_socket` is where
    nginx mail asks nginx http; `error_log` and `auth_error_log` are its logs."""

    def __init__(self, folder, mailreeve_socket, certificate, key, user=None, server_name="mail.example.com",
                 mail_settings="", http_settings="", port_settings=None, client_ca=None,
                 policy_keys=None):
        """mailreeve_socket: the FastCGI unix socket; user: of the workers where root starts it (root's own
        if not given, so that any socket can be reached); mail_settings: more lines for site/mail.conf;
        http_settings: more lines for the http block of nginx.conf, as a web server of one's own has them;
        port_settings: {port: more lines for its site/listen-PORT.conf}; client_ca: the file that becomes
        site/client-ca.pem, where client-certificates.conf looks for it; policy_keys: the text of
        site/auth-policy-keys.conf (as shipped if not given) for those who report logins at `policy_port`, if
        http_settings includes auth-policy.conf."""
        self.folder = Path(folder)
        self.site = self.folder / "mailreeve" / "site"
        self.mailreeve_socket = Path(mailreeve_socket)
        self.question_socket = self.folder / "question.sock"
        self.error_log = self.folder / "error.log"
        self.auth_error_log = self.folder / "auth-error.log"
        self.ports = {name: free_port() for name in PORTS}
        self.policy_port = free_port()
        self._user = user or "root"
        self._install(http_settings)
        self._write_site(certificate, key, server_name, mail_settings, port_settings or {}, policy_keys)
        if client_ca:
            shutil.copy(client_ca, self.site / "client-ca.pem")
        self.process = Process(
            ["nginx", "-c", self.folder / "nginx.conf", "-e", self.error_log, "-g", "daemon off;"],
            self.folder / "nginx.out", ready=self._ready)

    def _install(self, http_settings):
        source = source_dir() / "nginx-conf"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        shutil.copytree(source, self.folder / "mailreeve")
        text = (source / "nginx.conf").read_text()
        include = "include mailreeve/http.conf;\n"
        assert text.count(include) == 1
        (self.folder / "nginx.conf").write_text(text.replace(include, f"{include}{http_settings}"))
        load_mail_module(self.folder / "modules-enabled")

    def _policy_files(self, keys):
        """Who may report logins: as shipped, but for the port and the keys."""
        names = ("auth-policy.conf", "auth-policy-keys.conf")
        server, shipped_keys = ((self.site / name).read_text() for name in names)
        assert server.count("127.0.0.1:4001;") == 1
        return dict(zip(names, (server.replace("127.0.0.1:4001;", f"127.0.0.1:{self.policy_port};"),
                                keys or shipped_keys)))

    def _write_site(self, certificate, key, server_name, mail_settings, port_settings, policy_keys):
        # Each file of the shipped site/ must be replaced: a forgotten one would use the machine's own paths.
        shipped = {path.name for path in self.site.iterdir()}
        temp = self.folder / "temp"
        temp.mkdir()
        user = f"user {self._user};\n" if os.getuid() == 0 else ""
        files = {
            "main.conf": f"{user}pid {self.folder}/nginx.pid;\nerror_log {self.error_log} info;\n",
            "mail.conf": f"server_name {server_name};\n"
                         f"ssl_certificate {certificate};\nssl_certificate_key {key};\n"
                         f"auth_http unix:{self.question_socket}:/auth;\n"
                         f"smtp_capabilities SIZE 8BITMIME ENHANCEDSTATUSCODES DSN;\n{mail_settings}\n",
            "http.conf": f"upstream mailreeve {{\n    server unix:{self.mailreeve_socket};\n    keepalive 32;\n}}\n"
                         + "".join(f"{kind}_temp_path {temp}/{kind};\n"
                                   for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
            "auth-server.conf": f"listen unix:{self.question_socket} backlog=4096;\n"
                                f"error_log {self.auth_error_log} warn;\n",
            **self._policy_files(policy_keys),
        }
        for name, port in self.ports.items():
            ssl = " ssl" if name in TLS_PORTS else ""
            files[f"listen-{name}.conf"] = (f"listen 127.0.0.1:{port}{ssl} backlog=4096;\n"
                                            f"{port_settings.get(name, '')}\n")
        assert set(port_settings) <= set(self.ports), port_settings
        assert set(files) == shipped, f"nginx-conf/site and the harness differ: {set(files) ^ shipped}"
        for name, text in files.items():
            (self.site / name).write_text(text)

    def _ready(self):
        return socket_answers(self.question_socket) and all(port_answers(port) for port in self.ports.values())

    def start(self):
        self.process.start()
        return self

    def stop(self):
        # SIGTERM is nginx's quick end, which removes its sockets.
        self.process.stop(signal.SIGTERM)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
