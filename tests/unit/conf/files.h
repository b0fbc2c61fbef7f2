/* Files for a configuration to be loaded from, and all that is said about them. */
#ifndef MAILREEVE_TEST_CONF_FILES_H
#define MAILREEVE_TEST_CONF_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf.h"

static inline void
write_file(const char *name, const char *text, size_t length)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void
write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

/* All lines of all problems, each with its newline; free it. */
static inline char *
problem_lines(struct problems *problems)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    problems_print(problems, memory);
    fclose(memory);
    return text;
}

#endif
