"""A connection that is read line by line and may turn to TLS at any time: what the raw clients stand on."""


class LineTalk:
    """On a connected socket. Use as a context manager, or close()."""

    def __init__(self, connected):
        self._socket = connected
        self._reader = connected.makefile("rb")

    def begin_tls(self, trust):
        """trust: an SSLContext."""
        self._socket = trust.wrap_socket(self._socket, server_hostname="localhost")
        self._reader = self._socket.makefile("rb")

    def read(self):
        """The next line without its end; b"" once the server has closed."""
        try:
            return self._reader.readline().rstrip(b"\r\n")
        except ConnectionResetError:
            return b""

    def send(self, *lines):
        """All in one write; each is bytes or str, without its end."""
        self._socket.sendall(b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines))

    def is_closed(self):
        """Whether the server has closed: waits for it to say something or to do so."""
        return self.read() == b""

    def close(self):
        # the socket lives on as long as its reader does
        self._reader.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
