"""What the values of a configuration and of a session mean, said as plainly as possible: addresses, names, list
entries, domains and command lines. For policy_model.py; slow on purpose, and not made from the C code."""

import ipaddress
import re
from collections import namedtuple

# "ASCII letters in lower case": what a letter outside of ASCII folds to depends on who is asked.
_LOWER = {ord(upper): ord(upper) + 32 for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

NAME_MAX_BYTES = 254
NAME_XTEXT_MAX_BYTES = 384
PATH_MAX_BYTES = 256


def lower(text):
    return text.translate(_LOWER)


def size(text):
    """In bytes. What is no UTF-8 is in surrogates, as everywhere in Python."""
    return len(text.encode("utf-8", "surrogateescape"))


def is_printable(text):
    """UTF-8 without control characters: C0, DEL and C1."""
    return not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", text)


# ------------------------------------------------------------------------------------------------ lists

def address(text):
    """A client's address; None for what has none (nginx says unix:). An IPv4 address in IPv6's clothes is the
    IPv4 address."""
    if text == "unix:":
        return None
    value = ipaddress.ip_address(text)
    return getattr(value, "ipv4_mapped", None) or value


def is_regex(entry):
    return len(entry) > 1 and entry.startswith("/") and entry.endswith("/")


def is_wildcard(entry):
    return "*" in entry or "?" in entry


def wildcard_holds(pattern, text):
    """`*` is any run, `?` one character; the whole text must fit; without case."""
    parts = {"*": ".*", "?": "."}
    return re.fullmatch("".join(parts.get(c) or re.escape(c) for c in lower(pattern)), lower(text), re.S) is not None


def regex_holds(entry, text):
    """Unanchored, without case; `$` is the very end."""
    return re.search(entry[1:-1].replace("$", r"\Z"), text, re.I) is not None


def address_entry_holds(entry, client):
    """'A list entry: an address, CIDR, wildcard (`*` `?`) or `/regex/` for `ip`.'"""
    if is_regex(entry):
        return regex_holds(entry, str(client))
    if is_wildcard(entry):
        return wildcard_holds(entry, str(client))
    network = ipaddress.ip_network(entry)
    return client.version == network.version and client in network


def name_entry_holds(entry, name):
    """'A name or address, wildcard or regex for `user` ... Names compare without case.'"""
    if is_regex(entry):
        return regex_holds(entry, name)
    if is_wildcard(entry):
        return wildcard_holds(entry, name)
    return lower(entry) == lower(name)


def entry_that_holds(kind, entries, subject):
    """The entry that is named when several hold: 'the exact one, else the longest prefix or the domain, else the
    first pattern in the order of the file'. None if none holds."""
    holds = address_entry_holds if kind == "ip" else name_entry_holds
    holding = [entry for entry in entries if holds(entry, subject)]
    return min(holding, key=lambda entry: _rank(kind, entry), default=None)


def _digits(fingerprint):
    return lower(fingerprint.replace(":", ""))


def certificate_entry(entries, fingerprint, subject):
    """The entry whose certificate it is: 'its fingerprint's entry (without case, with or without colons), else its
    subject's (byte by byte)'. None: nobody's."""
    by_certificate = [(entry, entry.split(maxsplit=1)[1]) for entry in entries]
    for entry, text in by_certificate:
        if fingerprint and re.fullmatch("[0-9a-f]{40}", _digits(text)) and _digits(text) == _digits(fingerprint):
            return entry
    return next((entry for entry, text in by_certificate if subject and text == subject), None)


def _owner_holds(entry, user):
    """An owner is a name as it logs in, or all of a domain."""
    if entry.startswith("*@"):
        return "@" in user and as_in_dns(domain_of(user)) == as_in_dns(lower(entry[2:]))
    return lower(entry) == user


def gives(entries, mailbox, user):
    """Whether one of 'a sender, white space, and names of users with commas between them' gives it to the user."""
    for entry in entries:
        sender, owners = entry.split(maxsplit=1)
        local, _, domain = lower(sender).rpartition("@")
        if local in ("*", mailbox.local) and as_in_dns(domain) == as_in_dns(mailbox.domain):
            if any(_owner_holds(owner.strip(), user) for owner in owners.split(",")):
                return True
    return False


def same_mailbox(one, other):
    return one.local == other.local and as_in_dns(one.domain) == as_in_dns(other.domain)


def without_detail(mailbox):
    """bob of bob+anything; None: there is no detail."""
    name, plus, _ = mailbox.local.partition("+")
    return mailbox._replace(local=name) if name and plus else None


def mailbox_of(text):
    """Of a bare address, or of a name; None if it has no domain."""
    local, at, domain = text.rpartition("@")
    if local.startswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return Mailbox(lower(local), lower(domain)) if at else None


def _rank(kind, entry):
    if is_regex(entry):
        return 1000
    if kind == "ip" and not is_wildcard(entry):
        return -ipaddress.ip_network(entry).prefixlen
    if kind == "ip" and re.fullmatch(r"(\d+\.)+\*(\.\*)*", entry) and entry.count(".") == 3:
        return -8 * (4 - entry.count("*"))     # "10.1.*.*" is a prefix
    if not is_wildcard(entry):
        return 0
    if kind == "user" and entry.startswith("*@") and not is_wildcard(entry[2:]):
        return 1
    return 1000


# ---------------------------------------------------------------------------------------------- domains

def claim_holds(claim, domain):
    """`acme.example` is that domain, `*.acme.example` all below it."""
    claim = lower(claim)
    return domain.endswith(claim[1:]) if claim.startswith("*.") else domain == claim


def as_in_dns(domain):
    """With letters outside of ASCII a domain has two forms, and small letters alone (RFC 5890)."""
    return ".".join(label if label.isascii() else "xn--" + label.lower().encode("punycode").decode()
                    for label in domain.split("."))


def owner(claims, domain):
    """Whose domain it is, or None: 'an exact claim first, then the longest wildcard'. claims: (domain, owner)."""
    claims = [(as_in_dns(claim), whose) for claim, whose in claims]
    holding = [claim for claim in claims if claim_holds(claim[0], as_in_dns(domain))]
    exact = [whose for claim, whose in holding if not claim.startswith("*.")]
    if exact:
        return exact[0]
    return max(holding, key=lambda claim: len(claim[0]), default=(None, None))[1]


# ------------------------------------------------------------------------------------------ login names

def login_name(given, default_domain, encoding):
    """The name in lower case with its domain; None if it may not log in: 'names with control characters, space, DEL,
    or non-UTF-8 always; `+`, `=` and non-ASCII unless `auth_user_encoding = 'xtext'`'."""
    name = lower(given)
    if "@" not in name and name and default_domain:
        name += "@" + lower(default_domain)
    local, at, domain = name.rpartition("@")
    if not name or (at and not (local and domain)):
        return None
    if not is_printable(name) or " " in name or size(name) > NAME_MAX_BYTES:
        return None
    needs_xtext = [byte for byte in name.encode() if byte > 126 or byte in b"+="]
    if encoding == "plain" and needs_xtext:
        return None
    return None if size(name) + 2 * len(needs_xtext) > NAME_XTEXT_MAX_BYTES else name


def domain_of(name):
    """What is behind the last `@`; None if there is none."""
    return name.rpartition("@")[2] if "@" in name else None


# ---------------------------------------------------------------------------------------- command lines

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u00a0-\U0010ffff-]"
_QUOTED = r'"(?:[^"\\]|\\.)+"'
_LABEL = r"[A-Za-z0-9_\u00a0-\U0010ffff](?:[A-Za-z0-9_\u00a0-\U0010ffff-]*[A-Za-z0-9_\u00a0-\U0010ffff])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_MAILBOX = rf"(?P<local>{_ATOM}+|{_QUOTED})@(?P<domain>{_DOMAIN}|\[[^\]]*\])"
_ROUTE = rf"(?:@(?:{_DOMAIN})(?:,@(?:{_DOMAIN}))*:)?"
_PARAMETERS = r"(?: +[A-Za-z0-9][A-Za-z0-9-]*(?:=[!-~]+)?)* *"

