/*
 * A table of lists, found by subject: a question costs nothing but its own node, on the asker's
 * stack, and asking twice about one name is two nodes. Strangers choose subjects, but only as many
 * at a time as sources have connections, so that a list cannot become long by it.
 */
#include "smtp_loop.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ascii.h"
#include "digest.h"
#include "verify.h"

/* DEPTH: a program on this host may well log in twice at a time; the chain of a loop grows. */
enum { LISTS = 256, DEPTH = 3, MAILBOX_DEPTH = 8 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct smtp_asking *lists[LISTS]; /* under lock */

/* FNV-1a, without case. */
static struct smtp_asking **
find_list(const char *subject)
{
    uint32_t hash = 2166136261U;
    for (; *subject != '\0'; subject++)
        hash = (hash ^ (unsigned char)ascii_lower(*subject)) * 16777619U;
    return &lists[hash % LISTS];
}

static bool
is_same(const char *a, const char *b)
{
    while (*a != '\0' && ascii_lower(*a) == ascii_lower(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

void
smtp_loop_enter(struct smtp_asking *asking)
{
    struct smtp_asking **list = find_list(asking->subject);
    pthread_mutex_lock(&lock);
    asking->next = *list;
    asking->link = list;
    if (asking->next != NULL)
        asking->next->link = &asking->next;
    *list = asking;
    pthread_mutex_unlock(&lock);
}

void
smtp_loop_leave(struct smtp_asking *asking)
{
    pthread_mutex_lock(&lock);
    *asking->link = asking->next;
    if (asking->next != NULL)
        asking->next->link = asking->link;
    pthread_mutex_unlock(&lock);
}

bool
verify_is_own_question(const char *helo, const char *subject)
{
    if (helo == NULL || subject == NULL)
        return false;
    bool is_own = false;
    pthread_mutex_lock(&lock);
    for (const struct smtp_asking *asking = *find_list(subject); asking != NULL && !is_own;
         asking = asking->next)
        is_own = is_same(asking->subject, subject) && is_same(asking->helo, helo);
    pthread_mutex_unlock(&lock);
    return is_own;
}

static bool
has_password(const struct smtp_asking *asking, const char *password, size_t length)
{
    return asking->password != NULL && asking->password->length == length &&
           digest_equal(asking->password->bytes, password, length);
}

bool
verify_is_own_login(const struct netaddr *client, const char *user, const char *password,
                    size_t password_length)
{
    if (client->family == NETADDR_NONE)
        return false;
    bool is_own = false;
    unsigned count = 0;
    pthread_mutex_lock(&lock);
    for (const struct smtp_asking *asking = *find_list(user); asking != NULL && !is_own;
         asking = asking->next)
        if (!asking->is_by_mailbox && is_same(asking->subject, user) &&
            netaddr_equal(&asking->from, client) &&
            (password == NULL || has_password(asking, password, password_length))) {
            count++;
            is_own = !netaddr_equal(&asking->client, client) || count >= DEPTH ||
                     count >= asking->places;
        }
    pthread_mutex_unlock(&lock);
    return is_own;
}

bool
verify_is_own_mailbox_login(const struct netaddr *client, const char *user, const char *password,
                            size_t password_length)
{
    if (client->family == NETADDR_NONE || password == NULL)
        return false;
    unsigned count = 0;
    pthread_mutex_lock(&lock);
    for (const struct smtp_asking *asking = *find_list(user); asking != NULL; asking = asking->next)
        if (asking->is_by_mailbox && is_same(asking->subject, user) &&
            netaddr_equal(&asking->from, client) && has_password(asking, password, password_length))
            count++;
    pthread_mutex_unlock(&lock);
    return count >= MAILBOX_DEPTH;
}
