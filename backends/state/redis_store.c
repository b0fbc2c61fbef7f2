/*
 * The engine "redis": a batch is one script and one round trip. What a server answers that is not
 * what the script returns is "could not be asked", and that connection is closed; but for the
 * answer that there is no room for what the batch writes, of which all others know nothing.
 */
#include "store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "endpoint.h"
#include "redis_batch.h"
#include "redis_pool.h"
#include "redis_pulse.h"
#include "redis_url.h"

enum { SHA_TEXT = 41, LOOK_TICKS = 4, LOOK_MS = 200, SWEEP_TURNS = 16 };

struct redis_store {
    /* set once */
    const char *prefix;
    struct redis_pool *pool;
    char sha[SHA_TEXT]; /* of the script; "": this machine's OpenSSL has no SHA-1 */

    unsigned ticks; /* the store's thread's own */
    atomic_int_least64_t bans, windows, drains;
    pthread_mutex_t lock;
    /* under lock */
    bool has_salt;
    unsigned char salt[STORE_SALT_BYTES];
};

static int
check_sentinels(const struct store_settings *settings, struct err *err)
{
    struct endpoint_text parsed;
    for (size_t i = 0; i < settings->sentinel_count; i++) {
        if (endpoint_parse(settings->sentinels[i], REDIS_SENTINEL_PORT, &parsed, err) == 0)
            continue;
        err_wrap(err, "sentinels");
        return -1;
    }
    const bool has_name = settings->sentinel_master != NULL && settings->sentinel_master[0] != '\0';
    if (has_name == (settings->sentinel_count > 0))
        return 0;
    err_set(err, has_name ? "master without sentinels (set sentinels, or name the server in url)"
                          : "sentinels without master (set it to the name that they know it by)");
    return -1;
}

/* Settings of TLS without TLS would make somebody believe that he has it. */
static int
check_tls(const struct store_settings *settings, struct err *err)
{
    const struct tls_settings *tls = &settings->tls;
    const bool has_tls = settings->has_tls;
    if (!has_tls && (tls->ca_file != NULL || tls->cert_file != NULL || tls->key_file != NULL ||
                     tls->no_verify)) {
        err_set(err, "settings of TLS without TLS (set tls = \"implicit\")");
        return -1;
    }
    if (has_tls && settings->url != NULL && strncmp(settings->url, "unix:", 5) == 0 &&
        settings->sentinel_count == 0) {
        err_set(err, "TLS at a unix socket (leave tls out, or write redis://HOST:PORT)");
        return -1;
    }
    struct tls_context *context = has_tls ? tls_context_create(tls, err) : NULL;
    const int result = has_tls && context == NULL ? -1 : 0;
    tls_context_free(context);
    return result;
}

static int
redis_store_check(const struct store_settings *settings, struct err *err)
{
    struct redis_url url;
    if (settings->prefix != NULL && strlen(settings->prefix) > REDIS_PREFIX_MAX) {
        err_set(err, "prefix has more than %d bytes", REDIS_PREFIX_MAX);
        return -1;
    }
    if (settings->url == NULL && settings->sentinel_count == 0) {
        err_set(err, "no url (write redis://HOST:PORT or unix:/PATH)");
        return -1;
    }
    if (redis_url_parse(redis_pool_url(settings), &url, err) != 0)
        return -1;
    const bool in_url = url.password.length > 0, in_file = settings->password_file != NULL;
    redis_url_fini(&url);
    if (in_url && in_file) {
        err_set(err, "a password both in url and in password_file (keep one of them)");
        return -1;
    }
    if (url.user[0] != '\0' && !in_url && !in_file) {
        err_set(err, "a user in url without a password (set password_file)");
        return -1;
    }
    return check_sentinels(settings, err) != 0 ? -1 : check_tls(settings, err);
}

