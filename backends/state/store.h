/*
 * store: what all processes of a host (lmdb) or of a cluster (redis) remember, behind one table of
 * functions.
 *
 * Thread-safe. A caller hands over a batch of operations: they happen one after the other with
 * nobody else's in between, later ones can hang on what earlier ones found, and all of it is one
 * transaction of the file or one round trip to the server. So "register and read" is one call, and
 * a session phase is one batch. Operations know nothing about mail: bans.c, windows.c and
 * screening.c say what is counted.
 *
 * Nobody waits longer than the deadline or the store's own timeout. A store that cannot be asked is
 * "down": that is logged once a minute and raised as an alarm, and it is tried again after a
 * growing while; who asks meanwhile hears so at once. What to do then is the caller's: counters and
 * bans count as unknown, windows as closed. One that is full is not down: only a batch that takes
 * room fails, as a whole.
 *
 * Times are clock_wall_ms(), handed in: they outlive a restart and are compared between hosts,
 * whose clocks must agree to a second or so.
 */
#ifndef MAILREEVE_STORE_H
#define MAILREEVE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deadline.h"
#include "err.h"
#include "netaddr.h"
#include "tls.h"

/* What is kept apart, with its own bounds: what one space holds never pushes out another's. */
enum store_space {
    STORE_BANS = 0, /* struct store_ban by network; none goes before its time, but one that is over
                       may be forgotten sooner where there is no room for another */
    STORE_WINDOWS,  /* records; the oldest go first where there are too many */
    STORE_KNOWN,    /* records; likewise */
    STORE_COUNTERS, /* counters and sets; likewise */
    STORE_LOGINS,   /* counters; likewise. Anybody can make as many as he likes without failing */
    STORE_DRAINS,   /* records; none goes before its time */
    STORE_SPACES
};

enum { STORE_KEY_MAX = 64, STORE_VALUE_MAX = 1024, STORE_MEMBERS_MAX = 256 };

/* Bytes; made by key.h. */
struct store_key {
    unsigned char bytes[STORE_KEY_MAX];
    size_t length;
};

enum store_action {
    /* A record that has not expired: hit, and value_r, if that is not NULL. */
    STORE_GET = 1,
    STORE_PUT,    /* writes value, for lifetime_ms; 0: removes what is there. hit: there was
                     room for it; only STORE_DRAINS may have none */
    STORE_REMOVE, /* a record, counter, set or ban; hit: it was there and not over */
    /* A counter: the sum of what was added within the last window_ms (forgotten at the latest an
     * eighth of the window later, never earlier). Adds amount, which may be 0 or negative, at at_ms
     * (0: now); the sum never gets below 0. count is the sum afterwards; hit: most > 0 and count >=
     * most. What was added at a time is taken back by adding the negative at the same at_ms (if
     * that is forgotten already, nothing happens); a negative amount with at_ms 0 takes what was
     * added last; what another counter holds is taken by `take`. Amount 0 without take only reads.
     */
    STORE_COUNT,
    /* The same, but adds only if the sum before (and that of `plus`) is less than most; hit: it is
     * not, and nothing was added. */
    STORE_ADMIT,
    /* A set of members, each for window_ms from when it was put in last, at most STORE_MEMBERS_MAX
     * of them (the oldest goes). amount 1: puts member in; 0: only reads; -1: takes it out. count
     * is how many there are afterwards; was_there: the member was; hit as with STORE_COUNT, but
     * with hit_if_there: was_there. */
    STORE_MARK,
    /* The same, but puts a new member in only if there are fewer than most; hit: there are not, and
     * it is not one of them. */
    STORE_ADMIT_MEMBER,
    /* Bans. The longest network with a ban that has not ended and that has the address: hit and
     * ban_r. Bans whose maker is not in makers (if that is not 0) are passed over: a shorter
     * network's may hold. */
    STORE_FIND_BAN,
    /* An offence of a network: bans it until now + the length that belongs to the offence (the last
     * for all later ones); while it is banned, by one of makers, it stays so for as long as it
     * was. Offences are forgotten once the ban has been over for as long as the last of the
     * lengths. hit: it was not banned before; ban_r is the ban in force, zero if there was no room
     * for one more. */
    STORE_OFFEND,
    /* Writes ban as it is, whatever was there; offences 0: those stay that were there, of a ban
     * that is over as well. hit: there was room for it. */
    STORE_SET_BAN,
};

/* Who made a ban. */
enum ban_maker { BAN_BY_COUNT = 0, BAN_BY_LISTENER, BAN_BY_HAND };

enum { BAN_REASON_MAX = 80 };

struct store_ban {
    struct netprefix network;
    int64_t since_ms, until_ms; /* INT64_MAX: for ever */
    uint32_t offences;
    enum ban_maker maker;
    char reason[BAN_REASON_MAX]; /* a reason id, or what a person wrote */
};

/* The bytes of a record. */
struct store_value {
    unsigned char bytes[STORE_VALUE_MAX];
    size_t length;
};

/* How long offences ban. */
struct ban_lengths {
    const int64_t *ms;
    size_t count; /* at least 1 */
};

/* One operation of a batch; zeroed but for what its action reads. Indexes of operations count from
 * 1, 0 is none, and name earlier ones of the batch. */
struct store_op {
    enum store_action action;
    enum store_space space;
    struct store_key key;     /* all but those about bans */
    struct netprefix network; /* bans; FIND_BAN: an address with its full length */

    unsigned if_hit,
        unless_hit; /* run only if that one was run and hit, was not hit (or not run) */
    bool ends;      /* if this hits, no later operation is run */

