"""What the message guard decides, told a second time: the steps of a message, of the rules of policy_model.py and some
of its own. Made from the decisions of the issue and the manuals, not from the C code, as that one is."""

import policy_model as model
import policy_values as values
from policy_facts import Session, Shown
from policy_owned import not_his
from policy_rules import rule_sections

SEVERITIES = ["accept", "defer", "refuse"]


def malformed_mail(s):
    """As policy_model.malformed, of a MAIL alone."""
    where = s.listener.where("malformed request") if s.listener else s.configuration.fixed(setting="malformed request")
    s.sender = values.path("from", s.facts["from"])
    if s.sender is None:
        return s.answer("request.malformed", where)
    if s.sender is values.BOUNCE:
        s.sender = None
    return None


def identity(s):
    """'`{auth_authen}` non-empty -> authenticated as that name, canonical'; 'an unusable name -> internal'; 'otherwise
    the relay window of the client's address, as at the front. AUTH beats a window.'"""
    if not s.facts["auth"]:
        return model.relay_window(s)
    s.user = values.login_name(s.facts["auth"], None, "xtext")
    return s.answer("internal", s.listener.where("login")) if s.user is None else None


def limit(s, setting, is_over, reason):
    return s.answer(reason, s.configuration.limits.where(setting)) if is_over else None


def messages_per_session(s):
    most = s.configuration.limits["messages_per_session"]
    return limit(s, "messages_per_session", most and s.facts["messages"] >= most, "session.messages")


def recipients_per_message(s):
    """'after recipient validation'"""
    most = s.configuration.limits["recipients_per_message"]
    return limit(s, "recipients_per_message", most and s.accepted >= most, "message.recipients")


def message_size(s):
    """'against the declared SIZE=' at MAIL, 'by real size' at the end."""
    most = s.configuration.limits["message_size"]
    return limit(s, "message_size", most and (s.facts["size"] or 0) > most, "message.size")


def user_limit(s):
    """'user limit (facts.message->limited_by -> user.throttled)'. Which one: what explain is told of no more."""
    by_recipients = "messages_per_user" not in s.configuration.limits.settings
    setting = "recipients_per_user" if by_recipients and "recipients_per_user" in s.configuration.limits.settings \
        else "messages_per_user"
    return limit(s, setting, s.facts["limited"] == "yes", "user.throttled")


def sender_always(s):
    """'authenticate_senders only if `always` (exemptions as today)'"""
    is_asked = s.sender_organization and s.sender_organization["authenticate_senders"] == "always"
    return model.sender_auth(s) if is_asked else None


def from_match(s):
    """MDaemon: 'the credentials used during SMTP authentication must match those of the address found in the message's
    "From:" header'. 'For an authenticated user: if his organization has match_from: a header_fault -> from.mismatch;
    every shown address must be his'."""
    organization = s.user_organization
    if not organization or not organization["match_from"]:
        return None
    where = organization.where("match_from")
    if not any(each.is_author for each in s.shown):
        return s.answer("from.mismatch", where)
    return first_mismatch(s, [(each, organization, True) for each in s.shown])


def from_of_others(s):
    """'Any other organization with match_from whose domain a shown address has: that address must be in ITS
    match_exempt_from or ITS sender_owners for this user (sources of the user are not believed about it)'. 'Not
    authenticated: accept (mailing lists).'"""
    if not s.user:
        return None
    owners = [(each, s.configuration.owner(each.mailbox.domain)) for each in s.shown]
    return first_mismatch(s, [(each, owner, False) for each, owner in owners
                              if owner and owner is not s.user_organization and owner["match_from"]])


def first_mismatch(s, demands):
    for each, organization, may_own in demands:
        wrong = not_his(s, organization, each.mailbox, "match_exempt_from", may_own)
        if wrong:
            reason = {"refuse": "from.mismatch", "cannot tell": "auth.source-unavailable"}[wrong]
            return s.answer(reason, organization.where("match_from"))
    return None


