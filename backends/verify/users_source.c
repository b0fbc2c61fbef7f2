#include "users_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "alloc.h"
#include "app_password.h"
#include "app_uses.h"
#include "clock.h"
#include "hashing.h"
#include "siphash.h"
#include "users_file.h"
#include "users_watch.h"

struct users_settings {
    const char *file, *last_use;
    int app_passwords;
};

struct users_source {
    const char *file;
    char *uses_file;
    enum app_passwords app_passwords;
    struct users_watch *watch;
    struct app_uses *uses;
    struct hashing *hashing;
    uint64_t key[2]; /* of pretending */
};

static const struct choice app_passwords_choices[] = {
    {"no", APP_PASSWORDS_NO},
    {"allow", APP_PASSWORDS_ALLOW},
    {"require", APP_PASSWORDS_REQUIRE},
    {NULL, 0},
};

static const struct row users_rows[] = {
    {.name = "file",
     .type = ROW_PATH,
     .offset = offsetof(struct users_settings, file),
     .required = true,
     .help = "the users file: name:hash:options, one a line (mailreeve user edits it)"},
    {.name = "app_passwords",
     .type = ROW_CHOICE,
     .offset = offsetof(struct users_settings, app_passwords),
     .preset = "allow",
     .choices = app_passwords_choices,
     .help = "whether its users may log in by app passwords: no, allow (beside their own password) "
             "or require (instead of it)"},
    {.name = "last_use",
     .type = ROW_PATH,
     .offset = offsetof(struct users_settings, last_use),
     .help = "the file in which the service notes when each app password was last used, for "
             "mailreeve app-password list; its folder must be one that the service may write to, "
             "as /var/lib/mailreeve is. Not set: the users file's name and .used"},
    {.name = NULL},
};

const struct section_type users_source_section = {
    .name = "source",
    .titled = true,
    .size = sizeof(struct users_settings),
    .rows = users_rows,
    .variant_word = "users",
    .help = "A file of local users, asked first for every organization",
};

struct opening {
    const struct section *section;
    struct problems *problems;
};

static void
report_problem(void *context, struct origin origin, const struct err *err)
{
    const struct opening *opening = context;
    if (origin.line == 0)
        section_problem(opening->section, "file", opening->problems, PROBLEM_ERROR, "%s",
                        err->text);
    else
        problems_add(opening->problems, PROBLEM_ERROR, origin, "%s", err->text);
}

/* Whether the users file has such an app password now. */
static bool
is_known_app(const void *context, const char *user, const char *app)
{
    const struct users_source *source = context;
    struct held *snapshot = users_watch_take(source->watch);
    const struct app_password *one = users_file_app_passwords(held_thing(snapshot), user);
    while (one != NULL && strcasecmp(one->name, app) != 0)
        one = one->next;
    held_drop(snapshot);
    return one != NULL;
}

static void *
users_open(const struct section *section, struct problems *problems)
{
    const struct users_settings *settings = section->values;
    struct opening opening = {section, problems};
    struct users_watch *watch =
        users_watch_open(section->name, settings->file, report_problem, &opening);
    if (watch == NULL)
        return NULL;

    struct users_source *source = xcalloc(1, sizeof *source);
    source->file = settings->file;
    source->app_passwords = (enum app_passwords)settings->app_passwords;
    source->watch = watch;
    source->hashing = hashing_create();
    source->uses_file =
        settings->last_use != NULL ? xstrdup(settings->last_use) : app_uses_path(settings->file);
    source->uses = app_uses_open(section->name, source->uses_file, is_known_app, source);
    if (getrandom(source->key, sizeof source->key, 0) != sizeof source->key)
        abort();
    return source;
}

static void
users_close(void *self)
{
    struct users_source *source = self;
    app_uses_close(source->uses);
    users_watch_close(source->watch);
    hashing_free(source->hashing);
    free(source->uses_file);
    free(source);
}

static struct hashed
hashed_of(const char *hash)
{
    return (struct hashed){.value = hash, .length = strlen(hash), .bare = STORED_BARE_CRYPT};
}

