#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fcgi_client.h"

enum { STDERR = 7, STDOUT = 6, END = 3 };

/* One record that the service sends. */
static const struct fcgi_question question = {.method = "POST", .path = "/x"};

struct answer_record {
    unsigned char type, id, padding;
    const char *content; /* NULL: no more records */
    size_t length;       /* 0: strlen(content) */
};

#define END_RECORD                       \
    {                                    \
        END, 1, 0, "\0\0\0\0\0\0\0\0", 8 \
    }

struct exchange_case {
    const char *name;
    struct answer_record records[6];
    const char *raw; /* instead of records */
    unsigned want_status;
    const char *want_body; /* NULL: refused */
    const char *want_err;
};

static const struct exchange_case cases[] = {
    {
        .name = "a status and a body are read",
        .records = {{STDOUT, 1, 0, "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nfine\n", 0},
                    END_RECORD},
        .want_status = 200,
        .want_body = "fine\n",
    },
    {
        .name = "an answer in several padded records is put together",
        .records = {{STDOUT, 1, 5, "Status: 409 Con", 0},
                    {STDERR, 1, 0, "noise", 0},
                    {STDOUT, 1, 3, "flict\n\na.conf:1: wrong\n", 0},
                    {STDOUT, 1, 0, "b.conf:2: wrong\n", 0},
                    END_RECORD},
        .want_status = 409,
        .want_body = "a.conf:1: wrong\nb.conf:2: wrong\n",
    },
    {
        .name = "an answer without a status is a 200",
        .records = {{STDOUT, 1, 0, "Content-Type: text/plain\r\n\r\n", 0}, END_RECORD},
        .want_status = 200,
        .want_body = "",
    },
    {
        .name = "another request's records are not ours",
        .records = {{STDOUT, 2, 0, "Status: 500 X\r\n\r\n", 0},
                    {STDOUT, 1, 0, "Status: 200 OK\r\n\r\nmine", 0},
                    END_RECORD},
        .want_status = 200,
        .want_body = "mine",
    },
    {
        .name = "a service that cannot take one more says so",
        .records = {{END, 1, 0, "\0\0\0\0\2\0\0\0", 8}},
        .want_err = "the service did not take the request",
    },
    {
        .name = "an end without its status is refused",
        .records = {{END, 1, 0, "\0", 1}},
        .want_err = "the service did not take the request",
    },
    {
        .name = "an answer that breaks off is no answer",
        .records = {{STDOUT, 1, 0, "Status: 200 OK\r\n\r\nhalf", 0}},
        .want_err = "reading the answer: the service closed the connection",
    },
    {
        .name = "an answer without headers is no answer",
        .records = {{STDOUT, 1, 0, "hello", 0}, END_RECORD},
        .want_err = "reading the answer: it has no headers",
    },
    {
        .name = "an empty answer is no answer",
        .records = {END_RECORD},
        .want_err = "reading the answer: it has no headers",
    },
    {
        .name = "another protocol is noticed",
        .raw = "HTTP/1.1 400 Bad Request\r\n\r\n",
        .want_err = "reading the answer: it is not FastCGI",
    },
};

static void
write_record(int fd, const struct answer_record *record)
{
    size_t length = record->length != 0 ? record->length : strlen(record->content);
    const unsigned char header[8] = {
        1, record->type, 0, record->id, 0, (unsigned char)length, record->padding, 0};
    const unsigned char padding[255] = {0};
    assert_int_equal(write(fd, header, sizeof header), sizeof header);
    assert_int_equal(write(fd, record->content, length), length);
    assert_int_equal(write(fd, padding, record->padding), record->padding);
}

static void
open_pair(int fds_r[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds_r), 0);
    assert_int_equal(fcntl(fds_r[0], F_SETFL, O_NONBLOCK), 0);
}

static void
test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct exchange_case *c = &cases[i];
        print_message("%s\n", c->name);
        int fds[2];
        open_pair(fds);
        for (size_t at = 0; at < 6 && c->records[at].content != NULL; at++)
            write_record(fds[1], &c->records[at]);
        if (c->raw != NULL)
            assert_int_equal(write(fds[1], c->raw, strlen(c->raw)), strlen(c->raw));
        assert_int_equal(shutdown(fds[1], SHUT_WR), 0);

        struct fcgi_reply reply;
        struct err err = {0};
        int status = fcgi_exchange(fds[0], &question, deadline_after(5000), &reply, &err);
        if (c->want_body == NULL) {
            assert_int_equal(status, -1);
            assert_string_equal(err.text, c->want_err);
        } else {
            assert_int_equal(status, 0);
            assert_int_equal(reply.status, c->want_status);
            assert_string_equal(reply.body, c->want_body);
            assert_int_equal(reply.body_length, strlen(c->want_body));
        }
        fcgi_reply_fini(&reply);
        close(fds[0]);
        close(fds[1]);
    }
}

