/*
 * flap: whether something changes its state so often that a line for each change would be noise.
 *
 * Pure. All zero: nothing has changed yet. Who changed FLAP_CHANGES times within the window flaps;
 * who then keeps a state for as long as the window is steady again.
 */
#ifndef MAILREEVE_FLAP_H
#define MAILREEVE_FLAP_H

#include <stdbool.h>
#include <stdint.h>

enum { FLAP_CHANGES = 5 };

struct flap {
    bool is_flapping;
    unsigned count;                   /* of changes, as long as it is below FLAP_CHANGES */
    unsigned next;                    /* place of the next one */
    int64_t changes_ms[FLAP_CHANGES]; /* a ring */
};

/* What to say about a change: it itself, that it flaps from now on, or nothing. */
enum flap_news { FLAP_QUIET = 0, FLAP_TELL, FLAP_BEGINS };

enum flap_news flap_change(struct flap *flap, int64_t now_ms, int64_t window_ms);

/* Whether it has become steady; true once. */
bool flap_ends(struct flap *flap, int64_t now_ms, int64_t window_ms);

#endif
