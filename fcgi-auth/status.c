#include "status.h"

#include <inttypes.h>
#include <stdlib.h>

#include "alert.h"
#include "date.h"
#include "upstream_report.h"
#include "writing.h"

/* All that both forms tell. */
struct picture {
    const struct site *site;
    struct store_status store;
    struct metrics_counts counts;
    struct alert_totals alerts;
};

static const char *const spaces[STORE_SPACES] = {
    [STORE_BANS] = "bans",         [STORE_WINDOWS] = "windows", [STORE_KNOWN] = "known",
    [STORE_COUNTERS] = "counters", [STORE_LOGINS] = "logins",   [STORE_DRAINS] = "drains",
};

static void
take_picture(const struct world *world, struct picture *picture_r)
{
    picture_r->site = world->site;
    store_status(world->store, &picture_r->store);
    metrics_read(world->metrics, &picture_r->counts);
    alerts_totals(&picture_r->alerts);
}

static uint64_t
decisions_of(const struct metrics_counts *counts, enum reason reason)
{
    uint64_t sum = 0;
    for (int protocol = 0; protocol < METRICS_PROTOCOLS; protocol++)
        for (int action = 0; action < METRICS_ACTIONS; action++)
            sum += counts->decisions[protocol][reason][action];
    return sum;
}

static uint64_t
mean_us(const struct store_status *store)
{
    return store->batches > 0 ? store->took_us / store->batches : 0;
}

static bool
is_source_down(struct source *source)
{
    struct source_stats stats;
    source_stats(source, &stats);
    return stats.load.servers > 0 && stats.load.servers_down == stats.load.servers;
}

typedef void visit_fault(FILE *file, size_t index, const char *kind, const char *name);

/* Visits all that is not as it should be. Returns how many that are. */
static size_t
visit_faults(const struct picture *picture, FILE *file, visit_fault *visit)
{
    size_t count = 0;
    if (!picture->store.is_up || picture->store.is_full)
        visit(file, count++, "store", picture->store.engine);
    struct source *source;
    for (size_t i = 0; (source = site_source(picture->site, i)) != NULL; i++)
        if (is_source_down(source))
            visit(file, count++, "source", source_name(source));
    struct upstream *upstream;
    for (size_t i = 0; (upstream = site_upstream(picture->site, i)) != NULL; i++)
        if (upstream_serves_nobody(upstream))
            visit(file, count++, "upstream", upstream_name(upstream));
    return count;
}

static void
write_fault_json(FILE *file, size_t index, const char *kind, const char *name)
{
    fprintf(file, "%s{\"%s\": ", index > 0 ? ", " : "", kind);
    write_json_text(file, name);
    fputc('}', file);
}

static void
write_fault_text(FILE *file, size_t index, const char *kind, const char *name)
{
    fprintf(file, "%s %s %s", index > 0 ? "," : ":", kind, name);
}

/* Looks once, so that the word and the list agree. Returns the list: heap memory. */
static char *
list_faults(const struct picture *picture, visit_fault *visit, const char **word_r)
{
    struct writing writing;
    writing_begin(&writing);
    *word_r = visit_faults(picture, writing.file, visit) > 0 ? "degraded" : "ok";
    return writing_end(&writing);
}

/* Wall-clock time in milliseconds; 0 is null. */
static void
write_time_json(FILE *file, int64_t wall_ms)
{
    char text[DATE_TEXT_MAX];
    date_format(wall_ms / 1000, text);
    write_json_text(file, wall_ms != 0 ? text : NULL);
}

static void
write_store_json(FILE *file, const struct store_status *store)
{
    fprintf(file, "{\"engine\": \"%s\", \"up\": %s, \"full\": %s, \"down_since\": ", store->engine,
            store->is_up ? "true" : "false", store->is_full ? "true" : "false");
    write_time_json(file, store->down_since_ms);
    fputs(", \"error\": ", file);
    write_json_text(file, store->error[0] != '\0' ? store->error : NULL);
    fprintf(file, ", \"batches\": %" PRIu64 ", \"failures\": %" PRIu64 ", \"mean_us\": %" PRIu64,
            store->batches, store->failures, mean_us(store));
    for (int i = 0; i < STORE_SPACES; i++)
        if (store->held[i] >= 0)
            fprintf(file, ", \"%s\": %" PRId64, spaces[i], store->held[i]);
    if (store->size_bytes > 0)
        fprintf(file, ", \"used_bytes\": %" PRId64 ", \"size_bytes\": %" PRId64, store->used_bytes,
                store->size_bytes);
    fputc('}', file);
}

static void
write_decisions_json(FILE *file, const struct metrics_counts *counts)
{
    const char *before = "{";
    for (int i = 0; i < REASON_COUNT; i++) {
        uint64_t count = decisions_of(counts, (enum reason)i);
        if (count == 0)
            continue;
        fprintf(file, "%s\"%s\": %" PRIu64, before, reason_id((enum reason)i), count);
        before = ", ";
    }
    fputs(before[0] == '{' ? "{}" : "}", file);
}

