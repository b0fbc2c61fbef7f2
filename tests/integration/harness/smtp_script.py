"""An SMTP server that authenticates and hears about recipients, as slow, as broken and as strict as a test wants it.

SmtpScript starts it as a process of its own, so that it can hold thousands of sessions beside the test. It
can be run by hand as well:

    python3 -m harness.smtp_script --port 2525 --password secret --delay 5

Each session is a coroutine; 2,000 at once are no burden. The server prints nothing but its errors; what it
counted is asked for with the SMTP command STATS on a connection of its own (SmtpScript.stats()).
"""

import argparse
import asyncio
import base64
import binascii
import contextlib
import json
import resource
import socket
import ssl
import sys
from pathlib import Path

from .process import Process, free_port, port_answers

STEPS = ("greeting", "ehlo", "starttls", "auth", "mail", "rcpt")
TLS_MODES = ("none", "starttls", "implicit")


class Server:
    """The process's side."""

    def __init__(self, options):
        self.options = options
        self.stats = {"connections": 0, "open": 0, "most_open": 0, "auths": 0, "right": 0, "wrong": 0, "quits": 0,
                      "mails": 0, "asking": 0, "most_asking": 0, "asked": []}
        self.recipients = json.loads(options.recipients)
        self.tls = None
        if options.tls != "none":
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(options.certificate, options.key)

    async def serve(self):
        implicit = self.tls if self.options.tls == "implicit" else None
        server = await asyncio.start_server(self.session, self.options.host, self.options.port, ssl=implicit,
                                            backlog=4096)
        async with server:
            await server.serve_forever()

    async def session(self, reader, writer):
        self.stats["connections"] += 1
        self.stats["open"] += 1
        self.stats["most_open"] = max(self.stats["most_open"], self.stats["open"])
        client = Session(self, reader, writer)
        try:
            await client.run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, EndOfSession):
            pass
        finally:
            self.stats["open"] -= 1
            self.stats["asking"] -= client.is_asking
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


class EndOfSession(Exception):
    """The script says that the session ends here."""


class Session:
    """One client's."""

    def __init__(self, server, reader, writer):
        self.server, self.options, self.stats = server, server.options, server.stats
        self.reader, self.writer = reader, writer
        self.secure = server.options.tls == "implicit"
        self.is_asking = False

    async def say(self, *lines):
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    async def hear(self):
        line = await self.reader.readline()
        if not line:
            raise EndOfSession
        return line.decode(errors="surrogateescape").rstrip("\r\n")

    async def trouble_at(self, step):
        """Does what the options ask for at a step, instead of its answer."""
        if self.options.stall == step:
            await self.stall()
        if self.options.close == step:
            raise EndOfSession
        if self.options.refuse == step:
            await self.say(self.options.refusal)
            raise EndOfSession

    async def stall(self):
        while await self.reader.read(4096):
            pass
        raise EndOfSession

    async def run(self):
        await self.trouble_at("greeting")
        await self.say("220 script.example ESMTP")
        while True:
            verb, _, argument = (await self.hear()).partition(" ")
            command = getattr(self, f"on_{verb.lower()}", None)
            if command is None:
                await self.say("500 5.5.1 unknown command")
            else:
                await command(argument)

    async def on_ehlo(self, _):
        await self.trouble_at("ehlo")
        starttls = self.options.tls == "starttls" and not self.secure
        offers = ["SIZE 10240000", *self.options.offers.split()]
        offers += ["STARTTLS"] if starttls else [f"AUTH {self.options.mechanisms.upper()}"]
        lines = ["script.example", *offers]
        await self.say(*[f"250-{line}" for line in lines[:-1]], f"250 {lines[-1]}")

    async def on_starttls(self, _):
        await self.trouble_at("starttls")
        if self.options.tls != "starttls" or self.secure:
            return await self.say("503 5.5.1 not now")
        await self.say("220 2.0.0 go ahead")
        await self.writer.start_tls(self.server.tls)
        self.secure = True

    async def on_auth(self, argument):
        if self.options.tls != "none" and not self.secure:
            return await self.say("538 5.7.11 encryption required")
        mechanism, _, initial = argument.partition(" ")
        try:
            user, password = await self.credentials(mechanism.upper(), initial)
        except (ValueError, binascii.Error):
            return await self.say("501 5.5.2 malformed")
        self.stats["auths"] += 1
        if self.options.delay:
            await asyncio.sleep(self.options.delay)
        await self.trouble_at("auth")
        right = password == self.options.password and (not self.options.user or user == self.options.user)
        self.stats["right" if right else "wrong"] += 1
        await self.say("235 2.7.0 ok" if right else "535 5.7.8 authentication failed")

    async def credentials(self, mechanism, initial):
        if mechanism == "PLAIN":
            if not initial:
                await self.say("334 ")
                initial = await self.hear()
            _, user, password = base64.b64decode(initial, validate=True).split(b"\0")
            return user.decode(), password.decode()
        if mechanism == "LOGIN":
            words = []
            for prompt in ("Username:", "Password:"):
                await self.say(f"334 {base64.b64encode(prompt.encode()).decode()}")
                words.append(base64.b64decode(await self.hear(), validate=True).decode())
            return words
        raise ValueError(mechanism)

    async def on_mail(self, _):
        self.stats["mails"] += 1
        if not self.is_asking:
            self.is_asking = True
            self.stats["asking"] += 1
            self.stats["most_asking"] = max(self.stats["most_asking"], self.stats["asking"])
        await self.trouble_at("mail")
        await self.say("250 2.1.0 ok")

    async def on_rcpt(self, argument):
        self.stats["asked"].append(argument)
        while self.options.hold and not Path(self.options.hold).exists():
            await asyncio.sleep(0.02)
        await self.trouble_at("rcpt")
        address = argument.removeprefix("TO:<").removesuffix(">")
        reply = self.server.recipients.get(address, self.options.recipient_reply)
        if reply == "stall":
            await self.stall()
        if reply == "close":
            raise EndOfSession
        await self.say(*reply.split("\n"))

    async def on_quit(self, _):
        self.stats["quits"] += 1
        await self.say("221 2.0.0 bye")
        raise EndOfSession

    async def on_stats(self, _):
        await self.say(f"250 {json.dumps(self.stats)}")


