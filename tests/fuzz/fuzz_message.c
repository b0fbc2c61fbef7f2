/*
 * The message guard's decisions. The first byte chooses facts; then, each ended by a NUL: the name
 * that the mail server says, MAIL, RCPT, and addresses that the message shows, "@" before one that
 * only looks like an author. What is accepted must be the user's by a second opinion: whoever
 * demands it, no message passes that shows, or comes from, what nobody gave him.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "decide.h"
#include "input.h"
#include "owners.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHOWN_MAX = 8 };
enum { BY_WINDOW = 1, DETAIL = 2, FAULT = 4, MATCHING = 8, LIMITED = 16 };

static struct organization *acme, *widgets;

/* acme demands everything; widgets only of its own addresses. */
static struct tenancy *
make_tenancy(void)
{
    static const struct origin here = {.file = "fuzz", .line = 1};
    struct tenancy *tenancy = tenancy_create();
    struct listener *listener = tenancy_add_listener(tenancy, "submission", here, NULL);
    listener->relay = RELAY_ALL;
    listener->relay_window_ms = 1;
    acme = tenancy_add_organization(tenancy, "acme", here, NULL);
    acme->match_sender = acme->match_from = true;
    acme->authenticate_senders = SENDERS_ALWAYS;
    widgets = tenancy_add_organization(tenancy, "widgets", here, NULL);
    tenancy_claim_domain(tenancy, acme, "acme.example", here, NULL);
    tenancy_claim_domain(tenancy, acme, "*.acme.example", here, NULL);
    tenancy_claim_domain(tenancy, widgets, "widgets.example", here, NULL);
    struct owners *owners = owners_create();
    owners_add(owners, "sales@acme.example *@widgets.example bob@acme.example", here, NULL);
    owners_add(owners, "eve@widgets.example bob@acme.example", here, NULL);
    owners_freeze(owners);
    acme->sender_owners = owners;
    return tenancy;
}

static bool
is(const struct mailbox *address, const char *local, const char *domain, bool detail)
{
    size_t length = strlen(local);
    bool same =
        strcmp(address->local, local) == 0 ||
        (detail && strncmp(address->local, local, length) == 0 && address->local[length] == '+');
    return same && strcmp(address->domain, domain) == 0;
}

/* The second opinion. The sources say that info@acme.example and eve@widgets.example are his. */
static bool
may_use(const struct decision *decision, const struct mailbox *address, bool detail)
{
    const char *user = decision->user.text;
    struct mailbox own;
    if (mailbox_parse(user, strlen(user), &own, NULL) == 0 &&
        is(address, own.local, own.domain, detail))
        return true;
    const struct organization *users = decision->organization;
    const char *domain = username_domain(&decision->user);
    bool is_bob = strcmp(user, "bob@acme.example") == 0;
    bool is_widgets = domain != NULL && strcmp(domain, "widgets.example") == 0;
    if ((is_bob || is_widgets) && is(address, "sales", "acme.example", detail))
        return true;
    return users == acme && (is(address, "info", "acme.example", detail) ||
                             is(address, "eve", "widgets.example", detail));
}

static void
check_header(const struct tenancy *tenancy, const struct facts *facts,
             const struct decision *decision)
{
    const struct message_facts *message = facts->message;
    if (decision->verdict.action != VERDICT_ACCEPT || decision->user.text[0] == '\0')
        return;
    bool has_author = false;
    for (size_t i = 0; i < message->shown_count; i++) {
        const struct shown_address *shown = &message->shown[i];
        has_author = has_author || shown->is_author;
        bool concerns =
            decision->organization == acme || tenancy_owner(tenancy, shown->mailbox.domain) == acme;
        assert(!concerns || may_use(decision, &shown->mailbox, acme->match_detail));
    }
    assert(decision->organization != acme || (has_author && message->header_fault == NULL));
}

static void
check_mail(const struct facts *facts, const struct decision *decision)
{
    bool accepted = decision->verdict.action == VERDICT_ACCEPT;
    if (decision->sender.kind == PATH_NULL)
        assert(decision->verdict.reason != REASON_SENDER_MISMATCH &&
               decision->verdict.reason != REASON_SENDER_AUTH_REQUIRED);
    if (!accepted)
        return;
    assert(facts->message->limited_by == NULL);
    if (decision->user.text[0] == '\0')
        assert(decision->sender_organization != acme);
    else if (decision->sender.kind == PATH_MAILBOX &&
             (decision->organization == acme || decision->sender_organization == acme))
        assert(may_use(decision, &decision->sender.mailbox, acme->match_detail));
}

