/*
 * ldap_conf: a configuration with one source of type ldap.
 */
#ifndef MAILREEVE_TEST_LDAP_CONF_H
#define MAILREEVE_TEST_LDAP_CONF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "ldap_settings.h"
#include "ldap_source.h"

static const struct section_type *const variants[] = {&ldap_source_section, NULL};
static const struct row type_rows[] = {
    {.name = "type", .type = ROW_STRING, .required = true, .help = "ldap"},
    {.name = NULL},
};
static const struct section_type source_type = {
    .name = "source",
    .titled = true,
    .rows = type_rows,
    .variant_setting = "type",
    .variants = variants,
};
static const struct section_type *const children[] = {&source_type, NULL};
static const struct row no_rows[] = {{.name = NULL}};
static const struct section_type top = {.rows = no_rows, .children = children};

static inline struct conf *
load(const char *settings, struct problems *problems)
{
    char path[] = "/tmp/test_ldap_settings.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    dprintf(fd, "source \"acme\" { type = \"ldap\"\n%s }\n", settings);
    close(fd);
    struct conf *conf = conf_load(path, &top, problems);
    unlink(path);
    return conf;
}

#endif
