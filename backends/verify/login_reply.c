#include "login_reply.h"

#include <string.h>
#include <strings.h>

/* Words of a line, by their places; nothing is copied. */
struct words {
    const char *at, *end;
};

/* Takes the next word, "" at the end. */
static struct words
next_word(struct words *rest)
{
    while (rest->at < rest->end && *rest->at == ' ')
        rest->at++;
    struct words word = {rest->at, rest->at};
    while (word.end < rest->end && *word.end != ' ')
        word.end++;
    rest->at = word.end;
    return word;
}

static bool
is_word(struct words word, const char *text)
{
    const size_t length = (size_t)(word.end - word.at);
    return strlen(text) == length && strncasecmp(word.at, text, length) == 0;
}

static void
read_imap_offer(struct login_offer *offer, struct words rest)
{
    if (!is_word(next_word(&rest), "*"))
        return;
    struct words word = next_word(&rest);
    if (is_word(word, "PREAUTH"))
        offer->is_preauthenticated = true;
    if (!is_word(word, "CAPABILITY"))
        return;
    *offer =
        (struct login_offer){.is_preauthenticated = offer->is_preauthenticated, .has_list = true};
    while (rest.at < rest.end) {
        word = next_word(&rest);
        offer->plain |= is_word(word, "AUTH=PLAIN");
        offer->initial_response |= is_word(word, "SASL-IR");
        offer->login_disabled |= is_word(word, "LOGINDISABLED");
    }
}

static void
read_pop3_offer(struct login_offer *offer, struct words rest)
{
    struct words word = next_word(&rest);
    if (is_word(word, "+OK") || is_word(word, "-ERR")) {
        *offer = (struct login_offer){0};
        return;
    }
    offer->has_list = true;
    offer->user |= is_word(word, "USER");
    offer->has_auth_codes |= is_word(word, "AUTH-RESP-CODE");
    if (is_word(word, "SASL"))
        while (rest.at < rest.end)
            offer->plain |= is_word(next_word(&rest), "PLAIN");
}

void
login_offer_read(struct login_offer *offer, enum login_protocol protocol, const char *line,
                 size_t length)
{
    const struct words words = {line, line + length};
    switch (protocol) {
    case LOGIN_IMAP:
        read_imap_offer(offer, words);
        return;
    case LOGIN_POP3:
        read_pop3_offer(offer, words);
        return;
    }
}

/* What the codes of a refusal are worth. Those of an outage are about the server; whatever else is
 * said, known or not, is about the account that is asked about. */
static const struct code {
    const char *name;
    enum login_judgement judgement;
    const char *imap, *pop3; /* how the log has it */
} codes[] = {
#define CODE(name, judgement)                               \
    {                                                       \
        name, judgement, "NO [" name "]", "-ERR [" name "]" \
    }
    CODE("AUTHENTICATIONFAILED", LOGIN_WRONG),
    CODE("AUTHORIZATIONFAILED", LOGIN_NOT_ALLOWED),
    CODE("AUTH", LOGIN_WRONG),
    CODE("EXPIRED", LOGIN_PASSWORD_EXPIRED),
    CODE("CONTACTADMIN", LOGIN_DISABLED), /* what Dovecot says of an account with `nologin` */
    CODE("PRIVACYREQUIRED", LOGIN_REFUSED_US),
    CODE("CANNOT", LOGIN_UNCLEAR),
    CODE("CLIENTBUG", LOGIN_NOT_JUDGED),
    CODE("CORRUPTION", LOGIN_NOT_JUDGED),
    CODE("IN-USE", LOGIN_NOT_JUDGED),
    CODE("INUSE", LOGIN_NOT_JUDGED),
    CODE("LIMIT", LOGIN_NOT_JUDGED),
    CODE("LOGIN-DELAY", LOGIN_NOT_JUDGED),
    CODE("NOPERM", LOGIN_UNCLEAR),
    CODE("OVERQUOTA", LOGIN_UNCLEAR),
    CODE("REFERRAL", LOGIN_UNCLEAR),
    CODE("SERVERBUG", LOGIN_NOT_JUDGED),
    CODE("SYS/PERM", LOGIN_NOT_JUDGED),
    CODE("SYS/TEMP", LOGIN_NOT_JUDGED),
    CODE("UNAVAILABLE", LOGIN_NOT_JUDGED),
#undef CODE
};

/* What refusals without a code say that are about the server: Exchange's "NO Server Unavailable.
 * 15", RFC 1939's "-ERR unable to lock maildrop". */
static const char *const of_server[] = {"unavailable", "not available", "temporar", "try again",
                                        "later",       "too many",      "maximum",  "in use",
                                        "lock",        "busy",          "internal", "server error"};

