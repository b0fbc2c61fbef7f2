#include "users_line.h"

#include <string.h>

#include "ascii.h"
#include "date.h"
#include "decide.h"
#include "stored.h"
#include "username.h"
#include "utf8.h"
#include "words.h"

/* Room for what people call their devices, and for a line of the log. */
enum { APP_NAME_MAX = 64 };

struct option {
    const char *name; /* with its '=' if it has a value */
    bool of_users, of_apps;
    int (*set)(struct users_line *line, const char *value, struct network_lists *networks,
               struct err *err);
};

static const struct {
    const char *word;
    enum smtp_auth value;
} smtp_auth_words[] = {
    {"any-sender", SMTP_AUTH_ANY_SENDER},
    {"matching-sender", SMTP_AUTH_MATCHING_SENDER},
    {"no", SMTP_AUTH_NO},
};
static const size_t smtp_auth_count = sizeof smtp_auth_words / sizeof smtp_auth_words[0];

const char *
smtp_auth_name(enum smtp_auth smtp_auth)
{
    size_t i = 0;
    while (i + 1 < smtp_auth_count && smtp_auth_words[i].value != smtp_auth)
        i++;
    return smtp_auth_words[i].word;
}

static int
set_disabled(struct users_line *line, const char *value, struct network_lists *networks,
             struct err *err)
{
    (void)networks;
    if (*value != '\0') {
        err_set(err, "no such option (disabled takes no value)");
        return -1;
    }
    line->disabled = true;
    return 0;
}

static int
set_protocols(struct users_line *line, const char *value, struct network_lists *networks,
              struct err *err)
{
    (void)networks;
    char word[WORD_MAX];
    while (next_word(&value, word)) {
        enum protocol protocol;
        if (protocol_parse(word, &protocol) != 0) {
            err_set(err,
                    "protocols: \"%s\" is none (smtp, pop3, imap or http, separated by spaces)",
                    word);
            return -1;
        }
        line->protocols |= PROTOCOL_BIT(protocol);
    }
    if (line->protocols == 0) {
        err_set(err, "protocols: names none (smtp, pop3, imap or http, separated by spaces)");
        return -1;
    }
    return 0;
}

static int
set_networks(struct users_line *line, const char *value, struct network_lists *networks,
             struct err *err)
{
    if (line->networks != NULL) {
        err_set(err, "networks: stands twice (separate the networks by spaces)");
        return -1;
    }
    line->networks = network_lists_take(networks, value, err);
    return line->networks != NULL ? 0 : -1;
}

static int
set_smtp_auth(struct users_line *line, const char *value, struct network_lists *networks,
              struct err *err)
{
    (void)networks;
    size_t i = 0;
    while (i < smtp_auth_count && strcmp(value, smtp_auth_words[i].word) != 0)
        i++;
    if (i == smtp_auth_count) {
        err_set(err, "smtp_auth: not any-sender, matching-sender or no");
        return -1;
    }
    line->smtp_auth = smtp_auth_words[i].value;
    if (line->smtp_auth == SMTP_AUTH_MATCHING_SENDER && strchr(line->name, '@') == NULL) {
        err_set(err, "smtp_auth: matching-sender needs a user name with a domain (no sender "
                     "matches one without)");
        return -1;
    }
    return 0;
}

static int
set_created(struct users_line *line, const char *value, struct network_lists *networks,
            struct err *err)
{
    (void)networks;
    int status = date_parse(value, &line->created_s, err);
    if (status != 0)
        err_wrap(err, "created");
    return status;
}

static int
set_expires(struct users_line *line, const char *value, struct network_lists *networks,
            struct err *err)
{
    (void)networks;
    int status = date_parse(value, &line->expires_s, err);
    if (status == 0 && line->expires_s == 0) {
        err_set(err, "no such date, or before 1970");
        status = -1; /* 0 says never */
    }
    if (status != 0)
        err_wrap(err, "expires");
    return status;
}

static int
set_comment(struct users_line *line, const char *value, struct network_lists *networks,
            struct err *err)
{
    (void)networks;
    (void)err;
    line->comment = value;
    return 0;
}

static const struct option options[] = {
    {"disabled", true, false, set_disabled}, {"protocols=", true, false, set_protocols},
    {"networks=", true, true, set_networks}, {"smtp_auth=", true, false, set_smtp_auth},
    {"created=", false, true, set_created},  {"expires=", false, true, set_expires},
    {"comment=", true, true, set_comment},
};

