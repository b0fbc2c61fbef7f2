/*
 * ldap_entry: which attributes of an entry are asked for, and what their values say.
 *
 * Thread-safe. Only what a question needs is asked for: a plain login costs no more than it must. A
 * value that makes no sense is nobody's permission: the account cannot be judged then.
 */
#ifndef MAILREEVE_LDAP_ENTRY_H
#define MAILREEVE_LDAP_ENTRY_H

#include "ldap_door.h"
#include "ldap_settings.h"
#include "verify.h"

/* What a question may want of an entry. */
enum {
    LDAP_WANT_NAME = 1,      /* the account's one name */
    LDAP_WANT_LIMITS = 2,    /* its networks, its server, its groups */
    LDAP_WANT_ADDRESSES = 4, /* those it owns */
    LDAP_WANT_MARKS = 8,     /* whether the directory says that it is shut */
    LDAP_WANT_PASSWORD = 16,
};

/* Attributes and where each of them is. Names are borrowed from settings or constant. */
struct ldap_wanted {
    const char *attributes[LDAP_ATTRIBUTES_MAX];
    size_t count;
    /* places among them; -1: not wanted */
    int name, networks, route, member_of, uid, password;
    int mail[LDAP_MAIL_ATTRIBUTES_MAX];
    int marks[LDAP_MARKS_MAX];
};

/* wants: LDAP_WANT_* of which those that are set are asked for. */
void ldap_wanted_init(struct ldap_wanted *wanted, const struct ldap_settings *settings,
                      unsigned wants);

/* The values of the attribute at a place; none if it is not wanted. */
const struct ldap_values *ldap_entry_values(const struct ldap_found *found, int place);

/* Reads the account's one name: the login name if no attribute is it. Returns 0, or -1 with err:
 * the entry says nothing that may be a name. */
int ldap_entry_name(const struct ldap_settings *settings, const struct ldap_wanted *wanted,
                    const struct ldap_found *found, const struct username *login,
                    struct username *name_r, struct err *err);

/* Fills result->account, and result->held with what that borrows; what was there before is let go.
 * Returns 0, or -1 with err: a value makes no sense. */
int ldap_entry_account(const struct ldap_settings *settings, const struct ldap_wanted *wanted,
                       const struct ldap_found *found, const struct username *login,
                       struct origin origin, struct verify_result *result, struct err *err);

/* Whether the directory itself says that nobody may log in: its outcome, else VERIFY_OK.
 * VERIFY_UNAVAILABLE with err: a mark makes no sense. */
enum verify_outcome ldap_entry_marks(const struct ldap_settings *settings,
                                     const struct ldap_wanted *wanted,
                                     const struct ldap_found *found, long long wall_s,
                                     struct err *err);

#endif
