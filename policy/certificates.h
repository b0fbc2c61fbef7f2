/*
 * certificates: which client certificate is whose, for the method EXTERNAL (RFC 4422 appendix A).
 *
 * Pure; immutable once filled, then safe for any number of threads. An entry is a login name, white
 * space, and a certificate's SHA-1 fingerprint (40 hex digits, colons allowed) or its subject, as
 * nginx says them ("boss@acme.example CN=Boss,O=Acme"). A fingerprint is one certificate; a subject
 * is all that the trusted authorities give to that name. Costs the same for ten as for a million.
 */
#ifndef MAILREEVE_CERTIFICATES_H
#define MAILREEVE_CERTIFICATES_H

#include <stddef.h>

#include "err.h"
#include "origin.h"

struct certificates;

struct certificate {
    const char *entry; /* as written */
    const char *user;  /* as written; whoever takes it for a login name checks it */
    struct origin origin;
};

/* name and origin.file are borrowed and must outlive it. Never NULL. */
struct certificates *certificates_create(const char *name, struct origin origin);
void certificates_free(struct certificates *certificates); /* NULL is allowed */

const char *certificates_name(const struct certificates *certificates);
size_t certificates_count(const struct certificates *certificates);

/* Adds one entry; origin.file is borrowed. Returns 0, or -1 with err: it is malformed, its name
 * cannot be a login name, or the certificate is somebody's already. */
int certificates_add(struct certificates *certificates, const char *entry, struct origin origin,
                     struct err *err);

/* Adds every line of text, under the rules of lines.h. Returns the number of bad lines. */
size_t certificates_add_text(
    struct certificates *certificates, const char *text, size_t length, const char *file,
    void (*problem)(void *context, struct origin origin, const struct err *err), void *context);

/* Whose certificate it is: its fingerprint's entry (without case, with or without colons), else its
 * subject's (byte by byte), or NULL. Both may be NULL or empty: then it is nobody's. */
const struct certificate *certificates_find(const struct certificates *certificates,
                                            const char *fingerprint, const char *subject);

#endif
