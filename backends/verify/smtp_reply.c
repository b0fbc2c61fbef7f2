#include "smtp_reply.h"

#include <string.h>
#include <strings.h>

enum { CODE_LENGTH = 3 };

struct known_word {
    const char *name; /* NULL ends the list */
    unsigned bit;
};

static const struct known_word mechanisms[] = {
    {"PLAIN", SMTP_MECHANISM_BIT(SMTP_MECHANISM_PLAIN)},
    {"LOGIN", SMTP_MECHANISM_BIT(SMTP_MECHANISM_LOGIN)},
    {"CRAM-MD5", SMTP_MECHANISM_BIT(SMTP_MECHANISM_CRAM_MD5)},
    {NULL, 0},
};

static const struct known_word xclient_attributes[] = {
    {"ADDR", SMTP_XCLIENT_ADDR},
    {"NAME", SMTP_XCLIENT_NAME},
    {"PROTO", SMTP_XCLIENT_PROTO},
    {"HELO", SMTP_XCLIENT_HELO},
    {NULL, 0},
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Returns 0 if the line does not begin with a code. */
static unsigned
read_code(const char *line, size_t length)
{
    if (length < CODE_LENGTH || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
        !is_digit(line[2]))
        return 0;
    return (unsigned)(line[0] - '0') * 100 + (unsigned)(line[1] - '0') * 10 +
           (unsigned)(line[2] - '0');
}

/* Whether the word of length bytes is the name, in any case. */
static bool
is_word(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && strncasecmp(word, name, length) == 0;
}

/* Returns the bits of the known ones among the words of a text. */
static unsigned
read_words(const struct known_word *known, const char *text, const char *end)
{
    unsigned bits = 0;
    while (text < end) {
        const char *space = memchr(text, ' ', (size_t)(end - text));
        size_t length = (size_t)((space != NULL ? space : end) - text);
        for (const struct known_word *word = known; word->name != NULL; word++)
            if (is_word(text, length, word->name))
                bits |= word->bit;
        text += length + 1;
    }
    return bits;
}

/* "AUTH=" without a space is what some servers still say for clients of the nineties. */
static void
read_capability(struct smtp_reply *reply, const char *text, size_t length)
{
    const char *const end = text + length;
    size_t word = 0;
    while (word < length && text[word] != ' ' && text[word] != '=')
        word++;
    if (is_word(text, word, "STARTTLS"))
        reply->offers_starttls = true;
    if (is_word(text, word, "SMTPUTF8"))
        reply->offers_smtputf8 = true;
    if (is_word(text, word, "AUTH")) {
        reply->offers_auth = true;
        reply->mechanisms |= read_words(mechanisms, text + word + (word < length), end);
    }
    if (is_word(text, word, "XCLIENT"))
        reply->xclient |= read_words(xclient_attributes, text + word + (word < length), end);
}

/* Whether an enhanced code's subject and detail (".7.8") are about who asks. */
static bool
is_about_us(const char *subject, size_t length)
{
    static const char *const of_asker[] = {".1.7", ".1.8", ".5.2"};
    for (size_t i = 0; i < sizeof of_asker / sizeof of_asker[0]; i++)
        if (is_word(subject, length, of_asker[i]))
            return true;
    return strncmp(subject, ".7.", 3) == 0;
}

/* RFC 2034: "5.7.8" behind the code. Takes the length of both, or of the code alone. */
static void
read_status(struct smtp_reply *reply)
{
    reply->status_length = strlen(reply->text);
    if (reply->status_length <= CODE_LENGTH)
        return;
    const char *status = reply->text + CODE_LENGTH + 1;
    size_t length = strspn(status, "0123456789.");
    bool is_status = length >= 5 && length <= 9 && strchr("245", status[0]) != NULL &&
                     status[1] == '.' && (status[length] == ' ' || status[length] == '\0');
    reply->status_length = is_status ? CODE_LENGTH + 1 + length : CODE_LENGTH;
    if (is_status && status[0] != reply->text[0])
        reply->contradicts_itself = true;
    if (is_status && is_about_us(status + 1, length - 1))
        reply->blames_us = true;
}

static void
keep_text(struct smtp_reply *reply, const char *line, size_t length)
{
    size_t kept = length < SMTP_REPLY_TEXT_MAX ? length : SMTP_REPLY_TEXT_MAX - 1;
    memcpy(reply->text, line, kept);
    reply->text[kept] = '\0';
    reply->is_cut = kept < length;
    read_status(reply);
}

enum smtp_line
smtp_reply_add(struct smtp_reply *reply, const char *line, size_t length, struct err *err)
{
    unsigned code = read_code(line, length);
    const char separator = *(length > CODE_LENGTH ? line + CODE_LENGTH : " ");
    if (memchr(line, '\0', length) != NULL || memchr(line, '\r', length) != NULL) {
        err_set(err, "the server sent a NUL or a bare CR in a reply");
        return SMTP_LINE_BROKEN;
    }
    if (code == 0 || (separator != ' ' && separator != '-')) {
        err_set(err, "the server sent a line that is no SMTP reply");
        return SMTP_LINE_BROKEN;
    }
    if (reply->code != 0 && code != reply->code) {
        err_set(err, "the server changed the code from %u to %u within one reply", reply->code,
                code);
        return SMTP_LINE_BROKEN;
    }
    if (reply->lines == SMTP_REPLY_LINES_MAX) {
        err_set(err, "the server sent a reply of more than %d lines", SMTP_REPLY_LINES_MAX);
        return SMTP_LINE_BROKEN;
    }

    reply->code = code;
    keep_text(reply, line, length);
    if (reply->lines++ > 0 && length > CODE_LENGTH)
        read_capability(reply, line + CODE_LENGTH + 1, length - CODE_LENGTH - 1);
    return separator == '-' ? SMTP_LINE_MORE : SMTP_LINE_LAST;
}
