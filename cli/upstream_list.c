/*
 * mailreeve upstream list: the servers of the configuration, what the running service knows of
 * each, and what the store says of drains.
 *
 * Neither the service nor the store need to be there: what is not known is said to be so.
 */
#include "upstream_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "date.h"
#include "drains.h"
#include "output.h"
#include "server_lines.h"
#include "shared_state.h"
#include "upstream_target.h"

/* One server. */
struct server_row {
    const char *upstream, *server;
    bool is_known; /* to the service: news is what it says */
    struct server_line news;
    const struct drain *drain; /* NULL: the store has none */
};

struct picture {
    struct server_row *rows;
    size_t count, room;
    struct drain *drains;
    size_t drain_count, drain_room;
};

static void
add_row(struct picture *picture, const struct server_row *row)
{
    if (picture->count == picture->room) {
        picture->room = picture->room > 0 ? 2 * picture->room : 16;
        picture->rows = xrealloc(picture->rows, picture->room, sizeof *picture->rows);
    }
    picture->rows[picture->count++] = *row;
}

static struct server_row *
find_row(const struct picture *picture, const char *upstream, const char *server)
{
    for (size_t i = 0; i < picture->count; i++)
        if (strcasecmp(picture->rows[i].upstream, upstream) == 0 &&
            strcasecmp(picture->rows[i].server, server) == 0)
            return &picture->rows[i];
    return NULL;
}

/* The lines of one upstream, in their order. */
static void
add_news(struct picture *picture, const struct server_line *lines, size_t count,
         const char *upstream)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(lines[i].upstream, upstream) == 0)
            add_row(picture, &(struct server_row){.upstream = upstream,
                                                  .server = lines[i].server,
                                                  .is_known = true,
                                                  .news = lines[i]});
}

/* Those of the file that the service has not named; where it has named any, the hosts of an SRV
 * record are among them. */
static void
add_sections(struct picture *picture, const struct site *site, const struct upstream *upstream)
{
    size_t count;
    const char *name = upstream_name(upstream);
    const bool has_news = picture->count > 0 && picture->rows[picture->count - 1].upstream == name;
    const struct section *const *servers = upstream_servers(site, upstream, &count);
    for (size_t i = 0; i < count; i++)
        if (find_row(picture, name, servers[i]->name) == NULL &&
            !(has_news && section_is_set(servers[i], "srv")))
            add_row(picture, &(struct server_row){.upstream = name, .server = servers[i]->name});
}

static bool
collect(void *context, const struct drain *drain)
{
    struct picture *picture = context;
    if (picture->drain_count == picture->drain_room) {
        picture->drain_room = picture->drain_room > 0 ? 2 * picture->drain_room : 16;
        picture->drains = xrealloc(picture->drains, picture->drain_room, sizeof *picture->drains);
    }
    picture->drains[picture->drain_count++] = *drain;
    return true;
}

/* A drain of what is in neither is shown as well: a section's with `srv`, or one that waits for a
 * server to come back. */
static void
add_drains(struct picture *picture)
{
    for (size_t i = 0; i < picture->drain_count; i++) {
        const struct drain *drain = &picture->drains[i];
        struct server_row *row = find_row(picture, drain->upstream, drain->server);
        if (row != NULL)
            row->drain = drain;
        else
            add_row(picture, &(struct server_row){.upstream = drain->upstream,
                                                  .server = drain->server,
                                                  .drain = drain});
    }
}

static const char *
state_of(const struct server_row *row)
{
    if (!row->is_known)
        return "unknown";
    return row->news.is_up ? "up" : "down";
}

/* The service may have heard of another word than the store's last, a second ago. */
static bool
is_drained(const struct server_row *row)
{
    return row->drain != NULL || (row->is_known && row->news.is_drained);
}

static void
print_state(const struct server_row *row)
{
    printf("%s%s", state_of(row), is_drained(row) ? " drained" : "");
    if (!row->is_known)
        return;
    printf("%s%s", row->news.is_backup ? " backup" : "", row->news.is_flapping ? " flapping" : "");
    if (row->news.is_up && row->news.warm_percent < 100)
        printf(" warm %" PRIu64 "%%", row->news.warm_percent);
    if (row->news.is_up && row->news.addresses_up < row->news.addresses)
        printf(" at %" PRIu64 " of %" PRIu64 " addresses", row->news.addresses_up,
               row->news.addresses);
}

/* Why it is drained, else why it is not up. */
static void
print_why(const struct server_row *row)
{
    char until[DATE_TEXT_MAX];
    if (row->drain == NULL) {
        print_safe(stdout, row->is_known ? row->news.error : "");
        return;
    }
    date_format(row->drain->until_ms / 1000, until);
    printf("drained %s%s", row->drain->until_ms == INT64_MAX ? "until resumed" : "until ",
           row->drain->until_ms == INT64_MAX ? "" : until);
    if (row->drain->reason[0] != '\0')
        printf(": ");
    print_safe(stdout, row->drain->reason);
}

