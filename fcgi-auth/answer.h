/*
 * answer: what goes back to the web server for one request: a CGI header and perhaps a body.
 *
 * A value of the caller's; answer_fini frees the body and wipes the header. The header has a fixed
 * room because nginx mail reads at most 1024 bytes of header, and nginx http puts some of its own
 * before ours (measured: 1017 bytes passed, 1087 left the client hanging).
 */
#ifndef MAILREEVE_ANSWER_H
#define MAILREEVE_ANSWER_H

#include <stddef.h>

enum { ANSWER_HEADER_MAX = 699 };

struct answer {
    char header[ANSWER_HEADER_MAX + 1]; /* ends with an empty line */
    size_t header_length;
    char *body; /* NULL: none */
};

/* Begins with "Status: STATUS", where STATUS is "200 OK" or the like. */
void answer_init(struct answer *answer, const char *status);
void answer_fini(struct answer *answer);

/* Adds "name: value", both short and of ours or checked: printable ASCII, no line break (asserted).
 * Control characters never get in: a value that holds one is left out, and so is one that does not
 * fit. Returns 0, or -1 if it was left out. */
int answer_add(struct answer *answer, const char *name, const char *value);
int answer_add_number(struct answer *answer, const char *name, unsigned value);

/* Ends the header; takes body, which is heap memory or NULL. */
void answer_end(struct answer *answer, char *body);

#endif
