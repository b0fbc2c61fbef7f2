/*
 * show: a decision as `explain` and `login` print it, and the exit code that belongs to it.
 *
 * One thread.
 */
#ifndef MAILREEVE_SHOW_H
#define MAILREEVE_SHOW_H

#include "command.h"
#include "decide.h"

/* Remembers what decide tells its trail. */
struct asked_rules {
    struct asked_rule *items;
    size_t count;
};

struct asked_rule {
    char *rule; /* FILE:LINE ... */
    const char *answer;
};

/* The trail that fills asked, which outlives it. */
struct trail show_trail(struct asked_rules *asked);
void asked_rules_fini(struct asked_rules *asked);

/* Prints the lines `verdict accept|refuse|defer CODE TEXT`, `reason ID` and `rule FILE:LINE ...`,
 * and before them one `asked FILE:LINE ...: ANSWER` for each rule of asked, and `upstream NAME`
 * where a session goes to one (NULL: neither). */
void show_decision(const struct decision *decision, enum protocol protocol,
                   const struct asked_rules *asked);

/* Prints the same as the inside of a JSON object, the upstream in any case; first as
 * print_json_field has it. */
void show_decision_json(const struct decision *decision, enum protocol protocol,
                        const struct asked_rules *asked, bool *first);

/* Accept 0, refuse 1, temporary 75. */
int show_exit_code(const struct decision *decision);

#endif
