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
        if (seen[i] && (given_keys[i].use & GIVEN_REPEATS) == 0) {
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

/* Whether all keys are about what is asked about. */
static int
check_use(const struct given *given, const bool seen[GIVEN_KEYS_MAX], struct err *err)
{
    unsigned use = given->is_message ? GIVEN_MESSAGE : GIVEN_SESSION;
    for (size_t i = 0; given_keys[i].name != NULL; i++)
        if (seen[i] && (given_keys[i].use & use) == 0) {
            err_set(err,
                    given->is_message ? "%s= does not go with stage=message"
                                      : "%s= goes with stage=message only",
                    given_keys[i].name);
            return -1;
        }
    return 0;
}

/* What is wrong with a question that nginx would ask, or NULL. */
static const char *
find_wrong(const struct given *given)
{
    const struct facts *facts = &given->facts;
    bool is_login = facts->method != METHOD_NONE;
    if (facts->listener == NULL)
        return "listener=NAME is missing";
    if (!is_login && given->recipients.count == 0)
        return "to=ADDRESS is missing: with method=none the recipient is what is asked about";
    if (given->recipients.count > 1)
        return "to: given twice";
    if (!is_login && facts->protocol != PROTOCOL_SMTP)
        return "method=none goes with protocol=smtp only";
    if (is_login && (given->mail_from != NULL || given->recipients.count > 0))
        return "from= and to= go with method=none or stage=message only";
    if (is_login && facts->method != METHOD_EXTERNAL && facts->user == NULL)
        return "user=NAME is missing";
    return NULL;
}

/* Whether the facts make a question that could be asked. */
static int
check_together(const struct given *given, const bool seen[GIVEN_KEYS_MAX], struct err *err)
{
    if (check_use(given, seen, err) < 0)
        return -1;
    const char *wrong = given->is_message ? NULL : find_wrong(given);
    if (wrong == NULL && given->owned.count > 0 &&
        given->facts.owned.knowledge == KNOWLEDGE_CANNOT_TELL)
        wrong = "owns= and sender-owned=unavailable exclude each other";
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
    const struct facts *facts = &given->facts;
    if (facts->owned.knowledge != KNOWLEDGE_KNOWN ||
        smtp_path_parse(PATH_MAIL_FROM, facts->mail_from, facts->mail_from_length, &sender, NULL) !=
            PATH_MAILBOX)
        return;
    char text[MAILBOX_TEXT_MAX];
    mailbox_format(&sender.mailbox, text);
    texts_add(&given->owned, xstrdup(text));
}

/* What the user owns beside his name. */
static void
own_all(struct given *given)
{
    own_sender(given);
    struct owned_addresses *owned = &given->facts.owned;
    if (given->owned.count == 0)
        return;
    owned->knowledge = KNOWLEDGE_KNOWN;
    owned->addresses = (const char *const *)given->owned.items;
    owned->count = given->owned.count;
}

/* The command lines, and what is about them. */
static void
set_lines(struct given *given)
{
    struct facts *facts = &given->facts;
    if (given->mail_from == NULL)
        given->mail_from = given_command_line("MAIL FROM:", "<>");
    facts->mail_from = given->mail_from;
    facts->mail_from_length = strlen(given->mail_from);
    own_all(given);
    if (given->is_message) {
        facts->method = METHOD_NONE;
        facts->message = &given->message;
        return;
    }
    facts->rcpt_to = given->recipients.items[0];
    facts->rcpt_to_length = strlen(facts->rcpt_to);
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
    if (check_together(given_r, seen, err) < 0)
        return -1;
    if (given_r->is_message || given_r->facts.method == METHOD_NONE)
        set_lines(given_r);
    return 0;
}

void
given_fini(struct given *given)
{
    free(given->mail_from);
    texts_fini(&given->recipients);
    texts_fini(&given->owned);
    texts_fini(&given->headers);
    *given = (struct given){0};
}

void
given_print_keys(FILE *to)
{
    fprintf(to, "\nThe facts are, with what holds if they are not given in parentheses:\n\n");
    for (const struct given_key *key = given_keys; key->name != NULL; key++) {
        char left[64];
        snprintf(left, sizeof left, "%s=%s", key->name, key->values);
        fprintf(to, "  %-40s %s\n", left, key->help);
    }
}
