#include "store_health.h"

#include <stdio.h>

#include "alarm.h"
#include "clock.h"
#include "log.h"

enum {
    RETRY_FIRST_MS = 250,
    RETRY_LONGEST_MS = 5000,
    TELL_EVERY_MS = 60 * 1000,
};

void
store_health_init(struct store_health *health, const char *engine, bool tells)
{
    *health = (struct store_health){.engine = engine, .tells = tells};
    atomic_init(&health->is_down, false);
    pthread_mutex_init(&health->lock, NULL);
}

void
store_health_fini(struct store_health *health)
{
    pthread_mutex_destroy(&health->lock);
}

bool
store_health_is_up(struct store_health *health, struct err *err)
{
    if (!atomic_load(&health->is_down))
        return true;
    pthread_mutex_lock(&health->lock);
    err_set(err, "%s", health->error.text);
    bool is_up = !atomic_load(&health->is_down);
    pthread_mutex_unlock(&health->lock);
    return is_up;
}

bool
store_health_may_try(struct store_health *health, struct err *err)
{
    if (!atomic_load(&health->is_down))
        return true;
    pthread_mutex_lock(&health->lock);
    int64_t now_ms = clock_now_ms();
    bool may = !atomic_load(&health->is_down) || now_ms >= health->retry_at_ms;
    if (may) {
        health->is_being_tried = true;
        health->retry_at_ms = now_ms + health->pause_ms;
    } else {
        err_set(err, "%s", health->error.text);
    }
    pthread_mutex_unlock(&health->lock);
    return may;
}

/* Under lock. */
static void
tell_up(struct store_health *health)
{
    health->up_is_due = false;
    log_event(LOG_WARN, "store.up", LOG_STR("engine", health->engine),
              LOG_INT("down_ms", clock_wall_ms() - health->down_since_ms));
}

void
store_health_good(struct store_health *health)
{
    if (!atomic_load(&health->is_down))
        return;
    pthread_mutex_lock(&health->lock);
    if (atomic_load(&health->is_down)) {
        atomic_store(&health->is_down, false);
        if (health->up_is_due)
            tell_up(health);
        health->down_since_ms = 0;
    }
    pthread_mutex_unlock(&health->lock);
}

/* Under lock. Whether it is time to say that it is down. */
static bool
is_time_to_tell(struct store_health *health, int64_t now_ms)
{
    if (!health->tells || (health->told_at_ms != 0 && now_ms - health->told_at_ms < TELL_EVERY_MS))
        return false;
    health->told_at_ms = now_ms;
    health->up_is_due = true;
    return true;
}

static void
tell_down(const char *engine, const char *error)
{
    log_event(LOG_WARN, "store.down", LOG_STR("engine", engine), LOG_STR("error", error));
    const struct log_field fields[] = {LOG_STR("error", error)};
    alarm_raise(ALARM_STORE_DOWN, engine, fields, 1);
}

void
store_health_bad(struct store_health *health, const struct err *err)
{
    pthread_mutex_lock(&health->lock);
    int64_t now_ms = clock_now_ms();
    if (!atomic_load(&health->is_down)) {
        health->down_since_ms = clock_wall_ms();
        health->pause_ms = RETRY_FIRST_MS;
        health->retry_at_ms = now_ms + health->pause_ms;
        atomic_store(&health->is_down, true);
    } else if (health->is_being_tried) { /* what had begun before says nothing new */
        health->pause_ms =
            health->pause_ms * 2 < RETRY_LONGEST_MS ? health->pause_ms * 2 : RETRY_LONGEST_MS;
        health->retry_at_ms = now_ms + health->pause_ms;
    }
    health->is_being_tried = false;
    health->error = *err;
    bool tells = is_time_to_tell(health, now_ms);
    pthread_mutex_unlock(&health->lock);
    if (tells)
        tell_down(health->engine, err->text);
}

void
store_health_full(struct store_health *health, const struct err *err)
{
    bool tells = false;
    pthread_mutex_lock(&health->lock);
    int64_t now_ms = clock_now_ms();
    health->is_full = err != NULL;
    if (err != NULL) {
        health->full_error = *err;
        tells = health->tells &&
                (health->full_told_at_ms == 0 || now_ms - health->full_told_at_ms >= TELL_EVERY_MS);
    }
    if (tells)
        health->full_told_at_ms = now_ms;
    pthread_mutex_unlock(&health->lock);
    if (tells)
        log_event(LOG_WARN, "store.full", LOG_STR("engine", health->engine),
                  LOG_STR("error", err->text));
}

int
store_health_wait_ms(struct store_health *health, int most_ms)
{
    if (!atomic_load(&health->is_down))
        return most_ms;
    pthread_mutex_lock(&health->lock);
    int64_t left_ms = health->retry_at_ms - clock_now_ms();
    pthread_mutex_unlock(&health->lock);
    return left_ms <= 0 ? 0 : left_ms < most_ms ? (int)left_ms : most_ms;
}

void
store_health_status(struct store_health *health, struct store_status *status_r)
{
    pthread_mutex_lock(&health->lock);
    status_r->is_up = !atomic_load(&health->is_down);
    status_r->down_since_ms = health->down_since_ms;
    status_r->is_full = status_r->is_up && health->is_full;
    if (!status_r->is_up || status_r->is_full)
        snprintf(status_r->error, sizeof status_r->error, "%s",
                 status_r->is_full ? health->full_error.text : health->error.text);
    pthread_mutex_unlock(&health->lock);
}
