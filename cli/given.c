#include "given.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "conf.h"

struct key {
    const char *name;
    int (*set)(struct given *given, const char *value, struct err *err); /* NULL: not yet */
};

struct word {
    const char *word;
    int value;
};

/* Finds the value's meaning among the words, which end with word NULL. */
static int
set_word(const struct word *words, const char *value, int *meaning_r, struct err *err)
{
    for (const struct word *word = words; word->word != NULL; word++)
        if (strcmp(word->word, value) == 0) {
            *meaning_r = word->value;
            return 0;
        }
    err_set(err, "it cannot be \"%s\" (use", value);
    for (const struct word *word = words; word->word != NULL; word++) {
        size_t used = strlen(err->text);
        snprintf(err->text + used, sizeof err->text - used, "%s%s%s",
                 word == words          ? " "
                 : word[1].word != NULL ? ", "
                                        : " or ",
                 word->word, word[1].word == NULL ? ")" : "");
    }
    return -1;
}

static int
set_bool(const struct word *words, const char *value, bool *bool_r, struct err *err)
{
    int meaning = 0;
    int status = set_word(words, value, &meaning, err);
    *bool_r = meaning != 0;
    return status;
}

static int
set_knowledge(const struct word *words, const char *value, enum knowledge *knowledge_r,
              struct err *err)
{
    int meaning = KNOWLEDGE_CANNOT_TELL;
    int status = set_word(words, value, &meaning, err);
    *knowledge_r = (enum knowledge)meaning;
    return status;
}

static int
set_listener(struct given *given, const char *value, struct err *err)
{
    (void)err;
    given->facts.listener = value;
    return 0;
}

/* A method that we do not know is a fact too: the service meets it with a newer nginx. */
static int
set_method(struct given *given, const char *value, struct err *err)
{
    (void)err;
    given->facts.method = auth_method_parse(value);
    return 0;
}

static int
set_user(struct given *given, const char *value, struct err *err)
{
    (void)err;
    given->facts.user = value;
    given->facts.user_length = strlen(value);
    return 0;
}

static int
set_ip(struct given *given, const char *value, struct err *err)
{
    given->facts.client = (struct netaddr){.family = NETADDR_NONE};
    if (strcmp(value, "unix:") == 0) /* nginx's word for a client without an address */
        return 0;
    return netaddr_parse(value, &given->facts.client, err);
}

static int
set_tls(struct given *given, const char *value, struct err *err)
{
    static const struct word words[] = {{"on", 1}, {"off", 0}, {0}};
    return set_bool(words, value, &given->facts.tls, err);
}

static int
set_banned(struct given *given, const char *value, struct err *err)
{
    static const struct word words[] = {{"yes", 1}, {"no", 0}, {0}};
    return set_bool(words, value, &given->facts.banned, err);
}

static int
set_password_ok(struct given *given, const char *value, struct err *err)
{
    static const struct word words[] = {{"yes", VERIFY_OK},
                                        {"no", VERIFY_WRONG_PASSWORD},
                                        {"unavailable", VERIFY_UNAVAILABLE},
                                        {0}};
    int meaning = VERIFY_UNAVAILABLE;
    int status = set_word(words, value, &meaning, err);
    given->outcome = (enum verify_outcome)meaning;
    return status;
}

static int
set_protocol(struct given *given, const char *value, struct err *err)
{
    static const struct word words[] = {{"smtp", PROTOCOL_SMTP},
                                        {"imap", PROTOCOL_IMAP},
                                        {"pop3", PROTOCOL_POP3},
                                        {"http", PROTOCOL_HTTP},
                                        {0}};
    int meaning = PROTOCOL_SMTP;
    int status = set_word(words, value, &meaning, err);
    given->facts.protocol = (enum protocol)meaning;
    return status;
}

static int
set_recipient(struct given *given, const char *value, struct err *err)
{
    static const struct word words[] = {{"exists", KNOWLEDGE_KNOWN},
                                        {"unknown", KNOWLEDGE_UNKNOWN},
                                        {"unverifiable", KNOWLEDGE_CANNOT_TELL},
                                        {0}};
    return set_knowledge(words, value, &given->facts.recipient, err);
}

static int
set_sender_elsewhere(struct given *given, const char *value, struct err *err)
{
    static const struct word words[] = {{"yes", KNOWLEDGE_KNOWN},
                                        {"no", KNOWLEDGE_UNKNOWN},
                                        {"unavailable", KNOWLEDGE_CANNOT_TELL},
                                        {0}};
    return set_knowledge(words, value, &given->facts.sender_elsewhere, err);
}

/* A window is opened by a login, whose canonical name is in lower case. */
static int
set_window(struct given *given, const char *value, struct err *err)
{
    if (value[0] == '\0') {
        err_set(err, "it cannot be empty (use the name of the user whose window is open)");
        return -1;
    }
    given->facts.window = value;
    return 0;
}

static int
set_attempt(struct given *given, const char *value, struct err *err)
{
    char *end = NULL;
    unsigned long number = strtoul(value, &end, 10);
    if (!ascii_is_digit(value[0]) || *end != '\0' || number == 0 || number > 1000000) {
        err_set(err, "it cannot be \"%s\" (use a number from 1 to 1000000)", value);
        return -1;
    }
    given->facts.attempt = (unsigned)number;
    return 0;
}

