/*
 * request: what nginx said about a session, decoded into facts.
 *
 * Pure but for the secret, which it fills. nginx mail percent-encodes user and password and nothing
 * else; a NUL arrives as %00 and stays visible, because lengths are kept. The parameters are
 * changed in place: decoded, and the password wiped once it is in the secret. Facts point into
 * them, so they live no longer than the parameters.
 */
#ifndef MAILREEVE_REQUEST_H
#define MAILREEVE_REQUEST_H

#include "challenge.h"
#include "decide.h"
#include "secret.h"

struct request {
    struct facts facts;
    struct secret password;     /* what facts.password points to */
    struct challenge challenge; /* that the password answers; salt NULL: it answers none */
    const char *helo; /* of the client; NULL: nginx did not say, as with AUTH (measured) */
    /* The PROXY protocol has named another client than the one that nginx believes it to be: who
     * said so is no balancer that nginx trusts. */
    bool is_client_doubted;
};

/* params: "NAME=VALUE" strings, ends with NULL. What is wrong with the request is in
 * facts.malformed. When the method is none, user and password are not looked at, nor is the
 * password with EXTERNAL: nginx sends those of an earlier, refused AUTH (measured). Always ends
 * with a request to hand to request_fini. */
void request_decode(struct request *request_r, char **params);

void request_fini(struct request *request);

/* An address as the web server writes it; none if it is not one (unix:, NULL). */
void request_decode_client(const char *value, struct facts *facts);

#endif
