#include "ldap_diagnosis.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Windows error codes that are about the account or its password. */
static const unsigned long about_account[] = {
    0x056, /* invalid password */
    0x525, /* no such user */
    0x52e, /* wrong password */
    0x52f, /* account restriction */
    0x530, /* not at this time */
    0x531, /* not from this workstation */
    0x532, /* password expired */
    0x533, /* account disabled */
    0x701, /* account expired */
    0x773, /* password must be changed */
    0x775, /* account locked */
};

bool
ldap_diagnosis_is_outage(const char *text)
{
    static const char before_code[] = "AcceptSecurityContext error, data ";
    const char *code = text != NULL ? strstr(text, before_code) : NULL;
    if (code == NULL)
        return false;
    unsigned long number = strtoul(code + strlen(before_code), NULL, 16);
    for (size_t i = 0; i < sizeof about_account / sizeof about_account[0]; i++)
        if (number == about_account[i])
            return false;
    return true;
}
