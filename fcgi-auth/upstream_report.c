#include "upstream_report.h"

#include <inttypes.h>

#include "metrics_line.h"
#include "writing.h"

enum { WARM = 100 /* percent */ };

bool
upstream_serves_nobody(struct upstream *upstream)
{
    struct upstream_server server;
    for (size_t i = 0; upstream_server_at(upstream, i, &server); i++)
        if (server.is_up && !server.is_drained)
            return false;
    return true;
}

static const char *
json_bool(bool value)
{
    return value ? "true" : "false";
}

static const char *
null_if_empty(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void
write_server_json(FILE *file, const struct upstream_server *server)
{
    fputs("{\"name\": ", file);
    write_json_text(file, server->name);
    fprintf(file,
            ", \"up\": %s, \"checked\": %s, \"drained\": %s, \"backup\": %s, \"flapping\": %s, "
            "\"warm_percent\": %u, \"addresses\": %zu, \"addresses_up\": %zu, \"address\": ",
            json_bool(server->is_up), json_bool(server->is_checked), json_bool(server->is_drained),
            json_bool(server->is_backup), json_bool(server->is_flapping), server->warm_percent,
            server->addresses, server->up);
    write_json_text(file, null_if_empty(server->address));
    fputs(", \"error\": ", file);
    write_json_text(file, null_if_empty(server->error));
    fprintf(file, ", \"sessions\": %" PRIu64 "}", server->sessions);
}

void
upstreams_write_json(FILE *file, const struct site *site)
{
    struct upstream *upstream;
    for (size_t i = 0; (upstream = site_upstream(site, i)) != NULL; i++) {
        struct upstream_server server;
        fprintf(file, "%s{\"name\": ", i > 0 ? ", " : "");
        write_json_text(file, upstream_name(upstream));
        fputs(", \"servers\": [", file);
        for (size_t j = 0; upstream_server_at(upstream, j, &server); j++) {
            fputs(j > 0 ? ", " : "", file);
            write_server_json(file, &server);
        }
        fputs("]}", file);
    }
}

static void
write_server_text(FILE *file, const struct upstream_server *server)
{
    fprintf(file, "%s %s%s%s", server->name, server->is_up ? "up" : "down",
            server->is_drained ? " drained" : "", server->is_flapping ? " flapping" : "");
    if (server->is_up && server->warm_percent < WARM)
        fprintf(file, " warm %u%%", server->warm_percent);
}

void
upstreams_write_text(FILE *file, const struct site *site)
{
    struct upstream *upstream;
    for (size_t i = 0; (upstream = site_upstream(site, i)) != NULL; i++) {
        struct upstream_server server;
        fprintf(file, "upstream %s:", upstream_name(upstream));
        for (size_t j = 0; upstream_server_at(upstream, j, &server); j++) {
            fputs(j > 0 ? ", " : " ", file);
            write_server_text(file, &server);
        }
        fputc('\n', file);
    }
}

/* One number of each server. */
struct server_number {
    const char *name, *type, *help;
    uint64_t (*of)(const struct upstream_server *server);
};

static uint64_t
is_up(const struct upstream_server *server)
{
    return server->is_up;
}

static uint64_t
is_drained(const struct upstream_server *server)
{
    return server->is_drained;
}

static uint64_t
is_flapping(const struct upstream_server *server)
{
    return server->is_flapping;
}

static uint64_t
warm_percent(const struct upstream_server *server)
{
    return server->warm_percent;
}

static uint64_t
addresses(const struct upstream_server *server)
{
    return server->addresses;
}

static uint64_t
addresses_up(const struct upstream_server *server)
{
    return server->up;
}

static uint64_t
sessions(const struct upstream_server *server)
{
    return server->sessions;
}

static const struct server_number server_numbers[] = {
    {"upstream_server_up", "gauge", "Whether the server is not known to be down.", is_up},
    {"upstream_server_drained", "gauge", "Whether people have taken it out of service.",
     is_drained},
    {"upstream_server_flapping", "gauge", "Whether it comes and goes all the time.", is_flapping},
    {"upstream_server_warm_percent", "gauge", "Of its share, while it comes back slowly.",
     warm_percent},
    {"upstream_server_addresses", "gauge", "Addresses of its name.", addresses},
    {"upstream_server_addresses_up", "gauge", "Those that are not known to be down.", addresses_up},
    {"upstream_sessions_total", "counter", "Sessions that were handed to it.", sessions},
};

static void
write_server_number(FILE *file, const struct site *site, const struct server_number *number)
{
    metrics_line_begin(file, number->name, number->type, number->help);
    struct upstream *upstream;
    for (size_t i = 0; (upstream = site_upstream(site, i)) != NULL; i++) {
        struct upstream_server server;
        for (size_t j = 0; upstream_server_at(upstream, j, &server); j++) {
            fprintf(file, "mailreeve_%s{upstream=", number->name);
            metrics_line_value(file, upstream_name(upstream));
            fputs(",server=", file);
            metrics_line_value(file, server.name);
            fprintf(file, "} %" PRIu64 "\n", number->of(&server));
        }
    }
}

void
upstreams_write_metrics(FILE *file, const struct site *site)
{
    for (size_t i = 0; i < sizeof server_numbers / sizeof server_numbers[0]; i++)
        write_server_number(file, site, &server_numbers[i]);
}

char *
upstreams_json(const struct site *site)
{
    struct writing writing;
    writing_begin(&writing);
    fputc('[', writing.file);
    upstreams_write_json(writing.file, site);
    fputs("]\n", writing.file);
    return writing_end(&writing);
}

static void
write_field(FILE *file, const char *text)
{
    for (; *text != '\0'; text++)
        fputc((unsigned char)*text < ' ' || *text == '\x7f' ? '?' : *text, file);
    fputc('\t', file);
}

static void
write_line(FILE *file, const char *upstream, const struct upstream_server *server)
{
    write_field(file, upstream);
    write_field(file, server->name);
    write_field(file, server->is_up ? "up" : "down");
    write_field(file, server->is_checked ? "checked" : "unchecked");
    write_field(file, server->is_drained ? "drained" : "serving");
    write_field(file, server->is_backup ? "backup" : "main");
    write_field(file, server->is_flapping ? "flapping" : "steady");
    fprintf(file, "%u\t%zu\t%zu\t", server->warm_percent, server->addresses, server->up);
    write_field(file, server->address);
    fprintf(file, "%" PRIu64 "\t", server->sessions);
    write_field(file, server->error);
    fputc('\n', file);
}

char *
upstreams_lines(const struct site *site)
{
    struct writing writing;
    struct upstream *upstream;
    writing_begin(&writing);
    for (size_t i = 0; (upstream = site_upstream(site, i)) != NULL; i++) {
        struct upstream_server server;
        for (size_t j = 0; upstream_server_at(upstream, j, &server); j++)
            write_line(writing.file, upstream_name(upstream), &server);
    }
    return writing_end(&writing);
}
