#include "route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "checker.h"
#include "servers.h"

struct upstream_values {
    int balance; /* enum balance */
    int check;   /* enum check */
    int64_t interval_ms, timeout_ms, fall, rise;
};

struct server_values {
    const char *address;
    int64_t weight;
    bool backup;
};

static const struct choice balance_choices[] = {
    {"round-robin", BALANCE_ROUND_ROBIN}, {"first", BALANCE_FIRST}, {0}};

static const struct choice check_choices[] = {
    {"none", CHECK_NONE}, {"tcp", CHECK_TCP}, {"smtp", CHECK_SMTP}, {0}};

static const struct row server_rows[] = {
    {.name = "address",
     .type = ROW_STRING,
     .offset = offsetof(struct server_values, address),
     .required = true,
     .help = "Where the server listens: HOST:PORT, or [ADDRESS]:PORT for IPv6; a name is resolved "
             "again every minute."},
    {.name = "weight",
     .type = ROW_INT,
     .offset = offsetof(struct server_values, weight),
     .preset = "1",
     .low = 1,
     .high = 1000,
     .help = "Its share of the sessions, with balance = \"round-robin\"."},
    {.name = "backup",
     .type = ROW_BOOL,
     .offset = offsetof(struct server_values, backup),
     .preset = "false",
     .help = "Used only while no server is up that is not a backup."},
    {0}};

static const struct row upstream_rows[] = {
    {.name = "balance",
     .type = ROW_CHOICE,
     .offset = offsetof(struct upstream_values, balance),
     .preset = "round-robin",
     .choices = balance_choices,
     .help = "How servers share the sessions: in turn by weight, or all to the first that is up."},
    {.name = "check",
     .type = ROW_CHOICE,
     .offset = offsetof(struct upstream_values, check),
     .preset = "none",
     .choices = check_choices,
     .help = "How it is found out whether a server is up: not at all, by connecting, or by an SMTP "
             "greeting (220) and EHLO (250)."},
    {.name = "interval",
     .type = ROW_DURATION,
     .offset = offsetof(struct upstream_values, interval_ms),
     .preset = "5s",
     .low = 100,
     .high = 3600000,
     .help = "The time between the beginnings of two checks of one server."},
    {.name = "timeout",
     .type = ROW_DURATION,
     .offset = offsetof(struct upstream_values, timeout_ms),
     .preset = "5s",
     .low = 50,
     .high = 300000,
     .help = "A check of one address that takes longer has failed."},
    {.name = "fall",
     .type = ROW_INT,
     .offset = offsetof(struct upstream_values, fall),
     .preset = "3",
     .low = 1,
     .high = 100,
     .help = "So many failed checks in a row take a server out; the very first check alone does, "
             "too."},
    {.name = "rise",
     .type = ROW_INT,
     .offset = offsetof(struct upstream_values, rise),
     .preset = "2",
     .low = 1,
     .high = 100,
     .help = "So many passed checks in a row bring it back."},
    {0}};

static const struct section_type server_section = {
    .name = "server",
    .titled = true,
    .size = sizeof(struct server_values),
    .rows = server_rows,
    .help = "One server of an upstream.",
};

static const struct section_type *const upstream_children[] = {&server_section, NULL};

const struct section_type upstream_section = {
    .name = "upstream",
    .titled = true,
    .size = sizeof(struct upstream_values),
    .rows = upstream_rows,
    .children = upstream_children,
    .help = "A group of servers that sessions are handed to.",
};

struct upstream {
    /* set once */
    const struct section *section;
    struct servers servers;
    struct checker *checker; /* NULL: not started, or check = "none" */

    struct upstream *next; /* under running_lock */
};

/* The upstreams that were started, the newest first. */
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;
static struct upstream *running; /* under running_lock */

static int
open_server(struct server *server, const struct section *section, struct problems *problems)
{
    const struct server_values *values = section->values;
    struct err err;
    server->name = section->name;
    server->weight = (unsigned)values->weight;
    server->backup = values->backup;
    server->address = name_open(values->address, 0, &err);
    if (server->address == NULL) {
        section_problem(section, "address", problems, PROBLEM_ERROR, "%s", err.text);
        return -1;
    }
    if (name_port(server->address) == 0) {
        section_problem(section, "address", problems, PROBLEM_ERROR,
                        "nginx cannot hand a session to a unix socket (write HOST:PORT)");
        return -1;
    }
    return 0;
}

