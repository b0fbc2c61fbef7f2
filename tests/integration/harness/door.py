"""The whole front door: mailreeve-auth behind nginx, in one folder."""

from pathlib import Path

from .first_line import first_line, state_section
from .nginx import Nginx
from .process import Process, build_dir, socket_answers


class FrontDoor:
    """`ports` are nginx's; `service` is the process of mailreeve-auth, `nginx` the Nginx."""

    def __init__(self, folder, certificate, key, configuration, files=None, env=None, user=None,
                 http_settings="", **nginx):
        """configuration: the text of mailreeve.conf without `socket`, or the path of a file that is used as it
        is (it sets socket = "FOLDER/auth.sock" itself); if it has no `state` section the store is in
        FOLDER/state; files: {name: text} that the configuration names, made beside it, readable by nobody else;
        env: for ${NAME} in it; user: of nginx's workers; http_settings and more: as Nginx takes them."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.socket = self.folder / "auth.sock"
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o600)
        self.configuration = self.folder / "mailreeve.conf"
        if isinstance(configuration, Path):
            text = configuration.read_text()
            self.configuration.write_text(f"{text}{state_section(self.folder, text)}\n")
        else:
            self.configuration.write_text(f"{first_line(self.socket, self.folder, configuration)}\n{configuration}")
        self.environment = env or {}
        self.log = self.folder / "mailreeve-auth.log"
        self.service = Process([build_dir() / "bin" / "mailreeve-auth", "-c", self.configuration], self.log,
                               ready=lambda: socket_answers(self.socket), env=env)
        self.nginx = Nginx(self.folder / "nginx", self.socket, certificate, key, user=user,
                           http_settings=http_settings, **nginx)
        self.ports = self.nginx.ports

    def start(self):
        self.service.start()
        try:
            self.nginx.start()
        except AssertionError:
            self.service.stop()
            raise
        return self

    def stop(self):
        self.nginx.stop()
        # not 0 is a crash, or a leak that the sanitizer found
        assert self.service.stop() == 0, self.service.tail()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
