/*
 * ask_service: one request of a command to the running service.
 *
 * One thread.
 */
#ifndef MAILREEVE_ASK_SERVICE_H
#define MAILREEVE_ASK_SERVICE_H

#include "command.h"
#include "fcgi_client.h"

/* The row of the option that names the service's socket. */
#define OPTION_SOCKET                                                       \
    {                                                                       \
        "socket", 0, OPTION_TEXT, offsetof(struct options, socket), "PATH", \
            "ask the service there, without reading a configuration"        \
    }

/* Asks the service at the socket of --socket, else of the configuration, and waits for at most
 * budget_ms. command is for messages. Returns EXIT_OK with the reply, to end with fcgi_reply_fini;
 * or, with a message, EXIT_CONFIG: the configuration does not tell whom to ask, or EXIT_TEMPORARY:
 * nobody answered. */
int ask_service(const struct arguments *arguments, const char *command,
                const struct fcgi_question *question, int budget_ms, struct fcgi_reply *reply_r);

#endif