struct upstream *
upstream_open(const struct conf *conf, const struct section *section, struct problems *problems)
{
    const struct upstream_values *values = section->values;
    size_t count;
    const struct section *const *sections = conf_sections(conf, section, "server", &count);
    if (count == 0) {
        section_problem(section, NULL, problems, PROBLEM_ERROR,
                        "it has no server (write server \"NAME\" { address = \"HOST:PORT\" })");
        return NULL;
    }

    struct upstream *upstream = xcalloc(1, sizeof *upstream);
    upstream->section = section;
    upstream->servers = (struct servers){.upstream = section->name,
                                         .balance = (enum balance)values->balance,
                                         .items = xcalloc(count, sizeof(struct server)),
                                         .count = count,
                                         .check = (enum check)values->check,
                                         .interval_ms = values->interval_ms,
                                         .timeout_ms = values->timeout_ms,
                                         .fall = (unsigned)values->fall,
                                         .rise = (unsigned)values->rise};
    pthread_mutex_init(&upstream->servers.lock, NULL);

    int result = 0;
    for (size_t i = 0; i < count; i++)
        result |= open_server(&upstream->servers.items[i], sections[i], problems);
    if (result != 0) {
        upstream_close(upstream);
        return NULL;
    }
    return upstream;
}

void
upstream_start(struct upstream *upstream)
{
    struct servers *servers = &upstream->servers;
    for (size_t i = 0; i < servers->count; i++)
        name_start(servers->items[i].address);
    if (servers->check == CHECK_NONE)
        return;

    pthread_mutex_lock(&running_lock);
    for (struct upstream *other = running; other != NULL; other = other->next)
        servers_adopt(servers, &other->servers);
    upstream->next = running;
    running = upstream;
    pthread_mutex_unlock(&running_lock);
    upstream->checker = checker_start(servers);
}

static void
leave_running(const struct upstream *upstream)
{
    pthread_mutex_lock(&running_lock);
    for (struct upstream **link = &running; *link != NULL; link = &(*link)->next)
        if (*link == upstream) {
            *link = upstream->next;
            break;
        }
    pthread_mutex_unlock(&running_lock);
}

void
upstream_close(struct upstream *upstream)
{
    if (upstream == NULL)
        return;
    leave_running(upstream);
    checker_stop(upstream->checker);
    for (size_t i = 0; i < upstream->servers.count; i++)
        name_close(upstream->servers.items[i].address);
    pthread_mutex_destroy(&upstream->servers.lock);
    free(upstream->servers.items);
    free(upstream);
}

const char *
upstream_name(const struct upstream *upstream)
{
    return upstream->section->name;
}

const struct section *
upstream_section_of(const struct upstream *upstream)
{
    return upstream->section;
}

bool
upstream_server_at(struct upstream *upstream, size_t index, struct upstream_server *server_r)
{
    struct servers *servers = &upstream->servers;
    if (index >= servers->count)
        return false;
    pthread_mutex_lock(&servers->lock);
    *server_r = (struct upstream_server){.is_up = !servers->items[index].health.down};
    snprintf(server_r->name, sizeof server_r->name, "%s", servers->items[index].name);
    pthread_mutex_unlock(&servers->lock);
    return true;
}

int
upstream_choose(struct upstream *upstream, const char *key, struct route *route_r, struct err *err)
{
    (void)key;
    return servers_choose(&upstream->servers, route_r, err);
}

void
upstream_set_drained(struct upstream *upstream, const char *const *names, size_t count)
{
    (void)upstream, (void)names, (void)count;
}

int
upstream_choose_host(struct upstream *upstream, const char *host, const char *key,
                     struct route *route_r, struct err *err)
{
    (void)key;
    return servers_choose_host(&upstream->servers, host, route_r, err);
}
