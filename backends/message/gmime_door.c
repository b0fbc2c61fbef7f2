#include "gmime_door.h"

#include <gmime/gmime.h>

void
gmime_begin_process(void)
{
    g_mime_init();
}
