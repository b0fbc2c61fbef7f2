/*
 * shown_list: what is found in several headers, as a text.
 */
#ifndef MAILREEVE_TEST_SHOWN_LIST_H
#define MAILREEVE_TEST_SHOWN_LIST_H

#include "from_case.h"

struct header {
    const char *name, *value;
};

static inline struct identity_headers *
read_all(const struct header *headers, size_t count)
{
    struct identity_headers *read = identity_headers_create();
    for (size_t i = 0; i < count && headers[i].name != NULL; i++)
        identity_headers_add(read, headers[i].name, headers[i].value, strlen(headers[i].value));
    identity_headers_end(read);
    return read;
}

/* Each address: its header, '*' for an author's, the address. */
static inline void
list_shown(const struct identity_headers *headers, char *text, size_t room)
{
    size_t count, used = 0;
    const struct shown_address *shown = identity_headers_shown(headers, &count);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char address[MAILBOX_TEXT_MAX];
        mailbox_format(&shown[i].mailbox, address);
        used += (size_t)snprintf(text + used, room - used, "%s%s%s %s", i > 0 ? ", " : "",
                                 shown[i].header, shown[i].is_author ? "*" : "", address);
        assert_true(used < room);
    }
}

#endif
