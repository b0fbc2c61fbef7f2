/*
 * CONNECT_ONLY makes libcurl end behind the greeting, the capabilities and STARTTLS. Without a user
 * name it skips the login and keeps the connection for curl_easy_send and curl_easy_recv, which
 * copy nothing. Closing such a connection does not wait for an answer to LOGOUT or QUIT either.
 */
#include "curl_door.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "login_dialog.h"

enum { HEARD_MAX = 160, URL_MAX = 300 };

struct curl_talk {
    CURL *curl;
    const struct curl_manner *manner; /* while greeting */
    enum login_protocol protocol;
    int fd;
    bool is_taken; /* by libcurl, which closes it */
    bool is_greeted;
    struct curl_slist *connect_to;
    struct login_offer *offer; /* while greeting */
    char heard[HEARD_MAX];     /* the last line before the login, for the log */
    char trouble[CURL_ERROR_SIZE];
    size_t start, end; /* of what was received and not read yet */
    char buffer[CURL_LINE_MAX];
};

static pthread_once_t start_once = PTHREAD_ONCE_INIT;

static void
start(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        abort();
}

void
curl_door_start(void)
{
    pthread_once(&start_once, start);
}

static curl_socket_t
hand_over(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    (void)address;
    struct curl_talk *talk = context;
    if (talk->is_taken)
        return CURL_SOCKET_BAD;
    talk->is_taken = true;
    return talk->fd;
}

static int
say_connected(void *context, curl_socket_t fd, curlsocktype purpose)
{
    (void)context;
    (void)fd;
    (void)purpose;
    return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static CURLcode
lend_tls(CURL *curl, void *ssl_ctx, void *context)
{
    (void)curl;
    const struct curl_talk *talk = context;
    tls_context_lend(talk->manner->tls_context, ssl_ctx);
    return CURLE_OK;
}

/* Gets each line up to the login with its line end. */
static size_t
hear(char *line, size_t size, size_t count, void *context)
{
    struct curl_talk *talk = context;
    size_t length = size * count;
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        length--;
    login_offer_read(talk->offer, talk->protocol, line, length);
    snprintf(talk->heard, sizeof talk->heard, "%.*s",
             (int)(length < HEARD_MAX ? length : HEARD_MAX), line);
    return size * count;
}

static void
check(CURLcode result)
{
    if (result != CURLE_OK)
        abort(); /* no memory, or a libcurl without what every Debian's has */
}

static void
set_url(struct curl_talk *talk, const struct curl_manner *manner)
{
    static const char *const schemes[][2] = {
        [LOGIN_IMAP] = {"imap", "imaps"}, [LOGIN_POP3] = {"pop3", "pop3s"}};
    const char *scheme = schemes[manner->protocol][manner->tls == LOGIN_TLS_IMPLICIT];
    const bool is_v6 = strchr(manner->host, ':') != NULL;
    char url[URL_MAX];
    snprintf(url, sizeof url, is_v6 ? "%s://[%s]:%u/" : "%s://%s:%u/", scheme, manner->host,
             manner->port);
    check(curl_easy_setopt(talk->curl, CURLOPT_URL, url));
    check(curl_easy_setopt(talk->curl, CURLOPT_PROTOCOLS_STR, scheme));
}

static void
set_connection(struct curl_talk *talk, const struct endpoint *endpoint)
{
    char address[128], connect_to[160];
    endpoint_format(endpoint, address, sizeof address);
    snprintf(connect_to, sizeof connect_to, "::%s", address);
    talk->connect_to = curl_slist_append(NULL, connect_to);
    CURL *curl = talk->curl;
    check(curl_easy_setopt(curl, CURLOPT_CONNECT_TO, talk->connect_to));
    check(curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, hand_over));
    check(curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, talk));
    check(curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, say_connected));
    check(curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L));
    check(curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L));
    /* Nothing of the environment's: no proxy, no netrc (which is off anyway). */
    check(curl_easy_setopt(curl, CURLOPT_PROXY, ""));
    check(curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED));
}

/* Trust and our own certificate are the context's: libcurl would read them anew for every login. */
static void
set_tls(struct curl_talk *talk, const struct curl_manner *manner)
{
    CURL *curl = talk->curl;
    if (manner->tls == LOGIN_TLS_NONE) {
        check(curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_NONE));
        return;
    }
    check(curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL));
    check(curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
    check(curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, manner->tls_verify ? 1L : 0L));
    check(curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, manner->tls_verify ? 2L : 0L));
    check(curl_easy_setopt(curl, CURLOPT_CAINFO, NULL));
    check(curl_easy_setopt(curl, CURLOPT_CAPATH, NULL));
    check(curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L));
    check(curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, lend_tls));
    check(curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, talk));
}

static void
set_rest(struct curl_talk *talk, struct deadline deadline)
{
    CURL *curl = talk->curl;
    const int left_ms = deadline_left_ms(deadline);
    check(curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, hear));
    check(curl_easy_setopt(curl, CURLOPT_HEADERDATA, talk));
    check(curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, talk->trouble));
    /* 0 would mean that there is no limit. */
    check(curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, left_ms > 0 ? (long)left_ms : 1L));
    check(curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left_ms > 0 ? (long)left_ms : 1L));
}

static void
set_trouble(const struct curl_talk *talk, CURLcode result, struct err *err)
{
    const char *why = talk->trouble[0] != '\0' ? talk->trouble : curl_easy_strerror(result);
    const int length = (int)strcspn(why, "\r\n");
    if (result == CURLE_OPERATION_TIMEDOUT)
        err_set(err, "greeting: timed out%s%s%s", talk->heard[0] != '\0' ? " after \"" : "",
                talk->heard, talk->heard[0] != '\0' ? "\"" : "");
    else if (talk->heard[0] != '\0')
        err_set(err, "greeting: %.*s (the server said \"%s\")", length, why, talk->heard);
    else
        err_set(err, "greeting: %.*s", length, why);
}

