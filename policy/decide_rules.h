/*
 * decide_rules: the `rule` sections, for recipients and for logins.
 *
 * Pure. Internal to the decide_*.c files. A condition that cannot be told leaves the rule in doubt,
 * unless another one surely does not hold.
 */
#ifndef MAILREEVE_DECIDE_RULES_H
#define MAILREEVE_DECIDE_RULES_H

#include "question.h"

/* Asks the rules in the order of the file until one decides. Returns true if none does. A rule that
 * tags sets the decision's tagged_by. */
bool rules_ask(const struct question *question);

#endif
