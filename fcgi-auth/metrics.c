#include "metrics.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"

const int64_t metrics_bounds_us[METRICS_TIMES - 1] = {
    500, 1000, 5000, 10000, 50000, 100000, 500000, 1000000, 5000000,
};

typedef atomic_uint_least64_t counter;

struct metrics {
    int64_t started_ms; /* set once */
    counter sessions;
    counter decisions[METRICS_PROTOCOLS][REASON_COUNT][METRICS_ACTIONS];
    counter times[METRICS_TIMES];
    counter took_us;
    counter waits, bans, would_bans;
};

/* All zero is what atomics of this kind begin with. */
struct metrics *
metrics_create(void)
{
    struct metrics *metrics = xcalloc(1, sizeof *metrics);
    metrics->started_ms = clock_wall_ms();
    return metrics;
}

void
metrics_free(struct metrics *metrics)
{
    free(metrics);
}

static void
add(counter *to, uint64_t amount)
{
    atomic_fetch_add_explicit(to, amount, memory_order_relaxed);
}

static uint64_t
get(const counter *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

void
metrics_session_began(struct metrics *metrics)
{
    add(&metrics->sessions, 1);
}

void
metrics_session_ended(struct metrics *metrics)
{
    atomic_fetch_sub_explicit(&metrics->sessions, 1, memory_order_relaxed);
}

static int
bucket_of(int64_t took_us)
{
    int bucket = 0;
    while (bucket < METRICS_TIMES - 1 && took_us > metrics_bounds_us[bucket])
        bucket++;
    return bucket;
}

void
metrics_decided(struct metrics *metrics, enum protocol protocol, const struct verdict *verdict,
                int64_t took_us)
{
    add(&metrics->decisions[protocol][verdict->reason][verdict->action], 1);
    add(&metrics->times[bucket_of(took_us)], 1);
    add(&metrics->took_us, (uint64_t)took_us);
}

void
metrics_waits(struct metrics *metrics)
{
    add(&metrics->waits, 1);
}

void
metrics_ended(struct metrics *metrics, const struct attempt_end *end)
{
    add(&metrics->bans, end->is_new_ban);
    add(&metrics->would_bans, end->would_ban);
}

void
metrics_read(struct metrics *metrics, struct metrics_counts *counts_r)
{
    *counts_r = (struct metrics_counts){.started_ms = metrics->started_ms,
                                        .sessions = get(&metrics->sessions),
                                        .took_us = get(&metrics->took_us),
                                        .waits = get(&metrics->waits),
                                        .bans = get(&metrics->bans),
                                        .would_bans = get(&metrics->would_bans)};
    for (int i = 0; i < METRICS_PROTOCOLS; i++)
        for (int j = 0; j < REASON_COUNT; j++)
            for (int k = 0; k < METRICS_ACTIONS; k++)
                counts_r->decisions[i][j][k] = get(&metrics->decisions[i][j][k]);
    for (int i = 0; i < METRICS_TIMES; i++)
        counts_r->times[i] = get(&metrics->times[i]);
}
