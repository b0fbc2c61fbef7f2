/* What batches find, on both engines: one table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engines.h"
#include "key.h"
#include "steps.h"

enum { STEPS_MAX = 14 };

static const int64_t lengths[] = {HOUR, DAY, 7 * DAY};

/* Lives are long, because Redis ends them by its own clock, however slow the machine is.
 *
 * One operation; those that join are one batch with the one before. */
struct step {
    enum store_action action; /* 0: the end */
    bool joins;
    int64_t at_ms; /* since EPOCH; of the batch, so of its first */
    enum store_space space;
    const char *key, *network;
    unsigned if_hit, unless_hit;
    bool ends;
    int64_t window_ms, added_at_ms /* since EPOCH */, amount, most;
    unsigned plus, take, makers;
    bool hit_if_there;
    uint64_t member;
    const char *value, *reason;
    int64_t life_ms; /* PUT; SET_BAN: until then, since EPOCH */

    bool is_skipped, hit, was_there; /* what is wanted */
    int64_t count;
    const char *found; /* GET */
    int64_t until_ms;  /* of a ban, since EPOCH */
    uint32_t offences;
    const char *banned; /* its network */
};

#define COUNT(key_, at_, amount_, count_) COUNT_IN(STORE_COUNTERS, key_, at_, amount_, count_)
#define COUNT_IN(space_, key_, at_, amount_, count_)                             \
    {                                                                            \
        .action = STORE_COUNT, .space = (space_), .key = (key_), .at_ms = (at_), \
        .window_ms = 8 * MINUTE, .amount = (amount_), .count = (count_)
#define ADMIT(key_, at_, most_, count_)                                                \
    {                                                                                  \
        .action = STORE_ADMIT, .space = STORE_COUNTERS, .key = (key_), .at_ms = (at_), \
        .window_ms = 8 * MINUTE, .amount = 1, .most = (most_), .count = (count_)
#define MARK(member_, at_, amount_, count_)                                          \
    {                                                                                \
        .action = STORE_MARK, .space = STORE_COUNTERS, .key = "set", .at_ms = (at_), \
        .window_ms = HOUR, .amount = (amount_), .member = (member_), .count = (count_)
#define ADMIT_MEMBER(member_, at_, most_, count_)                                            \
    {                                                                                        \
        .action = STORE_ADMIT_MEMBER, .space = STORE_COUNTERS, .key = "set", .at_ms = (at_), \
        .window_ms = HOUR, .amount = 1, .member = (member_), .most = (most_), .count = (count_)
#define GET(space_, key_, at_, found_)                                                            \
    {                                                                                             \
        .action = STORE_GET, .space = (space_), .key = (key_), .at_ms = (at_), .found = (found_), \
        .hit = (found_) != NULL
#define PUT(space_, key_, at_, value_, life_)                                                     \
    {                                                                                             \
        .action = STORE_PUT, .space = (space_), .key = (key_), .at_ms = (at_), .value = (value_), \
        .life_ms = (life_), .hit = true
#define REMOVE(space_, key_, at_, hit_) \
    {                                   \
        .action = STORE_REMOVE, .space = (space_), .key = (key_), .at_ms = (at_), .hit = (hit_)
#define FIND(address_, at_, banned_, until_)                                                  \
    {                                                                                         \
        .action = STORE_FIND_BAN, .network = (address_), .at_ms = (at_), .banned = (banned_), \
        .hit = (banned_) != NULL, .until_ms = (until_)
#define OFFEND(network_, at_, hit_, until_, offences_)                                       \
    {                                                                                        \
        .action = STORE_OFFEND, .network = (network_), .at_ms = (at_), .reason = "auth.why", \
        .hit = (hit_), .banned = (network_), .until_ms = (until_), .offences = (offences_)
#define SET_BAN(network_, at_, life_)                                                       \
    {                                                                                       \
        .action = STORE_SET_BAN, .network = (network_), .at_ms = (at_), .life_ms = (life_), \
        .reason = "by hand", .hit = true
#define LIFT(network_, at_, hit_)                                                           \
    {                                                                                       \
        .action = STORE_REMOVE, .space = STORE_BANS, .network = (network_), .at_ms = (at_), \
        .hit = (hit_)
#define DONE }

#define M MINUTE

static const struct {
    const char *name;
    struct step steps[STEPS_MAX];
} cases[] = {
    {"a record that nobody wrote is not there", {GET(STORE_WINDOWS, "a", 0, NULL) DONE}},
    {"a record is there until its life is over",
     {PUT(STORE_WINDOWS, "a", 0, "one", HOUR) DONE, GET(STORE_WINDOWS, "a", 0, "one") DONE,
      GET(STORE_WINDOWS, "a", HOUR - 1, "one") DONE, GET(STORE_WINDOWS, "a", HOUR, NULL) DONE}},
    {"a record is that of its key and space",
     {PUT(STORE_WINDOWS, "a", 0, "one", HOUR) DONE, GET(STORE_KNOWN, "a", 0, NULL) DONE,
      GET(STORE_WINDOWS, "b", 0, NULL) DONE, PUT(STORE_KNOWN, "a", 0, "two", HOUR) DONE,
      GET(STORE_WINDOWS, "a", 0, "one") DONE, GET(STORE_KNOWN, "a", 0, "two") DONE}},
    {"writing again begins anew",
     {PUT(STORE_KNOWN, "a", 0, "a longer one", HOUR) DONE, PUT(STORE_KNOWN, "a", 5, "", HOUR) DONE,
      GET(STORE_KNOWN, "a", HOUR + 4, "") DONE, GET(STORE_KNOWN, "a", HOUR + 5, NULL) DONE}},
    {"a record without a life is none, and takes away what was there",
     {PUT(STORE_KNOWN, "a", 0, "one", HOUR) DONE, PUT(STORE_KNOWN, "a", 1, "two", 0) DONE,
      GET(STORE_KNOWN, "a", 1, NULL) DONE}},
    {"removing says whether it was there",
     {REMOVE(STORE_WINDOWS, "a", 0, false) DONE, PUT(STORE_WINDOWS, "a", 0, "one", HOUR) DONE,
      REMOVE(STORE_WINDOWS, "a", 1, true) DONE, GET(STORE_WINDOWS, "a", 1, NULL) DONE,
      REMOVE(STORE_WINDOWS, "a", 1, false) DONE}},
    {"a record that is over was not there",
     {PUT(STORE_WINDOWS, "a", 0, "one", HOUR) DONE, REMOVE(STORE_WINDOWS, "a", HOUR, false) DONE}},
    {"a drain is a record of its own, which may be for ever",
     {PUT(STORE_DRAINS, "a", 0, "one", INT64_MAX) DONE, GET(STORE_WINDOWS, "a", 0, NULL) DONE,
      GET(STORE_DRAINS, "a", 20000 * DAY, "one") DONE, PUT(STORE_DRAINS, "a", 1, "two", HOUR) DONE,
      GET(STORE_DRAINS, "a", HOUR, "two") DONE, GET(STORE_DRAINS, "a", HOUR + 1, NULL) DONE,
      REMOVE(STORE_DRAINS, "a", HOUR, true) DONE, REMOVE(STORE_DRAINS, "a", HOUR, false) DONE}},

    {"a counter begins at nothing", {COUNT("a", 0, 0, 0) DONE}},
    {"a counter sums up",
     {COUNT("a", 0, 1, 1) DONE, COUNT("a", 5, 2, 3) DONE, COUNT("a", 5, 0, 3) DONE,
      COUNT("b", 5, 0, 0) DONE}},
    {"what was added is forgotten after its window, an eighth later at most",
     {COUNT("a", 0, 1, 1) DONE, COUNT("a", 8 * M - 1, 0, 1) DONE, COUNT("a", 9 * M, 0, 0) DONE}},
    {"what was added at the end of an eighth is not forgotten earlier",
     {COUNT("a", M - 1, 1, 1) DONE, COUNT("a", 9 * M - 2, 0, 1) DONE,
      COUNT("a", 10 * M - 1, 0, 0) DONE}},
    {"each addition is forgotten at its own time",
     {COUNT("a", 0, 1, 1) DONE, COUNT("a", 2 * M, 1, 2) DONE, COUNT("a", 4 * M, 1, 3) DONE,
      COUNT("a", 9 * M, 0, 2) DONE, COUNT("a", 11 * M, 0, 1) DONE, COUNT("a", 13 * M, 0, 0) DONE}},
    {"counting on does not make the old ones last",
     {COUNT("a", 0, 5, 5) DONE, COUNT("a", 7 * M, 1, 6) DONE, COUNT("a", 9 * M, 1, 2) DONE}},
    {"a counter reached hits",
     {COUNT("a", 0, 1, 1), .most = 2 DONE, COUNT("a", 0, 1, 2), .most = 2, .hit = true DONE,
      COUNT("a", 0, 0, 2), .most = 2, .hit = true DONE, COUNT("a", 0, 0, 2), .most = 3 DONE}},
    {"the sum never gets below nothing",
     {COUNT("a", 0, 2, 2) DONE, COUNT("a", 0, -5, 0) DONE, COUNT("a", 0, 1, 1) DONE}},
    {"what is taken away is not owed when older ones are forgotten",
     {COUNT("a", 0, 3, 3) DONE, COUNT("a", 5 * M, -2, 1) DONE, COUNT("a", 9 * M, 0, 0) DONE,
      COUNT("a", 9 * M, 1, 1) DONE}},
    {"what was added last is taken away first",
     {COUNT("a", 0, 3, 3) DONE, COUNT("a", 5 * M, 2, 5) DONE, COUNT("a", 5 * M, -3, 2) DONE,
      COUNT("a", 9 * M, 0, 0) DONE}},
    {"a place is given back at the time when it was taken",
     {COUNT("a", 0, 1, 1), .added_at_ms = 1 DONE, COUNT("a", 5 * M, 1, 2) DONE,
      COUNT("a", 6 * M, -1, 1), .added_at_ms = 1 DONE, COUNT("a", 9 * M, 0, 1) DONE}},
    {"a place that is over already takes away nobody else's",
     {COUNT("a", 0, 1, 1), .added_at_ms = 1 DONE, COUNT("a", 8 * M, 1, 2) DONE,
      COUNT("a", 9 * M, -1, 1), .added_at_ms = 1 DONE}},
    {"what is added for a time that is over does not count",
     {COUNT("a", 20 * M, 1, 0), .added_at_ms = 1 DONE}},
    {"what is added by a clock that is ahead counts",
     {COUNT("a", 0, 1, 1), .added_at_ms = 2 * M DONE, COUNT("a", 0, 1, 2) DONE,
      COUNT("a", 2 * M, 0, 2) DONE, COUNT("a", 9 * M, 0, 1) DONE}},
    {"what another counted is taken off, where it was added",
     {COUNT("net", 0, 5, 5) DONE, COUNT("pair", 0, 3, 3) DONE, COUNT("net", 5 * M, 2, 7) DONE,
      COUNT("pair", 5 * M, 0, 3) DONE, COUNT("net", 5 * M, 0, 4), .joins = true, .take = 1 DONE,
      COUNT("net", 5 * M, 0, 4) DONE, COUNT("net", 9 * M, 0, 2) DONE}},
    {"what another counted and nobody here did takes nothing off",
     {COUNT("pair", 0, 3, 3) DONE, COUNT("net", 5 * M, 2, 2) DONE, COUNT("pair", 5 * M, 0, 3) DONE,
      COUNT("net", 5 * M, 0, 2), .joins = true, .take = 1 DONE}},
    {"a counter removed is forgotten",
     {COUNT("a", 0, 3, 3) DONE, REMOVE(STORE_COUNTERS, "a", 0, true) DONE, COUNT("a", 0, 0, 0) DONE,
      REMOVE(STORE_COUNTERS, "a", 0, false) DONE}},

    {"logins are counted apart from all else",
     {COUNT_IN(STORE_LOGINS, "a", 0, 3, 3) DONE, COUNT("a", 0, 1, 1) DONE,
      COUNT_IN(STORE_LOGINS, "a", 7 * M, 1, 4) DONE, COUNT_IN(STORE_LOGINS, "a", 9 * M, 0, 1) DONE,
      REMOVE(STORE_COUNTERS, "a", 0, true) DONE, COUNT_IN(STORE_LOGINS, "a", 9 * M, 0, 1) DONE,
      REMOVE(STORE_LOGINS, "a", 9 * M, true) DONE, REMOVE(STORE_LOGINS, "a", 9 * M, false) DONE,
      COUNT_IN(STORE_LOGINS, "a", 9 * M, 0, 0) DONE}},

    {"as many are admitted as may be",
     {ADMIT("a", 0, 2, 1) DONE, ADMIT("a", 0, 2, 2) DONE, ADMIT("a", 0, 2, 2), .hit = true DONE,
      COUNT("a", 0, 0, 2) DONE, ADMIT("a", 9 * M, 2, 1) DONE}},
    {"nobody is admitted where none may be", {ADMIT("a", 0, 0, 0), .hit = true DONE}},
    {"another's count takes places",
     {COUNT("used", 0, 2, 2) DONE, COUNT("used", 0, 0, 2) DONE, ADMIT("a", 0, 3, 1), .joins = true,
      .plus = 1 DONE, COUNT("used", 0, 0, 2) DONE, ADMIT("a", 0, 3, 1), .joins = true, .plus = 1,
      .hit = true DONE}},

    {"a set counts its members once",
     {MARK(7, 0, 1, 1) DONE, MARK(7, 1, 1, 1), .was_there = true DONE, MARK(8, 1, 1, 2) DONE,
      MARK(9, 1, 0, 2) DONE, MARK(8, 1, 0, 2), .was_there = true DONE}},
    {"members as large as can be are themselves",
     {MARK(UINT64_MAX, 0, 1, 1) DONE, MARK(UINT64_MAX - 1, 0, 0, 1) DONE,
      MARK(UINT64_MAX - 1, 0, 1, 2) DONE, MARK(0, 0, 1, 3) DONE, MARK(0, 0, 1, 3),
      .was_there = true DONE}},
    {"a member stays for the window from when it was put in last",
     {MARK(7, 0, 1, 1) DONE, MARK(8, 0, 1, 2) DONE, MARK(7, 10, 1, 2), .was_there = true DONE,
      MARK(9, HOUR - 1, 0, 2) DONE, MARK(7, HOUR, 0, 1), .was_there = true DONE,
      MARK(7, HOUR + 10, 0, 0) DONE}},
    {"looking does not make a member stay",
     {MARK(7, 0, 1, 1) DONE, MARK(7, HOUR - 1, 0, 1), .was_there = true DONE,
      MARK(7, HOUR, 0, 0) DONE}},
    {"a member is taken out",
     {MARK(7, 0, 1, 1) DONE, MARK(8, 0, 1, 2) DONE, MARK(7, 0, -1, 1), .was_there = true DONE,
      MARK(7, 0, -1, 1) DONE, MARK(8, 0, -1, 0), .was_there = true DONE}},
    {"a set that is large enough hits",
     {MARK(7, 0, 1, 1), .most = 2 DONE, MARK(8, 0, 1, 2), .most = 2, .hit = true DONE,
      MARK(9, 0, 0, 2), .most = 2, .hit = true DONE}},
    {"a member that is there hits where that is asked for",
     {MARK(7, 0, 1, 1), .hit_if_there = true DONE, MARK(7, 0, 1, 1), .hit_if_there = true,
      .was_there = true, .hit = true DONE, MARK(8, 0, 1, 2), .hit_if_there = true, .most = 1 DONE}},
    {"new members are admitted as long as there may be more, old ones go on",
     {ADMIT_MEMBER(7, 0, 2, 1) DONE, ADMIT_MEMBER(8, 0, 2, 2) DONE, ADMIT_MEMBER(9, 0, 2, 2),
      .hit = true DONE, ADMIT_MEMBER(7, 10, 2, 2), .was_there = true DONE,
      ADMIT_MEMBER(9, HOUR, 2, 2) DONE, ADMIT_MEMBER(7, HOUR, 2, 2), .was_there = true DONE}},
    {"a set removed is forgotten",
     {MARK(7, 0, 1, 1) DONE, REMOVE(STORE_COUNTERS, "set", 0, true) DONE, MARK(7, 0, 0, 0) DONE}},

    {"nobody is banned from the start", {FIND("192.0.2.1", 0, NULL, 0) DONE}},
    {"a ban holds from its first moment to its last",
     {OFFEND("192.0.2.1/32", 5, true, 5 + HOUR, 1) DONE,
      FIND("192.0.2.1", 5, "192.0.2.1/32", 5 + HOUR), .offences = 1 DONE,
      FIND("192.0.2.1", HOUR + 4, "192.0.2.1/32", 5 + HOUR), .offences = 1 DONE,
      FIND("192.0.2.1", HOUR + 5, NULL, 0) DONE}},
    {"a ban is nobody else's",
     {OFFEND("192.0.2.0/24", 0, true, HOUR, 1) DONE, FIND("192.0.2.255", 0, "192.0.2.0/24", HOUR),
      .offences = 1 DONE, FIND("192.0.3.0", 0, NULL, 0) DONE, FIND("192.0.1.255", 0, NULL, 0) DONE,
      FIND("c000:200::", 0, NULL, 0) DONE, FIND("2001:db8::", 0, NULL, 0) DONE}},
    {"the longest network that holds an address is found",
     {SET_BAN("192.0.0.0/16", 0, 3 * HOUR) DONE, SET_BAN("192.0.2.0/24", 0, 2 * HOUR) DONE,
      SET_BAN("192.0.2.1/32", 0, HOUR) DONE, SET_BAN("192.0.2.2/32", 0, HOUR) DONE,
      FIND("192.0.2.1", 1, "192.0.2.1/32", HOUR) DONE,
      FIND("192.0.2.3", 1, "192.0.2.0/24", 2 * HOUR) DONE,
      FIND("192.0.3.1", 1, "192.0.0.0/16", 3 * HOUR) DONE, FIND("192.1.2.1", 1, NULL, 0) DONE,
      FIND("192.0.2.1", HOUR, "192.0.2.0/24", 2 * HOUR) DONE,
      FIND("192.0.2.1", 2 * HOUR, "192.0.0.0/16", 3 * HOUR) DONE}},
    {"lengths in the middle of a byte are found, and IPv6",
     {SET_BAN("198.51.96.0/20", 0, HOUR) DONE, SET_BAN("2001:db8:1:2::/64", 0, HOUR) DONE,
      SET_BAN("2001:db8::/33", 0, HOUR) DONE,
      FIND("198.51.111.255", 0, "198.51.96.0/20", HOUR) DONE, FIND("198.51.112.0", 0, NULL, 0) DONE,
      FIND("2001:db8:1:2:ffff::", 0, "2001:db8:1:2::/64", HOUR) DONE,
      FIND("2001:db8:7fff::", 0, "2001:db8::/33", HOUR) DONE,
      FIND("2001:db8:8000::", 0, NULL, 0) DONE}},
    {"all addresses of a family can be banned",
     {SET_BAN("0.0.0.0/0", 0, HOUR) DONE, FIND("255.255.255.255", 0, "0.0.0.0/0", HOUR) DONE,
      FIND("2001:db8::1", 0, NULL, 0) DONE, SET_BAN("::/0", 0, HOUR) DONE,
      FIND("ffff::", 0, "::/0", HOUR) DONE, FIND("0.0.0.0", 0, "0.0.0.0/0", HOUR) DONE}},
    {"offences ban longer and longer",
     {OFFEND("192.0.2.1/32", 0, true, HOUR, 1) DONE,
      OFFEND("192.0.2.1/32", HOUR, true, HOUR + DAY, 2) DONE,
      OFFEND("192.0.2.1/32", 2 * DAY, true, 9 * DAY, 3) DONE,
      OFFEND("192.0.2.1/32", 9 * DAY, true, 16 * DAY, 4) DONE,
      OFFEND("192.0.2.2/32", 9 * DAY, true, 9 * DAY + HOUR, 1) DONE}},
    {"an offence of a banned network changes nothing",
     {OFFEND("192.0.2.1/32", 0, true, HOUR, 1) DONE, OFFEND("192.0.2.1/32", 1, false, HOUR, 1) DONE,
      OFFEND("192.0.2.1/32", HOUR - 1, false, HOUR, 1) DONE,
      FIND("192.0.2.1", HOUR, NULL, 0) DONE}},
    {"offences are forgotten when the ban has been over for the longest time",
     {OFFEND("192.0.2.1/32", 0, true, HOUR, 1) DONE,
      OFFEND("192.0.2.1/32", HOUR + 7 * DAY - 1, true, HOUR + 8 * DAY - 1, 2) DONE,
      OFFEND("192.0.2.1/32", HOUR + 15 * DAY - 1, true, 2 * HOUR + 15 * DAY - 1, 1) DONE}},
    {"an offence bans whom another's ban does not hold",
     {SET_BAN("192.0.2.1/32", 0, DAY) DONE, OFFEND("192.0.2.1/32", 1, true, 1 + HOUR, 1),
      .makers = 1u << BAN_BY_COUNT DONE, OFFEND("192.0.2.1/32", 2, false, 1 + HOUR, 1),
      .makers = 1u << BAN_BY_COUNT DONE}},
    {"a ban that is set is as it is set, and remembers the offences that were there",
     {OFFEND("192.0.2.1/32", 0, true, HOUR, 1) DONE, SET_BAN("192.0.2.1/32", 1, DAY) DONE,
      FIND("192.0.2.1", HOUR, "192.0.2.1/32", DAY), .offences = 1 DONE,
      OFFEND("192.0.2.1/32", DAY, true, 2 * DAY, 2) DONE,
      SET_BAN("192.0.2.1/32", DAY, INT64_MAX - EPOCH) DONE,
      FIND("192.0.2.1", 20000 * DAY, "192.0.2.1/32", INT64_MAX - EPOCH), .offences = 2 DONE}},
    {"bans are found of who is asked for, the longest of them",
     {SET_BAN("192.0.2.0/24", 0, DAY) DONE, OFFEND("192.0.2.1/32", 0, true, HOUR, 1) DONE,
      FIND("192.0.2.1", 0, "192.0.2.1/32", HOUR), .offences = 1 DONE,
      FIND("192.0.2.1", 0, "192.0.2.0/24", DAY), .makers = 1u << BAN_BY_HAND DONE,
      FIND("192.0.2.1", 0, "192.0.2.1/32", HOUR), .offences = 1, .makers = 1u << BAN_BY_COUNT DONE,
      FIND("192.0.2.1", 0, NULL, 0), .makers = 1u << BAN_BY_LISTENER DONE}},
    {"a ban lifted is over, with its offences, and only that one",
     {OFFEND("192.0.2.1/32", 0, true, HOUR, 1) DONE, OFFEND("192.0.2.0/24", 0, true, HOUR, 1) DONE,
      LIFT("192.0.2.1/32", 1, true) DONE, LIFT("192.0.2.1/32", 1, false) DONE,
      FIND("192.0.2.1", 1, "192.0.2.0/24", HOUR), .offences = 1 DONE,
      OFFEND("192.0.2.1/32", HOUR, true, 2 * HOUR, 1) DONE,
      LIFT("192.0.2.1/32", 2 * HOUR, false) DONE,
      OFFEND("192.0.2.1/32", 2 * HOUR, true, 3 * HOUR, 1) DONE}},

    {"an operation is run only if the one that it hangs on hit",
     {COUNT("a", 0, 1, 1), .most = 2 DONE, COUNT("b", 0, 1, 0), .joins = true, .if_hit = 1,
      .is_skipped = true DONE, COUNT("c", 0, 1, 1), .joins = true, .unless_hit = 1 DONE,
      COUNT("a", 0, 1, 2), .most = 2, .hit = true DONE, COUNT("b", 0, 1, 1), .joins = true,
      .if_hit = 1 DONE, COUNT("c", 0, 1, 0), .joins = true, .unless_hit = 1,
      .is_skipped = true DONE}},
    {"one that was not run did not hit",
     {COUNT("a", 0, 1, 1), .most = 2 DONE, COUNT("b", 0, 1, 0), .joins = true, .if_hit = 1,
      .is_skipped = true DONE, COUNT("c", 0, 1, 0), .joins = true, .if_hit = 2,
      .is_skipped = true DONE, COUNT("d", 0, 1, 1), .joins = true, .unless_hit = 2 DONE}},
    {"both conditions must hold",
     {COUNT("a", 0, 1, 1), .most = 1, .hit = true DONE, COUNT("b", 0, 1, 1), .joins = true DONE,
      COUNT("c", 0, 1, 1), .joins = true, .if_hit = 1, .unless_hit = 2 DONE, COUNT("d", 0, 1, 0),
      .joins = true, .if_hit = 2, .unless_hit = 2, .is_skipped = true DONE}},
    {"a hit ends the batch where it is said to",
     {COUNT("a", 0, 1, 1), .most = 2, .ends = true DONE, COUNT("b", 0, 1, 1), .joins = true DONE,
      COUNT("a", 0, 1, 2), .most = 2, .ends = true, .hit = true DONE, COUNT("b", 0, 1, 0),
      .joins = true, .is_skipped = true DONE, COUNT("b", 0, 0, 1) DONE}},
    {"a batch sees what it has written itself",
     {PUT(STORE_WINDOWS, "a", 0, "one", HOUR) DONE, GET(STORE_WINDOWS, "a", 0, "one"),
      .joins = true DONE, COUNT("a", 0, 1, 1), .joins = true DONE, COUNT("a", 0, 1, 2),
      .joins = true DONE, OFFEND("192.0.2.1/32", 0, true, HOUR, 1), .joins = true DONE,
      FIND("192.0.2.1", 0, "192.0.2.1/32", HOUR), .offences = 1, .joins = true DONE,
      REMOVE(STORE_WINDOWS, "a", 0, true), .joins = true DONE, GET(STORE_WINDOWS, "a", 0, NULL),
      .joins = true DONE}},
    {"a counter hit bans",
     {COUNT("a", 0, 1, 1),
      .most = 2 DONE,
      {.action = STORE_OFFEND,
       .network = "192.0.2.1/32",
       .joins = true,
       .if_hit = 1,
       .is_skipped = true},
      COUNT("a", 1, 1, 2),
      .most = 2,
      .hit = true DONE,
      OFFEND("192.0.2.1/32", 1, true, 1 + HOUR, 1),
      .joins = true,
      .if_hit = 1 DONE}},
};

static struct store_key
key_of(const char *text)
{
    struct bytes part = key_text(text != NULL ? text : "");
    return key_make('t', &part, 1);
}

static struct store_op
op_of(const struct step *step, struct store_value *value_r)
{
    struct store_op op = {
        .action = step->action,
        .space = step->space,
        .key = key_of(step->key),
        .if_hit = step->if_hit,
        .unless_hit = step->unless_hit,
        .ends = step->ends,
        .window_ms = step->window_ms,
        .at_ms = step->added_at_ms != 0 ? EPOCH + step->added_at_ms : 0,
        .amount = step->amount,
        .most = step->most,
        .plus = step->plus,
        .take = step->take,
        .makers = step->makers,
        .hit_if_there = step->hit_if_there,
        .member = step->member,
        .value = step->value,
        .value_length = step->value != NULL ? strlen(step->value) : 0,
        .lifetime_ms = step->life_ms,
        .value_r = value_r,
    };
    if (step->network != NULL)
        op.network = network_of(step->network);
    if (step->action == STORE_OFFEND)
        op.lengths = (struct ban_lengths){lengths, sizeof lengths / sizeof lengths[0]};
    if (step->reason != NULL)
        snprintf(op.ban.reason, sizeof op.ban.reason, "%s", step->reason);
    if (step->action == STORE_SET_BAN) {
        op.ban.network = op.network;
        op.ban.since_ms = EPOCH + step->at_ms;
        op.ban.until_ms = EPOCH + step->life_ms;
        op.ban.maker = BAN_BY_HAND;
    }
    return op;
}

static void
expect_ban(const char *where, const struct step *step, const struct store_ban *ban)
{
    char network[NETPREFIX_TEXT_MAX] = "";
    if (ban->network.addr.family != NETADDR_NONE)
        netprefix_format(&ban->network, network);
    if (strcmp(network, step->banned) != 0)
        fail_msg("%s: the ban of \"%s\", not of %s", where, network, step->banned);
    if (ban->until_ms - EPOCH != step->until_ms || ban->offences != step->offences)
        fail_msg("%s: until %lld, offence %u", where, (long long)(ban->until_ms - EPOCH),
                 ban->offences);
    if ((ban->maker == BAN_BY_HAND) != (strcmp(ban->reason, "by hand") == 0))
        fail_msg("%s: maker %d, reason \"%s\"", where, (int)ban->maker, ban->reason);
}

static void
expect(const char *where, const struct step *step, const struct store_op *op)
{
    if (op->was_run == step->is_skipped)
        fail_msg("%s: it was %srun", where, op->was_run ? "" : "not ");
    if (op->hit != step->hit && step->action != STORE_PUT)
        fail_msg("%s: hit is %d", where, op->hit);
    if (op->count != step->count)
        fail_msg("%s: count is %lld", where, (long long)op->count);
    if (step->action != STORE_SET_BAN && op->was_there != step->was_there)
        fail_msg("%s: was_there is %d", where, op->was_there);
    if (step->found != NULL && (op->value_r->length != strlen(step->found) ||
                                memcmp(op->value_r->bytes, step->found, op->value_r->length) != 0))
        fail_msg("%s: found \"%.*s\"", where, (int)op->value_r->length,
                 (const char *)op->value_r->bytes);
    if (step->banned != NULL && !step->is_skipped)
        expect_ban(where, step, &op->ban_r);
}

static void
run_case(size_t i, enum store_engine_name engine, struct store *store)
{
    const struct step *steps = cases[i].steps;
    size_t end;
    for (size_t begin = 0; begin < STEPS_MAX && steps[begin].action != 0; begin = end) {
        struct store_op ops[STEPS_MAX];
        struct store_value values[STEPS_MAX] = {{.length = 0}};
        struct err err = {.text = ""};
        for (end = begin; end < STEPS_MAX && steps[end].action != 0; end++) {
            if (end > begin && !steps[end].joins)
                break;
            ops[end - begin] = op_of(&steps[end], &values[end - begin]);
        }
        if (store_run(store, ops, end - begin, EPOCH + steps[begin].at_ms,
                      deadline_after(ENGINE_WAIT_MS), &err) != 0)
            fail_msg("%s: %s: %s", cases[i].name, engines_name(engine), err.text);
        for (size_t j = begin; j < end; j++) {
            char where[256];
            snprintf(where, sizeof where, "%s: %s: step %zu", cases[i].name, engines_name(engine),
                     j + 1);
            expect(where, &steps[j], &ops[j - begin]);
        }
    }
}

static void
test_batches(void **unused)
{
    (void)unused;
    for (size_t e = 0; e < ENGINES; e++) {
        if (!engines_have(all_engines[e]))
            continue;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct store *store = engines_open(all_engines[e]);
            run_case(i, all_engines[e], store);
            store_close(store);
        }
    }
}

/* What digests of passwords are keyed with. */
static void
test_each_store_has_a_salt_of_its_own(void **unused)
{
    (void)unused;
    static const unsigned char zeros[STORE_SALT_BYTES];
    for (size_t e = 0; e < ENGINES; e++) {
        unsigned char salts[2][STORE_SALT_BYTES] = {{0}}, again[STORE_SALT_BYTES];
        if (!engines_have(all_engines[e]))
            continue;
        for (size_t i = 0; i < 2; i++) {
            struct store *store = engines_open(all_engines[e]);
            assert_int_equal(store_salt(store, salts[i], deadline_after(ENGINE_WAIT_MS)), 0);
            assert_int_equal(store_salt(store, again, deadline_after(ENGINE_WAIT_MS)), 0);
            assert_memory_equal(again, salts[i], STORE_SALT_BYTES);
            assert_memory_not_equal(salts[i], zeros, STORE_SALT_BYTES);
            store_close(store);
        }
        assert_memory_not_equal(salts[0], salts[1], STORE_SALT_BYTES);
    }
}

/* Sessions that have used up their time must not let bans be forgotten for all others. */
static void
test_want_of_the_askers_own_time_is_no_outage(void **unused)
{
    (void)unused;
    struct err err = {.text = ""};
    struct store_op op = {.action = STORE_FIND_BAN, .network = {.addr.family = NETADDR_IPV4}};
    struct store_status status;
    if (!engines_have(STORE_REDIS))
        skip();
    struct store *store = engines_open(STORE_REDIS); /* its own patience is ENGINE_WAIT_MS */
    kill(engines.redis.pid, SIGSTOP);
    int result = store_run(store, &op, 1, EPOCH, deadline_after(50), &err);
    store_status(store, &status);
    kill(engines.redis.pid, SIGCONT);
    assert_int_equal(result, -1);
    assert_string_not_equal(err.text, "");
    assert_true(status.is_up);
    assert_int_equal(status.failures, 1);
    store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches), cmocka_unit_test(test_each_store_has_a_salt_of_its_own),
        cmocka_unit_test(test_want_of_the_askers_own_time_is_no_outage)};
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
