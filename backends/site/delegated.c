/*
 * Delegated files: what an organization's own administrator sets for it.
 *
 * A file is opened beside the organization: its lists, which nobody else sees, and a copy of the
 * organization with its settings on top of the main file's. Only if all of it is good does the copy
 * take the organization's place, so that a broken file is never half in force. The bytes are kept
 * with the site: they are what a later site falls back to if the file is broken then. Nothing in
 * them refers to the main file, so what was good once is good for ever.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "build.h"

/* Each may cost a match limit's worth of time for every session of that organization. */
enum { PATTERNS_MAX = 100 };

struct delegated {
    struct delegated *next;
    const struct organization *organization;
    char *text;
    size_t length;
    struct section_type top; /* of the file: an organization's settings, without its braces */
    struct conf *conf;
    struct parts lists;
};

/* One setting being read from a file. */
struct reading {
    struct delegated *file;
    const struct section *section; /* the file as a whole */
    const struct organization_values *values;
    struct organization *to;
    struct problems *problems;
};

static void
read_authenticate_senders(const struct reading *reading)
{
    reading->to->authenticate_senders =
        (enum authenticate_senders)reading->values->authenticate_senders;
    reading->to->authenticate_senders_origin =
        section_origin(reading->section, "authenticate_senders");
}

static void
read_authenticate_inbound(const struct reading *reading)
{
    reading->to->authenticate_inbound =
        (enum authenticate_inbound)reading->values->authenticate_inbound;
    reading->to->authenticate_inbound_origin =
        section_origin(reading->section, "authenticate_inbound");
}

static void
read_match_sender(const struct reading *reading)
{
    reading->to->match_sender = reading->values->match_sender;
    reading->to->match_sender_origin = section_origin(reading->section, "match_sender");
}

static void
read_match_exempt_senders(const struct reading *reading)
{
    reading->to->match_exempt_senders = build_list_setting(
        &reading->file->lists, reading->section, "match_exempt_senders",
        reading->values->match_exempt_senders, LIST_USER, "nobody is exempt", reading->problems);
}

static void
read_match_from(const struct reading *reading)
{
    reading->to->match_from = reading->values->match_from;
    reading->to->match_from_origin = section_origin(reading->section, "match_from");
}

static void
read_match_exempt_from(const struct reading *reading)
{
    reading->to->match_exempt_from = build_list_setting(
        &reading->file->lists, reading->section, "match_exempt_from",
        reading->values->match_exempt_from, LIST_USER, "no address is exempt", reading->problems);
}

static void
read_match_detail(const struct reading *reading)
{
    reading->to->match_detail = reading->values->match_detail;
}

static void
read_sender_owners(const struct reading *reading)
{
    reading->to->sender_owners =
        build_owners(&reading->file->lists, reading->section, "sender_owners",
                     reading->values->sender_owners, "it gives nobody a sender", reading->problems);
    reading->to->sender_owners_origin = section_origin(reading->section, "sender_owners");
}

static void
read_auth_exempt_ips(const struct reading *reading)
{
    reading->to->auth_exempt_ips =
        build_exemption(&reading->file->lists, reading->section, "auth_exempt_ips",
                        reading->values->auth_exempt_ips, reading->problems);
}

static void
read_auth_users(const struct reading *reading)
{
    reading->to->auth_users =
        build_access(&reading->file->lists, reading->section, "auth_users",
                     reading->values->auth_users, LIST_USER, reading->problems);
}

static const struct {
    const char *name;
    void (*read)(const struct reading *reading);
} settings[] = {
    {"authenticate_senders", read_authenticate_senders},
    {"authenticate_inbound", read_authenticate_inbound},
    {"match_sender", read_match_sender},
    {"match_exempt_senders", read_match_exempt_senders},
    {"match_from", read_match_from},
    {"match_exempt_from", read_match_exempt_from},
    {"match_detail", read_match_detail},
    {"sender_owners", read_sender_owners},
    {"auth_exempt_ips", read_auth_exempt_ips},
    {"auth_users", read_auth_users},
};

static void
read_setting(const struct reading *reading, const char *name)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (strcmp(settings[i].name, name) == 0) {
            settings[i].read(reading);
            return;
        }
    abort(); /* the row is wrong: it is delegable and nobody applies it */
}

static void
read_settings(struct delegated *file, struct organization *to, struct problems *problems)
{
    const struct section *section = conf_top(file->conf);
    const struct reading reading = {file, section, section->values, to, problems};
    for (const struct row *row = file->top.rows; row->name != NULL; row++)
        if (section_is_set(section, row->name))
            read_setting(&reading, row->name);
    parts_warn_unused(&file->lists, problems);
}

