/*
 * Both questions, about a password and about a recipient, go to one server after the other until
 * one has judged; smtp_server.c says what a failure is worth.
 */
#include "smtp_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "names.h"
#include "smtp_auth.h"
#include "smtp_callahead.h"
#include "smtp_loop.h"
#include "smtp_server.h"
#include "smtp_settings.h"

#define EMPTY_SENDER "<>"

/* Everything in it is set once but the servers' own parts. */
struct smtp_source {
    const struct section *section;
    const struct smtp_settings *settings;
    struct smtp_servers shared;
    struct smtp_server **servers;
    size_t count;
};

const struct section_type smtp_source_section = {
    .name = "source",
    .titled = true,
    .size = sizeof(struct smtp_settings),
    .rows = smtp_rows,
    .variant_word = "smtp",
    .help =
        "SMTP servers that are asked by AUTH whether they take a name and password, and by RCPT "
        "whether they take mail for an address",
};

/* RFC 5321 4.1.4: the own name if it is a full one, else an address literal. */
static void
find_own_name(char *helo_r, size_t size)
{
    if (gethostname(helo_r, size) != 0 || strchr(helo_r, '.') == NULL ||
        strspn(helo_r, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") !=
            strlen(helo_r))
        snprintf(helo_r, size, "[127.0.0.1]");
}

static bool
is_on_this_host(const struct name *name)
{
    const char *host = name_host(name);
    return name_port(name) == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

static void
check_tls(const struct smtp_source *source, const struct name *name, struct problems *problems)
{
    const bool uses_tls = source->settings->tls != SMTP_TLS_NONE;
    if (name_port(name) == 0 && uses_tls)
        section_problem(source->section, "tls", problems, PROBLEM_ERROR,
                        "%s has no name that a certificate could have (tls = \"none\")",
                        name_host(name));
    else if (!uses_tls && !is_on_this_host(name))
        section_problem(source->section, "tls", problems, PROBLEM_WARNING,
                        "passwords go to %s in clear (tls = \"starttls\" or \"implicit\")",
                        name_host(name));
}

static void
open_server(struct smtp_source *source, size_t i, struct problems *problems)
{
    const struct strings *texts = &source->settings->servers;
    struct err err;
    source->servers[i] = smtp_server_open(&source->shared, texts->items[i], &err);
    if (source->servers[i] == NULL)
        section_problem_at(source->section, "server", texts->origins[i], problems, PROBLEM_ERROR,
                           "%s", err.text);
    else
        check_tls(source, smtp_server_name(source->servers[i]), problems);
}

static void
open_servers(struct smtp_source *source, struct problems *problems)
{
    source->count = source->settings->servers.count;
    source->servers = xcalloc(source->count, sizeof(struct smtp_server *));
    for (size_t i = 0; i < source->count; i++)
        open_server(source, i, problems);
    if (source->settings->mechanisms == 0)
        section_problem(source->section, "mechanisms", problems, PROBLEM_ERROR,
                        "names none (plain, login, cram-md5)");
}

static void
check_probe_sender(const struct smtp_source *source, struct problems *problems)
{
    const char *sender = source->settings->probe_sender;
    struct mailbox mailbox;
    struct err err;
    if (strcmp(sender, EMPTY_SENDER) == 0)
        return;
    if (mailbox_parse(sender, strlen(sender), &mailbox, &err) != 0)
        section_problem(source->section, "probe_sender", problems, PROBLEM_ERROR,
                        "%s (an address, or \"" EMPTY_SENDER "\" for the empty one)", err.text);
    else if (smtp_callahead_needs_utf8(sender))
        section_problem(source->section, "probe_sender", problems, PROBLEM_ERROR,
                        "has a character that is not ASCII, which not every server takes");
}

static void
check_cache(const struct smtp_source *source, struct problems *problems)
{
    const struct smtp_settings *settings = source->settings;
    if (settings->cache_when_down && settings->cache_ms == 0)
        section_problem(
            source->section, "cache_when_down", problems, PROBLEM_WARNING,
            "right passwords are remembered for a day all the same, for outages (cache = 0)");
}

static void
smtp_close(void *self)
{
    struct smtp_source *source = self;
    for (size_t i = 0; i < source->count; i++)
        smtp_server_close(source->servers[i]);
    tls_context_free(source->shared.tls_context);
    free(source->servers);
    free(source);
}

/* Returns NULL if it cannot be; problems tells. */
static struct tls_context *
open_tls_context(const struct smtp_source *source, struct problems *problems)
{
    const struct smtp_settings *settings = source->settings;
    struct tls_settings tls = {.ca_file = settings->ca_file, .no_verify = !settings->tls_verify};
    struct err err;
    struct tls_context *context = tls_context_create(&tls, &err);
    const char *setting = "ca_file";
    if (context != NULL && (settings->cert_file != NULL || settings->key_file != NULL)) {
        tls_context_free(context); /* the settings for others are good: what is wrong now is ours */
        tls.cert_file = settings->cert_file;
        tls.key_file = settings->key_file;
        setting = settings->key_file != NULL ? "key_file" : "cert_file";
        context = tls_context_create(&tls, &err);
    }
    if (context == NULL)
        section_problem(source->section, setting, problems, PROBLEM_ERROR, "%s", err.text);
    return context;
}

static void
open_tls(struct smtp_source *source, struct problems *problems)
{
    const struct smtp_settings *settings = source->settings;
    if (settings->tls != SMTP_TLS_NONE)
        source->shared.tls_context = open_tls_context(source, problems);
    else if (settings->cert_file != NULL || settings->key_file != NULL)
        section_problem(source->section, settings->cert_file != NULL ? "cert_file" : "key_file",
                        problems, PROBLEM_ERROR, "is shown by TLS only, and tls = \"none\"");
    if (settings->tls == SMTP_TLS_NONE && settings->ca_file != NULL)
        section_problem(source->section, "ca_file", problems, PROBLEM_WARNING,
                        "it has no effect with tls = \"none\"");
    if (settings->tls != SMTP_TLS_NONE && !settings->tls_verify)
        section_problem(source->section, "tls_verify", problems, PROBLEM_WARNING,
                        "anybody on the way to the servers can read the passwords");
}

static void *
smtp_open(const struct section *section, struct problems *problems)
{
    struct smtp_source *source = xcalloc(1, sizeof *source);
    source->section = section;
    source->settings = section->values;
    source->shared.source = section->name;
    source->shared.settings = source->settings;
    find_own_name(source->shared.helo, sizeof source->shared.helo);

    const size_t errors_before = problems->errors;
    open_tls(source, problems);
    open_servers(source, problems);
    check_probe_sender(source, problems);
    check_cache(source, problems);
    if (problems->errors != errors_before) {
        smtp_close(source);
        return NULL;
    }
    return source;
}

/* Asks one server after the other. detail_r, of VERIFY_DETAIL_MAX bytes, tells why not yes. */
static enum smtp_judgement
ask(const struct smtp_source *source, const struct smtp_question *question,
    struct deadline deadline, char *detail_r)
{
    size_t used = 0;
    enum smtp_judgement so_far = SMTP_NOT_JUDGED;
    for (size_t i = 0; i < source->count; i++) {
        struct err err;
        enum smtp_judgement judgement =
            smtp_server_ask(source->servers[i], question, i + 1 == source->count, deadline, &err);
        const bool is_final = judgement == SMTP_YES || judgement == SMTP_NO;
        if (is_final)
            used = 0;
        detail_r[used] = '\0';
        if (judgement != SMTP_YES)
            snprintf(detail_r + used, VERIFY_DETAIL_MAX - used, "%s%s: %s", used > 0 ? "; " : "",
                     smtp_server_text(source->servers[i]), err.text);
        if (is_final)
            return judgement;
        used = strlen(detail_r);
        if (judgement == SMTP_UNCLEAR)
            so_far = judgement;
    }
    return so_far;
}

struct password_question {
    const struct smtp_source *source;
    const struct verify_request *request;
};

static enum smtp_judgement
ask_password(void *context, struct conn *conn, const struct smtp_reply *offer,
             struct deadline deadline, struct err *err)
{
    const struct password_question *question = context;
    const struct verify_request *request = question->request;
    const struct smtp_source *source = question->source;
    const char *user = request->user->text;
    const struct smtp_xclient xclient = {.client = request->client, .helo = request->client_helo};
    struct smtp_reply offer_now = *offer;
    enum smtp_judgement judgement = SMTP_YES;
    if (source->settings->forward_client)
        judgement =
            smtp_client_forward(conn, source->shared.helo, &xclient, &offer_now, deadline, err);
    if (judgement != SMTP_YES)
        return judgement;
    struct smtp_asking asking = {.helo = source->shared.helo,
                                 .subject = user,
                                 .from = conn_own_address(conn),
                                 .client = request->client,
                                 .password = request->password,
                                 .places = (unsigned)source->settings->connections};
    smtp_loop_enter(&asking);
    judgement = smtp_auth(conn, &offer_now, source->settings->mechanisms, user, request->password,
                          deadline, err);
    smtp_loop_leave(&asking);
    return judgement;
}

static void
smtp_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    const struct smtp_source *source = self;
    struct password_question context = {.source = source, .request = request};
    const struct smtp_question question = {
        .ask = ask_password, .context = &context, .subject = SMTP_ABOUT_PASSWORD};
    switch (ask(source, &question, request->deadline, result_r->detail)) {
    case SMTP_YES:
        result_r->outcome = VERIFY_OK;
        snprintf(result_r->account.name, sizeof result_r->account.name, "%s", request->user->text);
        result_r->account.origin = source->section->origin;
        return;
    case SMTP_NO:
        result_r->outcome = VERIFY_WRONG_PASSWORD;
        result_r->wrong_may_be_unknown = true;
        return;
    case SMTP_UNCLEAR:
        result_r->has_answered = true;
        return;
    case SMTP_NOT_JUDGED:
    case SMTP_REFUSED_US:
        return;
    }
}

struct callahead_question {
    const struct smtp_source *source;
    const char *sender;
    const struct mailbox *recipient;
    const char *address;
};

static enum smtp_judgement
ask_recipient(void *context, struct conn *conn, const struct smtp_reply *offer,
              struct deadline deadline, struct err *err)
{
    const struct callahead_question *question = context;
    struct smtp_asking asking = {.helo = question->source->shared.helo,
                                 .subject = question->address};
    smtp_loop_enter(&asking);
    enum smtp_judgement judgement =
        smtp_callahead(conn, offer, question->sender, question->recipient, deadline, err);
    smtp_loop_leave(&asking);
    return judgement;
}

static void
smtp_recipient(void *self, const struct mailbox *recipient, const char *address,
               struct deadline deadline, struct recipient_result *result_r)
{
    const struct smtp_source *source = self;
    const char *sender = source->settings->probe_sender;
    struct callahead_question context = {.source = source,
                                         .sender = strcmp(sender, EMPTY_SENDER) == 0 ? "" : sender,
                                         .recipient = recipient,
                                         .address = address};
    const struct smtp_question question = {
        .ask = ask_recipient, .context = &context, .subject = SMTP_ABOUT_RECIPIENT};
    switch (ask(source, &question, deadline, result_r->detail)) {
    case SMTP_YES:
        result_r->knowledge = KNOWLEDGE_KNOWN;
        return;
    case SMTP_NO:
        result_r->knowledge = KNOWLEDGE_UNKNOWN;
        return;
    case SMTP_UNCLEAR:
    case SMTP_NOT_JUDGED:
    case SMTP_REFUSED_US:
        result_r->knowledge = KNOWLEDGE_CANNOT_TELL;
        return;
    }
}

static struct recipient_lifetimes
smtp_recipient_lifetimes(const void *self)
{
    const struct smtp_source *source = self;
    return (struct recipient_lifetimes){.known_ms = source->settings->recipient_cache_ms,
                                        .unknown_ms =
                                            source->settings->recipient_negative_cache_ms};
}

static struct login_lifetimes
smtp_login_lifetimes(const void *self)
{
    const struct smtp_settings *settings = ((const struct smtp_source *)self)->settings;
    return (struct login_lifetimes){.right_ms = settings->cache_ms,
                                    .wrong_ms = settings->negative_cache_ms,
                                    .when_down = settings->cache_when_down,
                                    .by_client = settings->forward_client};
}

static void
smtp_load(void *self, struct source_load *load_r)
{
    const struct smtp_source *source = self;
    for (size_t i = 0; i < source->count; i++)
        smtp_server_load(source->servers[i], load_r);
}

const struct source_kind source_kind_smtp = {
    .section = &smtp_source_section,
    .open = smtp_open,
    .verify = smtp_verify,
    .login_lifetimes = smtp_login_lifetimes,
    .load = smtp_load,
    .recipient = smtp_recipient,
    .recipient_lifetimes = smtp_recipient_lifetimes,
    .close = smtp_close,
};
