/* mailreeve-auth: answers nginx's auth_http over FastCGI. */
#include "harden.h"
#include "program.h"
#include "service.h"

static const struct program program = {
    .name = "mailreeve-auth",
    .version = MAILREEVE_VERSION,
    .usage =
        "usage: mailreeve-auth [-c FILE] [-t]\n"
        "Answers nginx mail's auth_http questions over FastCGI, in the foreground; logs to "
        "standard error.\n"
        "\n"
        "  -c, --config FILE  the configuration (default /etc/mailreeve/mailreeve.conf)\n"
        "  -t, --test         check the configuration and exit: 0 if it is fine, 1 if not\n"
        "      --help         show this text\n"
        "      --version      show the version\n"
        "\n"
        "Signals: HUP loads the configuration again; TERM and INT answer what has been asked and "
        "end.\n"
        "With LISTEN_FDS (systemd socket activation) the socket of the service manager is used.\n",
    .run = service_run,
};

int
main(int argc, char **argv)
{
    harden_process();
    return program_main(&program, argc, argv);
}
