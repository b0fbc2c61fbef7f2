#include "route_settings.h"

#include <string.h>

#include "alloc.h"
#include "route.h"

enum { TIMEOUT_MS = 3000, TIMEOUT_LEAST_MS = 50 };

static const struct choice balance_choices[] = {{"round-robin", BALANCE_ROUND_ROBIN},
                                                {"least-recent", BALANCE_LEAST_RECENT},
                                                {"hash", BALANCE_HASH},
                                                {"first", BALANCE_FIRST},
                                                {0}};

static const struct choice check_choices[] = {{"none", CHECK_NONE}, {"tcp", CHECK_TCP},
                                              {"smtp", CHECK_SMTP}, {"imap", CHECK_IMAP},
                                              {"pop3", CHECK_POP3}, {0}};

static const struct choice check_tls_choices[] = {{"none", CHECK_TLS_NONE},
                                                  {"starttls", CHECK_TLS_STARTTLS},
                                                  {"implicit", CHECK_TLS_IMPLICIT},
                                                  {0}};

static const struct row server_rows[] = {
    {.name = "address",
     .type = ROW_STRING,
     .offset = offsetof(struct server_values, address),
     .help = "Where the server listens: HOST:PORT, or [ADDRESS]:PORT for IPv6; a name is resolved "
             "again when its DNS record's time is over. Sessions share the addresses of a name "
             "that are up."},
    {.name = "srv",
     .type = ROW_STRING,
     .offset = offsetof(struct server_values, srv),
     .help = "Instead of an address: the DNS SRV record that names the servers, such as "
             "_submission._tcp.example.com; those of the next priority are used only while none of "
             "the one before can be."},
    {.name = "weight",
     .type = ROW_INT,
     .offset = offsetof(struct server_values, weight),
     .preset = "1",
     .low = 1,
     .high = 1000,
     .help = "Its share of the sessions, with balance = \"round-robin\" or \"hash\"; times the "
             "record's own weights, with srv."},
    {.name = "backup",
     .type = ROW_BOOL,
     .offset = offsetof(struct server_values, backup),
     .preset = "false",
     .help = "Used only while no server can be that is not a backup."},
    {.name = "check_port",
     .type = ROW_INT,
     .offset = offsetof(struct server_values, check_port),
     .preset = "0",
     .low = 0,
     .high = 65535,
     .help = "The port that checks connect to, such as one without the PROXY protocol; 0: the one "
             "that sessions go to."},
    {0}};

static const struct row upstream_rows[] = {
    {.name = "balance",
     .type = ROW_CHOICE,
     .offset = offsetof(struct upstream_values, balance),
     .preset = "round-robin",
     .choices = balance_choices,
     .help = "How servers share the sessions: in turn by weight; to the one that had none for the "
             "longest time; always to the same one for a user, or for an address that has not "
             "logged in; or all to the first that is up."},
    {.name = "check",
     .type = ROW_CHOICE,
     .offset = offsetof(struct upstream_values, check),
     .preset = "none",
     .choices = check_choices,
     .help = "How it is found out whether a server is up: not at all, by connecting, or by talking "
             "to it: smtp, the greeting and EHLO; imap, the greeting and CAPABILITY; pop3, the "
             "greeting and CAPA."},
    {.name = "check_tls",
     .type = ROW_CHOICE,
     .offset = offsetof(struct upstream_values, check_tls),
     .preset = "none",
     .choices = check_tls_choices,
     .help = "Whether checks use TLS: no, once the server has agreed to STARTTLS or STLS, or from "
             "the first byte."},
    {.name = "check_ca_file",
     .type = ROW_PATH,
     .offset = offsetof(struct upstream_values, check_ca_file),
     .help = "Trusted authorities, PEM: a server whose certificate is not by one of them, or not "
             "for its name, counts as down. Not set: a check only encrypts; it sends nothing "
             "secret."},
    {.name = "interval",
     .type = ROW_DURATION,
     .offset = offsetof(struct upstream_values, interval_ms),
     .preset = "5s",
     .low = 100,
     .high = 3600000,
     .help = "The time between the beginnings of two checks of one address; half of it while the "
             "last check spoke against its state."},
    {.name = "timeout",
     .type = ROW_DURATION,
     .offset = offsetof(struct upstream_values, timeout_ms),
     .preset = "0s",
     .low = 0,
     .high = 300000,
     .help = "A check of one address that takes longer has failed. A server that stalls is out "
             "within fall * interval if this is at most interval * (fall - 1) / fall. 0: that, but "
             "at most 3s."},
    {.name = "fall",
     .type = ROW_INT,
     .offset = offsetof(struct upstream_values, fall),
     .preset = "3",
     .low = 1,
     .high = 100,
     .help = "So many failed checks in a row take a server out; the very first check alone does, "
             "too."},
    {.name = "rise",
     .type = ROW_INT,
     .offset = offsetof(struct upstream_values, rise),
     .preset = "2",
     .low = 1,
     .high = 100,
     .help = "So many passed checks in a row bring it back."},
    {.name = "slow_start",
     .type = ROW_DURATION,
     .offset = offsetof(struct upstream_values, slow_start_ms),
     .preset = "0s",
     .high = 86400000,
     .help = "So long a server that has come back, or is no longer drained, takes to get its whole "
             "share of the sessions; 0: it gets it at once."},
    {0}};

static const struct section_type server_section = {
    .name = "server",
    .titled = true,
    .size = sizeof(struct server_values),
    .rows = server_rows,
    .help = "One server of an upstream, or those that one SRV record names.",
};

static const struct section_type *const upstream_children[] = {&server_section, NULL};

