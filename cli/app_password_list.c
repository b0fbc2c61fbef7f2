/* mailreeve app-password list: what there is of each app password, but for the hash. */
#include "app_password_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app_uses.h"
#include "clock.h"
#include "date.h"
#include "file.h"
#include "output.h"
#include "user.h"
#include "uses_file.h"

/* What is listed and how. */
struct listing {
    struct user_text text;
    struct uses_file *uses;
    bool json, first;
};

/* A file that is not there says that none was used; one that cannot be read is told. */
static struct uses_file *
read_uses(const char *path)
{
    struct uses_file *uses = uses_file_create();
    struct err err;
    size_t length = 0;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return uses;
    char *text = file_read(path, app_uses_bytes_max, &length, &err);
    if (text == NULL)
        fprintf(stderr, "%s (so there is no last use in this list)\n", err.text);
    else
        uses_file_merge(uses, text, length);
    free(text);
    return uses;
}

/* Writes the time, or says in a word what 0 means. */
static const char *
format_time(int64_t wall_s, const char *none, char text_r[DATE_TEXT_MAX])
{
    if (wall_s == 0)
        return none;
    date_format(wall_s, text_r);
    return text_r;
}

/* One that was used before it was made is an older one of that name. */
static int64_t
last_use(const struct uses_file *uses, const struct app_password *app)
{
    int64_t last_s = uses_file_last(uses, app->user, app->name);
    return last_s >= app->created_s ? last_s : 0;
}

static void
print_app(struct listing *listing, const struct app_password *app)
{
    char created[DATE_TEXT_MAX], expires[DATE_TEXT_MAX], used[DATE_TEXT_MAX];
    const bool json = listing->json;
    const bool is_over = app->expires_s != 0 && app->expires_s <= clock_wall_ms() / 1000;
    char *networks = users_edit_option(listing->text.bytes, listing->text.length,
                                       &listing->text.place, app->origin.line, "networks");
    const char *const fields[][2] = {
        {"user", app->user},
        {"app", app->name},
        {"state", is_over ? "expired" : "valid"},
        {"networks", networks != NULL ? networks : "any"},
        {"created", format_time(app->created_s, json ? NULL : "unknown", created)},
        {"expires", format_time(app->expires_s, json ? NULL : "never", expires)},
        {"last_use", format_time(last_use(listing->uses, app), json ? NULL : "never", used)},
        {"comment", app->comment != NULL ? app->comment : ""},
    };
    if (json)
        printf("%s  {", listing->first ? "" : ",\n");
    print_record(stdout, json, fields, sizeof fields / sizeof fields[0]);
    if (json)
        printf("}");
    listing->first = false;
    free(networks);
}

static void
print_apps(struct listing *listing, const char *user)
{
    const struct users_file *users = listing->text.users;
    if (listing->json)
        printf("[\n");
    if (user != NULL)
        for (const struct app_password *app = users_file_app_passwords(users, user); app != NULL;
             app = app->next)
            print_app(listing, app);
    else
        for (size_t i = 0; i < users_file_app_count(users); i++)
            print_app(listing, users_file_app_at(users, i));
    if (listing->json)
        printf("%s]\n", listing->first ? "" : "\n");
}

static int
run_list(const struct arguments *arguments)
{
    struct user_target target;
    struct username name;
    const char *user = arguments->operand_count > 0 ? arguments->operands[0] : NULL;
    struct listing listing = {.json = arguments->options.json, .first = true};
    int status = user_target_find(&arguments->options, &target);
    if (status == EXIT_OK && user != NULL)
        status = user_name_parse(user, &target, &name);
    if (status == EXIT_OK)
        status = user_text_read(target.path, false, &listing.text);
    if (status == EXIT_OK) {
        listing.uses = read_uses(target.uses_path);
        print_apps(&listing, user != NULL ? name.text : NULL);
    }
    uses_file_free(listing.uses);
    user_text_fini(&listing.text);
    user_target_fini(&target);
    return status;
}

static const struct option_row list_options[] = {OPTION_FILE, OPTION_SOURCE, OPTION_JSON, {0}};

const struct command command_app_password_list = {
    .name = "list",
    .help = "list the app passwords, of all or of one user",
    .operands = "[NAME]",
    .operands_most = 1,
    .options = list_options,
    .run = run_list,
};
