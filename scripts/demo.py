#!/usr/bin/env python3
"""What scripts/demo.sh runs: three companies behind one front door, real servers, real messages.

Everything is made in one scratch folder and on free loopback ports, so that several demos can run side by
side. The servers are those of the integration tests (tests/integration/harness), the configurations are
nginx-conf/, postfix/ and docs/demo/mailreeve.conf as they are.
"""

import argparse
import contextlib
import imaplib
import os
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SOURCE / "tests" / "integration"))

from demo_servers import LARS, LENA, LEO, NINA, Servers, say  # noqa: E402
from harness.postfix import login_of  # noqa: E402
from harness.process import build_dir, make_scratch, remove_scratch, wait_until  # noqa: E402
from harness.smtp_talk import SmtpTalk, plain  # noqa: E402

STRANGER = "customer@far.example"

# Other clients than the demo's own: the whole of 127.0.0.0/8 is this machine.
OLD_PROGRAM = "127.0.0.2"
ATTACKER = "127.0.0.3"
GUESSER = "127.0.0.4"

class Check:
    """Counts expectations and tells how each turned out."""

    def __init__(self):
        self.held = self.failed = 0

    def expect(self, holds, text, otherwise=""):
        if holds:
            self.held += 1
            print(f"     ok      {text}", flush=True)
        else:
            self.failed += 1
            print(f"     FAILED  {text}", flush=True)
            if otherwise:
                print(textwrap.indent(str(otherwise), "             | "), flush=True)


