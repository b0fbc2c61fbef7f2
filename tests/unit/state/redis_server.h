/*
 * A real redis-server for a test, on a unix socket in a scratch folder of its own, without a file
 * of its own. Started and ended here, by its process id.
 */
#ifndef TEST_REDIS_SERVER_H
#define TEST_REDIS_SERVER_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct redis_server {
    pid_t pid;
    char folder[64];
    char url[96]; /* "unix:/..." */
};

static inline bool
redis_server_answers(const struct redis_server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", server->url + strlen("unix:"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char answer[8] = "";
    bool is_there = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                    send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
                    recv(fd, answer, sizeof answer - 1, 0) > 0 && strncmp(answer, "+PONG", 5) == 0;
    close(fd);
    return is_there;
}

/* Ends it and removes its folder. */
static inline void
redis_server_stop(struct redis_server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGCONT);
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
    if (server->folder[0] != '\0') {
        unlink(server->url + strlen("unix:"));
        rmdir(server->folder);
        server->folder[0] = '\0';
    }
}

/* In the child. */
static inline void
redis_server_run(const char *folder, const char *path)
{
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0)
        dup2(nowhere, STDOUT_FILENO);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--save", "",
           "--appendonly", "no", "--dir", folder, "--loglevel", "warning", (char *)NULL);
    _exit(127);
}

/* Returns false if redis-server is not installed or does not start within ten seconds. */
static inline bool
redis_server_start(struct redis_server *server)
{
    *server = (struct redis_server){.folder = "/tmp/mailreeve-redis-XXXXXX"};
    if (mkdtemp(server->folder) == NULL)
        return false;
    char path[96];
    snprintf(path, sizeof path, "%s/socket", server->folder);
    snprintf(server->url, sizeof server->url, "unix:%s", path);
    server->pid = fork();
    if (server->pid == 0)
        redis_server_run(server->folder, path);
    for (int tries = 0; server->pid > 0 && tries < 1000; tries++) {
        if (redis_server_answers(server))
            return true;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            break;
        }
        poll(NULL, 0, 10);
    }
    redis_server_stop(server);
    return false;
}

#endif
