/*
 * null_milter: a libmilter program that is told of every step that the message guard is told of,
 * answers those that the guard answers, and lets all pass: what is left of a message when nothing
 * is decided.
 *
 *     null_milter SOCKET
 */
#include <libmilter/mfapi.h>
#include <stdbool.h>
#include <stdio.h>

static sfsistat
on_negotiate(SMFICTX *context, unsigned long actions, unsigned long steps, unsigned long more,
             unsigned long further, unsigned long *actions_r, unsigned long *steps_r,
             unsigned long *more_r, unsigned long *further_r)
{
    (void)context;
    (void)actions;
    (void)steps;
    (void)more;
    (void)further;
    *actions_r = 0;
    *steps_r &= ~(unsigned long)SMFIP_SKIP;
    *steps_r |= SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY;
    *more_r = *further_r = 0;
    return SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *context, char *name, _SOCK_ADDR *address)
{
    (void)context;
    (void)name;
    (void)address;
    return SMFIS_NOREPLY;
}

static sfsistat
on_helo(SMFICTX *context, char *name)
{
    (void)context;
    (void)name;
    return SMFIS_NOREPLY;
}

static sfsistat
on_envelope(SMFICTX *context, char **arguments)
{
    (void)context;
    (void)arguments;
    return SMFIS_CONTINUE;
}

static sfsistat
on_header(SMFICTX *context, char *name, char *value)
{
    (void)context;
    (void)name;
    (void)value;
    return SMFIS_NOREPLY;
}

static sfsistat
on_body(SMFICTX *context, unsigned char *bytes, size_t length)
{
    (void)context;
    (void)bytes;
    (void)length;
    return SMFIS_NOREPLY;
}

static sfsistat
on_end_of_headers(SMFICTX *context)
{
    (void)context;
    return SMFIS_NOREPLY;
}

static sfsistat
on_rest(SMFICTX *context)
{
    (void)context;
    return SMFIS_CONTINUE;
}

int
main(int count, char **arguments)
{
    static char name[] = "null_milter";
    const struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_envelope,
        .xxfi_envrcpt = on_envelope,
        .xxfi_header = on_header,
        .xxfi_eoh = on_end_of_headers,
        .xxfi_body = on_body,
        .xxfi_eom = on_rest,
        .xxfi_abort = on_rest,
        .xxfi_close = on_rest,
        .xxfi_negotiate = on_negotiate,
    };
    if (count != 2 || smfi_setconn(arguments[1]) != MI_SUCCESS ||
        smfi_register(description) != MI_SUCCESS) {
        fputs("usage: null_milter SOCKET\n", stderr);
        return 64;
    }
    return smfi_main() == MI_SUCCESS ? 0 : 1;
}
