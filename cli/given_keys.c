#include "given_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "given_message.h"

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
    given->message.tls_known = true;
    return words_set_bool(words, value, &given->facts.tls, err);
}

static int
set_banned(struct given *given, const char *value, struct err *err)
{
    return words_set_bool(words_yes_no, value, &given->facts.banned, err);
}

/* By which of the limits is not asked: they are all alike. */
static int
set_throttled(struct given *given, const char *value, struct err *err)
{
    static const struct rule_ref one_of_them = {.setting = NULL};
    bool is_throttled = false;
    int status = words_set_bool(words_yes_no, value, &is_throttled, err);
    given->facts.throttled_by = is_throttled ? &one_of_them : NULL;
    return status;
}

static int
set_certificate(struct given *given, const char *value, struct err *err)
{
    static const struct word words[] = {{"verified", 1}, {"none", 0}, {0}};
    return words_set_bool(words, value, &given->facts.certificate_verified, err);
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
    return words_set_bool(words_yes_no, value, &given->has_clear_password, err);
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
    int status = words_set(words, value, &meaning, err);
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
    int status = words_set(words, value, &meaning, err);
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
    return words_set_knowledge(words, value, &given->facts.recipient, err);
}

static int
set_sender_elsewhere(struct given *given, const char *value, struct err *err)
{
    return words_set_knowledge(words_yes_no_unavailable, value, &given->facts.sender_elsewhere,
                               err);
}

static int
set_sender_owned(struct given *given, const char *value, struct err *err)
{
    return words_set_knowledge(words_yes_no_unavailable, value, &given->facts.owned.knowledge, err);
}

static int
set_matching_sender(struct given *given, const char *value, struct err *err)
{
    given->says_matching_sender = true;
    return words_set_bool(words_yes_no, value, &given->facts.matching_sender, err);
}

/* Written as the sources' addresses are. */
static int
set_owns(struct given *given, const char *value, struct err *err)
{
    struct mailbox mailbox;
    if (mailbox_parse(value, strlen(value), &mailbox, err) != 0)
        return -1;
    char text[MAILBOX_TEXT_MAX];
    mailbox_format(&mailbox, text);
    texts_add(&given->owned, xstrdup(text));
    return 0;
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
    return words_set_number(value, 1, &given->facts.attempt, err);
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
    texts_add(&given->recipients, given_command_line("RCPT TO:", value));
    return 0;
}

const struct given_key given_keys[] = {
    {"stage", GIVEN_BOTH, given_set_stage, "session|message",
     "message: the mail server asks about one, nginx has handed the session over (session)"},
    {"listener", GIVEN_BOTH, set_listener, "NAME",
     "the listener, as nginx names it; of a message it may be left out, as for the guard"},
    {"protocol", GIVEN_SESSION, set_protocol, "smtp|imap|pop3|http", "the client's (smtp)"},
    {"method", GIVEN_SESSION, set_method, "plain|cram-md5|apop|external|none",
     "none: the client does not log in (plain)"},
    {"user", GIVEN_SESSION, set_user, "NAME", "who logs in; with external it may be left out"},
    {"password-ok", GIVEN_SESSION, set_password_ok, "yes|no|unavailable|...",
     "what the sources would say (yes); or unknown, ambiguous, disabled, locked, "
     "account-expired, expired, must-change, not-allowed, not-clear"},
    {"clear-password", GIVEN_SESSION, set_clear_password, "yes|no",
     "with external: whether a source tells the password (no)"},
    {"certificate", GIVEN_SESSION, set_certificate, "verified|none",
     "with external: whether nginx trusts the client's (none)"},
    {"fingerprint", GIVEN_SESSION, set_fingerprint, "DIGITS",
     "with external: the certificate's, by SHA-1"},
    {"subject", GIVEN_SESSION, set_subject, "NAME",
     "with external: the certificate's, CN=Boss,O=Acme"},
    {"ip", GIVEN_BOTH, set_ip, "ADDRESS", "the client's; unix: has none (127.0.0.1)"},
    {"tls", GIVEN_BOTH, set_tls, "on|off",
     "whether the connection is encrypted (off; of a message: not known)"},
    {"attempt", GIVEN_SESSION, set_attempt, "NUMBER", "of logins in this connection (1)"},
    {"banned", GIVEN_BOTH, set_banned, "yes|no", "whether the client is shut out (no)"},
    {"throttled", GIVEN_SESSION, set_throttled, "yes|no",
     "whether a limit is reached, or the account is closed to the client (no)"},
    {"from", GIVEN_BOTH, set_from, "ADDRESS", "with method=none or stage=message: the sender (<>)"},
    {"to", GIVEN_BOTH | GIVEN_REPEATS, set_to, "ADDRESS",
     "with method=none: the recipient; with stage=message: each of them"},
    {"window", GIVEN_BOTH, set_window, "USER",
     "with method=none or stage=message: whose relay window is open (nobody's)"},
    {"recipient", GIVEN_BOTH, set_recipient, "exists|unknown|unverifiable",
     "with to: what its source would say (exists)"},
    {"sender-elsewhere", GIVEN_BOTH, set_sender_elsewhere, "yes|no|unavailable",
     "with from: whether shared_with knows the sender (no)"},
    {"sender-owned", GIVEN_BOTH, set_sender_owned, "yes|no|unavailable",
     "with window or auth: whether the sender is one of the user's addresses (no)"},
    {"owns", GIVEN_BOTH | GIVEN_REPEATS, set_owns, "ADDRESS",
     "with window or auth: what his sources say is the user's, too"},
    {"matching-sender", GIVEN_BOTH, set_matching_sender, "yes|no",
     "with window or auth: whether the user's smtp_auth is matching-sender (no; of a message: what "
     "the users files say)"},
    {"auth", GIVEN_MESSAGE, given_set_auth, "USER",
     "with stage=message: who has logged in, with his domain (nobody)"},
    {"header-from", GIVEN_MESSAGE | GIVEN_REPEATS, given_set_header_from, "VALUE",
     "with stage=message: what stands behind From: (the header is not asked about)"},
    {"header", GIVEN_MESSAGE | GIVEN_REPEATS, given_set_header, "LINE",
     "with stage=message: another header, \"Sender: a@b\""},
    {"size", GIVEN_MESSAGE, given_set_size, "BYTES",
     "with stage=message: as declared and as sent (not known)"},
    {"messages", GIVEN_MESSAGE, given_set_messages, "NUMBER",
     "with stage=message: before this one in its session (0)"},
    {"limited", GIVEN_MESSAGE, given_set_limited, "yes|no",
     "with stage=message: whether the user has reached messages_per_user or recipients_per_user "
     "(no)"},
    {.name = NULL},
};
_Static_assert(sizeof given_keys / sizeof given_keys[0] <= GIVEN_KEYS_MAX + 1,
               "as many as there are");