static void
judge_password(struct users_source *source, const struct user_entry *entry,
               const struct verify_request *request, struct verify_result *result_r)
{
    const struct hashed stored = hashed_of(entry->hash);
    struct err err;
    switch (hashing_verify(source->hashing, &stored, request->password, request->deadline, &err)) {
    case PASSWORD_CANNOT_TELL:
        snprintf(result_r->detail, sizeof result_r->detail, "%.*s", VERIFY_DETAIL_MAX - 1,
                 err.text);
        break;
    case PASSWORD_WRONG:
        result_r->outcome = VERIFY_WRONG_PASSWORD;
        break;
    case PASSWORD_RIGHT:
        result_r->outcome = entry->disabled ? VERIFY_DISABLED : VERIFY_OK;
        break;
    }
}

static void
judge_answer(const struct user_entry *entry, const struct verify_request *request,
             struct verify_result *result_r)
{
    struct secret clear;
    if (!stored_clear(entry->hash, strlen(entry->hash), STORED_BARE_CRYPT, &clear)) {
        result_r->outcome = VERIFY_NO_CLEAR_PASSWORD;
        snprintf(result_r->detail, sizeof result_r->detail,
                 "the users file has the password as a hash, not in clear");
        secret_fini(&clear);
        return;
    }
    switch (challenge_verify(request->challenge, request->password, &clear)) {
    case PASSWORD_CANNOT_TELL:
        snprintf(result_r->detail, sizeof result_r->detail, "this machine offers no MD5");
        break;
    case PASSWORD_WRONG:
        result_r->outcome = VERIFY_WRONG_PASSWORD;
        break;
    case PASSWORD_RIGHT:
        result_r->outcome = entry->disabled ? VERIFY_DISABLED : VERIFY_OK;
        break;
    }
    secret_fini(&clear);
}

/* Finds the user and says in the result what the file says about him. Returns NULL: nobody. */
static const struct user_entry *
find_entry(struct users_source *source, const struct verify_request *request,
           struct verify_result *result_r)
{
    users_watch_look(source->watch);
    struct held *snapshot = users_watch_take(source->watch);
    const struct user_entry *entry = users_file_find(held_thing(snapshot), request->user->text);
    if (entry == NULL) {
        result_r->outcome = VERIFY_UNKNOWN_USER;
        held_drop(snapshot);
        return NULL;
    }
    const struct origin origin = {source->file, entry->origin.line};
    struct account *account = &result_r->account;
    snprintf(account->name, sizeof account->name, "%s", entry->name);
    account->networks = entry->networks;
    account->protocols = entry->protocols;
    account->smtp_auth = entry->smtp_auth;
    account->origin = origin;
    result_r->rule.origin = origin;
    result_r->held = snapshot;
    return entry;
}

static void
give_clear(const struct user_entry *entry, const struct verify_request *request,
           struct verify_result *result_r)
{
    if (result_r->outcome == VERIFY_OK && request->wants_clear)
        (void)stored_clear(entry->hash, strlen(entry->hash), STORED_BARE_CRYPT, &result_r->clear);
}

static void
users_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    const struct user_entry *entry = find_entry(self, request, result_r);
    if (entry == NULL)
        return;
    if (request->challenge != NULL)
        judge_answer(entry, request, result_r);
    else
        judge_password(self, entry, request, result_r);
    give_clear(entry, request, result_r);
}

static void
users_lookup(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    const struct user_entry *entry = find_entry(self, request, result_r);
    if (entry == NULL)
        return;
    result_r->outcome = entry->disabled ? VERIFY_DISABLED : VERIFY_OK;
    give_clear(entry, request, result_r);
}

static enum knowledge
users_knows(void *self, const struct username *user, struct deadline deadline)
{
    (void)deadline;
    struct users_source *source = self;
    struct held *snapshot = users_watch_take(source->watch);
    bool is_known = users_file_find(held_thing(snapshot), user->text) != NULL;
    held_drop(snapshot);
    return is_known ? KNOWLEDGE_KNOWN : KNOWLEDGE_UNKNOWN;
}

