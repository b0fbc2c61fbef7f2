/*
 * mailreeve explain: what would be decided about a session or a message, and by which rule.
 *
 * It builds the configuration as the service does and calls the same functions of policy/; only
 * what the world would say (the password, a ban) is given on the command line. The users files are
 * part of the configuration, so what they say about an account is looked up and not asked.
 */
#include <stdio.h>

#include "command.h"
#include "identity_headers.h"
#include "judge.h"
#include "load.h"
#include "show.h"

static const struct option_row explain_options[] = {
    {"all", 0, OPTION_FLAG, offsetof(struct options, all), NULL,
     "print every rule that was asked, and where the session goes"},
    OPTION_JSON,
    {0},
};

static int
explain(const struct site *site, const struct given *given, const struct options *options)
{
    struct asked_rules asked = {0};
    struct trail trail = show_trail(&asked);
    struct testimony testimony;
    struct decision decision;
    judge(site, given, &trail, &testimony, &decision);

    const struct asked_rules *shown = options->all ? &asked : NULL;
    bool first = true;
    if (options->json) {
        printf("{");
        show_decision_json(&decision, given->facts.protocol, shown, &first);
        printf("}\n");
    } else {
        show_decision(&decision, given->facts.protocol, shown);
    }
    testimony_fini(&testimony);
    asked_rules_fini(&asked);
    return show_exit_code(&decision);
}

static int
run(const struct arguments *arguments)
{
    struct given given;
    struct err err;
    if (given_parse(arguments->operands, arguments->operand_count, &given, &err) < 0) {
        given_fini(&given);
        return usage_error("%s", err.text);
    }
    if (given.is_message)
        identity_headers_begin_process();
    struct site *site = load_site(arguments->options.config);
    int status = site != NULL ? explain(site, &given, &arguments->options) : EXIT_CONFIG;
    site_drop(site);
    given_fini(&given);
    return status;
}

const struct command command_explain = {
    .name = "explain",
    .help = "say what would be decided about a session or a message, and by which rule",
    .operands = "KEY=VALUE...",
    .operands_least = 1,
    .operands_most = 64,
    .options = explain_options,
    .print_more = given_print_keys,
    .run = run,
};
