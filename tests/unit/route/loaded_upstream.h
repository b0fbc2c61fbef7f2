/*
 * loaded_upstream: a configuration of one upstream, "u", for tests.
 */
#ifndef MAILREEVE_TEST_LOADED_UPSTREAM_H
#define MAILREEVE_TEST_LOADED_UPSTREAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf.h"
#include "route.h"

struct loaded {
    struct problems problems;
    struct conf *conf;
    const struct section *section;
};

static const struct row loaded_rows[] = {{0}};
static const struct section_type *const loaded_children[] = {&upstream_section, NULL};
static const struct section_type loaded_top = {
    .size = 1, .rows = loaded_rows, .children = loaded_children};

static inline void
load(struct loaded *loaded, const char *text)
{
    char path[] = "/tmp/test_route.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    *loaded = (struct loaded){.conf = NULL};
    problems_init(&loaded->problems);
    loaded->conf = conf_load(path, &loaded_top, &loaded->problems);
    unlink(path);
    if (loaded->conf == NULL)
        problems_print(&loaded->problems, stdout);
    assert_non_null(loaded->conf);
    loaded->section = conf_find(loaded->conf, "upstream", "u");
    assert_non_null(loaded->section);
}

static inline void
unload(struct loaded *loaded)
{
    conf_free(loaded->conf);
    problems_fini(&loaded->problems);
}

#endif
