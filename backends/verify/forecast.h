/*
 * forecast: when somebody in line may expect his turn, by what is known of those inside.
 *
 * Pure. Each place is expected to be free again after as long as stays took lately, or as long as
 * its present stay has taken already, if that is longer: one that is stuck is not counted upon, and
 * if all are, nobody expects much. Nothing is known at first; then everybody may hope.
 */
#ifndef MAILREEVE_FORECAST_H
#define MAILREEVE_FORECAST_H

#include <stddef.h>
#include <stdint.h>

struct forecast {
    int64_t stay_us; /* moving average */
};

/* Takes a stay that is over into account. */
void forecast_learn(struct forecast *forecast, int64_t stay_us);

/* In how many microseconds somebody has his turn while all places are taken, at least one, and so
 * many are ahead of him. entered_us: when those inside came in. */
int64_t forecast_wait_us(const struct forecast *forecast, const int64_t *entered_us, size_t places,
                         size_t ahead, int64_t now_us);

#endif