static void
free_talk(struct curl_talk *talk)
{
    curl_easy_cleanup(talk->curl);
    curl_slist_free_all(talk->connect_to);
    if (!talk->is_taken)
        close(talk->fd);
    explicit_bzero(talk, sizeof *talk);
    free(talk);
}

enum curl_greeting
curl_talk_open(const struct curl_manner *manner, int fd, const struct endpoint *endpoint,
               struct deadline deadline, struct curl_talk **talk_r, struct login_offer *offer_r,
               struct err *err)
{
    struct curl_talk *talk = xcalloc(1, sizeof *talk);
    *offer_r = (struct login_offer){0};
    talk->protocol = manner->protocol;
    talk->manner = manner;
    talk->offer = offer_r;
    talk->fd = fd;
    talk->curl = curl_easy_init();
    if (talk->curl == NULL)
        abort();
    set_url(talk, manner);
    set_connection(talk, endpoint);
    set_tls(talk, manner);
    set_rest(talk, deadline);

    CURLcode result = curl_easy_perform(talk->curl);
    if (result == CURLE_OK) {
        talk->is_greeted = true;
        *talk_r = talk;
        return CURL_GREETING_DONE;
    }
    set_trouble(talk, result, err);
    free_talk(talk);
    return result == CURLE_USE_SSL_FAILED ? CURL_GREETING_REFUSED_US : CURL_GREETING_FAILED;
}

void
curl_talk_close(struct curl_talk *talk)
{
    if (talk == NULL)
        return;
    size_t sent;
    const char *goodbye = login_dialog_goodbye(talk->protocol);
    curl_easy_send(talk->curl, goodbye, strlen(goodbye), &sent);
    free_talk(talk);
}

/* Waits until the descriptor is ready. Returns 0, or -1 with err at the deadline. */
static int
wait_for(const struct curl_talk *talk, short events, struct deadline deadline, struct err *err)
{
    struct pollfd ready = {.fd = talk->fd, .events = events};
    for (;;) {
        int result = poll(&ready, 1, deadline_left_ms(deadline));
        if (result > 0)
            return 0;
        if (result == 0 && deadline_is_over(deadline)) {
            err_set(err, "timed out");
            return -1;
        }
        if (result < 0 && errno != EINTR) {
            err_set(err, "%s", strerror(errno));
            return -1;
        }
    }
}

static int
fail(const struct curl_talk *talk, CURLcode result, struct err *err)
{
    err_set(err, "%s", talk->trouble[0] != '\0' ? talk->trouble : curl_easy_strerror(result));
    return -1;
}

int
curl_talk_send(struct curl_talk *talk, const char *bytes, size_t length, struct deadline deadline,
               struct err *err)
{
    while (length > 0) {
        size_t sent = 0;
        CURLcode result = curl_easy_send(talk->curl, bytes, length, &sent);
        if (result == CURLE_AGAIN && wait_for(talk, POLLOUT, deadline, err) != 0)
            return -1;
        if (result != CURLE_OK && result != CURLE_AGAIN)
            return fail(talk, result, err);
        bytes += sent;
        length -= sent;
    }
    return 0;
}

/* Reads what is there into the buffer, which has room. */
static CURLcode
receive(struct curl_talk *talk)
{
    size_t got = 0;
    CURLcode result =
        curl_easy_recv(talk->curl, talk->buffer + talk->end, sizeof talk->buffer - talk->end, &got);
    if (result == CURLE_OK && got == 0)
        return CURLE_GOT_NOTHING;
    talk->end += got;
    return result;
}

bool
curl_talk_has_unread(struct curl_talk *talk)
{
    return talk->start < talk->end || receive(talk) == CURLE_OK;
}

/* Makes room for more, at the end of the buffer. Returns 0, or -1 if there is none. */
static int
make_room(struct curl_talk *talk)
{
    if (talk->start > 0) {
        memmove(talk->buffer, talk->buffer + talk->start, talk->end - talk->start);
        talk->end -= talk->start;
        talk->start = 0;
    }
    return talk->end < sizeof talk->buffer ? 0 : -1;
}

static int
receive_more(struct curl_talk *talk, struct deadline deadline, struct err *err)
{
    if (make_room(talk) != 0) {
        err_set(err, "the server sent a line of more than %d bytes", CURL_LINE_MAX);
        return -1;
    }
    /* TLS may hold bytes that no poll shows, so the library is asked first. */
    CURLcode result = receive(talk);
    if (result == CURLE_AGAIN)
        return wait_for(talk, POLLIN, deadline, err);
    if (result == CURLE_GOT_NOTHING) {
        err_set(err, "the server closed the connection");
        return -1;
    }
    return result == CURLE_OK ? 0 : fail(talk, result, err);
}

int
curl_talk_read_line(struct curl_talk *talk, const char **line_r, struct deadline deadline,
                    struct err *err)
{
    const char *feed;
    size_t length;
    for (;;) {
        const char *line = talk->buffer + talk->start;
        feed = memchr(line, '\n', talk->end - talk->start);
        if (feed != NULL) {
            length = (size_t)(feed - line);
            talk->start += length + 1;
            *line_r = line;
            return (int)(length > 0 && line[length - 1] == '\r' ? length - 1 : length);
        }
        if (receive_more(talk, deadline, err) != 0)
            return -1;
    }
}
