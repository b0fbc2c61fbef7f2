"""Draws configurations and facts for test_precedence_model.py and writes the configurations down. The universe is
small, so that domains overlap, lists hold by chance and rules contradict each other all the time."""

from policy_facts import Account, Configuration, Section, Where

CLAIMS = ["acme.example", "*.acme.example", "north.acme.example", "*.north.acme.example", "*.X.north.acme.example",
          "other.example", "*.other.example", "*.example", "bücher.example"]
DOMAINS = ["acme.example", "Acme.EXAMPLE", "north.acme.example", "x.north.acme.example", "y.x.north.acme.example",
           "north_1.acme.example", "other.example", "sub.other.example", "third.example", "notacme.example", "example",
           "bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "acme.example.net",
           "[192.0.2.1]", "[IPv6:2001:DB8::1]"]
LOCALS = ["anna", "anna", "bert", "Anna", "svc-1", "postmaster", "PostMaster", "abuse", "webmaster", "o'brien",
          "jürgen", "a.b.", '"an na"', '"anna"', r'"post\master"', '"x@acme.example"', r'"a\"b"', "a+b", "%x"]
USERS = ["anna@acme.example", "ANNA@Acme.example", "bert@north.acme.example", "bert@acme.example",
         "svc-1@other.example", "anna@other.example", "anna@third.example", "anna@x.north.acme.example", "boss",
         "printer", "Anna", "anna@[192.0.2.1]", "gone@acme.example", "reader@acme.example", "desk@north.acme.example"]
ODD_USERS = ["", "@acme.example", "anna@", "a b@acme.example", "anna+x@acme.example", "jürgen@acme.example",
             "a=b@other.example", "anna\x01@acme.example", "anna\udcff@acme.example", "anna\x85@acme.example",
             "a" * 254, "a" * 255, "a@b@acme.example", "n" * 241 + "@acme.example", "n" * 242 + "@acme.example"]
WINDOWS = [user.lower() for user in USERS]
CLIENTS = ["192.0.2.1", "192.0.2.200", "198.51.100.7", "10.1.2.3", "203.0.113.9", "2001:db8::1", "2001:DB8:1::5",
           "::ffff:192.0.2.1", "127.0.0.1", *["unix:"] * 3]
CLIENT_ENTRIES = ["192.0.2.0/24", "192.0.2.1", "192.0.2.0/25", "10.1.*.*", "10.*.*.*", "198.51.100.7", "203.0.113.0/28",
                  "2001:db8::/32", "2001:db8::1", "/^2001:db8:/", "*:db8:*", r"/\.7$/", "192.0.2.?", "127.0.0.0/8",
                  "/^(10|203)\\./", "198.51.100.0/24"]
NAME_ENTRIES = ["*@acme.example", "anna@acme.example", "ANNA@*", "/^svc-[0-9]+@/", "*@*.acme.example", "boss", "b?rt@*",
                "postmaster@*", "*@bücher.example", '"an?na"@acme.example', "*@other.example", "/EXAMPLE$/", "printer",
                "*", "anna@third.example", "/@north/", "postmaster", "*jürgen*"]
FINGERPRINTS = ["8f43288ad272f3103b6fb1428485ea3014c0bcfe", "0123456789abcdef0123456789abcdef01234567"]
CERTIFICATES = [
    f"anna@acme.example {FINGERPRINTS[0]}", "ANNA@Acme.example CN=anna,O=Acme", "boss CN=boss", "printer  CN=printer",
    "bert@north.acme.example 01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67", "gone@acme.example CN=gone",
    "anna+x@acme.example CN=plus", "reader@acme.example CN=reader", "desk@north.acme.example CN=desk of two words",
    "anna@other.example CN=other", "anna@third.example CN=third", "svc-1@other.example CN=svc-1"]
