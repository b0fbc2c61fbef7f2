/*
 * Checks and makes stored passwords as standard input says; for test_stored_schemes.py. Each
 * question runs on a thread with the small stack that sessions have.
 *
 *     check VALUE PASSWORD       -> right, wrong or cannot-tell
 *     make METHOD PASSWORD COST  -> the value
 *
 * Values and passwords are hexadecimal, in both directions ("-": empty).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stored.h"

enum { STACK_BYTES = 128 * 1024, WORD_MAX = 5000 };

struct question {
    char command[16], first[WORD_MAX], second[WORD_MAX], cost[16];
};

static void
unhex(const char *word, struct secret *bytes_r)
{
    size_t length = strlen(word) / 2;
    secret_init(bytes_r);
    char *bytes = secret_reserve(bytes_r, length);
    for (size_t i = 0; i < length; i++) {
        char digits[3] = {word[2 * i], word[2 * i + 1], '\0'};
        bytes[i] = (char)strtoul(digits, NULL, 16);
    }
    bytes_r->length = length;
}

static void
check(const struct question *question, const struct secret *password)
{
    static const char *const names[] = {[PASSWORD_CANNOT_TELL] = "cannot-tell",
                                        [PASSWORD_WRONG] = "wrong",
                                        [PASSWORD_RIGHT] = "right"};
    struct secret value;
    unhex(question->first, &value);
    puts(names[stored_verify(value.bytes, value.length, STORED_BARE_CLEAR, password)]);
    secret_fini(&value);
}

static void
make(const struct question *question, const struct secret *password)
{
    struct secret value;
    struct err err;
    if (stored_make(password, question->first, (unsigned)strtoul(question->cost, NULL, 10), &value,
                    &err) != 0) {
        puts(err.text);
        return;
    }
    for (size_t i = 0; i < value.length; i++)
        printf("%02x", (unsigned)(unsigned char)value.bytes[i]);
    puts("");
    secret_fini(&value);
}

static void *
answer(void *context)
{
    const struct question *question = context;
    struct secret password;
    unhex(question->second, &password);
    if (strcmp(question->command, "check") == 0)
        check(question, &password);
    else
        make(question, &password);
    secret_fini(&password);
    return NULL;
}

int
main(void)
{
    static struct question question;
    static char line[3 * WORD_MAX];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    while (fgets(line, sizeof line, stdin) != NULL) {
        pthread_t thread;
        question.cost[0] = '\0';
        if (sscanf(line, "%15s %4999s %4999s %15s", question.command, question.first,
                   question.second, question.cost) < 3 ||
            pthread_create(&thread, &attributes, answer, &question) != 0)
            return 2;
        pthread_join(thread, NULL);
        fflush(stdout);
    }
    return 0;
}
