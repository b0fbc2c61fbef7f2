#include <string.h>
#include <strings.h>

#include "ascii.h"
#include "build.h"

static const struct choice conditions[] = {
    {"any", CONDITION_ANY}, {"yes", CONDITION_YES},  {"no", CONDITION_NO},    {"on", CONDITION_YES},
    {"off", CONDITION_NO},  {"true", CONDITION_YES}, {"false", CONDITION_NO}, {0}};

static const struct choice protocols[] = {{"smtp", PROTOCOL_SMTP},
                                          {"pop3", PROTOCOL_POP3},
                                          {"imap", PROTOCOL_IMAP},
                                          {"http", PROTOCOL_HTTP},
                                          {0}};

static const struct choice actions[] = {{"accept", RULE_ACCEPT},
                                        {"refuse", RULE_REFUSE},
                                        {"defer", RULE_DEFER},
                                        {"tag", RULE_TAG},
                                        {0}};

static const struct row rows[] = {
    {.name = "authenticated",
     .type = ROW_CHOICE,
     .offset = offsetof(struct rule_values, authenticated),
     .preset = "any",
     .choices = conditions,
     .help = "Holds for sessions that have logged in (yes; a relay_window counts), for those that "
             "have not (no), or for all (any)."},
    {.name = "tls",
     .type = ROW_CHOICE,
     .offset = offsetof(struct rule_values, tls),
     .preset = "any",
     .choices = conditions,
     .help = "Holds for sessions with TLS, for those without it, or for all."},
    {.name = "protocol",
     .type = ROW_CHOICES,
     .offset = offsetof(struct rule_values, protocols),
     .choices = protocols,
     .help = "Holds for these protocols; http is a login at a web page. Not set: for all."},
    {.name = "listeners",
     .type = ROW_STRINGS,
     .offset = offsetof(struct rule_values, listeners),
     .help = "Holds at these listeners. Not set: at every one."},
    {.name = "organizations",
     .type = ROW_STRINGS,
     .offset = offsetof(struct rule_values, organizations),
     .help = "Holds if the user, the sender or the recipient belongs to one of these "
             "organizations. Not set: for all."},
    {.name = "clients",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct rule_values, clients),
     .help = "A list of kind ip that the client must be in. Not set: any client."},
    {.name = "senders",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct rule_values, senders),
     .help = "A list of kind user that the sender's address must be in. Not set: any sender. With "
             "it the rule never holds for bounces (<>) and at a login, where there is no sender "
             "yet."},
    {.name = "recipients",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct rule_values, recipients),
     .help = "A list of kind user that the recipient's address must be in. Not set: any recipient. "
             "With it the rule never holds at a login, where there is no recipient yet."},
    {.name = "size_over",
     .type = ROW_SIZE,
     .offset = offsetof(struct rule_values, size_over_bytes),
     .preset = "0",
     .help = "Holds for messages with more bytes than that, header and body. Only the message "
             "guard sees that, and the next two, at the end of a message; until then a rule with "
             "one of them that would let it pass keeps the rules behind it from refusing. 0: for "
             "all."},
    {.name = "recipients_over",
     .type = ROW_INT,
     .offset = offsetof(struct rule_values, recipients_over),
     .preset = "0",
     .low = 0,
     .high = 1000000,
     .help = "Holds for messages with more recipients than that, of those that were accepted. 0: "
             "for all."},
    {.name = "header_from",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct rule_values, header_from),
     .help = "A list of kind user that an address of the message's From: must be in. Not set: any "
             "message."},
    {.name = "action",
     .type = ROW_CHOICE,
     .required = true,
     .offset = offsetof(struct rule_values, action),
     .choices = actions,
     .help = "accept: ask no further rule; refuse; defer: the client is to come again later; tag: "
             "accept, and note the rule's name in the log and, by the message guard, in a header."},
    {.name = "code",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct rule_values, code),
     .help = "What SMTP clients are told on refuse (default: 550 5.7.1) or defer (default: 450 "
             "4.7.1)."},
    {.name = "text",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct rule_values, text),
     .help = "The words behind the code, at most 200 printable ASCII characters. Default: refused "
             "by local policy; with defer: not now, try again later."},
    {.name = "header",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct rule_values, header),
     .help = "With tag: the header that the message guard adds, with the rule's name in it. Those "
             "of that name that came with a message, whoever sent it, are removed. Default: "
             "X-Mailreeve-Tag."},
    {0}};

