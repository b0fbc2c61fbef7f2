#include "login_server.h"

#include <fcntl.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "conn.h"
#include "gate.h"
#include "login_dialog.h"
#include "names.h"
#include "server_log.h"
#include "shortage.h"
#include "smtp_loop.h"

enum { SERVER_DOWN_MS = 2000 };

struct login_server {
    /* set once */
    const struct login_servers *shared;
    const char *text; /* as configured */
    struct name *name;
    struct gate *gate;
    /* shared */
    _Atomic int64_t complain_again_ms;
};

struct login_server *
login_server_open(const struct login_servers *shared, const char *text, struct err *err)
{
    static const unsigned ports[][2] = {[LOGIN_IMAP] = {143, 993}, [LOGIN_POP3] = {110, 995}};
    const bool begins_with_tls = shared->settings->tls == LOGIN_TLS_IMPLICIT;
    struct name *name = name_open(text, ports[shared->protocol][begins_with_tls], err);
    if (name != NULL && name_port(name) == 0) {
        err_set(err, "%s is no host (write HOST or HOST:PORT)", text);
        name_close(name);
        name = NULL;
    }
    if (name == NULL)
        return NULL;
    struct login_server *server = xcalloc(1, sizeof *server);
    server->shared = shared;
    server->text = text;
    server->name = name;
    server->gate = gate_create((unsigned)shared->settings->connections, SERVER_DOWN_MS);
    return server;
}

void
login_server_close(struct login_server *server)
{
    if (server == NULL)
        return;
    name_close(server->name);
    gate_free(server->gate);
    free(server);
}

const char *
login_server_text(const struct login_server *server)
{
    return server->text;
}

const struct name *
login_server_name(const struct login_server *server)
{
    return server->name;
}

/* Connects to the first of the name's addresses that answers. Returns a descriptor for libcurl, or
 * -1 with err. */
static int
connect_to(const struct login_server *server, struct deadline deadline, struct endpoint *endpoint_r,
           struct netaddr *from_r, bool *is_shortage, struct err *err)
{
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    const int64_t timeout_ms = server->shared->settings->connect_timeout_ms;
    size_t count = name_endpoints(
        server->name, deadline_left_ms(deadline_sooner(deadline, timeout_ms)), endpoints, err);
    struct conn *conn = NULL;
    for (size_t i = 0; i < count && conn == NULL; i++)
        conn = conn_open(&endpoints[i], deadline_sooner(deadline, timeout_ms), is_shortage, err);
    if (conn == NULL)
        return -1;
    *endpoint_r = *conn_endpoint(conn);
    *from_r = conn_own_address(conn);
    int fd = fcntl(conn_fd(conn), F_DUPFD_CLOEXEC, 0);
    conn_close(conn);
    if (fd < 0) {
        err_set(err, "no descriptor is left for another connection");
        shortage_tell(err);
        *is_shortage = true;
    }
    return fd;
}

static void
log_change(const struct login_server *server, const struct err *failure)
{
    server_log_change(server->shared->source, server->text, failure);
}

static void
log_misconfigured(struct login_server *server, const struct err *err)
{
    server_log_misconfigured(
        server->shared->source, server->text, err,
        "the server refuses the way it is asked (see port, tls and mechanisms)",
        &server->complain_again_ms);
}

/* Connects and goes as far as a login can begin. Returns the talk and whence, or NULL with err,
 * with what the failure means and what evidence it is: none, if the session had not left the server
 * a fair time or something of our own was short. */
static struct curl_talk *
greet(const struct login_server *server, struct deadline deadline, struct login_offer *offer_r,
      struct netaddr *from_r, enum login_judgement *judgement_r, enum gate_evidence *evidence_r,
      struct err *err)
{
    const struct login_settings *settings = server->shared->settings;
    const struct curl_manner manner = {
        .protocol = server->shared->protocol,
        .tls = (enum login_tls)settings->tls,
        .tls_context = server->shared->tls_context,
        .tls_verify = settings->tls_verify,
        .host = name_host(server->name),
        .port = name_port(server->name),
    };
    const int64_t since_ms = clock_now_ms();
    struct endpoint endpoint;
    struct curl_talk *talk = NULL;
    enum curl_greeting greeting = CURL_GREETING_FAILED;
    bool is_shortage = false;
    int fd = connect_to(server, deadline, &endpoint, from_r, &is_shortage, err);
    if (fd >= 0)
        greeting = curl_talk_open(&manner, fd, &endpoint, deadline, &talk, offer_r, err);
    *judgement_r = greeting == CURL_GREETING_REFUSED_US ? LOGIN_REFUSED_US : LOGIN_NOT_JUDGED;
    bool was_hurried =
        deadline_is_over(deadline) && clock_now_ms() - since_ms < settings->connect_timeout_ms;
    *evidence_r = talk != NULL                 ? GATE_WORKED
                  : was_hurried || is_shortage ? GATE_NO_EVIDENCE
                                               : GATE_FAILED;
    return talk;
}

