/*
 * The way of an alarm: whoever raises it comes here (hear), where it is counted and its message
 * made; alert_runner.c's thread starts the command.
 */
#include "alert.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert_counts.h"
#include "alert_message.h"
#include "alert_runner.h"
#include "alert_settings.h"
#include "alloc.h"
#include "clock.h"

struct alert {
    struct alert_settings settings;
    struct alert_counts *counts; /* under lock */
};

struct alerts {
    struct alert *items;
    size_t count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* under lock */
static struct alerts *current;
static struct alert_runner *runner; /* NULL: there were no alerts yet */

struct alerts *
alerts_open(const struct conf *conf, struct problems *problems)
{
    size_t section_count;
    const struct section *const *sections = conf_sections(conf, NULL, "alert", &section_count);
    struct alerts *alerts = xcalloc(1, sizeof *alerts);
    alerts->items = xcalloc(section_count + 1, sizeof *alerts->items);
    for (size_t i = 0; i < section_count; i++) {
        struct alert *alert = &alerts->items[alerts->count];
        if (alert_settings_read(sections[i], &alert->settings, problems) != 0)
            continue;
        alert->counts = alert_counts_create();
        alerts->count++;
    }
    return alerts;
}

void
alerts_close(struct alerts *alerts)
{
    if (alerts == NULL)
        return;
    pthread_mutex_lock(&lock);
    if (alerts == current)
        current = NULL;
    pthread_mutex_unlock(&lock);

    for (size_t i = 0; i < alerts->count; i++) {
        alert_settings_fini(&alerts->items[i].settings);
        alert_counts_free(alerts->items[i].counts);
    }
    free(alerts->items);
    free(alerts);
}

static char *
make_message(const struct alert *alert, const struct alert_message *alarm,
             const struct alert_tally *tally, int64_t now_ms)
{
    char host[HOST_NAME_MAX + 1] = "";
    gethostname(host, sizeof host - 1);
    struct alert_message message = *alarm;
    message.alert = alert->settings.name;
    message.host = host;
    message.count = tally->count;
    message.since_wall_ms = message.wall_ms - (now_ms - tally->first_ms);
    message.held_back = tally->held_back;
    return alert_message_format(&message);
}

static void
hear(void *context, enum alarm_kind kind, const char *subject, const struct log_field *fields,
     size_t count)
{
    (void)context;
    const int64_t now_ms = clock_now_ms();
    const struct alert_message alarm = {.kind = kind,
                                        .subject = subject,
                                        .wall_ms = clock_wall_ms(),
                                        .fields = fields,
                                        .field_count = count};
    pthread_mutex_lock(&lock);
    for (size_t i = 0; current != NULL && i < current->count; i++) {
        struct alert *alert = &current->items[i];
        struct alert_tally tally;
        if (alert_settings_has(&alert->settings, kind) &&
            alert_counts_note(alert->counts, &alert->settings, kind, subject, now_ms, &tally))
            alert_runner_add(runner, alert->settings.name, alert->settings.command, kind,
                             make_message(alert, &alarm, &tally, now_ms));
    }
    pthread_mutex_unlock(&lock);
}

/* Under lock: a reload forgets nothing. */
static void
adopt_counts(struct alerts *to, struct alerts *from)
{
    for (size_t i = 0; i < to->count; i++)
        for (size_t j = 0; j < from->count; j++)
            if (strcmp(to->items[i].settings.name, from->items[j].settings.name) == 0) {
                struct alert_counts *counts = to->items[i].counts;
                to->items[i].counts = from->items[j].counts;
                from->items[j].counts = counts;
            }
}

static void
use_none(void)
{
    alarm_listen(NULL, NULL);
    pthread_mutex_lock(&lock);
    struct alert_runner *ending = runner;
    runner = NULL;
    current = NULL;
    pthread_mutex_unlock(&lock);
    alert_runner_free(ending, ALERTS_GRACE_MS);
}

void
alerts_use(struct alerts *alerts)
{
    if (alerts == NULL) {
        use_none();
        return;
    }
    pthread_mutex_lock(&lock);
    if (current != NULL && current != alerts)
        adopt_counts(alerts, current);
    current = alerts;
    if (runner == NULL && alerts->count > 0)
        runner = alert_runner_create();
    pthread_mutex_unlock(&lock);
    alarm_listen(hear, NULL);
}
