#include "tally.h"

#include "alarm.h"
#include "clock.h"
#include "log.h"

static void
tell_hijack(const struct tally *tally, const char *session, const struct netaddr *client,
            int64_t messages)
{
    const char *account = tally->sender.user;
    const int64_t limit = tally->limits->messages_per_user.most;
    char address[NETADDR_TEXT_MAX] = "";
    if (client->family != NETADDR_NONE)
        netaddr_format(client, address);
    log_event(LOG_WARN, "hijack", LOG_STR("session", session), LOG_STR("account", account),
              LOG_STR("client", address), LOG_INT("messages", messages), LOG_INT("limit", limit));
    const struct log_field fields[] = {LOG_STR("client", address), LOG_INT("messages", messages),
                                       LOG_INT("limit", limit)};
    alarm_raise(ALARM_HIJACK, account, fields, sizeof fields / sizeof fields[0]);
}

static int64_t *
counted(struct tally *tally, enum sent what)
{
    return what == SENT_MESSAGE ? &tally->messages : &tally->recipients;
}

void
tally_add(struct tally *tally, enum sent what, const char *session, const struct netaddr *client,
          struct deadline deadline, struct sending_answer *answer_r)
{
    *answer_r = (struct sending_answer){0};
    if (tally->sender.user == NULL)
        return;
    sending_count(tally->store, tally->limits, &tally->sender, what, clock_wall_ms(), deadline,
                  answer_r);
    if (answer_r->is_counted)
        ++*counted(tally, what);
    if (answer_r->is_over && what == SENT_MESSAGE)
        tell_hijack(tally, session, client, answer_r->count);
}

static void
take_back(struct tally *tally, int64_t messages, int64_t recipients, struct deadline deadline)
{
    if (messages == 0 && recipients == 0)
        return;
    sending_take_back(tally->store, tally->limits, &tally->sender, messages, recipients,
                      clock_wall_ms(), deadline);
    tally->messages -= messages;
    tally->recipients -= recipients;
}

void
tally_take_back(struct tally *tally, enum sent what, const struct sending_answer *added,
                struct deadline deadline)
{
    if (added->is_counted)
        take_back(tally, what == SENT_MESSAGE, what == SENT_RECIPIENT, deadline);
}

void
tally_give_up(struct tally *tally, struct deadline deadline)
{
    take_back(tally, tally->messages, tally->recipients, deadline);
}
