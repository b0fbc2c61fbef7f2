#include "site.h"

#include <stdlib.h>

#include "alert.h"
#include "alloc.h"
#include "build.h"
#include "names.h"

static void *
open_source(struct conf *conf, const struct section *section, enum problem_weight weight,
            struct problems *problems)
{
    (void)conf;
    (void)weight;
    return source_open(section, problems);
}

static void
close_source(void *source)
{
    source_close(source);
}

static const struct parts_kind source_parts = {"source", open_source, close_source};

static void *
open_upstream(struct conf *conf, const struct section *section, enum problem_weight weight,
              struct problems *problems)
{
    (void)weight;
    return upstream_open(conf, section, problems);
}

static void
close_upstream(void *upstream)
{
    upstream_close(upstream);
}

static const struct parts_kind upstream_parts = {"upstream", open_upstream, close_upstream};

struct upstream *
build_upstream(struct built_site *built, const struct section *section, const char *setting,
               const char *name, struct problems *problems)
{
    if (name == NULL)
        return NULL;
    const struct part *part = parts_refer(&built->upstreams, name, section, setting,
                                          section_origin(section, setting), problems);
    return part != NULL ? part->item : NULL;
}

static void
free_built(struct built_site *built)
{
    tenancy_free(built->site.tenancy);
    for (size_t i = 0; i < built->chain_count; i++)
        source_chain_free(built->chains[i]);
    free(built->chains);
    free(built->tenants);
    strmap_fini(&built->tenants_by_name);
    parts_close(&built->sources);
    parts_close(&built->upstreams);
    parts_close(&built->lists);
    build_drop_delegated(built);
    alerts_close(built->site.alerts);
    conf_free(built->site.conf);
    free(built);
}

static struct built_site *
build(struct conf *conf, const struct site *previous, struct problems *problems)
{
    struct built_site *built = xcalloc(1, sizeof *built);
    atomic_init(&built->references, 1);
    built->site.conf = conf;
    built->previous = (const struct built_site *)previous;
    built->site.tenancy = tenancy_create();
    build_settings(built, problems);
    parts_open(&built->lists, &list_parts, conf, PROBLEM_ERROR, problems);
    parts_open(&built->sources, &source_parts, conf, PROBLEM_ERROR, problems);
    parts_open(&built->upstreams, &upstream_parts, conf, PROBLEM_ERROR, problems);
    build_organizations(built, problems);
    build_listeners(built, problems);
    build_rules(built, problems);
    build_screen(built, problems);
    build_limits(built, problems);
    build_guard(built, problems);
    build_store(built, problems);
    built->site.alerts = alerts_open(conf, problems);
    build_open_relay(built, problems);
    built->previous = NULL;
    return built;
}

/* Of a site without errors only: they are the process's. */
static int
use_dns_servers(const struct built_site *built, struct problems *problems)
{
    struct err err;
    if (names_use_servers(built->site.settings.dns_servers, &err) == 0)
        return 0;
    section_problem(conf_top(built->site.conf), "dns_servers", problems, PROBLEM_ERROR, "%s",
                    err.text);
    return -1;
}

/* Of a site that is to run: all threads are there, or it does not take the other one's place. */
static int
prepare_work(const struct built_site *built, struct problems *problems)
{
    for (size_t i = 0; built->site.purpose == SITE_RUN && i < built->upstreams.count; i++) {
        struct upstream *upstream = built->upstreams.items[i].item;
        struct err err;
        if (upstream_prepare(upstream, &err) == 0)
            continue;
        section_problem(upstream_section_of(upstream), NULL, problems, PROBLEM_ERROR,
                        "upstream \"%s\" cannot be checked: %s", upstream_name(upstream), err.text);
        return -1;
    }
    return 0;
}

/* The alerts first: a server that is down at the start is told, too. */
static void
start_work(struct built_site *built)
{
    switch (built->site.purpose) {
    case SITE_CHECK:
        break;
    case SITE_GUARD:
        alerts_use(built->site.alerts);
        break;
    case SITE_RUN:
        alerts_use(built->site.alerts);
        for (size_t i = 0; i < built->upstreams.count; i++)
            upstream_start(built->upstreams.items[i].item);
        break;
    }
}

struct site *
site_load(const char *path, enum site_purpose purpose, const struct site *previous,
          struct problems *problems)
{
    size_t errors_before = problems->errors;
    struct conf *conf = conf_read(path, &site_section, problems);
    if (conf == NULL)
        return NULL;
    struct built_site *built = build(conf, previous, problems);
    built->site.purpose = purpose;
    if (problems->errors > errors_before || prepare_work(built, problems) != 0 ||
        use_dns_servers(built, problems) != 0) {
        free_built(built);
        return NULL;
    }
    build_warnings(built, problems);
    start_work(built);
    return &built->site;
}

struct site *
site_hold(struct site *site)
{
    atomic_fetch_add_explicit(&((struct built_site *)site)->references, 1, memory_order_relaxed);
    return site;
}

void
site_drop(struct site *site)
{
    struct built_site *built = (struct built_site *)site;
    if (built != NULL &&
        atomic_fetch_sub_explicit(&built->references, 1, memory_order_acq_rel) == 1)
        free_built(built);
}

const struct source_chain *
site_chain(const struct site *site, const struct decision *decision)
{
    return decision->organization != NULL ? decision->organization->sources : site->users_chain;
}
