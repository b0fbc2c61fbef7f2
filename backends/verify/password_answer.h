/*
 * password_answer: what comparing a password came to.
 */
#ifndef MAILREEVE_PASSWORD_ANSWER_H
#define MAILREEVE_PASSWORD_ANSWER_H

enum password_answer { PASSWORD_CANNOT_TELL = 0, PASSWORD_WRONG, PASSWORD_RIGHT };

#endif
