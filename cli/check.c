/* mailreeve check: whether a configuration is good, what it says, and what may stand in it. */
#include <stdio.h>

#include "command.h"
#include "output.h"
#include "site.h"

static const struct option_row check_options[] = {
    {"print", 0, OPTION_FLAG, offsetof(struct options, print), NULL,
     "print every setting in effect, defaults too"},
    {"manual", 0, OPTION_FLAG, offsetof(struct options, manual), NULL,
     "print what mailreeve.conf(5) says about all settings; reads no file"},
    OPTION_JSON,
    {0},
};

static const struct {
    const char *kind, *one, *many;
} counted[] = {
    {"listener", "listener", "listeners"},
    {"organization", "organization", "organizations"},
    {"source", "source", "sources"},
    {"upstream", "upstream", "upstreams"},
    {"list", "list", "lists"},
};
enum { COUNTED = sizeof counted / sizeof counted[0] };

static size_t
count_of(const struct site *site, size_t i)
{
    size_t count = 0;
    conf_sections(site->conf, conf_top(site->conf), counted[i].kind, &count);
    return count;
}

static void
print_ok(const struct site *site, const char *path)
{
    print_safe(stdout, path);
    printf(": ok (");
    for (size_t i = 0; i < COUNTED; i++) {
        size_t count = count_of(site, i);
        printf("%s%zu %s", i > 0 ? ", " : "", count, count == 1 ? counted[i].one : counted[i].many);
    }
    printf(")\n");
}

/* A site is served with a broken delegated file too, but not as that organization wants it. */
static bool
is_good(const struct site *site, const struct problems *problems)
{
    return site != NULL && problems->tenant_errors == 0;
}

static void
print_as_json(const struct site *site, const char *path, struct problems *problems)
{
    bool first = true;
    printf("{");
    print_json_field(stdout, &first, "file", path);
    printf(", \"ok\": %s, \"problems\": [", is_good(site, problems) ? "true" : "false");
    for (size_t i = 0; i < problems->count; i++) {
        printf("%s", i > 0 ? ", " : "");
        print_json(stdout, problems_line(problems, i));
    }
    printf("]");
    for (size_t i = 0; site != NULL && i < COUNTED; i++)
        printf(", \"%s\": %zu", counted[i].many, count_of(site, i));
    printf("}\n");
}

static int
run(const struct arguments *arguments)
{
    const struct options *options = &arguments->options;
    if (options->manual) {
        conf_print_manual(&site_section, stdout);
        return EXIT_OK;
    }
    if (options->print && options->json)
        return usage_error("--print and --json exclude each other");

    struct problems problems;
    problems_init(&problems);
    struct site *site = site_load(options->config, SITE_CHECK, NULL, &problems);
    if (options->json)
        print_as_json(site, options->config, &problems);
    else
        problems_print(&problems, stderr);
    if (site != NULL && options->print)
        conf_print(site->conf, stdout);
    else if (is_good(site, &problems) && !options->json)
        print_ok(site, options->config);

    int status = is_good(site, &problems) ? EXIT_OK : EXIT_PROBLEM;
    problems_fini(&problems);
    site_drop(site);
    return status;
}

const struct command command_check = {
    .name = "check",
    .help = "check the configuration and name every problem",
    .options = check_options,
    .run = run,
};
