/*
 * json: objects in JSON (RFC 8259) that a server sends; the door to jansson.
 *
 * Pure. What is accepted is narrower than JSON, so that no two readers can understand one text in
 * two ways and a session's small stack suffices: one object with nothing behind it, UTF-8, no name
 * twice, no NUL in a text, no deeper than JSON_DEPTH_MAX, no number that does not fit.
 */
#ifndef MAILREEVE_JSON_H
#define MAILREEVE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum { JSON_DEPTH_MAX = 16 };

struct json_document;

/* Returns NULL, with err, which never repeats what the text says. */
struct json_document *json_document_parse(const char *bytes, size_t length, struct err *err);
void json_document_free(struct json_document *document); /* NULL is allowed */

enum json_kind {
    JSON_KIND_NONE = 0, /* not there, or null */
    JSON_KIND_TEXT,
    JSON_KIND_NUMBER, /* an integer */
    JSON_KIND_BOOLEAN,
    JSON_KIND_OTHER, /* a fraction, an object, a list */
};

struct json_member {
    enum json_kind kind;
    const char *text; /* borrowed from the document */
    int64_t number;
    bool boolean;
};

/* The member of that name of the document's object. */
struct json_member json_document_find(const struct json_document *document, const char *name);

#endif
