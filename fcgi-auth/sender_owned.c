#include "sender_owned.h"

#include <string.h>
#include <strings.h>

#include "audit.h"
#include "mailbox.h"

/* Whether an address of the account is the sender, compared as policy compares names. */
static bool
has_address(const struct account *account, const struct mailbox *sender)
{
    for (size_t i = 0; i < account->address_count; i++) {
        const char *address = account->addresses[i];
        struct mailbox own;
        if (mailbox_parse(address, strlen(address), &own, NULL) == 0 &&
            strcmp(own.local, sender->local) == 0 && strcmp(own.domain, sender->domain) == 0)
            return true;
    }
    return false;
}

static enum knowledge
judge(const struct verify_result *result, const struct window *window, const struct mailbox *sender)
{
    switch (result->outcome) {
    case VERIFY_UNAVAILABLE:
        return KNOWLEDGE_CANNOT_TELL;
    case VERIFY_OK:
        return strcasecmp(result->account.name, window->name) == 0 &&
                       has_address(&result->account, sender)
                   ? KNOWLEDGE_KNOWN
                   : KNOWLEDGE_UNKNOWN;
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
        return KNOWLEDGE_UNKNOWN;
    }
    return KNOWLEDGE_CANNOT_TELL;
}

/* The name that he logged in by is asked about: the sources found him by it. */
enum knowledge
sender_owned_find(const struct site *site, const char *session, struct deadline deadline,
                  const struct netaddr *client, const struct window *window,
                  const struct decision *decision)
{
    struct username user;
    if (username_parse(window->login, strlen(window->login), USERNAME_XTEXT, NULL, &user, NULL) !=
        0)
        return KNOWLEDGE_UNKNOWN;
    struct verify_request request = {.user = &user, .client = *client, .deadline = deadline};
    struct verify_result result;
    struct verify_asked asked = {0};
    bool could_tell = false;
    source_chain_lookup(site_chain(site, decision), &request, &result, &could_tell, &asked);
    audit_asked(session, &asked);
    enum knowledge owned = judge(&result, window, &decision->sender.mailbox);
    verify_result_fini(&result);
    return owned;
}
