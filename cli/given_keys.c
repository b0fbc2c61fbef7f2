#include "given_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"

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

static const struct word yes_no[] = {{"yes", 1}, {"no", 0}, {0}};

static int
set_banned(struct given *given, const char *value, struct err *err)
{
    return set_bool(yes_no, value, &given->facts.banned, err);
}

/* By which of the limits is not asked: they are all alike. */
static int
set_throttled(struct given *given, const char *value, struct err *err)
{
    static const struct rule_ref one_of_them = {.setting = NULL};
    bool is_throttled = false;
    int status = set_bool(yes_no, value, &is_throttled, err);
    given->facts.throttled_by = is_throttled ? &one_of_them : NULL;
    return status;
}

static int
set_certificate(struct given *given, const char *value, struct err *err)
{
    static const struct word words[] = {{"verified", 1}, {"none", 0}, {0}};
    return set_bool(words, value, &given->facts.certificate_verified, err);
}

static int
set_fingerprint(struct given *given, const char *value, struct err *err)
{
    (void)err;
    given->facts.certificate_fingerprint = value;
    return 0;
}

static int
set_subject(struct given *given, const char *value, struct err *err)
{
    (void)err;
    given->facts.certificate_subject = value;
    return 0;
}

static int
set_clear_password(struct given *given, const char *value, struct err *err)
{
    return set_bool(yes_no, value, &given->has_clear_password, err);
}

static int
set_password_ok(struct given *given, const char *value, struct err *err)
{
    static const struct word words[] = {{"yes", VERIFY_OK},
                                        {"no", VERIFY_WRONG_PASSWORD},
                                        {"unavailable", VERIFY_UNAVAILABLE},
                                        {"unknown", VERIFY_UNKNOWN_USER},
                                        {"ambiguous", VERIFY_AMBIGUOUS},
                                        {"disabled", VERIFY_DISABLED},
                                        {"locked", VERIFY_LOCKED},
                                        {"account-expired", VERIFY_ACCOUNT_EXPIRED},
                                        {"expired", VERIFY_PASSWORD_EXPIRED},
                                        {"must-change", VERIFY_MUST_CHANGE},
                                        {"not-allowed", VERIFY_NOT_ALLOWED},
                                        {"not-clear", VERIFY_NO_CLEAR_PASSWORD},
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

static const struct word yes_no_unavailable[] = {{"yes", KNOWLEDGE_KNOWN},
                                                 {"no", KNOWLEDGE_UNKNOWN},
                                                 {"unavailable", KNOWLEDGE_CANNOT_TELL},
                                                 {0}};

static int
set_sender_elsewhere(struct given *given, const char *value, struct err *err)
{
    return set_knowledge(yes_no_unavailable, value, &given->facts.sender_elsewhere, err);
}

static int
set_sender_owned(struct given *given, const char *value, struct err *err)
{
    return set_knowledge(yes_no_unavailable, value, &given->facts.owned.knowledge, err);
}

static int
set_matching_sender(struct given *given, const char *value, struct err *err)
{
    return set_bool(yes_no, value, &given->facts.matching_sender, err);
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

char *
given_command_line(const char *command, const char *value)
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
    given->mail_from = given_command_line("MAIL FROM:", value);
    return 0;
}

static int
set_to(struct given *given, const char *value, struct err *err)
{
    (void)err;
    given->rcpt_to = given_command_line("RCPT TO:", value);
    return 0;
}

const struct given_key given_keys[] = {
    {"listener", set_listener, "NAME", "the listener, as nginx names it"},
    {"protocol", set_protocol, "smtp|imap|pop3|http", "the client's (smtp)"},
    {"method", set_method, "plain|cram-md5|apop|external|none",
     "none: the client does not log in (plain)"},
    {"user", set_user, "NAME", "who logs in; with external it may be left out"},
    {"password-ok", set_password_ok, "yes|no|unavailable|...",
     "what the sources would say (yes); or unknown, ambiguous, disabled, locked, "
     "account-expired, expired, must-change, not-allowed, not-clear"},
    {"clear-password", set_clear_password, "yes|no",
     "with external: whether a source tells the password (no)"},
    {"certificate", set_certificate, "verified|none",
     "with external: whether nginx trusts the client's (none)"},
    {"fingerprint", set_fingerprint, "DIGITS", "with external: the certificate's, by SHA-1"},
    {"subject", set_subject, "NAME", "with external: the certificate's, CN=Boss,O=Acme"},
    {"ip", set_ip, "ADDRESS", "the client's; unix: has none (127.0.0.1)"},
    {"tls", set_tls, "on|off", "whether the connection is encrypted (off)"},
    {"attempt", set_attempt, "NUMBER", "of logins in this connection (1)"},
    {"banned", set_banned, "yes|no", "whether the client is shut out (no)"},
    {"throttled", set_throttled, "yes|no",
     "whether a limit is reached, or the account is closed to the client (no)"},
    {"from", set_from, "ADDRESS", "with method=none: the sender (<>)"},
    {"to", set_to, "ADDRESS", "with method=none: the recipient"},
    {"window", set_window, "USER", "with method=none: whose relay window is open (nobody's)"},
    {"recipient", set_recipient, "exists|unknown|unverifiable",
     "with method=none: what its source would say (exists)"},
    {"sender-elsewhere", set_sender_elsewhere, "yes|no|unavailable",
     "with method=none: whether shared_with knows the sender (no)"},
    {"sender-owned", set_sender_owned, "yes|no|unavailable",
     "with window: whether the sender is one of the user's addresses (no)"},
    {"matching-sender", set_matching_sender, "yes|no",
     "with window: whether the user's smtp_auth is matching-sender (no)"},
    /* What these ask about is not in this version. */
    {.name = "stage"},
    {.name = "auth"},
    {.name = "header-from"},
    {.name = NULL},
};
_Static_assert(sizeof given_keys / sizeof given_keys[0] <= GIVEN_KEYS_MAX + 1,
               "as many as there are");