static void
write_sources_json(FILE *file, const struct site *site)
{
    struct source *source;
    for (size_t i = 0; (source = site_source(site, i)) != NULL; i++) {
        struct source_stats stats;
        source_stats(source, &stats);
        fprintf(file, "%s{\"name\": ", i > 0 ? ", " : "");
        write_json_text(file, source_name(source));
        fprintf(file, ", \"servers\": %u, \"servers_down\": %u}", stats.load.servers,
                stats.load.servers_down);
    }
}

char *
status_json(const struct world *world)
{
    struct picture picture;
    take_picture(world, &picture);
    const struct metrics_counts *counts = &picture.counts;
    struct writing writing;
    writing_begin(&writing);
    FILE *file = writing.file;
    const char *word;
    char *faults = list_faults(&picture, write_fault_json, &word);
    fprintf(file, "{\"status\": \"%s\",\n \"degraded\": [%s],\n \"started\": ", word, faults);
    free(faults);
    write_time_json(file, counts->started_ms);
    fputs(",\n \"store\": ", file);
    write_store_json(file, &picture.store);
    fprintf(file, ",\n \"sessions\": %" PRIu64 ",\n \"decisions\": ", counts->sessions);
    write_decisions_json(file, counts);
    fprintf(file,
            ",\n \"waits\": %" PRIu64 ",\n \"bans\": %" PRIu64 ",\n \"would_bans\": %" PRIu64
            ",\n \"alerts\": {\"sent\": %" PRIu64 ", \"failed\": %" PRIu64 "},\n \"sources\": [",
            counts->waits, counts->bans, counts->would_bans, picture.alerts.sent,
            picture.alerts.failed);
    write_sources_json(file, picture.site);
    fputs("],\n \"upstreams\": [", file);
    upstreams_write_json(file, picture.site);
    fputs("]}\n", file);
    return writing_end(&writing);
}

static void
write_store_text(FILE *file, const struct store_status *store)
{
    char since[DATE_TEXT_MAX];
    date_format(store->down_since_ms / 1000, since);
    fprintf(file, "store %s: ", store->engine);
    if (store->is_full)
        fprintf(file, "full (%s)", store->error);
    else if (store->is_up)
        fputs("up", file);
    else
        fprintf(file, "down since %s (%s)", since, store->error);
    for (int i = 0; i < STORE_SPACES; i++)
        if (store->held[i] >= 0)
            fprintf(file, ", %s %" PRId64, spaces[i], store->held[i]);
    if (store->size_bytes > 0)
        fprintf(file, "; %" PRId64 " of %" PRId64 " KiB used", store->used_bytes / 1024,
                store->size_bytes / 1024);
    fprintf(file, "; asked %" PRIu64 " times (%" PRIu64 " us each), failed %" PRIu64 "\n",
            store->batches, mean_us(store), store->failures);
}

static void
write_counts_text(FILE *file, const struct picture *picture)
{
    const struct metrics_counts *counts = &picture->counts;
    char started[DATE_TEXT_MAX];
    date_format(counts->started_ms / 1000, started);
    fprintf(file,
            "since %s: sessions now %" PRIu64 ", told to wait %" PRIu64 ", bans made %" PRIu64
            ", bans in monitor mode %" PRIu64 ", alerts sent %" PRIu64 ", failed %" PRIu64 "\n",
            started, counts->sessions, counts->waits, counts->bans, counts->would_bans,
            picture->alerts.sent, picture->alerts.failed);
    for (int i = 0; i < REASON_COUNT; i++) {
        uint64_t count = decisions_of(counts, (enum reason)i);
        if (count > 0)
            fprintf(file, "decisions %s: %" PRIu64 "\n", reason_id((enum reason)i), count);
    }
}

static void
write_parts_text(FILE *file, const struct site *site)
{
    struct source *source;
    for (size_t i = 0; (source = site_source(site, i)) != NULL; i++) {
        struct source_stats stats;
        source_stats(source, &stats);
        if (stats.load.servers > 0)
            fprintf(file, "source %s: servers %u, down %u\n", source_name(source),
                    stats.load.servers, stats.load.servers_down);
    }
    upstreams_write_text(file, site);
}

char *
status_text(const struct world *world)
{
    struct picture picture;
    take_picture(world, &picture);
    struct writing writing;
    writing_begin(&writing);
    const char *word;
    char *faults = list_faults(&picture, write_fault_text, &word);
    fprintf(writing.file, "status %s%s\n", word, faults);
    free(faults);
    write_store_text(writing.file, &picture.store);
    write_counts_text(writing.file, &picture);
    write_parts_text(writing.file, picture.site);
    return writing_end(&writing);
}
