"""What mailreeve decides, told a second time: an independent, slow and obvious model for test_precedence_model.py.

It is made from the design, the decisions of the issue and the sentences of the manuals, not from the C code. A rule is
a function that gets a session and returns an Answer, or None when it lets the session go on. The rules stand in the
order of precedence in AUTH_RULES, LOGIN_RULES and RECIPIENT_RULES.

'No' and 'could not tell' are two things: a question to a list has the answers True, False and None.
"""

import policy_values as values
from policy_facts import Session
from policy_owned import not_his
from policy_rules import rule_sections
from policy_values import BOUNCE


# ----------------------------------------------------------------------------- both kinds of session

def malformed(s):
    """'Malformed request' comes before all. What AUTH gives is a name, what MAIL and RCPT give are paths."""
    where = s.listener.where("malformed request") if s.listener else s.configuration.fixed(setting="malformed request")
    if s.facts["method"] == "none":
        s.sender, s.recipient = values.path("from", s.facts["from"]), values.path("to", s.facts["to"])
        if s.sender is None or s.recipient is None:
            return s.answer("request.malformed", where)
        if s.sender is BOUNCE:
            s.sender = None
        return None
    if s.facts["method"] == "external" and not s.facts["user"]:     # RFC 4422 A.1: as the certificate says
        return None
    s.user = values.login_name(s.facts["user"], s.default_domain(), s.configuration.top["auth_user_encoding"])
    return s.answer("request.malformed", where) if s.user is None else None


def banned(s):
    """'malformed request -> ban -> listener'"""
    where = s.listener.where("ban") if s.listener else s.configuration.fixed(setting="ban")
    return s.answer("auth.banned", where) if s.facts["banned"] == "yes" else None


def unknown_listener(s):
    """'unknown: internal, the front door is misconfigured'"""
    return s.answer("internal", s.configuration.fixed(kind="listener")) if s.listener is None else None


def broken_organization(s):
    """'An organization concerned (user's, sender's, recipient's) whose delegated file is broken: all that concerns it
    is a temporary failure.'"""
    for organization in s.organizations():
        if organization.broken:
            return s.answer("internal", organization.where("delegated"))
    return None


# ----------------------------------------------------------------------------------------------- AUTH

def auth_is_off(s):
    """SMG 1: 'Disabled: Authentication is disabled on the SMTP interface.' MDaemon: 'Do not allow authentication on
    the SMTP port'"""
    return s.answer("auth.off", s.listener.where("auth")) if s.listener["auth"] == "off" else None


def auth_needs_tls(s):
    """SMG 1: 'Authentication is enabled for encrypted connections on the SMTP interface.'"""
    for setting, needs_tls in (("auth", s.listener["auth"] == "encrypted"), ("require_tls", s.listener["require_tls"])):
        if needs_tls and s.facts["tls"] == "off":
            return s.answer("auth.tls-required", s.listener.where(setting))
    return None


def auth_method(s):
    """'The listener's `auth` and `methods` decide.'"""
    is_offered = s.facts["method"] in s.listener["methods"]
    return None if is_offered else s.answer("auth.method", s.listener.where("methods"))


def certificate(s):
    """'Needs Auth-SSL-Verify: SUCCESS. The certificate says who the user is; a name that the client gives must be the
    same user (case-insensitive, default_domain); an empty one (RFC 4422) is fine'"""
    if s.facts["method"] != "external":
        return None
    where, name = s.listener.where("certificates"), s.listener["certificates"]
    entry = None
    if name and s.facts["certificate"] == "verified":
        entry = values.certificate_entry(s.entries(s.listener, name), s.facts["fingerprint"], s.facts["subject"])
    if entry is None:
        return s.answer("auth.bad-credentials", where)
    where = s.listener.where("certificates", entry)
    user = values.login_name(entry.split()[0], s.default_domain(), s.configuration.top["auth_user_encoding"])
    if user is None:
        return s.answer("internal", where)
    if s.facts["user"] and s.user != user:
        return s.answer("auth.bad-credentials", where)
    s.user, s.vouched_by = user, where
    return None


