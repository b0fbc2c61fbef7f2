#include "find_owned.h"

#include <string.h>
#include <strings.h>

#include "asked.h"

static const struct owned_addresses cannot_tell = {.knowledge = KNOWLEDGE_CANNOT_TELL};
static const struct owned_addresses nothing = {.knowledge = KNOWLEDGE_UNKNOWN};

static struct owned_addresses
judge(const struct verify_result *result, const char *user)
{
    const struct account *account = &result->account;
    switch (result->outcome) {
    case VERIFY_UNAVAILABLE:
        return cannot_tell;
    case VERIFY_OK:
        return strcasecmp(account->name, user) == 0
                   ? (struct owned_addresses){.knowledge = KNOWLEDGE_KNOWN,
                                              .addresses = account->addresses,
                                              .count = account->address_count}
                   : nothing;
    case VERIFY_WRONG_PASSWORD:
    case VERIFY_UNKNOWN_USER:
    case VERIFY_DISABLED:
    case VERIFY_AMBIGUOUS:
    case VERIFY_LOCKED:
    case VERIFY_ACCOUNT_EXPIRED:
    case VERIFY_PASSWORD_EXPIRED:
    case VERIFY_MUST_CHANGE:
    case VERIFY_NOT_ALLOWED:
    case VERIFY_NO_CLEAR_PASSWORD:
        return nothing;
    }
    return cannot_tell;
}

struct owned_addresses
find_owned(struct find *find, const struct netaddr *client, const struct decision *decision)
{
    struct username login;
    if (find->login == NULL ||
        username_parse(find->login, strlen(find->login), USERNAME_XTEXT, NULL, &login, NULL) != 0)
        return nothing;
    struct verify_request request = {.user = &login, .client = *client, .deadline = find->deadline};
    struct verify_asked asked = {0};
    bool could_tell = false;
    find_fini(find);
    source_chain_lookup(site_chain(find->site, decision), &request, &find->account, &could_tell,
                        &asked);
    find->has_account = true;
    asked_log(find->session, &asked);
    struct owned_addresses owned = judge(&find->account, find->user);
    return owned.knowledge == KNOWLEDGE_UNKNOWN && find->is_login_unsure ? cannot_tell : owned;
}
