"""What a session of policy_model.py is asked in: the configuration, the facts, and what plainly follows from them."""

from collections import namedtuple
from functools import cached_property

import policy_values as values

# What is in effect where a section says nothing.
DEFAULTS = {
    "top": {"auth_user_encoding": "plain"},
    "listener": {
        "auth": "encrypted", "methods": ["plain"], "certificates": None, "proxy_smtp_auth": False,
        "require_auth": False, "require_tls": False, "auth_ips": "any", "auth_users": "any",
        "on_auth_when_off": "refuse", "relay": "all", "relay_organizations": [], "relay_ips": "", "local_ips": "",
        "trusted_ips": "", "roles_must_auth": [], "relay_window": 0, "upstream": None, "upstream_imap": None,
        "upstream_pop3": None, "upstream_inbound": None,
        "default_domain": None},
    "organization": {
        "domains": [], "sources": [], "recipients": None, "unverifiable_recipient": "defer",
        "authenticate_senders": "no", "authenticate_inbound": "no", "shared_with": [], "match_sender": False,
        "match_exempt_senders": "", "match_from": False, "match_exempt_from": "", "match_detail": False,
        "sender_owners": "", "auth_exempt_ips": "none", "auth_users": "any", "upstream": None,
        "upstream_imap": None, "upstream_pop3": None},
    "rule": {
        "authenticated": "any", "tls": "any", "protocol": [], "listeners": [], "organizations": [], "clients": "",
        "senders": "", "recipients": "", "size_over": 0, "recipients_over": 0, "header_from": "", "action": None,
        "code": None, "text": None, "header": None},
    "limits": {
        "messages_per_user": "0/1h", "recipients_per_user": "0/1d", "recipients_per_message": 0,
        "messages_per_session": 0, "message_size": 0},
    "guard": {"listener": None},
}

# Replies by protocol: SMTP, POP3, IMAP.
CODES = {
    "auth.ok": ("235 2.7.0", "", ""),
    "recipient.ok": ("250 2.1.5", "", ""),
    "auth.bad-credentials": ("535 5.7.8", "[AUTH]", "[AUTHENTICATIONFAILED]"),
    "request.malformed": ("501 5.5.2", "[AUTH]", "[CLIENTBUG]"),
    "auth.tls-required": ("538 5.7.11", "[AUTH]", "[PRIVACYREQUIRED]"),
    "auth.off": ("502 5.5.1", "[AUTH]", "[AUTHENTICATIONFAILED]"),
    "auth.method": ("504 5.5.4", "[AUTH]", "[AUTHENTICATIONFAILED]"),
    "auth.ip-denied": ("535 5.7.8", "[AUTH]", "[AUTHORIZATIONFAILED]"),
    "auth.user-denied": ("535 5.7.8", "[AUTH]", "[AUTHORIZATIONFAILED]"),
    "auth.org-user-denied": ("535 5.7.8", "[AUTH]", "[AUTHORIZATIONFAILED]"),
    "auth.banned": ("421 4.7.0", "[LOGIN-DELAY]", "[LIMIT]"),
    "auth.throttled": ("421 4.7.0", "[LOGIN-DELAY]", "[LIMIT]"),
    "auth.source-unavailable": ("454 4.7.0", "[SYS/TEMP]", "[UNAVAILABLE]"),
    "internal": ("454 4.7.0", "[SYS/TEMP]", "[UNAVAILABLE]"),
    "session.tls-required": ("530 5.7.0", "", ""),
    "session.auth-required": ("530 5.7.0", "", ""),
    "sender.auth-required": ("530 5.7.0", "", ""),
    "role.auth-required": ("530 5.7.0", "", ""),
    "ip.auth-required": ("530 5.7.0", "", ""),
    "sender.mismatch": ("553 5.7.1", "", ""),
    "relay.denied": ("550 5.7.1", "", ""),
    "recipient.unknown": ("550 5.1.1", "", ""),
    "recipient.unverifiable": ("450 4.1.1", "", ""),
    "message.ok": ("250 2.0.0", "", ""),
    "from.mismatch": ("550 5.7.1", "", ""),
    "message.size": ("552 5.3.4", "", ""),
    "message.recipients": ("452 4.5.3", "", ""),
    "session.messages": ("421 4.7.0", "", ""),
    "user.throttled": ("452 4.7.1", "", ""),
    "route.none": ("451 4.4.1", "[SYS/TEMP]", "[UNAVAILABLE]"),
}
PROTOCOLS = ("smtp", "pop3", "imap")

# A place in the configuration (file, line), what stands there, and the entry of the list that decided, if one did.
Where = namedtuple("Where", "file line kind name setting entry")
Answer = namedtuple("Answer", "action code reason where upstream")

# An address in a header of a message, whether it is a mailbox of From:.
Shown = namedtuple("Shown", "mailbox is_author")


