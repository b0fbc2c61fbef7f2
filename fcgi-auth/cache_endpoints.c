#include "cache_endpoints.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "log.h"
#include "percent.h"
#include "writing.h"

int
cache_query_user(const char *query, char **user_r)
{
    static const char key[] = "user=";
    *user_r = NULL;
    if (query == NULL || query[0] == '\0')
        return 0;
    if (strncmp(query, key, strlen(key)) != 0 || strchr(query, '&') != NULL)
        return -1;
    char *user = xstrdup(query + strlen(key));
    ssize_t length = percent_decode(user, user);
    if (length <= 0 || length > MAILBOX_TEXT_MAX || memchr(user, '\0', (size_t)length) != NULL) {
        free(user);
        return -1;
    }
    user[length] = '\0';
    *user_r = user;
    return 0;
}

char *
cache_flush_json(const struct site *site, const char *user)
{
    size_t flushed = site_flush(site, user);
    log_event(LOG_INFO, "cache.flushed", LOG_STR("user", user),
              LOG_INT("answers", (int64_t)flushed));
    struct writing writing;
    writing_begin(&writing);
    fprintf(writing.file, "{\"flushed\": %zu}\n", flushed);
    return writing_end(&writing);
}

static void
write_json(FILE *file, const struct source *source, const struct source_stats *stats)
{
    fputs("{\"source\": ", file);
    write_json_text(file, source_name(source));
    fputs(", \"logins\": {", file);
    for (int i = 0; i < VERIFY_OUTCOMES; i++)
        fprintf(file, "%s\"%s\": %" PRIu64, i > 0 ? ", " : "",
                verify_outcome_name((enum verify_outcome)i), stats->outcomes[i]);
    fprintf(file,
            "}, \"took_us\": %" PRIu64 ", \"from_cache\": %" PRIu64
            ", \"from_stale_cache\": %" PRIu64 ", \"logins_kept\": %zu, \"recipients\": %" PRIu64
            ", \"recipients_from_cache\": %" PRIu64 ", \"recipients_kept\": %zu",
            stats->took_us, stats->from_cache, stats->from_stale_cache, stats->logins_kept,
            stats->recipients, stats->recipients_from_cache, stats->recipients_kept);
    fprintf(file,
            ", \"servers\": %u, \"servers_down\": %u, \"places\": %u, \"inside\": %u, "
            "\"waiting\": %u}",
            stats->load.servers, stats->load.servers_down, stats->load.places, stats->load.inside,
            stats->load.waiting);
}

char *
cache_sources_json(const struct site *site)
{
    struct writing writing;
    writing_begin(&writing);
    fputc('[', writing.file);
    struct source *source;
    for (size_t i = 0; (source = site_source(site, i)) != NULL; i++) {
        struct source_stats stats;
        source_stats(source, &stats);
        fputs(i > 0 ? ",\n " : "", writing.file);
        write_json(writing.file, source, &stats);
    }
    fputs("]\n", writing.file);
    return writing_end(&writing);
}

static void
write_text(FILE *file, const struct source *source, const struct source_stats *stats)
{
    uint64_t logins = 0;
    for (int i = 0; i < VERIFY_OUTCOMES; i++)
        logins += stats->outcomes[i];
    fprintf(file, "%s: logins %" PRIu64 ", from the cache %" PRIu64, source_name(source), logins,
            stats->from_cache);
    if (stats->from_stale_cache > 0)
        fprintf(file, " (%" PRIu64 " while it was down)", stats->from_stale_cache);
    fprintf(file, ", kept %zu; recipients %" PRIu64 ", from the cache %" PRIu64 ", kept %zu",
            stats->logins_kept, stats->recipients, stats->recipients_from_cache,
            stats->recipients_kept);
    if (stats->load.servers > 0)
        fprintf(file, "; servers %u, down %u", stats->load.servers, stats->load.servers_down);
    if (stats->load.places > 0)
        fprintf(file, "; places %u, taken %u, waiting %u", stats->load.places, stats->load.inside,
                stats->load.waiting);
    fputc('\n', file);
}

char *
cache_sources_text(const struct site *site)
{
    struct writing writing;
    writing_begin(&writing);
    struct source *source;
    for (size_t i = 0; (source = site_source(site, i)) != NULL; i++) {
        struct source_stats stats;
        source_stats(source, &stats);
        write_text(writing.file, source, &stats);
    }
    return writing_end(&writing);
}
