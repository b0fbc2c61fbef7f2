/*
 * users_bench: a source of type users, opened from a configuration in a folder of its own.
 */
#ifndef MAILREEVE_TEST_USERS_BENCH_H
#define MAILREEVE_TEST_USERS_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "deadline.h"
#include "file.h"
#include "source.h"
#include "users_source.h"

/* A hash of "open sesame" that costs little. */
#define SESAME       "$1$Tz41Jqow$lDmEDFh3nvZXkdfzly7sA1"
#define QUICK_SESAME "{SSHA256}mawpkfNze21cebJxTyol+4rI1K6KHfRAoSr3QayjlFtzYWx0c2FsdA=="
#define BOSS         "boss@acme.example:" SESAME
#define PROMPTLY_MS  60000

static char folder[] = "/tmp/test_users_source.XXXXXX";
static char conf_file[64], users_path[64], uses_path[64];

static const struct section_type *const variants[] = {&users_source_section, NULL};
static const struct row type_rows[] = {
    {.name = "type", .type = ROW_STRING, .required = true, .help = "kind"}, {.name = NULL}};
static const struct section_type source_type = {.name = "source",
                                                .titled = true,
                                                .rows = type_rows,
                                                .variant_setting = "type",
                                                .variants = variants};
static const struct section_type *const children[] = {&source_type, NULL};
static const struct row no_rows[] = {{.name = NULL}};
static const struct section_type top = {.size = 1, .rows = no_rows, .children = children};

struct opened {
    struct conf *conf;
    struct problems problems;
    struct source *source; /* NULL: problems tells */
};

static inline void
write_users(const char *text)
{
    struct err err;
    if (file_replace(users_path, text, strlen(text), 0600, &err) != 0)
        fail_msg("%s", err.text);
}

static inline void
open_source(struct opened *opened)
{
    *opened = (struct opened){0};
    problems_init(&opened->problems);
    opened->conf = conf_load(conf_file, &top, &opened->problems);
    assert_non_null(opened->conf);
    opened->source = source_open_as(&source_kind_users, conf_find(opened->conf, "source", "users"),
                                    &opened->problems);
}

static inline void
close_source(struct opened *opened)
{
    source_close(opened->source);
    conf_free(opened->conf);
    problems_fini(&opened->problems);
}

static inline enum verify_outcome
verify(const struct opened *opened, const char *name, const char *password, int64_t budget_ms,
       struct verify_result *result_r)
{
    struct username user = {.local_length = strcspn(name, "@")};
    struct secret secret;
    snprintf(user.text, sizeof user.text, "%s", name);
    secret_init(&secret);
    secret_set(&secret, password, strlen(password));
    const struct verify_request request = {
        .user = &user, .password = &secret, .deadline = deadline_after(budget_ms)};
    source_verify(opened->source, &request, result_r);
    secret_fini(&secret);
    return result_r->outcome;
}

static inline int
set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(conf_file, sizeof conf_file, "%s/mailreeve.conf", folder);
    snprintf(users_path, sizeof users_path, "%s/users", folder);
    snprintf(uses_path, sizeof uses_path, "%s/users.used", folder);
    FILE *file = fopen(conf_file, "w");
    assert_non_null(file);
    fputs("source \"users\" {\n type = \"users\"\n file = \"users\"\n}\n", file);
    fclose(file);
    return 0;
}

static inline int
tear_down(void **state)
{
    (void)state;
    unlink(conf_file);
    unlink(users_path);
    return rmdir(folder);
}

#endif
