#include "login_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "digest.h"

void
login_digester_init(struct login_digester *digester, const char *source, bool by_client)
{
    digester->source = source;
    digester->by_client = by_client;
    digest_random(digester->key, sizeof digester->key);
}

void
login_digester_fini(struct login_digester *digester)
{
    explicit_bzero(digester->key, sizeof digester->key);
}

size_t
login_digester_client(const struct login_digester *digester, const struct verify_request *request,
                      char client_r[LOGIN_CLIENT_BYTES])
{
    if (!digester->by_client)
        return 0;
    client_r[0] = (char)request->client.family;
    memcpy(client_r + 1, request->client.bytes, LOGIN_CLIENT_BYTES - 1);
    return LOGIN_CLIENT_BYTES;
}

/* Each piece has its length before it, so that no two logins are the same bytes. Returns 0 or -1.
 */
static int
make_digest(const struct login_digester *digester, const struct verify_request *request,
            const struct account *account, unsigned char digest_r[DIGEST_MAX])
{
    char client[LOGIN_CLIENT_BYTES];
    const char *name = account != NULL ? account->name : request->user->text;
    const struct secret *password = request->password;
    const struct bytes said[] = {
        {digester->source, strlen(digester->source)},
        {name, strlen(name)},
        {password != NULL ? password->bytes : "", password != NULL ? password->length : 0},
        {client, login_digester_client(digester, request, client)},
    };
    enum { SAID = sizeof said / sizeof said[0] };
    struct bytes pieces[2 * SAID];
    for (size_t i = 0; i < SAID; i++) {
        pieces[2 * i] = (struct bytes){&said[i].length, sizeof said[i].length};
        pieces[2 * i + 1] = said[i];
    }
    const struct bytes key = {digester->key, sizeof digester->key};
    return digest_hmac(DIGEST_SHA256, key, pieces, 2 * SAID, digest_r);
}

bool
login_answer_is_about(const struct login_digester *digester, const struct login_answer *answer,
                      const struct verify_request *request)
{
    unsigned char digest[DIGEST_MAX];
    return make_digest(digester, request, answer->account, digest) == 0 &&
           digest_equal(digest, answer->digest, sizeof answer->digest);
}

static void
free_answer(void *thing)
{
    struct login_answer *answer = thing;
    held_drop(answer->held);
    free(answer->account);
    free(answer);
}

/* There may be 65,536 answers of a source: none holds megabytes of what a directory says. */
static bool
is_small(const struct account *account)
{
    enum { BORROWED_MAX = 64 };
    return account->address_count <= BORROWED_MAX &&
           (account->networks == NULL || list_size(account->networks) <= BORROWED_MAX);
}

struct held *
login_answer_create(const struct login_digester *digester, const struct verify_request *request,
                    int64_t now_ms, const struct verify_result *result)
{
    const struct account *account = result->account.name[0] != '\0' ? &result->account : NULL;
    unsigned char digest[DIGEST_MAX];
    if ((account != NULL && !is_small(account)) ||
        make_digest(digester, request, account, digest) != 0)
        return NULL;
    struct login_answer *answer = xcalloc(1, sizeof *answer);
    memcpy(answer->digest, digest, sizeof answer->digest);
    answer->since_ms = now_ms;
    answer->outcome = result->outcome;
    answer->wrong_may_be_unknown = result->wrong_may_be_unknown;
    if (account != NULL) {
        answer->account = xmalloc(sizeof *account);
        *answer->account = *account;
        answer->held = held_take(result->held);
    }
    return held_create(answer, free_answer);
}

void
login_answer_serve(struct held *held, int64_t now_ms, struct verify_result *result_r)
{
    const struct login_answer *answer = held_thing(held);
    result_r->outcome = answer->outcome;
    result_r->wrong_may_be_unknown = answer->wrong_may_be_unknown;
    if (answer->account != NULL)
        result_r->account = *answer->account;
    result_r->held = held_take(held);
    result_r->was_cached = true;
    snprintf(result_r->detail, sizeof result_r->detail, "as %lld s ago",
             (long long)((now_ms - answer->since_ms) / 1000));
}
