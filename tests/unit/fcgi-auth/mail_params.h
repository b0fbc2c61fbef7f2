/*
 * mail_params: parameters of nginx mail's requests, as libfcgi has them.
 */
#ifndef MAILREEVE_TEST_MAIL_PARAMS_H
#define MAILREEVE_TEST_MAIL_PARAMS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "given_params.h"
#include "request.h"

#define SMTP     "HTTP_AUTH_PROTOCOL=smtp"
#define PLAIN    "HTTP_AUTH_METHOD=plain"
#define NONE     "HTTP_AUTH_METHOD=none"
#define CRAM     "HTTP_AUTH_METHOD=cram-md5"
#define APOP     "HTTP_AUTH_METHOD=apop"
#define EXTERNAL "HTTP_AUTH_METHOD=external"
#define SALT     "HTTP_AUTH_SALT=<217714878.1795338593@mail.example.com>"

#endif
