#include "metrics_text.h"

#include <inttypes.h>

#include "alert.h"
#include "metrics_line.h"
#include "upstream_report.h"
#include "writing.h"

const char metrics_text_type[] = "text/plain; version=0.0.4; charset=utf-8";

static const char *const spaces[STORE_SPACES] = {
    [STORE_BANS] = "bans",         [STORE_WINDOWS] = "windows", [STORE_KNOWN] = "known",
    [STORE_COUNTERS] = "counters", [STORE_LOGINS] = "logins",   [STORE_DRAINS] = "drains",
};

static void
write_single(FILE *file, const char *name, const char *type, const char *help, uint64_t value)
{
    metrics_line_begin(file, name, type, help);
    fprintf(file, "mailreeve_%s %" PRIu64 "\n", name, value);
}

static void
write_seconds(FILE *file, const char *name, const char *help, uint64_t us)
{
    metrics_line_begin(file, name, "counter", help);
    fprintf(file, "mailreeve_%s %.6f\n", name, (double)us / 1e6);
}

static void
write_decisions(FILE *file, const struct metrics_counts *counts)
{
    metrics_line_begin(file, "decisions_total", "counter",
                       "Sessions that were answered, by reason.");
    for (int protocol = 0; protocol < METRICS_PROTOCOLS; protocol++)
        for (int reason = 0; reason < REASON_COUNT; reason++)
            for (int action = 0; action < METRICS_ACTIONS; action++)
                if (counts->decisions[protocol][reason][action] > 0)
                    fprintf(file,
                            "mailreeve_decisions_total{protocol=\"%s\",verdict=\"%s\",reason=\"%s\""
                            "} %" PRIu64 "\n",
                            protocol_name((enum protocol)protocol),
                            verdict_action_name((enum verdict_action)action),
                            reason_id((enum reason)reason),
                            counts->decisions[protocol][reason][action]);
}