/* Asks, and answers what is asked for. */
static void
ask(const struct tenancy *tenancy, struct facts *facts,
    void decide(const struct tenancy *tenancy, const struct decide_settings *settings,
                const struct facts *facts, const struct trail *trail, struct decision *decision_r),
    struct decision *decision_r)
{
    static const struct decide_settings settings = {.max_attempts = 3};
    static const char *const addresses[] = {"info@acme.example", "eve@widgets.example"};
    facts->owned = (struct owned_addresses){.knowledge = KNOWLEDGE_NOT_ASKED};
    decide(tenancy, &settings, facts, NULL, decision_r);
    if (decision_r->asks == ASKS_OWNED) {
        assert(decision_r->user.text[0] != '\0');
        assert(decision_r->verdict.action == VERDICT_TEMPFAIL);
        bool is_acmes = decision_r->organization == acme;
        facts->owned = (struct owned_addresses){is_acmes ? KNOWLEDGE_KNOWN : KNOWLEDGE_UNKNOWN,
                                                addresses, is_acmes ? 2 : 0};
        decide(tenancy, &settings, facts, NULL, decision_r);
    }
    assert(decision_r->asks == ASKS_NOTHING);
    assert(decision_r->upstream == NULL);
}

static size_t
read_shown(char *const *params, struct shown_address shown_r[SHOWN_MAX])
{
    size_t count = 0;
    for (; *params != NULL && count < SHOWN_MAX; params++) {
        bool is_author = (*params)[0] != '@';
        const char *text = is_author ? *params : *params + 1;
        shown_r[count] = (struct shown_address){.header = "From", .is_author = is_author};
        if (mailbox_parse(text, strlen(text), &shown_r[count].mailbox, NULL) == 0)
            count++;
    }
    return count;
}

static void
decide_all(const struct tenancy *tenancy, unsigned choice, char *const *params)
{
    static const struct rule_ref limit = {.section_kind = "limits"};
    struct shown_address shown[SHOWN_MAX];
    const char *user = params[0][0] != '\0' ? params[0] : NULL;
    struct message_facts message = {.authenticated = (choice & BY_WINDOW) != 0 ? NULL : user,
                                    .limited_by = (choice & LIMITED) != 0 ? &limit : NULL,
                                    .shown = shown,
                                    .shown_count = read_shown(params + 3, shown),
                                    .header_fault = (choice & FAULT) != 0 ? "From: a fault" : NULL};
    struct facts facts = {.protocol = PROTOCOL_SMTP,
                          .method = METHOD_NONE,
                          .listener = "submission",
                          .window = (choice & BY_WINDOW) != 0 ? user : NULL,
                          .mail_from = params[1],
                          .mail_from_length = strlen(params[1]),
                          .rcpt_to = params[2],
                          .rcpt_to_length = strlen(params[2]),
                          .matching_sender = (choice & MATCHING) != 0,
                          .message = &message};
    struct decision decision;
    acme->match_detail = (choice & DETAIL) != 0;
    ask(tenancy, &facts, decide_mail, &decision);
    check_mail(&facts, &decision);
    bool mail_passes = decision.verdict.action == VERDICT_ACCEPT;
    ask(tenancy, &facts, decide_recipient, &decision);
    bool ours = decision.recipient_organization != NULL;
    if (decision.verdict.action == VERDICT_ACCEPT)
        assert(mail_passes && (ours || decision.user.text[0] != '\0'));
    ask(tenancy, &facts, decide_header, &decision);
    check_header(tenancy, &facts, &decision);
    ask(tenancy, &facts, decide_message, &decision);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tenancy *tenancy;
    if (tenancy == NULL)
        tenancy = make_tenancy();
    if (size == 0)
        return 0;
    char *params[PARAMS_MAX + 1];
    input_split(data + 1, size - 1, params);
    if (params[0] != NULL && params[1] != NULL && params[2] != NULL)
        decide_all(tenancy, data[0], params);
    input_free(params);
    return 0;
}
