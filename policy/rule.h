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

#include "list.h"
#include "nameset.h"
#include "origin.h"

enum condition { CONDITION_ANY = 0, CONDITION_YES, CONDITION_NO };

enum rule_action {
    RULE_DEFER = 0,
    RULE_REFUSE,
    RULE_ACCEPT,
    RULE_TAG, /* accept, and let the audit line (and later the message guard) show the rule's name
               */
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

    enum rule_action action;
    const char *code; /* "550 5.7.1": what SMTP clients see on refuse and defer */
    const char *text; /* behind the code; printable ASCII */
};

#endif
