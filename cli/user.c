/*
 * mailreeve user: the lines of a users file, edited safely.
 *
 * Every change is made under a lock, from the text that is there then, checked as the service would
 * check it and put in place whole. The service takes it up by itself within a second.
 */
#include "user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decide.h"
#include "file.h"
#include "output.h"
#include "password.h"
#include "prompt.h"
#include "users_edit.h"

enum { LOCK_WAIT_MS = 30000 };

/* What a change is made of. */
struct change {
    const char *name;                         /* checked, in lower case */
    const char *hash;                         /* NULL: del */
    const struct users_edit_options *options; /* NULL unless add */
};

/* Makes the new text. Returns NULL after saying why on standard error. */
typedef char *edit_function(const struct user_text *text, const struct change *change,
                            size_t *length_r);

static const struct user_entry *
find_user(const struct user_text *text, const char *name)
{
    const struct user_entry *entry = users_file_find(text->users, name);
    if (entry == NULL)
        fprintf(stderr, "no user is called \"%s\"\n", name);
    return entry;
}

static char *
edit_add(const struct user_text *text, const struct change *change, size_t *length_r)
{
    const struct user_entry *entry = users_file_find(text->users, change->name);
    if (entry != NULL) {
        fprintf(stderr, "%s:%u: \"%s\" is there already (user passwd changes the password)\n",
                entry->origin.file, entry->origin.line, change->name);
        return NULL;
    }
    struct err err;
    char *line = users_edit_format(change->name, change->hash, change->options, &err);
    if (line == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return NULL;
    }
    char *edited = users_edit_append(text->bytes, text->length, line, length_r);
    free(line);
    return edited;
}

static char *
edit_passwd(const struct user_text *text, const struct change *change, size_t *length_r)
{
    const struct user_entry *entry = find_user(text, change->name);
    if (entry == NULL)
        return NULL;
    return users_edit_set_hash(text->bytes, text->length, entry->origin.line, change->hash,
                               length_r);
}

static char *
edit_del(const struct user_text *text, const struct change *change, size_t *length_r)
{
    const struct user_entry *entry = find_user(text, change->name);
    if (entry == NULL)
        return NULL;
    return users_edit_remove(text->bytes, text->length, entry->origin.line, length_r);
}

/* Reads, edits and writes under the lock. */
static int
apply(const char *path, edit_function *edit, const struct change *change)
{
    struct err err;
    int lock = file_lock(path, LOCK_WAIT_MS, &err);
    if (lock < 0) {
        fprintf(stderr, "%s\n", err.text);
        return EXIT_TEMPORARY;
    }
    struct user_text text;
    int status = user_text_read(path, edit == edit_add, &text);
    if (status == EXIT_OK) {
        size_t length = 0;
        char *edited = edit(&text, change, &length);
        status = edited != NULL ? user_text_write(path, edited, length) : EXIT_PROBLEM;
        free(edited);
    }
    user_text_fini(&text);
    close(lock);
    return status;
}

static int
ask_hash(const char *method, char hash_r[PASSWORD_HASH_MAX])
{
    struct err err;
    struct secret password;
    int status = prompt_new_password(&password, &err);
    if (status == 0)
        status = password_hash(&password, method, 0, hash_r, &err);
    secret_fini(&password);
    if (status == 0)
        return EXIT_OK;
    fprintf(stderr, "mailreeve user: %s\n", err.text);
    return EXIT_PROBLEM;
}

/* What add, passwd and del have in common. */
static int
run_edit(const struct arguments *arguments, edit_function *edit,
         const struct users_edit_options *options)
{
    struct user_target target;
    int status = user_target_find(&arguments->options, &target);
    struct username name;
    struct err err;
    if (status == EXIT_OK && username_parse(arguments->operands[0], strlen(arguments->operands[0]),
                                            target.encoding, NULL, &name, &err) < 0) {
        fprintf(stderr, "mailreeve user: the name cannot be used: %s\n", err.text);
        status = EXIT_PROBLEM;
    }
    char hash[PASSWORD_HASH_MAX] = "";
    if (status == EXIT_OK && edit != edit_del)
        status = ask_hash(arguments->options.method, hash);
    if (status == EXIT_OK) {
        struct change change = {.name = name.text, .hash = hash, .options = options};
        status = apply(target.path, edit, &change);
    }
    user_target_fini(&target);
    return status;
}

