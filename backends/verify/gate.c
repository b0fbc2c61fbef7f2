/*
 * The line is a list of waiters, each with a condition of its own. Whoever leaves hands his place
 * to the first in line: while somebody waits, all places are taken, and a newcomer never overtakes.
 * A failure sends the whole line away at once.
 *
 * Who stands in line looks now and then whether there is hope left for him. How many are ahead he
 * tells by the tickets that are drawn when the line is joined: that is never too few.
 *
 * Who is sent is woken after the lock was released: woken under it, he would run into it at once
 * and sleep again. By then he may have gone for a reason of his own, so waiters are never freed
 * before the gate: they go back to a list of spare ones, and a wake-up that comes too late is one
 * that nobody minds.
 */
#include "gate.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "condition.h"
#include "forecast.h"

enum { LOOK_FIRST_MS = 100 };

enum waiter_state {
    WAITER_IN_LINE, /* in the end: he was still there at the deadline */
    WAITER_INSIDE,
    WAITER_TURNED_AWAY,
    WAITER_HOPELESS,
};

struct waiter {
    struct waiter *next; /* in line, or of the spare ones */
    pthread_cond_t changed;
    enum waiter_state state;
    uint64_t ticket;
    unsigned place; /* once inside */
};

struct gate {
    /* set once */
    unsigned limit;
    int64_t down_ms;
    pthread_mutex_t lock;
    /* under lock */
    unsigned inside, waiting;
    int64_t *entered_us;   /* by place */
    unsigned *free_places; /* the first limit - inside */
    struct forecast forecast;
    uint64_t tickets; /* drawn so far */
    bool is_down;
    bool is_probed;
    int64_t closed_until_ms; /* while is_down: when the next one may try */
    int64_t worked_ms;       /* when somebody last found the server working */
    struct waiter *first, **last;
    struct waiter *spare;
};

struct gate *
gate_create(unsigned limit, int64_t down_ms)
{
    struct gate *gate = xcalloc(1, sizeof *gate);
    gate->limit = limit;
    gate->down_ms = down_ms;
    gate->worked_ms = INT64_MIN;
    gate->last = &gate->first;
    gate->entered_us = xcalloc(limit, sizeof *gate->entered_us);
    gate->free_places = xcalloc(limit, sizeof *gate->free_places);
    for (unsigned i = 0; i < limit; i++)
        gate->free_places[i] = i;
    pthread_mutex_init(&gate->lock, NULL);
    return gate;
}

void
gate_free(struct gate *gate)
{
    if (gate == NULL)
        return;
    for (struct waiter *waiter = gate->spare, *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        pthread_cond_destroy(&waiter->changed);
        free(waiter);
    }
    pthread_mutex_destroy(&gate->lock);
    free(gate->entered_us);
    free(gate->free_places);
    free(gate);
}

static void
line_append(struct gate *gate, struct waiter *waiter)
{
    waiter->ticket = gate->tickets++;
    *gate->last = waiter;
    gate->last = &waiter->next;
    gate->waiting++;
}

static void
line_remove(struct gate *gate, const struct waiter *waiter)
{
    struct waiter **place = &gate->first;
    while (*place != waiter)
        place = &(*place)->next;
    *place = waiter->next;
    if (waiter->next == NULL)
        gate->last = place;
    gate->waiting--;
}

/* Takes the first out of the line; he is the caller's to wake. */
static struct waiter *
line_send_first(struct gate *gate, enum waiter_state state)
{
    struct waiter *waiter = gate->first;
    line_remove(gate, waiter);
    waiter->state = state;
    return waiter;
}

static struct waiter *
waiter_take(struct gate *gate)
{
    struct waiter *waiter = gate->spare;
    if (waiter != NULL) {
        gate->spare = waiter->next;
    } else {
        waiter = xcalloc(1, sizeof *waiter);
        condition_init(&waiter->changed);
    }
    waiter->next = NULL;
    waiter->state = WAITER_IN_LINE;
    return waiter;
}

static void
waiter_give_back(struct gate *gate, struct waiter *waiter)
{
    waiter->next = gate->spare;
    gate->spare = waiter;
}

static bool
turns_away(const struct gate *gate, int64_t now_ms)
{
    return gate->is_down &&
           (gate->is_probed || now_ms < gate->closed_until_ms || gate->inside >= gate->limit);
}

/* Whether somebody with so many ahead of him will not have his turn in time. */
static bool
is_hopeless(const struct gate *gate, uint64_t ahead, struct deadline deadline)
{
    int64_t wait_us = forecast_wait_us(&gate->forecast, gate->entered_us, gate->limit,
                                       (size_t)ahead, clock_now_us());
    return wait_us / 1000 > deadline_left_ms(deadline);
}

/* At most so many are ahead in the line. */
static uint64_t
count_ahead(const struct gate *gate, const struct waiter *waiter)
{
    uint64_t drawn_since = waiter->ticket - gate->first->ticket;
    return drawn_since < gate->waiting ? drawn_since : gate->waiting - 1;
}

/* Waits until somebody hands over a place; called and returns with the lock held. The longer
 * somebody waits, the more seldom he looks whether there is hope. */
