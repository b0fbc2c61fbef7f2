/* The `guard` section: mailreeve-milter, the message guard beside the mail server. */
#include <string.h>
#include <sys/un.h>

#include "build.h"
#include "domain.h"
#include "units.h"

struct guard_values {
    const char *socket, *socket_mode, *socket_group;
    const char *listener, *hostname;
    bool authentication_results;
};

#define AT(member) .offset = offsetof(struct guard_values, member)

#define DEFAULT_SOCKET "unix:/run/mailreeve/milter.sock"
#define FORMS          "write unix:/PATH, inet:PORT@HOST or inet6:PORT@HOST"

enum { DEFAULT_MODE = 0660 };

static const struct row rows[] = {
    {.name = "socket",
     .type = ROW_STRING,
     AT(socket),
     .preset = DEFAULT_SOCKET,
     .help = "Where mailreeve-milter answers the mail server: unix:/PATH, inet:PORT@HOST or "
             "inet6:PORT@HOST. Whoever can reach it can use up the limits of others: mail servers "
             "alone should. A change takes a restart of mailreeve-milter."},
    {.name = "socket_mode",
     .type = ROW_STRING,
     AT(socket_mode),
     .preset = "0660",
     .help = "Permissions of a unix socket, in octal."},
    {.name = "socket_group",
     .type = ROW_STRING,
     AT(socket_group),
     .help = "Group of a unix socket: one that the mail server is in. Not set: that of the "
             "process."},
    {.name = "listener",
     .type = ROW_STRING,
     AT(listener),
     .help = "The listener whose settings hold where the mail server's macro {daemon_name} is no "
             "listener's name (milter_macro_daemon_name of Postfix, which master.cf can set for "
             "each port). Not set: the only listener there is; or, for those who have logged in, "
             "the only one whose auth is not off, and for others the only one whose auth is off; "
             "where there are several, messages are put off."},
    {.name = "hostname",
     .type = ROW_STRING,
     AT(hostname),
     .help = "The name in Authentication-Results: one that all of our mail servers share and that "
             "nobody else uses. Not set: the mail server's own (its macro j)."},
    {.name = "authentication_results",
     .type = ROW_BOOL,
     AT(authentication_results),
     .preset = "true",
     .help = "Whether the header Authentication-Results (RFC 8601) is added to messages of those "
             "who have logged in, with their names, and those that claim to be ours are removed "
             "from all messages: so filters behind can tell the ones from the others."},
    {0}};

const struct section_type guard_section = {
    .name = "guard",
    .single = true,
    .size = sizeof(struct guard_values),
    .rows = rows,
    .help = "The message guard, mailreeve-milter, which the mail server asks about every message: "
            "nginx sees no more of a session than its first recipient. Without this section it "
            "has the defaults.",
};

static int
check_unix(const char *path, struct err *err)
{
    size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (path[0] != '/')
        err_set(err, "\"unix:%s\" is no whole path (write unix:/PATH)", path);
    else if (strlen(path) > most)
        err_set(err, "%s is too long for a socket (at most %zu bytes)", path, most);
    else
        return 0;
    return -1;
}

/* A name, or an address of that family; IPv6 with or without brackets. */
static bool
is_host(const char *host, size_t length, enum netaddr_family family)
{
    char text[DOMAIN_MAX + 1];
    bool has_brackets = length > 2 && host[0] == '[' && host[length - 1] == ']';
    if (has_brackets) {
        host++;
        length -= 2;
    }
    if (length >= sizeof text)
        return false;
    memcpy(text, host, length);
    text[length] = '\0';
    struct netaddr address;
    if (netaddr_parse(text, &address, NULL) == 0)
        return address.family == family;
    return !has_brackets && domain_check(text, length, NULL) == 0;
}

static int
check_inet(const char *socket, const char *port_and_host, enum netaddr_family family,
           struct err *err)
{
    const char *at = strchr(port_and_host, '@');
    size_t digits = strspn(port_and_host, "0123456789");
    char number[6] = "";
    int64_t port = 0;
    if (at != NULL && digits == (size_t)(at - port_and_host) && digits < sizeof number) {
        memcpy(number, port_and_host, digits);
        number_parse(number, &port, NULL);
    }
    if (port < 1 || port > 65535)
        err_set(err, "\"%s\" has no port between 1 and 65535 (" FORMS ")", socket);
    else if (!is_host(at + 1, strlen(at + 1), family))
        err_set(err, "\"%s\" names no host or address of %s (" FORMS ")", socket,
                family == NETADDR_IPV4 ? "IPv4" : "IPv6");
    else
        return 0;
    return -1;
}

static int
check_address(const char *socket, struct err *err)
{
    if (strncmp(socket, "unix:", 5) == 0)
        return check_unix(socket + 5, err);
    if (strncmp(socket, "inet:", 5) == 0)
        return check_inet(socket, socket + 5, NETADDR_IPV4, err);
    if (strncmp(socket, "inet6:", 6) == 0)
        return check_inet(socket, socket + 6, NETADDR_IPV6, err);
    err_set(err, "\"%s\" is no address of a socket (" FORMS ")", socket);
    return -1;
}

static void
check_socket(const struct built_site *built, const struct section *section,
             struct problems *problems)
{
    const struct guard_values *values = section->values;
    const char *socket = values->socket;
    struct err err;
    bool is_unix = strncmp(socket, "unix:", 5) == 0;
    if (check_address(socket, &err) != 0)
        section_problem(section, "socket", problems, PROBLEM_ERROR, "%s", err.text);
    else if (is_unix && strcmp(socket + 5, built->site.settings.socket) == 0)
        section_problem(section, "socket", problems, PROBLEM_ERROR,
                        "%s is the socket of mailreeve-auth", socket + 5);
}

static bool
is_ascii(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at >= 0x80)
            return false;
    return true;
}

static void
check_names(const struct built_site *built, const struct section *section,
            struct problems *problems)
{
    const struct guard_values *values = section->values;
    const char *hostname = values->hostname;
    struct err err;
    if (values->listener != NULL &&
        conf_find(built->site.conf, "listener", values->listener) == NULL)
        parts_complain_missing(built->site.conf, "listener", values->listener, section, "listener",
                               section_origin(section, "listener"), PROBLEM_ERROR, problems);
    if (hostname == NULL)
        return;
    if (domain_check(hostname, strlen(hostname), &err) != 0)
        section_problem(section, "hostname", problems, PROBLEM_ERROR, "\"%s\": %s", hostname,
                        err.text);
    else if (!is_ascii(hostname))
        section_problem(section, "hostname", problems, PROBLEM_ERROR,
                        "\"%s\" has letters outside of ASCII, which not every filter reads (write "
                        "it as DNS has it, xn--...)",
                        hostname);
}

void
build_guard(struct built_site *built, struct problems *problems)
{
    struct guard_settings *guard = &built->site.settings.guard;
    *guard = (struct guard_settings){
        .socket = DEFAULT_SOCKET, .socket_mode = DEFAULT_MODE, .authentication_results = true};
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "guard", &count);
    if (count == 0)
        return;
    const struct section *section = sections[0];
    const struct guard_values *values = section->values;
    *guard = (struct guard_settings){
        .socket = values->socket,
        .socket_mode = build_socket_mode(section, values->socket_mode, problems),
        .socket_group = values->socket_group,
        .listener = values->listener,
        .hostname = values->hostname,
        .authentication_results = values->authentication_results,
    };
    check_socket(built, section, problems);
    check_names(built, section, problems);
}
