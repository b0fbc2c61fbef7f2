#include "upstream_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask_service.h"
#include "output.h"
#include "server_lines.h"

enum { BUDGET_MS = 5000, STATUS_OK = 200 };

const struct section *const *
upstream_servers(const struct site *site, const struct upstream *upstream, size_t *count_r)
{
    return conf_sections(site->conf, upstream_section_of(upstream), "server", count_r);
}

char *
upstream_ask_service(const struct arguments *arguments, const char *command)
{
    const struct fcgi_question question = {
        .method = "GET", .path = "/api/v1/upstreams", .query = "format=text"};
    struct fcgi_reply reply;
    if (ask_service(arguments, command, &question, BUDGET_MS, &reply) != EXIT_OK)
        return NULL;
    if (reply.status == STATUS_OK)
        return reply.body;
    fprintf(stderr, "mailreeve %s: the service answered %u\n", command, reply.status);
    fcgi_reply_fini(&reply);
    return NULL;
}

struct upstream_target
upstream_target_of(const struct site *site, const struct arguments *arguments)
{
    struct upstream_target target = {.upstream_word = arguments->operands[0],
                                     .server_word = arguments->operands[1]};
    for (size_t i = 0; (target.upstream = site_upstream(site, i)) != NULL; i++)
        if (strcasecmp(upstream_name(target.upstream), target.upstream_word) == 0)
            break;
    return target;
}

static bool
has_section(const struct site *site, const struct upstream *upstream, const char *name)
{
    size_t count;
    const struct section *const *servers = upstream_servers(site, upstream, &count);
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(servers[i]->name, name) == 0)
            return true;
    return false;
}

static bool
has_srv(const struct site *site, const struct upstream *upstream)
{
    size_t count;
    const struct section *const *servers = upstream_servers(site, upstream, &count);
    for (size_t i = 0; i < count; i++)
        if (section_is_set(servers[i], "srv"))
            return true;
    return false;
}

/* Names with commas between them. */
struct names {
    FILE *file;
    char *text;
    size_t length, count;
};

static void
names_begin(struct names *names)
{
    *names = (struct names){.count = 0};
    names->file = open_memstream(&names->text, &names->length);
    if (names->file == NULL)
        abort();
}

static void
names_add(struct names *names, const char *name)
{
    fputs(names->count++ > 0 ? ", " : "", names->file);
    print_safe(names->file, name);
}

/* Frees what names_end gave. */
static const char *
names_end(struct names *names)
{
    if (fclose(names->file) != 0)
        abort();
    return names->count > 0 ? names->text : "none";
}

/* Ends and frees known. Returns EXIT_USAGE. */
static int
say_unknown(const char *what, const char *name, struct names *known)
{
    struct names shown; /* as it may be printed */
    names_begin(&shown);
    names_add(&shown, name);
    const int status =
        usage_error("there is no %s \"%s\" (known: %s)", what, names_end(&shown), names_end(known));
    free(shown.text);
    free(known->text);
    return status;
}

static int
unknown_upstream(const struct site *site, const struct upstream_target *target)
{
    struct names known;
    struct upstream *upstream;
    names_begin(&known);
    for (size_t i = 0; (upstream = site_upstream(site, i)) != NULL; i++)
        names_add(&known, upstream_name(upstream));
    return say_unknown("upstream", target->upstream_word, &known);
}

/* Adds the hosts of SRV records that the service knows. Returns whether the target is one. */
static bool
add_hosts(const struct site *site, const struct upstream_target *target, char *lines,
          struct names *known)
{
    struct server_line line;
    bool is_one = false;
    while (lines != NULL && server_lines_next(&lines, &line) > 0) {
        if (strcasecmp(line.upstream, upstream_name(target->upstream)) != 0 ||
            has_section(site, target->upstream, line.server))
            continue;
        is_one |= strcasecmp(line.server, target->server_word) == 0;
        names_add(known, line.server);
    }
    return is_one;
}

/* Of a name that is no section's; lines NULL: there are no hosts. */
static int
check_host(const struct site *site, const struct upstream_target *target, char *lines)
{
    size_t count;
    struct names known;
    names_begin(&known);
    const struct section *const *servers = upstream_servers(site, target->upstream, &count);
    for (size_t i = 0; i < count; i++)
        names_add(&known, servers[i]->name);
    if (!add_hosts(site, target, lines, &known))
        return say_unknown("server", target->server_word, &known);
    names_end(&known);
    free(known.text);
    return EXIT_OK;
}

int
upstream_target_check(const struct arguments *arguments, const struct site *site,
                      const struct upstream_target *target, const char *command)
{
    char *lines = NULL;
    if (target->upstream == NULL)
        return unknown_upstream(site, target);
    if (has_section(site, target->upstream, target->server_word))
        return EXIT_OK;
    if (has_srv(site, target->upstream)) {
        lines = upstream_ask_service(arguments, command);
        if (lines == NULL) {
            fprintf(stderr,
                    "only the running service knows the hosts of an SRV record (the name of "
                    "the section stands for all of them)\n");
            return EXIT_TEMPORARY;
        }
    }
    const int status = check_host(site, target, lines);
    free(lines);
    return status;
}
