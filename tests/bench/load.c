/*
 * load: drives a server with closed-loop clients and prints how many logins a second it took.
 *
 *     load smtp HOST PORT        one TCP session a login: greeting, EHLO, AUTH PLAIN, reply, close
 *     load fcgi SOCKET LISTENER  kept FastCGI connections, one nginx question a login
 *     load dovecot SOCKET        Dovecot's auth-client protocol, one AUTH line a login
 *
 * Each client has an address of its own: 127.1.0.1 and so on, or with fcgi 198.18.0.1 (RFC 2544).
 *
 * Options, before the mode: -c CLIENTS, -s SECONDS, -u USERS, -n NAME and -p PASSWORD (each "%d" in
 * them becomes 0 to USERS - 1), -w WANTED (a reply counts only if it holds this text).
 * Prints: logins a second, 50th and 99th percentile in microseconds, failures.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES_MAX = 1 << 20, REPLY_MAX = 4096 };

static struct {
    int clients, users;
    double seconds;
    const char *name, *password, *wanted;
    const char *target[2];
} options = {.clients = 16,
             .seconds = 5,
             .users = 1,
             .name = "user%d@acme.example",
             .password = "secret",
             .wanted = ""};

struct client {
    pthread_t thread;
    int number;
    char address[INET_ADDRSTRLEN]; /* that it claims to have, with fcgi */
    int fd;                        /* -1: not connected */
    uint64_t done, failed;
    uint32_t *samples_us;
    char reply[REPLY_MAX];
    char failure[200]; /* the reply of the last login that failed */
};

struct mode {
    const char *word;
    int targets;
    bool (*login)(struct client *client, const char *user, const char *password);
};

static atomic_bool time_is_up;

static int64_t
now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static size_t
base64(const char *bytes, size_t length, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = 0;
    for (size_t i = 0; i < length; i += 3) {
        uint32_t group = (uint32_t)(unsigned char)bytes[i] << 16;
        if (i + 1 < length)
            group |= (uint32_t)(unsigned char)bytes[i + 1] << 8;
        if (i + 2 < length)
            group |= (unsigned char)bytes[i + 2];
        text[used++] = digits[group >> 18];
        text[used++] = digits[group >> 12 & 63];
        text[used++] = i + 1 < length ? digits[group >> 6 & 63] : '=';
        text[used++] = i + 2 < length ? digits[group & 63] : '=';
    }
    text[used] = '\0';
    return used;
}

/* The text with its "%d", if it has one, replaced by the number. */
static void
fill_in(const char *text, unsigned number, char *filled_r, size_t size)
{
    const char *place = strstr(text, "%d");
    if (place == NULL)
        snprintf(filled_r, size, "%s", text);
    else
        snprintf(filled_r, size, "%.*s%u%s", (int)(place - text), text, number, place + 2);
}

/* "\0user\0password" in base64, as SASL PLAIN wants it. */
static void
plain_response(const char *user, const char *password, char *text)
{
    char bytes[1024];
    int length = snprintf(bytes, sizeof bytes, "%c%s%c%s", 0, user, 0, password);
    base64(bytes, (size_t)length, text);
}

/* A server that says nothing for that long has failed the login. */
static void
limit_waiting(int fd)
{
    struct timeval limit = {.tv_sec = 40};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

static bool
connect_unix(struct client *client, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    client->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    limit_waiting(client->fd);
    return connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0;
}

/* Comes from the client's own address; the kernel chooses a port that no session to the same server
 * has. */
static bool
bind_own_address(struct client *client)
{
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(0x7f010001u + (uint32_t)client->number)};
    int one = 1;
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    return bind(client->fd, (struct sockaddr *)&own, sizeof own) == 0;
}

