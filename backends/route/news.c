#include "news.h"

#include <stdio.h>

#include "alarm.h"
#include "log.h"

/* What has come of a check. */
struct outcome {
    enum health_change change;
    enum flap_news flap;
    bool is_steady;
    bool was_up, is_up; /* the server as a whole */
};

static int64_t
window_of(const struct servers *servers)
{
    return NEWS_STEADY_INTERVALS * servers->interval_ms;
}

static struct outcome
put_down(struct servers *servers, struct member *member, struct address *address,
         const struct err *failure, int64_t now_ms)
{
    pthread_mutex_lock(&servers->lock);
    struct outcome outcome = {.was_up = member_is_up(member)};
    outcome.change = health_note(&address->health, failure == NULL, servers->fall, servers->rise);
    snprintf(address->error, sizeof address->error, "%s", failure != NULL ? failure->text : "");
    if (outcome.change != HEALTH_SAME)
        outcome.flap = flap_change(&address->flap, now_ms, window_of(servers));
    else
        outcome.is_steady = flap_ends(&address->flap, now_ms, window_of(servers));
    outcome.is_up = member_is_up(member);
    if (outcome.is_up && !outcome.was_up && servers->slow_start_ms > 0)
        member->warms_from_ms = now_ms;
    if (outcome.is_up != outcome.was_up)
        servers_arrange(servers);
    pthread_mutex_unlock(&servers->lock);
    return outcome;
}

void
news_down(const struct servers *servers, const char *server, const char *error)
{
    if (servers->is_succeeded)
        return;
    log_event(LOG_WARN, "upstream.down", LOG_STR("upstream", servers->upstream),
              LOG_STR("server", server), LOG_STR("error", error));
    const struct log_field fields[] = {LOG_STR("server", server), LOG_STR("error", error)};
    alarm_raise(ALARM_UPSTREAM_DOWN, servers->upstream, fields, sizeof fields / sizeof fields[0]);
}

/* The server's other addresses go on. */
static void
tell_address(const struct servers *servers, const struct member *member, const char *address,
             bool is_up, const char *error)
{
    if (is_up)
        log_event(LOG_INFO, "upstream.address-up", LOG_STR("upstream", servers->upstream),
                  LOG_STR("server", member->name), LOG_STR("address", address));
    else
        log_event(LOG_WARN, "upstream.address-down", LOG_STR("upstream", servers->upstream),
                  LOG_STR("server", member->name), LOG_STR("address", address),
                  LOG_STR("error", error));
}

static void
tell_change(const struct servers *servers, const struct member *member,
            const struct outcome *outcome, const char *address, const char *error)
{
    if (outcome->was_up == outcome->is_up)
        tell_address(servers, member, address, outcome->change == HEALTH_CAME_UP, error);
    else if (!outcome->is_up)
        news_down(servers, member->name, error);
    else
        log_event(LOG_INFO, "upstream.up", LOG_STR("upstream", servers->upstream),
                  LOG_STR("server", member->name), LOG_STR("address", address));
}

void
news_checked(struct servers *servers, struct member *member, struct address *address,
             const struct err *failure, int64_t now_ms)
{
    const struct outcome outcome = put_down(servers, member, address, failure, now_ms);
    char text[128];
    if (servers->is_succeeded)
        return;
    endpoint_format(&address->endpoint, text, sizeof text);
    if (outcome.is_steady)
        log_event(LOG_INFO, "upstream.steady", LOG_STR("upstream", servers->upstream),
                  LOG_STR("server", member->name), LOG_STR("address", text),
                  LOG_STR("state", address->health.down ? "down" : "up"));
    switch (outcome.flap) {
    case FLAP_QUIET:
        return;
    case FLAP_TELL:
        tell_change(servers, member, &outcome, text, failure != NULL ? failure->text : "");
        return;
    case FLAP_BEGINS:
        log_event(LOG_WARN, "upstream.flapping", LOG_STR("upstream", servers->upstream),
                  LOG_STR("server", member->name), LOG_STR("address", text),
                  LOG_INT("changes", FLAP_CHANGES), LOG_INT("within_s", window_of(servers) / 1000));
        return;
    }
}

void
news_missing(const struct servers *servers, const char *server, bool *is_told,
             const struct err *trouble)
{
    if (!servers->is_started || *is_told == (trouble != NULL))
        return;
    *is_told = trouble != NULL;
    if (trouble != NULL)
        news_down(servers, server, trouble->text);
    else if (!servers->is_succeeded)
        log_event(LOG_INFO, "upstream.up", LOG_STR("upstream", servers->upstream),
                  LOG_STR("server", server));
}
