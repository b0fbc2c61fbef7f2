/*
 * background: a named thread that does one piece of work again and again until it is told to stop.
 *
 * For refreshing names and checking servers. Sessions are not made here (see fcgi-auth/workers.c).
 */
#ifndef MAILREEVE_BACKGROUND_H
#define MAILREEVE_BACKGROUND_H

struct background;

/* Starts a thread that calls work(context), which returns in how many milliseconds it wants to be
 * called again. name has at most 15 bytes. All signals are blocked in it. Never NULL: without
 * threads there is no service. */
struct background *background_start(const char *name, int (*work)(void *context), void *context);

/* The same once the service is at work, when sessions may have used up all threads that there may
 * be: NULL, and whoever wants one tries again. */
struct background *background_try(const char *name, int (*work)(void *context), void *context);

/* Calls work again at once. */
void background_wake(struct background *background);

/* Waits for the work under way, ends the thread and frees the struct. NULL is allowed. */
void background_stop(struct background *background);

#endif
