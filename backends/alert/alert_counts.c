#include "alert_counts.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "lru.h"

enum { PARTS_OF_WITHIN = 16, PARTS = PARTS_OF_WITHIN + 1, SUBJECT_MAX = 512 };

/* Of one subject. */
struct count {
    int64_t part;          /* the number of the newest part, since the beginning of time */
    uint32_t parts[PARTS]; /* by number, modulo PARTS */
    bool was_told;
    int64_t told_ms; /* when, if it was */
    struct alert_tally untold;
};

/* Of all subjects of a kind together. */
struct pace {
    int64_t since_ms; /* when the first of the messages went out */
    int64_t told;     /* since then; 0: none */
    int64_t held_back;
};

struct alert_counts {
    struct lru *subjects[ALARM_KINDS];
    struct pace paces[ALARM_KINDS];
    int64_t within_ms; /* what the parts are parts of */
};

struct alert_counts *
alert_counts_create(void)
{
    struct alert_counts *counts = xcalloc(1, sizeof *counts);
    for (size_t i = 0; i < ALARM_KINDS; i++)
        counts->subjects[i] = lru_create(sizeof(struct count), ALERT_SUBJECTS_MAX);
    return counts;
}

void
alert_counts_free(struct alert_counts *counts)
{
    if (counts == NULL)
        return;
    for (size_t i = 0; i < ALARM_KINDS; i++)
        lru_free(counts->subjects[i]);
    free(counts);
}

/* A reload may bring another `within`: its parts have another length, and none holds any more. */
static bool
forget_parts(const void *context, const void *key, size_t key_bytes, const void *value)
{
    (void)context, (void)key, (void)key_bytes, (void)value;
    return true;
}

static void
adopt_within(struct alert_counts *counts, int64_t within_ms)
{
    if (counts->within_ms != within_ms && counts->within_ms != 0)
        for (size_t i = 0; i < ALARM_KINDS; i++)
            lru_remove_where(counts->subjects[i], forget_parts, NULL);
    counts->within_ms = within_ms;
}

static struct count *
find(struct alert_counts *counts, enum alarm_kind kind, const char *subject)
{
    if (kind == ALARM_BAN)
        subject = "";
    return lru_put(counts->subjects[kind], subject, strnlen(subject, SUBJECT_MAX));
}

/* Empties the parts that have begun since the newest one. */
static void
move_on(struct count *count, int64_t part)
{
    int64_t begun = part - count->part;
    if (begun <= 0)
        return;
    for (int64_t i = 0; i < begun && i < PARTS; i++)
        count->parts[(part - i) % PARTS] = 0;
    count->part = part;
}

static int64_t
recent(const struct count *count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < PARTS; i++)
        sum += count->parts[i];
    return sum;
}

static bool
is_counted(enum alarm_kind kind)
{
    return kind == ALARM_ACCOUNT_FAILURES || kind == ALARM_BAN;
}

static bool
is_about_accounts(enum alarm_kind kind)
{
    return kind == ALARM_ACCOUNT_FAILURES || kind == ALARM_HIJACK;
}

/* Takes one of the messages that may go out; *held_back_r is how many alarms could not before. */
static bool
take_turn(struct pace *pace, const struct alert_settings *settings, enum alarm_kind kind,
          int64_t now_ms, int64_t *held_back_r)
{
    if (now_ms - pace->since_ms >= settings->at_most_every_ms)
        pace->told = 0;
    if (is_about_accounts(kind) && pace->told >= ALERT_ACCOUNTS_MAX) {
        pace->held_back++;
        return false;
    }
    if (pace->told++ == 0)
        pace->since_ms = now_ms;
    *held_back_r = pace->held_back;
    pace->held_back = 0;
    return true;
}

bool
alert_counts_note(struct alert_counts *counts, const struct alert_settings *settings,
                  enum alarm_kind kind, const char *subject, int64_t now_ms,
                  struct alert_tally *tally_r)
{
    adopt_within(counts, settings->within_ms);
    struct count *count = find(counts, kind, subject);
    move_on(count, now_ms / (settings->within_ms / PARTS_OF_WITHIN));
    count->parts[count->part % PARTS]++;
    if (count->untold.count++ == 0)
        count->untold.first_ms = now_ms;

    if (is_counted(kind) && recent(count) < settings->threshold)
        return false;
    if (count->was_told && now_ms - count->told_ms < settings->at_most_every_ms)
        return false;
    int64_t held_back = 0;
    if (!take_turn(&counts->paces[kind], settings, kind, now_ms, &held_back))
        return false;
    count->was_told = true;
    count->told_ms = now_ms;
    *tally_r = count->untold;
    tally_r->held_back = held_back;
    count->untold = (struct alert_tally){.count = 0};
    return true;
}
