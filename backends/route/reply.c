#include "reply.h"

#include <stdbool.h>
#include <string.h>

/* A line is three digits, the first 2 to 5, and then a blank, a hyphen (more lines follow) or
 * nothing. */
static enum reply_state
end_line(struct reply *reply)
{
    if (reply->length > 0 && reply->line[reply->length - 1] == '\r')
        reply->length--;
    reply->line[reply->length] = '\0';

    const char *line = reply->line;
    if (strspn(line, "0123456789") != 3 || line[0] < '2' || line[0] > '5' ||
        strchr(" -", line[3]) == NULL)
        return REPLY_GARBAGE;
    if (line[3] == '-') {
        reply->length = 0;
        return REPLY_INCOMPLETE;
    }
    reply->code = (unsigned)(line[0] - '0') * 100 + (unsigned)(line[1] - '0') * 10 +
                  (unsigned)(line[2] - '0');
    return REPLY_COMPLETE;
}

enum reply_state
reply_feed(struct reply *reply, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            enum reply_state state = end_line(reply);
            if (state == REPLY_COMPLETE && i + 1 < length)
                return REPLY_GARBAGE;
            if (state != REPLY_INCOMPLETE)
                return state;
        } else if (reply->length < sizeof reply->line - 1) {
            reply->line[reply->length++] = bytes[i];
        }
    }
    reply->line[reply->length] = '\0';
    return REPLY_INCOMPLETE;
}
