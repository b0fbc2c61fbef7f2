/*
 * Decides about facts as `mailreeve explain` does, thousands of times a second, as standard input
 * says; harness/explain_driver.py talks to it.
 *
 *     config PATH               -> "loaded" or "broken", the problems and warnings, one a line with
 * a tab before each, and "end" facts<TAB>KEY=VALUE...    -> ACTION CODE TEXT REASON RULE UPSTREAM,
 * with tabs; "-" for what is empty. ACTION is "usage", with the error as TEXT, for facts that
 *                                  explain would not take
 *
 * Words are separated by tabs and taken as they are. Control characters in answers are \xHH.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "identity_headers.h"
#include "judge.h"
#include "log.h"
#include "output.h"
#include "route.h"

enum { WORDS_MAX = 64, RULE_TEXT_MAX = 4096 };

/* Loads another configuration in the place of site. */
static struct site *
load(struct site *site, const char *path)
{
    struct problems problems;
    problems_init(&problems);
    site_drop(site);
    site = site_load(path, SITE_CHECK, NULL, &problems);
    printf("%s\n", site != NULL ? "loaded" : "broken");
    for (size_t i = 0; i < problems.count; i++) {
        printf("\t");
        print_safe(stdout, problems_line(&problems, i));
        printf("\n");
    }
    printf("end\n");
    problems_fini(&problems);
    return site;
}

static void
print_fields(const char *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%s", i > 0 ? "\t" : "");
        print_safe(stdout, fields[i] == NULL || fields[i][0] == '\0' ? "-" : fields[i]);
    }
    printf("\n");
}

static void
print_usage(const char *text)
{
    print_fields((const char *const[]){"usage", NULL, text, NULL, NULL, NULL}, 6);
}

static void
print_decision(const struct decision *decision, enum protocol protocol)
{
    const struct verdict *verdict = &decision->verdict;
    char id[VERDICT_ID_MAX], rule[RULE_TEXT_MAX];
    verdict_id(verdict, id);
    rule_format(&verdict->rule, rule, sizeof rule);
    const bool is_routed = verdict->action == VERDICT_ACCEPT && decision->upstream != NULL;
    print_fields((const char *const[]){verdict_action_name(verdict->action),
                                       verdict_code(verdict, protocol), verdict_text(verdict), id,
                                       rule, is_routed ? upstream_name(decision->upstream) : NULL},
                 6);
}

static void
decide(const struct site *site, char *words)
{
    const char *items[WORDS_MAX];
    size_t count = 0;
    for (char *word = strsep(&words, "\t"); word != NULL && count < WORDS_MAX;
         word = strsep(&words, "\t"))
        items[count++] = word;
    struct given given;
    struct err err;
    if (given_parse(items, count, &given, &err) < 0) {
        print_usage(err.text);
    } else if (site == NULL) {
        print_usage("no configuration is loaded");
    } else {
        struct testimony testimony;
        struct decision decision;
        judge(site, &given, NULL, &testimony, &decision);
        print_decision(&decision, given.facts.protocol);
        testimony_fini(&testimony);
    }
    given_fini(&given);
}

int
main(void)
{
    log_configure(LOG_LOGFMT, LOG_ERROR);
    identity_headers_begin_process();
    struct site *site = NULL;
    char *line = NULL;
    size_t room = 0;
    ssize_t length = 0;
    while ((length = getline(&line, &room, stdin)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        if (strncmp(line, "config ", 7) == 0)
            site = load(site, line + 7);
        else if (strncmp(line, "facts\t", 6) == 0)
            decide(site, line + 6);
        else
            print_usage("neither config nor facts");
        fflush(stdout);
    }
    free(line);
    site_drop(site);
    return 0;
}