def access(s, section, setting, find, reason):
    """SMG 3, 5 and 14: 'Allow ... in list: Only [those] listed are able to use SMTP AUTH. Deny ... in list: Only
    [those] not listed are able to use SMTP AUTH.' find: list -> the entry, or None."""
    mode, _, name = section[setting].partition(" ")
    if mode == "any":
        return None
    entry = find(name)
    if mode == "allow":
        return None if entry else s.answer(reason, section.where(setting))
    return s.answer(reason, section.where(setting, entry)) if entry else None


def auth_ips(s):
    """SMG 3 and 4."""
    if s.client is None and s.listener["auth_ips"] != "any":
        return s.cannot_tell(s.listener.where("auth_ips"))
    return access(s, s.listener, "auth_ips", lambda name: s.client_entry(s.listener, "auth_ips", name),
                  "auth.ip-denied")


def auth_users(s):
    """SMG 5 and 6."""
    return access(s, s.listener, "auth_users", lambda name: s.name_entry(s.listener, "auth_users", name, s.user),
                  "auth.user-denied")


def throttled(s):
    """'malformed request -> ban -> listener (auth, TLS, method, address list, name list) -> throttle (count before
    verifying) -> organization's name list'"""
    return s.answer("auth.throttled", s.listener.where("throttle")) if s.facts["throttled"] == "yes" else None


def organization_auth_users(s):
    """SMG 14 and 15: 'The username that is tested against this list must belong to the OU that the rule is
    defined.'"""
    organization = s.user_organization
    if organization is None:
        return None
    return access(s, organization, "auth_users", lambda name: s.name_entry(organization, "auth_users", name, s.user),
                  "auth.org-user-denied")


AUTH_RULES = [malformed, banned, unknown_listener, auth_is_off, auth_needs_tls, auth_method, certificate, auth_ips,
              auth_users, throttled, broken_organization, organization_auth_users]


def own_sources(s):
    """Those of the user's organization that can answer: 'Sources that cannot tell by their kind are passed over' where
    only the account is asked about (EXTERNAL)."""
    named = s.user_organization["sources"] if s.user_organization else []
    if s.facts["method"] != "external":
        return named
    return [name for name in named if s.configuration.sources[name].knows_accounts]


def is_vouched_for(s):
    """'No source that can tell -> the list entry alone suffices': one of the organization's own; a users file does not
    speak for the names of other sources."""
    is_theirs = s.user_organization and s.user_organization["sources"] and s.user not in s.configuration.accounts
    return bool(s.vouched_by and is_theirs) and not own_sources(s)


def who_speaks(s):
    """'The internal user database is looked up first, and if not found ..., SMG will look up the OU database for a
    matching domain.' Returns the account (None: nobody's line), and where it is described."""
    account = s.configuration.accounts.get(s.user)
    if account:
        return account, account.where
    if is_vouched_for(s):
        return None, s.vouched_by
    own = own_sources(s)
    if len(own) > 1:
        return None, s.user_organization.where("sources")
    return None, s.configuration.sources[own[0] if own else "local"].where()


def verified(s):
    """'Verification outcome: ok, wrong password, unknown user, disabled, unavailable', and 'all but OK and unavailable
    -> auth.bad-credentials'. A name that neither the users file nor a source of its organization could know is
    unknown, whatever the password is."""
    if is_vouched_for(s):
        return None
    account, where = who_speaks(s)
    knows = account or own_sources(s)
    if knows and s.facts["password-ok"] == "unavailable":
        return s.answer("auth.source-unavailable", where)
    if not knows or s.facts["password-ok"] != "yes":
        return s.answer("auth.bad-credentials", where)
    if account and account.disabled:
        return s.answer("auth.bad-credentials", where)
    return None


def account_networks(s):
    """'Account limits (disabled, allowed networks, protocols)'"""
    account, where = who_speaks(s)
    if not account or not account.networks:
        return None
    where = where._replace(setting="networks")
    if s.client is None:
        return s.cannot_tell(where)
    inside = values.entry_that_holds("ip", account.networks, s.client)
    return None if inside else s.answer("auth.bad-credentials", where)


def account_protocols(s):
    account, where = who_speaks(s)
    if not account or not account.protocols or s.protocol in account.protocols:
        return None
    return s.answer("auth.bad-credentials", where._replace(setting="protocols"))


