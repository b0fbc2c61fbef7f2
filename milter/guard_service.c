/*
 * The main thread hears the signals, by signalfd; libmilter serves in threads of its own. It is
 * never stopped: once nobody is let in any more the process ends with it.
 */
#include "guard_service.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "alert.h"
#include "background.h"
#include "guard_socket.h"
#include "identity_headers.h"
#include "log.h"
#include "manager.h"
#include "milter_door.h"
#include "needs_restart.h"
#include "private_store.h"
#include "program.h"

enum { LEAVE_MS = 1000 }; /* for those who are at work when the time is up */

struct guard_service {
    struct private_store private_store;
    struct listen_socket socket;
    int signal_fd, given_up_fd;
    struct guard guard;
    struct connections *connections;
};

/* Every message reads settings from the site that it began with; these few are the process's. */
static void
apply(void *context, const struct site *old, const struct site *new)
{
    const struct site_settings *before = &old->settings, *after = &new->settings;
    (void)context;
    program_apply_log(after);
    program_warn_of_restart(needs_restart_guard(&before->guard, &after->guard));
    program_warn_of_restart(needs_restart_store(&before->store, &after->store));
}

static int
serve(void *context)
{
    const struct guard_service *service = context;
    milter_door_serve();
    eventfd_write(service->given_up_fd, 1);
    return INT_MAX;
}

/* Returns whether the service goes on. */
static bool
hear_signals(const struct guard_service *service)
{
    struct signalfd_siginfo info;
    bool goes_on = true;
    while (read(service->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload_request(service->guard.reload);
        else
            goes_on = false;
    }
    return goes_on;
}

/* Returns false if libmilter has given up. */
static bool
wait_for_end(const struct guard_service *service)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = service->signal_fd, .events = POLLIN},
                               {.fd = service->given_up_fd, .events = POLLIN}};
        poll(fds, 2, -1);
        if (fds[1].revents != 0)
            return false;
        if (fds[0].revents != 0 && !hear_signals(service))
            return true;
    }
}

/* In this order: see mailreeve-auth's. */
static void
end(struct guard_service *service)
{
    reload_stop(service->guard.reload);
    alerts_use(NULL);
    reload_free(service->guard.reload);
    store_close(service->guard.store);
    private_store_end(&service->private_store);
}

/* Messages under way go on to their end; connections that wait in a socket of the service manager
 * are the next process's. */
static int
drain(struct guard_service *service)
{
    struct site *site = reload_hold(service->guard.reload);
    struct deadline deadline = deadline_after(site->settings.session_timeout_ms);
    log_event(LOG_INFO, "service.stopping", LOG_STR("socket", site->settings.guard.socket));
    reload_release(service->guard.reload, site);

    if (service->socket.inherited)
        milter_door_take_no_more();
    else
        listen_remove(&service->socket);
    unsigned lost = connections_drain(service->connections, deadline);
    bool all_left = connections_close(service->connections, deadline_after(LEAVE_MS)) == 0;
    if (all_left)
        end(service);
    log_event(lost > 0 ? LOG_WARN : LOG_INFO, "service.stopped", LOG_INT("messages_lost", lost));
    if (!all_left)
        _exit(EXIT_FAILURE);
    return EXIT_SUCCESS;
}

static int
open_door(struct guard_service *service, const struct site_settings *settings, struct err *err)
{
    struct store_settings store = private_store_begin(&settings->store, &service->private_store);
    service->guard.store = store_open(&store, true, err);
    if (service->guard.store == NULL ||
        guard_socket_open(&settings->guard, &service->socket, err) != 0)
        return -1;
    if (milter_door_open(&service->socket, &service->guard, service->connections, err) == 0)
        return 0;
    listen_remove(&service->socket);
    return -1;
}

static int
start(struct guard_service *service, const char *config_path, struct err *err)
{
    if ((service->signal_fd = program_take_signals(err)) < 0)
        return -1;
    program_raise_descriptor_limit();
    identity_headers_begin_process();
    struct site *site = program_load(config_path, SITE_GUARD, err);
    if (site == NULL)
        return -1;
    service->connections = connections_create(&service->guard);
    service->given_up_fd = eventfd(0, EFD_CLOEXEC);
    if (open_door(service, &site->settings, err) != 0) {
        connections_free(service->connections);
        store_close(service->guard.store);
        private_store_end(&service->private_store);
        site_drop(site);
        return -1;
    }
    service->guard.reload = reload_create(config_path, site, apply, NULL);
    background_start("milter", serve, service);
    return 0;
}

int
guard_service_run(const char *config_path)
{
    /* static: libmilter's threads are there until the very end of the process */
    static struct guard_service service;
    struct err err;
    if (start(&service, config_path, &err) != 0)
        return program_fail_to_start("mailreeve-milter", &err);
    manager_tell_ready();
    struct site *site = reload_hold(service.guard.reload);
    log_event(
        LOG_INFO, "service.started", LOG_STR("file", config_path),
        LOG_STR("socket", service.socket.inherited ? "inherited" : site->settings.guard.socket));
    reload_release(service.guard.reload, site);
    if (!wait_for_end(&service)) {
        log_event(LOG_ERROR, "service.gave-up",
                  LOG_STR("error", "libmilter serves no more (it has told syslog why)"));
        _exit(EXIT_FAILURE);
    }
    return drain(&service);
}
