#include "server_log.h"

#include <stdatomic.h>
#include <stddef.h>

#include "alarm.h"
#include "clock.h"
#include "log.h"

enum { COMPLAIN_EVERY_MS = 60000 };

void
server_log_alarm(const char *source, const char *server, const struct err *failure)
{
    const struct log_field fields[] = {LOG_STR("server", server), LOG_STR("error", failure->text)};
    alarm_raise(ALARM_SOURCE_DOWN, source, fields, sizeof fields / sizeof fields[0]);
}

void
server_log_change(const char *source, const char *server, const struct err *failure)
{
    if (failure == NULL) {
        log_event(LOG_INFO, "source.up", LOG_STR("source", source), LOG_STR("server", server));
        return;
    }
    log_event(LOG_WARN, "source.down", LOG_STR("source", source), LOG_STR("server", server),
              LOG_STR("error", failure->text));
    server_log_alarm(source, server, failure);
}

void
server_log_misconfigured(const char *source, const char *server, const struct err *err,
                         const char *hint, _Atomic int64_t *again_ms)
{
    int64_t now_ms = clock_now_ms();
    int64_t due_ms = atomic_load(again_ms);
    if (now_ms < due_ms ||
        !atomic_compare_exchange_strong(again_ms, &due_ms, now_ms + COMPLAIN_EVERY_MS))
        return;
    log_event(LOG_ERROR, "source.misconfigured", LOG_STR("source", source),
              LOG_STR("server", server), LOG_STR("error", err->text), LOG_STR("hint", hint));
}
