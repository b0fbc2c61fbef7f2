/*
 * callahead_bench: what a server says that is asked for a recipient, and asking a source for one.
 */
#ifndef MAILREEVE_TEST_CALLAHEAD_BENCH_H
#define MAILREEVE_TEST_CALLAHEAD_BENCH_H

#include "smtp_bench.h"

#define EHLO    "C EHLO *\nS 250-mx.example\nS 250-SIZE 1000\nS 250 SMTPUTF8\n"
#define HELLO   "S 220 mx.example ESMTP\n" EHLO
#define TAKEN   HELLO "C MAIL FROM:<>\nS 250 2.1.0 ok\n"
#define ASKED   TAKEN "C RCPT TO:<boss@acme.example>\n"
#define KNOWN   ASKED "S 250 2.1.5 ok\n"
#define UNKNOWN ASKED "S 550 5.1.1 no such user\n"

static inline void
ask_within(const struct opened *opened, const char *address, int64_t budget_ms,
           struct recipient_result *result_r)
{
    struct mailbox mailbox;
    assert_int_equal(mailbox_parse(address, strlen(address), &mailbox, NULL), 0);
    source_recipient(opened->source, &mailbox, deadline_after(budget_ms), result_r);
}

static inline void
ask(const struct opened *opened, const char *address, struct recipient_result *result_r)
{
    ask_within(opened, address, 60000, result_r);
}

static inline void
assert_detail(const struct recipient_result *result, const char *want)
{
    if (want == NULL)
        assert_string_equal(result->detail, "");
    else if (strstr(result->detail, want) == NULL)
        assert_string_equal(result->detail, want);
}

#endif
