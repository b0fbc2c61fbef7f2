#include "given_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "identity_headers.h"
#include "units.h"

int
given_set_stage(struct given *given, const char *value, struct err *err)
{
    static const struct word words[] = {{"session", 0}, {"message", 1}, {0}};
    return words_set_bool(words, value, &given->is_message, err);
}

int
given_set_auth(struct given *given, const char *value, struct err *err)
{
    if (value[0] == '\0') {
        err_set(err, "it cannot be empty (use the name of the user who has logged in)");
        return -1;
    }
    given->message.authenticated = value;
    return 0;
}

int
given_set_header_from(struct given *given, const char *value, struct err *err)
{
    (void)err;
    char *header = NULL;
    if (asprintf(&header, "From:%s", value) < 0)
        abort();
    texts_add(&given->headers, header);
    return 0;
}

int
given_set_header(struct given *given, const char *value, struct err *err)
{
    char name[32];
    size_t length = strcspn(value, ":");
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), value);
    if (value[length] != ':' || !identity_headers_want(name)) {
        err_set(err,
                "it cannot be \"%s\" (use From:, Sender:, Resent-From: or Resent-Sender: with "
                "a value behind it)",
                value);
        return -1;
    }
    texts_add(&given->headers, xstrdup(value));
    return 0;
}

int
given_set_size(struct given *given, const char *value, struct err *err)
{
    return size_parse(value, &given->message.size, err);
}

int
given_set_messages(struct given *given, const char *value, struct err *err)
{
    return words_set_number(value, 0, &given->message.messages, err);
}

int
given_set_limited(struct given *given, const char *value, struct err *err)
{
    return words_set_bool(words_yes_no, value, &given->is_limited, err);
}
