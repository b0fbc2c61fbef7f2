/*
 * mailreeve user add, passwd, set, del: the lines of a users file, edited safely.
 *
 * The service takes a change up by itself within a second. Who must not log in any more has no
 * relay windows either.
 */
#include "user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "output.h"
#include "prompt.h"
#include "stored.h"
#include "user_list.h"
#include "user_windows.h"

/* What a change is made of. */
struct change {
    const char *name;   /* checked, in lower case */
    struct secret hash; /* add, passwd; as stored.h makes it */
    struct users_edit_options options;
    size_t *removed_apps_r; /* del */
};

static const struct user_entry *
find_user(const struct user_text *text, const char *name)
{
    const struct user_entry *entry = users_file_find(text->users, name);
    if (entry == NULL)
        fprintf(stderr, "no user is called \"%s\"%s\n", name,
                users_file_app_passwords(text->users, name) != NULL
                    ? " (but there are app passwords: mailreeve app-password)"
                    : "");
    return entry;
}

static char *
edit_add(const struct user_text *text, const void *context, size_t *length_r)
{
    const struct change *change = context;
    const struct user_entry *entry = users_file_find(text->users, change->name);
    if (entry != NULL) {
        fprintf(stderr, "%s:%u: \"%s\" is there already (user passwd changes the password)\n",
                entry->origin.file, entry->origin.line, change->name);
        return NULL;
    }
    struct err err;
    char *line = users_edit_format(change->name, change->hash.bytes, &change->options, &err);
    if (line == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return NULL;
    }
    char *edited = users_edit_append(text->bytes, text->length, line, length_r);
    explicit_bzero(line, strlen(line));
    free(line);
    return edited;
}

static char *
edit_passwd(const struct user_text *text, const void *context, size_t *length_r)
{
    const struct change *change = context;
    const struct user_entry *entry = find_user(text, change->name);
    if (entry == NULL)
        return NULL;
    return users_edit_set_hash(text->bytes, text->length, entry->origin.line, change->hash.bytes,
                               length_r);
}

static char *
edit_set(const struct user_text *text, const void *context, size_t *length_r)
{
    const struct change *change = context;
    const struct user_entry *entry = find_user(text, change->name);
    if (entry == NULL)
        return NULL;
    struct err err;
    char *edited = users_edit_set_options(text->bytes, text->length, entry->origin.line,
                                          &change->options, length_r, &err);
    if (edited == NULL)
        fprintf(stderr, "%s\n", err.text);
    return edited;
}