def broken_shown(s):
    """'A broken delegated file of any organization concerned -> internal' of the header: the user's and those of the
    addresses; who has not logged in is asked nothing."""
    if not s.user:
        return None
    mine = [s.user_organization, *(s.configuration.owner(each.mailbox.domain) for each in s.shown)]
    broken = next((each for each in mine if each and each.broken), None)
    return s.answer("internal", broken.where("delegated")) if broken else None


MAIL_RULES = [malformed_mail, model.banned, model.unknown_listener, model.require_tls, identity, model.require_auth,
              model.broken_organization, messages_per_session, model.role, sender_always, model.sender_match,
              model.local_address, message_size, user_limit]
RECIPIENT_RULES = [
    model.malformed, model.banned, model.unknown_listener, model.require_tls, identity, model.postmaster,
    model.require_auth, model.broken_organization, model.role, model.sender_auth, model.sender_match,
    model.local_address, model.relay, model.recipient_exists, recipients_per_message, user_limit, rule_sections]
HEADER_RULES = [malformed_mail, model.unknown_listener, identity, broken_shown, from_match, from_of_others]
END_RULES = [model.malformed, model.unknown_listener, identity, model.postmaster, message_size, rule_sections]
RULES = {"mail": MAIL_RULES, "rcpt": RECIPIENT_RULES, "header": HEADER_RULES, "end": END_RULES}


def guard_listener(configuration, facts):
    """'{daemon_name}', then '`guard { listener }`, the only listener of the configuration; authenticated: the only
    listener whose `auth` is not off; not authenticated: the only one whose `auth` is off; else none'."""
    if facts["listener"]:
        return facts["listener"]
    if configuration.guard["listener"]:
        return configuration.guard["listener"]
    names = [name for name, each in configuration.listeners.items()
             if len(configuration.listeners) == 1 or (each["auth"] == "off") != bool(facts["auth"])]
    return names[0] if len(names) == 1 else None


def session(configuration, facts, stage, number=0):
    s = Session(configuration, facts | {"to": facts["to"][number], "listener": guard_listener(configuration, facts)})
    s.stage = stage
    s.accepted = number if stage == "rcpt" else len(facts["to"])
    s.shown = [Shown(values.mailbox_of(each), True) for each in facts["from-shown"]]
    s.shown += [Shown(values.mailbox_of(each), False) for each in facts["sender-shown"]]
    return s


def ask(s, rules):
    for rule in rules:
        answer = rule(s)
        if answer:
            return answer
    if s.stage == "rcpt":
        return model.accepted_by(s)
    return s.answer("message.ok", s.listener.where())


def steps(configuration, facts):
    """(rules, session) of MAIL, each RCPT and the header; what is not sent is not asked about."""
    yield MAIL_RULES, session(configuration, facts, "mail")
    for number in range(len(facts["to"])):
        yield RECIPIENT_RULES, session(configuration, facts, "rcpt", number)
    if facts["from-shown"] or facts["sender-shown"]:
        yield HEADER_RULES, session(configuration, facts, "header")


def decide(configuration, facts):
    """The Answer to {listener, ip, tls, banned, from, to (several), auth, window, owns (several), from-shown,
    sender-shown (several addresses each), size, messages, limited, ...}: that of the first step that does not accept,
    else of the last. 'Of several recipients the severest verdict counts.'"""
    for rules, s in steps(configuration, facts):
        answer = ask(s, rules)
        if answer.action != "accept":
            return answer
    answers = [ask(session(configuration, facts, "end", number), END_RULES) for number in range(len(facts["to"]))]
    worst = max(SEVERITIES.index(answer.action) for answer in answers)
    severest = [answer for answer in answers if SEVERITIES.index(answer.action) == worst]
    return severest[0] if worst else severest[-1]


def all_that_stop(configuration, facts, stage):
    """As policy_model.all_that_stop, of one step; of recipients about the last."""
    s = session(configuration, facts, stage, len(facts["to"]) - 1)
    names = []
    for rule in RULES[stage]:
        answer = rule(s)
        if answer and answer.action != "accept":
            names.append(rule.__name__)
            if rule in (model.malformed, malformed_mail, model.unknown_listener) or (rule is identity and not s.user):
                return names
    return names
