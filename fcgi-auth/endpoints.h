/*
 * endpoints: what the service answers to, by path.
 *
 * The path is DOCUMENT_URI, else SCRIPT_NAME. Whatever has no function is answered with text that
 * fails a login, in case nginx mail was pointed at it.
 */
#ifndef MAILREEVE_ENDPOINTS_H
#define MAILREEVE_ENDPOINTS_H

#include <stdbool.h>

#include "answer.h"
#include "reload.h"
#include "state.h"

/* What all requests of one service share. */
struct endpoints {
    struct reload *reload;
    struct state *state;
};

/* crowded: too many sessions run; those who ask for one are asked to wait. */
void endpoints_serve(const struct endpoints *endpoints, char **params, bool crowded,
                     struct answer *answer_r);

#endif
