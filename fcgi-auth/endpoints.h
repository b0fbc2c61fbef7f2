/*
 * endpoints: what the service answers to, by path.
 *
 * The path is DOCUMENT_URI, else SCRIPT_NAME. Whatever has no function is answered with text that
 * fails a login, in case nginx mail was pointed at it.
 */
#ifndef MAILREEVE_ENDPOINTS_H
#define MAILREEVE_ENDPOINTS_H

#include "answer.h"
#include "call.h"
#include "metrics.h"
#include "reload.h"
#include "store.h"

/* What all requests of one service share. */
struct endpoints {
    struct reload *reload;
    struct store *store;
    struct metrics *metrics;
};

/* Where too many sessions run, those who ask for one are asked to wait. */
void endpoints_serve(const struct endpoints *endpoints, const struct call *call,
                     struct answer *answer_r);

#endif