const struct section_type rule_section = {
    .name = "rule",
    .titled = true,
    .size = sizeof(struct rule_values),
    .rows = rows,
    .help = "What is done with a session for which all its conditions hold. A condition with an "
            "empty list never does. Rules are tried in the order of the file after all else has "
            "let the session pass, and the first that holds decides; so accept keeps later rules "
            "away but does not undo a refusal.",
};

enum { RULE_TEXT_MAX = 200, RULE_HEADER_MAX = 60 };

/* Reads over one to three digits. Returns what is behind them, or NULL. */
static const char *
skip_number(const char *at)
{
    size_t digits = strspn(at, "0123456789");
    return digits >= 1 && digits <= 3 ? at + digits : NULL;
}

/* Whether a code is `NNN X.Y.Z` (RFC 5321 4.2.1, RFC 3463 2) with both of that class. */
static bool
is_code(const char *code, char class)
{
    bool is_basic = code[0] == class && code[1] >= '0' && code[1] <= '5' && ascii_is_digit(code[2]);
    if (!is_basic || code[3] != ' ' || code[4] != class || code[5] != '.')
        return false;
    const char *behind = skip_number(code + 6);
    if (behind == NULL || *behind != '.')
        return false;
    behind = skip_number(behind + 1);
    return behind != NULL && *behind == '\0';
}

static bool
is_text(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            return false;
    return strlen(text) <= RULE_TEXT_MAX;
}

/* nginx drops such a space, and what is left may be its word for something else. */
static bool
has_outer_space(const char *text)
{
    return text[0] == ' ' || (text[0] != '\0' && text[strlen(text) - 1] == ' ');
}

/* What is said on refuse and defer. */
static void
read_answer(const struct section *section, struct rule *rule, struct problems *problems)
{
    const struct rule_values *values = section->values;
    bool refuses = rule->action == RULE_REFUSE;
    rule->code = values->code != NULL ? values->code : refuses ? "550 5.7.1" : "450 4.7.1";
    rule->text = values->text != NULL ? values->text
                 : refuses            ? "refused by local policy"
                                      : "not now, try again later";
    if (!is_code(rule->code, refuses ? '5' : '4'))
        section_problem(section, "code", problems, PROBLEM_ERROR,
                        "\"%s\" is not a code for %s (write it like \"%s\")", rule->code,
                        refuses ? "refuse" : "defer", refuses ? "550 5.7.1" : "450 4.7.1");
    if (!is_text(rule->text))
        section_problem(section, "text", problems, PROBLEM_ERROR,
                        "is longer than %d characters or not printable ASCII", RULE_TEXT_MAX);
    if (has_outer_space(rule->text))
        section_problem(section, "text", problems, PROBLEM_ERROR, "begins or ends with a space");
}

/* What others read, or the mail server writes: to add one would give a message another meaning, and
 * to remove those that came with it would take its own. */