static bool
connect_tcp(struct client *client, const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    inet_pton(AF_INET, host, &address.sin_addr);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    limit_waiting(client->fd);
    /* Reset on close: thousands of sessions a second would use up the ports in TIME_WAIT. */
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    int one = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return bind_own_address(client) &&
           connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static void
hang_up(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

static bool
say(struct client *client, const char *bytes, size_t length)
{
    return send(client->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Reads until the text stands in the reply; false at the end of the stream. */
static bool
hear(struct client *client, const char *until)
{
    size_t used = 0;
    while (used + 1 < REPLY_MAX) {
        ssize_t got = recv(client->fd, client->reply + used, REPLY_MAX - 1 - used, 0);
        if (got <= 0)
            return false;
        used += (size_t)got;
        client->reply[used] = '\0';
        if (strstr(client->reply, until) != NULL)
            return true;
    }
    return false;
}

static bool
login_smtp(struct client *client, const char *user, const char *password)
{
    char response[1500], command[1600];
    plain_response(user, password, response);
    int length = snprintf(command, sizeof command, "AUTH PLAIN %s\r\n", response);
    bool heard = connect_tcp(client, options.target[0], options.target[1]) &&
                 hear(client, "\r\n") && say(client, "EHLO load\r\n", 11) &&
                 hear(client, "\r\n250 ") && say(client, command, (size_t)length) &&
                 hear(client, "\r\n");
    hang_up(client);
    return heard;
}

static unsigned char *
add_param(unsigned char *at, const char *name, const char *value)
{
    size_t name_length = strlen(name), value_length = strlen(value);
    *at++ = (unsigned char)name_length;
    *at++ = (unsigned char)value_length;
    memcpy(at, name, name_length);
    memcpy(at + name_length, value, value_length);
    return at + name_length + value_length;
}

static unsigned char *
record(unsigned char *at, unsigned char type, size_t length)
{
    const unsigned char header[8] = {
        1, type, 0, 1, (unsigned char)(length >> 8), (unsigned char)length, 0, 0};
    memcpy(at, header, sizeof header);
    return at + sizeof header;
}

static bool
read_fully(int fd, unsigned char *bytes, size_t length)
{
    for (size_t used = 0; used < length;) {
        ssize_t got = recv(fd, bytes + used, length - used, 0);
        if (got <= 0)
            return false;
        used += (size_t)got;
    }
    return true;
}

/* Collects stdout records into the reply until the request ends. */
static bool
hear_fcgi(struct client *client)
{
    size_t used = 0;
    for (;;) {
        unsigned char header[8], content[65536 + 256];
        if (!read_fully(client->fd, header, sizeof header))
            return false;
        size_t length = (size_t)header[4] << 8 | header[5];
        if (!read_fully(client->fd, content, length + header[6]))
            return false;
        if (header[1] == 6 && used + length < REPLY_MAX) {
            memcpy(client->reply + used, content, length);
            used += length;
        }
        client->reply[used] = '\0';
        if (header[1] == 3)
            return true;
    }
}

static bool
login_fcgi(struct client *client, const char *user, const char *password)
{
    if (client->fd < 0 && !connect_unix(client, options.target[0]))
        return false;
    unsigned char params[2048], *end = params;
    end = add_param(end, "DOCUMENT_URI", "/auth");
    end = add_param(end, "HTTP_AUTH_METHOD", "plain");
    end = add_param(end, "HTTP_AUTH_USER", user);
    end = add_param(end, "HTTP_AUTH_PASS", password);
    end = add_param(end, "HTTP_AUTH_PROTOCOL", "smtp");
    end = add_param(end, "HTTP_AUTH_LOGIN_ATTEMPT", "1");
    end = add_param(end, "HTTP_AUTH_SSL", "on");
    end = add_param(end, "HTTP_CLIENT_IP", client->address);
    end = add_param(end, "HTTP_X_LISTENER", options.target[1]);

    static const unsigned char begin[16] = {1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1};
    unsigned char request[4096], *at = request;
    memcpy(at, begin, sizeof begin);
    at = record(at + sizeof begin, 4, (size_t)(end - params));
    memcpy(at, params, (size_t)(end - params));
    at = record(record(at + (end - params), 4, 0), 5, 0);
    return say(client, (const char *)request, (size_t)(at - request)) && hear_fcgi(client);
}

static bool
login_dovecot(struct client *client, const char *user, const char *password)
{
    char response[1500], line[2000];
    if (client->fd < 0) {
        /* The server tells clients apart by the process number that they claim. */
        int length = snprintf(line, sizeof line, "VERSION\t1\t2\nCPID\t%d\n",
                              getpid() * 100 + client->number);
        if (!connect_unix(client, options.target[0]) || !say(client, line, (size_t)length) ||
            !hear(client, "\nDONE\n"))
            return false;
    }
    plain_response(user, password, response);
    int length = snprintf(line, sizeof line, "AUTH\t%u\tPLAIN\tservice=smtp\tsecured\tresp=%s\n",
                          (unsigned)(client->done + client->failed + 1), response);
    return say(client, line, (size_t)length) && hear(client, "\n");
}

static const struct mode modes[] = {
    {"smtp", 2, login_smtp},
    {"fcgi", 2, login_fcgi},
    {"dovecot", 1, login_dovecot},
};

static const struct mode *mode;

static void *
run_client(void *argument)
{
    struct client *client = argument;
    const struct in_addr own = {.s_addr = htonl(0xc6120001u + (uint32_t)client->number)};
    inet_ntop(AF_INET, &own, client->address, sizeof client->address);
    unsigned turn = (unsigned)client->number * 7919;
    while (!atomic_load_explicit(&time_is_up, memory_order_relaxed)) {
        char user[300], password[300];
        unsigned number = turn++ % (unsigned)options.users;
        fill_in(options.name, number, user, sizeof user);
        fill_in(options.password, number, password, sizeof password);
        client->reply[0] = '\0';
        int64_t began = now_us();
        if (!mode->login(client, user, password) || strstr(client->reply, options.wanted) == NULL) {
            client->failed++;
            snprintf(client->failure, sizeof client->failure, "%s", client->reply);
            hang_up(client);
            continue;
        }
        if (client->done < SAMPLES_MAX)
            client->samples_us[client->done] = (uint32_t)(now_us() - began);
        client->done++;
    }
    hang_up(client);
    return NULL;
}

static int
compare_samples(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void
print_result(struct client *clients, double seconds)
{
    uint64_t done = 0, failed = 0, kept = 0;
    for (int i = 0; i < options.clients; i++) {
        done += clients[i].done;
        failed += clients[i].failed;
    }
    uint32_t *all = malloc((done + 1) * sizeof *all);
    for (int i = 0; i < options.clients; i++)
        for (uint64_t k = 0; k < clients[i].done && k < SAMPLES_MAX; k++)
            all[kept++] = clients[i].samples_us[k];
    qsort(all, kept, sizeof *all, compare_samples);
    printf("%.0f logins/s p50 %u us p99 %u us failures %llu\n", (double)done / seconds,
           kept > 0 ? all[kept / 2] : 0, kept > 0 ? all[kept * 99 / 100] : 0,
           (unsigned long long)failed);
    for (int i = 0; i < options.clients; i++)
        if (clients[i].failed > 0) {
            printf("a failure heard: %s\n", clients[i].failure);
            break;
        }
    free(all);
}

static void
parse_options(int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "c:s:u:n:p:w:")) != -1;)
        switch (option) {
        case 'c':
            options.clients = atoi(optarg);
            break;
        case 's':
            options.seconds = strtod(optarg, NULL);
            break;
        case 'u':
            options.users = atoi(optarg);
            break;
        case 'n':
            options.name = optarg;
            break;
        case 'p':
            options.password = optarg;
            break;
        case 'w':
            options.wanted = optarg;
            break;
        default:
            exit(EXIT_FAILURE);
        }
    for (size_t i = 0; optind < argc && i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(argv[optind], modes[i].word) == 0 && argc - optind - 1 == modes[i].targets)
            mode = &modes[i];
    if (mode == NULL || options.clients < 1 || options.users < 1) {
        fprintf(stderr,
                "usage: load [options] smtp HOST PORT | fcgi SOCKET LISTENER | dovecot SOCKET\n");
        exit(EXIT_FAILURE);
    }
    for (int i = 0; i < mode->targets; i++)
        options.target[i] = argv[optind + 1 + i];
}

int
main(int argc, char **argv)
{
    parse_options(argc, argv);
    struct client *clients = calloc((size_t)options.clients, sizeof *clients);
    int64_t began = now_us();
    for (int i = 0; i < options.clients; i++) {
        clients[i] = (struct client){.number = i, .fd = -1, .samples_us = calloc(SAMPLES_MAX, 4)};
        pthread_create(&clients[i].thread, NULL, run_client, &clients[i]);
    }
    usleep((useconds_t)(options.seconds * 1e6));
    atomic_store(&time_is_up, true);
    for (int i = 0; i < options.clients; i++)
        pthread_join(clients[i].thread, NULL);
    print_result(clients, (double)(now_us() - began) / 1e6);
    return EXIT_SUCCESS;
}
