"""Mail programs at clients' loopback addresses: they read mail by POP3 and IMAP through the front door, and submit mail
without a login or with one."""

import smtplib

from .mailbox_clients import Imap, Pop


class MailProgram:
    """One at the address `client`, which comes to the ports of a FrontDoor; trust: an SSLContext."""

    def __init__(self, ports, client, trust):
        self.ports, self.client, self.trust = ports, client, trust

    def pop(self, user, password):
        """Reads mail by POP3: (messages, bytes). Raises poplib.error_proto where that is refused."""
        pop = Pop(self.ports["pop3s"], self.client, self.trust)
        try:
            pop.user(user)
            pop.pass_(password)
            return pop.stat()
        finally:
            pop.close()

    def imap(self, user, password):
        """Reads mail by IMAP: "OK". Raises imaplib.IMAP4.error where that is refused."""
        imap = Imap(self.ports["imaps"], self.client, self.trust)
        try:
            imap.login(user, password)
            return imap.select()[0]
        finally:
            imap.shutdown()

    def submission(self):
        """A session by TLS at the port for submission, which the caller closes."""
        smtp = smtplib.SMTP("localhost", self.ports["submission"], timeout=40, source_address=(self.client, 0))
        smtp.starttls(context=self.trust)
        smtp.ehlo()
        return smtp

    def rcpt(self, sender, recipient):
        """The answer to the first recipient of a session without a login: "550 5.7.1 ..."."""
        with self.submission() as smtp:
            smtp.mail(sender)
            code, text = smtp.rcpt(recipient)
        return f"{code} {text.decode()}"

    def send(self, sender, recipient, message, user=None, password=None):
        """Sends a message, after a login if user is given. Raises smtplib.SMTPException where that is refused."""
        with self.submission() as smtp:
            if user is not None:
                smtp.login(user, password)
            smtp.sendmail(sender, recipient, message)
