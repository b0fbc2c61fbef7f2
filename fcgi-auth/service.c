/*
 * The main thread accepts connections, watches those that are parked, and hears the signals, by
 * signalfd: they are blocked in every thread, so no library's handler ever runs.
 */
#include "service.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "alert.h"
#include "clock.h"
#include "drain_watch.h"
#include "endpoints.h"
#include "fcgi.h"
#include "listen.h"
#include "log.h"
#include "manager.h"
#include "needs_restart.h"
#include "private_store.h"
#include "program.h"
#include "reload.h"
#include "workers.h"

enum {
    TICK_MS = 1000,
    ACCEPT_PAUSE_MS = 100, /* after running out of descriptors */
    ACCEPT_BURST = 64,     /* between two looks at the signals */
};

struct service {
    struct private_store private_store;
    struct listen_socket socket;
    int signal_fd;
    struct endpoints endpoints;
    struct drain_watch *drains;
    struct workers *workers;
    bool accept_paused;
};

static void
serve(void *context, const struct call *call, struct answer *answer_r)
{
    struct service *service = context;
    endpoints_serve(&service->endpoints, call, answer_r);
}

/* Every worker reads settings from its session's site; these few are the process's. */
static void
apply(void *context, const struct site *old, const struct site *new)
{
    struct service *service = context;
    const struct site_settings *before = &old->settings, *after = &new->settings;
    program_apply_log(after);
    drain_watch_tell(service->drains, new);
    workers_set_max_sessions(service->workers, (unsigned)after->max_sessions);
    program_warn_of_restart(needs_restart_socket(before, after));
    program_warn_of_restart(needs_restart_store(&before->store, &after->store));
}

static int
open_socket(const struct site_settings *settings, struct listen_socket *socket_r, struct err *err)
{
    return listen_open(&(struct listen_settings){.program = "mailreeve-auth",
                                                 .path = settings->socket,
                                                 .mode = (mode_t)settings->socket_mode,
                                                 .group = settings->socket_group},
                       socket_r, err);
}

/* Takes the connections that wait. Returns false, with a pause, when there are no descriptors. */
static void
accept_waiting(struct service *service)
{
    for (int i = 0; i < ACCEPT_BURST; i++) {
        int fd = listen_accept(&service->socket);
        if (fd >= 0) {
            workers_take(service->workers, fd);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno != EAGAIN) {
            log_event(LOG_ERROR, "service.accept", LOG_STR("error", strerror(errno)));
            workers_close_one_idle(service->workers);
            service->accept_paused = true;
        }
        return;
    }
}

/* Returns whether the service goes on. */
static bool
hear_signals(struct service *service)
{
    struct signalfd_siginfo info;
    bool goes_on = true;
    while (read(service->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload_request(service->endpoints.reload);
        else
            goes_on = false;
    }
    return goes_on;
}

static void
run(struct service *service)
{
    int64_t ticked_ms = clock_now_ms();
    for (bool goes_on = true; goes_on;) {
        struct pollfd fds[] = {
            {.fd = service->signal_fd, .events = POLLIN},
            {.fd = workers_parked_fd(service->workers), .events = POLLIN},
            {.fd = service->accept_paused ? -1 : service->socket.fd, .events = POLLIN},
        };
        poll(fds, 3, service->accept_paused ? ACCEPT_PAUSE_MS : TICK_MS);
        service->accept_paused = false;

        if (fds[1].revents != 0)
            workers_unpark(service->workers);
        if (fds[2].revents != 0)
            accept_waiting(service);
        if (clock_now_ms() - ticked_ms >= TICK_MS) {
            workers_tick(service->workers);
            ticked_ms = clock_now_ms();
        }
        if (fds[0].revents != 0)
            goes_on = hear_signals(service);
    }
}

/* In this order: a reload under way still tells the workers and the upstreams what it has read and
 * puts its alerts in force, which must not be taken down with their site. */
static void
end(struct service *service)
{
    reload_stop(service->endpoints.reload);
    alerts_use(NULL);
    drain_watch_free(service->drains);
    reload_free(service->endpoints.reload);
    workers_free(service->workers);
    store_close(service->endpoints.store);
    private_store_end(&service->private_store);
    metrics_free(service->endpoints.metrics);
}

/* Who has connected gets his answer; connections that wait in a socket of the service manager are
 * the next process's. */
static int
drain(struct service *service)
{
    struct site *site = reload_hold(service->endpoints.reload);
    struct deadline deadline = deadline_after(site->settings.session_timeout_ms);
    reload_release(service->endpoints.reload, site);
    log_event(LOG_INFO, "service.stopping", LOG_STR("socket", service->socket.path));

    if (!service->socket.inherited) {
        listen_remove(&service->socket);
        accept_waiting(service);
    }
    listen_close(&service->socket);
    unsigned at_work = workers_drain(service->workers, deadline);
    if (at_work > 0) {
        log_event(LOG_WARN, "service.stopped", LOG_INT("sessions_lost", at_work));
        _exit(EXIT_FAILURE);
    }
    end(service);
    log_event(LOG_INFO, "service.stopped", LOG_INT("sessions_lost", 0));
    return EXIT_SUCCESS;
}

static int
start(struct service *service, const char *config_path, struct err *err)
{
    /* in this order: libfcgi's handlers go */
    if (fcgi_init(err) != 0 || (service->signal_fd = program_take_signals(err)) < 0)
        return -1;
    program_raise_descriptor_limit();
    struct site *site = program_load(config_path, SITE_RUN, err);
    if (site == NULL)
        return -1;
    const struct site_settings *settings = &site->settings;
    struct endpoints *endpoints = &service->endpoints;
    struct store_settings store = private_store_begin(&settings->store, &service->private_store);
    endpoints->store = store_open(&store, true, err);
    if (endpoints->store == NULL || open_socket(settings, &service->socket, err) != 0) {
        store_close(endpoints->store);
        private_store_end(&service->private_store);
        site_drop(site);
        return -1;
    }
    service->workers = workers_create((unsigned)settings->max_sessions, serve, service);
    endpoints->metrics = metrics_create();
    service->drains = drain_watch_create(endpoints->store, settings->store.timeout_ms);
    drain_watch_tell(service->drains, site);
    endpoints->reload = reload_create(config_path, site, apply, service);
    drain_watch_start(service->drains, endpoints->reload);
    return 0;
}

int
service_run(const char *config_path)
{
    struct service service = {0};
    struct err err;
    if (start(&service, config_path, &err) != 0)
        return program_fail_to_start("mailreeve-auth", &err);
    manager_tell_ready();
    log_event(LOG_INFO, "service.started", LOG_STR("file", config_path),
              LOG_STR("socket", service.socket.inherited ? "inherited" : service.socket.path));
    run(&service);
    int status = drain(&service);
    close(service.signal_fd);
    return status;
}