const struct section_type upstream_section = {
    .name = "upstream",
    .titled = true,
    .size = sizeof(struct upstream_values),
    .rows = upstream_rows,
    .children = upstream_children,
    .help = "A group of servers that sessions are handed to.",
};

static int
refuse(const struct section *section, const char *setting, struct problems *problems,
       const char *text)
{
    section_problem(section, setting, problems, PROBLEM_ERROR, "%s", text);
    return -1;
}

static int
open_srv(struct server *server, const struct section *section, struct problems *problems)
{
    const struct server_values *values = section->values;
    struct err err;
    server->srv = srv_open(values->srv, &err);
    return server->srv != NULL ? 0 : refuse(section, "srv", problems, err.text);
}

static int
open_address(struct server *server, const struct section *section, struct problems *problems)
{
    const struct server_values *values = section->values;
    struct err err;
    server->address = name_open(values->address, 0, &err);
    if (server->address == NULL)
        return refuse(section, "address", problems, err.text);
    if (name_port(server->address) == 0)
        return refuse(section, "address", problems,
                      "nginx cannot hand a session to a unix socket (write HOST:PORT)");
    return 0;
}

static int
open_server(struct server *server, const struct section *section, struct problems *problems)
{
    const struct server_values *values = section->values;
    server->name = section->name;
    server->weight = (unsigned)values->weight;
    server->is_backup = values->backup;
    server->check_port = (unsigned)values->check_port;
    if (strlen(section->name) >= ROUTE_SERVER_MAX)
        return refuse(section, NULL, problems, "its name is too long (use at most 255 bytes)");
    if (values->address != NULL && values->srv != NULL)
        return refuse(section, "srv", problems, "there is an address, too (write one of them)");
    if (values->address == NULL && values->srv == NULL)
        return refuse(section, NULL, problems,
                      "it has no address (write address = \"HOST:PORT\", or srv = "
                      "\"_submission._tcp.example.com\")");
    return values->srv != NULL ? open_srv(server, section, problems)
                               : open_address(server, section, problems);
}

static int
open_tls(struct servers *servers, const struct section *section, struct problems *problems)
{
    const struct upstream_values *values = section->values;
    if (servers->plan.check == CHECK_NONE || servers->plan.tls == CHECK_TLS_NONE)
        return 0;
    if (servers->plan.check == CHECK_TCP && servers->plan.tls == CHECK_TLS_STARTTLS)
        return refuse(section, "check_tls", problems,
                      "a tcp check says nothing, so nor STARTTLS (write \"implicit\", or check = "
                      "\"smtp\", \"imap\" or \"pop3\")");
    const struct tls_settings settings = {.ca_file = values->check_ca_file,
                                          .no_verify = values->check_ca_file == NULL};
    struct err err;
    servers->plan.context = tls_context_create(&settings, &err);
    return servers->plan.context != NULL ? 0 : refuse(section, "check_ca_file", problems, err.text);
}

/* Settings that have no effect beside the others. */
static void
warn_useless(const struct section *section, struct problems *problems)
{
    const struct upstream_values *values = section->values;
    const char *useless = NULL;
    if (values->check == CHECK_NONE && values->check_tls != CHECK_TLS_NONE)
        useless = "check_tls";
    else if (values->check_tls == CHECK_TLS_NONE && values->check_ca_file != NULL)
        useless = "check_ca_file";
    if (useless != NULL)
        section_problem(section, useless, problems, PROBLEM_WARNING, "has no effect without %s",
                        values->check == CHECK_NONE ? "check" : "check_tls");
    if (values->balance == BALANCE_FIRST && values->slow_start_ms > 0)
        section_problem(section, "slow_start", problems, PROBLEM_WARNING,
                        "has no effect with balance = \"first\"");
}

/* What is not set keeps the promise about a server that stalls, as far as there is one: a single
 * check (fall = 1) begins when the interval is over. */
static int64_t
timeout_of(const struct upstream_values *values)
{
    if (values->timeout_ms > 0)
        return values->timeout_ms;
    const int64_t most_ms = values->fall > 1
                                ? values->interval_ms * (values->fall - 1) / values->fall
                                : values->interval_ms;
    return most_ms < TIMEOUT_MS ? most_ms : TIMEOUT_MS;
}

int
route_settings_apply(const struct conf *conf, const struct section *section,
                     struct servers *servers_r, struct problems *problems)
{
    const struct upstream_values *values = section->values;
    size_t count;
    const struct section *const *sections = conf_sections(conf, section, "server", &count);
    *servers_r = (struct servers){
        .upstream = section->name,
        .balance = (enum balance)values->balance,
        .items = xcalloc(count, sizeof(struct server)),
        .item_count = count,
        .plan = {.check = (enum check)values->check, .tls = (enum check_tls)values->check_tls},
        .ca_file = values->check_ca_file,
        .interval_ms = values->interval_ms,
        .timeout_ms = timeout_of(values),
        .slow_start_ms = values->slow_start_ms,
        .fall = (unsigned)values->fall,
        .rise = (unsigned)values->rise};
    servers_init(servers_r);
    if (count == 0)
        return refuse(section, NULL, problems,
                      "it has no server (write server \"NAME\" { address = \"HOST:PORT\" })");
    int result = open_tls(servers_r, section, problems);
    if (servers_r->timeout_ms < TIMEOUT_LEAST_MS)
        result = refuse(section, "timeout", problems,
                        "no server answers in so short a time (write 50ms or more, or 0)");
    for (size_t i = 0; i < count; i++) {
        result |= open_server(&servers_r->items[i], sections[i], problems);
        servers_r->has_srv |= servers_r->items[i].srv != NULL;
    }
    warn_useless(section, problems);
    return result;
}
