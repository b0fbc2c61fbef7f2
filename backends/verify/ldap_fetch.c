/*
 * Of the stored password that was judged last a copy is kept, for names that nobody has: what
 * verifying costs depends on its scheme and settings, which differ from one directory to the other.
 * Passwords in clear cost nothing, so none is kept.
 */
#include "ldap_fetch.h"

#include <pthread.h>
#include <stdlib.h>

#include "alloc.h"
#include "hashing.h"

struct ldap_fetch {
    /* set once */
    struct hashing *hashing;
    pthread_mutex_t lock;
    /* under lock */
    struct secret typical;
};

struct ldap_fetch *
ldap_fetch_create(void)
{
    struct ldap_fetch *fetch = xcalloc(1, sizeof *fetch);
    fetch->hashing = hashing_create();
    pthread_mutex_init(&fetch->lock, NULL);
    secret_init(&fetch->typical);
    return fetch;
}

void
ldap_fetch_free(struct ldap_fetch *fetch)
{
    if (fetch == NULL)
        return;
    hashing_free(fetch->hashing);
    pthread_mutex_destroy(&fetch->lock);
    secret_fini(&fetch->typical);
    free(fetch);
}

static bool
take_clear(const struct ldap_value *value, struct secret *clear_r)
{
    return stored_clear(value->bytes, value->length, STORED_BARE_CLEAR, clear_r);
}

/* Keeps a value that is not in clear. */
static void
note_typical(struct ldap_fetch *fetch, const struct ldap_value *value)
{
    struct secret clear;
    bool is_clear = take_clear(value, &clear);
    secret_fini(&clear);
    if (is_clear)
        return;
    pthread_mutex_lock(&fetch->lock);
    secret_set(&fetch->typical, value->bytes, value->length);
    pthread_mutex_unlock(&fetch->lock);
}

static enum password_answer
try_answer(const struct ldap_value *value, const struct verify_request *request, struct err *err)
{
    struct secret clear;
    enum password_answer answer = PASSWORD_CANNOT_TELL;
    if (take_clear(value, &clear)) {
        answer = challenge_verify(request->challenge, request->password, &clear);
        if (answer == PASSWORD_CANNOT_TELL)
            err_set(err, "there is no MD5 on this machine");
    }
    secret_fini(&clear);
    return answer;
}

static enum password_answer
try_password(struct ldap_fetch *fetch, const struct ldap_value *value,
             const struct verify_request *request, struct err *err)
{
    const struct hashed stored = {value->bytes, value->length, STORED_BARE_CLEAR};
    enum password_answer answer =
        hashing_verify(fetch->hashing, &stored, request->password, request->deadline, err);
    if (answer != PASSWORD_CANNOT_TELL)
        note_typical(fetch, value);
    return answer;
}

/* A directory may let people write their own, and each may cost seconds. */
enum { VALUES_MAX = 32 };

/* What all values together say. */
struct tally {
    size_t right, wrong, cannot_tell;
    const struct ldap_value *match;
};

static void
count(struct tally *tally, enum password_answer answer, const struct ldap_value *value)
{
    switch (answer) {
    case PASSWORD_CANNOT_TELL:
        tally->cannot_tell++;
        break;
    case PASSWORD_WRONG:
        tally->wrong++;
        break;
    case PASSWORD_RIGHT:
        tally->right++;
        tally->match = value;
        break;
    }
}

static enum verify_outcome
judge_answer(const struct ldap_values *values, const struct verify_request *request,
             struct tally *tally, struct err *err)
{
    struct err trouble = {0};
    for (size_t i = 0; i < values->count; i++)
        count(tally, try_answer(&values->items[i], request, &trouble), &values->items[i]);
    if (tally->right > 0)
        return VERIFY_OK;
    if (tally->wrong > 0)
        return VERIFY_WRONG_PASSWORD;
    if (trouble.text[0] == '\0')
        return VERIFY_NO_CLEAR_PASSWORD;
    *err = trouble;
    return VERIFY_UNAVAILABLE;
}

static enum verify_outcome
judge_password(struct ldap_fetch *fetch, const struct ldap_values *values,
               const struct verify_request *request, struct tally *tally, struct err *err)
{
    struct err trouble = {0};
    for (size_t i = 0; i < values->count; i++)
        count(tally, try_password(fetch, &values->items[i], request, &trouble), &values->items[i]);
    if (tally->right > 0)
        return VERIFY_OK;
    if (tally->cannot_tell == 0)
        return VERIFY_WRONG_PASSWORD;
    *err = trouble;
    return VERIFY_UNAVAILABLE;
}

enum verify_outcome
ldap_fetch_judge(struct ldap_fetch *fetch, const struct ldap_values *values,
                 const struct verify_request *request, struct secret *clear_r, struct err *err)
{
    if (values->count == 0) {
        err_set(err, "the entry shows none (may bind_dn read it?)");
        return VERIFY_UNAVAILABLE;
    }
    if (values->count > VALUES_MAX) {
        err_set(err, "the entry has %zu of them (at most %d are compared)", values->count,
                VALUES_MAX);
        return VERIFY_UNAVAILABLE;
    }
    struct tally tally = {0};
    enum verify_outcome outcome = request->challenge != NULL
                                      ? judge_answer(values, request, &tally, err)
                                      : judge_password(fetch, values, request, &tally, err);
    if (outcome == VERIFY_OK && request->wants_clear)
        take_clear(tally.match, clear_r);
    return outcome;
}

void
ldap_fetch_clear(const struct ldap_values *values, struct secret *clear_r)
{
    for (size_t i = 0; i < values->count; i++) {
        struct secret clear;
        if (take_clear(&values->items[i], &clear)) {
            secret_set(clear_r, clear.bytes, clear.length);
            secret_fini(&clear);
            return;
        }
        secret_fini(&clear);
    }
}

void
ldap_fetch_pretend(struct ldap_fetch *fetch, const struct verify_request *request)
{
    struct secret typical;
    secret_init(&typical);
    pthread_mutex_lock(&fetch->lock);
    if (fetch->typical.length > 0)
        secret_set(&typical, fetch->typical.bytes, fetch->typical.length);
    pthread_mutex_unlock(&fetch->lock);
    const struct hashed stored = {typical.bytes, typical.length, STORED_BARE_CLEAR};
    if (typical.length > 0)
        (void)hashing_verify(fetch->hashing, &stored, request->password, request->deadline, NULL);
    secret_fini(&typical);
}