static enum waiter_state
wait_in_line(struct gate *gate, struct deadline deadline, unsigned *place_r)
{
    struct waiter *waiter = waiter_take(gate);
    int64_t look_in_ms = LOOK_FIRST_MS;
    struct deadline look = deadline_sooner(deadline, look_in_ms);
    bool has_hope = true;
    line_append(gate, waiter);
    while (waiter->state == WAITER_IN_LINE && has_hope && !deadline_is_over(deadline)) {
        condition_wait(&waiter->changed, &gate->lock, look);
        if (waiter->state != WAITER_IN_LINE || !deadline_is_over(look) ||
            deadline_is_over(deadline))
            continue;
        has_hope = !is_hopeless(gate, count_ahead(gate, waiter), deadline);
        look_in_ms *= 2;
        look = deadline_sooner(deadline, look_in_ms);
    }
    enum waiter_state state = waiter->state;
    if (state == WAITER_IN_LINE)
        line_remove(gate, waiter);
    *place_r = waiter->place;
    waiter_give_back(gate, waiter);
    return state == WAITER_IN_LINE && !has_hope ? WAITER_HOPELESS : state;
}

/* With the lock held, like the next. */
static enum waiter_state
go_in(struct gate *gate, struct deadline deadline, unsigned *place_r)
{
    if (turns_away(gate, clock_now_ms()))
        return WAITER_TURNED_AWAY;
    if (gate->inside == gate->limit)
        return gate->waiting == GATE_LINE_MAX || is_hopeless(gate, gate->waiting, deadline)
                   ? WAITER_HOPELESS
                   : wait_in_line(gate, deadline, place_r);
    gate->inside++;
    *place_r = gate->free_places[gate->limit - gate->inside];
    gate->entered_us[*place_r] = clock_now_us();
    return WAITER_INSIDE;
}

static int
enter(struct gate *gate, struct deadline deadline, struct gate_pass *pass_r, struct err *err)
{
    switch (go_in(gate, deadline, &pass_r->place)) {
    case WAITER_INSIDE:
        pass_r->entered_ms = clock_now_ms();
        pass_r->is_probe = gate->is_down;
        gate->is_probed = gate->is_down;
        return 0;
    case WAITER_TURNED_AWAY:
        err_set(err, "failed a moment ago and is not asked again yet");
        return -1;
    case WAITER_HOPELESS:
        err_set(err, "all %u connections stayed in use, and those in line before use up the time",
                gate->limit);
        return -1;
    case WAITER_IN_LINE:
        err_set(err, "all %u connections stayed in use until the time was up", gate->limit);
        return -1;
    }
    return -1;
}

int
gate_enter(struct gate *gate, struct deadline deadline, struct gate_pass *pass_r, struct err *err)
{
    *pass_r = (struct gate_pass){0};
    pthread_mutex_lock(&gate->lock);
    int entered = enter(gate, deadline, pass_r, err);
    pthread_mutex_unlock(&gate->lock);
    return entered;
}

/* With the lock held, like the two below. */
static bool
report_worked(struct gate *gate)
{
    bool was_down = gate->is_down;
    if (was_down)
        gate->forecast = (struct forecast){0}; /* it took as long as failing takes */
    gate->worked_ms = clock_now_ms();
    gate->is_down = false;
    gate->is_probed = false;
    return was_down;
}

static bool
report_failed(struct gate *gate, const struct gate_pass *pass)
{
    if (pass->entered_ms < gate->worked_ms)
        return false;
    bool was_up = !gate->is_down;
    gate->is_down = true;
    gate->closed_until_ms = clock_now_ms() + gate->down_ms;
    while (gate->first != NULL)
        pthread_cond_signal(&line_send_first(gate, WAITER_TURNED_AWAY)->changed);
    return was_up;
}

static bool
report(struct gate *gate, struct gate_pass *pass, enum gate_evidence evidence)
{
    switch (evidence) {
    case GATE_NO_EVIDENCE:
        return false;
    case GATE_WORKED:
        pass->is_probe = false;
        return report_worked(gate);
    case GATE_FAILED:
        return report_failed(gate, pass);
    }
    return false;
}

bool
gate_report(struct gate *gate, struct gate_pass *pass, enum gate_evidence evidence)
{
    pthread_mutex_lock(&gate->lock);
    bool changed = report(gate, pass, evidence);
    pthread_mutex_unlock(&gate->lock);
    return changed;
}

/* Gives the place to the first in line, whom the caller is to wake, or to nobody. */
static struct waiter *
hand_over(struct gate *gate, unsigned place)
{
    int64_t now_us = clock_now_us();
    forecast_learn(&gate->forecast, now_us - gate->entered_us[place]);
    if (gate->first == NULL) {
        gate->free_places[gate->limit - gate->inside] = place;
        gate->inside--;
        return NULL;
    }
    gate->entered_us[place] = now_us;
    struct waiter *next = line_send_first(gate, WAITER_INSIDE);
    next->place = place;
    return next;
}

bool
gate_leave(struct gate *gate, struct gate_pass *pass, enum gate_evidence evidence)
{
    pthread_mutex_lock(&gate->lock);
    bool changed = report(gate, pass, evidence);
    if (pass->is_probe)
        gate->is_probed = false;
    struct waiter *next = hand_over(gate, pass->place);
    pthread_mutex_unlock(&gate->lock);
    if (next != NULL)
        pthread_cond_signal(&next->changed);
    return changed;
}

bool
gate_is_down(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    bool down = turns_away(gate, clock_now_ms());
    pthread_mutex_unlock(&gate->lock);
    return down;
}

unsigned
gate_inside(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    unsigned count = gate->inside;
    pthread_mutex_unlock(&gate->lock);
    return count;
}

unsigned
gate_waiting(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    unsigned count = gate->waiting;
    pthread_mutex_unlock(&gate->lock);
    return count;
}
