#include "subject.h"

#include <stdio.h>

#include "date.h"

enum { MS_PER_S = 1000 };

bool
screening_is_exempt(const struct screen *screen, const struct netaddr *client)
{
    if (client->family == NETADDR_NONE)
        return true;
    return screen->never != NULL &&
           list_match_address(screen->never, client, NULL) != LIST_NO_MATCH;
}

unsigned
screening_ban_makers(enum screen_mode mode)
{
    switch (mode) {
    case SCREEN_OFF:
        return 1u << BAN_BY_HAND | 1u << BAN_BY_LISTENER;
    case SCREEN_MONITOR:
        return 1u << BAN_BY_HAND;
    case SCREEN_ENFORCE:
        return 1u << BAN_BY_HAND | 1u << BAN_BY_LISTENER | 1u << BAN_BY_COUNT;
    }
    return 1u << BAN_BY_HAND;
}

struct subject
subject_of(const struct screening_rules *rules, const struct netaddr *client)
{
    const struct screen *screen = rules->screen;
    struct subject subject = {
        .screen = screen,
        .limits = rules->limits,
        .client = *client,
        .is_exempt = screening_is_exempt(screen, client),
    };
    if (client->family != NETADDR_NONE) {
        const bool is_ipv4 = client->family == NETADDR_IPV4;
        subject.network =
            netaddr_prefix(client, is_ipv4 ? screen->ipv4_prefix : screen->ipv6_prefix);
    }
    subject.is_counted = screen->mode != SCREEN_OFF && !subject.is_exempt;
    subject.is_held = screen->mode == SCREEN_ENFORCE && !subject.is_exempt;
    return subject;
}

struct store_op *
subject_find_ban(const struct subject *subject, struct batch *batch)
{
    if (subject->is_exempt)
        return NULL;
    struct store_op *op = batch_add(batch, STORE_FIND_BAN, STORE_BANS);
    op->network = netaddr_prefix(&subject->client, netaddr_bits(&subject->client));
    op->makers = screening_ban_makers(subject->screen->mode);
    op->ends = true;
    return op;
}

struct rule_ref
subject_ban_rule(const struct subject *subject, const struct store_ban *ban)
{
    struct rule_ref rule = {
        .origin = subject->screen->origin, .section_kind = "screen", .setting = "ban"};
    char network[NETPREFIX_TEXT_MAX], until[DATE_TEXT_MAX];
    netprefix_format(&ban->network, network);
    date_format(ban->until_ms / MS_PER_S, until);
    const bool is_for_ever = ban->until_ms == INT64_MAX;
    snprintf(rule.detail, sizeof rule.detail, "%s %s%s%s%s", network,
             is_for_ever ? "for ever" : "until ", is_for_ever ? "" : until,
             ban->reason[0] != '\0' ? ": " : "", ban->reason);
    return rule;
}

struct rule_ref
subject_closed_rule(const struct subject *subject, const struct store_op *account_failures)
{
    const struct screen *screen = subject->screen;
    struct rule_ref rule = {.origin = screen->account_failures_origin,
                            .section_kind = "screen",
                            .setting = "account_failures"};
    snprintf(rule.detail, sizeof rule.detail,
             "the account had %lld failures within %lld s and is not known from the client's "
             "network",
             (long long)account_failures->count, (long long)screen->account_within_ms / MS_PER_S);
    return rule;
}

struct rule_ref
subject_limit_rule(const struct rate *rate, const char *setting)
{
    struct rule_ref rule = {.origin = rate->origin, .section_kind = "limits", .setting = setting};
    snprintf(rule.detail, sizeof rule.detail, "%lld within %lld s", (long long)rate->most,
             (long long)rate->within_ms / MS_PER_S);
    return rule;
}

struct store_op *
subject_count(const struct subject *subject, struct batch *batch, enum store_action action,
              enum network_key kind, int64_t window_ms, int64_t most)
{
    struct store_op *op = batch_add(batch, action, network_space(kind));
    op->key = network_key(kind, &subject->network);
    op->amount = 1;
    op->window_ms = window_ms;
    op->most = most;
    return op;
}

static void
forget(const struct subject *subject, struct batch *batch, enum network_key kind, unsigned if_hit)
{
    struct store_op *op = batch_add(batch, STORE_REMOVE, STORE_COUNTERS);
    op->key = network_key(kind, &subject->network);
    op->if_hit = if_hit;
}

struct store_op *
subject_offend(const struct subject *subject, struct batch *batch, enum ban_maker maker,
               const char *reason, const struct store_op *because)
{
    const struct screen *screen = subject->screen;
    const unsigned if_hit = batch_index(batch, because);
    struct store_op *op;
    if (screen->mode == SCREEN_MONITOR) {
        op = subject_count(subject, batch, STORE_ADMIT, NETWORK_WOULD_BAN, screen->ban_ms[0], 1);
    } else {
        op = batch_add(batch, STORE_OFFEND, STORE_BANS);
        op->lengths = (struct ban_lengths){screen->ban_ms, screen->ban_count};
        op->makers = screening_ban_makers(screen->mode);
    }
    op->network = subject->network;
    op->if_hit = if_hit;
    op->ban.maker = maker;
    snprintf(op->ban.reason, sizeof op->ban.reason, "%s", reason);
    /* a full table keeps no ban: the next failure asks again */
    const unsigned is_paid = screen->mode == SCREEN_MONITOR ? if_hit : batch_index(batch, op);
    forget(subject, batch, NETWORK_FAILURES, is_paid);
    forget(subject, batch, NETWORK_UNKNOWN_NAMES, is_paid);
    forget(subject, batch, NETWORK_BAD_RECIPIENTS, is_paid);
    return op;
}

void
subject_offended(const struct subject *subject, const struct store_op *offence, int64_t now_ms,
                 struct attempt_end *end_r)
{
    if (subject->screen->mode != SCREEN_MONITOR) {
        if (!op_has_hit(offence))
            return;
        end_r->is_new_ban = true;
        end_r->ban = offence->ban_r;
        return;
    }
    if (!op_has_missed(offence))
        return;
    end_r->would_ban = true;
    end_r->ban = offence->ban;
    end_r->ban.network = subject->network;
    end_r->ban.since_ms = now_ms;
    end_r->ban.until_ms = now_ms + subject->screen->ban_ms[0];
    end_r->ban.offences = 1;
}
