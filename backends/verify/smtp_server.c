#include "smtp_server.h"

#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "gate.h"
#include "names.h"
#include "server_log.h"

enum { SERVER_DOWN_MS = 3000, PORT_SUBMISSION = 587, PORT_TLS = 465 };

struct smtp_server {
    /* set once */
    const struct smtp_servers *shared;
    const char *text; /* as configured */
    struct name *name;
    struct gate *gate;
    /* shared */
    _Atomic int64_t complain_again_ms[SMTP_SUBJECTS];
};

struct smtp_server *
smtp_server_open(const struct smtp_servers *shared, const char *text, struct err *err)
{
    const struct smtp_settings *settings = shared->settings;
    const unsigned port = settings->tls == SMTP_TLS_IMPLICIT ? PORT_TLS : PORT_SUBMISSION;
    struct name *name = name_open(text, port, err);
    if (name == NULL)
        return NULL;
    struct smtp_server *server = xcalloc(1, sizeof *server);
    server->shared = shared;
    server->text = text;
    server->name = name;
    server->gate = gate_create((unsigned)settings->connections, SERVER_DOWN_MS);
    return server;
}

void
smtp_server_close(struct smtp_server *server)
{
    if (server == NULL)
        return;
    name_close(server->name);
    gate_free(server->gate);
    free(server);
}

const char *
smtp_server_text(const struct smtp_server *server)
{
    return server->text;
}

const struct name *
smtp_server_name(const struct smtp_server *server)
{
    return server->name;
}

void
smtp_server_load(const struct smtp_server *server, struct source_load *load)
{
    load->servers++;
    load->servers_down += gate_is_down(server->gate) ? 1 : 0;
    load->places += (unsigned)server->shared->settings->connections;
    load->inside += gate_inside(server->gate);
    load->waiting += gate_waiting(server->gate);
}

/* Connects to the first of the name's addresses that answers. */
static struct conn *
connect_to(const struct smtp_server *server, struct deadline deadline, bool *is_shortage,
           struct err *err)
{
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    const int64_t timeout_ms = server->shared->settings->connect_timeout_ms;
    size_t count = name_endpoints(
        server->name, deadline_left_ms(deadline_sooner(deadline, timeout_ms)), endpoints, err);
    struct conn *conn = NULL;
    for (size_t i = 0; i < count && conn == NULL; i++)
        conn = conn_open(&endpoints[i], deadline_sooner(deadline, timeout_ms), is_shortage, err);
    return conn;
}

static void
log_change(const struct smtp_server *server, const struct err *failure)
{
    server_log_change(server->shared->source, server->text, failure);
}

static void
log_misconfigured(struct smtp_server *server, const struct smtp_question *question,
                  const struct err *err)
{
    static const char *const hints[SMTP_SUBJECTS] = {
        [SMTP_ABOUT_PASSWORD] =
            "the server refuses the way it is asked (see tls, mechanisms and forward_client)",
        [SMTP_ABOUT_RECIPIENT] = "the server refuses to be asked about recipients (see tls and "
                                 "probe_sender, and what it thinks of this host)",
    };
    server_log_misconfigured(server->shared->source, server->text, err, hints[question->subject],
                             &server->complain_again_ms[question->subject]);
}

/* Connects and goes as far as questions can be put. Returns the connection, or NULL with err and
 * with what the failure means and what evidence it is: none, if the session had not left the server
 * a fair time or something of our own was short. */
static struct conn *
greet(const struct smtp_server *server, struct deadline deadline, struct smtp_reply *offer_r,
      enum smtp_judgement *judgement_r, enum gate_evidence *evidence_r, struct err *err)
{
    const struct smtp_settings *settings = server->shared->settings;
    const struct smtp_manner manner = {
        .tls = (enum smtp_tls)settings->tls,
        .tls_context = server->shared->tls_context,
        .host = name_host(server->name),
        .helo = server->shared->helo,
    };
    const int64_t since_ms = clock_now_ms();
    bool is_shortage = false;
    struct conn *conn = connect_to(server, deadline, &is_shortage, err);
    *judgement_r = SMTP_NOT_JUDGED;
    if (conn != NULL)
        *judgement_r = smtp_client_greet(conn, &manner, deadline, offer_r, err);
    if (*judgement_r != SMTP_YES) {
        conn_close(conn);
        conn = NULL;
    }
    bool was_hurried =
        deadline_is_over(deadline) && clock_now_ms() - since_ms < settings->connect_timeout_ms;
    *evidence_r = conn != NULL                 ? GATE_WORKED
                  : was_hurried || is_shortage ? GATE_NO_EVIDENCE
                                               : GATE_FAILED;
    return conn;
}

/* From inside the gate. */
static enum smtp_judgement
ask_inside(struct smtp_server *server, struct gate_pass *pass, const struct smtp_question *question,
           struct deadline session, struct err *err)
{
    struct deadline deadline = deadline_sooner(session, server->shared->settings->timeout_ms);
    struct smtp_reply offer;
    enum smtp_judgement judgement;
    enum gate_evidence evidence;
    struct conn *conn = greet(server, deadline, &offer, &judgement, &evidence, err);
    if (gate_report(server->gate, pass, evidence))
        log_change(server, conn == NULL ? err : NULL);
    if (conn != NULL) {
        judgement = question->ask(question->context, conn, &offer, deadline, err);
        smtp_client_quit(conn);
        conn_close(conn);
    }
    if (judgement == SMTP_REFUSED_US)
        log_misconfigured(server, question, err);
    return judgement;
}

enum smtp_judgement
smtp_server_ask(struct smtp_server *server, const struct smtp_question *question, bool is_last,
                struct deadline deadline, struct err *err)
{
    struct deadline in_line = deadline;
    if (!is_last)
        in_line = deadline_sooner(in_line, server->shared->settings->connect_timeout_ms);
    struct gate_pass pass;
    if (gate_enter(server->gate, in_line, &pass, err) != 0)
        return SMTP_NOT_JUDGED;
    enum smtp_judgement judgement = ask_inside(server, &pass, question, deadline, err);
    gate_leave(server->gate, &pass, GATE_NO_EVIDENCE);
    return judgement;
}
