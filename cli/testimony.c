#include "testimony.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "lookup.h"

static const size_t users_file_max_bytes = (size_t)1 << 30;

static struct rule_ref
section_rule(const struct section *section, const char *setting)
{
    return (struct rule_ref){
        .origin = setting != NULL ? section_origin(section, setting) : section->origin,
        .section_kind = section->type->name,
        .section_name = section->name,
        .setting = setting,
    };
}

static void
ignore_problem(void *context, struct origin origin, const struct err *err)
{
    (void)context, (void)origin, (void)err;
}

static bool
is_users_source(const struct section *source)
{
    const char *kind = source->type->variant_word;
    return kind != NULL && strcmp(kind, "users") == 0;
}

/* Reads a users source's file. NULL: this source is of another kind, or its file does not load (the
 * site has said so then). */
static struct users_file *
load_users(const struct section *source)
{
    const char *path = lookup_text(source, "file");
    if (!is_users_source(source) || path == NULL)
        return NULL;
    size_t length = 0;
    struct err err;
    char *text = file_read(path, users_file_max_bytes, &length, &err);
    if (text == NULL)
        return NULL;
    struct users_file *users = users_file_parse(text, length, path, ignore_problem, NULL);
    free(text);
    return users;
}

/* The account as the users files describe it. Returns whether one does. */
static bool
ask_users_files(const struct site *site, enum verify_outcome given, const struct username *name,
                struct testimony *testimony)
{
    size_t count = 0;
    const struct section *const *sources =
        conf_sections(site->conf, conf_top(site->conf), "source", &count);
    for (size_t i = 0; i < count; i++) {
        struct users_file *users = load_users(sources[i]);
        const struct user_entry *entry = users != NULL ? users_file_find(users, name->text) : NULL;
        if (entry == NULL) {
            users_file_free(users);
            continue;
        }
        bool is_shut = given == VERIFY_OK && entry->disabled;
        testimony->outcome = is_shut ? VERIFY_DISABLED : given;
        testimony->account.networks = entry->networks;
        testimony->account.protocols = entry->protocols;
        testimony->account.origin = entry->origin;
        testimony->source = section_rule(sources[i], NULL);
        testimony->source.origin = entry->origin;
        testimony->users = users;
        return true;
    }
    return false;
}

/* The users source that is asked last, which says that it does not know the name; NULL: none. */
static const struct section *
last_users_source(const struct site *site)
{
    size_t count = 0;
    const struct section *const *sources =
        conf_sections(site->conf, conf_top(site->conf), "source", &count);
    const struct section *last = NULL;
    for (size_t i = 0; i < count; i++)
        if (is_users_source(sources[i]))
            last = sources[i];
    return last;
}

/* The organization's sources but those of type users. */
static size_t
own_sources(const struct site *site, const struct section *organization,
            const struct section **first_r)
{
    struct strings names = lookup_strings(organization, "sources");
    size_t count = 0;
    for (size_t i = 0; i < names.count; i++) {
        const struct section *source = conf_find(site->conf, "source", names.items[i]);
        if (!is_users_source(source) && count++ == 0)
            *first_r = source;
    }
    return count;
}

/* Who would speak, as far as the configuration tells: one source of the organization's, or one of
 * several, or nobody but the users files, which do not know the name. */
static void
name_sources(const struct site *site, const struct organization *organization,
             struct testimony *testimony)
{
    const struct section *section = NULL, *speaker = NULL;
    if (organization != NULL)
        section = conf_find(site->conf, "organization", organization->name);
    size_t count = section != NULL ? own_sources(site, section, &speaker) : 0;
    if (count == 0) {
        testimony->outcome = VERIFY_UNKNOWN_USER; /* whatever is given */
        speaker = last_users_source(site);
    }
    if (count > 1)
        testimony->source = section_rule(section, "sources");
    else if (speaker != NULL)
        testimony->source = section_rule(speaker, NULL);
    testimony->account.origin = testimony->source.origin;
}

void
testimony_take(const struct site *site, const struct decision *decision, enum verify_outcome given,
               struct testimony *testimony_r)
{
    *testimony_r = (struct testimony){.outcome = given};
    struct account *account = &testimony_r->account;
    snprintf(account->name, sizeof account->name, "%s", decision->user.text);
    if (!ask_users_files(site, given, &decision->user, testimony_r))
        name_sources(site, decision->organization, testimony_r);
}

void
testimony_fini(struct testimony *testimony)
{
    users_file_free(testimony->users);
    *testimony = (struct testimony){0};
}
