/*
 * Answers are immutable and counted: a map holds one reference, each result that borrows from it
 * another. So the lock is held for finding and putting only, not while digests are made.
 *
 * The maps' keys are what the client said: whether it is a look-up, with by_client its address, and
 * the login name. The account's own name is known only from an answer, which tells what digest to
 * make. So the other names of an account that is shut cannot be found; instead it is noted when it
 * was shut, and an answer from before that is good for nothing.
 */
#include "login_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "ascii.h"
#include "login_answer.h"
#include "lru.h"

static const int64_t stale_max_ms = 24 * 60 * 60 * 1000;

enum subject { SUBJECT_LOGIN, SUBJECT_LOOKUP };

struct login_cache {
    /* set once */
    struct login_lifetimes lifetimes;
    struct login_digester digester;
    pthread_mutex_t lock;
    /* under lock */
    struct lru *right, *refused; /* struct key: struct held of struct login_answer */
    struct lru *shut; /* an account's own name in lower case: int64_t, when it was asked about */
    uint64_t era;
};

struct key {
    size_t length;
    char bytes[1 + LOGIN_CLIENT_BYTES + USERNAME_MAX];
};

static void
drop_answer(void *value)
{
    held_drop(*(struct held **)value);
}

struct login_cache *
login_cache_create(size_t capacity, const char *source, struct login_lifetimes lifetimes)
{
    struct login_cache *cache = xcalloc(1, sizeof *cache);
    cache->lifetimes = lifetimes;
    cache->right = lru_create(sizeof(struct held *), capacity);
    cache->refused = lru_create(sizeof(struct held *), capacity);
    cache->shut = lru_create(sizeof(int64_t), capacity);
    lru_drop_with(cache->right, drop_answer);
    lru_drop_with(cache->refused, drop_answer);
    login_digester_init(&cache->digester, source, lifetimes.by_client);
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void
login_cache_free(struct login_cache *cache)
{
    if (cache == NULL)
        return;
    lru_free(cache->right);
    lru_free(cache->refused);
    lru_free(cache->shut);
    pthread_mutex_destroy(&cache->lock);
    login_digester_fini(&cache->digester);
    free(cache);
}

static bool
is_passed_by(const struct verify_request *request)
{
    return request->challenge != NULL || request->wants_clear;
}

static enum subject
subject_of(const struct verify_request *request)
{
    return request->password != NULL ? SUBJECT_LOGIN : SUBJECT_LOOKUP;
}

static struct key
make_key(const struct login_cache *cache, const struct verify_request *request,
         enum subject subject)
{
    struct key key = {.bytes = {(char)subject}};
    key.length = 1 + login_digester_client(&cache->digester, request, key.bytes + 1);
    size_t name_length = strlen(request->user->text);
    memcpy(key.bytes + key.length, request->user->text, name_length);
    key.length += name_length;
    return key;
}

static int64_t
lifetime_ms(const struct login_cache *cache, const struct login_answer *answer)
{
    return answer->outcome == VERIFY_OK ? cache->lifetimes.right_ms : cache->lifetimes.wrong_ms;
}

/* How long it may be of use. */
static int64_t
usefulness_ms(const struct login_cache *cache, const struct login_answer *answer)
{
    int64_t lifetime = lifetime_ms(cache, answer);
    bool may_be_stale = answer->outcome == VERIFY_OK && cache->lifetimes.when_down;
    return may_be_stale && lifetime < stale_max_ms ? stale_max_ms : lifetime;
}

/* With the lock held. */
static struct held *
take(struct lru *map, const struct key *key)
{
    struct held **value = lru_get(map, key->bytes, key->length);
    return value != NULL ? held_take(*value) : NULL;
}

struct own_name {
    size_t length;
    char bytes[USERNAME_MAX + 1];
};

static struct own_name
own_name_of(const struct account *account)
{
    struct own_name name = {.length = strlen(account->name)};
    ascii_lower_copy(name.bytes, account->name, name.length);
    return name;
}

/* Takes a right answer, unless the account was shut afterwards. With the lock held. */
static struct held *
take_right(struct login_cache *cache, const struct key *key)
{
    struct held *held = take(cache->right, key);
    const struct login_answer *answer = held != NULL ? held_thing(held) : NULL;
    if (answer == NULL || answer->account == NULL || lru_count(cache->shut) == 0)
        return held;
    const struct own_name name = own_name_of(answer->account);
    const int64_t *shut_ms = lru_get(cache->shut, name.bytes, name.length);
    if (shut_ms == NULL || *shut_ms < answer->since_ms)
        return held;
    lru_remove(cache->right, key->bytes, key->length);
    held_drop(held);
    return NULL;
}

/* Serves the answer if it is young enough and about that password, and lets it go. */
static bool
try_answer(const struct login_cache *cache, struct held *held, int64_t max_age_ms,
           const struct verify_request *request, int64_t now_ms, struct verify_result *result_r)
{
    if (held == NULL)
        return false;
    const struct login_answer *answer = held_thing(held);
    bool serves = now_ms - answer->since_ms < max_age_ms &&
                  login_answer_is_about(&cache->digester, answer, request);
    if (serves)
        login_answer_serve(held, now_ms, result_r);
    held_drop(held);
    return serves;
}

bool
login_cache_find(struct login_cache *cache, const struct verify_request *request, int64_t now_ms,
                 struct verify_result *result_r)
{
    if (is_passed_by(request))
        return false;
    const struct key key = make_key(cache, request, subject_of(request));
    pthread_mutex_lock(&cache->lock);
    struct held *right = take_right(cache, &key);
    struct held *refused = take(cache->refused, &key);
    pthread_mutex_unlock(&cache->lock);

    bool found = try_answer(cache, right, cache->lifetimes.right_ms, request, now_ms, result_r);
    if (found)
        held_drop(refused);
    return found ||
           try_answer(cache, refused, cache->lifetimes.wrong_ms, request, now_ms, result_r);
}

bool
login_cache_find_stale(struct login_cache *cache, const struct verify_request *request,
                       int64_t now_ms, struct verify_result *result)
{
    if (is_passed_by(request) || !cache->lifetimes.when_down)
        return false;
    const struct key key = make_key(cache, request, subject_of(request));
    pthread_mutex_lock(&cache->lock);
    struct held *right = take_right(cache, &key);
    pthread_mutex_unlock(&cache->lock);

    struct verify_result stale = {.rule = result->rule, .was_stale = true};
    if (!try_answer(cache, right, stale_max_ms, request, now_ms, &stale))
        return false;
    size_t length = strlen(stale.detail);
    snprintf(stale.detail + length, sizeof stale.detail - length, ", because: %s", result->detail);
    verify_result_fini(result);
    *result = stale;
    return true;
}

uint64_t
login_cache_era(struct login_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    uint64_t era = cache->era;
    pthread_mutex_unlock(&cache->lock);
    return era;
}

/* Two go for one that comes, so those that are over become fewer, and nobody has to drop them all
 * at once. With the lock held, like all that follow but those of the header. */
static void
drop_over(struct login_cache *cache, struct lru *map, int64_t now_ms)
{
    for (int i = 0; i < 2; i++) {
        struct held *const *oldest = lru_oldest(map);
        if (oldest == NULL)
            return;
        const struct login_answer *answer = held_thing(*oldest);
        if (now_ms - answer->since_ms < usefulness_ms(cache, answer))
            return;
        lru_remove_oldest(map);
    }
}

static void
put(struct login_cache *cache, struct lru *map, const struct verify_request *request,
    int64_t now_ms, const struct verify_result *result)
{
    const struct key key = make_key(cache, request, subject_of(request));
    struct held *held = login_answer_create(&cache->digester, request, now_ms, result);
    drop_over(cache, map, now_ms);
    if (held == NULL || usefulness_ms(cache, held_thing(held)) <= 0) {
        lru_remove(map, key.bytes, key.length);
        held_drop(held);
        return;
    }
    struct held **value = lru_put(map, key.bytes, key.length);
    held_drop(*value);
    *value = held;
}

/* Removes what is kept about that password. */
static void
forget_password(struct login_cache *cache, struct lru *map, const struct verify_request *request)
{
    const struct key key = make_key(cache, request, subject_of(request));
    struct held **value = lru_get(map, key.bytes, key.length);
    if (value == NULL)
        return;
    const struct login_answer *answer = held_thing(*value);
    if (answer->outcome == VERIFY_UNKNOWN_USER ||
        login_answer_is_about(&cache->digester, answer, request))
        lru_remove(map, key.bytes, key.length);
}

/* Whoever may not log in is no better known by a look-up, and the other way round. */
static void
forget_right(struct login_cache *cache, const struct verify_request *request)
{
    const struct key login = make_key(cache, request, SUBJECT_LOGIN);
    const struct key lookup = make_key(cache, request, SUBJECT_LOOKUP);
    lru_remove(cache->right, login.bytes, login.length);
    lru_remove(cache->right, lookup.bytes, lookup.length);
}

/* Whoever may not log in may not by any name. */
static void
shut(struct login_cache *cache, const struct verify_request *request, int64_t now_ms,
     const struct account *account)
{
    forget_right(cache, request);
    if (account->name[0] == '\0')
        return;
    const struct own_name name = own_name_of(account);
    int64_t *shut_ms = lru_put(cache->shut, name.bytes, name.length);
    *shut_ms = now_ms > *shut_ms ? now_ms : *shut_ms;
}

static void
keep(struct login_cache *cache, const struct verify_request *request, int64_t now_ms,
     const struct verify_result *result)
{
    switch (result->outcome) {
    case VERIFY_OK:
        forget_password(cache, cache->refused, request);
        put(cache, cache->right, request, now_ms, result);
        return;
    case VERIFY_WRONG_PASSWORD:
        forget_password(cache, cache->right, request);
        put(cache, cache->refused, request, now_ms, result);
        return;
    case VERIFY_UNKNOWN_USER:
        forget_right(cache, request);
        put(cache, cache->refused, request, now_ms, result);
        return;
    case VERIFY_DISABLED:
    case VERIFY_AMBIGUOUS:
    case VERIFY_ACCOUNT_EXPIRED:
    case VERIFY_PASSWORD_EXPIRED:
    case VERIFY_MUST_CHANGE:
    case VERIFY_NOT_ALLOWED:
        shut(cache, request, now_ms, &result->account);
        return;
    case VERIFY_UNAVAILABLE:
    case VERIFY_LOCKED:
        forget_password(cache, cache->right, request);
        return;
    case VERIFY_NO_CLEAR_PASSWORD:
        return;
    }
}

void
login_cache_keep(struct login_cache *cache, const struct verify_request *request, uint64_t era,
                 int64_t now_ms, const struct verify_result *result)
{
    if (is_passed_by(request))
        return;
    pthread_mutex_lock(&cache->lock);
    if (era == cache->era)
        keep(cache, request, now_ms, result);
    pthread_mutex_unlock(&cache->lock);
}

struct flush {
    const char *name;    /* NULL: all */
    size_t before_bytes; /* of a key, before the login name */
};

static bool
is_flushed(const void *context, const void *key, size_t key_bytes, const void *value)
{
    const struct flush *flush = context;
    if (flush->name == NULL)
        return true;
    const struct login_answer *answer = held_thing(*(struct held *const *)value);
    const char *login_name = (const char *)key + flush->before_bytes;
    size_t length = key_bytes - flush->before_bytes;
    return (answer->account != NULL && strcasecmp(answer->account->name, flush->name) == 0) ||
           (strlen(flush->name) == length && strncasecmp(login_name, flush->name, length) == 0);
}

size_t
login_cache_flush(struct login_cache *cache, const char *name)
{
    const struct flush flush = {
        .name = name,
        .before_bytes = 1 + (cache->lifetimes.by_client ? (size_t)LOGIN_CLIENT_BYTES : 0)};
    pthread_mutex_lock(&cache->lock);
    cache->era++;
    size_t count = lru_remove_where(cache->right, is_flushed, &flush) +
                   lru_remove_where(cache->refused, is_flushed, &flush);
    pthread_mutex_unlock(&cache->lock);
    return count;
}

size_t
login_cache_count(struct login_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    size_t count = lru_count(cache->right) + lru_count(cache->refused);
    pthread_mutex_unlock(&cache->lock);
    return count;
}
