/*
 * app_password: the form of the passwords that we make for devices and programs.
 *
 *     abcde-fghij-klmno-pqrst-uvwxy
 *
 * 25 characters of a-z and 2-7, 5 bits each: 23 random ones (115 bits, so that a fast hash will
 * do), then two that are a checksum of those. It tells a device's password that was revoked or
 * mistyped from anybody's own: such a one is not sent to a directory, where it would count as an
 * attempt. Whatever people think up has the form by accident only if it is 25 such characters, and
 * then in one of a thousand cases. Typed in upper case too, and with dashes and spaces or without.
 * Pure, but for app_password_make.
 */
#ifndef MAILREEVE_APP_PASSWORD_H
#define MAILREEVE_APP_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "secret.h"

enum { APP_PASSWORD_CHARACTERS = 25 };

/* Makes one at random, with its dashes. password_r is initialised; the caller's to end. */
void app_password_make(struct secret *password_r);

/* Takes dashes and spaces out and makes letters small. Returns whether what is left has the form;
 * plain_r is initialised, the caller's to end, and empty if it has not. What app passwords are
 * hashed from. */
bool app_password_normalise(const struct secret *typed, struct secret *plain_r);

bool app_password_has_form(const struct secret *typed);

#endif