def account_smtp_auth(s):
    """SMG 18: 'Disabled: This user cannot be used for SMTP authentication.'"""
    account, where = who_speaks(s)
    if not account or account.smtp_auth != "no" or s.protocol != "smtp":
        return None
    return s.answer("auth.bad-credentials", where._replace(setting="smtp_auth"))


LOGIN_RULES = [verified, account_networks, account_protocols, account_smtp_auth]


# ------------------------------------------------------------------------------------ without AUTH

def require_tls(s):
    """2. '`require_tls` without TLS'"""
    is_wrong = s.listener["require_tls"] and s.facts["tls"] == "off"    # None: 'nginx ends TLS'
    return s.answer("session.tls-required", s.listener.where("require_tls")) if is_wrong else None


def relay_window(s):
    """3. 'An open relay window (listener's `relay_window` > 0) makes the session authenticated as that user for all
    that follows.'"""
    if s.listener["relay_window"]:
        s.user = s.facts["window"]


def postmaster(s):
    """'Bare `<postmaster>`: default_domain's organization.'"""
    if s.recipient.domain == "" and s.default_domain():
        s.recipient = s.recipient._replace(domain=values.lower(s.default_domain()))


def require_auth(s):
    """SMG 2: 'Attempting to send mail without authenticating is rejected.' 4. 'not authenticated, client not in
    `relay_ips`'"""
    if not s.listener["require_auth"] or s.user:
        return None
    if s.in_relay_ips() is None:
        return s.cannot_tell(s.listener.where("relay_ips"))
    return None if s.in_relay_ips() else s.answer("session.auth-required", s.listener.where("require_auth"))


def role(s):
    """MDaemon: 'require messages claiming to be from one of your postmaster@..., abuse@... or webmaster@... aliases or
    accounts to be authenticated'"""
    if s.user or not s.sender_organization:
        return None
    roles = [values.lower(name) for name in s.listener["roles_must_auth"]]
    where = s.listener.where("roles_must_auth")
    return s.answer("role.auth-required", where) if s.sender.local in roles else None


def sender_demand(s):
    """The setting by which the sender's organization demands authentication, or None."""
    organization = s.sender_organization
    # SMG 10: "SMTP clients that claim to be from a domain within this OU must authenticate"; MDaemon: "Authentication
    # is always required when mail is from local accounts ... unless message is to a local account"
    if organization["authenticate_senders"] == "always":
        return "authenticate_senders"
    if organization["authenticate_senders"] == "unless-local" and not s.recipient_organization:
        return "authenticate_senders"
    # SMG 9: "a MAIL FROM command for this domain and a RCPT TO command for this domain ... Required when SMTP
    # interface AUTH is enabled ... Required always"
    if s.recipient_organization is organization:
        if organization["authenticate_inbound"] == "always":
            return "authenticate_inbound"
        if organization["authenticate_inbound"] == "when-auth" and s.listener["auth"] != "off":
            return "authenticate_inbound"
    return None


def exempt_by_address(s):
    """SMG 12 and 13: 'Allow: The addresses in the list are not subjected to authentication ... Deny: Addresses that do
    not match ... An empty list deactivates the exception mode.'"""
    organization = s.sender_organization
    mode, _, name = organization["auth_exempt_ips"].partition(" ")
    if mode == "none" or not s.entries(organization.who_says("auth_exempt_ips"), name):
        return False
    if s.client is None:
        return None
    is_in_list = s.client_entry(organization, "auth_exempt_ips", name) is not None
    return is_in_list if mode == "allow" else not is_in_list


def sender_auth(s):
    """5. 'Exempt from sender.auth-required: clients by `auth_exempt_ips`, senders found in `shared_with`'; MDaemon:
    'when Domain Sharing finds the sender on another server, that sender will be exempt'"""
    if s.user or not s.sender_organization:
        return None
    organization, setting = s.sender_organization, sender_demand(s)
    exempt = exempt_by_address(s) if setting else True
    if exempt is None:
        return s.cannot_tell(organization.where("auth_exempt_ips"))
    if exempt:
        return None
    if organization["shared_with"]:
        if s.facts["sender-elsewhere"] == "yes":
            return None
        if s.facts["sender-elsewhere"] == "unavailable":
            return s.answer("auth.source-unavailable", organization.where("shared_with"))
    return s.answer("sender.auth-required", organization.where(setting))


