/*
 * How a socket of ours gets into libmilter: it makes its listening socket itself and knows no other
 * way. So it is let to make one of the same family, in a place of no meaning, and ours is put in
 * that one's place by dup3(2): a socket can so be handed over by the service manager, it appears
 * with the right mode, and it can be left (milter_door_take_no_more) without stopping libmilter,
 * which would cut off all messages under way.
 *
 * Of the steps that the guard never refuses as such (connect, HELO), and of those between the last
 * recipient and the end of a message, no answer is transmitted (SMFIP_NR_*): each would cost every
 * message a round trip, and the client hears of none of them before its final dot. What there is to
 * say is said at the next step that has an answer.
 */
#include "milter_door.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "answered.h"
#include "linger.h"
#include "nudge.h"

enum {
    /* Postfix sends headers of up to header_size_limit (100 KiB), libmilter's own limit is lower */
    DATA_MAX = 1024 * 1024 - 1,
    REPLY_TEXT_MAX = 900, /* libmilter's is 980 */
};

static struct {
    const struct guard *guard;
    struct connections *connections;
    int listening_fd;
    struct sockaddr_storage address; /* of the socket */
    socklen_t address_length;
    int idle_pair[2]; /* nobody ever connects to it */
} door = {.listening_fd = -1};

/* Not the mail server's choice of macros but ours, by stage. What may change within a session is
 * asked for with each message, along with one that always has a value: where none has, Postfix may
 * send nothing, and those of the message before would stay. */
static const struct {
    int stage;
    const char *macros;
} wanted_macros[] = {
    {SMFIM_CONNECT, "j v {daemon_name}"},
    {SMFIM_HELO, "j {tls_version}"},
    {SMFIM_ENVFROM, "i j {daemon_name} {auth_authen} {auth_type} {tls_version}"},
    {SMFIM_ENVRCPT, "i"},
    {SMFIM_EOH, "i"},
    {SMFIM_EOM, "i"},
};

/* libmilter has a thread that waits for HUP, TERM and INT and stops all on each of them, messages
 * under way and all. The program's own sigwait(3), which the dynamic linker gives to libmilter,
 * hears nothing: the signals are the main thread's, by signalfd. */
int
sigwait(const sigset_t *restrict set, int *restrict signal_r)
{
    (void)set;
    *signal_r = 0;
    for (;;)
        pause();
}

static const char *
macro(void *context, const char *name)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", name);
    return smfi_getsymval(context, copy);
}

/* libmilter takes what it only reads as char *. */
static int
insert_header(void *context, const char *name, const char *value)
{
    char *copies[] = {strdup(name), strdup(value)};
    int result = MI_FAILURE;
    if (copies[0] != NULL && copies[1] != NULL)
        result = smfi_insheader(context, 0, copies[0], copies[1]);
    free(copies[0]);
    free(copies[1]);
    return result == MI_SUCCESS ? 0 : -1;
}

static int
remove_header(void *context, const char *name, int index)
{
    char *copy = strdup(name);
    int result = copy != NULL ? smfi_chgheader(context, copy, index, NULL) : MI_FAILURE;
    free(copy);
    return result == MI_SUCCESS ? 0 : -1;
}

static struct mta
mta_of(SMFICTX *context)
{
    return (struct mta){.context = context,
                        .macro = macro,
                        .insert_header = insert_header,
                        .remove_header = remove_header};
}

/* Every callback begins with this and ends with leave(), or answered_await(). */
static struct connection *
enter(SMFICTX *context)
{
    answered_settle();
    connections_enter(door.connections);
    struct connection *connection = smfi_getpriv(context);
    if (connection == NULL) {
        connection = connections_add(door.connections);
        smfi_setpriv(context, connection);
    }
    return connection;
}

static sfsistat
leave(sfsistat status)
{
    connections_leave(door.connections);
    return status;
}

/* "%" begins a macro of the mail server's in a reply, unless it is doubled. */
static void
set_reply(SMFICTX *context, const struct response *response)
{
    char code[sizeof response->code], extended[sizeof response->extended];
    char text[REPLY_TEXT_MAX];
    size_t length = 0;
    for (const char *from = response->text; *from != '\0' && length + 2 < sizeof text; from++) {
        text[length++] = *from;
        if (*from == '%')
            text[length++] = '%';
    }
    text[length] = '\0';
    memcpy(code, response->code, sizeof code);
    memcpy(extended, response->extended, sizeof extended);
    /* if it does not like it the mail server says what it usually does */
    smfi_setreply(context, code, extended[0] != '\0' ? extended : NULL, text);
}

static sfsistat
answer(SMFICTX *context, const struct response *response)
{
    switch (response->action) {
    case RESPONSE_GO_ON:
    case RESPONSE_SKIP:
        return SMFIS_CONTINUE;
    case RESPONSE_REFUSE:
        set_reply(context, response);
        return SMFIS_REJECT;
    case RESPONSE_TEMPFAIL:
        set_reply(context, response);
        return SMFIS_TEMPFAIL;
    }
    return SMFIS_TEMPFAIL;
}

