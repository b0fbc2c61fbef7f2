/* Files for a configuration to be loaded from, in a folder that goes with them, and all that is
 * said about them. */
#ifndef MAILREEVE_TEST_CONF_FILES_H
#define MAILREEVE_TEST_CONF_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf.h"

static inline char *
scratch_folder(void)
{
    static char folder[] = "/tmp/mailreeve-test-XXXXXX";
    return folder;
}

static inline int
enter_scratch(void **state)
{
    (void)state;
    return mkdtemp(scratch_folder()) != NULL ? chdir(scratch_folder()) : -1;
}

/* Removes the files with these names, which end with NULL, and the folder. */
static inline int
leave_scratch(const char *const *names)
{
    for (; *names != NULL; names++)
        unlink(*names);
    return chdir("/") != 0 || rmdir(scratch_folder()) != 0;
}

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