SUBJECTS = [entry.split(maxsplit=1)[1] for entry in CERTIFICATES if "CN=" in entry]
OWNERS = ["anna@acme.example bert@acme.example, anna@third.example", "*@other.example anna@other.example",
          "*@Acme.example *@third.example, boss", "bert@third.example *@north.acme.example",
          "svc-1@other.example *@acme.example", "a@north.acme.example ANNA@Acme.example,printer",
          "*@notacme.example *@other.example, bert@acme.example"]
SHOWN_LOCALS = ["anna", "anna", "bert", "Anna", "svc-1", "anna+x", "bert+a+b", "a", "postmaster"]
SHOWN_DOMAINS = ["acme.example", "acme.example", "Acme.EXAMPLE", "north.acme.example", "other.example",
                 "sub.other.example", "third.example", "notacme.example"]
AUTHENTICATED = ["anna@acme.example", "ANNA@Acme.example", "bert@north.acme.example", "bert@acme.example",
                 "svc-1@other.example", "anna@other.example", "anna@third.example", "boss", "anna+x@acme.example",
                 "jürgen@acme.example", "a b@acme.example", "@acme.example"]
ROLES = ["postmaster", "abuse", "webmaster", "Anna", "svc-1"]
MALFORMED = {
    "from": ["MAIL FROM:anna@acme.example", "MAIL FROM:<anna@acme.example", "MAIL FROM:<anna>", "MAIL FROM:< >",
             "MAIL FROM:<@acme.example>", "MAIL FROM :<>", "MAIL FROM:<a b@acme.example>",
             "MAIL FROM:<postmaster>",
             "MAIL FROM:<a@acme.example> SIZE=", "MAIL FROM:<a@-x.example>", "MAIL FROM:<a@acme..example>",
             "MAIL FROM:<a@acme.example>x", 'MAIL FROM:<"a@acme.example>', "MAIL FROM:<a@[x]>", "RCPT TO:<a@b>",
             "MAIL FROM:<a@b\udcffc.example>", "MAIL FROM:<a@b> A=\x01", "MAIL FROM:<a@b> <c@d>",
             "MAIL FROM:<" + "a" * 254 + "@b>", "MAIL FROM:<a@" + "b" * 64 + ">"],
    "to": ["RCPT TO:<>", "RCPT TO:<anna>", "RCPT TO:anna@acme.example", "RCPT TO:<@a,@b>", "RCPT TO:<@a,b@c>",
           "RCPT TO:<@:a@acme.example>", "RCPT TO:<a@acme.example> NOTIFY=", "RCPT TO:<a@acme.example>> A=b",
           "MAIL FROM:<>", "RCPT TO:<a@acme.example.>", "RCPT TO:<a@@acme.example>", "RCPT TO:<a@[300.0.0.1]>",
           "RCPT TO:<postmasters>", 'RCPT TO:<"a"b@acme.example>', "RCPT TO:<a(b)@acme.example>",
           "RCPT TO:<a\x7f@acme.example>", "RCPT TO:<@a:@b:c@d>", "RCPT TO:<" + "a" * 255 + "@b>"]}
ORGANIZATIONS = ["one", "two", "three"]
SOURCES = ["dir", "dir2", "relayhost"]
UPSTREAMS = ["red", "green", "blue", "grey"]
LISTENERS = ["in", "out", "third"]
METHODS = ["plain", "cram-md5", "apop", "external"]
OUTCOMES = ["yes"] * 8 + ["no", "no", "unavailable", "unavailable", "unknown", "ambiguous", "disabled", "locked",
                          "account-expired", "expired", "must-change", "not-allowed"]
YES_NO = ["yes", "no", "any", "on", "off", "true", "false"]


