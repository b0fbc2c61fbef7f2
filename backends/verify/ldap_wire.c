/*
 * The wire is a Sockbuf_IO of ours at the provider's level. It always says that data is ready, so
 * libldap never polls a descriptor itself: it reads, and the reading waits in conn.c until the
 * deadline that stands in the wire.
 */
#include "ldap_wire.h"

#include <errno.h>
#include <lber.h>
#include <string.h>

#include "conn.h"

/* Two entries at most are asked for, and one attribute; more than this is not an answer to that,
 * and must not fill the memory that all organizations share. */
enum { INCOMING_BYTES_MAX = 1 << 20 };

static int
wire_setup(Sockbuf_IO_Desc *io, void *wire)
{
    io->sbiod_pvt = wire;
    return 0;
}

static int
wire_end(Sockbuf_IO_Desc *io)
{
    (void)io;
    return 0;
}

static int
wire_control(Sockbuf_IO_Desc *io, int option, void *argument)
{
    (void)io;
    (void)argument;
    return option == LBER_SB_OPT_DATA_READY;
}

/* Notes where a message grows: a place of its own is a new one. */
static void
note_place(struct ldap_wire *wire, char *place)
{
    if (wire->message == NULL || place != wire->message + wire->message_length) {
        wire->message = place;
        wire->message_length = 0;
    }
}

static ber_slen_t
wire_read(Sockbuf_IO_Desc *io, void *bytes_r, ber_len_t size)
{
    struct ldap_wire *wire = io->sbiod_pvt;
    int length = -1;
    note_place(wire, bytes_r);
    if (wire->received > INCOMING_BYTES_MAX)
        err_set(&wire->trouble, "the answer has more than %d bytes", INCOMING_BYTES_MAX);
    else if (wire->conn != NULL)
        length = conn_read(wire->conn, bytes_r, size, wire->deadline, &wire->trouble);
    if (length < 0)
        explicit_bzero(wire->message, wire->message_length);
    wire->message_length += length > 0 ? (size_t)length : 0;
    wire->received += length > 0 ? (size_t)length : 0;
    /* What recv left there would mean "again" to liblber. */
    errno = length < 0 ? EIO : 0;
    return length;
}

static ber_slen_t
wire_write(Sockbuf_IO_Desc *io, void *bytes, ber_len_t length)
{
    struct ldap_wire *wire = io->sbiod_pvt;
    if (wire->conn == NULL ||
        conn_write(wire->conn, bytes, length, wire->deadline, &wire->trouble) == 0)
        return (ber_slen_t)length;
    errno = EIO;
    return -1;
}

static Sockbuf_IO wire_functions = {
    .sbi_setup = wire_setup,
    .sbi_remove = wire_end,
    .sbi_ctrl = wire_control,
    .sbi_read = wire_read,
    .sbi_write = wire_write,
    .sbi_close = wire_end,
};

int
ldap_wire_lay(struct ldap_wire *wire, struct sockbuf *sockbuf)
{
    ber_len_t incoming = INCOMING_BYTES_MAX;
    if (ber_sockbuf_add_io(sockbuf, &wire_functions, LBER_SBIOD_LEVEL_PROVIDER, wire) != 0)
        return -1;
    ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_SET_MAX_INCOMING, &incoming);
    return 0;
}

void
ldap_wire_begin(struct ldap_wire *wire, struct deadline deadline)
{
    wire->deadline = deadline;
    wire->received = 0;
    wire->trouble.text[0] = '\0';
}
