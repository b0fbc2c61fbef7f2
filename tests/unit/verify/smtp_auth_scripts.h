/*
 * smtp_auth_scripts: what scripted servers say and are told up to a password, for smtp_script.h.
 */
#ifndef MAILREEVE_TEST_SMTP_AUTH_SCRIPTS_H
#define MAILREEVE_TEST_SMTP_AUTH_SCRIPTS_H

#include "smtp_bench.h"

#define OFFER      "C EHLO *\nS 250-mx.example\nS 250-SIZE 1000\nS 250 AUTH PLAIN LOGIN\n"
#define HELLO      "S 220 mx.example ESMTP\n" OFFER
#define AUTH_PLAIN HELLO "C AUTH PLAIN " PLAIN64 "\n"

#endif
