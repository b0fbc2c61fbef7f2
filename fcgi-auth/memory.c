#include "memory.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"

/* A directory may name its accounts without a domain; who logged in had one. */
static const char *
full_name(const struct window_user *user)
{
    bool is_bare = strchr(user->name, '@') == NULL;
    return is_bare && strchr(user->login, '@') != NULL ? user->login : user->name;
}

static const char *
find_window(struct state *state, const struct site *site, const struct facts *facts,
            struct window_user *window_r)
{
    if (!site->has_relay_windows || facts->method != METHOD_NONE || facts->listener == NULL)
        return NULL;
    const struct listener *listener = tenancy_listener(site->tenancy, facts->listener);
    if (listener == NULL || listener->relay_window_ms == 0)
        return NULL;
    bool is_open = state_find_window(state, &facts->client, listener->relay_window_ms,
                                     clock_now_ms(), window_r);
    return is_open ? full_name(window_r) : NULL;
}

void
memory_recall(struct state *state, const struct site *site, struct facts *facts,
              struct window_user *window_r)
{
    facts->banned = state_is_banned(state, &site->settings.screen, &facts->client, clock_now_ms());
    facts->window = find_window(state, site, facts, window_r);
    facts->window_matching_sender = facts->window != NULL && window_r->matching_sender;
}

int64_t
memory_ban(struct state *state, const struct site *site, const char *session,
           const struct facts *facts, const struct decision *decision)
{
    if (!decision->ban_client)
        return 0;
    int64_t length_ms = state_ban(state, &site->settings.screen, &facts->client, clock_now_ms());
    if (length_ms == 0)
        return 0;
    char client[NETADDR_TEXT_MAX], reason[VERDICT_ID_MAX];
    netaddr_format(&facts->client, client);
    verdict_id(&decision->verdict, reason);
    log_event(LOG_INFO, "client.banned", LOG_STR("session", session), LOG_STR("client", client),
              LOG_INT("seconds", (length_ms + 999) / 1000), LOG_STR("reason", reason));
    return length_ms;
}

void
memory_log_in(struct state *state, const struct site *site, const struct facts *facts,
              const struct username *user, const struct account *account)
{
    bool is_reading = facts->protocol == PROTOCOL_IMAP || facts->protocol == PROTOCOL_POP3;
    bool may_send =
        account->protocols == 0 || (account->protocols & PROTOCOL_BIT(PROTOCOL_SMTP)) != 0;
    if (!site->has_relay_windows || !is_reading || !may_send || account->smtp_auth == SMTP_AUTH_NO)
        return;
    struct window_user window = {.matching_sender =
                                     account->smtp_auth == SMTP_AUTH_MATCHING_SENDER};
    snprintf(window.name, sizeof window.name, "%s", account->name);
    snprintf(window.login, sizeof window.login, "%s", user->text);
    state_open_window(state, &facts->client, &window, clock_now_ms());
}