static enum login_judgement
run_dialog(struct login_dialog *dialog, struct curl_talk *talk, struct deadline deadline,
           struct err *err)
{
    const char *line;
    int length = 0;
    enum login_step step = login_dialog_begin(dialog, err);
    while (step != LOGIN_STEP_DONE) {
        /* What is there already is no answer to what is said now, and might be a yes. */
        if (step == LOGIN_STEP_SAY && curl_talk_has_unread(talk)) {
            err_set(err, "the server said more than it was asked for");
            return LOGIN_NOT_JUDGED;
        }
        if (step == LOGIN_STEP_SAY &&
            curl_talk_send(talk, dialog->say.bytes, dialog->say.length, deadline, err) != 0)
            length = -1;
        else
            length = curl_talk_read_line(talk, &line, deadline, err);
        if (length < 0) {
            err_wrap(err, "login");
            return LOGIN_NOT_JUDGED;
        }
        step = login_dialog_hear(dialog, line, (size_t)length, err);
    }
    return dialog->judgement;
}

static enum login_judgement
log_in(const struct login_server *server, struct curl_talk *talk, const struct login_offer *offer,
       const struct netaddr *from, const struct verify_request *request, struct deadline deadline,
       struct err *err)
{
    struct smtp_asking asking = {.subject = request->user->text,
                                 .from = *from,
                                 .password = request->password,
                                 .is_by_mailbox = true};
    struct login_dialog dialog = {
        .protocol = server->shared->protocol,
        .mechanisms = server->shared->settings->mechanisms,
        .offer = offer,
        .user = request->user->text,
        .password = request->password,
    };
    smtp_loop_enter(&asking);
    enum login_judgement judgement = run_dialog(&dialog, talk, deadline, err);
    smtp_loop_leave(&asking);
    login_dialog_fini(&dialog);
    return judgement;
}

/* From inside the gate. */
static enum login_judgement
ask_inside(struct login_server *server, struct gate_pass *pass,
           const struct verify_request *request, struct err *err)
{
    struct deadline deadline =
        deadline_sooner(request->deadline, server->shared->settings->timeout_ms);
    struct login_offer offer;
    struct netaddr from = {.family = NETADDR_NONE};
    enum login_judgement judgement;
    enum gate_evidence evidence;
    struct curl_talk *talk = greet(server, deadline, &offer, &from, &judgement, &evidence, err);
    if (gate_report(server->gate, pass, evidence))
        log_change(server, talk == NULL ? err : NULL);
    if (talk != NULL) {
        judgement = log_in(server, talk, &offer, &from, request, deadline, err);
        curl_talk_close(talk);
    }
    if (judgement == LOGIN_REFUSED_US)
        log_misconfigured(server, err);
    return judgement;
}

enum login_judgement
login_server_ask(struct login_server *server, const struct verify_request *request, bool is_last,
                 struct err *err)
{
    struct deadline in_line = request->deadline;
    if (!is_last)
        in_line = deadline_sooner(in_line, server->shared->settings->connect_timeout_ms);
    struct gate_pass pass;
    if (gate_enter(server->gate, in_line, &pass, err) != 0)
        return LOGIN_NOT_JUDGED;
    enum login_judgement judgement = ask_inside(server, &pass, request, err);
    gate_leave(server->gate, &pass, GATE_NO_EVIDENCE);
    return judgement;
}

void
login_server_load(struct login_server *server, struct source_load *load)
{
    load->servers++;
    load->servers_down += gate_is_down(server->gate) ? 1 : 0;
    load->places += (unsigned)server->shared->settings->connections;
    load->inside += gate_inside(server->gate);
    load->waiting += gate_waiting(server->gate);
}