static bool
users_knows_clear(const void *self)
{
    const struct users_source *source = self;
    return users_watch_knows_clear(source->watch);
}

static enum app_passwords
users_app_passwords(const void *self)
{
    const struct users_source *source = self;
    return source->app_passwords;
}

/* What one app password says of a password. */
static int
compare_app(const struct app_password *app, const struct secret *password, int64_t now_s)
{
    if (stored_verify(app->hash, strlen(app->hash), STORED_BARE_CRYPT, password) != PASSWORD_RIGHT)
        return APP_UNKNOWN;
    return app->expires_s != 0 && app->expires_s <= now_s ? APP_EXPIRED : APP_RIGHT;
}

/* All of the user's are compared, so that the time does not tell which it was. */
static void
users_find_app_password(void *self, const char *name, const struct secret *password,
                        struct app_answer *answer_r)
{
    struct users_source *source = self;
    users_watch_look(source->watch);
    struct held *snapshot = users_watch_take(source->watch);
    struct secret plain;
    bool has_form = app_password_normalise(password, &plain);
    const struct app_password *app = users_file_app_passwords(held_thing(snapshot), name);
    const int64_t now_s = clock_wall_ms() / 1000;
    answer_r->has_any = app != NULL;
    for (; app != NULL; app = app->next) {
        int answer = compare_app(app, has_form ? &plain : password, now_s);
        if (answer <= (int)answer_r->answer)
            continue;
        answer_r->answer = answer;
        answer_r->name = app->name;
        answer_r->networks = app->networks;
        answer_r->origin = (struct origin){source->file, app->origin.line};
    }
    secret_fini(&plain);
    answer_r->held = snapshot;
}

static void
users_use_app_password(void *self, const struct app_answer *answer)
{
    struct users_source *source = self;
    const struct app_password *app =
        users_file_app_of_line(held_thing(answer->held), answer->origin.line);
    if (app != NULL)
        app_uses_note(source->uses, app->user, app->name, clock_wall_ms() / 1000);
}

/* An account that may not log in gets mail all the same. */
static void
users_recipient(void *self, const struct mailbox *recipient, const char *address,
                struct deadline deadline, struct recipient_result *result_r)
{
    (void)deadline;
    struct users_source *source = self;
    users_watch_look(source->watch);
    struct held *snapshot = users_watch_take(source->watch);
    const struct user_entry *entry =
        recipient->domain[0] != '\0' ? users_file_find(held_thing(snapshot), address) : NULL;
    result_r->knowledge = entry != NULL ? KNOWLEDGE_KNOWN : KNOWLEDGE_UNKNOWN;
    if (entry != NULL)
        snprintf(result_r->name, sizeof result_r->name, "%s", entry->name);
    held_drop(snapshot);
}

/* The password is compared with that of some user, always the same one for a name: who asks about
 * many names sees the costs that our users' hashes have, in the same proportions. */
static void
users_pretend(void *self, const struct verify_request *request)
{
    struct users_source *source = self;
    if (request->challenge != NULL || request->password == NULL)
        return; /* costs nothing for those whom we know either */
    struct held *snapshot = users_watch_take(source->watch);
    const struct users_file *users = held_thing(snapshot);
    const char *name = request->user->text;
    size_t count = users_file_count(users);
    if (count > 0) {
        size_t index = (size_t)(siphash(source->key, name, strlen(name)) % count);
        const struct hashed stored = hashed_of(users_file_at(users, index)->hash);
        struct err err;
        (void)hashing_verify(source->hashing, &stored, request->password, request->deadline, &err);
    }
    held_drop(snapshot);
}

const struct source_kind source_kind_users = {
    .section = &users_source_section,
    .asked_first = true,
    .open = users_open,
    .verify = users_verify,
    .lookup = users_lookup,
    .knows = users_knows,
    .knows_clear = users_knows_clear,
    .app_passwords = users_app_passwords,
    .find_app_password = users_find_app_password,
    .use_app_password = users_use_app_password,
    .recipient = users_recipient,
    .pretend = users_pretend,
    .close = users_close,
};
