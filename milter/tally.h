/*
 * tally: what a message has added to the counts of its sender, until it is known what becomes of
 * it.
 *
 * One thread at a time. Only who has authenticated is counted (sending.h). A message that is
 * refused or given up was not sent: what it has added is taken back.
 */
#ifndef MAILREEVE_TALLY_H
#define MAILREEVE_TALLY_H

#include "sending.h"

/* A value; zero: of nobody. What it borrows lives as long. */
struct tally {
    struct store *store;
    const struct limits *limits;
    struct sender sender;         /* user NULL: nobody, nothing is counted */
    int64_t messages, recipients; /* that were counted */
};

/* One more, unless the user has reached the limit: then answer_r says so, and was told as an alarm
 * if it is messages that he sends too many of (MDaemon: hijack detection). session and client are
 * for the log. */
void tally_add(struct tally *tally, enum sent what, const char *session,
               const struct netaddr *client, struct deadline deadline,
               struct sending_answer *answer_r);

/* What a tally_add has counted, if it has, was refused after all. */
void tally_take_back(struct tally *tally, enum sent what, const struct sending_answer *added,
                     struct deadline deadline);

/* All that was counted. */
void tally_give_up(struct tally *tally, struct deadline deadline);

#endif