static void *
redis_store_create(const struct store_settings *settings, bool is_service)
{
    (void)is_service; /* the server is nobody's to mend */
    struct redis_store *store = xcalloc(1, sizeof *store);
    store->prefix = settings->prefix != NULL ? settings->prefix : "";
    store->pool = redis_pool_create(settings);
    pthread_mutex_init(&store->lock, NULL);
    atomic_init(&store->bans, -1);
    atomic_init(&store->windows, -1);
    atomic_init(&store->drains, -1);

    unsigned char digest[DIGEST_MAX];
    const struct bytes script = {redis_script, strlen(redis_script)};
    if (digest_hash(DIGEST_SHA1, &script, 1, digest) == 0)
        for (size_t i = 0; i < digest_length(DIGEST_SHA1); i++)
            snprintf(store->sha + 2 * i, 3, "%02x", digest[i]);
    return store;
}

static void
redis_store_free(void *self)
{
    struct redis_store *store = self;
    redis_pool_free(store->pool);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

/* Sends a command and reads its reply. Returns NULL with err. */
static struct redis_reply *
ask(struct redis_link *link, const struct bytes *words, size_t count, struct deadline deadline,
    struct err *err)
{
    if (redis_link_send(link, words, count, deadline, err) != 0)
        return NULL;
    return redis_link_receive(link, deadline, err);
}

static bool
lacks_script(const struct redis_reply *reply)
{
    return reply != NULL && reply->kind == REDIS_ERROR &&
           strncmp(reply->text, "NOSCRIPT", strlen("NOSCRIPT")) == 0;
}

/* Runs the script, which the server may have forgotten. Returns 0 with its reply, or -1 or
 * STORE_FULL with err. */
static int
run_script(const struct redis_store *store, struct redis_link *link, struct redis_words *words,
           struct deadline deadline, struct redis_reply **reply_r, struct err *err)
{
    struct redis_reply *reply = NULL;
    if (store->sha[0] != '\0') {
        words->words[0] = redis_word("EVALSHA");
        words->words[1] = redis_word(store->sha);
        reply = ask(link, words->words, words->count, deadline, err);
    }
    if (store->sha[0] == '\0' || lacks_script(reply)) {
        redis_reply_free(reply);
        words->words[0] = redis_word("EVAL");
        words->words[1] = redis_word(redis_script);
        reply = ask(link, words->words, words->count, deadline, err);
    }
    *reply_r = reply;
    if (reply == NULL)
        return -1;
    if (reply->kind == REDIS_ARRAY)
        return 0;
    int result = redis_link_is_full(reply) ? STORE_FULL : -1;
    redis_link_refused(link, reply, err);
    redis_reply_free(reply);
    *reply_r = NULL;
    return result;
}

/* Gives back a connection that answered as it should, drops another one. */
static void
leave(struct redis_store *store, struct redis_link *link, bool is_good)
{
    if (is_good)
        redis_pool_give_back(store->pool, link);
    else
        redis_pool_drop(store->pool, link);
}

static int
redis_store_run(void *self, struct store_op *ops, size_t count, int64_t now_ms,
                struct deadline deadline, struct err *err)
{
    struct redis_store *store = self;
    struct redis_link *link = redis_pool_take(store->pool, deadline, err);
    if (link == NULL)
        return -1;
    struct redis_words words;
    redis_words_of_batch(&words, store->prefix, now_ms, ops, count);
    struct redis_reply *reply;
    int result = run_script(store, link, &words, deadline, &reply, err);
    if (result == 0)
        result = redis_batch_read(reply, ops, count, err);
    leave(store, link, result != -1);
    redis_reply_free(reply);
    redis_words_fini(&words);
    return result;
}

static int
redis_store_list(void *self, enum store_space space, int64_t now_ms, struct deadline deadline,
                 store_visit *visit, void *context, struct err *err)
{
    struct redis_store *store = self;
    struct redis_link *link = redis_pool_take(store->pool, deadline, err);
    if (link == NULL)
        return -1;
    char cursor[REDIS_CURSOR_MAX] = "0";
    int result = 1;
    while (result > 0) {
        struct redis_words words;
        redis_words_of_page(&words, store->prefix, now_ms, space, cursor);
        struct redis_reply *reply;
        result = run_script(store, link, &words, deadline, &reply, err);
        if (result == 0)
            result = redis_page_read(reply, space, visit, context, cursor, err);
        redis_reply_free(reply);
        redis_words_fini(&words);
    }
    leave(store, link, result == 0);
    return result;
}

/* Looks whether the server is there, and keeps what it says. Returns 0, -1 or STORE_FULL. */
static int
refresh(struct redis_store *store, int64_t now_ms, struct deadline deadline, int64_t *over_r,
        struct err *err)
{
    unsigned char salt[STORE_SALT_BYTES];
    struct redis_link *link = redis_pool_take(store->pool, deadline, err);
    if (link == NULL)
        return -1;
    pthread_mutex_lock(&store->lock);
    if (store->has_salt)
        memcpy(salt, store->salt, sizeof salt);
    else
        digest_random(salt, sizeof salt);
    pthread_mutex_unlock(&store->lock);

    struct redis_pulse pulse;
    int result = redis_pulse_take(link, store->prefix, salt, now_ms, &pulse, deadline, err);
    leave(store, link, result != -1);
    if (result == -1)
        return -1;
    pthread_mutex_lock(&store->lock);
    memcpy(store->salt, pulse.salt, sizeof store->salt);
    store->has_salt = true;
    pthread_mutex_unlock(&store->lock);
    atomic_store(&store->bans, pulse.bans);
    atomic_store(&store->windows, pulse.windows);
    atomic_store(&store->drains, pulse.drains);
    *over_r = pulse.over;
    return result;
}

/* Forgets what is over, of so many; other hosts may be about the same. What is left is for the next
 * tick. Returns 0 or -1. */
static int
sweep(struct redis_store *store, int64_t now_ms, int64_t over, struct deadline deadline,
      struct err *err)
{
    int result = 0;
    if (over == 0)
        return 0;
    struct redis_link *link = redis_pool_take(store->pool, deadline, err);
    if (link == NULL)
        return -1;
    for (int i = 0; i < SWEEP_TURNS && over > 0 && result == 0; i++, over -= REDIS_SWEEP_MAX) {
        struct redis_words words;
        struct redis_reply *reply;
        redis_words_of_sweep(&words, store->prefix, now_ms);
        result = run_script(store, link, &words, deadline, &reply, err);
        redis_reply_free(reply);
        redis_words_fini(&words);
    }
    leave(store, link, result == 0);
    return result;
}

static int
redis_store_tick(void *self, int64_t now_ms, struct deadline deadline, struct err *err)
{
    struct redis_store *store = self;
    if (store->ticks++ % LOOK_TICKS == 0)
        redis_pool_look(store->pool, deadline_sooner(deadline, LOOK_MS));
    int64_t over = 0;
    struct err failure = {.text = ""};
    int result = refresh(store, now_ms, deadline, &over, err);
    if (result != -1 && sweep(store, now_ms, over, deadline, &failure) != 0) {
        *err = failure;
        return -1;
    }
    return result;
}

static int
redis_store_salt(void *self, unsigned char salt_r[STORE_SALT_BYTES], struct deadline deadline,
                 struct err *err)
{
    struct redis_store *store = self;
    pthread_mutex_lock(&store->lock);
    bool has_salt = store->has_salt;
    memcpy(salt_r, store->salt, STORE_SALT_BYTES);
    pthread_mutex_unlock(&store->lock);
    if (has_salt)
        return 0;
    int64_t over;
    if (refresh(store, 0, deadline, &over, err) == -1)
        return -1;
    pthread_mutex_lock(&store->lock);
    memcpy(salt_r, store->salt, STORE_SALT_BYTES);
    pthread_mutex_unlock(&store->lock);
    return 0;
}

static void
redis_store_status(void *self, struct store_status *status_r)
{
    struct redis_store *store = self;
    status_r->held[STORE_BANS] = atomic_load(&store->bans);
    status_r->held[STORE_WINDOWS] = atomic_load(&store->windows);
    status_r->held[STORE_DRAINS] = atomic_load(&store->drains);
    status_r->held[STORE_KNOWN] = status_r->held[STORE_COUNTERS] = -1;
    status_r->held[STORE_LOGINS] = -1;
}

const struct store_engine store_redis = {
    .name = "redis",
    .check = redis_store_check,
    .create = redis_store_create,
    .run = redis_store_run,
    .list = redis_store_list,
    .salt = redis_store_salt,
    .tick = redis_store_tick,
    .status = redis_store_status,
    .free = redis_store_free,
};
