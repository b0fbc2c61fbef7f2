/*
 * login_scripts: what scripted IMAP and POP3 servers say and are told, for smtp_script.h.
 */
#ifndef MAILREEVE_TEST_LOGIN_SCRIPTS_H
#define MAILREEVE_TEST_LOGIN_SCRIPTS_H

#include "smtp_bench.h"

#define TAG "mailreeve "

/* libcurl's part of the conversations: its tags begin anew with each connection. */
#define IMAP_OFFER(tag, list) \
    "C " tag " CAPABILITY\nS * CAPABILITY IMAP4rev1 " list "\nS " tag " OK\n"
#define IMAP_HELLO(list) "S * OK hello\n" IMAP_OFFER("A001", list)
#define IMAP_PLAIN       IMAP_HELLO("AUTH=PLAIN SASL-IR") "C " TAG "AUTHENTICATE PLAIN " PLAIN64 "\n"

#define IMAP_BYE "C mailreeve2 LOGOUT\n"

#define POP3_OFFER(list) "C CAPA\nS +OK\n" list "S .\n"
#define POP3_HELLO(list) "S +OK hello\n" POP3_OFFER(list)
#define POP3_PLAIN       POP3_HELLO("S SASL PLAIN\n") "C AUTH PLAIN\nS + \nC " PLAIN64 "\n"

#endif
