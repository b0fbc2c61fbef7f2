/*
 * answer: what the guard says to a step of a message.
 *
 * A value. Zero is a temporary failure.
 */
#ifndef MAILREEVE_MILTER_ANSWER_H
#define MAILREEVE_MILTER_ANSWER_H

#include "verdict.h"

enum answer_action {
    ANSWER_TEMPFAIL = 0,
    ANSWER_REFUSE,
    ANSWER_GO_ON,
    ANSWER_SKIP, /* go on, and tell no more of this kind (of the body) */
};

enum { ANSWER_TEXT_MAX = 512 };

struct milter_answer {
    enum answer_action action;
    char code[4], extended[12]; /* "550", "5.7.1"; empty with GO_ON and SKIP */
    char text[ANSWER_TEXT_MAX]; /* printable ASCII, not yet escaped for libmilter */
};

struct milter_answer answer_go_on(void);

/* What a verdict says in SMTP. */
struct milter_answer answer_of(const struct verdict *verdict);

#endif