def is_matching_sender(s):
    """What the users file says, if it is not given (of a message), even of an account that may not log in."""
    if s.facts["matching-sender"] is not None:
        return s.facts["matching-sender"] == "yes"
    account = s.configuration.accounts.get(s.user)
    return account is not None and account.smtp_auth == "matching-sender"


def sender_matches(s):
    """Who demands that the sender be the user's: (where it stands, whose exemptions count, whether the user's own
    sources are believed about the sender). SMG 18: 'it may only issue a MAIL FROM command that matches the user name'.
    The user's own organization may hold it against him, and so may the sender's (SMG 9.2.2: 'These rules always take
    the sender email address into consideration'), about whose names his directory has no say."""
    if is_matching_sender(s):
        where = s.listener.where(None if s.facts.get("auth") else "relay_window")
        yield where._replace(setting="smtp_auth"), s.user_organization, True
    for organization in (s.user_organization, s.sender_organization):
        if organization and organization["match_sender"]:
            yield organization.where("match_sender"), organization, organization is s.user_organization


def sender_match(s):
    """SMG 11: 'the email address provided in the MAIL FROM command must match the authenticated username. ... The
    comparison is case insensitive.'"""
    if not s.user or not s.sender:
        return None
    for where, organization, may_own in sender_matches(s):
        wrong = not_his(s, organization, s.sender, "match_exempt_senders", may_own)
        if wrong:
            return s.answer({"refuse": "sender.mismatch", "cannot tell": "auth.source-unavailable"}[wrong], where)
    return None


def local_address(s):
    """MDaemon: 'Authentication is always required when mail is sent from local IPs ... Trusted IPs are exempt'"""
    if s.user or s.client_in(s.listener, "local_ips") is False:
        return None
    if s.client is None:
        return s.cannot_tell(s.listener.where("local_ips"))
    if s.client_in(s.listener, "trusted_ips"):
        return None
    entry = s.client_entry(s.listener, "local_ips", s.listener["local_ips"])
    return s.answer("ip.auth-required", s.listener.where("local_ips", entry))


def has_relay_right(s):
    """SMG 7 and 8: 'allows any user that has authentication to relay', 'enables relaying for individually selected
    OU's, and interacts with the authenticated state of users from those OU's'. NetMail: 'Allow Remote Sending for
    Authenticated Users Only'"""
    if not s.user:
        return False
    organization = s.user_organization
    if s.listener["relay"] == "organizations":
        return organization is not None and organization.name in s.listener["relay_organizations"]
    return s.listener["relay"] == "all"


def relay(s):
    """7. 'Recipient in no organization: needs `relay_ips`, or to be authenticated with the relay right.'"""
    if s.recipient_organization or has_relay_right(s) or s.in_relay_ips():
        return None
    if s.in_relay_ips() is None:
        return s.cannot_tell(s.listener.where("relay_ips"))
    return s.answer("relay.denied", s.listener.where("relay"))


def recipient_exists(s):
    """Netmail Secure: 'If LDAP query finds a matching object, we know the recipient is valid, if no matching objects
    are found, the recipient is not valid.' Bare `<postmaster>` 'is never looked up (RFC 5321 4.5.1: reserved)'."""
    organization = s.recipient_organization
    is_reserved = values.path("to", s.facts["to"]).domain == ""
    if not organization or not organization["recipients"] or is_reserved or s.facts["recipient"] == "exists":
        return None
    if s.facts["recipient"] == "unknown":
        return s.answer("recipient.unknown", organization.where("recipients"))
    if organization["unverifiable_recipient"] == "accept":
        return None
    return s.answer("recipient.unverifiable", organization.where("unverifiable_recipient"))


RECIPIENT_RULES = [malformed, banned, unknown_listener, require_tls, relay_window, postmaster, require_auth,
                   broken_organization, role, sender_auth, sender_match, local_address, relay, recipient_exists]


# -------------------------------------------------------------------------------------------- route

