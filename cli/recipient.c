/*
 * mailreeve recipient: whether mail for an address would be taken, asked of the real source,
 * without nginx and without the service.
 *
 * The command for "why does her mail bounce?".
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "load.h"
#include "log.h"
#include "output.h"

static const struct option_row recipient_options[] = {OPTION_JSON, {0}};

/* What came of the question. */
struct finding {
    const struct organization *organization; /* NULL: nobody's domain */
    const char *source;                      /* NULL: nobody was asked */
    struct recipient_result result;
    int64_t took_us;
};

static const char *
knowledge_word(enum knowledge knowledge)
{
    switch (knowledge) {
    case KNOWLEDGE_NOT_ASKED:
    case KNOWLEDGE_CANNOT_TELL:
        return "unverifiable";
    case KNOWLEDGE_UNKNOWN:
        return "unknown";
    case KNOWLEDGE_KNOWN:
        return "exists";
    }
    return "unverifiable";
}

static int
exit_code_of(enum knowledge knowledge)
{
    switch (knowledge) {
    case KNOWLEDGE_NOT_ASKED:
    case KNOWLEDGE_CANNOT_TELL:
        return EXIT_TEMPORARY;
    case KNOWLEDGE_UNKNOWN:
        return EXIT_PROBLEM;
    case KNOWLEDGE_KNOWN:
        return EXIT_OK;
    }
    return EXIT_TEMPORARY;
}

/* What is said without asking anybody. */
static void
say(struct finding *finding, enum knowledge knowledge, const char *detail)
{
    finding->result.knowledge = knowledge;
    snprintf(finding->result.detail, sizeof finding->result.detail, "%s", detail);
}

static void
find_out(const struct site *site, const struct mailbox *mailbox, struct finding *finding_r)
{
    *finding_r = (struct finding){.organization = tenancy_owner(site->tenancy, mailbox->domain)};
    const struct organization *organization = finding_r->organization;
    if (organization == NULL) {
        say(finding_r, KNOWLEDGE_UNKNOWN, "no organization has this domain");
        return;
    }
    if (organization->broken) {
        say(finding_r, KNOWLEDGE_CANNOT_TELL,
            "the organization's delegated file is broken (see mailreeve check)");
        return;
    }
    if (organization->recipients == NULL) {
        say(finding_r, KNOWLEDGE_KNOWN,
            "the organization has no \"recipients\": every address is taken");
        return;
    }
    int64_t start_us = clock_now_us();
    finding_r->source = source_name(organization->recipients);
    source_recipient(organization->recipients, mailbox,
                     deadline_after(site->settings.session_timeout_ms), &finding_r->result);
    finding_r->took_us = clock_now_us() - start_us;
}

static const char *
organization_name(const struct finding *finding)
{
    return finding->organization != NULL ? finding->organization->name : NULL;
}

/* What becomes of mail for a recipient that cannot be verified. NULL: this one was. */
static const char *
then(const struct finding *finding)
{
    if (finding->source == NULL || exit_code_of(finding->result.knowledge) != EXIT_TEMPORARY)
        return NULL;
    switch (finding->organization->unverifiable_recipient) {
    case UNVERIFIABLE_DEFER:
        return "defer";
    case UNVERIFIABLE_ACCEPT:
        return "accept";
    }
    return NULL;
}

static void
print_line(const char *key, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    printf("%s ", key);
    print_safe(stdout, value);
    printf("\n");
}

static void
show_text(const struct finding *finding)
{
    const char *name = organization_name(finding);
    print_line("organization", name != NULL ? name : "none");
    print_line("source", finding->source);
    print_line("recipient", knowledge_word(finding->result.knowledge));
    print_line("unverifiable_recipient", then(finding));
    print_line("user", finding->result.name);
    print_line("detail", finding->result.detail);
    printf("took %.1f ms\n", (double)finding->took_us / 1000);
}

static void
show_json(const struct finding *finding)
{
    bool first = true;
    const char *name = finding->result.name;
    printf("{");
    print_json_field(stdout, &first, "organization", organization_name(finding));
    print_json_field(stdout, &first, "source", finding->source);
    print_json_field(stdout, &first, "recipient", knowledge_word(finding->result.knowledge));
    print_json_field(stdout, &first, "unverifiable_recipient", then(finding));
    print_json_field(stdout, &first, "user", name[0] != '\0' ? name : NULL);
    print_json_field(stdout, &first, "detail", finding->result.detail);
    printf(", \"milliseconds\": %.1f}\n", (double)finding->took_us / 1000);
}

static int
run(const struct arguments *arguments)
{
    const char *address = arguments->operands[0];
    struct mailbox mailbox;
    struct err err;
    if (mailbox_parse(address, strlen(address), &mailbox, &err) != 0)
        return usage_error("%s", err.text);
    /* What the source would log is in its detail. */
    log_configure(LOG_LOGFMT, LOG_ERROR);
    struct site *site = load_site(arguments->options.config);
    if (site == NULL)
        return EXIT_CONFIG;

    struct finding finding;
    find_out(site, &mailbox, &finding);
    if (arguments->options.json)
        show_json(&finding);
    else
        show_text(&finding);
    int status = exit_code_of(finding.result.knowledge);
    site_drop(site);
    return status;
}

const struct command command_recipient = {
    .name = "recipient",
    .help = "ask the real source whether a recipient exists",
    .operands = "ADDRESS",
    .operands_least = 1,
    .operands_most = 1,
    .options = recipient_options,
    .run = run,
};
