#include "metrics_line.h"

void
metrics_line_begin(FILE *file, const char *name, const char *type, const char *help)
{
    fprintf(file, "# HELP mailreeve_%s %s\n# TYPE mailreeve_%s %s\n", name, help, name, type);
}

void
metrics_line_value(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        if (*text == '\n')
            fputs("\\n", file);
        else
            fputc(*text, file);
    }
    fputc('"', file);
}
