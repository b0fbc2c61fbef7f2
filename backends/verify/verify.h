/*
 * verify: asks the places that can verify a password, behind one table of functions.
 *
 * A source is one `source` section. Kinds ("users", "ldap", "smtp", "imap", "pop3") are rows of
 * source_kinds[]; the folder's README says how to add one. Sources are thread-safe: any number of
 * sessions ask one source at once; a source has a cap on what it may hold and a short memory of
 * "down". Every wait ends at the session's deadline. Only verified facts turn into "wrong
 * password": whatever a source cannot tell is VERIFY_UNAVAILABLE.
 */
#ifndef MAILREEVE_VERIFY_H
#define MAILREEVE_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "challenge.h"
#include "conf.h"
#include "deadline.h"
#include "err.h"
#include "held.h"
#include "mailbox.h"
#include "netaddr.h"
#include "outcome.h"
#include "secret.h"
#include "username.h"
#include "verdict.h"

/* One login to verify. Everything is borrowed for the call. decide_auth has checked name and
 * password: neither is empty, holds a NUL or a control character, or is over-long. */
struct verify_request {
    const struct username *user;
    const struct secret *password;     /* or what was answered to the challenge; NULL: a look-up */
    const struct challenge *challenge; /* CRAM-MD5 and APOP; NULL: password is the password */
    bool wants_clear;        /* the clear password is wanted back, where the source has it */
    struct netaddr client;   /* for servers that want to know; NETADDR_NONE: not known */
    const char *client_helo; /* likewise; NULL: not known */
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
    struct held *held;              /* what account borrows from; NULL: nothing */
    struct secret clear; /* the account's password, if it is wanted and known; empty: it is not */
    bool has_answered; /* VERIFY_UNAVAILABLE is no outage: the source said something about this very
                          account that nobody can judge. Nothing that is remembered stands for it */
    bool was_cached;   /* told from what is remembered ... */
    bool was_stale;    /* ... for longer than usual, because the source does not answer */
};

/* Lets go what account borrows and wipes the rest; result may be reused afterwards. */
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

/* How long a source's answers about logins are kept. */
struct login_lifetimes {
    int64_t right_ms; /* that a password is right; 0: it is over at once */
    int64_t wrong_ms; /* that a password is wrong, or that nobody has the name; 0: not kept */
    bool when_down; /* while the source cannot be asked, an answer "right" that is over is served */
    bool by_client; /* the source hears who the client is, so the answer holds for that one only */
};

/* Whether devices may log in by app passwords in the place of the source's own. */
enum app_passwords {
    APP_PASSWORDS_NO = 0,
    APP_PASSWORDS_ALLOW,
    APP_PASSWORDS_REQUIRE, /* the source is never asked about a password */
};

/* What the app passwords of a name say about a password. Starts all zero. */
struct app_answer {
    enum {
        APP_UNKNOWN = 0, /* it is none of them */
        APP_EXPIRED,     /* it was one of them */
        APP_RIGHT,
    } answer;
    bool has_any;                /* whether the name has app passwords at all */
    const char *name;            /* of the app password; borrowed from held, like the next */
    const struct list *networks; /* it may be used from these only; NULL: from anywhere */
    struct origin origin;        /* its line */
    struct held *held;           /* the asker's to drop */
};

/* What a source holds of its servers now, for metrics. */
struct source_load {
    unsigned servers, servers_down;
    unsigned places, inside, waiting; /* of all its servers: connections or the like */
};

/* What a source was asked and said since it was opened, for metrics. */
struct source_stats {
    uint64_t outcomes[VERIFY_OUTCOMES]; /* answers about logins, by enum verify_outcome */
    uint64_t took_us;                   /* for all of them together */
    uint64_t from_cache;                /* how many of them nobody was asked for */
    uint64_t from_stale_cache;          /* how many stand for "unavailable" */
    uint64_t recipients, recipients_from_cache;
    size_t logins_kept, recipients_kept; /* answers that are remembered now */
    unsigned
        recipients_waiting; /* sessions that wait for what another asks about their recipient */
    struct source_load load;
};

/* What a source calls its accounts, for `check` to warn of. */
enum account_names {
    ACCOUNT_NAMES_WHOLE = 0, /* with a domain, or as its administrator knows */
    ACCOUNT_NAMES_BARE,      /* without a domain */
    ACCOUNT_NAMES_TYPED,     /* as the client typed it, in any of the spellings that find it */
};

/* A kind of source. Functions get what open returned. */
struct source_kind {
    const struct section_type
        *section;     /* the variant of "source"; its variant_word is the kind's name */
    bool asked_first; /* asked for every organization, before the organization's own */

    /* Opens from a checked section; no network yet. NULL: problems tells. */
    void *(*open)(const struct section *section, struct problems *problems);

    /* result_r is zeroed but for rule, which names the section. A challenge comes only if
     * knows_clear says so. */
    void (*verify)(void *self, const struct verify_request *request,
                   struct verify_result *result_r);

    /* What verify would say if the password were right, without one: the account with its limits
     * and addresses, or why it may not log in. NULL: this kind cannot tell. result_r as for verify.
     */
    void (*lookup)(void *self, const struct verify_request *request,
                   struct verify_result *result_r);

    /* Whether lookup can work with these settings. NULL: always. */
    bool (*can_lookup)(const void *self);

