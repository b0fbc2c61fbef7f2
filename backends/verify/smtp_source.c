/*
 * What a server does before it has seen a name (connect, greeting, TLS) is the same for everybody:
 * a failure there shuts its gate, a success opens it. What it does afterwards may be about one name
 * alone, and whoever can choose names must not be able to shut a server for the others: such a
 * failure is this session's only, and the next server is asked.
 */
#include "smtp_source.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "gate.h"
#include "log.h"
#include "names.h"
#include "smtp_client.h"
#include "smtp_settings.h"

enum { SERVER_DOWN_MS = 3000, COMPLAIN_EVERY_MS = 60000, PORT_SUBMISSION = 587, PORT_TLS = 465 };

struct smtp_server {
    /* set once */
    const char *text; /* as configured */
    struct name *name;
    struct gate *gate;
    /* shared */
    _Atomic int64_t complain_again_ms;
};

/* Everything in it is set once but the servers' own parts. */
struct smtp_source {
    const struct section *section;
    const struct smtp_settings *settings;
    struct tls_context *tls_context; /* NULL: no TLS */
    char helo[256];
    struct smtp_server *servers;
    size_t count;
};

const struct section_type smtp_source_section = {
    .name = "source",
    .titled = true,
    .size = sizeof(struct smtp_settings),
    .rows = smtp_rows,
    .variant_word = "smtp",
    .help = "SMTP servers that are asked by AUTH whether they take a name and password",
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
open_servers(struct smtp_source *source, struct problems *problems)
{
    const struct smtp_settings *settings = source->settings;
    const unsigned port = settings->tls == SMTP_TLS_IMPLICIT ? PORT_TLS : PORT_SUBMISSION;
    source->servers = xcalloc(settings->servers.count, sizeof *source->servers);
    for (size_t i = 0; i < settings->servers.count; i++) {
        struct err err;
        struct smtp_server *server = &source->servers[source->count++];
        server->text = settings->servers.items[i];
        server->gate = gate_create((unsigned)settings->connections, SERVER_DOWN_MS);
        server->name = name_open(server->text, port, &err);
        if (server->name == NULL)
            section_problem_at(source->section, "server", settings->servers.origins[i], problems,
                               PROBLEM_ERROR, "%s", err.text);
        else
            check_tls(source, server->name, problems);
    }
    if (settings->mechanisms == 0)
        section_problem(source->section, "mechanisms", problems, PROBLEM_ERROR,
                        "names none (plain, login)");
}

static void
smtp_close(void *self)
{
    struct smtp_source *source = self;
    for (size_t i = 0; i < source->count; i++) {
        name_close(source->servers[i].name);
        gate_free(source->servers[i].gate);
    }
    tls_context_free(source->tls_context);
    free(source->servers);
    free(source);
}

static void
open_tls(struct smtp_source *source, struct problems *problems)
{
    const struct smtp_settings *settings = source->settings;
    if (settings->tls == SMTP_TLS_NONE)
        return;
    struct err err;
    source->tls_context = tls_context_create(settings->ca_file, settings->tls_verify, &err);
    if (source->tls_context == NULL)
        section_problem(source->section, "ca_file", problems, PROBLEM_ERROR, "%s", err.text);
    if (!settings->tls_verify)
        section_problem(source->section, "tls_verify", problems, PROBLEM_WARNING,
                        "anybody on the way to the servers can read the passwords");
}

static void *
smtp_open(const struct section *section, struct problems *problems)
{
    struct smtp_source *source = xcalloc(1, sizeof *source);
    source->section = section;
    source->settings = section->values;
    find_own_name(source->helo, sizeof source->helo);

    const size_t errors_before = problems->errors;
    open_tls(source, problems);
    open_servers(source, problems);
    if (problems->errors != errors_before) {
        smtp_close(source);
        return NULL;
    }
    return source;
}

/* Connects to the first of the name's addresses that answers. */
static struct conn *
connect_to(const struct smtp_source *source, const struct smtp_server *server,
           struct deadline deadline, struct err *err)
{
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    const int64_t timeout_ms = source->settings->connect_timeout_ms;
    size_t count = name_endpoints(
        server->name, deadline_left_ms(deadline_sooner(deadline, timeout_ms)), endpoints, err);
    struct conn *conn = NULL;
    for (size_t i = 0; i < count && conn == NULL; i++)
        conn = conn_open(&endpoints[i], deadline_sooner(deadline, timeout_ms), err);
    return conn;
}

static void
log_change(const struct smtp_source *source, const struct smtp_server *server,
           const struct err *failure)
{
    if (failure != NULL)
        log_event(LOG_WARN, "source.down", LOG_STR("source", source->section->name),
                  LOG_STR("server", server->text), LOG_STR("error", failure->text));
    else
        log_event(LOG_INFO, "source.up", LOG_STR("source", source->section->name),
                  LOG_STR("server", server->text));
}

/* A server that answers, but not in the way that the configuration expects, is for a person to
 * mend; said once a minute. */
static void
log_misconfigured(const struct smtp_source *source, struct smtp_server *server,
                  const struct err *err)
{
    int64_t now_ms = clock_now_ms();
    int64_t again_ms = atomic_load(&server->complain_again_ms);
    if (now_ms < again_ms || !atomic_compare_exchange_strong(&server->complain_again_ms, &again_ms,
                                                             now_ms + COMPLAIN_EVERY_MS))
        return;
    log_event(LOG_ERROR, "source.misconfigured", LOG_STR("source", source->section->name),
              LOG_STR("server", server->text), LOG_STR("error", err->text),
              LOG_STR("hint", "the server refuses the way it is asked (see tls and mechanisms)"));
}

/* Connects and goes as far as AUTH. Returns the connection, or NULL with err and with the evidence
 * that the failure is: none, if the session had not left the server a fair time. */
static struct conn *
greet(const struct smtp_source *source, const struct smtp_server *server, struct deadline deadline,
      int *mechanism_r, enum gate_evidence *evidence_r, struct err *err)
{
    const struct smtp_settings *settings = source->settings;
    const struct smtp_manner manner = {
        .tls = (enum smtp_tls)settings->tls,
        .tls_context = source->tls_context,
        .host = name_host(server->name),
        .helo = source->helo,
        .mechanisms = settings->mechanisms,
    };
    const int64_t since_ms = clock_now_ms();
    struct conn *conn = connect_to(source, server, deadline, err);
    if (conn != NULL && smtp_client_greet(conn, &manner, deadline, mechanism_r, err) != 0) {
        conn_close(conn);
        conn = NULL;
    }
    bool was_hurried =
        deadline_is_over(deadline) && clock_now_ms() - since_ms < settings->connect_timeout_ms;
    *evidence_r = conn != NULL ? GATE_WORKED : was_hurried ? GATE_NO_EVIDENCE : GATE_FAILED;
    return conn;
}

/* Asks one server, from inside its gate. */
static enum smtp_judgement
ask_inside(const struct smtp_source *source, struct smtp_server *server, struct gate_pass *pass,
           const struct verify_request *request, struct err *err)
{
    struct deadline deadline = deadline_sooner(request->deadline, source->settings->timeout_ms);
    int mechanism = 0;
    enum gate_evidence evidence;
    struct conn *conn = greet(source, server, deadline, &mechanism, &evidence, err);
    if (gate_report(server->gate, pass, evidence))
        log_change(source, server, conn == NULL ? err : NULL);
    if (conn == NULL)
        return SMTP_NOT_JUDGED;

    enum smtp_judgement judgement = smtp_client_authenticate(conn, mechanism, request->user->text,
                                                             request->password, deadline, err);
    if (judgement == SMTP_REFUSED_US)
        log_misconfigured(source, server, err);
    smtp_client_quit(conn);
    conn_close(conn);
    return judgement;
}

static enum smtp_judgement
ask_server(const struct smtp_source *source, struct smtp_server *server, bool is_last,
           const struct verify_request *request, struct err *err)
{
    struct deadline in_line = request->deadline;
    if (!is_last)
        in_line = deadline_sooner(in_line, source->settings->connect_timeout_ms);
    struct gate_pass pass;
    if (gate_enter(server->gate, in_line, &pass, err) != 0)
        return SMTP_NOT_JUDGED;
    enum smtp_judgement judgement = ask_inside(source, server, &pass, request, err);
    gate_leave(server->gate, &pass, GATE_NO_EVIDENCE);
    return judgement;
}

static void
add_detail(struct verify_result *result, const struct smtp_server *server, const struct err *err)
{
    size_t used = strlen(result->detail);
    snprintf(result->detail + used, sizeof result->detail - used, "%s%s: %s", used > 0 ? "; " : "",
             server->text, err->text);
}

static void
smtp_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    const struct smtp_source *source = self;
    for (size_t i = 0; i < source->count; i++) {
        struct smtp_server *server = &source->servers[i];
        struct err err;
        switch (ask_server(source, server, i + 1 == source->count, request, &err)) {
        case SMTP_RIGHT:
            result_r->outcome = VERIFY_OK;
            snprintf(result_r->account.name, sizeof result_r->account.name, "%s",
                     request->user->text);
            result_r->account.origin = source->section->origin;
            result_r->detail[0] = '\0';
            return;
        case SMTP_WRONG:
            result_r->outcome = VERIFY_WRONG_PASSWORD;
            result_r->wrong_may_be_unknown = true;
            result_r->detail[0] = '\0';
            add_detail(result_r, server, &err);
            return;
        case SMTP_NOT_JUDGED:
        case SMTP_REFUSED_US:
            add_detail(result_r, server, &err);
            break;
        }
    }
}

const struct source_kind source_kind_smtp = {
    .section = &smtp_source_section,
    .open = smtp_open,
    .verify = smtp_verify,
    .close = smtp_close,
};