static bool
goes_on(const struct response *response)
{
    return response->action == RESPONSE_GO_ON || response->action == RESPONSE_SKIP;
}

/* The answer to MAIL: who is refused there has no message. */
static sfsistat
answer_mail(SMFICTX *context, struct connection *connection, const struct response *response)
{
    if (!goes_on(response))
        connection_end_message(connection);
    return answer(context, response);
}

static sfsistat
on_negotiate(SMFICTX *context, unsigned long actions, unsigned long steps, unsigned long more,
             unsigned long further, unsigned long *actions_r, unsigned long *steps_r,
             unsigned long *more_r, unsigned long *further_r)
{
    (void)more;
    (void)further;
    const struct connection *connection = enter(context);
    *actions_r = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
    *steps_r &= ~(unsigned long)SMFIP_SKIP;
    *steps_r |= SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY;
    if (!conversation_wants_body(connection->conversation))
        *steps_r |= steps & SMFIP_NOBODY;
    *more_r = *further_r = 0;
    if ((actions & SMFIF_SETSYMLIST) != 0) {
        *actions_r |= SMFIF_SETSYMLIST;
        for (size_t i = 0; i < sizeof wanted_macros / sizeof wanted_macros[0]; i++) {
            char macros[96];
            snprintf(macros, sizeof macros, "%s", wanted_macros[i].macros);
            smfi_setsymlist(context, wanted_macros[i].stage, macros);
        }
    }
    return leave(SMFIS_CONTINUE);
}

static struct netaddr
netaddr_of(const struct sockaddr *address)
{
    struct netaddr result = {0};
    if (address != NULL && address->sa_family == AF_INET) {
        struct sockaddr_in inet;
        memcpy(&inet, address, sizeof inet);
        result.family = NETADDR_IPV4;
        memcpy(result.bytes, &inet.sin_addr, sizeof inet.sin_addr);
    } else if (address != NULL && address->sa_family == AF_INET6) {
        struct sockaddr_in6 inet6;
        memcpy(&inet6, address, sizeof inet6);
        result.family = NETADDR_IPV6;
        memcpy(result.bytes, &inet6.sin6_addr, sizeof inet6.sin6_addr);
    }
    return result;
}

/* Again after XCLIENT. */
static sfsistat
/* NOLINTNEXTLINE(readability-non-const-parameter): libmilter's type */
on_connect(SMFICTX *context, char *name, _SOCK_ADDR *address)
{
    (void)name; /* what the mail server has looked up */
    struct connection *connection = enter(context);
    struct mta mta = mta_of(context);
    struct netaddr client = netaddr_of(address);
    connection_end_message(connection);
    connection->of_client = conversation_connect(connection->conversation, &mta, &client);
    return leave(SMFIS_NOREPLY);
}

static sfsistat
on_helo(SMFICTX *context, char *name)
{
    struct connection *connection = enter(context);
    struct mta mta = mta_of(context);
    struct response response = conversation_helo(connection->conversation, &mta, name);
    connection_end_message(connection);
    if (goes_on(&connection->of_client))
        connection->of_client = response;
    return leave(SMFIS_NOREPLY);
}

static sfsistat
on_mail(SMFICTX *context, char **arguments)
{
    static const struct response restarting = {.action = RESPONSE_TEMPFAIL,
                                               .code = "421",
                                               .extended = "4.3.2",
                                               .text = "restarting, try again later"};
    struct connection *connection = enter(context);
    struct mta mta = mta_of(context);
    struct response response = connection->of_client;
    connection->of_content = response_go_on();
    if (goes_on(&response) && !connection_begin_message(connection))
        response = restarting;
    if (goes_on(&response))
        response = conversation_mail(connection->conversation, &mta, arguments[0],
                                     (const char *const *)(arguments + 1));
    return leave(answer_mail(context, connection, &response));
}

static sfsistat
on_recipient(SMFICTX *context, char **arguments)
{
    struct connection *connection = enter(context);
    struct mta mta = mta_of(context);
    struct response response = conversation_recipient(connection->conversation, &mta, arguments[0],
                                                      (const char *const *)(arguments + 1));
    return leave(answer(context, &response));
}

static sfsistat
on_header(SMFICTX *context, char *name, char *value)
{
    struct connection *connection = enter(context);
    struct mta mta = mta_of(context);
    if (goes_on(&connection->of_content)) /* else what is behind does not matter any more */
        connection->of_content = conversation_header(connection->conversation, &mta, name, value);
    return leave(SMFIS_NOREPLY);
}

static sfsistat
on_end_of_headers(SMFICTX *context)
{
    struct connection *connection = enter(context);
    struct mta mta = mta_of(context);
    if (goes_on(&connection->of_content))
        connection->of_content = conversation_end_of_headers(connection->conversation, &mta);
    return leave(SMFIS_NOREPLY);
}

