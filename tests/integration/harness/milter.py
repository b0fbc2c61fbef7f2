"""The mail server's side of the milter protocol, version 6, as Postfix and Sendmail speak it: no library for it is in
Debian, and a mail server says only what it wants to."""

import socket
import struct

from .process import wait_until

# What Postfix offers: all actions, and every wish of a milter about steps and answers up to SMFIP_HDR_LEADSPC.
VERSION, ACTIONS, STEPS = 6, 0x1FF, 0x1FFFFF
NO_BODY, NO_ANSWER = 0x10, {"C": 0x1000, "H": 0x2000, "L": 0x80, "N": 0x40000, "B": 0x80000}

STAGES = {0: "connect", 1: "helo", 2: "mail", 3: "rcpt", 4: "data", 5: "end", 6: "end of headers"}


def packet(command, data=b""):
    return struct.pack("!I", len(data) + 1) + command.encode() + data


def strings(*texts):
    return b"".join(text.encode() + b"\0" for text in texts)


class Milter:
    """One connection to a milter at a path or (host, port). A step's answer is "continue", "skip", "accept", a reply
    ("550 5.7.1 ...") or "tempfail", "reject"; None where the milter wants to give none; EOFError once it has gone."""

    def __init__(self, place, timeout_s=30):
        family = socket.AF_INET if isinstance(place, tuple) else socket.AF_UNIX
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout_s)
        self.socket.connect(place if isinstance(place, tuple) else str(place))
        self.wishes = 0
        self.wanted_macros = {}
        self.changes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, command, data=b""):
        self.socket.sendall(packet(command, data))

    def _read(self, length):
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            if not more:
                raise EOFError("the milter has closed the connection")
            data += more
        return data

    def receive(self):
        """(command, data) of the next packet."""
        length = struct.unpack("!I", self._read(4))[0]
        data = self._read(length)
        return chr(data[0]), data[1:]

    def answer(self):
        """The answer to a step; what it changes on the way goes to `changes`."""
        while True:
            command, data = self.receive()
            if command == "i":
                self.changes.append(("insert", struct.unpack("!I", data[:4])[0], *data[4:].decode().split("\0")[:2]))
            elif command == "m":
                self.changes.append(("change", struct.unpack("!I", data[:4])[0], *data[4:].decode().split("\0")[:2]))
            elif command == "y":
                return data.decode().rstrip("\0")
            else:
                return {"c": "continue", "s": "skip", "a": "accept", "t": "tempfail", "r": "reject"}[command]

    def step(self, command, data=b"", macros=None):
        if macros:
            self.send("D", command.encode() + strings(*(text for pair in macros.items() for text in pair)))
        self.send(command, data)
        return None if self.wishes & NO_ANSWER.get(command, 0) else self.answer()

    def negotiate(self):
        self.send("O", struct.pack("!III", VERSION, ACTIONS, STEPS))
        command, data = self.receive()
        assert command == "O", command
        _, _, self.wishes = struct.unpack("!III", data[:12])
        rest = data[12:]
        while rest:
            stage, (names, rest) = struct.unpack("!I", rest[:4])[0], rest[4:].split(b"\0", 1)
            self.wanted_macros[STAGES[stage]] = names.decode().split()
        return self

    def connect(self, client="192.0.2.1", daemon="submission", **macros):
        family, text = (b"6", f"IPv6:{client}") if ":" in client else (b"4", client)
        return self.step("C", strings("client.example") + family + struct.pack("!H", 4711) + strings(text),
                         {"j": "mta.example", "{daemon_name}": daemon, **macros})

    def helo(self, name="client.example"):
        return self.step("H", strings(name))

    def mail(self, sender, *parameters, user=None, login_by="XCLIENT"):
        """user: who has logged in."""
        macros = {"{auth_type}": login_by, "{auth_authen}": user} if user else {}
        return self.step("M", strings(f"<{sender}>", *parameters), {"j": "mta.example", **macros})

    def rcpt(self, recipient):
        return self.step("R", strings(f"<{recipient}>"))

    def header(self, name, value):
        return self.step("L", strings(name, value))

    def end_of_headers(self):
        return self.step("N", b"", {"i": "4ABCDEF"})

    def body(self, data):
        """None where the milter does not want to hear of it."""
        return None if self.wishes & NO_BODY else self.step("B", data)

    def end(self):
        return self.step("E")

    def abort(self):
        self.send("A")

    def change_client(self):
        """The next step is the connect of another client, in this connection (SMFIC_QUIT_NC)."""
        self.send("K")

    def quit(self):
        self.send("Q")

    def is_closed(self, timeout_s):
        """Whether the milter closes the connection within the time."""
        self.socket.settimeout(timeout_s)
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def begin(self, client="192.0.2.1", daemon="submission"):
        """A session up to MAIL."""
        self.negotiate()
        self.connect(client, daemon)
        self.helo()
        return self

    def message(self, sender, recipient, user=None, headers=None, body=b"hello\r\n"):
        """A whole message, until something is refused. Returns the last answer."""
        for step in (lambda: self.mail(sender, user=user), lambda: self.rcpt(recipient)):
            answer = step()
            if answer != "continue":
                self.abort()
                return answer
        for name, value in (headers or {"From": sender, "Subject": "test"}).items():
            self.header(name, value)
        answer = self.end_of_headers()
        if answer in (None, "continue"):
            self.body(body)
            answer = self.end()
        return answer


def milter_answers(place):
    """Whether a milter answers there."""
    try:
        with Milter(place, timeout_s=5) as milter:
            milter.negotiate()
        return True
    except (OSError, EOFError):
        return False


def wait_for_milter(place, timeout_s=20):
    wait_until(lambda: milter_answers(place), timeout_s, f"a milter to answer at {place}")
