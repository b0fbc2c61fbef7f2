/*
 * ldap_play: one link to a directory that a child process plays. What it sends is whole, cut or
 * nonsense, and may hold a secret that this process knows from the wire only.
 */
#ifndef MAILREEVE_TEST_LDAP_PLAY_H
#define MAILREEVE_TEST_LDAP_PLAY_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ldap_door.h"

#define BYTES(text)              \
    {                            \
        (text), sizeof(text) - 1 \
    }

enum { BUDGET_MS = 20000, MESSAGE_MAX = 2000, WHOLE = -1, SECRET_LENGTH = 20 };

/* Messages without their number, which is the request's; an operation and what belongs to it. */
struct play {
    struct {
        const char *bytes;
        size_t length;
    } messages[4];
    long send; /* so many bytes and then the end; WHOLE: all, and then nothing until the end */
};

/* In messages of the child the secret stands where this does. Nobody but the child makes it, so
 * that whatever is in this process's memory came from the wire. */
#define PLACE "@@@@@@@@@@@@@@@@@@@@"
static const unsigned char hidden[SECRET_LENGTH] = {
    0x9f, 0xc3, 0x8e, 0xd1, 0xa7, 0xf0, 0x95, 0xbc, 0xe2, 0x89,
    0xd6, 0xaa, 0xfb, 0x90, 0xc8, 0xe5, 0xb3, 0x84, 0xdd, 0xa1,
};
static const unsigned char mask = 0xa5;

/* The child's part. A request of less than 128 bytes or one with lengths of four. */
static inline size_t
read_request(int fd, unsigned char *number_r)
{
    unsigned char request[1024];
    size_t length = 0, want = 2;
    while (length < want) {
        ssize_t count = read(fd, request + length, sizeof request - length);
        if (count <= 0)
            _exit(0);
        length += (size_t)count;
        if (length >= 6)
            want = request[1] < 0x80 ? 2U + request[1] : 6U + request[4] * 256U + request[5];
    }
    const unsigned char *number = request + (request[1] < 0x80 ? 2 : 6);
    memcpy(number_r, number, 2U + number[1]);
    return 2U + number[1];
}

static inline size_t
put_message(unsigned char *to, const unsigned char *number, size_t number_length,
            const char *operation, size_t operation_length)
{
    size_t length = number_length + operation_length;
    memcpy(to, (unsigned char[]){0x30, 0x82, (unsigned char)(length >> 8), (unsigned char)length},
           4);
    memcpy(to + 4, number, number_length);
    memcpy(to + 4 + number_length, operation, operation_length);
    return 4 + length;
}

static inline void
put_secret(unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i + SECRET_LENGTH <= length; i++)
        if (memcmp(bytes + i, PLACE, SECRET_LENGTH) == 0)
            for (size_t j = 0; j < SECRET_LENGTH; j++)
                bytes[i + j] = hidden[j] ^ mask;
}

static inline void
play(int listener, const struct play *play)
{
    alarm(60);
    int fd = accept(listener, NULL, NULL);
    unsigned char number[16], bytes[MESSAGE_MAX];
    size_t number_length = read_request(fd, number), length = 0;
    for (size_t i = 0; i < 4 && play->messages[i].bytes != NULL; i++)
        length += put_message(bytes + length, number, number_length, play->messages[i].bytes,
                              play->messages[i].length);
    put_secret(bytes, length);
    if (play->send != WHOLE && (size_t)play->send < length)
        length = (size_t)play->send;
    if (write(fd, bytes, length) != (ssize_t)length)
        _exit(1);
    if (play->send == WHOLE)
        while (read(fd, bytes, sizeof bytes) > 0)
            continue;
    _exit(0);
}

struct stage {
    pid_t child;
    struct name *name;
    struct ldap_link *link;
    struct deadline deadline;
    struct err err;
};

static inline void
begin(struct stage *stage, const struct play *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    *stage = (struct stage){.child = fork(), .deadline = deadline_after(BUDGET_MS)};
    assert_true(stage->child >= 0);
    if (stage->child == 0)
        play(listener, script);
    close(listener);

    char text[64];
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(address.sin_port));
    stage->name = name_open(text, 0, &stage->err);
    assert_non_null(stage->name);
    const struct ldap_peer peer = {.server = stage->name, .security = LDAP_SECURITY_NONE};
    stage->link = ldap_link_open(&peer, stage->deadline, NULL, &stage->err);
    assert_non_null(stage->link);
}

static inline void
end(struct stage *stage)
{
    ldap_link_close(stage->link);
    name_close(stage->name);
    int status;
    assert_int_equal(waitpid(stage->child, &status, 0), stage->child);
    assert_int_equal(status, 0);
}

#define DONE "\x65\x07\x0a\x01\x00\x04\x00\x04\x00"

/* One attribute "pw" of "cn=a" with the values that follow. */
#define ENTRY(length, list, set, values) \
    "\x64" length "\x04\x04"             \
    "cn=a"                               \
    "\x30" list "\x30" set values

#define TWO_VALUES                \
    ENTRY("\x3c", "\x34", "\x32", \
          "\x04\x02"              \
          "pw"                    \
          "\x31\x2c\x04\x14" PLACE "\x04\x14" PLACE)

static inline enum ldap_answer
search(struct stage *stage, struct ldap_found *found_r)
{
    static const char *const attributes[] = {"mail", "PW"};
    const struct ldap_query query = {
        .base = "", .filter = "(cn=a)", .attributes = attributes, .attribute_count = 2};
    return ldap_link_search(stage->link, &query, stage->deadline, found_r, &stage->err);
}

static inline int
set_up(void **state)
{
    (void)state;
    ldap_door_init();
    return 0;
}

#endif