# RFC 5321 4.1.2 with RFC 6531: sender `<>` (a bounce), recipient `<postmaster>` (reserved).
_COMMANDS = {
    "from": re.compile(rf"(?i:MAIL +FROM): *(?P<path><(?:{_ROUTE}(?P<box>{_MAILBOX}))?>){_PARAMETERS}"),
    "to": re.compile(rf"(?i:RCPT +TO): *(?P<path><(?:{_ROUTE}(?P<box>{_MAILBOX})|(?i:postmaster))>){_PARAMETERS}"),
}

# local is without its quotes, both are in lower case; domain is "" for `<postmaster>`.
Mailbox = namedtuple("Mailbox", "local domain")
BOUNCE = Mailbox("", "")


def _is_literal(domain):
    inside = domain[1:-1]
    try:
        if inside[:5].lower() == "ipv6:":
            return bool(ipaddress.IPv6Address(inside[5:]).scope_id is None)
        return bool(ipaddress.IPv4Address(inside))
    except ValueError:
        return False


def path(command, line):
    """The mailbox of a whole command line, BOUNCE for `<>`; None if it is malformed. 'What the RFCs do not allow is
    refused and not guessed at.'"""
    line = re.sub(r"\r?\n\Z", "", line)
    found = _COMMANDS[command].fullmatch(line) if is_printable(line) else None
    if not found or size(found["path"]) > PATH_MAX_BYTES:
        return None
    if found["box"] is None:
        return BOUNCE if command == "from" else Mailbox("postmaster", "")
    local, domain = found["local"], found["domain"]
    if size(found["box"]) > NAME_MAX_BYTES or any(size(label) > 63 for label in domain.split(".")):
        return None
    if domain.startswith("[") and not _is_literal(domain):
        return None
    if local.startswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return Mailbox(lower(local), lower(domain))


def mailbox_text(mailbox):
    """local@domain, 'the local part quoted where RFC 5321 wants it'."""
    local = mailbox.local
    if not re.fullmatch(rf"{_ATOM}+", local):
        local = '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'
    return f"{local}@{mailbox.domain}" if mailbox.domain else local
