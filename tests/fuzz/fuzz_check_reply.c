/* Whatever a server says to a check, and however its bytes arrive: one answer comes of it, and it
 * is a good one only where a line of the server's says so. The first byte chooses the form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GOOD_MAX = 2 };

/* What is asked for in the dialogues, and what a good line begins with. */
static const struct form {
    struct reply reply;
    const char *good[GOOD_MAX];
} forms[] = {
    {{.form = REPLY_SMTP, .want_code = 220}, {"220"}},
    {{.form = REPLY_SMTP, .want_code = 250}, {"250"}},
    {{.form = REPLY_IMAP_GREETING, .may_be_followed = true}, {"* OK", "* PREAUTH"}},
    {{.form = REPLY_IMAP, .tag = "a1"}, {"a1 OK"}},
    {{.form = REPLY_IMAP, .tag = "a2", .may_be_followed = true}, {"a2 OK"}},
    {{.form = REPLY_POP3}, {"+OK"}},
    {{.form = REPLY_POP3_LIST}, {"+OK"}},
};

static bool
has_good_line(const struct form *form, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        for (size_t k = 0; k < GOOD_MAX && form->good[k] != NULL; k++) {
            const size_t length = strlen(form->good[k]);
            if ((i == 0 || bytes[i - 1] == '\n') && length <= size - i &&
                strncasecmp(bytes + i, form->good[k], length) == 0)
                return true;
        }
    return false;
}

/* Byte by byte, until there is an answer; *used_r: how many bytes that took. */
static enum reply_state
feed_slowly(struct reply *reply, const char *bytes, size_t size, size_t *used_r)
{
    enum reply_state state = REPLY_INCOMPLETE;
    for (*used_r = 0; *used_r < size && state == REPLY_INCOMPLETE; ++*used_r)
        state = reply_feed(reply, bytes + *used_r, 1);
    return state;
}

static void
check(const struct form *form, const char *bytes, size_t size)
{
    struct reply at_once = form->reply, slow = form->reply;
    size_t used;
    enum reply_state want = feed_slowly(&slow, bytes, size, &used);
    if (want == REPLY_COMPLETE && slow.is_ok && !has_good_line(form, bytes, used))
        abort();
    if (want == REPLY_COMPLETE && used < size && !form->reply.may_be_followed)
        want = REPLY_GARBAGE; /* nothing was asked that the rest could answer */
    if (reply_feed(&at_once, bytes, size) != want)
        abort();
    if (want == REPLY_COMPLETE &&
        (at_once.is_ok != slow.is_ok || strcmp(at_once.line, slow.line) != 0))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > REPLY_BYTES_MAX)
        return 0;
    char *bytes = xmalloc(size); /* of its own, so that a sanitizer sees its end */
    memcpy(bytes, data + 1, size - 1);
    check(&forms[data[0] % (sizeof forms / sizeof forms[0])], bytes, size - 1);
    free(bytes);
    return 0;
}