static bool
holds(struct words text, const char *part)
{
    const size_t length = strlen(part);
    for (; (size_t)(text.end - text.at) >= length; text.at++)
        if (strncasecmp(text.at, part, length) == 0)
            return true;
    return false;
}

static struct login_reply
judge_code(enum login_protocol protocol, struct words code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (is_word(code, codes[i].name))
            return (struct login_reply){
                .word = LOGIN_WORD_NO,
                .said = protocol == LOGIN_IMAP ? codes[i].imap : codes[i].pop3,
                .judgement = codes[i].judgement,
            };
    return (struct login_reply){
        .word = LOGIN_WORD_NO,
        .judgement = LOGIN_UNCLEAR,
        .said = protocol == LOGIN_IMAP ? "NO with a code that says nothing about a password"
                                       : "-ERR with a code that says nothing about a password",
    };
}

static struct login_reply
judge_bare(enum login_protocol protocol, const struct login_offer *offer, struct words text)
{
    struct login_reply reply = {.word = LOGIN_WORD_NO,
                                .said = protocol == LOGIN_IMAP ? "NO" : "-ERR",
                                .judgement = LOGIN_WRONG};
    if (protocol == LOGIN_POP3 && offer->has_auth_codes) {
        reply.judgement = LOGIN_NOT_JUDGED;
        reply.said = "-ERR without the code AUTH, which it gives for wrong passwords";
    }
    for (size_t i = 0; i < sizeof of_server / sizeof of_server[0]; i++)
        if (holds(text, of_server[i])) {
            reply.judgement = LOGIN_NOT_JUDGED;
            reply.said = protocol == LOGIN_IMAP ? "NO, and something about itself"
                                                : "-ERR, and something about itself";
        }
    return reply;
}

/* Judges the text behind NO or -ERR. "[ALERT]" only wants the text to be shown. */
static struct login_reply
judge_refusal(enum login_protocol protocol, const struct login_offer *offer, struct words text)
{
    while (text.at < text.end && *text.at == ' ')
        text.at++;
    const size_t length = (size_t)(text.end - text.at);
    if (length == 0 || *text.at != '[')
        return judge_bare(protocol, offer, text);
    struct words code = {text.at + 1, memchr(text.at, ']', length)};
    if (code.end == NULL)
        return (struct login_reply){.word = LOGIN_WORD_NO, .said = "a code that does not end"};
    struct words rest = code;
    struct words name = next_word(&rest);
    if (is_word(name, "ALERT"))
        return judge_bare(protocol, offer, (struct words){code.end + 1, text.end});
    return judge_code(protocol, name);
}

static const struct login_reply broken = {.said = "something that is no answer"},
                                go_on = {.word = LOGIN_WORD_GO_ON, .said = "+"};

static struct login_reply
read_imap(const struct login_offer *offer, struct words rest)
{
    struct words tag = next_word(&rest);
    struct words word = next_word(&rest);
    if (is_word(tag, "+"))
        return go_on;
    if (is_word(tag, "*") && is_word(word, "BYE"))
        return (struct login_reply){.word = LOGIN_WORD_BYE, .said = "BYE"};
    if (is_word(tag, "*"))
        return (struct login_reply){.word = LOGIN_WORD_ASIDE, .said = "*"};
    if (!is_word(tag, LOGIN_TAG))
        return broken;
    if (is_word(word, "OK"))
        return (struct login_reply){LOGIN_WORD_OK, "OK", LOGIN_RIGHT};
    if (is_word(word, "NO"))
        return judge_refusal(LOGIN_IMAP, offer, rest);
    if (is_word(word, "BAD"))
        return (struct login_reply){.word = LOGIN_WORD_BAD, .said = "BAD"};
    return broken;
}

static struct login_reply
read_pop3(const struct login_offer *offer, struct words rest)
{
    struct words word = next_word(&rest);
    if (is_word(word, "+"))
        return go_on;
    if (is_word(word, "+OK"))
        return (struct login_reply){LOGIN_WORD_OK, "+OK", LOGIN_RIGHT};
    if (is_word(word, "-ERR"))
        return judge_refusal(LOGIN_POP3, offer, rest);
    return broken;
}

struct login_reply
login_reply_read(enum login_protocol protocol, const struct login_offer *offer, const char *line,
                 size_t length)
{
    const struct words words = {line, line + length};
    /* A line begins with its first word at once. */
    if (length == 0 || line[0] == ' ' || memchr(line, '\0', length) != NULL ||
        memchr(line, '\r', length) != NULL)
        return broken;
    switch (protocol) {
    case LOGIN_IMAP:
        return read_imap(offer, words);
    case LOGIN_POP3:
        return read_pop3(offer, words);
    }
    return broken;
}