    /* For `ambiguous_user`; NULL: this kind cannot tell without a password. */
    enum knowledge (*knows)(void *self, const struct username *user, struct deadline deadline);

    /* Whether with these settings it may know clear passwords, as challenges need them. NULL:
     * never. */
    bool (*knows_clear)(const void *self);

    /* source.c keeps answers about logins for so long. NULL: not at all. */
    struct login_lifetimes (*login_lifetimes)(const void *self);

    /* Whether app passwords are taken in the place of this source's. NULL: no. */
    enum app_passwords (*app_passwords)(const void *self);

    /* Whether a password is one of the app passwords of a name in lower case, whichever source has
     * that name. NULL: this kind keeps none. result_r is zeroed. */
    void (*find_app_password)(void *self, const char *name, const struct secret *password,
                              struct app_answer *answer_r);

    /* Notes that the app password at that line was used. With find_app_password always. */
    void (*use_app_password)(void *self, const struct app_answer *answer);

    /* load_r is zeroed. NULL: nothing to tell. */
    void (*load)(void *self, struct source_load *load_r);

    /* Whether a recipient exists, asked of the world: source.c sees to caching and to one question
     * for many askers. address is "local@domain" in lower case as mailbox_format writes it, with
     * its parts in recipient. NULL: this kind cannot tell. result_r is zeroed. */
    void (*recipient)(void *self, const struct mailbox *recipient, const char *address,
                      struct deadline deadline, struct recipient_result *result_r);

    /* Whether recipient() can work with these settings; err says what is missing. NULL: always. */
    int (*check_recipients)(const void *self, struct err *err);

    /* What goes wrong with these settings if several organizations have the source, and what would
     * be right, for `check` to warn of ("a login name's domain is not looked at ..."). NULL, or
     * returns NULL: nothing. */
    const char *(*warns_shared)(const void *self);

    /* What the accounts are called with these settings. NULL: ACCOUNT_NAMES_WHOLE. */
    enum account_names (*account_names)(const void *self);

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

bool source_knows_clear(const struct source *source);

/* Whether it can tell about an account without a password (source_chain_lookup). */
bool source_can_lookup(const struct source *source);

/* Whether app passwords are taken in the place of the source's own. */
enum app_passwords source_app_passwords(const struct source *source);

/* Whether the source keeps app passwords: those of whatever source. */
bool source_keeps_app_passwords(const struct source *source);

/* Forgets what is remembered about a login name or address (as it was given, or as the account's
 * own name), or about all if name is NULL: about logins and about recipients. Returns how many
 * answers that were. */
size_t source_flush(struct source *source, const char *name);

void source_stats(struct source *source, struct source_stats *stats_r);

/* What goes wrong if several organizations have it, or NULL. */
const char *source_warns_shared(const struct source *source);

enum account_names source_account_names(const struct source *source);

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

/* Whether any of the sources may know clear passwords, and can check a challenge's answer by them.
 */
bool source_chain_knows_clear(const struct source_chain *chain);

/* Asks the chain about an account without a password (EXTERNAL; which addresses a user owns), under
 * the rules of source_chain_verify. Sources that cannot tell by their kind are passed over:
 * VERIFY_UNKNOWN_USER says that of those that can tell nobody knows the name, or, with
 * could_tell_r false, that none of the organization's own can (the names of an organization that
 * has sources are not expected in a users file). */
void source_chain_lookup(const struct source_chain *chain, const struct verify_request *request,
                         struct verify_result *result_r, bool *could_tell_r,
                         struct verify_asked *asked_r);

/* Asks the chain: unknown goes on to the next source; unavailable is remembered, goes on, and makes
 * everything but a later OK unavailable. Any other outcome ends the questions, and so does whatever
 * a first source knows. An empty chain knows nobody: VERIFY_UNKNOWN_USER. Before a source that
 * takes app passwords is asked, those that the first sources keep are; one that is right stands for
 * the password, and the source is asked about the account alone. A login that nobody knew takes as
 * long as one that the last source that can pretend knows. result_r need not be initialised; call
 * verify_result_fini on it. asked_r may be NULL. */
void source_chain_verify(const struct source_chain *chain, const struct verify_request *request,
                         struct verify_result *result_r, struct verify_asked *asked_r);

/* Whether a session that asks us about a recipient ("local@domain") is our own, come back to us
 * because an smtp source leads to a front door that asks us: it greets with the name that we greet
 * with (NULL: none was told) and asks what we are asking such a server at this moment. Cases are
 * alike. Such a question must be answered at once and as temporary: nobody else will answer it. */
bool verify_is_own_question(const char *helo, const char *subject);

/* The same about a login by smtp, of which nginx does not tell what it greeted with: we are asking
 * such a server about that name and password at this moment, from the address that the client has,
 * for somebody who has another one; or for clients at that same address, and more than once.
 * password NULL: the client answers a challenge, so any will do. A stranger who does not know the
 * password cannot make a program beside us, which does, look like us. */
bool verify_is_own_login(const struct netaddr *client, const char *user, const char *password,
                         size_t password_length);

/* The same about a login by IMAP or POP3 with a password, which imap and pop3 sources ask about: so
 * many of it are on their way at this moment that no program beside us can be meant. */
bool verify_is_own_mailbox_login(const struct netaddr *client, const char *user,
                                 const char *password, size_t password_length);

#endif