class SmtpScript(Process):
    """The test's side: a context manager; see the options below for what it takes, with _ for -."""

    def __init__(self, folder, **options):
        self.port = options.pop("port", None) or free_port()
        argv = [sys.executable, "-m", "harness.smtp_script", "--port", self.port]
        for name, value in options.items():
            argv += [f"--{name.replace('_', '-')}", value]
        super().__init__(argv, log=Path(folder) / f"smtp-script-{self.port}.log", cwd=Path(__file__).parents[1],
                         ready=lambda: port_answers(self.port))

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stats(self):
        """What the server counted; only with tls="none". This connection and the one that found it ready are in it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            lines = connection.makefile("rb")
            assert lines.readline().startswith(b"220")
            connection.sendall(b"STATS\r\n")
            return json.loads(lines.readline()[4:])


def parse_options(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", help="the one name that is known, as it is sent (default: any)")
    parser.add_argument("--password", default="secret", help="the password that is right")
    parser.add_argument("--delay", type=float, default=0, help="seconds before AUTH is answered")
    parser.add_argument("--mechanisms", default="PLAIN LOGIN")
    parser.add_argument("--offers", default="", help="more keywords for EHLO")
    parser.add_argument("--recipients", default="{}",
                        help="JSON object: what is replied to RCPT with an address; or stall, or close")
    parser.add_argument("--recipient-reply", default="250 2.1.5 ok", help="what is replied to RCPT with all others")
    parser.add_argument("--hold", help="RCPT is answered when this file is there")
    parser.add_argument("--tls", choices=TLS_MODES, default="none")
    parser.add_argument("--certificate", help="PEM file; for TLS")
    parser.add_argument("--key", help="PEM file; for TLS")
    parser.add_argument("--stall", choices=STEPS, help="say nothing more at this step")
    parser.add_argument("--close", choices=STEPS, help="close the connection at this step")
    parser.add_argument("--refuse", choices=STEPS, help="answer this step with --refusal and close")
    parser.add_argument("--refusal", default="421 4.3.2 try again later")
    return parser.parse_args(argv)


def main():
    # Thousands of sessions are thousands of descriptors.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(Server(parse_options()).serve())


if __name__ == "__main__":
    main()
