"""The `rule` sections of policy_model.py."""

import policy_values as values
from policy_facts import Answer


def has_tls(s):
    """'known -> as it is; not known -> if the listener has require_tls it counts as yes, else the rule's tls condition
    (yes or no) does not hold'. None: not known."""
    if s.facts["tls"] is None:
        return True if s.listener["require_tls"] else None
    return s.facts["tls"] == "on"


def is_about_messages(rule):
    return bool(rule["size_over"] or rule["recipients_over"] or rule["header_from"])


def message_conditions(s, rule):
    """'size_over, recipients_over, header_from: known at the end'; of those with several mailboxes in From: one is
    enough."""
    if rule["size_over"]:
        yield "size_over", int(s.facts["size"] or 0) > rule["size_over"]
    if rule["recipients_over"]:
        yield "recipients_over", s.accepted > rule["recipients_over"]
    if rule["header_from"]:
        authors = [values.mailbox_text(each.mailbox) for each in s.shown if each.is_author]
        yield "header_from", any(s.name_entry(rule, "header_from", rule["header_from"], each) for each in authors)


def conditions(s, rule):
    """Each condition's answer, by its setting; what is not set is not among them."""
    yes_no = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
    if rule["authenticated"] != "any":
        yield "authenticated", bool(s.user) == yes_no[rule["authenticated"]]
    if rule["tls"] != "any":
        yield "tls", has_tls(s) is yes_no[rule["tls"]]
    if rule["protocol"]:
        yield "protocol", s.protocol in rule["protocol"]
    if rule["listeners"]:
        yield "listeners", s.listener.name in rule["listeners"]
    if rule["organizations"]:
        yield "organizations", any(each.name in rule["organizations"] for each in s.organizations())
    if rule["clients"]:
        yield "clients", s.client_in(rule, "clients")
    for setting, mailbox in (("senders", s.sender), ("recipients", s.recipient)):
        if rule[setting]:   # "a rule's `senders` never holds for `<>`"; a login has neither yet
            yield setting, mailbox is not None and bool(
                s.name_entry(rule, setting, rule[setting], values.mailbox_text(mailbox)))
    if s.stage == "end":
        yield from message_conditions(s, rule)


def rule_sections(s):
    """'`rule` sections are tried in order after the built-in rules, first match decides' (SMG 19 and 20). Returns an
    Answer; an accepting one has no upstream yet."""
    for rule in s.configuration.rules:
        if is_about_messages(rule) and s.facts["method"] != "none":     # 'At logins such rules never hold.'
            continue
        answers = dict(conditions(s, rule))
        if False in answers.values():
            continue
        lets_pass = rule["action"] in ("accept", "tag")
        if is_about_messages(rule) and s.stage != "end":
            # 'If its action is accept or tag, the rules behind it are not asked; otherwise it is passed over.'
            if lets_pass and None not in answers.values():
                return None
            if not lets_pass:
                continue
        if None in answers.values():
            return s.cannot_tell(rule.where()._replace(setting="clients"))
        return answer_of_rule(s, rule)
    return None


def answer_of_rule(s, rule):
    """'What the rule says': `code` is for SMTP. An accept is that of the question: a login's or a recipient's."""
    action = "accept" if rule["action"] == "tag" else rule["action"]
    asked = "message.ok" if s.stage == "end" else "recipient.ok" if s.facts["method"] == "none" else "auth.ok"
    usual = {"accept": asked, "refuse": "auth.user-denied", "defer": "internal"}[action]
    code = s.answer(usual, None).code
    if s.protocol == "smtp" and action != "accept":
        code = rule["code"] or {"refuse": "550 5.7.1", "defer": "450 4.7.1"}[action]
    return Answer(action, code, f"rule.{rule.name}", rule.where(), None)
