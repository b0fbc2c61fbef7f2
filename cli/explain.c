/*
 * mailreeve explain: what would be decided about a session, and by which rule.
 *
 * It builds the configuration as the service does and calls the same functions of policy/; only
 * what the world would say (the password, a ban) is given on the command line. The users files are
 * part of the configuration, so what they say about an account is looked up and not asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "given.h"
#include "lookup.h"
#include "output.h"
#include "show.h"
#include "site.h"
#include "users_file.h"

enum { USERS_FILE_MAX = 256 << 20 };

static const struct option_row explain_options[] = {
    {"all", 0, OPTION_FLAG, offsetof(struct options, all), NULL, "print every rule that was asked"},
    OPTION_JSON,
    {0},
};

/* What the sources would say, and who would say it. */
struct testimony {
    enum verify_outcome outcome;
    struct account account;
    struct rule_ref source;
    struct users_file *users; /* the account's networks and the decision's rule are in it */
};

static struct rule_ref
section_rule(const struct section *section, const char *setting)
{
    return (struct rule_ref){
        .origin = setting != NULL ? section_origin(section, setting) : section->origin,
        .section_kind = section->type->name,
        .section_name = section->name,
        .setting = setting,
    };
}

static void
ignore_problem(void *context, struct origin origin, const struct err *err)
{
    (void)context, (void)origin, (void)err;
}

/* Reads a users source's file. NULL: this source is of another kind, or its file does not load (the
 * site has said so then). */
static struct users_file *
load_users(const struct section *source)
{
    const char *kind = source->type->variant_word;
    const char *path = lookup_text(source, "file");
    if (kind == NULL || strcmp(kind, "users") != 0 || path == NULL)
        return NULL;
    size_t length = 0;
    struct err err;
    char *text = file_read(path, USERS_FILE_MAX, &length, &err);
    if (text == NULL)
        return NULL;
    struct users_file *users = users_file_parse(text, length, path, ignore_problem, NULL);
    free(text);
    return users;
}

/* The account as the users files describe it. Returns whether one does. */
static bool
ask_users_files(const struct site *site, const struct given *given, const struct username *name,
                struct testimony *testimony)
{
    size_t count = 0;
    const struct section *const *sources =
        conf_sections(site->conf, conf_top(site->conf), "source", &count);
    for (size_t i = 0; i < count; i++) {
        struct users_file *users = load_users(sources[i]);
        const struct user_entry *entry = users != NULL ? users_file_find(users, name->text) : NULL;
        if (entry == NULL) {
            users_file_free(users);
            continue;
        }
        bool is_shut = given->outcome == VERIFY_OK && entry->disabled;
        testimony->outcome = is_shut ? VERIFY_DISABLED : given->outcome;
        testimony->account.networks = entry->networks;
        testimony->account.protocols = entry->protocols;
        testimony->account.origin = entry->origin;
        testimony->source = section_rule(sources[i], NULL);
        testimony->source.origin = entry->origin;
        testimony->users = users;
        return true;
    }
    return false;
}

/* The organization's sources, as far as the configuration tells who of them would speak. */
static void
name_sources(const struct site *site, const struct organization *organization,
             struct testimony *testimony)
{
    if (organization == NULL)
        return;
    const struct section *section = conf_find(site->conf, "organization", organization->name);
    testimony->source = section_rule(section, "sources");
    testimony->account.origin = testimony->source.origin;
}

/* The other half of AUTH: what the sources say, and what follows from it. */
static void
decide_rest_of_auth(const struct site *site, const struct given *given, const struct trail *trail,
                    struct testimony *testimony_r, struct decision *decision)
{
    testimony_r->outcome = given->outcome;
    snprintf(testimony_r->account.name, sizeof testimony_r->account.name, "%s",
             decision->user.text);
    if (!ask_users_files(site, given, &decision->user, testimony_r))
        name_sources(site, decision->organization, testimony_r);
    decide_login(site->tenancy, &site->settings.decide, &given->facts, testimony_r->outcome,
                 &testimony_r->account, &testimony_r->source, trail, decision);
}

static void
decide(const struct site *site, const struct given *given, const struct trail *trail,
       struct testimony *testimony_r, struct decision *decision_r)
{
    const struct decide_settings *settings = &site->settings.decide;
    if (given->facts.method == METHOD_NONE) {
        decide_recipient(site->tenancy, settings, &given->facts, trail, decision_r);
    } else {
        decide_auth(site->tenancy, settings, &given->facts, trail, decision_r);
        if (decision_r->verdict.action == VERDICT_ACCEPT)
            decide_rest_of_auth(site, given, trail, testimony_r, decision_r);
    }
    if (decision_r->verdict.action == VERDICT_ACCEPT && decision_r->upstream == NULL) {
        struct rule_ref rule = decision_r->verdict.rule;
        decide_no_route(settings, &given->facts, &rule, trail, decision_r);
    }
}

static int
explain(const struct site *site, const struct given *given, const struct options *options)
{
    struct asked_rules asked = {0};
    struct trail trail = show_trail(&asked);
    struct testimony testimony = {0};
    struct decision decision;
    decide(site, given, &trail, &testimony, &decision);

    const struct asked_rules *shown = options->all ? &asked : NULL;
    bool first = true;
    if (options->json) {
        printf("{");
        show_decision_json(&decision, given->facts.protocol, shown, &first);
        printf("}\n");
    } else {
        show_decision(&decision, given->facts.protocol, shown);
    }
    users_file_free(testimony.users);
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
    struct problems problems;
    problems_init(&problems);
    struct site *site = site_load(arguments->options.config, SITE_CHECK, &problems);
    problems_print(&problems, stderr);
    problems_fini(&problems);
    int status = site != NULL ? explain(site, &given, &arguments->options) : EXIT_CONFIG;
    site_drop(site);
    given_fini(&given);
    return status;
}

const struct command command_explain = {
    .name = "explain",
    .help = "say what would be decided about a session, and by which rule",
    .operands = "KEY=VALUE...",
    .operands_least = 1,
    .operands_most = 64,
    .options = explain_options,
    .run = run,
};
