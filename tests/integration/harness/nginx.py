"""The real nginx with the files of nginx-conf/ as they are; only nginx-conf/site/ is written anew, as an
administrator would: ports, certificate, sockets."""

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from .process import OneProcess, Process, free_port, port_answers, socket_answers, source_dir

PORTS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s")
TLS_PORTS = {"submissions", "imaps", "pop3s"}


def _module(name):
    """The file of nginx's dynamic module of that name ("mail"); "" if it is built in, as in nginxes of other makers
    that are first in the path; None if there is none."""
    about = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=True).stderr
    path = re.search(r"--modules-path=(\S+)", about)
    if not path or f"--with-{name}=dynamic" not in about:
        return "" if f"--with-{name}" in about.split() else None
    file = Path(path.group(1)) / f"ngx_{name}_module.so"
    return file if file.exists() else None


def load_modules(folder, *names):
    """Writes what Debian's packages of these modules put into modules-enabled/."""
    folder.mkdir()
    for name in names:
        if file := _module(name):
            (folder / f"{name}.conf").write_text(f"load_module {file};\n")


def has_ipv6():
    """Whether this machine has an IPv6 loopback."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def stream_is_usable():
    """Whether nginx has the module that stream.conf needs."""
    return _module("stream") is not None


class Nginx(OneProcess):
    """`ports["submission"]` and so on are the loopback ports of the front door; `question_socket` is where
    nginx mail asks nginx http; `error_log` and `auth_error_log` are its logs."""

    def __init__(self, folder, mailreeve_socket, certificate, key, user=None, server_name="mail.example.com",
                 mail_settings="", http_settings="", port_settings=None, client_ca=None,
                 policy_keys=None, more_sockets=(), balanced=(), balancers=("127.0.0.1",), limited=()):
        """mailreeve_socket: the FastCGI unix socket; more_sockets: those of other mailreeve-auth beside it; user: of the workers where root starts it (root's own
        if not given, so that any socket can be reached); mail_settings: more lines for site/mail.conf;
        http_settings: more lines for the http block of nginx.conf, as a web server of one's own has them;
        port_settings: {port: more lines for its site/listen-PORT.conf}; client_ca: the file that becomes
        site/client-ca.pem, where client-certificates.conf looks for it; policy_keys: the text of
        site/auth-policy-keys.conf (as shipped if not given) for those who report logins at `policy_port`, if
        http_settings includes auth-policy.conf; balanced: the ports that hear the PROXY protocol, as balanced.conf
        says, from these balancers; limited: the ports that stream.conf stands before, which listen on ::1, too."""
        self.folder = Path(folder)
        self.site = self.folder / "mailreeve" / "site"
        self.mailreeve_socket = Path(mailreeve_socket)
        self.question_socket = self.folder / "question.sock"
        self.error_log = self.folder / "error.log"
        self.auth_error_log = self.folder / "auth-error.log"
        self.ports = {name: free_port() for name in PORTS}
        self.policy_port = free_port()
        self._user = user or "root"
        self._sockets = [self.mailreeve_socket, *more_sockets]
        self._balanced, self._balancers, self._limited = set(balanced), balancers, limited
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
        load_modules(self.folder / "modules-enabled", "mail", *(("stream",) if self._limited else ()))

    def _policy_files(self, keys):
        """Who may report logins: as shipped, but for the port and the keys."""
        names = ("auth-policy.conf", "auth-policy-keys.conf")
        server, shipped_keys = ((self.site / name).read_text() for name in names)
        assert server.count("127.0.0.1:4001;") == 1
        return dict(zip(names, (server.replace("127.0.0.1:4001;", f"127.0.0.1:{self.policy_port};"),
                                keys or shipped_keys)))

    def _shipped_capabilities(self):
        """What site/mail.conf announces in the servers' place is no machine's own."""
        lines = (self.site / "mail.conf").read_text().splitlines(keepends=True)
        return "".join(line for line in lines if re.match(r"(smtp|imap|pop3)_capabilities ", line))

    def _shipped_upstream(self):
        """site/http.conf with our sockets."""
        text, found = re.subn(
            r"^( *server )unix:\S+?((?: .*)?;)\n",
            lambda server: "".join(f"{server[1]}unix:{path}{server[2]}\n" for path in self._sockets),
            (self.site / "http.conf").read_text(), flags=re.M)
        assert found == 1
        return text

    def _write_site(self, certificate, key, server_name, mail_settings, port_settings, policy_keys):
        # Each file of the shipped site/ must be replaced: a forgotten one would use the machine's own paths.
        shipped = {path.name for path in self.site.iterdir()}
        temp = self.folder / "temp"
        temp.mkdir()
        user = f"user {self._user};\n" if os.getuid() == 0 else ""
        stream = "include mailreeve/stream.conf;\n" if self._limited else ""
        files = {
            "main.conf": f"{user}pid {self.folder}/nginx.pid;\nerror_log {self.error_log} info;\n{stream}",
            "mail.conf": f"server_name {server_name};\n"
                         f"ssl_certificate {certificate};\nssl_certificate_key {key};\n"
                         f"auth_http unix:{self.question_socket}:/auth;\n"
                         f"{self._shipped_capabilities()}{mail_settings}\n",
            "http.conf": self._shipped_upstream()
                         + "".join(f"{kind}_temp_path {temp}/{kind};\n"
                                   for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
            "auth-server.conf": f"listen unix:{self.question_socket} backlog=4096;\n"
                                f"error_log {self.auth_error_log} warn;\n",
            "balancers.conf": "".join(f"set_real_ip_from {address};\n" for address in self._balancers),
            **self._policy_files(policy_keys),
            **self._stream_files(),
        }
        for name in self.ports:
            files[f"listen-{name}.conf"] = f"{self._listen(name)}{port_settings.get(name, '')}\n"
        assert set(port_settings) <= set(self.ports), port_settings
        assert set(files) == shipped, f"nginx-conf/site and the harness differ: {set(files) ^ shipped}"
        for name, text in files.items():
            (self.site / name).write_text(text)

    def _listen(self, name):
        """As mail.conf's server for that port listens."""
        ssl = " ssl" if name in TLS_PORTS else ""
        if name in self._limited:
            return f"listen {self._door(name)}{ssl} proxy_protocol backlog=4096;\nset_real_ip_from unix:;\n"
        return self._listen_outside(name, ssl)

    def _listen_outside(self, name, words=""):
        """On the port itself, behind a balancer or not."""
        balanced = name in self._balanced
        words += " proxy_protocol" if balanced else ""
        addresses = ["127.0.0.1", "[::1]"] if name in self._limited and has_ipv6() else ["127.0.0.1"]
        return ("".join(f"listen {address}:{self.ports[name]}{words} backlog=4096;\n" for address in addresses)
                + ("include mailreeve/balanced.conf;\n" if balanced else ""))

    def _door(self, name):
        return f"unix:{self.folder}/{name}.sock"

    def _stream_files(self):
        """What stream.conf needs to know: the limits are the shipped ones."""
        limits = re.findall(r"^limit_conn .*\n", (self.site / "stream.conf").read_text(), re.M)
        assert len(limits) == 2
        listens = "".join(self._listen_outside(name) for name in self._limited)
        if self._balanced & set(self._limited):
            listens = listens.replace("include mailreeve/balanced.conf;\n", "") + "include mailreeve/balanced.conf;\n"
        return {"stream.conf": listens + "".join(limits),
                "stream-doors.conf": "".join(f"{self.ports[name]} {self._door(name)};\n" for name in self._limited)}

    def _ready(self):
        return socket_answers(self.question_socket) and all(port_answers(port) for port in self.ports.values())

    def stop(self):
        # SIGTERM is nginx's quick end, which removes its sockets.
        self.process.stop(signal.SIGTERM)
