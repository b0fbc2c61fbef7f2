/*
 * held: something that several results borrow from; it goes with the last of them.
 *
 * Thread-safe.
 */
#ifndef MAILREEVE_HELD_H
#define MAILREEVE_HELD_H

struct held;

/* Takes the thing, which free_thing will end. Returns it with one holder; never NULL. */
struct held *held_create(void *thing, void (*free_thing)(void *thing));

void *held_thing(const struct held *held);

/* One more holder; returns held. NULL is allowed in both. */
struct held *held_take(struct held *held);
void held_drop(struct held *held);

/* What holds both, whose holders pass to it; NULL is allowed for each, and comes of two. */
struct held *held_join(struct held *one, struct held *other);

#endif
