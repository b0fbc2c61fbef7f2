/* A sender's and a recipient's command line, a NUL between them; the first byte chooses facts. What
 * a stranger writes must never make him ours: who is nobody's relays nothing and never gets to the
 * upstream that trusts, and a bounce is never refused for its sender. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "decide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char trusting, inbound;

static struct tenancy *
make_tenancy(void)
{
    static const struct origin here = {.file = "fuzz", .line = 1};
    struct tenancy *tenancy = tenancy_create();
    struct listener *listener = tenancy_add_listener(tenancy, "mx", here, NULL);
    listener->relay = RELAY_ALL;
    listener->relay_window_ms = 1;
    listener->default_domain = "acme.example";
    listener->upstream = (void *)&trusting;
    listener->upstream_inbound = (void *)&inbound;
    nameset_add(&listener->roles_must_auth, "postmaster");
    struct organization *acme = tenancy_add_organization(tenancy, "acme", here, NULL);
    acme->authenticate_senders = SENDERS_ALWAYS;
    acme->match_sender = true;
    tenancy_claim_domain(tenancy, acme, "acme.example", here, NULL);
    tenancy_claim_domain(tenancy, acme, "*.acme.example", here, NULL);
    return tenancy;
}

static void
check(const struct decision *decision, const struct tenancy *tenancy, bool authenticated)
{
    enum reason reason = decision->verdict.reason;
    bool accepted = decision->verdict.action == VERDICT_ACCEPT;
    bool ours = tenancy_owner(tenancy, decision->recipient_address.domain) != NULL;
    assert(decision->asks == ASKS_NOTHING);
    assert(accepted == (decision->upstream != NULL));
    if (reason == REASON_REQUEST_MALFORMED)
        return;
    assert(ours == (decision->recipient_organization != NULL));
    if (decision->sender.kind == PATH_NULL)
        assert(accepted == (ours || authenticated));
    if (authenticated)
        return;
    assert(!accepted || (ours && decision->sender_organization == NULL));
    assert(!accepted || decision->upstream == (void *)&inbound);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tenancy *tenancy;
    if (tenancy == NULL)
        tenancy = make_tenancy();
    if (size == 0)
        return 0;
    bool authenticated = data[0] % 2 == 1;
    const char *from = (const char *)data + 1;
    const char *end = memchr(from, '\0', size - 1);
    size_t from_length = end != NULL ? (size_t)(end - from) : size - 1;
    const char *to = end != NULL ? end + 1 : from;
    size_t to_length = end != NULL ? size - 2 - from_length : size - 1;
    struct facts facts = {.protocol = PROTOCOL_SMTP,
                          .method = METHOD_NONE,
                          .listener = "mx",
                          .mail_from = from,
                          .mail_from_length = from_length,
                          .rcpt_to = to,
                          .rcpt_to_length = to_length,
                          .window = authenticated ? "boss@acme.example" : NULL};
    static const struct decide_settings settings = {.max_attempts = 3};
    struct decision decision;
    decide_recipient(tenancy, &settings, &facts, NULL, &decision);
    if (decision.asks == ASKS_OWNED) {
        assert(authenticated && decision.verdict.action == VERDICT_TEMPFAIL);
        facts.owned.knowledge = KNOWLEDGE_UNKNOWN;
        decide_recipient(tenancy, &settings, &facts, NULL, &decision);
    }
    check(&decision, tenancy, authenticated);
    return 0;
}
