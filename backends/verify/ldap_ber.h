/*
 * ldap_ber: the pieces of BER (X.690) that the messages which we write and read ourselves are made
 * of.
 *
 * Pure. Lengths are written with four bytes always, as Active Directory does: then everything's
 * place is known beforehand. What is read may have any definite length (RFC 4511 5.1).
 */
#ifndef MAILREEVE_LDAP_BER_H
#define MAILREEVE_LDAP_BER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ldap_ber_tag { /* what one is called on the wire */
                    LDAP_BER_BOOLEAN = 0x01,
                    LDAP_BER_INTEGER = 0x02,
                    LDAP_BER_OCTET_STRING = 0x04,
                    LDAP_BER_ENUMERATED = 0x0a,
                    LDAP_BER_SEQUENCE = 0x30,
                    LDAP_BER_BIND_REQUEST = 0x60,
                    LDAP_BER_BIND_RESPONSE = 0x61,
                    LDAP_BER_COMPARE_REQUEST = 0x6e,
                    LDAP_BER_COMPARE_RESPONSE = 0x6f,
                    LDAP_BER_SIMPLE = 0x80,       /* a bind's password */
                    LDAP_BER_POLICY_ERROR = 0x81, /* draft-behera-ldap-password-policy-10 6.2 */
                    LDAP_BER_CONTROLS = 0xa0,
};

/* Bytes before the contents of whatever is written, and of whole numbers below 128. */
enum { LDAP_BER_HEADER = 6, LDAP_BER_DIGIT = 3 };

/* Each writes at the place and returns the one behind. */
char *ldap_ber_put_header(char *to, enum ldap_ber_tag tag, size_t length);
char *ldap_ber_put_bytes(char *to, enum ldap_ber_tag tag, const char *bytes, size_t length);
char *ldap_ber_put_digit(char *to, enum ldap_ber_tag tag, int digit);

/* A message number from 0x01000000 on, which needs four bytes; its tag and length take another two.
 */
char *ldap_ber_put_message_number(char *to, int32_t number);
enum { LDAP_BER_MESSAGE_NUMBER = 6 };

/* What is still to be read. Borrowed. */
struct ldap_ber {
    const unsigned char *start;
    size_t length;
};

/* Whether the next element has that tag. */
bool ldap_ber_next_is(const struct ldap_ber *from, unsigned tag);

/* Takes the next element, whatever its tag. Returns 0, or -1: there is none that is whole. */
int ldap_ber_take_any(struct ldap_ber *from, unsigned *tag_r, struct ldap_ber *contents_r);

/* Takes the next element, which must have that tag. Returns 0 or -1. */
int ldap_ber_take(struct ldap_ber *from, unsigned tag, struct ldap_ber *contents_r);

/* Takes a whole number of 32 bits. Returns 0 or -1. */
int ldap_ber_take_number(struct ldap_ber *from, unsigned tag, int32_t *number_r);

#endif