static void
test_the_request_is_one_responder_request(void **state)
{
    (void)state;
    static const char want[] = "\1\1\0\1\0\10\0\0"
                               "\0\1\0\0\0\0\0\0"
                               "\1\4\0\1\0\104\0\0"
                               "\16\4REQUEST_METHODPOST"
                               "\14\2DOCUMENT_URI/x"
                               "\13\2SCRIPT_NAME/x"
                               "\16\1CONTENT_LENGTH0"
                               "\1\4\0\1\0\0\0\0"
                               "\1\5\0\1\0\0\0\0";
    int fds[2];
    open_pair(fds);
    assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
    struct fcgi_reply reply;
    assert_int_equal(fcgi_exchange(fds[0], &question, deadline_after(5000), &reply, NULL), -1);

    char got[512];
    ssize_t length = read(fds[1], got, sizeof got);
    assert_int_equal(length, sizeof want - 1);
    assert_memory_equal(got, want, sizeof want - 1);
    close(fds[0]);
    close(fds[1]);
}

static void
test_a_long_query_is_sent_whole(void **state)
{
    (void)state;
    char query[FCGI_QUERY_MAX + 1];
    memset(query, 'q', sizeof query);
    query[FCGI_QUERY_MAX] = '\0';
    const struct fcgi_question longest = {.method = "POST", .path = "/x", .query = query};
    int fds[2];
    open_pair(fds);
    assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
    struct fcgi_reply reply;
    assert_int_equal(fcgi_exchange(fds[0], &longest, deadline_after(5000), &reply, NULL), -1);

    char got[FCGI_QUERY_MAX + 512];
    ssize_t length = read(fds[1], got, sizeof got);
    static const char head[] = "\14\200\0\14\0QUERY_STRINGq"; /* 3072 bytes */
    char *found = memmem(got, (size_t)length, head, sizeof head - 1);
    assert_non_null(found);
    static const char tail[] = "q\16\1CONTENT_LENGTH0";
    assert_non_null(memmem(got, (size_t)length, tail, sizeof tail - 1));
    assert_memory_equal(found + sizeof head - 2, query, FCGI_QUERY_MAX);
    close(fds[0]);
    close(fds[1]);
}

static void
test_a_silent_service_is_not_waited_for_without_end(void **state)
{
    (void)state;
    int fds[2];
    open_pair(fds);
    struct fcgi_reply reply;
    struct err err = {0};
    assert_int_equal(fcgi_exchange(fds[0], &question, deadline_after(30), &reply, &err), -1);
    assert_string_equal(err.text, "no answer in time");
    close(fds[0]);
    close(fds[1]);
}

static void
test_a_missing_socket_is_named(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(fcgi_connect("/nonexistent/auth.sock", &err), -1);
    assert_string_equal(err.text, "connecting to /nonexistent/auth.sock: No such file or directory "
                                  "(is mailreeve-auth running?)");
    char long_path[200];
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    assert_int_equal(fcgi_connect(long_path, &err), -1);
    assert_non_null(strstr(err.text, "the path is too long for a socket"));
}

static void
test_a_socket_of_somebody_else_is_told_from_a_missing_one(void **state)
{
    (void)state;
    char folder[] = "/tmp/mailreeve-client-XXXXXX";
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    assert_non_null(mkdtemp(folder));
    snprintf(name.sun_path, sizeof name.sun_path, "%s/auth.sock", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(chmod(name.sun_path, 0), 0);
    const uid_t user = geteuid();
    struct err err = {0};
    if (user == 0) { /* who may do everything */
        assert_int_equal(chmod(folder, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    const int result = fcgi_connect(name.sun_path, &err);
    assert_int_equal(seteuid(user), 0);
    close(fd);
    unlink(name.sun_path);
    rmdir(folder);
    assert_int_equal(result, -1);
    assert_non_null(strstr(err.text, "Permission denied (run this as its owner or as root)"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_the_request_is_one_responder_request),
        cmocka_unit_test(test_a_long_query_is_sent_whole),
        cmocka_unit_test(test_a_silent_service_is_not_waited_for_without_end),
        cmocka_unit_test(test_a_missing_socket_is_named),
        cmocka_unit_test(test_a_socket_of_somebody_else_is_told_from_a_missing_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
