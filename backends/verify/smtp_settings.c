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
    {"cram-md5", SMTP_MECHANISM_CRAM_MD5},
    {NULL, 0},
};

enum { LOGINS_KEPT_MAX_MS = 24 * 60 * 60 * 1000, RECIPIENTS_KEPT_MAX_MS = 7 * LOGINS_KEPT_MAX_MS };

#define SMTP_ROW(member) .offset = offsetof(struct smtp_settings, member)

const struct row smtp_rows[] = {
    {.name = "server",
     .type = ROW_STRINGS,
     SMTP_ROW(servers),
     .required = true,
     .help =
         "servers that are asked, host:port or host, in this order; the next one if one is "
         "down. The port is 587, with tls = \"implicit\" 465. Name the mail server itself, never "
         "the nginx before it. About recipients: a port that takes mail without a login"},
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
    {.name = "cert_file",
     .type = ROW_PATH,
     SMTP_ROW(cert_file),
     .help = "PEM file of the certificate that we show to the servers; not set: none"},
    {.name = "key_file",
     .type = ROW_PATH,
     SMTP_ROW(key_file),
     .help =
         "PEM file of its key, without a passphrase, which others must not be able to read; not "
         "set: it is in cert_file"},
    {.name = "tls_verify",
     .type = ROW_BOOL,
     SMTP_ROW(tls_verify),
     .preset = "true",
     .help = "whether the servers' certificates are verified"},
    {.name = "mechanisms",
     .type = ROW_CHOICES,
     SMTP_ROW(mechanisms),
     .preset = "{\"plain\", \"login\", \"cram-md5\"}",
     .choices = mechanism_choices,
     .help =
         "SASL mechanisms that may be used. Of those that a server offers plain is preferred to "
         "login and login to cram-md5; without TLS cram-md5 comes first, which does not show the "
         "password. Leave it out where the server offers it and has no passwords in clear: it "
         "says wrong password to everybody"},
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
     .help = "how long a TCP connection to a server may take to be made"},
    {.name = "timeout",
     .type = ROW_DURATION,
     SMTP_ROW(timeout_ms),
     .preset = "20s",
     .low = 10,
     .high = 300000,
     .help = "how long the whole conversation with a server may take, connecting included"},
    {.name = "probe_sender",
     .type = ROW_STRING,
     SMTP_ROW(probe_sender),
     .preset = "<>",
     .help = "sender of the probes that find out whether a recipient exists; <> is the empty one"},
    {.name = "forward_client",
     .type = ROW_BOOL,
     SMTP_ROW(forward_client),
     .preset = "false",
     .help = "whether servers that offer XCLIENT are told the address of the client and, where "
             "nginx tells it, its EHLO name; the others are asked as if it were false"},
    {.name = "cache",
     .type = ROW_DURATION,
     SMTP_ROW(cache_ms),
     .preset = "5min",
     .low = 0,
     .high = LOGINS_KEPT_MAX_MS,
     .help = "how long it is remembered that a password is right; 0: not at all"},
    {.name = "negative_cache",
     .type = ROW_DURATION,
     SMTP_ROW(negative_cache_ms),
     .preset = "30s",
     .low = 0,
     .high = LOGINS_KEPT_MAX_MS,
     .help = "how long it is remembered that a password is wrong; 0: not at all"},
    {.name = "cache_when_down",
     .type = ROW_BOOL,
     SMTP_ROW(cache_when_down),
     .preset = "false",
     .help = "whether a password that was right within a day counts while no server answers"},
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