static int
compare_lines(const void *a, const void *b)
{
    const unsigned *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

static char *
edit_del(const struct user_text *text, const void *context, size_t *length_r)
{
    const struct change *change = context;
    const struct user_entry *entry = find_user(text, change->name);
    if (entry == NULL)
        return NULL;
    unsigned lines[1 + APP_PASSWORDS_MAX] = {entry->origin.line};
    size_t count = 1;
    for (const struct app_password *app = users_file_app_passwords(text->users, change->name);
         app != NULL; app = app->next)
        lines[count++] = app->origin.line;
    *change->removed_apps_r = count - 1;
    qsort(lines, count, sizeof lines[0], compare_lines);
    return users_edit_remove(text->bytes, text->length, lines, count, length_r);
}

static int
ask_hash(const char *method, struct secret *hash_r)
{
    struct err err;
    struct secret password;
    int status = prompt_new_password(&password, &err);
    if (status == 0)
        status = stored_make(&password, method, 0, hash_r, &err);
    secret_fini(&password);
    if (status == 0)
        return EXIT_OK;
    fprintf(stderr, "mailreeve user: %s\n", err.text);
    return EXIT_PROBLEM;
}

/* What all of them have in common. */
static int
run_edit(const struct arguments *arguments, user_edit *edit, bool needs_password,
         struct change *change)
{
    struct user_target target;
    struct username name;
    int status = user_target_find(&arguments->options, &target);
    if (status == EXIT_OK)
        status = user_name_parse(arguments->operands[0], &target, &name);
    if (status == EXIT_OK && needs_password)
        status = ask_hash(arguments->options.method, &change->hash);
    if (status == EXIT_OK) {
        change->name = name.text;
        status = user_text_edit(target.path, edit == edit_add, edit, change);
    }
    const bool is_out = edit == edit_del || change->options.disabled == USERS_EDIT_DISABLE;
    if (status == EXIT_OK && is_out)
        user_windows_close(&arguments->options, name.text);
    secret_fini(&change->hash);
    user_target_fini(&target);
    return status;
}

/* A word that `user list` shows for "none" says the same to set. */
static const char *
unless(const char *given, const char *none)
{
    return given != NULL && strcmp(given, none) == 0 ? "" : given;
}

static struct users_edit_options
options_of(const struct options *given)
{
    return (struct users_edit_options){
        .disabled = given->disabled  ? USERS_EDIT_DISABLE
                    : given->enabled ? USERS_EDIT_ENABLE
                                     : USERS_EDIT_KEEP,
        .protocols = unless(given->protocols, "all"),
        .networks = unless(given->networks, "any"),
        .smtp_auth = unless(given->smtp_auth, "any-sender"),
        .comment = given->comment,
    };
}

static int
run_add(const struct arguments *arguments)
{
    struct change change = {.options = options_of(&arguments->options)};
    int status = user_check_limits(&arguments->options);
    return status == EXIT_OK ? run_edit(arguments, edit_add, true, &change) : status;
}

static int
run_passwd(const struct arguments *arguments)
{
    struct change change = {0};
    return run_edit(arguments, edit_passwd, true, &change);
}

static int
run_set(const struct arguments *arguments)
{
    const struct options *given = &arguments->options;
    if (given->disabled && given->enabled)
        return usage_error("--disabled and --enabled exclude each other");
    if (!given->disabled && !given->enabled && given->protocols == NULL &&
        given->networks == NULL && given->smtp_auth == NULL && given->comment == NULL)
        return usage_error("nothing is to be changed");
    struct change change = {.options = options_of(given)};
    int status = user_check_limits(given);
    return status == EXIT_OK ? run_edit(arguments, edit_set, false, &change) : status;
}

static int
run_del(const struct arguments *arguments)
{
    size_t removed_apps = 0;
    struct change change = {.removed_apps_r = &removed_apps};
    int status = run_edit(arguments, edit_del, false, &change);
    if (status == EXIT_OK && removed_apps > 0)
        printf("and %zu app password%s\n", removed_apps, removed_apps > 1 ? "s" : "");
    return status;
}

#define OPTION_HASH                                                         \
    {                                                                       \
        "hash", 0, OPTION_TEXT, offsetof(struct options, method), "METHOD", \
            "how it is kept: " STORED_METHODS                               \
    }
#define OPTION_METHOD                                                                              \
    {                                                                                              \
        "method", 0, OPTION_TEXT, offsetof(struct options, method), "METHOD", "the same as --hash" \
    }
#define OPTION_PROTOCOLS                                                          \
    {                                                                             \
        "protocols", 0, OPTION_TEXT, offsetof(struct options, protocols), "LIST", \
            "may use these only: smtp,pop3,imap,http"                             \
    }
#define OPTION_SMTP_AUTH                                                         \
    {                                                                            \
        "smtp-auth", 0, OPTION_TEXT, offsetof(struct options, smtp_auth), "WHO", \
            "as whom he may send: any-sender, matching-sender (himself), no"     \
    }
#define OPTION_DISABLED                                                                         \
    {                                                                                           \
        "disabled", 0, OPTION_FLAG, offsetof(struct options, disabled), NULL, "must not log in" \
    }

static const struct option_row add_options[] = {
    OPTION_FILE,      OPTION_SOURCE,   OPTION_HASH,      OPTION_METHOD,  OPTION_DISABLED,
    OPTION_PROTOCOLS, OPTION_NETWORKS, OPTION_SMTP_AUTH, OPTION_COMMENT, {0},
};
static const struct option_row passwd_options[] = {
    OPTION_FILE, OPTION_SOURCE, OPTION_HASH, OPTION_METHOD, {0}};
static const struct option_row set_options[] = {
    OPTION_FILE,
    OPTION_SOURCE,
    OPTION_DISABLED,
    {"enabled", 0, OPTION_FLAG, offsetof(struct options, enabled), NULL, "may log in again"},
    OPTION_PROTOCOLS,
    OPTION_NETWORKS,
    OPTION_SMTP_AUTH,
    OPTION_COMMENT,
    {0},
};
static const struct option_row del_options[] = {OPTION_FILE, OPTION_SOURCE, {0}};

static void
print_more_of_set(FILE *to)
{
    fputs("\nWhat is not named stays. --protocols all, --networks any, --smtp-auth any-sender and\n"
          "--comment '' take a limit or comment away.\n",
          to);
}

#define ONE_NAME .operands = "NAME", .operands_least = 1, .operands_most = 1

static const struct command command_add = {
    .name = "add", .help = "add a user", ONE_NAME, .options = add_options, .run = run_add};
static const struct command command_passwd = {.name = "passwd",
                                              .help = "change a user's password",
                                              ONE_NAME,
                                              .options = passwd_options,
                                              .run = run_passwd};
static const struct command command_set = {.name = "set",
                                           .help = "change what a user may do",
                                           ONE_NAME,
                                           .options = set_options,
                                           .print_more = print_more_of_set,
                                           .run = run_set};
static const struct command command_del = {.name = "del",
                                           .help = "remove a user and his app passwords",
                                           ONE_NAME,
                                           .options = del_options,
                                           .run = run_del};

static const struct command *const user_commands[] = {
    &command_add, &command_passwd, &command_set, &command_del, &command_user_list, NULL};

const struct command command_user = {
    .name = "user",
    .help = "add, change, remove and list local users",
    .commands = user_commands,
};
