/*
 * rule: a `rule` section: conditions that a session must meet, and what is done with it then.
 *
 * Values; pure. Rules are tried in the order of the file after all built-in rules have let the
 * session pass; the first whose conditions all hold decides (SMG 19 and 20: the authenticated state
 * is one of them). A condition that is not set always holds. An accept cannot undo a refusal of a
 * built-in rule: those were asked before.
 */
#ifndef MAILREEVE_RULE_H
#define MAILREEVE_RULE_H

#include <stdint.h>

#include "list.h"
#include "nameset.h"
#include "origin.h"

enum condition { CONDITION_ANY = 0, CONDITION_YES, CONDITION_NO };

enum rule_action {
    RULE_DEFER = 0,
    RULE_REFUSE,
    RULE_ACCEPT,
    RULE_TAG, /* accept, and let the audit line and, by the message guard, a header show it */
};

struct rule {
    const char *name; /* its reason id is "rule.NAME" */
    struct origin origin;

    /* Conditions. */
    enum condition authenticated; /* by AUTH or by a relay window */
    enum condition tls;
    unsigned protocols;            /* mask of PROTOCOL_BIT(); 0: any */
    struct nameset listeners;      /* empty: any */
    struct nameset organizations;  /* one of them is the user's, the sender's or the recipient's;
                                      empty: any */
    const struct list *clients;    /* of kind ip; NULL: any */
    const struct list *senders;    /* of kind user; NULL: any. Never holds for <> (bounces are never
                                      refused for their sender) nor for a login (no sender yet) */
    const struct list *recipients; /* of kind user; NULL: any. Never holds for a login */

    /* Conditions that only the message guard can see, once it has seen the message; at the front
     * door and at RCPT such a rule may still come to hold: one that would let the message pass
     * keeps those behind it from refusing. */
    int64_t size_over;              /* bytes; 0: any */
    unsigned recipients_over;       /* accepted recipients of the message; 0: any */
    const struct list *header_from; /* of kind user, about the mailboxes of From:; NULL: any */

    enum rule_action action;
    const char *code;   /* "550 5.7.1": what SMTP clients see on refuse and defer */
    const char *text;   /* behind the code; printable ASCII */
    const char *header; /* of a tag: the header's name, whose value is the rule's */
};

#endif