static void
write_times(FILE *file, const struct metrics_counts *counts)
{
    static const char name[] = "decision_seconds";
    metrics_line_begin(file, name, "histogram", "How long it took to answer a session.");
    uint64_t sum = 0;
    for (int i = 0; i < METRICS_TIMES - 1; i++) {
        sum += counts->times[i];
        fprintf(file, "mailreeve_%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
                (double)metrics_bounds_us[i] / 1e6, sum);
    }
    sum += counts->times[METRICS_TIMES - 1];
    fprintf(file, "mailreeve_%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum);
    fprintf(file, "mailreeve_%s_sum %.6f\nmailreeve_%s_count %" PRIu64 "\n", name,
            (double)counts->took_us / 1e6, name, sum);
}

static void
write_sessions(FILE *file, const struct metrics_counts *counts)
{
    metrics_line_begin(file, "start_time_seconds", "gauge",
                       "When the service began, in seconds since 1970.");
    fprintf(file, "mailreeve_start_time_seconds %.3f\n", (double)counts->started_ms / 1e3);
    write_single(file, "sessions", "gauge", "Sessions that are being decided about now.",
                 counts->sessions);
    write_single(file, "waits_total", "counter",
                 "Sessions that were told to ask again in a moment.", counts->waits);
    write_single(file, "bans_total", "counter", "Networks that sessions of this process banned.",
                 counts->bans);
    write_single(file, "would_bans_total", "counter", "The same in monitor mode: not banned.",
                 counts->would_bans);
    write_decisions(file, counts);
    write_times(file, counts);
}

static void
write_alarms(FILE *file)
{
    struct alert_totals totals;
    metrics_line_begin(file, "alarms_total", "counter", "What alerts may be about.");
    for (int kind = 0; kind < ALARM_KINDS; kind++)
        fprintf(file, "mailreeve_alarms_total{event=\"%s\"} %" PRIu64 "\n",
                alarm_kind_name((enum alarm_kind)kind), alarm_count((enum alarm_kind)kind));
    alerts_totals(&totals);
    write_single(file, "alerts_sent_total", "counter", "Alerts whose command ended well.",
                 totals.sent);
    write_single(file, "alerts_failed_total", "counter", "Alerts whose command did not.",
                 totals.failed);
}

static void
write_store(FILE *file, const struct store_status *store)
{
    metrics_line_begin(file, "store_up", "gauge", "Whether the store can be asked.");
    fprintf(file, "mailreeve_store_up{engine=\"%s\"} %d\n", store->engine, store->is_up);
    write_single(file, "store_batches_total", "counter", "Questions to the store.", store->batches);
    write_single(file, "store_failures_total", "counter", "Questions that it did not answer.",
                 store->failures);
    write_seconds(file, "store_seconds_total", "How long all of them took.", store->took_us);
    metrics_line_begin(file, "store_entries", "gauge", "What the store holds now.");
    for (int i = 0; i < STORE_SPACES; i++)
        if (store->held[i] >= 0)
            fprintf(file, "mailreeve_store_entries{space=\"%s\"} %" PRId64 "\n", spaces[i],
                    store->held[i]);
    if (store->size_bytes <= 0)
        return;
    write_single(file, "store_used_bytes", "gauge", "Bytes of the store's file in use.",
                 (uint64_t)store->used_bytes);
    write_single(file, "store_size_bytes", "gauge", "Size of the store's file.",
                 (uint64_t)store->size_bytes);
}

/* One number of each source. */
struct source_number {
    const char *name, *type, *help;
    uint64_t (*of)(const struct source_stats *stats);
};

static uint64_t
from_cache(const struct source_stats *stats)
{
    return stats->from_cache;
}

static uint64_t
from_stale_cache(const struct source_stats *stats)
{
    return stats->from_stale_cache;
}

static uint64_t
recipients(const struct source_stats *stats)
{
    return stats->recipients;
}

static uint64_t
recipients_waiting(const struct source_stats *stats)
{
    return stats->recipients_waiting;
}

static uint64_t
servers(const struct source_stats *stats)
{
    return stats->load.servers;
}

static uint64_t
servers_down(const struct source_stats *stats)
{
    return stats->load.servers_down;
}

static uint64_t
places(const struct source_stats *stats)
{
    return stats->load.places;
}

static uint64_t
inside(const struct source_stats *stats)
{
    return stats->load.inside;
}

static uint64_t
waiting(const struct source_stats *stats)
{
    return stats->load.waiting;
}

static const struct source_number source_numbers[] = {
    {"source_logins_cached_total", "counter", "Answers about logins from the cache.", from_cache},
    {"source_logins_stale_total", "counter", "The same while the source was down.",
     from_stale_cache},
    {"source_recipients_total", "counter", "Answers about recipients.", recipients},
    {"source_recipients_waiting", "gauge",
     "Sessions that wait for an answer that another asks for.", recipients_waiting},
    {"source_servers", "gauge", "Servers of the source.", servers},
    {"source_servers_down", "gauge", "Those that do not answer.", servers_down},
    {"source_places", "gauge", "Connections that it may have.", places},
    {"source_places_taken", "gauge", "Those in use.", inside},
    {"source_waiting", "gauge", "Sessions that wait for one.", waiting},
};

static void
write_source_logins(FILE *file, const struct site *site)
{
    metrics_line_begin(file, "source_logins_total", "counter", "What sources said about logins.");
    struct source *source;
    for (size_t i = 0; (source = site_source(site, i)) != NULL; i++) {
        struct source_stats stats;
        source_stats(source, &stats);
        for (int outcome = 0; outcome < VERIFY_OUTCOMES; outcome++) {
            if (stats.outcomes[outcome] == 0)
                continue;
            fputs("mailreeve_source_logins_total{source=", file);
            metrics_line_value(file, source_name(source));
            fprintf(file, ",outcome=\"%s\"} %" PRIu64 "\n",
                    verify_outcome_name((enum verify_outcome)outcome), stats.outcomes[outcome]);
        }
    }
}

static void
write_source_number(FILE *file, const struct site *site, const struct source_number *number)
{
    metrics_line_begin(file, number->name, number->type, number->help);
    struct source *source;
    for (size_t i = 0; (source = site_source(site, i)) != NULL; i++) {
        struct source_stats stats;
        source_stats(source, &stats);
        fprintf(file, "mailreeve_%s{source=", number->name);
        metrics_line_value(file, source_name(source));
        fprintf(file, "} %" PRIu64 "\n", number->of(&stats));
    }
}

char *
metrics_text(const struct world *world)
{
    struct metrics_counts counts;
    struct store_status store;
    metrics_read(world->metrics, &counts);
    store_status(world->store, &store);
    struct writing writing;
    writing_begin(&writing);
    write_sessions(writing.file, &counts);
    write_alarms(writing.file);
    write_store(writing.file, &store);
    write_source_logins(writing.file, world->site);
    for (size_t i = 0; i < sizeof source_numbers / sizeof source_numbers[0]; i++)
        write_source_number(writing.file, world->site, &source_numbers[i]);
    upstreams_write_metrics(writing.file, world->site);
    return writing_end(&writing);
}
