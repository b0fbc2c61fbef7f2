#include "memory.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "site_screening.h"

void
memory_init(struct memory *memory, struct store *store, const struct site *site)
{
    *memory = (struct memory){.store = store, .site = site, .rules = site_screening(site)};
}

bool
memory_begin(struct memory *memory, const struct decision *decision, struct deadline deadline,
             struct facts *facts)
{
    if (decision->verdict.reason == REASON_REQUEST_MALFORMED)
        return true;
    const struct organization *organization = decision->organization;
    struct attempt *attempt = &memory->attempt;
    memory->question =
        (struct attempt_question){.client = facts->client,
                                  .organization = organization != NULL ? organization->name : NULL,
                                  .login = decision->user.text,
                                  .only_bans = !decision->is_attempt,
                                  .only_asks = decision->verdict.action != VERDICT_ACCEPT};
    attempt_begin(memory->store, &memory->rules, &memory->question, clock_wall_ms(), deadline,
                  attempt);
    facts->banned = attempt->answer == ATTEMPT_BANNED;
    facts->throttled_by = attempt->answer == ATTEMPT_THROTTLED ? &attempt->rule : NULL;
    return attempt->answer != ATTEMPT_WAIT;
}

/* A directory may name its accounts without a domain; who logged in had one. */
static const char *
full_name(const struct window *window)
{
    bool is_bare = strchr(window->name, '@') == NULL;
    return is_bare && strchr(window->login, '@') != NULL ? window->login : window->name;
}

/* How old a window may be for the session's listener. */
static int64_t
window_age_ms(const struct site *site, const struct facts *facts)
{
    const struct listener *listener =
        facts->listener != NULL ? tenancy_listener(site->tenancy, facts->listener) : NULL;
    return listener != NULL ? listener->relay_window_ms : 0;
}

void
memory_recall(struct memory *memory, struct deadline deadline, struct facts *facts)
{
    if (facts->malformed != NULL)
        return;
    const struct client_question question = {.client = facts->client,
                                             .window_age_ms = window_age_ms(memory->site, facts)};
    struct client_answer *answer = &memory->client;
    client_recall(memory->store, &memory->rules, &question, clock_wall_ms(), deadline, answer);
    facts->banned = answer->is_banned;
    facts->window = answer->has_window ? full_name(&answer->window) : NULL;
    facts->matching_sender = answer->has_window && answer->window.matching_sender;
}

const struct window *
memory_window(const struct memory *memory)
{
    return &memory->client.window;
}

void
memory_explain(const struct memory *memory, struct decision *decision)
{
    if (decision->verdict.reason != REASON_AUTH_BANNED)
        return;
    const struct rule_ref *ban =
        memory->client.is_banned ? &memory->client.rule : &memory->attempt.rule;
    snprintf(decision->verdict.rule.detail, RULE_DETAIL_MAX, "%s", ban->detail);
}

/* What is noted at the end must not be lost because the session took all its time. */
static struct deadline
end_deadline(const struct memory *memory)
{
    return deadline_after(memory->site->settings.store.timeout_ms);
}

/* Whether the login opens a relay window: one by POP or IMAP, of an account that may use SMTP. */
static bool
opens_window(const struct facts *facts, const struct account *account)
{
    bool is_reading = facts->protocol == PROTOCOL_IMAP || facts->protocol == PROTOCOL_POP3;
    bool may_send =
        account->protocols == 0 || (account->protocols & PROTOCOL_BIT(PROTOCOL_SMTP)) != 0;
    return is_reading && may_send && account->smtp_auth != SMTP_AUTH_NO;
}

static struct window
window_of(const struct facts *facts, const struct username *user, const struct account *account,
          int64_t now_ms)
{
    struct window window = {.client = facts->client,
                            .opened_ms = now_ms,
                            .matching_sender = account->smtp_auth == SMTP_AUTH_MATCHING_SENDER};
    snprintf(window.name, sizeof window.name, "%s", account->name);
    snprintf(window.login, sizeof window.login, "%s", user->text);
    return window;
}

/* nginx says to the mail server what the account's own name is, and nothing of the login. */
static bool
is_told_by_xclient(const struct facts *facts)
{
    return facts->protocol == PROTOCOL_SMTP;
}

static struct identity
identity_of(const struct facts *facts, const struct username *user, const struct account *account)
{
    struct identity identity = {.client = facts->client};
    snprintf(identity.name, sizeof identity.name, "%s", account->name);
    snprintf(identity.login, sizeof identity.login, "%s", user->text);
    return identity;
}

/* With a challenge, or a certificate, there is no password that could be the same again. */
static const struct secret *
password_of(const struct request *request)
{
    return request->facts.method == METHOD_PLAIN ? &request->password : NULL;
}

/* Where a certificate's entry is all that is known of an account, nobody said that there is none
 * (decide_login). */
static enum verify_outcome
outcome_of(const struct facts *facts, const struct verify_result *verified)
{
    bool is_vouched_for = facts->method == METHOD_EXTERNAL &&
                          verified->outcome == VERIFY_UNKNOWN_USER &&
                          verified->rule.section_kind == NULL;
    return is_vouched_for ? VERIFY_OK : verified->outcome;
}

static void
end_attempt(struct memory *memory, const struct request *request, const struct decision *decision,
            const struct verify_result *verified)
{
    const int64_t now_ms = clock_wall_ms();
    struct attempt_result result = {.was_verified = verified != NULL};
    struct window window;
    struct identity identity;
    if (verified != NULL) {
        result.outcome = outcome_of(&request->facts, verified);
        result.is_accepted =
            result.outcome == VERIFY_OK && decision->verdict.action == VERDICT_ACCEPT;
        result.account = verified->account.name;
        result.password = password_of(request);
        if (result.is_accepted && opens_window(&request->facts, &verified->account)) {
            window = window_of(&request->facts, &decision->user, &verified->account, now_ms);
            result.window = &window;
        }
        if (result.is_accepted && is_told_by_xclient(&request->facts)) {
            identity = identity_of(&request->facts, &decision->user, &verified->account);
            result.identity = &identity;
        }
    }
    attempt_end(memory->store, &memory->rules, &memory->question, &memory->attempt, &result, now_ms,
                end_deadline(memory), &memory->end);
}

/* MDaemon, dynamic screening: refused recipients count against whoever has not logged in. */
static bool
is_bad_recipient(const struct decision *decision)
{
    enum reason reason = decision->verdict.reason;
    return decision->user.text[0] == '\0' &&
           (reason == REASON_RECIPIENT_UNKNOWN || reason == REASON_RELAY_DENIED);
}

void
memory_end(struct memory *memory, const struct request *request, const struct decision *decision,
           const struct verify_result *verified)
{
    const struct facts *facts = &request->facts;
    const char *reason = reason_id(decision->verdict.reason);
    if (memory->attempt.is_counted)
        end_attempt(memory, request, decision, verified);
    else if (decision->ban_client)
        client_offence(memory->store, &memory->rules, &facts->client, reason, clock_wall_ms(),
                       end_deadline(memory), &memory->end);
    else if (facts->method == METHOD_NONE && is_bad_recipient(decision))
        client_bad_recipient(memory->store, &memory->rules, &facts->client, reason, clock_wall_ms(),
                             end_deadline(memory), &memory->end);
}

int64_t
memory_banned_ms(const struct memory *memory)
{
    const struct attempt_end *end = &memory->end;
    return end->is_new_ban ? end->ban.until_ms - end->ban.since_ms : 0;
}
