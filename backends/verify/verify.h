/*
 * verify: asks the places that can verify a password, behind one table of functions.
 *
 * A source is one `source` section. Kinds ("users", "ldap", "smtp") are rows of source_kinds[]; the
 * folder's README says how to add one. Sources are thread-safe: any number of sessions ask one
 * source at once; a source has a cap on what it may hold and a short memory of "down". Every wait
 * ends at the session's deadline. Only verified facts turn into "wrong password": whatever a source
 * cannot tell is VERIFY_UNAVAILABLE.
 */
#ifndef MAILREEVE_VERIFY_H
#define MAILREEVE_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "deadline.h"
#include "err.h"
#include "mailbox.h"
#include "outcome.h"
#include "secret.h"
#include "username.h"
#include "verdict.h"

/* One login to verify. Everything is borrowed for the call. decide_auth has checked name and
 * password: neither is empty, holds a NUL or a control character, or is over-long. */
struct verify_request {
    const struct username *user;
    const struct secret *password;
    struct deadline deadline;
};

enum { VERIFY_DETAIL_MAX = 256, VERIFY_ASKED_MAX = 16 };

/* What one source or the whole chain said. Starts all zero: unavailable. Whoever called
 * source_chain_verify ends it with verify_result_fini, before the source is closed. */
struct verify_result {
    enum verify_outcome outcome;
    bool wrong_may_be_unknown; /* this VERIFY_WRONG_PASSWORD may also mean an unknown user (SMTP's
                                  535, LDAP's bind by user_dn), so the chain goes on */
    struct account account;    /* filled if the source knows the account */
    struct rule_ref
        rule; /* names the source (or the users file's line) that spoke last or decided */
    char detail[VERIFY_DETAIL_MAX]; /* for the log: why unavailable, which LDAP result; no secrets,
                                       not escaped */
    void *held;                     /* what account borrows from; NULL: nothing */
    void (*drop)(void *held);
};

/* Lets go what account.networks borrows; result may be reused afterwards. */
void verify_result_fini(struct verify_result *result);

/* What each source of a chain said, for the audit line and `mailreeve login`. */
struct verify_asked {
    size_t count;
    struct {
        const char *source;
        enum verify_outcome outcome;
        int64_t took_us;
        char detail[VERIFY_DETAIL_MAX];
    } steps[VERIFY_ASKED_MAX];
};

struct source; /* an opened source: its section, its kind and the kind's own state */

/* Whether mail for an address would be taken. Starts all zero. */
struct recipient_result {
    enum knowledge knowledge;    /* never KNOWLEDGE_NOT_ASKED once a source has been asked */
    char name[USERNAME_MAX + 1]; /* the account's one name, to which all its addresses lead; ""
                                    where the source cannot tell (SMTP) or several entries match */
    bool was_cached;
    char detail[VERIFY_DETAIL_MAX]; /* for the log; not escaped */
};

/* How long an answer about a recipient is kept. */
struct recipient_lifetimes {
    int64_t known_ms, unknown_ms; /* 0: not kept */
};

/* A kind of source. Functions get what open returned. */
struct source_kind {
    const struct section_type
        *section;     /* the variant of "source"; its variant_word is the kind's name */
    bool asked_first; /* asked for every organization, before the organization's own */

    /* Opens from a checked section; no network yet. NULL: problems tells. */
    void *(*open)(const struct section *section, struct problems *problems);

    /* result_r is zeroed but for rule, which names the section. */
    void (*verify)(void *self, const struct verify_request *request,
                   struct verify_result *result_r);

    /* For `ambiguous_user`; NULL: this kind cannot tell without a password. */
    enum knowledge (*knows)(void *self, const struct username *user, struct deadline deadline);

    /* Whether a recipient exists, asked of the world: source.c sees to caching and to one question
     * for many askers. address is "local@domain" in lower case as mailbox_format writes it, with
     * its parts in recipient. NULL: this kind cannot tell. result_r is zeroed. */
    void (*recipient)(void *self, const struct mailbox *recipient, const char *address,
                      struct deadline deadline, struct recipient_result *result_r);

    /* Whether recipient() can work with these settings; err says what is missing. NULL: always. */
    int (*check_recipients)(const void *self, struct err *err);

    /* NULL: answers are not kept. */
    struct recipient_lifetimes (*recipient_lifetimes)(const void *self);

    /* Spends the time that verifying a known name would take, after nobody knew the name; NULL:
     * this kind takes the same time for both. */
    void (*pretend)(void *self, const struct verify_request *request);

    void (*close)(void *self);
};

extern const struct source_kind *const source_kinds[]; /* ends with NULL */

/* The section type "source" with the kinds of source_kinds[] as its variants. */
extern const struct section_type source_section;

/* Returns NULL if the section does not open; problems tells. section outlives the source. */
struct source *source_open(const struct section *section, struct problems *problems);
void source_close(struct source *source); /* NULL is allowed */
const char *source_name(const struct source *source);
bool source_is_asked_first(const struct source *source);

/* Whether the source can tell which recipients exist. Returns 0, or -1 with err. */
int source_check_recipients(const struct source *source, struct err *err);

/* Asks whether a recipient exists, in the cache first. Many who ask about one address at a time
 * cost one question to the world, whose answer all of them get. result_r need not be initialised.
 */
void source_recipient(struct source *source, const struct mailbox *recipient,
                      struct deadline deadline, struct recipient_result *result_r);

/* The sources of one organization in the order they are asked. */
struct source_chain;

enum ambiguous_user { AMBIGUOUS_REFUSE = 0, AMBIGUOUS_FIRST };

/* Borrows sources, which must outlive the chain; never NULL. first are those asked before all
 * (users files), then the organization's. */
struct source_chain *source_chain_create(struct source *const *first, size_t first_count,
                                         struct source *const *own, size_t own_count,
                                         enum ambiguous_user ambiguous);
void source_chain_free(struct source_chain *chain);

/* Whether one of the organization's own sources knows a recipient (for `shared_with`): they are
 * asked in turn until one knows it; one that could not tell is remembered. Those asked before all
 * are left out: a name in our own users file is on no other server. So are sources that cannot tell
 * by their kind or settings: nobody there knows anybody, and only a sender who was found is exempt.
 */
enum knowledge source_chain_knows(const struct source_chain *chain, const struct mailbox *recipient,
                                  struct deadline deadline);

/* Whether any of the organization's own sources can tell. */
bool source_chain_can_tell(const struct source_chain *chain);

/* Asks the chain: unknown goes on to the next source; unavailable is remembered, goes on, and makes
 * everything but a later OK unavailable. Any other outcome ends the questions, and so does whatever
 * a first source knows. An empty chain knows nobody: VERIFY_UNKNOWN_USER. A login that nobody knew
 * takes as long as one that the users file knows. result_r need not be initialised; call
 * verify_result_fini on it. asked_r may be NULL. */
void source_chain_verify(const struct source_chain *chain, const struct verify_request *request,
                         struct verify_result *result_r, struct verify_asked *asked_r);

#endif
