#include "login_settings.h"

#include <stddef.h>

#include "curl_door.h"
#include "login_dialog.h"

static const struct choice tls_choices[] = {
    {"starttls", LOGIN_TLS_STARTTLS},
    {"implicit", LOGIN_TLS_IMPLICIT},
    {"none", LOGIN_TLS_NONE},
    {NULL, 0},
};

static const struct choice mechanism_choices[] = {
    {"plain", LOGIN_PLAIN},
    {"login", LOGIN_COMMAND},
    {NULL, 0},
};

enum { LOGINS_KEPT_MAX_MS = 24 * 60 * 60 * 1000 };

#define AT(member) .offset = offsetof(struct login_settings, member)

const struct row login_rows[] = {
    {.name = "server",
     .type = ROW_STRINGS,
     AT(servers),
     .required = true,
     .help = "servers that are asked, host:port or host, in this order; the next one if one is "
             "down. The port is 143 (imap) or 110 (pop3), with tls = \"implicit\" 993 or 995"},
    {.name = "tls",
     .type = ROW_CHOICE,
     AT(tls),
     .preset = "starttls",
     .choices = tls_choices,
     .help = "starttls, implicit (the port begins with TLS) or none (passwords go in clear)"},
    {.name = "ca_file",
     .type = ROW_PATH,
     AT(ca_file),
     .help = "PEM file of the authorities that may vouch for the servers; the system's if not set"},
    {.name = "tls_verify",
     .type = ROW_BOOL,
     AT(tls_verify),
     .preset = "true",
     .help = "whether the servers' certificates are verified"},
    {.name = "cert_file",
     .type = ROW_PATH,
     AT(cert_file),
     .help = "PEM file of the certificate that we show to the servers; not set: none"},
    {.name = "key_file",
     .type = ROW_PATH,
     AT(key_file),
     .help =
         "PEM file of its key, without a passphrase, which others must not be able to read; not "
         "set: it is in cert_file"},
    {.name = "mechanisms",
     .type = ROW_CHOICES,
     AT(mechanisms),
     .preset = "{\"plain\", \"login\"}",
     .choices = mechanism_choices,
     .help = "how passwords may be given: plain (SASL PLAIN), preferred where it is offered, or "
             "login (LOGIN of IMAP, USER and PASS of POP3)"},
    {.name = "connections",
     .type = ROW_INT,
     AT(connections),
     .preset = "200",
     .low = 1,
     .high = 100000,
     .help = "connections to each server at a time; more questions wait in line"},
    {.name = "connect_timeout",
     .type = ROW_DURATION,
     AT(connect_timeout_ms),
     .preset = "3s",
     .low = 10,
     .high = 60000,
     .help = "how long a TCP connection to a server may take to be made"},
    {.name = "timeout",
     .type = ROW_DURATION,
     AT(timeout_ms),
     .preset = "20s",
     .low = 10,
     .high = 300000,
     .help = "how long the whole login at a server may take, connecting included"},
    {.name = "cache",
     .type = ROW_DURATION,
     AT(cache_ms),
     .preset = "5min",
     .low = 0,
     .high = LOGINS_KEPT_MAX_MS,
     .help = "how long it is remembered that a password is right; 0: not at all"},
    {.name = "negative_cache",
     .type = ROW_DURATION,
     AT(negative_cache_ms),
     .preset = "30s",
     .low = 0,
     .high = LOGINS_KEPT_MAX_MS,
     .help = "how long it is remembered that a password is wrong; 0: not at all"},
    {.name = "cache_when_down",
     .type = ROW_BOOL,
     AT(cache_when_down),
     .preset = "false",
     .help = "whether, while no server can be asked, a password that was right within the last day "
             "still is"},
    {.name = NULL},
};