static const struct option *
find_option(const struct users_line *line, const char *text)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if ((line->app == NULL ? options[i].of_users : options[i].of_apps) &&
            strncmp(text, options[i].name, strlen(options[i].name)) == 0)
            return &options[i];
    return NULL;
}

/* What stands there may be a hash in the wrong place: only the beginning, and only what looks like
 * an option's name, is repeated. */
static void
complain_of_option(const struct users_line *line, const char *text, struct err *err)
{
    size_t length = strlen(line->hash);
    if (ascii_has_prefix(line->hash, length, "{plain}") ||
        ascii_has_prefix(line->hash, length, "{clear")) {
        err_set(err, "no such option behind the password (one with a colon in it must be written "
                     "as {PLAIN.B64}, in base64)");
        return;
    }
    const char *known = line->app == NULL
                            ? "disabled, protocols=, networks=, smtp_auth= or comment="
                            : "of app passwords: networks=, created=, expires= or comment=";
    err_set(err, "no such option: \"%.*s\" (%s, separated by commas)",
            (int)strspn(text, "abcdefghijklmnopqrstuvwxyz-_"), text, known);
}

static int
parse_options(struct users_line *line, char *text, struct network_lists *networks, struct err *err)
{
    while (text != NULL && *text != '\0') {
        const struct option *option = find_option(line, text);
        char *next = option != NULL && option->set == set_comment ? NULL : strchr(text, ',');
        if (next != NULL)
            *next++ = '\0';
        if (option == NULL) {
            complain_of_option(line, text, err);
            return -1;
        }
        if (option->set(line, text + strlen(option->name), networks, err) != 0)
            return -1;
        text = next;
    }
    return 0;
}

static bool
has_control_character(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return true;
    return false;
}

static int
check_bytes(const char *line, size_t length, struct err *err)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf"; /* would be a part of the name */
    if (strncmp(line, byte_order_mark, strlen(byte_order_mark)) == 0) {
        err_set(err, "a byte order mark (the file must be plain UTF-8 text)");
        return -1;
    }
    if (has_control_character(line, length)) {
        err_set(err, "a control character (the file must have Unix line ends)");
        return -1;
    }
    return 0;
}

/* The name of an app password is one word behind the user's name. */
static int
take_app(char *name, struct users_line *line_r, struct err *err)
{
    char *space = strchr(name, ' ');
    if (space == NULL || space == name)
        return 0;
    char *app = space + strspn(space, " ");
    size_t length = strlen(app);
    *space = '\0';
    if (length == 0 || length > APP_NAME_MAX || strpbrk(app, " \t") != NULL ||
        !utf8_is_printable(app, length)) {
        err_set(err,
                "the name of an app password behind the user's must be one word of at most %d "
                "bytes of UTF-8",
                APP_NAME_MAX);
        return -1;
    }
    line_r->app = app;
    return 0;
}

static int
check_hash(const struct users_line *line, struct err *err)
{
    size_t length = strlen(line->hash);
    if (stored_check(line->hash, length, STORED_BARE_CRYPT, err) != 0)
        return -1;
    const bool is_heavy = stored_is_heavy(line->hash, length, STORED_BARE_CRYPT);
    if (line->app == NULL || (!is_heavy && !stored_is_slow(line->hash, length, STORED_BARE_CRYPT)))
        return 0;
    err_set(err,
            "the hash takes too much %s for an app password, all of which are compared (they are "
            "random: {SSHA256} will do, as mailreeve app-password makes it)",
            is_heavy ? "memory" : "time");
    return -1;
}

int
users_line_parse(char *line, size_t length, struct network_lists *networks,
                 struct users_line *line_r, struct err *err)
{
    *line_r = (struct users_line){0};
    if (check_bytes(line, length, err) != 0)
        return -1;
    char *hash = strchr(line, ':');
    if (hash == NULL) {
        err_set(err, "no colon (a line is name:hash or name:hash:options)");
        return -1;
    }
    *hash++ = '\0';
    char *rest = strchr(hash, ':');
    if (rest != NULL)
        *rest++ = '\0';
    if (take_app(line, line_r, err) != 0)
        return -1;

    /* With xtext the widest set of names is allowed; which of them may log in is decided later. */
    struct username name;
    if (username_parse(line, strlen(line), USERNAME_XTEXT, NULL, &name, err) != 0)
        return -1;
    memcpy(line, name.text, strlen(line));
    line_r->name = line;
    line_r->hash = hash;
    return check_hash(line_r, err) == 0 ? parse_options(line_r, rest, networks, err) : -1;
}