static sfsistat
/* NOLINTNEXTLINE(readability-non-const-parameter): libmilter's type */
on_body(SMFICTX *context, unsigned char *bytes, size_t length)
{
    (void)bytes;
    struct connection *connection = enter(context);
    struct mta mta = mta_of(context);
    if (goes_on(&connection->of_content))
        connection->of_content = conversation_body(connection->conversation, &mta, length);
    return leave(SMFIS_NOREPLY);
}

static sfsistat
on_end_of_message(SMFICTX *context)
{
    struct connection *connection = enter(context);
    struct mta mta = mta_of(context);
    struct response response = connection->of_content;
    if (goes_on(&response))
        response = conversation_end_of_message(connection->conversation, &mta);
    sfsistat status = answer(context, &response);
    answered_await(connection);
    return status;
}

static sfsistat
on_abort(SMFICTX *context)
{
    struct connection *connection = enter(context);
    conversation_abort(connection->conversation);
    connection_end_message(connection);
    return leave(SMFIS_CONTINUE);
}

static sfsistat
on_close(SMFICTX *context)
{
    answered_settle();
    connections_enter(door.connections);
    struct connection *connection = smfi_getpriv(context);
    smfi_setpriv(context, NULL);
    if (connection != NULL)
        connections_remove(connection);
    linger_no_more();
    return leave(SMFIS_CONTINUE);
}

static int
register_callbacks(void)
{
    static char name[] = "mailreeve-milter"; /* in libmilter's own lines to syslog */
    struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_SETSYMLIST,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_mail,
        .xxfi_envrcpt = on_recipient,
        .xxfi_header = on_header,
        .xxfi_eoh = on_end_of_headers,
        .xxfi_body = on_body,
        .xxfi_eom = on_end_of_message,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };
    smfi_setmaxdatasize(DATA_MAX);
    return smfi_register(description);
}

/* The first listening socket that is neither below first, where whoever started us may have left
 * some, nor except; -1 if there is none. */
static int
find_listening(int first, int except)
{
    struct rlimit limit;
    if (first < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -1;
    for (int fd = first; (rlim_t)fd < limit.rlim_cur; fd++) {
        int listening = 0;
        socklen_t length = sizeof listening;
        if (fd != except && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 &&
            listening != 0)
            return fd;
    }
    return -1;
}

/* The lowest descriptor that is free: the next socket has it, or a higher one. */
static int
find_free(int any)
{
    int fd = fcntl(any, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    return fd;
}

/* Lets libmilter make a socket of the family. Returns its descriptor, or -1. */
static int
let_make_socket(int family, int except)
{
    char folder[] = "/tmp/mailreeve-milter-XXXXXX";
    char place[64] = "inet:0@[127.0.0.1]";
    if (family == AF_INET6)
        snprintf(place, sizeof place, "inet6:0@[::1]");
    if (family == AF_UNIX) {
        if (mkdtemp(folder) == NULL)
            return -1;
        snprintf(place, sizeof place, "unix:%s/s", folder);
    }
    int fd = -1, first = find_free(except);
    if (smfi_setconn(place) == MI_SUCCESS && smfi_opensocket(false) == MI_SUCCESS)
        fd = find_listening(first, except);
    if (family == AF_UNIX) {
        unlink(place + strlen("unix:"));
        rmdir(folder);
    }
    return fd;
}

/* Where to connect to it: a socket file has another name than the one it was made under. */
static int
find_address(const struct listen_socket *socket)
{
    struct sockaddr_un file = {.sun_family = AF_UNIX};
    door.address_length = sizeof door.address;
    if (socket->path[0] == '\0')
        return getsockname(socket->fd, (struct sockaddr *)&door.address, &door.address_length);
    memcpy(file.sun_path, socket->path, sizeof file.sun_path);
    memcpy(&door.address, &file, sizeof file);
    door.address_length = sizeof file;
    return 0;
}

int
milter_door_open(const struct listen_socket *socket, const struct guard *guard,
                 struct connections *connections, struct err *err)
{
    door.guard = guard;
    door.connections = connections;
    if (find_address(socket) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, door.idle_pair) != 0 ||
        register_callbacks() != MI_SUCCESS ||
        (door.listening_fd = let_make_socket(door.address.ss_family, socket->fd)) < 0 ||
        dup3(socket->fd, door.listening_fd, O_CLOEXEC) < 0) {
        err_set(err, "give the socket to libmilter: %s", strerror(errno));
        return -1;
    }
    close(socket->fd);
    return 0;
}

void
milter_door_serve(void)
{
    nudge_start(&door.address, door.address_length, door.connections);
    smfi_main();
}

void
milter_door_take_no_more(void)
{
    dup3(door.idle_pair[0], door.listening_fd, O_CLOEXEC);
}