class Draw:
    """All that is drawn comes from one random.Random."""

    def __init__(self, rng):
        self.rng = rng
        self.pick = rng.choice

    def maybe(self, chance):
        return self.rng.random() < chance

    def some(self, pool, most=None):
        """A few different ones, none too."""
        count = self.rng.randint(0, min(len(pool), most or len(pool)))
        return self.rng.sample(pool, count)

    def settings(self, chances):
        """{setting: (chance that it is set, function that draws its value)} -> {setting: value}"""
        return {name: draw() for name, (chance, draw) in chances.items() if self.maybe(chance)}

    def access(self, lists, words=("any", "allow", "deny")):
        word = self.pick(words)
        return word if word == words[0] else f"{word} {self.pick(lists)}"

    # ----------------------------------------------------------------------------- a configuration

    def lists(self, prefix=""):
        """Three of each kind with entries and one without."""
        lists = {}
        for kind, pool in (("ip", CLIENT_ENTRIES), ("user", NAME_ENTRIES)):
            for number in range(3):
                lists[f"{prefix}{kind}{number}"] = (kind, self.rng.sample(pool, self.rng.randint(1, 4)))
            lists[f"{prefix}{kind}-empty"] = (kind, [])
        return lists

    def owners(self, prefix=""):
        """Lists of who may send as whom, one without any."""
        drawn = {f"{prefix}owners{number}": self.rng.sample(OWNERS, self.rng.randint(1, 4)) for number in range(2)}
        return {name: ("owners", entries) for name, entries in {**drawn, f"{prefix}owners-empty": []}.items()}

    def certificates(self):
        """Lists of certificates, one without any."""
        drawn = {f"certificate{number}": self.rng.sample(CERTIFICATES, self.rng.randint(4, 10)) for number in range(2)}
        return {name: ("certificate", entries) for name, entries in {**drawn, "certificate-empty": []}.items()}

    def login(self, certificate_lists):
        """How one logs in at a listener."""
        settings = self.settings({
            # challenges need a source that knows passwords in clear
            "methods": (0.6, lambda: self.pick([["plain"], *[["plain", "external"]] * 2, ["external"]])),
            "proxy_smtp_auth": (0.3, lambda: self.maybe(0.6))})
        if "external" in settings.get("methods", []):
            settings["certificates"] = self.pick(certificate_lists)
        return settings

    def listener(self, name, ip_lists, user_lists, certificate_lists):
        return Section("listener", name, self.login(certificate_lists) | self.settings({
            "auth": (0.9, lambda: self.pick(["off", "on", "on", "on", "on", "on", "encrypted"])),
            "require_auth": (0.2, lambda: self.maybe(0.6)),
            "require_tls": (0.2, lambda: self.maybe(0.6)),
            "auth_ips": (0.3, lambda: self.access(ip_lists)),
            "auth_users": (0.3, lambda: self.access(user_lists)),
            "on_auth_when_off": (0.3, lambda: self.pick(["refuse", "ban"])),
            "relay": (0.7, lambda: self.pick(["all", "organizations", "none"])),
            "relay_organizations": (0.6, lambda: self.some(ORGANIZATIONS)),
            "relay_ips": (0.4, lambda: self.pick(ip_lists)),
            "local_ips": (0.3, lambda: self.pick(ip_lists)),
            "trusted_ips": (0.3, lambda: self.pick(ip_lists)),
            "roles_must_auth": (0.4, lambda: self.some(ROLES)),
            "relay_window": (0.6, lambda: self.pick([0, "15min", "1h"])),
            "default_domain": (0.5, lambda: self.pick(["acme.example", "North.Acme.example", "third.example"])),
            "upstream": (0.7, lambda: self.pick(UPSTREAMS)),
            "upstream_imap": (0.3, lambda: self.pick(UPSTREAMS)),
            "upstream_pop3": (0.3, lambda: self.pick(UPSTREAMS)),
            "upstream_inbound": (0.8, lambda: self.pick(UPSTREAMS))}))

    def delegable(self, ip_lists, user_lists, owners_lists, chance):
        return self.settings({
            "auth_users": (chance, lambda: self.access(user_lists)),
            "auth_exempt_ips": (chance, lambda: self.access(ip_lists, ("none", "allow", "deny"))),
            "authenticate_senders": (chance, lambda: self.pick(["no", "unless-local", "always"])),
            "authenticate_inbound": (chance, lambda: self.pick(["no", "when-auth", "always"])),
            "match_sender": (chance, lambda: self.maybe(0.7)),
            "match_exempt_senders": (chance, lambda: self.pick(user_lists)),
            "match_from": (chance, lambda: self.maybe(0.7)),
            "match_exempt_from": (chance, lambda: self.pick(user_lists)),
            "match_detail": (chance, lambda: self.maybe(0.7)),
            "sender_owners": (chance, lambda: self.pick(owners_lists))})

    def delegated(self, organization):
        """The tenant's own file: its settings count before those of the main file, and its lists may be named like
        those there."""
        prefix = self.pick(["", "own-"])
        lists = self.lists(prefix) | self.owners(prefix)
        ip_lists, user_lists, owners_lists, _ = by_kind(lists)
        own = Section("organization", organization.name, self.delegable(ip_lists, user_lists, owners_lists, 0.4), lists)
        organization.broken = self.maybe(0.25)
        if organization.broken:     # and there are no earlier settings
            return Section("organization", organization.name, {}, {})
        return own

    def organization(self, name, domains, others, ip_lists, user_lists, owners_lists):
        section = Section("organization", name, {"domains": domains} | self.settings({
            "sources": (0.7, lambda: self.some(SOURCES, 2)),
            "recipients": (0.5, lambda: self.pick(SOURCES)),
            "unverifiable_recipient": (0.4, lambda: self.pick(["defer", "accept"])),
            "shared_with": (0.3, lambda: self.some(others)),
            "upstream": (0.3, lambda: self.pick(UPSTREAMS)),
            "upstream_imap": (0.2, lambda: self.pick(UPSTREAMS)),
            "upstream_pop3": (0.2, lambda: self.pick(UPSTREAMS)),
        }) | self.delegable(ip_lists, user_lists, owners_lists, 0.4))
        if self.maybe(0.3):
            section.delegated = self.delegated(section)
            section.settings["delegated"] = f"{name}.own"
        return section

    def rule(self, name, listeners, organizations, ip_lists, user_lists):
        action = self.pick(["accept", "refuse", "defer", "tag"])
        settings = {"action": action} | self.settings({
            "authenticated": (0.3, lambda: self.pick(YES_NO)),
            "tls": (0.3, lambda: self.pick(YES_NO)),
            "protocol": (0.2, lambda: self.pick(["smtp", ["imap"], ["smtp"], ["pop3", "imap", "http"], []])),
            "listeners": (0.3, lambda: self.some(listeners)),
            "organizations": (0.3, lambda: self.some(organizations)),
            "clients": (0.3, lambda: self.pick(ip_lists)),
            "senders": (0.3, lambda: self.pick(user_lists)),
            "recipients": (0.3, lambda: self.pick(user_lists)),
            "size_over": (0.15, lambda: self.pick([0, 500, 2000])),
            "recipients_over": (0.15, lambda: self.pick([0, 1])),
            "header_from": (0.15, lambda: self.pick(user_lists))})
        if action in ("refuse", "defer"):
            code = self.pick(["550 5.7.1", "521 5.7.0"] if action == "refuse" else ["451 4.7.1", "421 4.3.2"])
            settings |= self.settings({"code": (0.5, lambda: code), "text": (0.3, lambda: "not here, says the rule")})
        return Section("rule", name, settings)

    def accounts(self, ip_lists):
        """Lines of the users file; most logins of some names are of the directory."""
        drawn = {}
        for name in self.some(sorted({*WINDOWS, "anna@notacme.example"})):
            networks = self.pick([[], [], [], ["192.0.2.0/24", "2001:db8::/32"], ["10.1.2.3"]])
            protocols = self.pick([[], [], [], ["smtp"], ["pop3", "imap"]])
            # no sender matches a name without a domain
            smtp_auth = self.pick([None, None, None, "any-sender", "matching-sender" if "@" in name else None, "no"])
            drawn[name] = Account(self.maybe(0.1), networks, protocols, smtp_auth, None)
        return drawn

    def limits(self):
        return Section("limits", None, self.settings({
            "messages_per_user": (0.5, lambda: "5/1h"),
            "recipients_per_user": (0.5, lambda: "5/1d"),
            "recipients_per_message": (0.4, lambda: self.pick([0, 1, 1, 2])),
            "messages_per_session": (0.4, lambda: self.pick([0, 3, 5])),
            "message_size": (0.4, lambda: self.pick([0, 900, 3000]))}))

    def configuration(self):
        lists = self.lists() | self.owners() | self.certificates()
        ip_lists, user_lists, owners_lists, certificate_lists = by_kind(lists)
        listeners = {name: self.listener(name, ip_lists, user_lists, certificate_lists) for name in LISTENERS}
        owners = {claim: self.pick([*ORGANIZATIONS, *ORGANIZATIONS, None]) for claim in CLAIMS}
        mine = {name: [claim for claim, owner in owners.items() if owner == name] for name in ORGANIZATIONS}
        names = [name for name in ORGANIZATIONS if mine[name]]
        organizations = {
            name: self.organization(name, mine[name], [other for other in names if other != name], ip_lists, user_lists,
                                    owners_lists)
            for name in names}
        for listener in listeners.values():
            named = listener.settings.get("relay_organizations", [])
            listener.settings |= {"relay_organizations": [name for name in named if name in names]} if named else {}
        rules = [self.rule(f"r{number}", LISTENERS, names, ip_lists, user_lists)
                 for number in range(self.rng.randint(0, 3))]
        sources = {name: Section("source", name, {}) for name in [*SOURCES, "local"]}
        # dir2 has only user_dn, relayhost is an SMTP server
        sources["dir"].knows_accounts = True
        top = Section("top", None, self.settings({"auth_user_encoding": (0.4, lambda: self.pick(["plain", "xtext"]))}))
        guard = Section("guard", None, self.settings({"listener": (0.3, lambda: self.pick(LISTENERS))}))
        return Configuration(top, lists, listeners, organizations, sources, rules, self.accounts(ip_lists),
                             self.limits(), guard)

    # --------------------------------------------------------------------------------------- facts

    def path(self, command, verb):
        """A whole command line."""
        if self.maybe(0.03):
            return self.pick(MALFORMED[command])
        mailbox = f"{self.pick(LOCALS)}@{self.pick(DOMAINS)}"
        if command == "from" and self.maybe(0.15):
            mailbox = ""
        elif command == "to" and self.maybe(0.04):
            mailbox = self.pick(["postmaster", "PostMaster"])
        elif self.maybe(0.05):
            mailbox = f"@{self.pick(DOMAINS[:4])},@x.example:{mailbox}"
        parameters = self.pick(["", "", "", " SIZE=10 BODY=8BITMIME", " SMTPUTF8", "  X=a+20b "])
        return f"{self.pick([verb, verb, verb.lower()])}:{self.pick(['', '', ' '])}<{mailbox}>{parameters}"

    def shown(self):
        return f"{self.pick(SHOWN_LOCALS)}@{self.pick(SHOWN_DOMAINS)}"

    def message(self):
        """The facts of a message that the mail server tells of."""
        auth = self.pick(AUTHENTICATED) if self.maybe(0.6) else None
        own = [auth, auth.replace("@", "+x@")] if auth in AUTHENTICATED[:7] else []
        owned = self.pick(["yes", "no", "unavailable"])
        from_shown = [self.pick([*own, self.shown()]) for _ in range(self.pick([1, 1, 1, 1, 0, 2]))]
        return {
            "stage": "message", "method": "none", "protocol": "smtp",
            "listener": self.pick([*LISTENERS * 4, None, None, None, "unknown"]),
            "ip": self.pick(CLIENTS), "tls": self.pick([None, "on", "off"]),
            "banned": "yes" if self.maybe(0.06) else "no",
            "auth": auth, "window": self.pick(WINDOWS) if self.maybe(0.3) else None,
            "from": f"MAIL FROM:<{self.pick(own)}>" if own and self.maybe(0.3) else self.path("from", "MAIL FROM"),
            "to": [self.path("to", "RCPT TO") for _ in range(self.pick([1, 2]))],
            "recipient": self.pick(["exists"] * 6 + ["unknown", "unverifiable"]),
            "sender-elsewhere": self.pick(["yes", "no", "unavailable"]), "sender-owned": owned,
            "owns": [] if owned == "unavailable" else [self.shown() for _ in range(self.pick([0, 0, 1, 2]))],
            "matching-sender": self.pick([None, "yes", "no", "no"]),
            "from-shown": from_shown, "sender-shown": [self.shown()] if self.maybe(0.15) else [],
            "size": self.pick([None, 600, 1000, 2500, 4000]), "messages": self.pick([0, 0, 1, 3, 5]),
            "limited": "yes" if self.maybe(0.05) else "no"}

    def facts(self, configuration):
        if self.maybe(0.25):
            return self.message()
        drawn = {
            "listener": "unknown" if self.maybe(0.03) else self.pick(LISTENERS),
            "method": self.pick(["none"] * 12 + ["plain"] * 10 + ["external"] * 5 + METHODS),
            "protocol": "smtp",
            "ip": self.pick(CLIENTS),
            "tls": self.pick(["on", "on", "on", "off"]),
            "banned": "yes" if self.maybe(0.03) else "no",
            "attempt": str(self.rng.randint(1, 5)),
        }
        if drawn["method"] == "none":
            return drawn | {
                "from": self.path("from", "MAIL FROM"), "to": self.path("to", "RCPT TO"),
                "window": self.pick(WINDOWS) if self.maybe(0.4) else None,
                "recipient": self.pick(["exists", "exists", "unknown", "unverifiable"]),
                "sender-elsewhere": self.pick(["yes", "no", "no", "unavailable"]),
                "sender-owned": self.pick(["yes", "no", "no", "unavailable"]),
                "matching-sender": self.pick(["yes", "no", "no"])}
        drawn |= {
            "protocol": self.pick(["smtp", "smtp", "smtp", "pop3", "imap", "http"]),
            "user": self.pick(ODD_USERS) if self.maybe(0.1) else self.pick(USERS),
            "password-ok": self.pick(OUTCOMES),
            "throttled": "yes" if self.maybe(0.05) else "no"}
        return drawn | self.shown_certificate(drawn["user"]) if drawn["method"] == "external" else drawn

    def shown_certificate(self, user):
        """The facts of EXTERNAL."""
        fingerprint = self.pick([*FINGERPRINTS, FINGERPRINTS[0].upper(), "0" * 40, "1234", "", None, None])
        return {
            "user": self.pick([None, "", "", user]),
            "certificate": self.pick(["verified"] * 5 + ["none"]),
            "fingerprint": fingerprint, "subject": self.pick([*SUBJECTS, *SUBJECTS, "CN=Anna,O=Acme", "", None]),
            "clear-password": self.pick(["yes", "no"])}


