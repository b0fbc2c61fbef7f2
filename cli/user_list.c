/* mailreeve user list: what the users file says of each user, but for the hash. */
#include "user_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "decide.h"
#include "output.h"
#include "user.h"
#include "users_line.h"

/* Writes "smtp,imap", or "all". */
static void
format_protocols(unsigned mask, char *text_r, size_t size)
{
    static const enum protocol protocols[] = {PROTOCOL_SMTP, PROTOCOL_POP3, PROTOCOL_IMAP,
                                              PROTOCOL_HTTP};
    size_t used = 0;
    snprintf(text_r, size, "all");
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if ((mask & PROTOCOL_BIT(protocols[i])) != 0)
            used += (size_t)snprintf(text_r + used, size - used, "%s%s", used > 0 ? "," : "",
                                     protocol_name(protocols[i]));
}

static unsigned
count_apps(const struct user_text *text, const char *name)
{
    unsigned count = 0;
    for (const struct app_password *app = users_file_app_passwords(text->users, name); app != NULL;
         app = app->next)
        count++;
    return count;
}

static void
print_user(struct user_text *text, const struct user_entry *entry, bool json, bool *first)
{
    char protocols[32], apps[16];
    format_protocols(entry->protocols, protocols, sizeof protocols);
    snprintf(apps, sizeof apps, "%u", count_apps(text, entry->name));
    char *networks =
        users_edit_option(text->bytes, text->length, &text->place, entry->origin.line, "networks");
    const char *const fields[][2] = {
        {"name", entry->name},
        {"state", entry->disabled ? "disabled" : "enabled"},
        {"protocols", protocols},
        {"networks", networks != NULL ? networks : "any"},
        {"smtp_auth", smtp_auth_name(entry->smtp_auth)},
        {"app_passwords", apps},
        {"comment", entry->comment != NULL ? entry->comment : ""},
    };
    const size_t count = sizeof fields / sizeof fields[0];
    bool first_field = true;
    if (json)
        printf("%s  {", *first ? "" : ",\n");
    for (size_t i = 0; i < count; i++) {
        if (json && fields[i][1] == apps) {
            printf(", \"app_passwords\": %s", apps);
        } else if (json) {
            print_json_field(stdout, &first_field, fields[i][0], fields[i][1]);
        } else {
            print_safe(stdout, fields[i][1]);
            fputc(i + 1 < count ? '\t' : '\n', stdout);
        }
    }
    if (json)
        printf("}");
    *first = false;
    free(networks);
}

static int
run_list(const struct arguments *arguments)
{
    struct user_target target;
    int status = user_target_find(&arguments->options, &target);
    struct user_text text = {0};
    if (status == EXIT_OK)
        status = user_text_read(target.path, false, &text);
    if (status == EXIT_OK) {
        bool json = arguments->options.json, first = true;
        if (json)
            printf("[\n");
        for (size_t i = 0; i < users_file_count(text.users); i++)
            print_user(&text, users_file_at(text.users, i), json, &first);
        if (json)
            printf("%s]\n", first ? "" : "\n");
    }
    user_text_fini(&text);
    user_target_fini(&target);
    return status;
}

static const struct option_row list_options[] = {OPTION_FILE, OPTION_SOURCE, OPTION_JSON, {0}};

const struct command command_user_list = {
    .name = "list", .help = "list the users", .options = list_options, .run = run_list};