    int64_t window_ms, at_ms, amount, most;
    unsigned plus;     /* ADMIT: its count is added to the sum that is held against most */
    unsigned take;     /* COUNT: what the counter of that COUNT (same window_ms) holds is taken off
                          this one, each amount at the time at which it was added, so that neither
                          is forgotten sooner than the other; no time's amount gets below 0 */
    uint64_t member;   /* MARK, ADMIT_MEMBER */
    bool hit_if_there; /* MARK */
    unsigned makers;   /* FIND_BAN, OFFEND: mask of 1u << enum ban_maker whose bans hold; 0: all */

    const void *value; /* PUT */
    size_t value_length;
    int64_t lifetime_ms;

    struct ban_lengths lengths; /* OFFEND, and of ban: reason and maker */
    struct store_ban ban;       /* SET_BAN; OFFEND */

    /* Results; zero if it was not run. */
    bool was_run, hit, was_there;
    int64_t count;
    struct store_value *value_r; /* GET: the caller's; NULL: only whether it is there is asked */
    struct store_ban ban_r;
};

enum store_engine_name { STORE_LMDB = 0, STORE_REDIS };

enum { STORE_SENTINELS_MAX = 8 };

/* Borrowed while the store is open, but for store_open's own copies. */
struct store_settings {
    enum store_engine_name engine;
    bool is_unset;             /* nobody has chosen: these are the defaults */
    const char *path;          /* lmdb: a folder, made if its parent is there */
    int64_t size_bytes;        /* lmdb: of the file, all of it taken from the disk at once */
    const char *url;           /* redis: "redis://[user:password@]host[:port][/db]", "unix:/path" */
    const char *password_file; /* redis; NULL: none, or in the url */
    bool has_tls;              /* redis: towards the sentinels, too */
    struct tls_settings tls;   /* redis: with has_tls */
    const char *const *sentinels; /* redis: "host:port"; they know where the master is */
    size_t sentinel_count;        /* 0: none, url names the server */
    const char *sentinel_master;  /* the name that they know it by */
    const char *prefix;           /* redis: before every key */
    int64_t connections;          /* redis: at most */
    int64_t timeout_ms;           /* one batch, connecting included */
};

struct store;

/* Says what is wrong with settings that can never work (a url that is none, a certificate
 * that cannot be read). Returns 0 or -1. */
int store_check(const struct store_settings *settings, struct err *err);

/* Copies the settings. Never fails for an outage: the store is down then. is_service: mends what is
 * broken (a corrupt file is moved aside if nobody else has it open) and keeps a thread that syncs,
 * sweeps and connects again; else the store is as it is found, for a command. NULL, with err, only
 * if store_check would refuse. */
struct store *store_open(const struct store_settings *settings, bool is_service, struct err *err);
void store_close(struct store *store); /* NULL is allowed */

/* Runs a batch at the time now_ms. Returns 0, or -1: the store could not be asked, nothing is known
 * to have happened; err (may be NULL) says why. */
int store_run(struct store *store, struct store_op *ops, size_t count, int64_t now_ms,
              struct deadline deadline, struct err *err);

/* One record of a list; ban for STORE_BANS, else key and value. Returns whether to go on. */
struct store_item {
    struct store_key key;
    const void *value;
    size_t value_length;
    struct store_ban ban;
};
typedef bool store_visit(void *context, const struct store_item *item);

/* Visits all that has not expired at now_ms in STORE_BANS, STORE_WINDOWS or STORE_DRAINS, in no
 * order; it may happen in pieces, so what changes meanwhile may be seen, or seen twice, or not.
 * Returns 0 or -1. */
int store_list(struct store *store, enum store_space space, int64_t now_ms,
               struct deadline deadline, store_visit *visit, void *context, struct err *err);

/* 32 random bytes that all processes on this store share, for keyed digests; made by the first.
 * Returns 0 or -1. */
enum { STORE_SALT_BYTES = 32 };
int store_salt(struct store *store, unsigned char salt_r[STORE_SALT_BYTES],
               struct deadline deadline);

struct store_status {
    const char *engine; /* "lmdb" */
    bool is_up;
    int64_t down_since_ms; /* wall clock; 0: it is up */
    bool is_full;          /* redis: what takes room is refused */
    char error[256];       /* of the last failure while down or full, "" else */
    uint64_t batches, failures;
    uint64_t took_us;               /* for all batches */
    int64_t held[STORE_SPACES];     /* how many there are; -1: not known */
    int64_t used_bytes, size_bytes; /* lmdb: of the file; 0: not known */
};
void store_status(struct store *store, struct store_status *status_r);

/* What run, list and tick of an engine return beside 0 and -1, with err: it is up, but has no room
 * for what is to be written; nothing was. */
enum { STORE_FULL = -2 };

/* An engine. Functions get what open returned. They need not know about being down: store.c does.
 */
struct store_engine {
    const char *name;
    int (*check)(const struct store_settings *settings, struct err *err);
    /* Never NULL; connects or opens nothing yet. settings are store.c's copies and stay. */
    void *(*create)(const struct store_settings *settings, bool is_service);
    int (*run)(void *self, struct store_op *ops, size_t count, int64_t now_ms,
               struct deadline deadline, struct err *err);
    int (*list)(void *self, enum store_space space, int64_t now_ms, struct deadline deadline,
                store_visit *visit, void *context, struct err *err);
    int (*salt)(void *self, unsigned char salt_r[STORE_SALT_BYTES], struct deadline deadline,
                struct err *err);
    /* Called about twice a second in the store's own thread: sync, sweep, look whether the file or
     * server is still the one. -1: it is down. */
    int (*tick)(void *self, int64_t now_ms, struct deadline deadline, struct err *err);
    void (*status)(void *self, struct store_status *status_r); /* fills held, bytes */
    void (*free)(void *self);
};

extern const struct store_engine store_lmdb, store_redis;

#endif
