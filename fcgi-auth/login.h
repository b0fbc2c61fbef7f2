/*
 * login: asks the sources about one login that decide_auth has let pass: whether the password or
 * the answer to a challenge is right, or, where a client certificate has said who it is, whether
 * that account may log in.
 *
 * Runs in a session's thread; waits at most until the deadline.
 */
#ifndef MAILREEVE_LOGIN_H
#define MAILREEVE_LOGIN_H

#include "decide.h"
#include "request.h"
#include "site.h"

/* session is for the log. The account's clear password is asked for where nginx cannot log in
 * without, or would log in with an app password. result_r need not be initialised; call
 * verify_result_fini on it. */
void login_verify(const struct site *site, const char *session, struct deadline deadline,
                  const struct request *request, const struct decision *decision,
                  struct verify_result *result_r);

/* Whether an accepted login lacks the clear password that nginx needs. */
bool login_lacks_password(const struct facts *facts, const struct decision *decision,
                          const struct verify_result *result);

#endif
