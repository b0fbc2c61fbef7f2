/*
 * smtp_loop: what smtp sources are asking just now, so that a question of our own that comes back
 * to us is recognized (verify_is_own_question).
 *
 * A source may be pointed, by mistake, at a front door that asks us: each question would then make
 * another, until every thread waits for itself. Nothing in SMTP marks a session as ours for sure,
 * and a mark in EHLO would be read by every server that is asked in earnest. So a session is ours
 * if it greets as we do and asks what we are asking at this moment.
 *
 * Thread-safe. One set for the process: all sources of all configurations that are alive.
 */
#ifndef MAILREEVE_SMTP_LOOP_H
#define MAILREEVE_SMTP_LOOP_H

/* A question on its way; the asker's own, between enter and leave. helo is the name that we greet
 * with, subject the login name or the address that is asked about; both borrowed. */
struct smtp_asking {
    const char *helo, *subject;
    struct smtp_asking *next, **link; /* of the set */
};

void smtp_loop_enter(struct smtp_asking *asking, const char *helo, const char *subject);
void smtp_loop_leave(struct smtp_asking *asking);

#endif