/* Counted before any of them is compiled. */
static void
limit_patterns(const struct conf *conf, struct problems *problems)
{
    size_t count, patterns = 0;
    const struct section *const *lists = conf_sections(conf, NULL, "list", &count);
    for (size_t i = 0; i < count; i++) {
        const struct list_values *values = lists[i]->values;
        if (values->kind == LIST_OF_CERTIFICATES || values->kind == LIST_OF_OWNERS)
            continue;
        for (size_t k = 0; k < values->entries.count; k++)
            if (list_entry_is_pattern((enum list_kind)values->kind, values->entries.items[k]) &&
                ++patterns == PATTERNS_MAX + 1)
                section_problem_at(
                    lists[i], "entries", values->entries.origins[k], problems, PROBLEM_TENANT,
                    "a delegated file may hold at most %d entries that are tried in turn: regular "
                    "expressions, and wildcards other than *@DOMAIN and 10.1.*.*",
                    PATTERNS_MAX);
    }
}

static void
close_file(struct delegated *file)
{
    parts_close(&file->lists);
    conf_free(file->conf);
    free(file->text);
    free(file);
}

/* Takes over text. Returns the file, with its settings in the organization at to, or NULL with the
 * problems; what is at to is then of no use. */
static struct delegated *
open_file(const char *path, char *text, size_t length, struct organization *to,
          struct problems *problems)
{
    struct delegated *file = xcalloc(1, sizeof *file);
    file->text = text;
    file->length = length;
    file->top = organization_section;
    file->top.name = NULL;
    file->top.titled = false;
    file->top.children = site_section.children;

    size_t errors_before = problems->tenant_errors;
    file->conf = conf_delegated_load(path, text, length, &file->top, problems);
    if (file->conf != NULL)
        limit_patterns(file->conf, problems);
    if (problems->tenant_errors == errors_before) {
        parts_open(&file->lists, &list_parts, file->conf, PROBLEM_TENANT, problems);
        read_settings(file, to, problems);
    }
    if (problems->tenant_errors == errors_before)
        return file;
    close_file(file);
    return NULL;
}

static struct delegated *
open_present(const char *path, struct organization *to, struct problems *problems)
{
    size_t length;
    char *text = conf_delegated_read_file(path, &length, problems);
    return text != NULL ? open_file(path, text, length, to, problems) : NULL;
}

/* The bytes of the organization's file in the site before, if it was the same file. */
static const struct delegated *
find_last_good(const struct built_site *previous, const char *organization, const char *path)
{
    const struct delegated *file = previous != NULL ? previous->delegated : NULL;
    while (file != NULL && (strcmp(file->organization->name, organization) != 0 ||
                            strcmp(conf_path(file->conf), path) != 0))
        file = file->next;
    return file;
}

/* Reports nothing: what there is to say of these bytes has been said. */
static struct delegated *
open_last_good(const struct built_site *previous, const char *path, struct organization *to)
{
    const struct delegated *last = find_last_good(previous, to->name, path);
    if (last == NULL)
        return NULL;
    struct problems said;
    problems_init(&said);
    char *text = xstrndup(last->text, last->length);
    struct delegated *file = open_file(path, text, last->length, to, &said);
    problems_fini(&said);
    return file;
}

/* Opens the file in one of its two ways. Returns NULL if there is none. */
static struct delegated *
open_any(const struct built_site *built, const struct section *section, struct organization *to,
         struct problems *problems)
{
    const char *path = ((const struct organization_values *)section->values)->delegated;
    const struct organization before = *to;
    struct problems own;
    problems_init(&own);
    struct delegated *file = open_present(path, to, &own);
    problems_take_tenants(problems, &own);
    if (file != NULL)
        return file;

    *to = before;
    file = open_last_good(built->previous, path, to);
    section_problem(section, "delegated", problems, PROBLEM_TENANT, "%s is broken: %s", path,
                    file != NULL ? "the settings that it had before stay in force"
                                 : "without earlier settings, all that concerns this organization "
                                   "is a temporary failure");
    return file;
}

void
build_delegated(struct built_site *built, struct organization *organization,
                const struct section *section, struct problems *problems)
{
    if (((const struct organization_values *)section->values)->delegated == NULL)
        return;
    struct organization changed = *organization;
    struct delegated *file = open_any(built, section, &changed, problems);
    if (file == NULL) {
        organization->broken = true;
        organization->broken_origin = section_origin(section, "delegated");
        return;
    }
    *organization = changed;
    file->organization = organization;
    file->next = built->delegated;
    built->delegated = file;
}

void
build_drop_delegated(struct built_site *built)
{
    for (struct delegated *file = built->delegated, *next; file != NULL; file = next) {
        next = file->next;
        close_file(file);
    }
    built->delegated = NULL;
}
