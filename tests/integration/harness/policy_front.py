"""Plays the cases of tests/policy with real servers: a client's conversation with nginx, case by case."""

import socket

from . import fastcgi
from .door import FrontDoor
from .first_line import first_line
from .mailreeve import parse_logfmt
from .policy_cases import PASSWORD, World, common_configuration
from .smtp_talk import SmtpTalk, plain

FAR = "customer@far.example"
NEAR = "bert@acme.example"
PORTS = {"mx": "smtp", "submission": "submission", "submissions": "submissions"}


class PolicyDoor:
    """A front door whose configuration changes from world to world."""

    def __init__(self, folder, certificate, environment, directory_password):
        self.folder = folder
        self.directory_password = directory_password
        self.first_line = first_line(folder / "auth.sock", folder)
        world = self._write(common_configuration(), {})
        self.front = FrontDoor(folder, *certificate, world.configuration, env=environment)
        self.ports = self.front.ports

    def _write(self, configuration, files):
        return World(self.folder, configuration, files, self.first_line, self.directory_password)

    def _reload(self):
        answer = fastcgi.ask(self.front.socket, {"DOCUMENT_URI": "/api/v1/reload", "REQUEST_METHOD": "POST"})
        assert answer["Status"] in (None, "200 OK"), answer

    def load(self, configuration, files):
        """Takes a configuration into service and returns its World. The one in between has no organizations, so
        that none has good settings of its own from before."""
        self._write(common_configuration(), {})
        self._reload()
        world = self._write(configuration, files)
        self._reload()
        return world

    def decisions(self, begin):
        """The audit lines from a place in the log on."""
        return [parse_logfmt(line) for line in self.front.service.output()[begin:].splitlines()
                if " event=decision " in line]

    def log_size(self):
        return len(self.front.service.output())

    def __enter__(self):
        self.front.start()
        return self

    def __exit__(self, *_):
        self.front.stop()


def command(verb, address):
    if address.upper().startswith(verb):
        return address
    return verb + (address if address.startswith("<") else f"<{address}>")


class Player:
    """Plays one case. play() raises AssertionError, with all that was said, where the case is not followed."""

    def __init__(self, door, trust, case):
        self.door, self.trust, self.case = door, trust, case
        self.facts = case.facts
        self.source = case.facts.get("ip", "127.0.0.1")
        self.said = []
        self.delivered = None  # (subject, login) of a message that must arrive
        self.login = None

    def _expect(self, talk, line, beginning):
        reply = talk.say(line)
        self.said.append(f"> {line}\n< {reply}")
        assert reply.startswith(beginning), "\n".join([str(self.case), *self.said, f"wanted: {beginning}..."])
        return reply

    def _connect(self):
        port = self.door.ports[PORTS[self.case.port]]
        tls = self.trust if self.facts.get("tls") == "on" else None
        return SmtpTalk(port, tls, implicit_tls=self.case.port == "submissions", client=self.source)

    def play(self):
        if "window" in self.facts:
            self._log_in_by_pop(self.facts["window"])
        with self._connect() as talk:
            self._expect(talk, "EHLO client.example", "250 ")
            if self.facts.get("method") == "none":
                self._name_recipient(talk)
            else:
                self._log_in(talk)
            if self.case.wanted.action == "accept":
                self._go_on_accepted(talk)
            elif self.case.front == "closes":
                assert talk.is_closed(), "\n".join([*self.said, "and the connection stays open"])
            else:
                self._go_on_refused(talk)
        if self.case.after:
            self._come_back()

    def _log_in_by_pop(self, user):
        """What opens a relay window, where the configuration has one."""
        with socket.create_connection(("127.0.0.1", self.door.ports["pop3s"]), 20, (self.source, 0)) as raw, \
                self.trust.wrap_socket(raw, server_hostname="localhost") as client, client.makefile("rb") as replies:
            for line in (None, f"USER {user}", f"PASS {PASSWORD}", "QUIT"):
                if line is not None:
                    client.sendall(line.encode() + b"\r\n")
                reply = replies.readline()
                assert reply.startswith(b"+OK"), f"{line}: {reply}"

    def _log_in(self, talk):
        wanted = self.case.wanted
        user = self.facts["user"]
        password = "wrong" if self.facts.get("password-ok") == "no" else PASSWORD
        self._expect(talk, plain(user, password), "235 " if wanted.action == "accept" else wanted.code + " ")
        self.login = user.lower()

    def _name_recipient(self, talk):
        self._expect(talk, command("MAIL FROM:", self.facts["from"]), "250 ")
        self._expect(talk, command("RCPT TO:", self.facts["to"]), self._recipient_code() + " ")
        self.login = self.facts.get("window")

    def _recipient_code(self):
        # a rule that accepts has a code of mailreeve's, but it is the upstream that answers
        return "250 2.1.5" if self.case.wanted.action == "accept" else self.case.wanted.code

    def _go_on_accepted(self, talk):
        """nginx has handed the session over: the upstream's answers tell which one it is."""
        if self.facts.get("method") != "none":
            sender = self.case.sends.get("from", self.facts["user"])
            self._expect(talk, command("MAIL FROM:", sender if "@" in sender else FAR), "250 ")
            self._expect(talk, command("RCPT TO:", NEAR), "250 2.1.5")
        may_relay = self.case.wanted.upstream == "relay"
        self._expect(talk, command("RCPT TO:", FAR), "250 2.1.5" if may_relay else "554 5.7.1")
        self._deliver(talk)

    def _go_on_refused(self, talk):
        then = self.case.then
        if then is None:
            self._expect(talk, "RSET", "250 ")
            self._expect(talk, command("MAIL FROM:", FAR), "250 ")
            return
        self.login = None
        if "user" in then:
            self._expect(talk, "RSET", "250 ")
            self._expect(talk, plain(then["user"], PASSWORD), "235 ")
            self.login = then["user"]
        if "user" in then or "from" in then:
            if self.login is None:
                self._expect(talk, "RSET", "250 ")
            self._expect(talk, command("MAIL FROM:", then.get("from", then.get("user"))), "250 ")
        self._expect(talk, command("RCPT TO:", then.get("to", NEAR)), "250 2.1.5")
        self._deliver(talk)

    def _deliver(self, talk):
        if self.case.front != "delivered":
            self._expect(talk, "QUIT", "221")
            return
        subject = self.case.id
        self._expect(talk, "DATA", "354")
        self._expect(talk, f"Subject: {subject}\r\n\r\nplayed\r\n.", "250")
        self.delivered = (subject, self.login)
        self._expect(talk, "QUIT", "221")

    def _come_back(self):
        words, _, code = self.case.after.rpartition(": ")
        facts = dict(word.split("=", 1) for word in words.split())
        with SmtpTalk(self.door.ports[PORTS[facts["listener"]]], client=self.source) as talk:
            self._expect(talk, "EHLO client.example", "250 ")
            self._expect(talk, command("MAIL FROM:", facts["from"]), "250 ")
            self._expect(talk, command("RCPT TO:", facts["to"]), code + " ")
            assert talk.is_closed(), "who is banned is not hung up on"
