#include "smtp_settings.h"

#include <stddef.h>

#include "smtp_client.h"
#include "smtp_reply.h"

static const struct choice tls_choices[] = {
    {"starttls", SMTP_TLS_STARTTLS},
    {"implicit", SMTP_TLS_IMPLICIT},
    {"none", SMTP_TLS_NONE},
    {NULL, 0},
};

static const struct choice mechanism_choices[] = {
    {"plain", SMTP_MECHANISM_PLAIN},
    {"login", SMTP_MECHANISM_LOGIN},
    {NULL, 0},
};

enum { RECIPIENTS_KEPT_MAX_MS = 7 * 24 * 60 * 60 * 1000 };

#define SMTP_ROW(member) .offset = offsetof(struct smtp_settings, member)

const struct row smtp_rows[] = {
    {.name = "server",
     .type = ROW_STRINGS,
     SMTP_ROW(servers),
     .required = true,
     .help = "servers that are asked, host:port, in this order; the next one if one is down. About "
             "recipients: a port that takes mail without a login"},
    {.name = "tls",
     .type = ROW_CHOICE,
     SMTP_ROW(tls),
     .preset = "starttls",
     .choices = tls_choices,
     .help = "starttls, implicit (the port begins with TLS) or none (passwords go in clear)"},
    {.name = "ca_file",
     .type = ROW_PATH,
     SMTP_ROW(ca_file),
     .help = "PEM file of the authorities that may vouch for the servers; the system's if not set"},
    {.name = "tls_verify",
     .type = ROW_BOOL,
     SMTP_ROW(tls_verify),
     .preset = "true",
     .help = "whether the servers' certificates are verified"},
    {.name = "mechanisms",
     .type = ROW_CHOICES,
     SMTP_ROW(mechanisms),
     .preset = "{\"plain\", \"login\"}",
     .choices = mechanism_choices,
     .help = "SASL mechanisms that may be used; plain is preferred where a server offers both"},
    {.name = "connections",
     .type = ROW_INT,
     SMTP_ROW(connections),
     .preset = "200",
     .low = 1,
     .high = 100000,
     .help = "connections to each server at a time; more questions wait in line"},
    {.name = "connect_timeout",
     .type = ROW_DURATION,
     SMTP_ROW(connect_timeout_ms),
     .preset = "3s",
     .low = 10,
     .high = 60000,
     .help = "how long connecting to a server may take"},
    {.name = "timeout",
     .type = ROW_DURATION,
     SMTP_ROW(timeout_ms),
     .preset = "20s",
     .low = 10,
     .high = 300000,
     .help = "how long the conversation with a server may take"},
    {.name = "probe_sender",
     .type = ROW_STRING,
     SMTP_ROW(probe_sender),
     .preset = "<>",
     .help = "sender of the probes that find out whether a recipient exists; <> is the empty one"},
    {.name = "recipient_cache",
     .type = ROW_DURATION,
     SMTP_ROW(recipient_cache_ms),
     .preset = "1h",
     .low = 0,
     .high = RECIPIENTS_KEPT_MAX_MS,
     .help = "how long it is remembered that a recipient exists; 0: not at all"},
    {.name = "recipient_negative_cache",
     .type = ROW_DURATION,
     SMTP_ROW(recipient_negative_cache_ms),
     .preset = "5min",
     .low = 0,
     .high = RECIPIENTS_KEPT_MAX_MS,
     .help = "how long it is remembered that a recipient does not exist; 0: not at all"},
    {.name = NULL},
};
