/*
 * null_responder: a libfcgi program that answers every nginx mail question with the same words:
 * what is left of a session when nothing is decided. Threads as the library's own example has them.
 *
 *     null_responder SOCKET THREADS [PORT]
 *
 * Without a port it refuses everybody; with one it sends everybody there, under the name that he
 * gave, in an answer like mailreeve's own.
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int listener;
static const char *port;

static void
refuse(FCGX_Request *request)
{
    FCGX_PutS("Content-Type: text/plain\r\nAuth-Status: Authentication failed\r\n"
              "Auth-Error-Code: 535 5.7.8\r\n\r\n",
              request->out);
}

static void
accept_login(FCGX_Request *request)
{
    const char *user = FCGX_GetParam("HTTP_AUTH_USER", request->envp);
    FCGX_FPrintF(request->out,
                 "Content-Type: text/plain\r\nAuth-Server: 127.0.0.1\r\nAuth-Port: %s\r\n"
                 "Auth-User: %s\r\nAuth-Status: OK\r\n\r\n",
                 port, user != NULL ? user : "");
}

static void *
answer_all(void *unused)
{
    (void)unused;
    FCGX_Request request;
    FCGX_InitRequest(&request, listener, 0);
    while (FCGX_Accept_r(&request) == 0) {
        if (port != NULL)
            accept_login(&request);
        else
            refuse(&request);
        FCGX_Finish_r(&request);
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    if (argc < 3 || argc > 4 || FCGX_Init() != 0)
        return EXIT_FAILURE;
    port = argv[3]; /* NULL ends the arguments */
    listener = FCGX_OpenSocket(argv[1], 1024);
    if (listener < 0 || chmod(argv[1], 0777) != 0)
        return EXIT_FAILURE;
    int threads = atoi(argv[2]);
    for (int i = 1; i < threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, answer_all, NULL) != 0)
            return EXIT_FAILURE;
    }
    answer_all(NULL);
    return EXIT_SUCCESS;
}
