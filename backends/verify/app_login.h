/*
 * app_login: a login by an app password, in the place of asking one source about the password.
 *
 * Not thread-safe: one session's own. App passwords are kept by the sources that are asked first
 * (users files), for the accounts of any source that takes them; such a source is then asked about
 * the account alone. A name's app passwords are those of the login name and those of the account's
 * own name, which a look-up tells, with the login's domain where it has none.
 *
 *     kept password is      allow                       require
 *     right                 looked up                   looked up
 *     expired               looked up, then refused     looked up, then refused
 *     none of them          the source is asked         looked up, then wrong
 *     none, with the form   looked up, then wrong       looked up, then wrong
 *
 * The last row: a phone whose password was revoked goes on trying it, which must not lock the
 * account in the directory.
 */
#ifndef MAILREEVE_APP_LOGIN_H
#define MAILREEVE_APP_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "source.h"

struct app_login {
    /* set once; borrowed */
    struct source *const *keepers;
    size_t keeper_count;
    const struct verify_request *request;
    bool has_form;
    /* what is known so far */
    bool was_asked;              /* for the login name */
    struct app_answer by_login;  /* for the login name */
    struct source *login_keeper; /* who gave that */
    struct app_answer right; /* the one that the last source's OK is by, or has answer UNKNOWN */
    struct source *right_keeper;
};

/* keepers: some of them may keep no app passwords. */
void app_login_begin(struct app_login *login, struct source *const *keepers, size_t keeper_count,
                     const struct verify_request *request);
void app_login_end(struct app_login *login);

/* Returns whether result_r is what the source says; if not, it is to be asked about the password.
 * result_r need not be initialised. Challenges are not for app passwords. */
bool app_login_ask(struct app_login *login, struct source *source, struct verify_result *result_r,
                   struct verify_asked *asked);

/* Notes that the app password was used by which the last source said OK, if one was. */
void app_login_use(struct app_login *login);

#endif