static void
print_row(const struct server_row *row)
{
    print_safe(stdout, row->upstream);
    putchar('\t');
    print_safe(stdout, row->server);
    putchar('\t');
    print_state(row);
    putchar('\t');
    print_safe(stdout, row->is_known && row->news.address[0] != '\0' ? row->news.address : "-");
    printf("\t%" PRIu64 "\t", row->is_known ? row->news.sessions : 0);
    print_why(row);
    putchar('\n');
}

/* What the service says, or null. */
static void
print_json_bool(const struct server_row *row, const char *key, bool value)
{
    printf(", \"%s\": %s", key, !row->is_known ? "null" : value ? "true" : "false");
}

static void
print_json_number(const struct server_row *row, const char *key, uint64_t number)
{
    if (row->is_known)
        printf(", \"%s\": %" PRIu64, key, number);
    else
        printf(", \"%s\": null", key);
}

static void
print_json_time(const char *key, int64_t wall_ms)
{
    bool first = false;
    char text[DATE_TEXT_MAX];
    date_format(wall_ms / 1000, text);
    print_json_field(stdout, &first, key, wall_ms != 0 && wall_ms != INT64_MAX ? text : NULL);
}

static void
print_row_json(const struct server_row *row, bool *first_row)
{
    bool first = true;
    const struct server_line *news = &row->news;
    const struct drain *drain = row->drain;
    printf("%s  {", *first_row ? "" : ",\n");
    print_json_field(stdout, &first, "upstream", row->upstream);
    print_json_field(stdout, &first, "server", row->server);
    print_json_field(stdout, &first, "state", state_of(row));
    printf(", \"drained\": %s", is_drained(row) ? "true" : "false");
    print_json_time("drained_since", drain != NULL ? drain->since_ms : 0);
    print_json_time("drained_until", drain != NULL ? drain->until_ms : 0);
    print_json_field(stdout, &first, "reason", drain != NULL ? drain->reason : NULL);
    print_json_bool(row, "checked", news->is_checked);
    print_json_bool(row, "backup", news->is_backup);
    print_json_bool(row, "flapping", news->is_flapping);
    print_json_number(row, "warm_percent", news->warm_percent);
    print_json_number(row, "addresses", news->addresses);
    print_json_number(row, "addresses_up", news->addresses_up);
    print_json_field(stdout, &first, "address",
                     row->is_known && news->address[0] != '\0' ? news->address : NULL);
    print_json_number(row, "sessions", news->sessions);
    print_json_field(stdout, &first, "error",
                     row->is_known && news->error[0] != '\0' ? news->error : NULL);
    putchar('}');
    *first_row = false;
}

static void
print_rows(const struct picture *picture, bool json)
{
    bool first = true;
    if (json)
        printf("[\n");
    for (size_t i = 0; i < picture->count; i++)
        if (json)
            print_row_json(&picture->rows[i], &first);
        else
            print_row(&picture->rows[i]);
    if (json)
        printf("%s]\n", first ? "" : "\n");
}

/* Takes text apart. *lines_r is heap memory, and borrows from it. */
static size_t
read_lines(char *text, struct server_line **lines_r)
{
    size_t count = 0, room = 0;
    struct server_line line;
    *lines_r = NULL;
    for (int result; text != NULL && (result = server_lines_next(&text, &line)) != 0;) {
        if (result < 0) {
            fprintf(stderr, "mailreeve upstream list: the service's answer makes no sense\n");
            break;
        }
        if (count == room) {
            room = room > 0 ? 2 * room : 16;
            *lines_r = xrealloc(*lines_r, room, sizeof **lines_r);
        }
        (*lines_r)[count++] = line;
    }
    return count;
}

static void
add_servers(struct picture *picture, const struct site *site, char *news)
{
    struct upstream *upstream;
    struct server_line *lines;
    const size_t count = read_lines(news, &lines);
    for (size_t i = 0; (upstream = site_upstream(site, i)) != NULL; i++) {
        add_news(picture, lines, count, upstream_name(upstream));
        add_sections(picture, site, upstream);
    }
    free(lines);
}

static int
run_list(const struct arguments *arguments)
{
    struct err err;
    struct shared_state state;
    struct picture picture = {.count = 0};
    int status = shared_state_open(arguments->options.config, &state);
    if (state.site == NULL)
        return status;
    char *news = upstream_ask_service(arguments, "upstream list");
    if (status == EXIT_OK &&
        drains_list(state.store, clock_wall_ms(), state.deadline, collect, &picture, &err) != 0)
        status = shared_state_failed(&state, &err);
    add_servers(&picture, state.site, news);
    add_drains(&picture);
    print_rows(&picture, arguments->options.json);
    free(news);
    free(picture.rows);
    free(picture.drains);
    shared_state_close(&state);
    return status;
}

static const struct option_row list_options[] = {OPTION_JSON, {0}};

const struct command command_upstream_list = {
    .name = "list",
    .help = "list servers: upstream, server, state, address, sessions, why it is so",
    .options = list_options,
    .run = run_list,
};
