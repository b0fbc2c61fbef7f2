#include "dialogue.h"

static const struct dialogue_step smtp_steps[] = {
    {.name = "", .wanted = "220", .expected = {.want_code = 220}},
    {.name = "EHLO",
     .text = "EHLO ",
     .names_us = true,
     .wanted = "250",
     .expected = {.want_code = 250}},
    {.name = "STARTTLS",
     .text = "STARTTLS",
     .only_starttls = true,
     .begins_tls = true,
     .wanted = "220",
     .expected = {.want_code = 220}},
    {.name = "EHLO under TLS",
     .text = "EHLO ",
     .names_us = true,
     .only_starttls = true,
     .wanted = "250",
     .expected = {.want_code = 250}},
    {0}};

static const struct dialogue_step imap_steps[] = {
    {.name = "",
     .wanted = "* OK",
     .expected = {.form = REPLY_IMAP_GREETING, .may_be_followed = true}},
    {.name = "STARTTLS",
     .text = "a1 STARTTLS",
     .only_starttls = true,
     .begins_tls = true,
     .wanted = "OK",
     .expected = {.form = REPLY_IMAP, .tag = "a1"}},
    {.name = "CAPABILITY",
     .text = "a2 CAPABILITY",
     .wanted = "OK",
     .expected = {.form = REPLY_IMAP, .tag = "a2", .may_be_followed = true}},
    {0}};

/* Servers of before RFC 2449 refuse CAPA, and are up. */
static const struct dialogue_step pop3_steps[] = {
    {.name = "", .wanted = "+OK", .expected = {.form = REPLY_POP3}},
    {.name = "STLS",
     .text = "STLS",
     .only_starttls = true,
     .begins_tls = true,
     .wanted = "+OK",
     .expected = {.form = REPLY_POP3}},
    {.name = "CAPA",
     .text = "CAPA",
     .may_be_refused = true,
     .wanted = "+OK",
     .expected = {.form = REPLY_POP3_LIST}},
    {0}};

static const struct dialogue smtp = {"SMTP", smtp_steps, "QUIT"};
static const struct dialogue imap = {"IMAP", imap_steps, "a3 LOGOUT"};
static const struct dialogue pop3 = {"POP3", pop3_steps, "QUIT"};

const struct dialogue *
dialogue_of(enum check check)
{
    switch (check) {
    case CHECK_NONE:
    case CHECK_TCP:
        return NULL;
    case CHECK_SMTP:
        return &smtp;
    case CHECK_IMAP:
        return &imap;
    case CHECK_POP3:
        return &pop3;
    }
    return NULL;
}
