#include "answer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room that is kept for the empty line at the end. */
enum { END_LENGTH = 2 };

void
answer_init(struct answer *answer, const char *status)
{
    answer->header_length = 0;
    answer->header[0] = '\0';
    answer->body = NULL;
    int added = answer_add(answer, "Status", status);
    assert(added == 0);
    (void)added;
}

void
answer_fini(struct answer *answer)
{
    free(answer->body);
    answer->body = NULL;
    /* It may have held a password. */
    explicit_bzero(answer->header, sizeof answer->header);
    answer->header_length = 0;
}

/* Bytes that could end the line or the string early never go out, whoever let them come this far.
 */
static int
has_control(const char *value)
{
    for (; *value != '\0'; value++)
        if ((unsigned char)*value < ' ' || *value == 0x7f)
            return 1;
    return 0;
}

int
answer_add(struct answer *answer, const char *name, const char *value)
{
    size_t room = ANSWER_HEADER_MAX - END_LENGTH - answer->header_length;
    if (has_control(value) || strlen(name) + strlen(": \r\n") + strlen(value) > room)
        return -1;
    answer->header_length +=
        (size_t)sprintf(answer->header + answer->header_length, "%s: %s\r\n", name, value);
    return 0;
}

int
answer_add_number(struct answer *answer, const char *name, unsigned value)
{
    char text[16];
    snprintf(text, sizeof text, "%u", value);
    return answer_add(answer, name, text);
}

void
answer_end(struct answer *answer, char *body)
{
    memcpy(answer->header + answer->header_length, "\r\n", END_LENGTH + 1);
    answer->header_length += END_LENGTH;
    answer->body = body;
}
