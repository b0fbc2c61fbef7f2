#include "login.h"

#include <stdio.h>
#include <string.h>

#include "asked.h"
#include "audit.h"

/* With PLAIN nginx has the password from the client. */
static bool
proves_without_password(const struct facts *facts)
{
    switch (facts->method) {
    case METHOD_CRAM_MD5:
    case METHOD_APOP:
    case METHOD_EXTERNAL:
        return true;
    case METHOD_UNKNOWN:
    case METHOD_NONE:
    case METHOD_PLAIN:
    case METHOD_XOAUTH2:
    case METHOD_OAUTHBEARER:
        return false;
    }
    return false;
}

static bool
wants_clear(const struct facts *facts, const struct decision *decision)
{
    return proves_without_password(facts) && decide_needs_password(facts, decision);
}

/* Where no source can tell about accounts, the certificate's entry suffices (decide_login): the
 * account is the name itself. */
static void
look_up(const struct source_chain *chain, const struct verify_request *request,
        struct verify_result *result_r, struct verify_asked *asked_r)
{
    bool could_tell = false;
    source_chain_lookup(chain, request, result_r, &could_tell, asked_r);
    if (result_r->outcome != VERIFY_UNKNOWN_USER || could_tell)
        return;
    result_r->rule = (struct rule_ref){0};
    snprintf(result_r->account.name, sizeof result_r->account.name, "%s", request->user->text);
}

/* An app password is ours alone: the server behind knows the account's own, which nginx gets where
 * a source can tell it. */
static void
find_clear(const struct source_chain *chain, const struct verify_request *verified,
           struct verify_result *result)
{
    struct verify_request question = *verified;
    question.password = NULL;
    question.wants_clear = true;
    struct verify_result account;
    bool could_tell = false;
    source_chain_lookup(chain, &question, &account, &could_tell, NULL);
    bool is_same = strcmp(account.account.name, result->account.name) == 0;
    if (account.outcome == VERIFY_OK && is_same)
        secret_set(&result->clear, account.clear.bytes, account.clear.length);
    verify_result_fini(&account);
}

void
login_verify(const struct site *site, const char *session, struct deadline deadline,
             const struct request *request, const struct decision *decision,
             struct verify_result *result_r)
{
    const struct facts *facts = &request->facts;
    const struct source_chain *chain = site_chain(site, decision);
    bool is_external = facts->method == METHOD_EXTERNAL;
    struct verify_request question = {
        .user = &decision->user,
        .password = is_external ? NULL : &request->password,
        .challenge = request->challenge.salt != NULL ? &request->challenge : NULL,
        .wants_clear = wants_clear(facts, decision),
        .client = facts->client,
        .client_helo = request->helo,
        .deadline = deadline};
    struct verify_asked asked = {0};
    if (is_external)
        look_up(chain, &question, result_r, &asked);
    else
        source_chain_verify(chain, &question, result_r, &asked);
    if (result_r->account.app_password != NULL && decide_needs_password(facts, decision))
        find_clear(chain, &question, result_r);
    asked_log(session, &asked);
}

bool
login_lacks_password(const struct facts *facts, const struct decision *decision,
                     const struct verify_result *result)
{
    return wants_clear(facts, decision) && result->clear.length == 0;
}
