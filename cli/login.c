/*
 * mailreeve login: one real login, asked of the real sources, without nginx and without the
 * service.
 *
 * It tells what each source said and how long it took: the command for "why can she not log in?".
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "load.h"
#include "log.h"
#include "output.h"
#include "prompt.h"
#include "show.h"

static const struct option_row login_options[] = {
    {"listener", 0, OPTION_TEXT, offsetof(struct options, listener), "NAME",
     "as if at this listener (default: the first that has auth)"},
    {"ip", 0, OPTION_TEXT, offsetof(struct options, ip), "ADDRESS",
     "as if from there (default 127.0.0.1)"},
    {"protocol", 0, OPTION_TEXT, offsetof(struct options, protocol), "PROTOCOL",
     "smtp (default), pop3, imap or http"},
    {"tls", 0, OPTION_TEXT, offsetof(struct options, tls), "on|off",
     "as if with or without TLS (default on)"},
    OPTION_JSON,
    {0},
};

/* One login and what came of it. */
struct trial {
    struct facts facts;
    struct decision decision;
    struct verify_result result; /* the decision's rule borrows from it */
    struct verify_asked asked;
    int64_t took_us;
};

/* Fills what the options say. Returns an exit code. */
static int
read_facts(const struct arguments *arguments, struct facts *facts_r)
{
    const struct options *options = &arguments->options;
    *facts_r = (struct facts){
        .method = METHOD_PLAIN,
        .listener = options->listener,
        .client = {.family = NETADDR_IPV4, .bytes = {127, 0, 0, 1}},
        .tls = true,
        .attempt = 1,
        .user = arguments->operands[0],
        .user_length = strlen(arguments->operands[0]),
    };
    struct err err;
    if (options->ip != NULL && netaddr_parse(options->ip, &facts_r->client, &err) < 0)
        return usage_error("--ip: %s", err.text);
    if (options->protocol != NULL && protocol_parse(options->protocol, &facts_r->protocol) < 0)
        return usage_error("--protocol: unknown protocol \"%s\" (use smtp, pop3, imap or http)",
                           options->protocol);
    if (options->tls != NULL) {
        facts_r->tls = strcmp(options->tls, "on") == 0;
        if (!facts_r->tls && strcmp(options->tls, "off") != 0)
            return usage_error("--tls: it cannot be \"%s\" (use on or off)", options->tls);
    }
    return EXIT_OK;
}

/* The first listener of the file at which one can log in at all; NULL: there is none. */
static const char *
usual_listener(const struct site *site)
{
    size_t count = 0;
    const struct section *const *sections =
        conf_sections(site->conf, conf_top(site->conf), "listener", &count);
    for (size_t i = 0; i < count; i++) {
        const struct listener *listener = tenancy_listener(site->tenancy, sections[i]->name);
        if (listener != NULL && listener->auth != AUTH_OFF)
            return listener->name;
    }
    return NULL;
}

static void
verify(const struct site *site, const struct secret *password, struct trial *trial)
{
    const struct decide_settings *settings = &site->settings.decide;
    const struct verify_request request = {
        .user = &trial->decision.user,
        .password = password,
        .deadline = deadline_after(site->settings.session_timeout_ms),
    };
    int64_t start_us = clock_now_us();
    source_chain_verify(site_chain(site, &trial->decision), &request, &trial->result,
                        &trial->asked);
    trial->took_us = clock_now_us() - start_us;
    decide_login(site->tenancy, settings, &trial->facts, trial->result.outcome,
                 &trial->result.account, &trial->result.rule, NULL, &trial->decision);
    if (trial->decision.verdict.action == VERDICT_ACCEPT && trial->decision.upstream == NULL) {
        struct rule_ref rule = trial->decision.verdict.rule;
        decide_no_route(settings, &trial->facts, &rule, NULL, &trial->decision);
    }
}

static void
show_text(const struct trial *trial)
{
    printf("listener ");
    print_safe(stdout, trial->facts.listener);
    printf("\n");
    for (size_t i = 0; i < trial->asked.count; i++) {
        printf("source ");
        print_safe(stdout, trial->asked.steps[i].source);
        printf(" said %s in %.1f ms", verify_outcome_name(trial->asked.steps[i].outcome),
               (double)trial->asked.steps[i].took_us / 1000);
        if (trial->asked.steps[i].detail[0] != '\0')
            printf(": ");
        print_safe(stdout, trial->asked.steps[i].detail);
        printf("\n");
    }
    printf("took %.1f ms\n", (double)trial->took_us / 1000);
    show_decision(&trial->decision, trial->facts.protocol, NULL);
}

static void
show_json(const struct trial *trial)
{
    bool first = true;
    printf("{");
    print_json_field(stdout, &first, "listener", trial->facts.listener);
    printf(", \"sources\": [");
    for (size_t i = 0; i < trial->asked.count; i++) {
        bool first_here = true;
        printf("%s{", i > 0 ? ", " : "");
        print_json_field(stdout, &first_here, "source", trial->asked.steps[i].source);
        print_json_field(stdout, &first_here, "outcome",
                         verify_outcome_name(trial->asked.steps[i].outcome));
        print_json_field(stdout, &first_here, "detail", trial->asked.steps[i].detail);
        printf(", \"milliseconds\": %.1f}", (double)trial->asked.steps[i].took_us / 1000);
    }
    printf("], \"milliseconds\": %.1f", (double)trial->took_us / 1000);
    show_decision_json(&trial->decision, trial->facts.protocol, NULL, &first);
    printf("}\n");
}

static int
login(const struct site *site, struct trial *trial, bool json)
{
    if (trial->facts.listener == NULL)
        trial->facts.listener = usual_listener(site);
    if (trial->facts.listener == NULL ||
        tenancy_listener(site->tenancy, trial->facts.listener) == NULL) {
        fprintf(stderr, "mailreeve login: %s\n",
                trial->facts.listener == NULL ? "no listener of the configuration has auth"
                                              : "the configuration has no such listener");
        return EXIT_USAGE;
    }
    struct secret password;
    struct err err;
    if (prompt_password("Password", &password, &err) < 0) {
        fprintf(stderr, "mailreeve login: %s\n", err.text);
        secret_fini(&password);
        return EXIT_PROBLEM;
    }
    trial->facts.password = password.bytes;
    trial->facts.password_length = password.length;
    decide_auth(site->tenancy, &site->settings.decide, &trial->facts, NULL, &trial->decision);
    if (trial->decision.verdict.action == VERDICT_ACCEPT)
        verify(site, &password, trial);
    trial->facts.password = NULL;
    secret_fini(&password);
    if (json)
        show_json(trial);
    else
        show_text(trial);
    verify_result_fini(&trial->result);
    return show_exit_code(&trial->decision);
}

static int
run(const struct arguments *arguments)
{
    struct trial trial = {0};
    int status = read_facts(arguments, &trial.facts);
    if (status != EXIT_OK)
        return status;
    /* What the sources would log is in their details. */
    log_configure(LOG_LOGFMT, LOG_ERROR);
    struct site *site = load_site(arguments->options.config);
    status = site != NULL ? login(site, &trial, arguments->options.json) : EXIT_CONFIG;
    site_drop(site);
    return status;
}

const struct command command_login = {
    .name = "login",
    .help = "try a login at the real sources and tell what each said",
    .operands = "USER",
    .operands_least = 1,
    .operands_most = 1,
    .options = login_options,
    .run = run,
};
