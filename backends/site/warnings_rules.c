/* Rules that never hold, are never reached or change nothing. */
#include "warnings.h"

/* One rule that is looked at. */
struct looking {
    const struct built_site *built;
    const struct section *section;
    const struct rule_values *values;
    const struct rule *rule;
    struct problems *problems;
};

static void
warn(const struct looking *at, const char *setting, const char *text)
{
    section_problem(at->section, setting, at->problems, PROBLEM_WARNING, "%s", text);
}

/* Whether something is true of every listener at which the rule may hold. */
static bool
is_true_of_all(const struct looking *at, bool (*is_true)(const struct listener *listener))
{
    size_t count;
    const struct section *const *sections =
        conf_sections(at->built->site.conf, NULL, "listener", &count);
    for (size_t i = 0; i < count; i++) {
        const struct listener *listener = warn_listener_of(at->built, sections[i]);
        bool is_meant = nameset_is_empty(&at->rule->listeners) ||
                        nameset_has(&at->rule->listeners, listener->name);
        if (is_meant && !is_true(listener))
            return false;
    }
    return true;
}

static bool
has_auth_off(const struct listener *listener)
{
    return listener->auth == AUTH_OFF;
}

static bool
has_no_window(const struct listener *listener)
{
    return listener->relay_window_ms == 0;
}

static bool
has_no_logins(const struct listener *listener)
{
    return !warn_has_logins(listener);
}

static bool
demands_logins(const struct listener *listener)
{
    return listener->require_auth && listener->relay_ips.list == NULL;
}

static bool
demands_tls(const struct listener *listener)
{
    return listener->require_tls;
}

/* Whether the rule waits for what only the message guard sees. */
static bool
is_for_guard(const struct rule *rule)
{
    return rule->size_over > 0 || rule->recipients_over > 0 || rule->header_from != NULL;
}

/* Those who have come by AUTH are known to the message guard where a sender or recipient is. */
static void
warn_no_message_yet(const struct looking *at)
{
    if (warn_has_guard(at->built))
        return;
    warn(at, "authenticated",
         is_true_of_all(at, has_no_window)
             ? "the rule never holds: a login has no sender and no recipient yet, no listener of "
               "it has a relay_window, and there is no section guard"
             : "the rule holds in a relay_window only: a login has no sender and no recipient yet, "
               "and there is no section guard");
}

/* Conditions that contradict each other or the listeners. */
static void
warn_never_holds(const struct looking *at)
{
    const struct rule *rule = at->rule;
    bool about_envelope = rule->senders != NULL || rule->recipients != NULL;
    bool about_message = about_envelope || is_for_guard(rule);
    bool no_smtp = rule->protocols != 0 && (rule->protocols & PROTOCOL_BIT(PROTOCOL_SMTP)) == 0;
    if (no_smtp && about_message)
        warn(at, "protocol",
             about_envelope ? "the rule never holds: only smtp has senders and recipients"
                            : "the rule never holds: only smtp has messages");
    else if (no_smtp && rule->authenticated == CONDITION_NO)
        warn(at, "protocol", "the rule never holds: only smtp has sessions without a login");
    else if (no_smtp && is_true_of_all(at, has_auth_off))
        warn(at, "protocol",
             "the rule never holds: only smtp has sessions without a login, and auth is off at its "
             "listeners");
    if (rule->authenticated == CONDITION_YES && is_true_of_all(at, has_no_logins))
        warn(at, "authenticated", "the rule never holds: nobody can log in at its listeners");
    else if (rule->authenticated == CONDITION_YES && about_envelope && !is_for_guard(rule))
        warn_no_message_yet(at);
    if (rule->authenticated == CONDITION_NO && is_true_of_all(at, demands_logins))
        warn(at, "authenticated", "the rule never holds: its listeners demand a login");
    if (rule->tls == CONDITION_NO && is_true_of_all(at, demands_tls))
        warn(at, "tls", "the rule never holds: its listeners demand TLS");
}

