#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "alert.h"
#include "alloc.h"
#include "build.h"
#include "endpoint.h"

enum { DNS_PORT = 53 };

struct top_values {
    const char *socket, *socket_mode, *socket_group;
    int64_t max_sessions, session_timeout_ms, failure_delay_ms, max_attempts;
    int log_format, log_level, encoding;
    struct strings dns_servers;
    bool open_relay_is_meant;
};

static const struct choice log_formats[] = {{"logfmt", LOG_LOGFMT}, {"json", LOG_JSON}, {0}};

static const struct choice log_levels[] = {
    {"error", LOG_ERROR}, {"warn", LOG_WARN}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}, {0}};

static const struct choice encodings[] = {
    {"plain", USERNAME_PLAIN}, {"xtext", USERNAME_XTEXT}, {0}};

static const struct row rows[] = {
    {.name = "socket",
     .type = ROW_PATH,
     .offset = offsetof(struct top_values, socket),
     .preset = "/run/mailreeve/auth.sock",
     .help = "The unix socket on which mailreeve-auth answers nginx by FastCGI."},
    {.name = "socket_mode",
     .type = ROW_STRING,
     .offset = offsetof(struct top_values, socket_mode),
     .preset = "0660",
     .help = "Permissions of the socket, in octal."},
    {.name = "socket_group",
     .type = ROW_STRING,
     .offset = offsetof(struct top_values, socket_group),
     .help = "Group of the socket: the one that nginx's workers are in. Not set: that of the "
             "process."},
    {.name = "max_sessions",
     .type = ROW_INT,
     .offset = offsetof(struct top_values, max_sessions),
     .preset = "10000",
     .low = 1,
     .high = 100000,
     .help = "So many sessions are answered at a time, one thread each; others wait."},
    {.name = "session_timeout",
     .type = ROW_DURATION,
     .offset = offsetof(struct top_values, session_timeout_ms),
     .preset = "25s",
     .low = 1000,
     .high = 600000,
     .help = "The time in which a session, or with the message guard each command of one, must be "
             "decided; shorter than nginx's auth_http_timeout (60s) and Postfix's "
             "milter_command_timeout (30s)."},
    {.name = "failure_delay",
     .type = ROW_DURATION,
     .offset = offsetof(struct top_values, failure_delay_ms),
     .preset = "2s",
     .low = 0,
     .high = 60000,
     .help = "A refused login is answered that much later (whole seconds, rounded up)."},
    {.name = "max_attempts",
     .type = ROW_INT,
     .offset = offsetof(struct top_values, max_attempts),
     .preset = "3",
     .low = 1,
     .high = 100,
     .help = "After so many refused logins nginx closes the connection."},
    {.name = "log_format",
     .type = ROW_CHOICE,
     .offset = offsetof(struct top_values, log_format),
     .preset = "logfmt",
     .choices = log_formats,
     .help = "How a line of the log is written."},
    {.name = "log_level",
     .type = ROW_CHOICE,
     .offset = offsetof(struct top_values, log_level),
     .preset = "info",
     .choices = log_levels,
     .help = "The least important lines that are logged."},
    {.name = "auth_user_encoding",
     .type = ROW_CHOICE,
     .offset = offsetof(struct top_values, encoding),
     .preset = "plain",
     .choices = encodings,
     .help = "How login names are handed to nginx. plain: names with +, = or letters outside of "
             "ASCII are refused, because nginx before 1.29.2 passes them on raw. xtext: they are "
             "encoded for XCLIENT, and nowhere else; only for nginx before 1.29.2."},
    {.name = "dns_servers",
     .type = ROW_STRINGS,
     .offset = offsetof(struct top_values, dns_servers),
     .help = "The DNS servers that are asked about names of servers: addresses, with :PORT where "
             "it is not 53 ([ADDRESS]:PORT for IPv6); the next one if one does not answer. Not "
             "set: those of /etc/resolv.conf. /etc/hosts is read before."},
    {.name = "i_know_this_is_an_open_relay",
     .type = ROW_BOOL,
     .offset = offsetof(struct top_values, open_relay_is_meant),
     .preset = "false",
     .help = "Start although relay_ips of a listener holds every address, so that anybody may send "
             "anything to anywhere; for a front door that strangers cannot reach."},
    {0}};

static const struct section_type *const children[] = {
    &listener_section, &organization_section, &source_section, &upstream_section,
    &list_section,     &rule_section,         &screen_section, &limits_section,
    &guard_section,    &state_section,        &alert_section,  NULL,
};

const struct section_type site_section = {
    .size = sizeof(struct top_values),
    .rows = rows,
    .children = children,
};

int64_t
build_socket_mode(const struct section *section, const char *text, struct problems *problems)
{
    size_t digits = strspn(text, "01234567");
    long mode = strtol(text, NULL, 8);
    if (digits == 0 || digits > 4 || text[digits] != '\0' || mode > 0777)
        section_problem(section, "socket_mode", problems, PROBLEM_ERROR,
                        "\"%s\" is not a mode (write it in octal, as \"0660\")", text);
    return mode;
}

static void
check_socket(const struct section *top, const char *path, struct problems *problems)
{
    size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (strlen(path) > most)
        section_problem(top, "socket", problems, PROBLEM_ERROR,
                        "%s is too long for a socket (at most %zu bytes)", path, most);
}

/* An address; a name could not be asked about. */
static bool
is_dns_server(const char *text)
{
    struct endpoint_text server;
    return endpoint_parse(text, DNS_PORT, &server, NULL) == 0 && server.is_literal &&
           server.port != 0;
}

/* As names_use_servers takes them, kept by the configuration; NULL: not set, or problems tells. */
static const char *
read_dns_servers(struct conf *conf, const struct strings *servers, struct problems *problems)
{
    static const char setting[] = "dns_servers";
    size_t size = 1;
    bool all_good = true;
    for (size_t i = 0; i < servers->count; i++) {
        const char *text = servers->items[i];
        size += strlen(text) + 1;
        if (is_dns_server(text))
            continue;
        all_good = false;
        section_problem_at(conf_top(conf), setting, servers->origins[i], problems, PROBLEM_ERROR,
                           "\"%s\" is no address (write ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT)",
                           text);
    }
    if (!all_good || servers->count == 0)
        return NULL;
    char *joined = conf_keep(conf, xcalloc(size, 1));
    for (size_t i = 0; i < servers->count; i++)
        snprintf(joined + strlen(joined), size - strlen(joined), "%s%s", i > 0 ? "," : "",
                 servers->items[i]);
    return joined;
}

void
build_settings(struct built_site *built, struct problems *problems)
{
    const struct section *top = conf_top(built->site.conf);
    const struct top_values *values = top->values;
    check_socket(top, values->socket, problems);
    built->open_relay_is_meant = values->open_relay_is_meant;
    built->site.settings = (struct site_settings){
        .socket = values->socket,
        .socket_mode = build_socket_mode(top, values->socket_mode, problems),
        .socket_group = values->socket_group,
        .max_sessions = values->max_sessions,
        .session_timeout_ms = values->session_timeout_ms,
        .log_format = (enum log_format)values->log_format,
        .log_level = (enum log_level)values->log_level,
        .dns_servers = read_dns_servers(built->site.conf, &values->dns_servers, problems),
        .decide =
            {
                .origin = top->origin,
                .failure_delay_s = (unsigned)((values->failure_delay_ms + 999) / 1000),
                .max_attempts = (unsigned)values->max_attempts,
                .encoding = (enum username_encoding)values->encoding,
            },
    };
}
