#include "reply.h"

#include <string.h>
#include <strings.h>

/* A line is three digits, the first 2 to 5, and then a blank, a hyphen (more lines follow) or
 * nothing. */
static enum reply_state
end_smtp_line(struct reply *reply)
{
    const char *line = reply->line;
    if (strspn(line, "0123456789") != 3 || line[0] < '2' || line[0] > '5' ||
        strchr(" -", line[3]) == NULL)
        return REPLY_GARBAGE;
    if (line[3] == '-')
        return REPLY_INCOMPLETE;
    unsigned code = (unsigned)(line[0] - '0') * 100 + (unsigned)(line[1] - '0') * 10 +
                    (unsigned)(line[2] - '0');
    reply->is_ok = code == reply->want_code;
    return REPLY_COMPLETE;
}

/* Whether the text begins with that word, in any case, and the word ends there. */
static bool
has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    return strncasecmp(text, word, length) == 0 && strchr(" ", text[length]) != NULL;
}

static enum reply_state
end_imap_greeting(struct reply *reply)
{
    const char *line = reply->line;
    if (strncmp(line, "* ", 2) != 0)
        return REPLY_GARBAGE;
    reply->is_ok = has_word(line + 2, "OK") || has_word(line + 2, "PREAUTH");
    return reply->is_ok || has_word(line + 2, "BYE") ? REPLY_COMPLETE : REPLY_GARBAGE;
}

/* Whatever else the server has to tell stands before the line with our tag. */
static enum reply_state
end_imap_line(struct reply *reply)
{
    const char *line = reply->line;
    size_t length = strlen(reply->tag);
    if (strncmp(line, "* ", 2) == 0)
        return has_word(line + 2, "BYE") ? REPLY_COMPLETE : REPLY_INCOMPLETE;
    if (strncmp(line, reply->tag, length) != 0 || line[length] != ' ')
        return REPLY_GARBAGE;
    const char *result = line + length + 1;
    reply->is_ok = has_word(result, "OK");
    return reply->is_ok || has_word(result, "NO") || has_word(result, "BAD") ? REPLY_COMPLETE
                                                                             : REPLY_GARBAGE;
}

static enum reply_state
end_pop3_line(struct reply *reply)
{
    const char *line = reply->line;
    if (reply->is_in_list)
        return strcmp(line, ".") == 0 ? REPLY_COMPLETE : REPLY_INCOMPLETE;
    reply->is_ok = has_word(line, "+OK");
    if (!reply->is_ok)
        return has_word(line, "-ERR") ? REPLY_COMPLETE : REPLY_GARBAGE;
    reply->is_in_list = reply->form == REPLY_POP3_LIST;
    return reply->is_in_list ? REPLY_INCOMPLETE : REPLY_COMPLETE;
}

static enum reply_state
end_line(struct reply *reply)
{
    if (reply->length > 0 && reply->line[reply->length - 1] == '\r')
        reply->length--;
    reply->line[reply->length] = '\0';
    switch (reply->form) {
    case REPLY_SMTP:
        return end_smtp_line(reply);
    case REPLY_IMAP_GREETING:
        return end_imap_greeting(reply);
    case REPLY_IMAP:
        return end_imap_line(reply);
    case REPLY_POP3:
    case REPLY_POP3_LIST:
        return end_pop3_line(reply);
    }
    return REPLY_GARBAGE;
}

enum reply_state
reply_feed(struct reply *reply, const char *bytes, size_t length)
{
    reply->bytes += length;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            enum reply_state state = end_line(reply);
            if (state == REPLY_COMPLETE && i + 1 < length && !reply->may_be_followed)
                return REPLY_GARBAGE;
            if (state != REPLY_INCOMPLETE)
                return state;
            reply->length = 0;
        } else if (reply->length < sizeof reply->line - 1) {
            reply->line[reply->length++] = bytes[i];
        }
    }
    reply->line[reply->length] = '\0';
    return reply->bytes > REPLY_BYTES_MAX ? REPLY_GARBAGE : REPLY_INCOMPLETE;
}
