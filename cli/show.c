#include "show.h"

#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "output.h"
#include "route.h"

enum { RULE_TEXT_MAX = 4096 };

static void
remember(void *context, const struct rule_ref *rule, const char *answer)
{
    struct asked_rules *asked = context;
    char text[RULE_TEXT_MAX];
    rule_format(rule, text, sizeof text);
    asked->items = xrealloc(asked->items, asked->count + 1, sizeof *asked->items);
    asked->items[asked->count++] = (struct asked_rule){xstrdup(text), answer};
}

struct trail
show_trail(struct asked_rules *asked)
{
    return (struct trail){.asked = remember, .context = asked};
}

void
asked_rules_fini(struct asked_rules *asked)
{
    for (size_t i = 0; i < asked->count; i++)
        free(asked->items[i].rule);
    free(asked->items);
    *asked = (struct asked_rules){0};
}

static bool
goes_somewhere(const struct decision *decision)
{
    return decision->verdict.action == VERDICT_ACCEPT && decision->upstream != NULL;
}

void
show_decision(const struct decision *decision, enum protocol protocol,
              const struct asked_rules *asked)
{
    const struct verdict *verdict = &decision->verdict;
    for (size_t i = 0; asked != NULL && i < asked->count; i++) {
        printf("asked ");
        print_safe(stdout, asked->items[i].rule);
        printf(" : %s\n", asked->items[i].answer);
    }
    if (asked != NULL && goes_somewhere(decision))
        printf("upstream %s\n", upstream_name(decision->upstream));
    const char *code = verdict_code(verdict, protocol);
    char id[VERDICT_ID_MAX];
    verdict_id(verdict, id);
    printf("verdict %s %s%s%s\n", verdict_action_name(verdict->action), code,
           *code != '\0' ? " " : "", verdict_text(verdict));
    printf("reason %s\n", id);

    char rule[RULE_TEXT_MAX];
    rule_format(&verdict->rule, rule, sizeof rule);
    printf("rule ");
    print_safe(stdout, rule);
    printf("\n");
}

void
show_decision_json(const struct decision *decision, enum protocol protocol,
                   const struct asked_rules *asked, bool *first)
{
    const struct verdict *verdict = &decision->verdict;
    char rule[RULE_TEXT_MAX], id[VERDICT_ID_MAX];
    rule_format(&verdict->rule, rule, sizeof rule);
    verdict_id(verdict, id);
    print_json_field(stdout, first, "verdict", verdict_action_name(verdict->action));
    print_json_field(stdout, first, "code", verdict_code(verdict, protocol));
    print_json_field(stdout, first, "text", verdict_text(verdict));
    print_json_field(stdout, first, "reason", id);
    print_json_field(stdout, first, "rule", rule);
    if (goes_somewhere(decision))
        print_json_field(stdout, first, "upstream", upstream_name(decision->upstream));
    if (asked == NULL)
        return;
    printf(", \"asked\": [");
    for (size_t i = 0; i < asked->count; i++) {
        bool first_here = true;
        printf("%s{", i > 0 ? ", " : "");
        print_json_field(stdout, &first_here, "rule", asked->items[i].rule);
        print_json_field(stdout, &first_here, "answer", asked->items[i].answer);
        printf("}");
    }
    printf("]");
}

int
show_exit_code(const struct decision *decision)
{
    switch (decision->verdict.action) {
    case VERDICT_ACCEPT:
        return EXIT_OK;
    case VERDICT_REFUSE:
        return EXIT_PROBLEM;
    case VERDICT_TEMPFAIL:
        return EXIT_TEMPORARY;
    }
    return EXIT_TEMPORARY;
}
