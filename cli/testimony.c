#include "testimony.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "lookup.h"
#include "stored.h"

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
is_challenge(enum auth_method method)
{
    return method == METHOD_CRAM_MD5 || method == METHOD_APOP;
}

static bool
is_users_source(const struct section *source)
{
    const char *kind = source->type->variant_word;
    return kind != NULL && strcmp(kind, "users") == 0;
}

/* Reads a users source's file. NULL: it does not load (the site has said so then). */
static struct users_file *
load_users(const struct section *source)
{
    const char *path = lookup_text(source, "file");
    if (path == NULL)
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

static const struct section *const *
all_sources(const struct site *site, size_t *count_r)
{
    return conf_sections(site->conf, conf_top(site->conf), "source", count_r);
}

/* Whether a source can answer by its kind and settings. */
static bool
can_answer(const struct source *source, enum auth_method method)
{
    if (method == METHOD_EXTERNAL)
        return source_can_lookup(source);
    return !is_challenge(method) ||
           (source_knows_clear(source) && source_app_passwords(source) != APP_PASSWORDS_REQUIRE);
}

static const struct source *
find_source(const struct site *site, const char *name)
{
    const struct source *source = NULL;
    for (size_t i = 0; (source = site_source(site, i)) != NULL; i++)
        if (strcmp(source_name(source), name) == 0)
            break;
    return source;
}

static bool
is_in_clear(const struct user_entry *entry)
{
    struct secret clear;
    bool is_clear = stored_clear(entry->hash, strlen(entry->hash), STORED_BARE_CRYPT, &clear);
    secret_fini(&clear);
    return is_clear;
}

/* What a line of a users file says to somebody who has, or has not, the right password. */
static enum verify_outcome
outcome_of(const struct user_entry *entry, const struct given *given)
{
    if (is_challenge(given->facts.method) && !is_in_clear(entry))
        return VERIFY_NO_CLEAR_PASSWORD;
    return given->outcome == VERIFY_OK && entry->disabled ? VERIFY_DISABLED : given->outcome;
}

/* The account as the users files describe it. Returns whether one does. */
static bool
ask_users_files(const struct site *site, const struct given *given, const struct username *name,
                struct testimony *testimony)
{
    size_t count = 0;
    const struct section *const *sources = all_sources(site, &count);
    for (size_t i = 0; i < count; i++) {
        if (!is_users_source(sources[i]) ||
            !can_answer(find_source(site, sources[i]->name), given->facts.method))
            continue;
        struct users_file *users = load_users(sources[i]);
        const struct user_entry *entry = users != NULL ? users_file_find(users, name->text) : NULL;
        if (entry == NULL) {
            users_file_free(users);
            continue;
        }
        testimony->outcome = outcome_of(entry, given);
        testimony->has_clear_password |= is_in_clear(entry);
        testimony->account.networks = entry->networks;
        testimony->account.protocols = entry->protocols;
        testimony->account.smtp_auth = entry->smtp_auth;
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
    const struct section *const *sources = all_sources(site, &count);
    const struct section *last = NULL;
    for (size_t i = 0; i < count; i++)
        if (is_users_source(sources[i]))
            last = sources[i];
    return last;
}

/* The organization's sources but those of type users. */
struct own_sources {
    size_t count, able;            /* how many there are, and how many can answer */
    const struct section *speaker; /* the first that can, else the first */
};

static struct own_sources
own_sources(const struct site *site, const struct section *organization, enum auth_method method)
{
    struct own_sources own = {0};
    struct strings names = lookup_strings(organization, "sources");
    for (size_t i = 0; i < names.count; i++) {
        const struct section *section = conf_find(site->conf, "source", names.items[i]);
        if (is_users_source(section))
            continue;
        bool is_able = can_answer(find_source(site, names.items[i]), method);
        if (own.count++ == 0 || (is_able && own.able == 0))
            own.speaker = section;
        own.able += is_able;
    }
    return own;
}

/* Nobody who could know the name can answer. With EXTERNAL the certificate then suffices. */
static void
let_nobody_answer(const struct site *site, const struct own_sources *own, enum auth_method method,
                  struct testimony *testimony)
{
    const struct section *users = last_users_source(site);
    bool users_answer = users != NULL && can_answer(find_source(site, users->name), method);
    bool is_doubtful = own->count > 0 || (users != NULL && !users_answer);
    testimony->outcome =
        is_challenge(method) && is_doubtful ? VERIFY_NO_CLEAR_PASSWORD : VERIFY_UNKNOWN_USER;
    if (is_challenge(method) && own->count > 0)
        testimony->source = section_rule(own->speaker, NULL);
    else if (users != NULL && (method != METHOD_EXTERNAL || own->count == 0))
        testimony->source = section_rule(users, NULL);
}

/* Who would speak, as far as the configuration tells: one source of the organization's, or one of
 * several, or nobody but the users files, which do not know the name. */
static void
name_sources(const struct site *site, const struct organization *organization,
             enum auth_method method, struct testimony *testimony)
{
    const struct section *section = NULL;
    struct own_sources own = {0};
    if (organization != NULL)
        section = conf_find(site->conf, "organization", organization->name);
    if (section != NULL)
        own = own_sources(site, section, method);
    if (own.able == 0)
        let_nobody_answer(site, &own, method, testimony); /* whatever is given */
    else if (own.able > 1)
        testimony->source = section_rule(section, "sources");
    else
        testimony->source = section_rule(own.speaker, NULL);
    testimony->account.origin = testimony->source.origin;
}

void
testimony_take(const struct site *site, const struct given *given, const struct decision *decision,
               struct testimony *testimony_r)
{
    *testimony_r = (struct testimony){.outcome = given->outcome,
                                      .has_clear_password = given->has_clear_password};
    struct account *account = &testimony_r->account;
    snprintf(account->name, sizeof account->name, "%s", decision->user.text);
    if (!ask_users_files(site, given, &decision->user, testimony_r))
        name_sources(site, decision->organization, given->facts.method, testimony_r);
}

void
testimony_fini(struct testimony *testimony)
{
    users_file_free(testimony->users);
    *testimony = (struct testimony){0};
}
