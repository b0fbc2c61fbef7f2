/* Texts that may be missing. */
#ifndef MAILREEVE_TEST_EXPECT_TEXT_H
#define MAILREEVE_TEST_EXPECT_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static inline void
expect_text(const char *name, const char *what, const char *text, const char *want)
{
    if ((text == NULL) != (want == NULL) || (text != NULL && strcmp(text, want) != 0))
        fail_msg("%s: %s is %s", name, what, text != NULL ? text : "NULL");
}

#endif
