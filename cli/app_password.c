/*
 * mailreeve app-password add, revoke: passwords for devices and programs, which log in by them
 * instead of the account's own.
 *
 * They stand in the users file, whichever source has the account. We make them; they are shown once
 * and kept as a hash.
 */
#include "app_password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "app_password_list.h"
#include "clock.h"
#include "date.h"
#include "output.h"
#include "stored.h"
#include "units.h"
#include "user.h"

/* What a change is made of. */
struct app_change {
    const char *user; /* checked, in lower case */
    const char *app;  /* NULL: all of the user's */
    const char *hash; /* add */
    struct users_edit_options options;
    size_t *revoked_r; /* revoke */
};

static const struct app_password *
find_app(const struct user_text *text, const char *user, const char *name)
{
    const struct app_password *app = users_file_app_passwords(text->users, user);
    while (app != NULL && strcasecmp(app->name, name) != 0)
        app = app->next;
    return app;
}

static char *
edit_add(const struct user_text *text, const void *context, size_t *length_r)
{
    const struct app_change *change = context;
    const struct app_password *there = find_app(text, change->user, change->app);
    if (there != NULL) {
        fprintf(stderr, "%s:%u: \"%s\" has an app password \"%s\" already (revoke it first)\n",
                there->origin.file, there->origin.line, change->user, there->name);
        return NULL;
    }
    struct err err;
    char *name = NULL;
    if (asprintf(&name, "%s %s", change->user, change->app) < 0)
        abort();
    char *line = users_edit_format(name, change->hash, &change->options, &err);
    free(name);
    if (line == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return NULL;
    }
    char *edited = users_edit_append(text->bytes, text->length, line, length_r);
    free(line);
    return edited;
}

static char *
edit_revoke(const struct user_text *text, const void *context, size_t *length_r)
{
    const struct app_change *change = context;
    unsigned lines[APP_PASSWORDS_MAX];
    size_t count = 0;
    for (const struct app_password *app = users_file_app_passwords(text->users, change->user);
         app != NULL; app = app->next)
        if (change->app == NULL || strcasecmp(app->name, change->app) == 0)
            lines[count++] = app->origin.line;
    *change->revoked_r = count;
    if (count > 0)
        return users_edit_remove(text->bytes, text->length, lines, count, length_r);
    if (change->app == NULL)
        fprintf(stderr, "\"%s\" has no app passwords\n", change->user);
    else
        fprintf(stderr, "\"%s\" has no app password \"%s\"\n", change->user, change->app);
    return NULL;
}

/* Writes when a new app password is to expire: DATE as it stands there, a DURATION counted from
 * now. Returns an exit code after saying what is wrong. */
static int
parse_expiry(const char *text, char expires_r[DATE_TEXT_MAX])
{
    int64_t now_s = clock_wall_ms() / 1000, at_s, duration_ms;
    if (date_parse(text, &at_s, NULL) == 0) {
        snprintf(expires_r, DATE_TEXT_MAX, "%s", text);
    } else if (duration_parse(text, &duration_ms, NULL) == 0) {
        at_s = now_s + duration_ms / 1000;
        date_format(at_s, expires_r);
    } else {
        return usage_error("--expires: \"%s\" is neither a date (2027-01-31) nor a duration (90d)",
                           text);
    }
    if (at_s <= now_s)
        return usage_error("--expires: \"%s\" is over already", text);
    return EXIT_OK;
}

/* The name is one word; what else it may be, users_file.h says when the file is checked. */
static int
check_app_name(const char *app)
{
    if (app[0] != '\0' && strpbrk(app, " \t:") == NULL)
        return EXIT_OK;
    fprintf(stderr, "the name of the app password cannot be used: it must be one word without a "
                    "colon\n");
    return EXIT_PROBLEM;
}

static void
print_new(const struct app_change *change, const struct secret *password, bool json)
{
    if (!json) {
        printf("%s\n", password->bytes);
        return;
    }
    bool first = true;
    printf("{");
    print_json_field(stdout, &first, "user", change->user);
    print_json_field(stdout, &first, "app", change->app);
    print_json_field(stdout, &first, "password", password->bytes);
    print_json_field(stdout, &first, "expires", change->options.expires);
    printf("}\n");
}