class Demo:
    def __init__(self, servers):
        self.servers = servers
        self.check = Check()
        self.number = 0

    def swaks(self, port, *words):
        """The command line for a message through the front door."""
        return ["swaks", "--server", "127.0.0.1", "--port", str(self.servers.door.ports[port]), *words]

    def secure(self, port, user, password, method="PLAIN"):
        """swaks with TLS and a login."""
        tls = "--tls-on-connect" if port == "submissions" else "--tls"
        return self.swaks(port, tls, "--tls-verify", "--tls-ca-path", str(self.servers.ca), "--auth", method,
                          "--auth-user", user, "--auth-password", password)

    def step(self, text):
        self.number += 1
        print(flush=True)
        say(f"{self.number}. {text}", 1)

    def run(self, command, *, subject, sender, recipient, headers=()):
        """Shows and runs a swaks command; returns its transcript."""
        command = [*command, "--from", sender, "--to", recipient, "--header", f"Subject: {subject}"]
        for header in headers:
            command += ["--header", header]
        print(f"     $ {shlex.join(command)}".replace(str(self.servers.scratch), "SCRATCH"), flush=True)
        done = subprocess.run([*command, "--timeout", "40"], capture_output=True, text=True)
        return done.stdout + done.stderr

    def sends(self, command, *, subject, sender, recipient, login, headers=()):
        """A message that must arrive in Postfix with that login (None: with none). Returns it."""
        transcript = self.run(command, subject=subject, sender=sender, recipient=recipient, headers=headers)
        sent = "queued as" in transcript
        self.check.expect(sent, "the message was taken", transcript)
        if not sent:
            return None
        try:
            message = self.servers.postfix.wait_for_message(subject)
        except AssertionError as error:
            self.check.expect(False, "Postfix delivered it", f"{error}\n{self.servers.postfix.output()}")
            return None
        self.check.expect(message["X-Original-To"] == recipient, f"Postfix delivered it to {recipient}")
        found = login_of(message)
        whose = f"the login {login}" if login else "no login"
        self.check.expect(found == login, f"and knows by XCLIENT that it came with {whose}", f"found: {found}")
        return message

    def refused(self, command, code, *, subject, sender, recipient, headers=()):
        """A message that must be refused with that code, and not arrive."""
        transcript = self.run(command, subject=subject, sender=sender, recipient=recipient, headers=headers)
        answers = [line for line in transcript.splitlines() if line.startswith(("<** ", "<~* "))]
        self.check.expect(any(line[4:].startswith(code) for line in answers), f"refused with {code}", transcript)
        for line in answers[:1]:
            say(f"nginx said: {line[4:]}", 13)
        self.check.expect("queued as" not in transcript, "no message went through")

    def tour(self):
        """All that the demo promises; each expectation is counted."""
        self.who_may_send()
        self.who_may_not()
        self.every_message()
        self.a_device()
        self.an_outage()
        self.new_disks()
        self.old_programs_and_attackers()
        self.a_guesser()
        self.who_reads()

    def who_may_send(self):
        self.step("Lena writes to a customer. She submits on port 587 with STARTTLS; her password is known to the "
                  "directory, where mailreeve tries it.")
        self.sends(self.secure("submission", *LENA), subject="from the directory user",
                   sender=LENA[0], recipient=STRANGER, login=LENA[0])

        self.step("Nina works for a company that kept its old mail server. She submits on port 465; mailreeve logs in "
                  "at that server with what she gave, to see whether it lets her in.")
        self.sends(self.secure("submissions", *NINA, "LOGIN"), subject="from the tenant user",
                   sender=NINA[0], recipient=STRANGER, login=NINA[0])

        self.step("Leo is in mailreeve's own users file.")
        self.sends(self.secure("submission", *LEO, "LOGIN"), subject="from the local user",
                   sender=LEO[0], recipient=STRANGER, login=LEO[0])

        self.step("A stranger's server brings mail for Lena to port 25: her domain is one of ours.")
        self.sends(self.swaks("smtp"), subject="from a stranger", sender=STRANGER, recipient=LENA[0], login=None)

    def who_may_not(self):
        self.step("The same stranger wants us to carry mail to somebody else: we are no open relay.")
        self.refused(self.swaks("smtp"), "550 5.7.1", subject="through us", sender=STRANGER,
                     recipient="victim@elsewhere.example")

        self.step("And mail for somebody who is not in Lena's company: the directory knows who is, so the sender hears at "
                  "once that his letter goes nowhere.")
        self.refused(self.swaks("smtp"), "550 5.1.1", subject="to nobody", sender=STRANGER,
                     recipient="nobody@ldap.example")

        self.step("A forger writes to Lena as if he were Leo: mail from that company needs a login.")
        self.refused(self.swaks("smtp"), "530 5.7.0", subject="forged", sender=LEO[0], recipient=LENA[0])

        self.step("Somebody guesses Lena's password.")
        self.refused(self.secure("submission", LENA[0], "a-guess"), "535 5.7.8", subject="a guess", sender=LENA[0],
                     recipient=STRANGER)

        self.step("Leo's mail program forgot to log in.")
        self.refused(self.swaks("submission", "--tls"), "530 5.7.0", subject="no login", sender=LEO[0],
                     recipient=STRANGER)

    def results_of(self, message, want):
        """What the message says of a login to the filters behind."""
        found = message.get_all("Authentication-Results", []) if message is not None else []
        said = f"Authentication-Results: {want}" if want else "nothing of a login"
        self.check.expect([str(value) for value in found] == ([want] if want else []), f"it says {said}", found)

    def every_message(self):
        host = self.servers.postfix.hostname
        self.step("After the login nginx lets everything pass. The guard beside Postfix does not: it sees each message. It "
                  "writes into Lena's who has sent it, for the filters behind.")
        message = self.sends(self.secure("submission", *LENA), subject="with her name in it", sender=LENA[0],
                             recipient=STRANGER, login=LENA[0])
        self.results_of(message, f"{host}; auth=pass smtp.auth={LENA[0]}")
        self.step("A stranger writes the same into his own message. It does not get far.")
        message = self.sends(self.swaks("smtp"), subject="who he says", sender=STRANGER, recipient=LENA[0], login=None,
                             headers=[f"Authentication-Results: {host}; auth=pass smtp.auth={LENA[0]}"])
        self.results_of(message, None)
        self.step("Lena has logged in, and sends as Lars.")
        self.refused(self.secure("submission", *LENA), "553 5.7.1", subject="as Lars", sender=LARS[0],
                     recipient=STRANGER)
        self.step("She sends as herself, and only shows his name.")
        self.refused(self.secure("submission", *LENA), "550 5.7.1", subject="shows Lars", sender=LENA[0],
                     recipient=STRANGER, headers=[f"From: {LARS[0]} <{LENA[0]}>"])
        self.step("A stranger's second recipient is looked up like the first, which nginx asked about. The first one gets the "
                  "message.")
        transcript = self.run(self.swaks("smtp"), subject="to two", sender=STRANGER,
                              recipient=f"{LENA[0]},nobody@ldap.example")
        self.check.expect("<** 550 5.1.1" in transcript, "the second is refused with 550 5.1.1", transcript)
        self.check.expect("queued as" in transcript, "the first is not", transcript)
        self.step("The guard is gone. Nothing goes past Postfix unseen: everybody is asked to come again. Then it is back.")
        self.servers.guard.stop()
        self.refused(self.secure("submission", *LEO), "451 4.7.1", subject="unguarded", sender=LEO[0],
                     recipient=STRANGER)
        self.servers.guard.start()
        self.sends(self.secure("submission", *LEO), subject="guarded again", sender=LEO[0], recipient=STRANGER,
                   login=LEO[0])

    def mailreeve(self, *words):
        """Shows and runs mailreeve with the demo's configuration; returns what it printed."""
        command = [str(build_dir() / "bin" / "mailreeve"), *words, "-c", str(self.servers.door.configuration)]
        shown = ["mailreeve", *command[1:]]
        print(f"     $ {shlex.join(shown)}".replace(str(self.servers.scratch), "SCRATCH"), flush=True)
        done = subprocess.run(command, capture_output=True, text=True, timeout=40,
                              env=os.environ | self.servers.door.environment)
        self.check.expect(done.returncode == 0, done.stdout.strip(), done.stdout + done.stderr)
        return done.stdout.strip()

    def a_device(self):
        self.step("The copier that Lena scans with gets a password of its own, which is good from here alone; hers stays "
                  "hers. She is in the directory; her app passwords are in mailreeve's users file.")
        password = self.mailreeve("app-password", "add", LENA[0], "copier", "--networks", "127.0.0.0/8")
        self.mailreeve("reload")
        self.sends(self.secure("submission", LENA[0], password), subject="scanned", sender=LENA[0],
                   recipient=STRANGER, login=LENA[0])
        self.step("The copier is sold, and its password goes with it.")
        self.mailreeve("app-password", "revoke", LENA[0], "copier")
        self.mailreeve("reload")
        self.refused(self.secure("submission", LENA[0], password), "535 5.7.8", subject="sold", sender=LENA[0],
                     recipient=STRANGER)

    def an_outage(self):
        self.step("The directory is down. That is nobody's fault and nobody's wrong password: Lars is asked to come "
                  "back. Lena, whose password was right a moment ago, and Leo do not notice.")
        self.sends(self.secure("submission", *LENA), subject="before the outage", sender=LENA[0],
                   recipient=STRANGER, login=LENA[0])
        self.servers.slapd.stop()
        self.refused(self.secure("submission", *LARS), "454 4.7.0", subject="too early", sender=LARS[0],
                     recipient=STRANGER)
        self.sends(self.secure("submission", *LENA), subject="remembered", sender=LENA[0],
                   recipient=STRANGER, login=LENA[0])
        self.sends(self.secure("submission", *LEO), subject="while the directory is down", sender=LEO[0],
                   recipient=STRANGER, login=LEO[0])
        self.servers.slapd.start()
        say("The directory is back; nothing else was restarted.", 5)
        self.sends(self.secure("submission", *LARS), subject="after the directory came back", sender=LARS[0],
                   recipient=STRANGER, login=LARS[0])

    def new_disks(self):
        self.step("The server that takes Leo's mail to others gets new disks. Drained, it gets no new sessions; there is no "
                  "second one here that would take them, so Leo is asked to come back.")
        self.mailreeve("upstream", "drain", "relay", "postfix", "--reason", "new disks")
        self.waits_until_drained(True)
        self.mailreeve("upstream", "list")
        self.refused(self.secure("submission", *LEO), "451 4.4.1", subject="while disks are changed", sender=LEO[0],
                     recipient=STRANGER)
        self.mailreeve("upstream", "resume", "relay", "postfix")
        self.waits_until_drained(False)
        self.sends(self.secure("submission", *LEO), subject="on new disks", sender=LEO[0], recipient=STRANGER,
                   login=LEO[0])

    def waits_until_drained(self, want):
        """All services on the store know within a second."""
        command = [str(build_dir() / "bin" / "mailreeve"), "status", "-c", str(self.servers.door.configuration)]

        def is_known():
            done = subprocess.run(command, capture_output=True, text=True, timeout=40,
                                  env=os.environ | self.servers.door.environment)
            return ("upstream relay" in done.stdout.splitlines()[0]) == want
        wait_until(is_known, 20, "the service to know of the drain")

    def old_programs_and_attackers(self):
        self.step("Leo's old mail program cannot log in to send. But it fetches his mail by POP3 first, and for a quarter "
                  "of an hour that counts for what comes from the same address.")
        self.check.expect(*self.pop3_login(LEO, OLD_PROGRAM))
        self.sends(self.swaks("submission", "--tls", "--local-interface", OLD_PROGRAM), subject="after reading",
                   sender=LEO[0], recipient=STRANGER, login=LEO[0])

        self.step("A bot tries passwords on port 25, where nobody logs in: it is shut out, even for what it was let do "
                  "before. Others are not.")
        bot = self.swaks("smtp", "--local-interface", ATTACKER)
        self.sends(bot, subject="from the bot, before", sender=STRANGER, recipient=LENA[0], login=None)
        self.tries_passwords(ATTACKER, "502 5.5.1")
        self.refused(bot, "421 4.7.0", subject="from the bot, after", sender=STRANGER, recipient=LENA[0])
        self.sends(self.swaks("smtp"), subject="from a stranger again", sender=STRANGER, recipient=LENA[0], login=None)

    def a_guesser(self):
        self.step("Leo's other telephone has an old password and tries it again and again: the same wrong one counts once.")
        for _ in range(2):
            self.guesses(LEO[0], "an-old-one", "535 5.7.8")
        self.step("Somebody beside him guesses passwords, many at once. The tenth wrong one shuts the address out, and from "
                  "then on not even the right one helps. Leo himself, elsewhere, does not notice.")
        with ThreadPoolExecutor(9) as side_by_side:
            list(side_by_side.map(lambda i: self.guesses(LEO[0], f"guess-{i}", "535 5.7.8"), range(9)))
        self.guesses(*LEO, "421 4.7.0")
        self.sends(self.secure("submission", *LEO), subject="beside a guesser", sender=LEO[0], recipient=STRANGER,
                   login=LEO[0])
        self.step("Bans and windows are in a store beside the service, which outlives it; an administrator sees them there "
                  "and ends them.")
        self.mailreeve("window", "list")
        self.mailreeve("ban", "list")
        self.mailreeve("ban", "del", GUESSER)
        self.guesses(*LEO, "235 2.0.0")

    def who_reads(self):
        self.step("A web page behind nginx asks for the same logins.")
        self.opens_page(LENA, 200, f"X-Auth-User: {LENA[0]}")
        self.opens_page((LENA[0], "a-guess"), 401, "")

        self.step("Lena reads her mail: IMAP on port 993 goes through the same door, and on to Dovecot.")
        self.check.expect(*self.imap_login(LENA))

    def tries_passwords(self, client, code):
        """A raw session, for no mail program says AUTH where it is not offered."""
        line = plain(LENA[0], "a-guess")
        print(f"     from {client} to port 25: {line.decode()}", flush=True)
        with SmtpTalk(self.servers.door.ports["smtp"], client=client) as talk:
            talk.say("EHLO bot.example")
            said = talk.say(line)
            self.check.expect(said.startswith(code), f"refused with {code}", said)
            self.check.expect(talk.is_closed(), "and the connection is closed")

    def guesses(self, user, password, code):
        """A login on port 465 from the guesser's address."""
        line = plain(user, password)
        print(f"     from {GUESSER} to port 465: AUTH PLAIN as {user} with \"{password}\"", flush=True)
        trust = ssl.create_default_context(cafile=self.servers.ca)
        with SmtpTalk(self.servers.door.ports["submissions"], trust, implicit_tls=True, client=GUESSER) as talk:
            talk.say("EHLO guesser.example")
            said = talk.say(line)
            self.check.expect(said.startswith(code), f"the answer is {code}", said)

    def opens_page(self, user, status, text):
        """The page as curl sees it."""
        command = ["curl", "-sS", "--cacert", str(self.servers.ca), "--user", ":".join(user),
                   "--write-out", "%{http_code}", f"https://localhost:{self.servers.web_port}/"]
        print(f"     $ {shlex.join(command)}".replace(str(self.servers.scratch), "SCRATCH"), flush=True)
        done = subprocess.run([*command, "--max-time", "40"], capture_output=True, text=True)
        said = done.stdout + done.stderr
        self.check.expect(done.stdout.endswith(str(status)) and text in done.stdout,
                          f"HTTP status {status}{', and the page knows who it is' if text else ''}", said)

    def pop3_login(self, user, client):
        """Leo's program, from an address of its own."""
        trust = ssl.create_default_context(cafile=self.servers.ca)
        address = ("127.0.0.1", self.servers.door.ports["pop3s"])
        try:
            with socket.create_connection(address, timeout=40, source_address=(client, 0)) as bare, \
                    trust.wrap_socket(bare, server_hostname="localhost") as secure:
                lines = secure.makefile("rwb")
                said = lines.readline()
                for command in (f"USER {user[0]}", f"PASS {user[1]}", "STAT"):
                    lines.write(command.encode() + b"\r\n")
                    lines.flush()
                    said = lines.readline()
                return said.startswith(b"+OK"), "he has his mail", said
        except OSError as error:
            return False, "he has his mail", error

    def imap_login(self, user):
        trust = ssl.create_default_context(cafile=self.servers.ca)
        try:
            port = self.servers.door.ports["imaps"]
            with imaplib.IMAP4_SSL("localhost", port, ssl_context=trust, timeout=40) as client:
                client.login(*user)
                return client.select()[0] == "OK", "she is in her mailbox"
        except (imaplib.IMAP4.error, OSError) as error:
            return False, "she is in her mailbox", error

    def show_log(self):
        print()
        say("What mailreeve-auth wrote down, a line for each decision:", 1)
        for line in self.servers.door.service.output().splitlines():
            print(f"   {line}".replace(str(self.servers.scratch), "SCRATCH"))
        say("And the guard, a line for each message:", 1)
        for line in self.servers.guard.output().splitlines():
            print(f"   {line}".replace(str(self.servers.scratch), "SCRATCH"))

    def invite(self):
        """How to go on by oneself."""
        ports = self.servers.door.ports
        command = str(build_dir() / "bin" / "mailreeve")
        env = " ".join(f"{name}={shlex.quote(value)}" for name, value in self.servers.door.environment.items())
        example = shlex.join([*self.secure("submission", *LENA), "--from", LENA[0], "--to", STRANGER])
        print(f"""
 The front door stays open. Try it:

   {example}

   users            {' '.join('/'.join(user) for user in (LENA, LARS, NINA, LEO))}
   ports            submission (STARTTLS) {ports['submission']}, submission (TLS) {ports['submissions']}, smtp {ports['smtp']},
                    imap {ports['imap']} and {ports['imaps']} (TLS), pop3 {ports['pop3']} and {ports['pop3s']} (TLS)
   web page         https://localhost:{self.servers.web_port}/
   certificates by  {self.servers.ca}
   delivered mail   {self.servers.postfix.maildir}/new
   mailreeve's log  {self.servers.door.log}
   the guard's log  {self.servers.scratch}/mailreeve-milter.log
   nginx            {self.servers.door.nginx.folder}/nginx.conf
   configuration    {self.servers.door.configuration}

   set -a; {env}; set +a
   {command} explain -c {self.servers.door.configuration} listener=submission method=plain user={LENA[0]} tls=on
   {command} login -c {self.servers.door.configuration} {NINA[0]}

 Ctrl-C ends all servers and removes {self.servers.scratch}.
""", flush=True)


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end(*_):
    # Unwinds the stack below: servers are stopped in order, the folder goes. A second Ctrl-C waits for that.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(130)


def main():
    parser = argparse.ArgumentParser(description="The front door at work, on this machine.")
    parser.add_argument("--once", action="store_true", help="end after the self-check")
    options = parser.parse_args()
    for number in SIGNALS:
        signal.signal(number, end)

    with contextlib.ExitStack() as stack:
        scratch = make_scratch("demo")
        stack.callback(remove_scratch, scratch)
        say("mailreeve's demo. nginx takes the mail connections, mailreeve decides who may go on and to which server, "
            "Postfix and Dovecot stand behind. All on loopback and in one folder, "
            f"SCRATCH below: {scratch}. Starting:")
        demo = Demo(Servers(scratch, stack))
        demo.tour()
        demo.show_log()
        print()
        check = demo.check
        if check.failed:
            say(f"{check.failed} of {check.held + check.failed} expectations did not hold (FAILED above).")
        else:
            say(f"All {check.held} expectations held.")
        if not options.once:
            demo.invite()
            while True:
                signal.pause()
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