/* What only the message guard sees: whether it is there, and whether limits come first. */
static void
warn_message_conditions(const struct looking *at)
{
    const struct message_limits *limits = &at->built->site.settings.decide.limits;
    const struct rule *rule = at->rule;
    const struct {
        const char *setting;
        bool is_set;
    } conditions[] = {{"size_over", rule->size_over > 0},
                      {"recipients_over", rule->recipients_over > 0},
                      {"header_from", rule->header_from != NULL},
                      {"header", at->values->header != NULL}};
    bool has_guard = warn_has_guard(at->built);
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
        if (conditions[i].is_set && !has_guard)
            warn_needs_guard(at->section, conditions[i].setting,
                             section_origin(at->section, conditions[i].setting), at->problems);
    if (limits->message_size > 0 && rule->size_over >= limits->message_size)
        warn(at, "size_over", "the rule never holds: message_size of limits refuses such messages");
    if (limits->recipients_per_message > 0 &&
        rule->recipients_over >= limits->recipients_per_message)
        warn(at, "recipients_over",
             "the rule never holds: recipients_per_message of limits lets no message have so many");
}

/* Whether a condition of an earlier rule holds whenever a later one's does. Nothing set: always. */
static bool
covers_names(const struct nameset *earlier, const struct strings *later)
{
    if (nameset_is_empty(earlier))
        return true;
    for (size_t i = 0; i < later->count; i++)
        if (!nameset_has(earlier, later->items[i]))
            return false;
    return later->count > 0;
}

static bool
covers_list(const struct list *earlier, const struct list *later)
{
    return earlier == NULL || earlier == later;
}

static bool
covers_condition(enum condition earlier, enum condition later)
{
    return earlier == CONDITION_ANY || earlier == later;
}

static bool
covers_protocols(unsigned earlier, unsigned later)
{
    return earlier == 0 || (later != 0 && (later & ~earlier) == 0);
}

/* 0: any. */
static bool
covers_count(int64_t earlier, int64_t later)
{
    return earlier <= later;
}

static bool
covers(const struct rule *earlier, const struct looking *later)
{
    const struct rule *rule = later->rule;
    return covers_condition(earlier->authenticated, rule->authenticated) &&
           covers_condition(earlier->tls, rule->tls) &&
           covers_protocols(earlier->protocols, rule->protocols) &&
           covers_names(&earlier->listeners, &later->values->listeners) &&
           covers_names(&earlier->organizations, &later->values->organizations) &&
           covers_list(earlier->clients, rule->clients) &&
           covers_list(earlier->senders, rule->senders) &&
           covers_list(earlier->recipients, rule->recipients) &&
           covers_count(earlier->size_over, rule->size_over) &&
           covers_count(earlier->recipients_over, rule->recipients_over) &&
           covers_list(earlier->header_from, rule->header_from);
}

static void
warn_never_reached(const struct looking *at, const struct rule *const *rules, size_t before)
{
    for (size_t i = 0; i < before; i++)
        if (covers(rules[i], at)) {
            section_problem(at->section, NULL, at->problems, PROBLEM_WARNING,
                            "is never reached: rule \"%s\" at %s:%u holds whenever this one does",
                            rules[i]->name, rules[i]->origin.file, rules[i]->origin.line);
            return;
        }
}

void
warn_rules(const struct built_site *built, struct problems *problems)
{
    size_t count;
    const struct rule *const *rules = tenancy_rules(built->site.tenancy, &count);
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "rule", &count);
    for (size_t i = 0; i < count; i++) {
        const struct looking at = {
            .built = built,
            .section = sections[i],
            .values = sections[i]->values,
            .rule = rules[i],
            .problems = problems,
        };
        warn_never_holds(&at);
        warn_message_conditions(&at);
        warn_never_reached(&at, rules, i);
        if (i + 1 == count && at.rule->action == RULE_ACCEPT)
            warn(&at, "action",
                 "has no effect: no rule follows that it could keep away (accept does not undo a "
                 "refusal)");
    }
}