/* Makes a command line of "a@b", "<a@b> SIZE=10" or a command line. */
static char *
command_line(const char *command, const char *value)
{
    char lower[16];
    ascii_lower_copy(lower, command, strlen(command));
    if (ascii_has_prefix(value, strlen(value), lower))
        return xstrdup(value);
    char *line = NULL;
    bool is_path = value[0] == '<';
    if (asprintf(&line, "%s%s%s%s", command, is_path ? "" : "<", value, is_path ? "" : ">") < 0)
        abort();
    return line;
}

static int
set_from(struct given *given, const char *value, struct err *err)
{
    (void)err;
    given->mail_from = command_line("MAIL FROM:", value);
    return 0;
}

static int
set_to(struct given *given, const char *value, struct err *err)
{
    (void)err;
    given->rcpt_to = command_line("RCPT TO:", value);
    return 0;
}

static const struct key keys[] = {
    {"listener", set_listener},
    {"method", set_method},
    {"user", set_user},
    {"ip", set_ip},
    {"tls", set_tls},
    {"password-ok", set_password_ok},
    {"protocol", set_protocol},
    {"attempt", set_attempt},
    {"banned", set_banned},
    {"from", set_from},
    {"to", set_to},
    {"recipient", set_recipient},
    {"sender-elsewhere", set_sender_elsewhere},
    {"window", set_window},
    /* What these ask about is not in this version. */
    {"stage", NULL},
    {"auth", NULL},
    {"header-from", NULL},
};
enum { KEY_COUNT = sizeof keys / sizeof keys[0] };

static int
unknown_key(const char *name, struct err *err)
{
    const char *words[KEY_COUNT + 1] = {NULL};
    for (size_t i = 0; i < KEY_COUNT; i++)
        words[i] = keys[i].name;
    const char *near = suggest(name, words);
    if (near != NULL)
        err_set(err, "unknown key \"%s\": did you mean \"%s\"?", name, near);
    else
        err_set(err, "unknown key \"%s\"", name);
    return -1;
}

static int
parse_word(struct given *given, const char *word, bool seen[KEY_COUNT], struct err *err)
{
    const char *equals = strchr(word, '=');
    if (equals == NULL) {
        err_set(err, "\"%s\" is not key=value", word);
        return -1;
    }
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].name, name) != 0)
            continue;
        if (keys[i].set == NULL) {
            err_set(err, "%s: not available in this version", name);
            return -1;
        }
        if (seen[i]) {
            err_set(err, "%s: given twice", name);
            return -1;
        }
        seen[i] = true;
        if (keys[i].set(given, equals + 1, err) == 0)
            return 0;
        err_wrap(err, "%s", name);
        return -1;
    }
    return unknown_key(name, err);
}

/* Whether the facts make a question that nginx could ask. */
static int
check_together(const struct given *given, struct err *err)
{
    bool has_paths = given->mail_from != NULL || given->rcpt_to != NULL;
    const char *wrong = NULL;
    if (given->facts.listener == NULL)
        wrong = "listener=NAME is missing";
    else if (given->facts.method == METHOD_NONE && given->rcpt_to == NULL)
        wrong = "to=ADDRESS is missing: with method=none the recipient is what is asked about";
    else if (given->facts.method == METHOD_NONE && given->facts.protocol != PROTOCOL_SMTP)
        wrong = "method=none goes with protocol=smtp only";
    else if (given->facts.method != METHOD_NONE && has_paths)
        wrong = "from= and to= go with method=none only";
    else if (given->facts.method != METHOD_NONE && given->facts.user == NULL)
        wrong = "user=NAME is missing";
    if (wrong == NULL)
        return 0;
    err_set(err, "%s", wrong);
    return -1;
}

int
given_parse(const char *const *words, size_t count, struct given *given_r, struct err *err)
{
    static const char some_password[] = "password";
    *given_r = (struct given){
        .facts = {.protocol = PROTOCOL_SMTP,
                  .method = METHOD_PLAIN,
                  .client = {.family = NETADDR_IPV4, .bytes = {127, 0, 0, 1}},
                  .attempt = 1,
                  .password = some_password,
                  .password_length = sizeof some_password - 1,
                  .sender_elsewhere = KNOWLEDGE_UNKNOWN,
                  .recipient = KNOWLEDGE_KNOWN},
        .outcome = VERIFY_OK,
    };
    bool seen[KEY_COUNT] = {false};
    for (size_t i = 0; i < count; i++)
        if (parse_word(given_r, words[i], seen, err) < 0)
            return -1;
    if (check_together(given_r, err) < 0)
        return -1;
    if (given_r->facts.method != METHOD_NONE)
        return 0;
    if (given_r->mail_from == NULL)
        given_r->mail_from = command_line("MAIL FROM:", "<>");
    given_r->facts.mail_from = given_r->mail_from;
    given_r->facts.mail_from_length = strlen(given_r->mail_from);
    given_r->facts.rcpt_to = given_r->rcpt_to;
    given_r->facts.rcpt_to_length = strlen(given_r->rcpt_to);
    return 0;
}

void
given_fini(struct given *given)
{
    free(given->mail_from);
    free(given->rcpt_to);
    *given = (struct given){0};
}