static int
run_add(const struct arguments *arguments)
{
    const struct options *given = &arguments->options;
    const struct users_edit_options options = {
        .disabled = given->disabled,
        .protocols = given->protocols,
        .networks = given->networks,
        .comment = given->comment,
    };
    return run_edit(arguments, edit_add, &options);
}

static int
run_passwd(const struct arguments *arguments)
{
    return run_edit(arguments, edit_passwd, NULL);
}

static int
run_del(const struct arguments *arguments)
{
    return run_edit(arguments, edit_del, NULL);
}

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

static void
print_user(const struct user_text *text, const struct user_entry *entry, bool json, bool *first)
{
    char protocols[32];
    format_protocols(entry->protocols, protocols, sizeof protocols);
    char *networks = users_edit_option(text->bytes, text->length, entry->origin.line, "networks");
    const char *const fields[][2] = {
        {"name", entry->name},
        {"state", entry->disabled ? "disabled" : "enabled"},
        {"protocols", protocols},
        {"networks", networks != NULL ? networks : "any"},
        {"comment", entry->comment != NULL ? entry->comment : ""},
    };
    bool first_field = true;
    if (json)
        printf("%s  {", *first ? "" : ",\n");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (json) {
            print_json_field(stdout, &first_field, fields[i][0], fields[i][1]);
            continue;
        }
        print_safe(stdout, fields[i][1]);
        fputc(i + 1 < sizeof fields / sizeof fields[0] ? '\t' : '\n', stdout);
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

#define OPTION_FILE                                                     \
    {                                                                   \
        "file", 0, OPTION_TEXT, offsetof(struct options, file), "FILE", \
            "this users file, without reading a configuration"          \
    }
#define OPTION_SOURCE                                                            \
    {                                                                            \
        "source", 0, OPTION_TEXT, offsetof(struct options, source), "NAME",      \
            "the users file of this source, where the configuration has several" \
    }
#define OPTION_METHOD                                                         \
    {                                                                         \
        "method", 0, OPTION_TEXT, offsetof(struct options, method), "METHOD", \
            "how to hash: yescrypt (default), bcrypt, sha512, sha256"         \
    }

static const struct option_row add_options[] = {
    OPTION_FILE,
    OPTION_SOURCE,
    OPTION_METHOD,
    {"disabled", 0, OPTION_FLAG, offsetof(struct options, disabled), NULL, "must not log in (yet)"},
    {"protocols", 0, OPTION_TEXT, offsetof(struct options, protocols), "LIST",
     "may use these only: smtp,pop3,imap,http"},
    {"networks", 0, OPTION_TEXT, offsetof(struct options, networks), "LIST",
     "may log in from these only: 192.0.2.0/24,2001:db8::/32"},
    {"comment", 0, OPTION_TEXT, offsetof(struct options, comment), "TEXT", "a word to colleagues"},
    {0},
};
static const struct option_row passwd_options[] = {OPTION_FILE, OPTION_SOURCE, OPTION_METHOD, {0}};
static const struct option_row del_options[] = {OPTION_FILE, OPTION_SOURCE, {0}};
static const struct option_row list_options[] = {OPTION_FILE, OPTION_SOURCE, OPTION_JSON, {0}};

#define ONE_NAME .operands = "NAME", .operands_least = 1, .operands_most = 1

static const struct command command_add = {
    .name = "add", .help = "add a user", ONE_NAME, .options = add_options, .run = run_add};
static const struct command command_passwd = {.name = "passwd",
                                              .help = "change a user's password",
                                              ONE_NAME,
                                              .options = passwd_options,
                                              .run = run_passwd};
static const struct command command_del = {
    .name = "del", .help = "remove a user", ONE_NAME, .options = del_options, .run = run_del};
static const struct command command_list = {
    .name = "list", .help = "list the users", .options = list_options, .run = run_list};

static const struct command *const user_commands[] = {&command_add, &command_passwd, &command_del,
                                                      &command_list, NULL};

const struct command command_user = {
    .name = "user",
    .help = "add, change, remove and list local users",
    .commands = user_commands,
};
