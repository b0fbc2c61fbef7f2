/*
 * testimony: what the sources of a configuration would say about a login, without asking them.
 *
 * Nobody on the network is asked: whether the password is right is a given fact. The users files
 * are part of the configuration, so what they say about an account is looked up and not given. Nor
 * is given which sources can answer challenges, or tell about accounts alone.
 */
#ifndef MAILREEVE_TESTIMONY_H
#define MAILREEVE_TESTIMONY_H

#include "given.h"
#include "outcome.h"
#include "site.h"
#include "users_file.h"

struct testimony {
    enum verify_outcome outcome;
    bool has_clear_password; /* a source would tell it */
    struct account account;
    struct rule_ref source;   /* who would speak, as far as the configuration tells */
    struct users_file *users; /* account and source borrow from it */
};

/* Fills what the sources would say to that login if the password were as given.outcome says. Call
 * testimony_fini when the decision that came of it is not looked at any more. */
void testimony_take(const struct site *site, const struct given *given,
                    const struct decision *decision, struct testimony *testimony_r);
void testimony_fini(struct testimony *testimony);

#endif
