/*
 * logged: what a test's code writes to the log.
 */
#ifndef MAILREEVE_TEST_LOGGED_H
#define MAILREEVE_TEST_LOGGED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Standard error goes to a file while a test looks at the log. */
static FILE *log_file;
static int saved_stderr;

static inline void
log_begin(void)
{
    log_file = tmpfile();
    assert_non_null(log_file);
    saved_stderr = dup(STDERR_FILENO);
    dup2(fileno(log_file), STDERR_FILENO);
}

/* How many lines hold the text; the last of them in line_r. */
static inline int
log_count(const char *event, char line_r[1024])
{
    static char text[1 << 18];
    int count = 0;
    line_r[0] = '\0';
    ssize_t length = pread(fileno(log_file), text, sizeof text - 1, 0);
    assert_true(length >= 0);
    text[length] = '\0';
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (strstr(line, event) != NULL) {
            count++;
            snprintf(line_r, 1024, "%s", strstr(line, "level="));
        }
    }
    return count;
}

static inline void
log_end(void)
{
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    fclose(log_file);
}

#endif
