#include "bus_guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

static _Thread_local sigjmp_buf *way_out;
static struct sigaction before;

static void
on_bus(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    /* positive: the kernel's, for what this thread has just touched; else somebody's kill(2) */
    if (way_out != NULL && info->si_code > 0)
        siglongjmp(*way_out, 1);
    /* not ours: it happens again at once and is dealt with as it was before */
    sigaction(SIGBUS, &before, NULL);
    if (info->si_code <= 0)
        raise(SIGBUS);
}

void
bus_guard_install(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct sigaction now,
        action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    pthread_mutex_lock(&lock);
    if (sigaction(SIGBUS, NULL, &now) == 0 && now.sa_sigaction != on_bus) {
        before = now;
        sigaction(SIGBUS, &action, NULL);
    }
    pthread_mutex_unlock(&lock);
}

/* A blocked signal that the kernel must deliver ends the process, and threads of ours that work in
 * the background block all (background.h). */
static void
unblock(void)
{
    static _Thread_local bool is_unblocked;
    if (is_unblocked)
        return;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGBUS);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    is_unblocked = true;
}

bool
bus_guard(void (*work)(void *context), void *context)
{
    sigjmp_buf here, *volatile outer = way_out;
    if (sigsetjmp(here, 0) != 0) {
        way_out = outer;
        return false;
    }
    unblock();
    way_out = &here;
    work(context);
    way_out = outer;
    return true;
}