static bool
has_meaning(const char *header)
{
    static const char *const names[] = {
        "from",         "sender",
        "reply-to",     "to",
        "cc",           "bcc",
        "subject",      "date",
        "message-id",   "references",
        "comments",     "in-reply-to",
        "keywords",     "received",
        "precedence",   "authentication-results",
        "return-path",  "delivered-to",
        "errors-to",    "disposition-notification-to",
        "mime-version", "dkim-signature",
    };
    static const char *const beginnings[] = {"resent-", "content-", "list-", "arc-", "auto-"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(header, names[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (strncasecmp(header, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

/* RFC 5322 3.6.8 allows more characters; all headers in use are of these. */
static bool
is_header_name(const char *header)
{
    size_t length = strlen(header);
    for (size_t i = 0; i < length; i++)
        if (!ascii_is_alnum(header[i]) && header[i] != '-')
            return false;
    return length <= RULE_HEADER_MAX && header[0] != '-';
}

/* What a tag adds to a message. */
static void
read_header(const struct section *section, struct rule *rule, struct problems *problems)
{
    const struct rule_values *values = section->values;
    rule->header = values->header != NULL ? values->header : "X-Mailreeve-Tag";
    if (!is_header_name(rule->header))
        section_problem(section, "header", problems, PROBLEM_ERROR,
                        "\"%s\" is not a header's name of at most %d letters, digits and hyphens",
                        rule->header, RULE_HEADER_MAX);
    else if (has_meaning(rule->header))
        section_problem(section, "header", problems, PROBLEM_ERROR,
                        "\"%s\" means something else in a message, and those that clients send "
                        "would be removed (write a name of its own, as \"X-Acme-Tag\")",
                        rule->header);
}

static void
complain_useless(const struct section *section, const char *setting, const char *value,
                 const char *why, struct problems *problems)
{
    if (value != NULL)
        section_problem(section, setting, problems, PROBLEM_ERROR, "%s", why);
}

static void
read_action(const struct section *section, struct rule *rule, struct problems *problems)
{
    static const char told_nothing[] =
        "is for refuse and defer only: clients that are accepted are told nothing";
    const struct rule_values *values = section->values;
    if (section->broken)
        return; /* perhaps it has no action */
    rule->action = (enum rule_action)values->action;
    if (rule->action == RULE_TAG)
        read_header(section, rule, problems);
    else
        complain_useless(section, "header", values->header, "is for tag only", problems);
    if (rule->action == RULE_REFUSE || rule->action == RULE_DEFER) {
        read_answer(section, rule, problems);
        return;
    }
    complain_useless(section, "code", values->code, told_nothing, problems);
    complain_useless(section, "text", values->text, told_nothing, problems);
}

static void
read_conditions(struct built_site *built, const struct section *section, struct rule *rule,
                struct problems *problems)
{
    static const char never[] = "the rule never holds";
    const struct rule_values *values = section->values;
    const struct conf *conf = built->site.conf;
    struct parts *lists = &built->lists;
    rule->authenticated = (enum condition)values->authenticated;
    rule->tls = (enum condition)values->tls;
    rule->protocols = values->protocols;
    build_references(conf, "listener", section, "listeners", &values->listeners, &rule->listeners,
                     problems);
    build_references(conf, "organization", section, "organizations", &values->organizations,
                     &rule->organizations, problems);
    rule->clients =
        build_list_setting(lists, section, "clients", values->clients, LIST_IP, never, problems)
            .list;
    rule->senders =
        build_list_setting(lists, section, "senders", values->senders, LIST_USER, never, problems)
            .list;
    rule->recipients = build_list_setting(lists, section, "recipients", values->recipients,
                                          LIST_USER, never, problems)
                           .list;
    rule->size_over = values->size_over_bytes;
    rule->recipients_over = (unsigned)values->recipients_over;
    rule->header_from = build_list_setting(lists, section, "header_from", values->header_from,
                                           LIST_USER, never, problems)
                            .list;
}

void
build_rules(struct built_site *built, struct problems *problems)
{
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "rule", &count);
    for (size_t i = 0; i < count; i++) {
        if (sections[i]->name == NULL)
            continue; /* conf has said so */
        struct rule *rule =
            tenancy_add_rule(built->site.tenancy, sections[i]->name, sections[i]->origin, NULL);
        if (rule == NULL)
            continue; /* the name is taken: conf has said so */
        read_conditions(built, sections[i], rule, problems);
        read_action(sections[i], rule, problems);
    }
}
