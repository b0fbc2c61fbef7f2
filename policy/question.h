/*
 * question: one call of decide_auth, decide_login, decide_recipient, ... under way.
 *
 * Pure. Internal to the decide_*.c files: a rule is a function that gets the question and returns
 * whether the session goes on; a file's rules stand in a table, in the order of precedence.
 */
#ifndef MAILREEVE_QUESTION_H
#define MAILREEVE_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "decide.h"

struct question {
    const struct tenancy *tenancy;
    const struct decide_settings *settings;
    const struct facts *facts;
    const struct trail *trail; /* NULL: nobody listens */
    struct decision *decision;
    bool is_whole_message; /* decide_message: what a `rule` section may ask is known */
};

/* A question with nothing decided yet but the listener, if there is the one that the facts name.
 * trail may be NULL. */
struct question question_begin(const struct tenancy *tenancy,
                               const struct decide_settings *settings, const struct facts *facts,
                               const struct trail *trail, struct decision *decision_r);

/* Asks the rules in turn until one ends the question. Returns whether all let it go on. */
bool question_ask(const struct question *question,
                  bool (*const rules[])(const struct question *question), size_t count);

/* The things a rule can say. All tell the trail. */
bool question_next(const struct question *question, const struct rule_ref *rule); /* true */
bool question_end(const struct question *question, enum reason reason,
                  const struct rule_ref *rule); /* false: the verdict is set */

/* Lets a step of a message pass, by no rule but the listener's. */
void question_accept_message(const struct question *question);

/* Ends the question with what a `rule` section says. */
bool question_end_by_rule(const struct question *question, const struct rule *decided_by,
                          const struct rule_ref *rule);

/* Ends the question without an answer: the caller must find out a fact first. The trail is not told
 * until it has. */
bool question_need(const struct question *question, enum decision_asks asks,
                   const struct rule_ref *rule);

/* Refuses if wrong, else goes on. */
bool question_unless(const struct question *question, bool wrong, enum reason reason,
                     const struct rule_ref *rule);

struct rule_ref question_listener_rule(const struct question *question, const char *setting,
                                       struct origin origin);
struct rule_ref question_organization_rule(const struct organization *organization,
                                           const char *setting, struct origin origin);

/* Writes "note", or ": note" behind the detail that is there. */
void question_note(struct rule_ref *rule, const char *note);

/* The rules that AUTH and recipients have in common. */
bool question_ban(const struct question *question);
bool question_listener(const struct question *question);

/* Asks whether the delegated file of one organization is broken; NULL is no organization. */
bool question_intact(const struct question *question, const struct organization *organization);

/* Whether somebody has logged in: by AUTH, or by POP or IMAP before. */
bool question_is_authenticated(const struct question *question);

/* The organization of whoever has logged in, or NULL. */
const struct organization *question_user_organization(const struct question *question);

/* The rule of what is asked at every listener and is no setting ("ban"). It is the listener's, or,
 * where that is unknown, the configuration's; what and detail may be NULL. */
struct rule_ref question_fixed_rule(const struct question *question, const char *what,
                                    const char *detail);

#endif