/* Makes a password and puts it into the file, then shows it. */
static int
add_app(const struct user_target *target, struct app_change *change, bool json)
{
    struct err err;
    struct secret password, plain, hash;
    secret_init(&hash);
    app_password_make(&password);
    app_password_normalise(&password, &plain);
    int status = EXIT_PROBLEM;
    if (stored_make(&plain, "ssha256", 0, &hash, &err) == 0) {
        change->hash = hash.bytes;
        status = user_text_edit(target->path, true, edit_add, change);
    } else {
        fprintf(stderr, "%s\n", err.text);
    }
    if (status == EXIT_OK)
        print_new(change, &password, json);
    secret_fini(&password);
    secret_fini(&plain);
    secret_fini(&hash);
    return status;
}

static int
run_add(const struct arguments *arguments)
{
    const struct options *given = &arguments->options;
    char created[DATE_TEXT_MAX], expires[DATE_TEXT_MAX];
    date_format(clock_wall_ms() / 1000, created);
    struct app_change change = {
        .app = arguments->operands[1],
        .options = {.networks = given->networks, .created = created, .comment = given->comment},
    };
    struct user_target target = {0};
    struct username name;
    int status = user_check_limits(given);
    if (status == EXIT_OK && given->expires != NULL) {
        status = parse_expiry(given->expires, expires);
        change.options.expires = expires;
    }
    if (status == EXIT_OK)
        status = check_app_name(change.app);
    if (status == EXIT_OK)
        status = user_target_find(given, &target);
    if (status == EXIT_OK)
        status = user_name_parse(arguments->operands[0], &target, &name);
    if (status == EXIT_OK) {
        change.user = name.text;
        status = add_app(&target, &change, given->json);
    }
    user_target_fini(&target);
    return status;
}

static int
run_revoke(const struct arguments *arguments)
{
    bool is_one = arguments->operand_count == 2;
    if (is_one == arguments->options.all)
        return usage_error(is_one ? "APP and --all exclude each other"
                                  : "which one? (APP, or --all for all of the user's)");
    size_t revoked = 0;
    struct app_change change = {.app = is_one ? arguments->operands[1] : NULL,
                                .revoked_r = &revoked};
    struct user_target target;
    struct username name;
    int status = user_target_find(&arguments->options, &target);
    if (status == EXIT_OK)
        status = user_name_parse(arguments->operands[0], &target, &name);
    if (status == EXIT_OK) {
        change.user = name.text;
        status = user_text_edit(target.path, false, edit_revoke, &change);
    }
    if (status == EXIT_OK)
        printf("revoked %zu app password%s\n", revoked, revoked > 1 ? "s" : "");
    user_target_fini(&target);
    return status;
}

static const struct option_row add_options[] = {
    OPTION_FILE,
    OPTION_SOURCE,
    OPTION_NETWORKS,
    {"expires", 0, OPTION_TEXT, offsetof(struct options, expires), "WHEN",
     "works until then: 2027-01-31 (UTC), or 90d from now"},
    OPTION_COMMENT,
    OPTION_JSON,
    {0},
};
static const struct option_row revoke_options[] = {
    OPTION_FILE,
    OPTION_SOURCE,
    {"all", 0, OPTION_FLAG, offsetof(struct options, all), NULL, "all app passwords of the user"},
    {0},
};

static const struct command command_add = {
    .name = "add",
    .help = "make an app password and print it, this once",
    .operands = "NAME APP",
    .operands_least = 2,
    .operands_most = 2,
    .options = add_options,
    .run = run_add,
};
static const struct command command_revoke = {
    .name = "revoke",
    .help = "make app passwords of a user void",
    .operands = "NAME [APP]",
    .operands_least = 1,
    .operands_most = 2,
    .options = revoke_options,
    .run = run_revoke,
};

static const struct command *const app_password_commands[] = {
    &command_add, &command_app_password_list, &command_revoke, NULL};

const struct command command_app_password = {
    .name = "app-password",
    .help = "make, list and revoke passwords of devices and programs",
    .commands = app_password_commands,
};
