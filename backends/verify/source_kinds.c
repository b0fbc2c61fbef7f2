/* The kinds of sources, in one array: a new kind is a line here. */
#include "ldap_source.h"
#include "login_source.h"
#include "smtp_source.h"
#include "source.h"
#include "users_source.h"

const struct source_kind *const source_kinds[] = {
    &source_kind_users, &source_kind_ldap, &source_kind_smtp,
    &source_kind_imap,  &source_kind_pop3, NULL,
};

static const struct section_type *const variants[] = {
    &users_source_section, &ldap_source_section, &smtp_source_section,
    &imap_source_section,  &pop3_source_section, NULL,
};

static const struct row type_rows[] = {
    {.name = "type",
     .type = ROW_STRING,
     .required = true,
     .help = "what kind of source this is: users, ldap, smtp, imap or pop3"},
    {.name = NULL},
};

const struct section_type source_section = {
    .name = "source",
    .titled = true,
    .rows = type_rows,
    .variant_setting = "type",
    .variants = variants,
    .help = "A place that can verify a password, or knows which recipients exist",
};

struct source *
source_open(const struct section *section, struct problems *problems)
{
    for (const struct source_kind *const *kind = source_kinds; *kind != NULL; kind++)
        if ((*kind)->section == section->type)
            return source_open_as(*kind, section, problems);
    section_problem(section, "type", problems, PROBLEM_ERROR, "no such kind of source");
    return NULL;
}