def by_kind(lists):
    """The names of the lists of addresses, of those of names, of those of owners, and of those of certificates."""
    return [[name for name, (kind, _) in lists.items() if kind == wanted]
            for wanted in ("ip", "user", "owners", "certificate")]


def words(facts):
    """The facts as explain takes them."""
    facts = message_words(facts) if "stage" in facts else facts
    return [f"{name}={each}" for name, value in facts.items() if value is not None
            for each in (value if isinstance(value, list) else [value])]


def message_words(facts):
    """Without what goes without saying; several mailboxes stand in one From:."""
    shown = {"header-from": [", ".join(facts["from-shown"])] if facts["from-shown"] else [],
             "header": [f"Sender: {each}" for each in facts["sender-shown"]]}
    left_out = ("method", "protocol", "from-shown", "sender-shown")
    return {name: value for name, value in facts.items() if name not in left_out} | shown


# ------------------------------------------------------------------------------------ as configuration files

def quoted(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "{" + ", ".join(quoted(item) for item in value) + "}"
    return f"'{value}'" if "\\" in value or '"' in value else f'"{value}"'


class Writer:
    """Writes sections, one setting a line, and tells them where they stand."""

    def __init__(self, path):
        self.path = path
        self.lines = []

    def line(self, text):
        self.lines.append(text)
        return len(self.lines)

    def settings(self, section, more=None):
        section.file = str(self.path)
        for name, value in {**section.settings, **(more or {})}.items():
            section.lines[name] = self.line(f"    {name} = {quoted(value)}")

    def section(self, section, more=None, inside=()):
        section.line = self.line(f'{section.kind} "{section.name}" {{' if section.name else f"{section.kind} {{")
        self.settings(section, more)
        for text in inside:
            self.line(f"    {text}")
        self.line("}")

    def lists(self, lists):
        for name, (kind, entries) in lists.items():
            self.section(Section("list", name, {"kind": kind, "entries": entries}))

    def close(self):
        self.path.write_text("\n".join(self.lines) + "\n")


SOURCE_SETTINGS = {
    "local": {"type": "users", "file": "users"},
    "dir": {"type": "ldap", "uri": ["ldap://127.0.0.1:1"], "filter": "(uid=%n)", "base": "dc=x",
            "recipient_filter": "(mail=%u)"},
    "dir2": {"type": "ldap", "uri": ["ldap://127.0.0.1:1"], "user_dn": "uid=%n,dc=y", "base": "dc=y",
             "recipient_filter": "(mail=%u)"},
    "relayhost": {"type": "smtp", "server": ["127.0.0.1:1"], "tls": "none"},
}


def write(configuration, folder):
    """Writes its files and returns the path of the main one."""
    folder.mkdir(parents=True)
    main = Writer(folder / "mailreeve.conf")
    main.settings(configuration.top, {"i_know_this_is_an_open_relay": True})
    configuration.top.line = 1
    main.lists(configuration.lists)
    for section in [*configuration.listeners.values(), *configuration.rules, configuration.limits, configuration.guard]:
        main.section(section)
    for organization in configuration.organizations.values():
        main.section(organization)
        if organization.delegated:
            write_delegated(organization, folder)
    for section in configuration.sources.values():
        main.section(section, SOURCE_SETTINGS[section.name])
    for name in UPSTREAMS:
        main.section(Section("upstream", name, {}), inside=['server "s" { address = "127.0.0.1:10025" }'])
    main.close()
    write_users(configuration, folder / "users")
    return main.path


def write_delegated(organization, folder):
    own = Writer(folder / organization.settings["delegated"])
    own.line("# the tenant's own")
    own.settings(organization.delegated)
    own.lists(organization.delegated.lists)
    if organization.broken:
        own.line("relay = \"all\"")
    own.close()


def write_users(configuration, path):
    lines = []
    for number, (name, account) in enumerate(configuration.accounts.items(), 1):
        options = ["disabled"] if account.disabled else []
        options += ["networks=" + " ".join(account.networks)] if account.networks else []
        options += ["protocols=" + " ".join(account.protocols)] if account.protocols else []
        options += [f"smtp_auth={account.smtp_auth}"] if account.smtp_auth else []
        lines.append(f"{name}:$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/:{','.join(options)}")
        where = Where(str(path), number, "source", "local", None, None)
        configuration.accounts[name] = account._replace(where=where)
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
