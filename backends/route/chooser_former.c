/*
 * Smooth weighted round-robin: each turn every server that takes part gains its weight; the richest
 * is chosen and pays the sum of all weights. Over as many turns as the sum of the weights each
 * server is chosen exactly as often as its weight says, and the turns of one server are spread out.
 * A server that is down neither gains nor pays, so that it does not come back with a pile of turns.
 */
#include "chooser.h"

/* Whether the backups' turn has come. */
static bool
is_turn_of_backups(const struct chooser_server *servers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (servers[i].up && !servers[i].backup)
            return false;
    return true;
}

int
chooser_round_robin(struct chooser_server *servers, size_t count)
{
    bool backups = is_turn_of_backups(servers, count);
    long total = 0;
    int chosen = -1;
    for (size_t i = 0; i < count; i++) {
        if (!servers[i].up || servers[i].backup != backups)
            continue;
        total += (long)servers[i].weight;
        servers[i].current += (long)servers[i].weight;
        if (chosen < 0 || servers[i].current > servers[chosen].current)
            chosen = (int)i;
    }
    if (chosen >= 0)
        servers[chosen].current -= total;
    return chosen;
}

int
chooser_first(const struct chooser_server *servers, size_t count)
{
    bool backups = is_turn_of_backups(servers, count);
    for (size_t i = 0; i < count; i++)
        if (servers[i].up && servers[i].backup == backups)
            return (int)i;
    return -1;
}
