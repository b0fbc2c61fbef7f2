/*
 * web_request: what nginx's auth_request said about somebody who opens a web page, decoded into
 * facts.
 *
 * Pure but for the secret, which it fills. The login is HTTP's Basic (RFC 7617), in the parameter
 * HTTP_AUTHORIZATION; the others are REMOTE_ADDR, HTTPS ("on") and HTTP_X_LISTENER. To policy this
 * is a login of protocol http and method plain.
 */
#ifndef MAILREEVE_WEB_REQUEST_H
#define MAILREEVE_WEB_REQUEST_H

#include "request.h"

/* params: "NAME=VALUE" strings, ends with NULL; changed in place, the password wiped there once it
 * is in the secret. A login that is missing or garbled is in facts.malformed; a parameter that came
 * twice is, too, and leaves the listener unknown, for it is the web server's fault. Always ends
 * with a request to hand to request_fini; facts point into params. */
void web_request_decode(struct request *request_r, char **params);

#endif
