"""Whose an address is, for policy_model.py: what match_sender, match_from and matching-sender demand."""

import policy_values as values


def is_own(s, organization, mailbox):
    """'A user owns his canonical name'; 'match_detail: bob owns bob+x@ (not the other way round)'. organization: whose
    settings count."""
    return any(name and values.same_mailbox(name, each) for name in [values.mailbox_of(s.user)]
               for each in as_wanted(organization, mailbox))


def as_wanted(organization, mailbox):
    bare = values.without_detail(mailbox) if organization and organization["match_detail"] else None
    return [mailbox, bare] if bare else [mailbox]


def is_given(s, organization, mailbox):
    """'What sender_owners lists give him'; 'owners are believed about a sender only if the sender's domain is the
    organization's own or nobody's'."""
    if not organization or not organization["sender_owners"]:
        return False
    if s.configuration.owner(mailbox.domain) not in (None, organization):
        return False
    entries = s.entries(organization.who_says("sender_owners"), organization["sender_owners"])
    return any(values.gives(entries, each, s.user) for each in as_wanted(organization, mailbox))


def is_in_mail_attribute(s, organization, mailbox):
    """'Every value of his mail_attribute'. None: cannot be told."""
    if s.facts["sender-owned"] == "unavailable":
        return None
    owned = [values.mailbox_of(each) for each in s.facts.get("owns") or []]
    owned += [s.sender] if s.facts["sender-owned"] == "yes" and s.sender else []
    return any(values.same_mailbox(each, wanted) for each in owned for wanted in as_wanted(organization, mailbox))


def not_his(s, organization, mailbox, exempting, may_own):
    """What the demand that an address be the user's says: None (it is), "refuse" or "cannot tell". MDaemon: 'Use this
    white list to exempt an address ... the white listed address must match the address in the message's Return-Path',
    'in the message's From: header'. 'A fact that costs something to find out is asked for only once the decision hangs
    on it': an exempt sender does not wait for a source."""
    exempt = organization and organization[exempting]
    if is_own(s, organization, mailbox) or is_given(s, organization, mailbox):
        return None
    if exempt and s.name_entry(organization, exempting, exempt, values.mailbox_text(mailbox)):
        return None
    owned = is_in_mail_attribute(s, organization, mailbox) if may_own else False
    return {None: "cannot tell", True: None, False: "refuse"}[owned]
