/* The hooks in the interpreter's allocators. */

#ifndef LEAKPROBE_SAMPLER_HOOKS_H
#define LEAKPROBE_SAMPLER_HOOKS_H

#include <stdbool.h>

/* Sees to it that allocations come through the hooks; nothing may be sampling. */
void hooks_install(void);

/* Whether the hooks are the allocators that the interpreter calls. */
bool hooks_on_top(void);

#endif
