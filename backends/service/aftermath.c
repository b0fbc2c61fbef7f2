#include "aftermath.h"

#include "alarm.h"
#include "bans.h"
#include "date.h"
#include "log.h"

enum { MS_PER_S = 1000 };

/* A ban in words. */
struct told_ban {
    char client[NETADDR_TEXT_MAX], network[NETPREFIX_TEXT_MAX], until[DATE_TEXT_MAX];
    int64_t seconds;
};

static struct told_ban
put_in_words(const struct netaddr *client, const struct store_ban *ban)
{
    struct told_ban told = {.seconds = (ban->until_ms - ban->since_ms + MS_PER_S - 1) / MS_PER_S};
    netaddr_format(client, told.client);
    netprefix_format(&ban->network, told.network);
    date_format(ban->until_ms / MS_PER_S, told.until);
    return told;
}

static void
log_ban(const char *event, const char *session, const struct told_ban *told,
        const struct store_ban *ban)
{
    log_event(LOG_INFO, event, LOG_STR("session", session), LOG_STR("client", told->client),
              LOG_STR("network", told->network), LOG_INT("seconds", told->seconds),
              LOG_STR("until", told->until), LOG_INT("offence", ban->offences),
              LOG_STR("reason", ban->reason));
}

static void
tell_ban(const struct aftermath *of, const struct store_ban *ban)
{
    const struct told_ban told = put_in_words(of->client, ban);
    log_ban("client.banned", of->session, &told, ban);
    const bool is_ipv4 = ban->network.addr.family == NETADDR_IPV4;
    const struct log_field fields[] = {
        LOG_STR("network", told.network),  LOG_STR("family", is_ipv4 ? "ipv4" : "ipv6"),
        LOG_INT("seconds", told.seconds),  LOG_STR("until", told.until),
        LOG_STR("reason", ban->reason),    LOG_STR("maker", ban_maker_name(ban->maker)),
        LOG_INT("offence", ban->offences),
    };
    alarm_raise(ALARM_BAN, told.network, fields, sizeof fields / sizeof fields[0]);
}

static void
tell_account_failures(const struct aftermath *of, int64_t failures)
{
    char client[NETADDR_TEXT_MAX];
    netaddr_format(of->client, client);
    const struct log_field fields[] = {LOG_STR("client", client), LOG_INT("failures", failures)};
    alarm_raise(ALARM_ACCOUNT_FAILURES, of->account, fields, sizeof fields / sizeof fields[0]);
}

static void
tell_hijack(const struct aftermath *of, int64_t addresses)
{
    char client[NETADDR_TEXT_MAX];
    netaddr_format(of->client, client);
    const int64_t limit = of->limits->addresses_per_user.most;
    log_event(LOG_WARN, "hijack", LOG_STR("session", of->session), LOG_STR("account", of->account),
              LOG_STR("client", client), LOG_INT("addresses", addresses), LOG_INT("limit", limit));
    const struct log_field fields[] = {LOG_STR("client", client), LOG_INT("addresses", addresses),
                                       LOG_INT("limit", limit)};
    alarm_raise(ALARM_HIJACK, of->account, fields, sizeof fields / sizeof fields[0]);
}

void
aftermath_tell(const struct aftermath *of, const struct attempt_end *end)
{
    const bool is_named = of->account != NULL && of->account[0] != '\0';
    if (end->is_new_ban)
        tell_ban(of, &end->ban);
    if (end->would_ban) {
        const struct told_ban told = put_in_words(of->client, &end->ban);
        log_ban("client.would-ban", of->session, &told, &end->ban);
    }
    if (end->account_failures > 0 && is_named && of->has_account)
        tell_account_failures(of, end->account_failures);
    if (end->addresses > 0 && is_named)
        tell_hijack(of, end->addresses);
}
