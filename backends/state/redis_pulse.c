#include "redis_pulse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { QUESTIONS = 8, WORDS_MAX = 4, KEY_MAX = REDIS_PREFIX_MAX + 16 };

typedef bool answer_read(const struct redis_reply *reply, struct redis_pulse *pulse_r);

/* The only question that takes room. */
static bool
read_set(const struct redis_reply *reply, struct redis_pulse *pulse_r)
{
    pulse_r->is_full = redis_link_is_full(reply);
    return pulse_r->is_full || reply->kind == REDIS_STATUS || reply->kind == REDIS_NIL;
}

static bool
read_salt(const struct redis_reply *reply, struct redis_pulse *pulse_r)
{
    if (reply->kind == REDIS_NIL && pulse_r->is_full)
        return true;
    if (reply->kind != REDIS_TEXT || reply->length != sizeof pulse_r->salt)
        return false;
    memcpy(pulse_r->salt, reply->text, sizeof pulse_r->salt);
    return true;
}

static bool
read_bans(const struct redis_reply *reply, struct redis_pulse *pulse_r)
{
    pulse_r->bans = reply->integer;
    return reply->kind == REDIS_INTEGER;
}

static bool
read_windows(const struct redis_reply *reply, struct redis_pulse *pulse_r)
{
    pulse_r->windows = reply->integer;
    return reply->kind == REDIS_INTEGER;
}

static bool
read_drains(const struct redis_reply *reply, struct redis_pulse *pulse_r)
{
    pulse_r->drains = reply->integer;
    return reply->kind == REDIS_INTEGER;
}

static bool
read_over(const struct redis_reply *reply, struct redis_pulse *pulse_r)
{
    pulse_r->over += reply->integer;
    return reply->kind == REDIS_INTEGER;
}

static const struct {
    size_t words;
    answer_read *read;
} questions[QUESTIONS] = {{4, read_set},    {2, read_salt}, {4, read_bans}, {4, read_windows},
                          {4, read_drains}, {4, read_over}, {4, read_over}, {4, read_over}};

static int
send_questions(struct redis_link *link, const char *prefix,
               const unsigned char salt[STORE_SALT_BYTES], int64_t now_ms, struct deadline deadline,
               struct err *err)
{
    char salt_key[KEY_MAX], bans[KEY_MAX], windows[KEY_MAX], drains[KEY_MAX], offences[KEY_MAX];
    char now[32];
    snprintf(salt_key, sizeof salt_key, "%ssalt", prefix);
    snprintf(bans, sizeof bans, "%sbans", prefix);
    snprintf(windows, sizeof windows, "%swindows", prefix);
    snprintf(drains, sizeof drains, "%sdrains", prefix);
    snprintf(offences, sizeof offences, "%soffences", prefix);
    snprintf(now, sizeof now, "(%" PRId64, now_ms);
    const struct bytes words[QUESTIONS][WORDS_MAX] = {
        {redis_word("SET"), redis_word(salt_key), {salt, STORE_SALT_BYTES}, redis_word("NX")},
        {redis_word("GET"), redis_word(salt_key)},
        {redis_word("ZCOUNT"), redis_word(bans), redis_word(now), redis_word("+inf")},
        {redis_word("ZCOUNT"), redis_word(windows), redis_word(now), redis_word("+inf")},
        {redis_word("ZCOUNT"), redis_word(drains), redis_word(now), redis_word("+inf")},
        {redis_word("ZCOUNT"), redis_word(windows), redis_word("-inf"), redis_word(now + 1)},
        {redis_word("ZCOUNT"), redis_word(drains), redis_word("-inf"), redis_word(now + 1)},
        {redis_word("ZCOUNT"), redis_word(offences), redis_word("-inf"), redis_word(now + 1)},
    };
    for (size_t i = 0; i < QUESTIONS; i++)
        if (redis_link_send(link, words[i], questions[i].words, deadline, err) != 0)
            return -1;
    return 0;
}

int
redis_pulse_take(struct redis_link *link, const char *prefix,
                 const unsigned char salt[STORE_SALT_BYTES], int64_t now_ms,
                 struct redis_pulse *pulse_r, struct deadline deadline, struct err *err)
{
    *pulse_r = (struct redis_pulse){.bans = 0};
    memcpy(pulse_r->salt, salt, sizeof pulse_r->salt);
    if (send_questions(link, prefix, salt, now_ms, deadline, err) != 0)
        return -1;
    for (size_t i = 0; i < QUESTIONS; i++) {
        struct redis_reply *reply = redis_link_receive(link, deadline, err);
        bool is_right = reply != NULL && questions[i].read(reply, pulse_r);
        if (reply != NULL && (!is_right || redis_link_is_full(reply)))
            redis_link_refused(link, reply, err);
        redis_reply_free(reply);
        if (!is_right)
            return -1;
    }
    return pulse_r->is_full ? STORE_FULL : 0;
}
