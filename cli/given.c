#include "given.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conf.h"
#include "given_keys.h"

static int
unknown_key(const char *name, struct err *err)
{
    const char *words[GIVEN_KEYS_MAX + 1] = {NULL};
    for (size_t i = 0; i < GIVEN_KEYS_MAX && given_keys[i].name != NULL; i++)
        words[i] = given_keys[i].name;
    const char *near = suggest(name, words);
    if (near != NULL)
        err_set(err, "unknown key \"%s\": did you mean \"%s\"?", name, near);
    else
        err_set(err, "unknown key \"%s\"", name);
    return -1;
}

static int
parse_word(struct given *given, const char *word, bool seen[GIVEN_KEYS_MAX], struct err *err)
{
    const char *equals = strchr(word, '=');
    if (equals == NULL) {
        err_set(err, "\"%s\" is not key=value", word);
        return -1;
    }
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
    for (size_t i = 0; given_keys[i].name != NULL; i++) {
        if (strcmp(given_keys[i].name, name) != 0)
            continue;
        if (given_keys[i].set == NULL) {
            err_set(err, "%s: not available in this version", name);
            return -1;
        }
        if (seen[i]) {
            err_set(err, "%s: given twice", name);
            return -1;
        }
        seen[i] = true;
        if (given_keys[i].set(given, equals + 1, err) == 0)
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
    else if (given->facts.method != METHOD_NONE && given->facts.method != METHOD_EXTERNAL &&
             given->facts.user == NULL)
        wrong = "user=NAME is missing";
    if (wrong == NULL)
        return 0;
    err_set(err, "%s", wrong);
    return -1;
}

/* sender-owned=yes: the sender is what the user owns. */
static void
own_sender(struct given *given)
{
    struct smtp_path sender;
    struct facts *facts = &given->facts;
    if (facts->owned.knowledge != KNOWLEDGE_KNOWN ||
        smtp_path_parse(PATH_MAIL_FROM, facts->mail_from, facts->mail_from_length, &sender, NULL) !=
            PATH_MAILBOX)
        return;
    char text[MAILBOX_TEXT_MAX];
    mailbox_format(&sender.mailbox, text);
    given->owned = xstrdup(text);
    facts->owned.addresses = (const char *const *)&given->owned;
    facts->owned.count = 1;
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
                  .owned = {.knowledge = KNOWLEDGE_UNKNOWN},
                  .recipient = KNOWLEDGE_KNOWN},
        .outcome = VERIFY_OK,
    };
    bool seen[GIVEN_KEYS_MAX] = {false};
    for (size_t i = 0; i < count; i++)
        if (parse_word(given_r, words[i], seen, err) < 0)
            return -1;
    if (check_together(given_r, err) < 0)
        return -1;
    if (given_r->facts.method != METHOD_NONE)
        return 0;
    if (given_r->mail_from == NULL)
        given_r->mail_from = given_command_line("MAIL FROM:", "<>");
    given_r->facts.mail_from = given_r->mail_from;
    given_r->facts.mail_from_length = strlen(given_r->mail_from);
    given_r->facts.rcpt_to = given_r->rcpt_to;
    given_r->facts.rcpt_to_length = strlen(given_r->rcpt_to);
    own_sender(given_r);
    return 0;
}

void
given_fini(struct given *given)
{
    free(given->mail_from);
    free(given->rcpt_to);
    free(given->owned);
    *given = (struct given){0};
}

void
given_print_keys(FILE *to)
{
    fprintf(to, "\nThe facts are, with what holds if they are not given in parentheses:\n\n");
    for (const struct given_key *key = given_keys; key->name != NULL; key++)
        if (key->set != NULL) {
            char left[64];
            snprintf(left, sizeof left, "%s=%s", key->name, key->values);
            fprintf(to, "  %-40s %s\n", left, key->help);
        }
}
