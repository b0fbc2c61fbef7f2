#include "connections.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"
#include "condition.h"

struct connections {
    const struct guard *guard; /* set once */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under lock */
    struct connection *first;
    unsigned entered, messages;
    bool draining, closed;
};

struct connections *
connections_create(const struct guard *guard)
{
    struct connections *connections = xcalloc(1, sizeof *connections);
    connections->guard = guard;
    pthread_mutex_init(&connections->lock, NULL);
    condition_init(&connections->changed);
    return connections;
}

void
connections_free(struct connections *connections)
{
    free(connections);
}

static void
wait_for_the_end(void)
{
    for (;;)
        pause();
}

void
connections_enter(struct connections *connections)
{
    pthread_mutex_lock(&connections->lock);
    bool closed = connections->closed;
    if (!closed)
        connections->entered++;
    pthread_mutex_unlock(&connections->lock);
    if (closed)
        wait_for_the_end();
}

void
connections_leave(struct connections *connections)
{
    pthread_mutex_lock(&connections->lock);
    connections->entered--;
    pthread_cond_signal(&connections->changed);
    pthread_mutex_unlock(&connections->lock);
}

unsigned
connections_inside(struct connections *connections)
{
    pthread_mutex_lock(&connections->lock);
    unsigned inside = connections->entered;
    pthread_mutex_unlock(&connections->lock);
    return inside;
}

struct connection *
connections_add(struct connections *connections)
{
    struct connection *connection = xcalloc(1, sizeof *connection);
    connection->all = connections;
    connection->conversation = conversation_begin(connections->guard);
    connection->of_client = connection->of_content = response_go_on();

    pthread_mutex_lock(&connections->lock);
    connection->next = connections->first;
    if (connection->next != NULL)
        connection->next->previous = connection;
    connections->first = connection;
    pthread_mutex_unlock(&connections->lock);
    return connection;
}

void
connections_remove(struct connection *connection)
{
    struct connections *connections = connection->all;
    conversation_end(connection->conversation);
    connection_end_message(connection);

    pthread_mutex_lock(&connections->lock);
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        connections->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    pthread_mutex_unlock(&connections->lock);
    free(connection);
}

bool
connection_begin_message(struct connection *connection)
{
    struct connections *connections = connection->all;
    pthread_mutex_lock(&connections->lock);
    bool may_begin = !connections->draining;
    if (may_begin && !connection->has_message) {
        connection->has_message = true;
        connections->messages++;
    }
    pthread_mutex_unlock(&connections->lock);
    return may_begin;
}

void
connection_end_message(struct connection *connection)
{
    struct connections *connections = connection->all;
    pthread_mutex_lock(&connections->lock);
    if (connection->has_message) {
        connection->has_message = false;
        connections->messages--;
        pthread_cond_signal(&connections->changed);
    }
    pthread_mutex_unlock(&connections->lock);
}

unsigned
connections_drain(struct connections *connections, struct deadline deadline)
{
    pthread_mutex_lock(&connections->lock);
    connections->draining = true;
    while (connections->messages > 0 && !deadline_is_over(deadline))
        condition_wait(&connections->changed, &connections->lock, deadline);
    unsigned left = connections->messages;
    pthread_mutex_unlock(&connections->lock);
    return left;
}

unsigned
connections_close(struct connections *connections, struct deadline deadline)
{
    pthread_mutex_lock(&connections->lock);
    connections->closed = true;
    while (connections->entered > 0 && !deadline_is_over(deadline))
        condition_wait(&connections->changed, &connections->lock, deadline);
    unsigned left = connections->entered;
    pthread_mutex_unlock(&connections->lock);
    if (left > 0)
        return left;
    for (struct connection *connection = connections->first, *next; connection != NULL;
         connection = next) {
        next = connection->next;
        connections_remove(connection);
    }
    return 0;
}