def upstream_of_users(s):
    """'The organization's `upstream` overrides the former for its users.' 'organization's for the protocol,
    organization's `upstream`, listener's for the protocol, listener's `upstream`'. Returns the upstream and who says
    so."""
    own = [f"upstream_{s.protocol}"] if s.protocol in ("imap", "pop3") else []
    for section in (s.user_organization, s.listener):
        for setting in [*own, "upstream"]:
            if section and section[setting]:
                return section[setting], section.where(setting)
    return None, s.listener.where("upstream")


def upstream_of_strangers(s):
    return s.listener["upstream_inbound"], s.listener.where("upstream_inbound")


def login_route(s):
    """'An authenticated user without the right to relay is routed to the upstream that delivers only locally'; relay
    concerns SMTP only."""
    may_relay = s.protocol != "smtp" or has_relay_right(s)
    return upstream_of_users(s) if may_relay else upstream_of_strangers(s)


def recipient_route(s):
    """10. 'Authenticated or relaying -> `upstream`, else `upstream_inbound`'; 'client in relay_ips with a recipient of
    ours and no listener upstream -> upstream_inbound'. Returns None if a list cannot tell."""
    if not s.recipient_organization or has_relay_right(s):
        return upstream_of_users(s)
    if upstream_of_users(s)[0] and s.in_relay_ips() is None:
        return None
    if upstream_of_users(s)[0] and s.in_relay_ips():
        return upstream_of_users(s)
    return upstream_of_strangers(s)


def lacks_password(s):
    """'On pop3/imap EXTERNAL works only if a source gave the clear password (nginx cannot log in upstream without)',
    on smtp 'only if the listener says proxy_smtp_auth'."""
    is_needed = s.protocol in ("pop3", "imap") or (s.protocol == "smtp" and s.listener["proxy_smtp_auth"])
    return s.facts["method"] == "external" and s.facts["clear-password"] == "no" and is_needed


def accepted_by(s):
    """What lets a session pass that no rule has stopped."""
    if s.facts["method"] != "none":
        return s.answer("auth.ok", who_speaks(s)[1])
    if s.recipient_organization:
        return s.answer("recipient.ok", s.recipient_organization.where()._replace(setting="domains"))
    if has_relay_right(s):
        return s.answer("recipient.ok", s.listener.where("relay"))
    entry = s.client_entry(s.listener, "relay_ips", s.listener["relay_ips"])
    return s.answer("recipient.ok", s.listener.where("relay_ips", entry))


def rules_for(facts):
    """The rules in the order in which they are asked, but for `rule` sections, which come last."""
    return RECIPIENT_RULES if facts["method"] == "none" else AUTH_RULES + LOGIN_RULES


def decide(configuration, facts):
    """The Answer to {listener, method, protocol, ip, tls, banned, attempt, ...}; for AUTH user, password-ok and
    throttled, for EXTERNAL certificate, fingerprint, subject and clear-password as well; without AUTH from, to, window,
    recipient, sender-elsewhere, sender-owned and matching-sender."""
    s = Session(configuration, facts)
    for rule in rules_for(facts):
        answer = rule(s)
        if answer:
            return answer
    answer = rule_sections(s) or accepted_by(s)
    if answer.action != "accept" or s.protocol == "http":   # a web page has no upstream
        return answer
    if lacks_password(s):
        return s.answer("auth.method", s.listener.where("methods"))
    route = recipient_route(s) if facts["method"] == "none" else login_route(s)
    if route is None:
        return s.cannot_tell(s.listener.where("relay_ips"))
    upstream, where = route
    return answer._replace(upstream=upstream) if upstream else s.answer("route.none", where)


def all_that_stop(configuration, facts):
    """The names of all rules that would stop a session, each asked as if it were alone: where there are two, their
    order matters."""
    s = Session(configuration, facts)
    names = []
    for rule in rules_for(facts):
        if rule(s):
            names.append(rule.__name__)
            if rule in (malformed, unknown_listener):   # nothing else can be asked
                return names + (["banned"] if rule is malformed and banned(s) else [])
            if rule is certificate and s.user is None:          # nobody is named to ask about
                return names
    answer = rule_sections(s)
    return names + (["rule_sections"] if answer and answer.action != "accept" else [])