class Section:
    """A section of the configuration; lines: {setting: line}. A tenant's own file, if there is one, is `delegated`:
    a Section whose settings count before those of the main file, and which has lists of its own."""

    def __init__(self, kind, name, settings, lists=None):
        self.kind, self.name, self.settings, self.lists = kind, name, settings, lists
        self.file, self.line, self.lines = None, 1, {}
        self.delegated = None
        self.broken = False
        self.knows_accounts = False     # a source that can tell about an account without its password

    def __getitem__(self, setting):
        said_by = self.who_says(setting)
        return said_by.settings.get(setting, DEFAULTS[self.kind][setting])

    def who_says(self, setting):
        return self.delegated if self.delegated and setting in self.delegated.settings else self

    def where(self, setting=None, entry=None):
        """The setting's line, or the section's if the setting has its default."""
        said_by = self.who_says(setting)
        line = said_by.lines.get(setting, said_by.line)
        return Where(said_by.file, line, self.kind, self.name, setting, entry)


class Configuration:
    """top: the settings outside of sections; the others: {name: Section}, rules in their order; lists: {name: (kind,
    entries)}; accounts: {name: Account}, the lines of the users file; limits, guard: the sections of that name."""

    def __init__(self, top, lists, listeners, organizations, sources, rules, accounts, limits, guard):
        self.limits, self.guard = limits, guard
        self.top, self.lists, self.listeners, self.organizations = top, lists, listeners, organizations
        self.sources, self.rules, self.accounts = sources, rules, accounts

    def fixed(self, kind=None, setting=None):
        """What is decided though no section says it."""
        return Where(self.top.file, 1, kind, None, setting, None)

    def owner(self, domain):
        """'Domains with wildcards, the longest match owns the name.'"""
        claims = [(claim, organization) for organization in self.organizations.values()
                  for claim in organization["domains"]]
        return values.owner(claims, domain) if domain else None


Account = namedtuple("Account", "disabled networks protocols smtp_auth where")


class Session:
    """The facts, and what follows from them."""

    def __init__(self, configuration, facts):
        self.configuration = configuration
        self.facts = facts
        self.listener = configuration.listeners.get(facts["listener"])
        self.client = values.address(facts["ip"])
        self.user = None        # of AUTH or of a relay window; None: nobody is authenticated, or not named yet
        self.vouched_by = None  # where the entry of the client's certificate stands; None: there is none
        self.sender = self.recipient = None
        self.stage = None       # of a message: "mail", "rcpt", "header" or "end"; None: nginx asks
        self.shown = []         # of its headers: Shown
        self.accepted = 0       # recipients of it so far

    @property
    def is_message(self):
        return self.stage is not None

    @property
    def protocol(self):
        return self.facts["protocol"]

    @cached_property
    def user_organization(self):
        return self.configuration.owner(values.domain_of(self.user)) if self.user else None

    @cached_property
    def sender_organization(self):
        """'`<>` belongs to nobody.'"""
        return self.configuration.owner(self.sender.domain) if self.sender else None

    @cached_property
    def recipient_organization(self):
        return self.configuration.owner(self.recipient.domain) if self.recipient else None

    def organizations(self):
        """Those that are concerned."""
        shown = [self.configuration.owner(each.mailbox.domain) for each in self.shown] if self.stage == "header" else []
        mine = [self.user_organization, self.sender_organization, self.recipient_organization, *shown]
        return [organization for organization in mine if organization]

    def default_domain(self):
        return self.listener and self.listener["default_domain"]

    # -------------------------------------------------------------------------------------- lists

    def entries(self, section, name):
        """'`list` sections of its own, seen by that organization alone; its settings refer to its own lists only.'"""
        lists = section.lists if section.lists is not None else self.configuration.lists
        return lists[name][1]

    def client_in(self, section, setting):
        """Whether the client is in the list that a setting names. Nobody is in a list that is not set; who has no
        address is neither in a list nor outside."""
        if not section[setting]:
            return False
        return self.client and self.client_entry(section, setting, section[setting]) is not None

    def client_entry(self, section, setting, name):
        return values.entry_that_holds("ip", self.entries(section.who_says(setting), name), self.client)

    def name_entry(self, section, setting, name, subject):
        return values.entry_that_holds("user", self.entries(section.who_says(setting), name), subject)

    def in_relay_ips(self):
        return self.client_in(self.listener, "relay_ips")

    # ------------------------------------------------------------------------------------- answers

    def answer(self, reason, where, upstream=None):
        """The action belongs to the reply: 4yz is 'not now'."""
        by_protocol = dict(zip(PROTOCOLS, CODES[reason]), http="")
        action = {"2": "accept", "4": "defer", "5": "refuse"}[CODES[reason][0][0]]
        return Answer(action, by_protocol[self.protocol], reason, where, upstream)

    def cannot_tell(self, where):
        """'A list that cannot tell: temporary, never yes or no.'"""
        return self.answer("internal", where)
